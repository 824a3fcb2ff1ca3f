#!/bin/bash
# Healthy: the registry answers the question for its subjects.
exec 3<>"/dev/tcp/127.0.0.1/${QUARKUS_HTTP_PORT:-8080}" || exit 1
printf 'GET /apis/ccompat/v7/subjects HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
timeout 3 head -n 1 <&3 | grep -q ' 200 '
