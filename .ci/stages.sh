# Sourced by run: stages of a CI run, each for a limited time, and the count of them all.
#
# A stage that is not over in time is ended and fails by its name, and the run goes on with the next; what all of them may take together
# is limited too. Nothing is waited for but the stage itself: neither a process of it that does not end nor one that keeps its output open.

# For all stages, in seconds; the engine's end and the last words come after it.
TOTAL_S=$((85 * 60))
# Between the order to end (SIGTERM), which lets a stage clear up, and the end (SIGKILL).
GRACE_S=30

passed=0 failed=0 skipped=0 wrong='' stage_pid=''

# Runs a command for at most so many seconds, its output in a file and on the screen. Its exit code, 124 when time was up.
bounded() { # seconds, log, command
  local limit=$1 log=$2 status=0 began=$SECONDS follower
  shift 2
  # In a group of its own, to which timeout passes on what ends it.
  timeout --kill-after="$GRACE_S" "$limit" "$@" >"$log" 2>&1 </dev/null &
  stage_pid=$!
  tail -n +1 --sleep-interval=0.2 --follow --pid="$stage_pid" "$log" &
  follower=$!
  # Bash itself would tell of a stage that was killed.
  wait "$stage_pid" 2>/dev/null || status=$?
  wait "$follower"
  if [ "$status" -ne 0 ] && [ $((SECONDS - began)) -ge "$limit" ]; then
    kill -KILL -- "-$stage_pid" 2>/dev/null
    status=124
  fi
  stage_pid=''
  return "$status"
}

# Whoever ends the run ends the stage that is at work.
interrupted() {
  [ -z "$stage_pid" ] || { kill -TERM "$stage_pid" && wait "$stage_pid"; } 2>/dev/null
  rm -f "${log:-}"
  exit 130
}
trap interrupted INT TERM

# `90s` or `10m` in seconds, and no more than is left for all.
limit_of() {
  local limit=${1%[sm]} left=$((TOTAL_S - SECONDS))
  [[ $1 != *m ]] || limit=$((limit * 60))
  echo $((limit < left ? limit : left))
}

# Runs one stage and adds its tests to the count; its exit code is that of the command.
step() { # name, greatest time such as 10m, command
  local name=$1 limit log status=0
  limit=$(limit_of "$2")
  shift 2
  if [ "$limit" -le 0 ]; then
    failed=$((failed + 1))
    wrong+="FAILED: $name (not begun: all stages together may take $((TOTAL_S / 60)) min)"$'\n'
    return 124
  fi
  log=$(mktemp)
  echo "== $name: $*"
  bounded "$limit" "$log" "$@" || status=$?
  count "$name" "$status" "$log" "$limit"
  rm -f "$log"
  return "$status"
}

count() { # adds the closing line of a log to the totals; a command without one counts as one test
  local name=$1 status=$2 log=$3 limit=$4 line
  line=$(grep -E '^([a-z]+: )?[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  if [ -n "$line" ]; then
    passed=$((passed + $(grep -oE '[0-9]+ passed' <<<"$line" | grep -oE '[0-9]+')))
    local failures
    failures=$(grep -oE '[0-9]+ failed' <<<"$line" | grep -oE '[0-9]+')
    failed=$((failed + failures))
    [[ $line =~ ([0-9]+)\ skipped ]] && skipped=$((skipped + BASH_REMATCH[1]))
    [ "$status" -ne 0 ] && [ "$failures" -eq 0 ] && failed=$((failed + 1))
  elif [ "$status" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  case $status in
    0) ;;
    124) wrong+="FAILED: $name (not over after $limit s); the end of what it said:"$'\n'$(tail -n 20 "$log")$'\n' ;;
    *) wrong+="FAILED: $name (exit $status)"$'\n'$(failures_of "$log")$'\n' ;;
  esac
}

failures_of() { # of a log: the tests by name, else its end
  grep -E '^ *(●|✕)|^FAIL(ED)? ' "$1" | sort -u | head -n 20 || tail -n 20 "$1"
}

# What failed, once more where it is looked for: at the end. Then the count, in one line.
closing_line() {
  local tail=''
  printf '%s' "$wrong"
  [ "$skipped" -eq 0 ] || tail=", $skipped skipped"
  echo "$passed passed, $failed failed$tail"
  [ "$failed" -eq 0 ]
}
