#!/bin/sh
# For certbot, after each renewal: copies the new certificate beside this script and has it read again. Link to it from
# /etc/letsencrypt/renewal-hooks/deploy. A certificate whose name for certbot (--cert-name) ends in -coturn is coturn's, and goes
# into the folder of that name; those of other sites on the machine are passed over.
set -eu

certs=$(dirname "$(readlink -f "$0")")
cd "$certs/.."

host=${PLENARY_HOST:-$(sed -n 's/^PLENARY_HOST=//p' .env | tail -n 1 | tr -d "\"'\r")}
[ -n "$host" ] || {
  echo "$0: PLENARY_HOST is not set in $PWD/.env" >&2
  exit 1
}
case " $RENEWED_DOMAINS " in
  *" $host "*) ;;
  *) exit 0 ;;
esac

# The user of coturn in its container, which may read nothing else here.
case $RENEWED_LINEAGE in
  *-coturn) service=coturn signal=USR2 folder=$certs/coturn owner=10002 ;;
  *) service=nginx signal=HUP folder=$certs owner='' ;;
esac

# Files, not links: what is outside of this folder does not exist inside a container. Each appears whole, the key first:
# whoever reads the pair in between sees that it does not fit, and keeps what it has.
place() {
  install -m "$3" "$RENEWED_LINEAGE/$1" "$folder/.$2.new"
  if [ -n "$owner" ] && [ "$(id -u)" = 0 ]; then chown "$owner:$owner" "$folder/.$2.new"; fi
  mv -f "$folder/.$2.new" "$folder/$2"
}
mkdir -p "$folder"
place privkey.pem key.pem 600
place fullchain.pem cert.pem 644

# A service that does not run reads them when it starts.
docker compose kill -s "$signal" "$service" || echo "$0: $service was not told" >&2
