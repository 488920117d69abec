#!/bin/bash
# snapshot.sh YYYYMMDDTHHMMSSZ: has apt take Debian's packages, and their security updates, as they were at that time. Without
# a time nothing is changed.
set -euo pipefail
[ -n "${1:-}" ] || exit 0
[[ $1 =~ ^[0-9]{8}T[0-9]{6}Z$ ]] || {
  echo "snapshot.sh: DEBIAN_SNAPSHOT is \"$1\": write a time such as 20260824T000000Z, or nothing" >&2
  exit 1
}
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
# Old lists say that they have ended; what they name is still signed. The base image has no certificates for HTTPS.
cat >/etc/apt/sources.list.d/snapshot.sources <<END
Types: deb
URIs: http://snapshot.debian.org/archive/debian/$1
Suites: bookworm bookworm-updates
Components: main
Check-Valid-Until: no
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://snapshot.debian.org/archive/debian-security/$1
Suites: bookworm-security
Components: main
Check-Valid-Until: no
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
