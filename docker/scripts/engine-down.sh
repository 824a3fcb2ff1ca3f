#!/usr/bin/env bash
# Ends the dockerd that engine-up.sh has started, and no other; its images stay for the next time (--purge removes them too).
#
# Exit codes: 0 it has ended or there was none, 3 it did not end.
set -uo pipefail
. "$(dirname "$0")/settings.sh"

STOP_TIMEOUT_S=60

pid=$(cat "$engine_pid_file" 2>/dev/null || true)
if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then
  say 'no engine of ours is running'
elif ! tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "--pidfile $engine_pid_file"; then
  say "process $pid is not the engine that was started here: left alone"
else
  kill "$pid"
  for _ in $(seq $((STOP_TIMEOUT_S * 5))); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  kill -0 "$pid" 2>/dev/null && die 3 "dockerd (pid $pid) did not end within $STOP_TIMEOUT_S s"
  say "dockerd (pid $pid) has ended"
fi
if [ "${1:-}" = --purge ]; then
  rm -rf -- "$MILLRACE_ENGINE_ROOT" "$MILLRACE_ENGINE_RUN"
  say "removed $MILLRACE_ENGINE_ROOT"
fi
