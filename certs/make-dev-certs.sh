#!/bin/sh
# Makes certificates for tests and for networks of one's own: a CA (ca.pem) and two certificates signed by it for the names
# given: cert.pem and key.pem for whoever serves pages, and others in coturn/ for the TURN server. Needs openssl.
set -eu

MARK='Made by make-dev-certs.sh'
# The first line of a certificate that the server made for itself: nobody misses it.
SERVERS_MARK='Self-signed by Plenary'
# Some browsers refuse certificates that are valid for longer than 398 days.
DAYS=397
# A CA that is kept outlives what it signs.
KEPT_CA_DAYS=3650
# The user of coturn in its container. Only root can give it the key; without that coturn runs as whoever made it.
COTURN=10002

usage() {
  cat <<END
Usage: make-dev-certs.sh [--force] [--keep-ca-key] [--dir DIRECTORY] [NAME...]

Makes DIRECTORY/ca.pem, cert.pem, key.pem, coturn/cert.pem and coturn/key.pem, for $DAYS days, for each NAME (a host name
or an IP address), localhost, 127.0.0.1 and ::1. Without a NAME: for this machine's name
and addresses. Browsers that are told to trust ca.pem show the page without a warning.

  --force         write over files that were not made here
  --keep-ca-key   keep the CA's key (ca-key.pem, readable only by its owner) and use the one there
                  is, so that browsers need not be told again. Whoever has it can pose as any site
                  to those who trust ca.pem. Without this it is gone when this ends
  --dir           where; the folder of this script if left out
END
}

fail() {
  echo "make-dev-certs.sh: $*" >&2
  exit 1
}

is_ours() {
  case $(head -n 1 "$1") in
    "$MARK"* | "$SERVERS_MARK"*) return 0 ;;
    *) return 1 ;;
  esac
}

# A key says whose it is by its first line, or by being the key of a certificate that does.
is_our_key() {
  is_ours "$1" && return 0
  [ -e "$2" ] && is_ours "$2" || return 1
  [ "$(openssl pkey -in "$1" -pubout 2>/dev/null)" = "$(openssl x509 -in "$2" -noout -pubkey 2>/dev/null)" ]
}

# What openssl calls the name: DNS:... or IP:...
alternative_name() {
  case $1 in
    '' | -* | *[!A-Za-z0-9.:*_-]*) fail "\"$1\" is neither a host name nor an IP address" ;;
    *:*) echo "IP:$1" ;;
    *[!0-9.]*) echo "DNS:$1" ;;
    *) echo "IP:$1" ;;
  esac
}

own_names() {
  hostname 2>/dev/null || uname -n
  # Addresses; not every system has this.
  hostname -I 2>/dev/null | tr ' ' '\n' || true
}

# Moves FILE to PLACE with this MODE, and gives it to OWNER if one is named, under a first line by which it is known again (RFC 7468 lets text stand there).
finish() {
  { echo "$MARK, for: $names"; cat "$1"; } >"$1.marked"
  chmod "$3" "$1.marked"
  [ -z "${4:-}" ] || chown "$4:$4" "$1.marked"
  mv -f "$1.marked" "$2"
}

force=no
keep=no
directory=$(dirname "$0")
while [ $# -gt 0 ]; do
  case $1 in
    --force) force=yes ;;
    --keep-ca-key) keep=yes ;;
    --dir)
      [ $# -ge 2 ] || fail '--dir needs a directory'
      directory=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    --)
      shift
      break
      ;;
    -*) fail "there is no flag $1 (see --help)" ;;
    *) break ;;
  esac
  shift
done
command -v openssl >/dev/null || fail 'openssl is not installed'

# Word splitting is what makes a list of lines one of words.
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(own_names)
names=''
alternatives=''
for name in localhost 127.0.0.1 ::1 "$@"; do
  case " $names " in *" $name "*) continue ;; esac
  alternative=$(alternative_name "$name")
  names="$names${names:+ }$name"
  alternatives="$alternatives${alternatives:+,}$alternative"
done

mkdir -p "$directory/coturn"
certificate=$directory/cert.pem
key=$directory/key.pem
ca=$directory/ca.pem
ca_key=$directory/ca-key.pem
if [ "$force" = no ]; then
  for file in "$certificate" "$ca" "$directory/coturn/cert.pem"; do
    if [ -e "$file" ] && ! is_ours "$file"; then fail "$file was not made here: remove it, or say --force"; fi
  done
  if [ -e "$key" ] && ! is_our_key "$key" "$certificate"; then
    fail "$key was not made here: remove it, or say --force"
  fi
  if [ -e "$directory/coturn/key.pem" ] && ! is_our_key "$directory/coturn/key.pem" "$directory/coturn/cert.pem"; then
    fail "$directory/coturn/key.pem was not made here: remove it, or say --force"
  fi
  if [ -e "$ca_key" ] && ! is_our_key "$ca_key" "$ca"; then
    fail "$ca_key was not made here: remove it, or say --force"
  fi
fi

# Beside the files, so that each is moved into its place whole; nobody else reads what is in it.
umask 077
work=$(mktemp -d "$directory/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cat >"$work/extensions" <<END
[req]
distinguished_name = name
prompt = no
[name]
CN = Plenary development CA $(openssl rand -hex 4)
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $alternatives
END

new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>"$work/log" || broken
}

broken() {
  sed 's/^/  /' "$work/log" >&2
  fail 'openssl did not do it'
}

if [ "$keep" = yes ] && [ -e "$ca" ] && [ -e "$ca_key" ] && is_our_key "$ca_key" "$ca" &&
  openssl x509 -in "$ca" -noout -checkend $((DAYS * 86400)) >/dev/null 2>&1; then
  cp "$ca" "$work/ca.pem"
  cp "$ca_key" "$work/ca-key.pem"
  new_ca=no
else
  ca_days=$DAYS
  [ "$keep" = no ] || ca_days=$KEPT_CA_DAYS
  new_key "$work/ca-key.pem"
  openssl req -new -x509 -config "$work/extensions" -extensions ca -key "$work/ca-key.pem" -days "$ca_days" \
    -out "$work/ca.pem" 2>"$work/log" || broken
  new_ca=yes
fi

# Makes a key and a certificate in FOLDER. The key is there first: a server that reads the pair in between sees that it does not
# fit, and keeps what it has. It is OWNER's from the start, if root makes it.
make_pair() {
  new_key "$work/key.pem"
  openssl req -new -config "$work/extensions" -key "$work/key.pem" -subj '/CN=Plenary development certificate' \
    -out "$work/request.pem" 2>"$work/log" || broken
  openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" \
    -set_serial "0x1$(openssl rand -hex 15)" -days "$DAYS" -extfile "$work/extensions" -extensions leaf \
    -out "$work/cert.pem" 2>"$work/log" || broken
  finish "$work/key.pem" "$1/key.pem" 600 "$2"
  finish "$work/cert.pem" "$1/cert.pem" 644 ''
}
chmod 755 "$directory/coturn"
coturn=''
[ "$(id -u)" != 0 ] || coturn=$COTURN
make_pair "$directory" ''
make_pair "$directory/coturn" "$coturn"
if [ "$new_ca" = yes ]; then finish "$work/ca.pem" "$ca" 644; fi
if [ "$keep" = no ]; then
  rm -f "$ca_key"
elif [ "$new_ca" = yes ]; then
  finish "$work/ca-key.pem" "$ca_key" 600
fi

echo "$certificate and $key, and those in $directory/coturn, are for: $names"
if [ "$new_ca" = yes ]; then echo "Have browsers trust $ca: it is a new one."; fi
