#!/bin/bash
# Healthy: the secret is there, and a STUN binding request (RFC 8489) over UDP is answered by a success (0x0101).
[ -s /run/turn-secret/secret ] || exit 1
exec 3<>/dev/udp/127.0.0.1/3478 || exit 1
printf '\x00\x01\x00\x00\x21\x12\xa4\x42plenaryalive' >&3
[ "$(timeout 2 head -c 2 <&3 | od -An -tx1 | tr -d ' ')" = 0101 ]
