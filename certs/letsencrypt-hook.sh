#!/bin/sh
# For certbot, after each renewal: copies the new certificate beside this script and has it read again. Link to it from
# /etc/letsencrypt/renewal-hooks/deploy. Certificates of other sites on the machine are passed over.
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

# Files, not links: what is outside of this folder does not exist inside a container. Each appears whole, the key first:
# whoever reads the pair in between sees that it does not fit, and keeps what it has.
place() {
  install -m "$3" "$RENEWED_LINEAGE/$1" "$certs/.$2.new"
  mv -f "$certs/.$2.new" "$certs/$2"
}
place privkey.pem key.pem 600
place fullchain.pem cert.pem 644

# A service that does not run reads them when it starts.
docker compose kill -s HUP nginx || echo "$0: nginx was not told" >&2
docker compose kill -s USR2 coturn || echo "$0: coturn was not told" >&2
