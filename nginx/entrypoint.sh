#!/bin/bash
# Checks the settings, writes the site into memory, and becomes nginx. The master stays root (of a container that has four
# capabilities), because it reads the TLS key again at each SIGHUP; the workers are ordinary users.
set -euo pipefail
service=nginx
# shellcheck source=docker/lib.sh
. /usr/local/lib/plenary/lib.sh

check_host
check_certificate

port=${PLENARY_HTTPS_PORT:-443}
[[ $port =~ ^[0-9]{1,5}$ ]] || stop "PLENARY_HTTPS_PORT in .env is \"$port\": write a port, such as 443"
address=$PLENARY_HOST
[ "$port" = 443 ] || address+=":$port"

# Browsers keep this for a year: said only of a name (never of localhost or an address), and only with a certificate of the
# operator's own. Those that were made for a test say so in their first line.
only_https='max-age=31536000'
[[ $PLENARY_HOST =~ ^[0-9.]+$ || $PLENARY_HOST =~ (^|\.)localhost$ ]] && only_https=
[[ $(head -n 1 /certs/cert.pem) =~ ^(Made by make-dev-certs.sh|Self-signed by Plenary) ]] && only_https=

sed -e "s|@ADDRESS@|$address|g" -e "s|@HOST@|$PLENARY_HOST|g" -e "s|@ONLY_HTTPS@|$only_https|g" -e "s|@UPSTREAM@|${PLENARY_UPSTREAM:-plenary:8080}|g" /etc/nginx/plenary.conf >/run/nginx/plenary.conf

if ! errors=$(nginx -t -q 2>&1); then
  stop "nginx does not accept its configuration: $(head -n 1 <<<"$errors")"
fi
exec nginx -g 'daemon off;'
