# Sourced by the other scripts of this folder: where the engine that they start keeps things, and how they speak.

# Data of the engine that engine-up.sh starts: images, layers, containers. Large (about 6 GB once every image is built).
MILLRACE_ENGINE_ROOT=${MILLRACE_ENGINE_ROOT:-/var/lib/millrace-docker}
# Its pid file, log and runtime state; gone after a restart of the machine, as the engine is.
MILLRACE_ENGINE_RUN=${MILLRACE_ENGINE_RUN:-/run/millrace-docker}
# The socket that docker and Testcontainers look for unless DOCKER_HOST names another.
MILLRACE_ENGINE_SOCKET=${MILLRACE_ENGINE_SOCKET:-/var/run/docker.sock}
# What is worth keeping between two builds besides the engine's layers.
MILLRACE_BUILD_CACHE=${MILLRACE_BUILD_CACHE:-/var/cache/millrace}

engine_pid_file=$MILLRACE_ENGINE_RUN/docker.pid
engine_log=$MILLRACE_ENGINE_RUN/dockerd.log

say() { echo "== $*"; }
die() { # exit code, words
  local code=$1
  shift
  echo "$*" >&2
  exit "$code"
}

engine_answers() { command -v docker >/dev/null && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Installs Debian packages; $@ are their names. Says what to do where that is not possible.
install_packages() {
  command -v apt-get >/dev/null || die 2 "install these by hand, as this is no Debian: $*"
  [ "$(id -u)" -eq 0 ] || die 2 "run this as root, or install these first: $*"
  say "installing $*"
  apt-get update -qq || die 2 'apt-get update failed'
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    die 2 "apt-get could not install: $*"
}
