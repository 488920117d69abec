#!/bin/bash
# Healthy: the plain port sends people to HTTPS. With a certificate that cannot be used nginx would not run at all.
exec 3<>/dev/tcp/127.0.0.1/8080 || exit 1
printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3 && [ "$status" = 308 ]
