#!/bin/bash
# Takes the renewed certificate into memory, where turnserver reads it again at SIGUSR2 (docs/deploy.md). One that cannot be
# used is refused with one line, and the old one stays.
set -euo pipefail
umask 077
service=coturn
# shellcheck source=docker/lib.sh
. /usr/local/lib/plenary/lib.sh
run=/run/coturn

check_certificate
for file in cert.pem key.pem; do
  cp "/certs/$file" "$run/$file.new"
  chown turnserver:turnserver "$run/$file.new"
  mv "$run/$file.new" "$run/$file"
done
