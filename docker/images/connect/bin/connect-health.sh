#!/bin/bash
# Healthy: the worker's REST interface answers, which it does once it has joined its group.
exec 3<>/dev/tcp/127.0.0.1/8083 || exit 1
printf 'GET /connectors HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
timeout 3 head -n 1 <&3 | grep -q ' 200 '
