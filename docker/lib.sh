# shellcheck shell=bash
# What the three entrypoints share: checks of the settings, each of which ends the container with one line on what to set
# and where. The caller says in `service` who it is. Read by bash, not run.

: "${service:?}"

# Ends the container.
stop() {
  printf '%s: %s\n' "$service" "$1" >&2
  exit 1
}

# PLENARY_HOST is a name (or an IPv4 address) and nothing else: it becomes part of configuration files.
check_host() {
  local label='[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
  [ -n "${PLENARY_HOST:-}" ] ||
    stop 'PLENARY_HOST is not set: write the name people open, such as PLENARY_HOST=meet.example.org, into .env'
  [[ ${#PLENARY_HOST} -le 253 && $PLENARY_HOST =~ ^$label(\.$label)*$ ]] ||
    stop "PLENARY_HOST in .env is \"$PLENARY_HOST\": write a name alone, such as meet.example.org, without https:// and port"
}

# Whether $1 is one IP address.
is_address() {
  local byte='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
  [[ $1 =~ ^$byte(\.$byte){3}$ ]] || { [[ $1 =~ ^[0-9A-Fa-f:]*:[0-9A-Fa-f:]*$ ]] && getent ahostsv6 "$1" >/dev/null; }
}

# PLENARY_PUBLIC_ADDRESS is one address or several, separated by commas; of LOCAL=PUBLIC the public one counts. They are
# left in the array `addresses`.
check_addresses() {
  local entry
  [ -n "${PLENARY_PUBLIC_ADDRESS:-}" ] ||
    stop 'PLENARY_PUBLIC_ADDRESS is not set: write the IP address people reach this machine at into .env'
  addresses=()
  IFS=, read -ra entries <<<"$PLENARY_PUBLIC_ADDRESS,"
  for entry in "${entries[@]}"; do
    entry=${entry//[[:space:]]/}
    is_address "${entry#*=}" ||
      stop "PLENARY_PUBLIC_ADDRESS in .env has \"$entry\", which is no IP address: write one such as 203.0.113.7"
    addresses+=("${entry#*=}")
  done
}

# PLENARY_MEDIA_PORTS is FIRST-LAST, left in `first` and `last`.
check_media_ports() {
  local ports=${PLENARY_MEDIA_PORTS:-61000-61003}
  [[ $ports =~ ^([0-9]{1,5})(-([0-9]{1,5}))?$ ]] || ports=
  first=$((10#${BASH_REMATCH[1]:-0}))
  last=$((10#${BASH_REMATCH[3]:-$first}))
  [[ -n $ports && first -ge 1024 && last -ge first && last -le 65535 && $((last - first)) -lt 255 ]] ||
    stop "PLENARY_MEDIA_PORTS in .env is \"${PLENARY_MEDIA_PORTS:-}\": write FIRST-LAST between 1024 and 65535, such as 61000-61003"
}

# /certs holds a chain and its key, which belong together. The operator knows it as `place`.
place=${place:-certs}
check_certificate() {
  local file how='see certs/README.md'
  for file in cert.pem key.pem; do
    [ -e "/certs/$file" ] ||
      stop "$place/$file is missing: run certs/make-dev-certs.sh $PLENARY_HOST or copy your own there ($how)"
    [[ -f /certs/$file && -r /certs/$file ]] || stop "$place/$file cannot be read: make it an ordinary, readable file ($how)"
  done
  local of_cert of_key
  of_cert=$(openssl x509 -in /certs/cert.pem -noout -pubkey 2>/dev/null) ||
    stop "$place/cert.pem is no certificate in PEM form: put the chain there, the server's own certificate first ($how)"
  of_key=$(openssl pkey -in /certs/key.pem -passin pass: -pubout 2>/dev/null) ||
    stop "$place/key.pem is no private key in PEM form, or has a password: put the key of $place/cert.pem there ($how)"
  [ "$of_cert" = "$of_key" ] ||
    stop "$place/key.pem does not belong to $place/cert.pem: put both there from the same place ($how)"
  # A certificate of the wrong name or date works but for the browsers' warning, so this is said and not insisted on.
  openssl x509 -in /certs/cert.pem -noout -checkend 0 >/dev/null ||
    printf '%s: warning: %s/cert.pem has ended: browsers will refuse it (%s)\n' "$service" "$place" "$how" >&2
  local kind=-checkhost
  [[ $PLENARY_HOST =~ ^[0-9.]+$ ]] && kind=-checkip
  openssl x509 -in /certs/cert.pem -noout "$kind" "$PLENARY_HOST" | grep -q 'does match' ||
    printf '%s: warning: %s/cert.pem is not for %s: browsers will refuse it (%s)\n' "$service" "$place" "$PLENARY_HOST" "$how" >&2
}
