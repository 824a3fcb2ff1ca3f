#!/bin/bash
# Healthy: the listener on KAFKA_HEALTH_PORT (default 9092) answers an ApiVersions request (v0, correlation id 7).
# TLS listeners say nothing to it, so name one without TLS.
exec 3<>"/dev/tcp/127.0.0.1/${KAFKA_HEALTH_PORT:-9092}" || exit 1
printf '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff' >&3
answer=$(timeout 3 head -c 8 <&3 | od -An -tx1 | tr -d ' \n')
[ "${answer:8:8}" = 00000007 ]
