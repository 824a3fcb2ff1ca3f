#!/bin/sh
# Runs a class of Apache Kafka; the other scripts of this folder call it. KAFKA_OPTS holds agents and system properties of the
# node alone: a tool that opened the agent's port again would not start.
main=$1
shift
[ "$main" = kafka.Kafka ] || KAFKA_OPTS=
# shellcheck disable=SC2086 # several options in one variable
exec java ${KAFKA_HEAP_OPTS:-} ${KAFKA_OPTS:-} ${KAFKA_JVM_PERFORMANCE_OPTS:-} \
  -Dorg.slf4j.simpleLogger.defaultLogLevel="${KAFKA_LOG_LEVEL:-info}" \
  -Dorg.slf4j.simpleLogger.showDateTime=true \
  -Dorg.slf4j.simpleLogger.dateTimeFormat="yyyy-MM-dd'T'HH:mm:ss.SSSXXX" \
  -Dkafka.logs.dir=/opt/kafka/logs \
  -cp '/opt/kafka/libs/*' "$main" "$@"
