#!/usr/bin/env bash
# Sees to it that a container engine answers: does nothing where one does, otherwise installs Debian's docker.io if it is missing
# and starts a dockerd with data and pid file of its own. Ends the engine that it started: engine-down.sh.
#
# Exit codes: 0 an engine answers, 2 it cannot be installed here (the words say what to do), 3 it was started and did not answer.
set -uo pipefail
. "$(dirname "$0")/settings.sh"

READY_TIMEOUT_S=60

if engine_answers; then
  say "a container engine answers: $(docker version --format '{{.Server.Version}}')"
  exit 0
fi
[ -z "${DOCKER_HOST:-}" ] || die 2 "no engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST"

missing=()
command -v dockerd >/dev/null && command -v docker >/dev/null || missing+=(docker.io)
command -v iptables >/dev/null || missing+=(iptables)
command -v ip >/dev/null || missing+=(iproute2)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}" ca-certificates
[ "$(id -u)" -eq 0 ] || die 2 'no container engine answers, and starting one takes root: start yours, or run this as root'

# Where the package has started a service, that is the engine.
if engine_answers; then
  say 'the engine of the installed package answers'
  exit 0
fi

mkdir -p "$MILLRACE_ENGINE_ROOT" "$MILLRACE_ENGINE_RUN"
# A pid file of an engine that was killed with its machine would keep dockerd from starting.
if [ -f "$engine_pid_file" ] && ! kill -0 "$(cat "$engine_pid_file")" 2>/dev/null; then rm -f "$engine_pid_file"; fi

say "starting dockerd on $MILLRACE_ENGINE_ROOT"
nohup dockerd \
  --data-root "$MILLRACE_ENGINE_ROOT" \
  --exec-root "$MILLRACE_ENGINE_RUN/exec" \
  --pidfile "$engine_pid_file" \
  --host "unix://$MILLRACE_ENGINE_SOCKET" \
  >"$engine_log" 2>&1 </dev/null &
started=$!
disown "$started"

for _ in $(seq $((READY_TIMEOUT_S * 5))); do
  if engine_answers; then
    say "dockerd $(docker version --format '{{.Server.Version}}') answers, pid $started; log in $engine_log"
    exit 0
  fi
  kill -0 "$started" 2>/dev/null || break
  sleep 0.2
done
tail -n 20 "$engine_log" >&2
kill "$started" 2>/dev/null
die 3 "dockerd did not answer within $READY_TIMEOUT_S s; all of its log is in $engine_log"
