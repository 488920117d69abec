#!/bin/bash
# Makes flags of what the operator wrote into .env. With arguments, they are Plenary's own and all there is.
set -euo pipefail
service=plenary
# shellcheck source=docker/lib.sh
. /usr/local/lib/plenary/lib.sh

[ $# -eq 0 ] || exec plenary "$@"

check_host
check_addresses
check_media_ports

# A worker for each core, as far as there are ports: more of them than cores only take turns.
ports=$((last - first + 1))
cores=$(nproc)
workers=$((cores < ports ? cores : ports))

exec plenary --announce "${PLENARY_PUBLIC_ADDRESS//[[:space:]]/}" --udp-port "$first" --workers "$workers"
