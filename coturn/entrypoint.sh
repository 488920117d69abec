#!/bin/bash
# As root only for what needs it: checks the settings, makes the TURN secret on the first start, writes the configuration
# into memory. Then turnserver takes the place of this script, as the user whose the TLS key is, without any capability.
set -euo pipefail
umask 077
service=coturn
# certs/coturn of the repository, and nothing else of certs/.
place=certs/coturn
# shellcheck source=docker/lib.sh
. /usr/local/lib/plenary/lib.sh

# The group of Plenary's user, which reads the secret. The number is in its Dockerfile.
plenary=10001
secret=/run/turn-secret/secret
run=/run/coturn
public=

check_host
check_addresses
check_media_ports

# Nobody here may read what is another's: whoever owns the key is whom turnserver runs as, so that it can read a renewed one.
# certs/make-dev-certs.sh and certs/letsencrypt-hook.sh give the key to $coturn if they may.
coturn=10002
owner=$(stat -c %u /certs/key.pem 2>/dev/null || echo "$coturn")
[ "$owner" != 0 ] ||
  stop "certs/coturn/key.pem is root's: give it to coturn's user, chown $coturn certs/coturn/key.pem (see certs/README.md)"
as_owner=(setpriv "--reuid=$owner" "--regid=$owner" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all)
export -f stop check_certificate
export service place
"${as_owner[@]}" bash -c 'set -euo pipefail; check_certificate'

# 32 random bytes, as text because both sides use it as text. Renamed into place whole: nobody ever reads half of it.
if [ ! -s "$secret" ]; then
  openssl rand -hex 32 | tr -d '\n' >"$secret.new"
  chmod 0440 "$secret.new"
  chown "0:$plenary" "$secret.new"
  chmod 0755 "${secret%/*}"
  mv "$secret.new" "$secret"
fi

# Command lines are for everybody to see, so everything goes into a file.
{
  cat "${0%/*}/turnserver.conf"
  printf 'realm=%s\nstatic-auth-secret=%s\n' "$PLENARY_HOST" "$(<"$secret")"
  printf 'allowed-peer-ip=%s\n' "${addresses[@]}"
} >"$run/turnserver.conf"
chown -R "$owner:$owner" "$run"

# In a network of its own, a packet to the public address comes back from another address than it was sent to, if at all: the
# public address is this machine's, or that of a NAT before it. So what goes to Plenary's public ports goes to Plenary directly.
# All else that leaves a relayed address is dropped, whatever turnserver thinks of it.
if [ -n "${PLENARY_MEDIA_HOST:-}" ]; then
  for address in "${addresses[@]}"; do
    [[ $address == *:* ]] || public+="${public:+, }$address"
  done
  errors=$(nft -f - 2>&1 <<RULES
table ip relay {
  chain to_plenary {
    type nat hook output priority -100;
    ip daddr { ${public:-$PLENARY_MEDIA_HOST} } udp dport $first-$last dnat to $PLENARY_MEDIA_HOST
  }
  chain nowhere_else {
    type filter hook output priority 0;
    udp sport 61100-65535 ip daddr != $PLENARY_MEDIA_HOST drop
    udp sport 61100-65535 udp dport != $first-$last drop
  }
}
RULES
  ) || stop "the rules of the relay's network cannot be made: $(head -n 1 <<<"$errors")"
fi

exec "${as_owner[@]}" turnserver -c "$run/turnserver.conf"
