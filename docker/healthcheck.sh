#!/bin/bash
# Healthy: /healthz answers 200. The image has no curl, and bash opens sockets by itself.
exec 3<>"/dev/tcp/127.0.0.1/${PLENARY_HTTP_PORT:-8080}" || exit 1
printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3 && [ "$status" = 200 ]
