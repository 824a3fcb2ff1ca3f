#!/usr/bin/env bash
# Builds the images of docker/images. The base debian:bookworm-slim is pulled where a registry of images can be reached, and made
# from Debian's packages by mmdebstrap where none can; everything else comes from the package registries of Debian, Maven, Go and npm.
#
#   build-images.sh            the services: kafka, connect, registry, postgres, redis, s3, toxiproxy
#   build-images.sh NAME…      only these; `apps` stands for the four apps, `base` for the base image
#   build-images.sh --missing  only what the engine does not have yet
#
# What has not changed is taken from the engine's layers, so a second run takes seconds.
# Exit codes: 0 all are there, 2 no engine answers or a name is unknown, 3 a build failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
. ./settings.sh

PULL_TIMEOUT_S=60
base=debian:bookworm-slim
node_base=node:24-bookworm-slim
images=../images
local_images=../local-images.env
apps=(ingest enrichment aggregation archival)
export DOCKER_CLI_HINTS=false
# BuildKit is not part of Debian's engine; the classic builder takes the same Dockerfiles.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0

is_there() { docker image inspect "$1" >/dev/null 2>&1; }
pulled() { timeout "$PULL_TIMEOUT_S" docker pull --quiet "$1" >/dev/null 2>&1; }

# The name of a service's image, from the file that compose and the fixtures read.
name_of() { sed -n "s/^MILLRACE_IMAGE_${1^^}=//p" "$local_images"; }

make_base() {
  is_there "$base" && return
  say "base: pulling $base"
  pulled "$base" && return
  say "base: it cannot be pulled; made from Debian's packages"
  command -v mmdebstrap >/dev/null || install_packages mmdebstrap ca-certificates
  local tar=$MILLRACE_BUILD_CACHE/bookworm-slim.tar arriving=$MILLRACE_BUILD_CACHE/arriving-$$.tar
  mkdir -p "$MILLRACE_BUILD_CACHE"
  find "$tar" -mtime +30 -delete 2>/dev/null
  if [ ! -f "$tar" ]; then
    # The certificates that this machine trusts besides Debian's: a build behind a company's proxy needs them.
    # shellcheck disable=SC2016 # $1 is the hook's own
    mmdebstrap --quiet --variant=minbase --include=ca-certificates \
      --customize-hook='cp -rn /usr/local/share/ca-certificates/. "$1/usr/local/share/ca-certificates/"; chroot "$1" update-ca-certificates' \
      bookworm "$arriving" >/dev/null || die 3 'mmdebstrap could not make the base image'
    mv "$arriving" "$tar"
  fi
  docker import --change 'CMD ["bash"]' --change 'LABEL org.millrace.base=mmdebstrap' "$tar" "$base" >/dev/null ||
    die 3 'the base image could not be imported'
}

build() { # image name, docker build's arguments
  local name=$1 log started=$SECONDS
  shift
  log=$(mktemp)
  if docker build --tag "$name" "$@" >"$log" 2>&1; then
    say "$name: $((SECONDS - started)) s, $(($(docker image inspect --format '{{.Size}}' "$name") / 1000000)) MB"
    rm -f "$log"
    return
  fi
  tail -n 40 "$log" >&2
  die 3 "$name could not be built; all of the log is in $log"
}

build_service() {
  local name
  name=$(name_of "$1")
  [ -n "$name" ] && [ -d "$images/$1" ] || die 2 "no image is called $1: see docker/images and docker/local-images.env"
  if [ "$only_missing" = yes ] && is_there "$name"; then return; fi
  make_base
  build "$name" "$images/$1"
}

# The apps' base: the official one, or Node and npm from npm's registry on the Debian base.
make_node_base() {
  is_there "$node_base" && return
  say "node: pulling $node_base"
  pulled "$node_base" && return
  say "node: it cannot be pulled; made from npm's packages"
  make_base
  local context version
  version=$(node_version)
  [ -n "$version" ] || die 3 'package.json names no version of node among its devDependencies'
  context=$(mktemp -d)
  cp "$images/node/Dockerfile" "$context"
  (cd "$context" && npm pack --silent "node-linux-$(node -p process.arch)@$version" npm@11 >/dev/null) ||
    die 3 "npm could not get Node's packages"
  mv "$context"/node-linux-*.tgz "$context/node.tgz"
  mv "$context"/npm-*.tgz "$context/npm.tgz"
  build "$node_base" "$context"
  rm -rf "$context"
}
node_version() { sed -n 's/^ *"node": "\([0-9.]*\)".*/\1/p' ../../package.json; }

build_app() {
  if [ "$only_missing" = yes ] && is_there "millrace/$1:local"; then return; fi
  make_node_base
  build "millrace/$1:local" --build-arg "APP=$1" --file "$images/app/Dockerfile" ../..
}

engine_answers || die 2 'no container engine answers: run docker/scripts/engine-up.sh'

only_missing=no
wanted=()
for argument in "$@"; do
  case $argument in
    --missing) only_missing=yes ;;
    apps) wanted+=("${apps[@]}") ;;
    *) wanted+=("$argument") ;;
  esac
done
if [ ${#wanted[@]} -eq 0 ]; then
  mapfile -t wanted < <(sed -n 's/^MILLRACE_IMAGE_\([A-Z0-9]*\)=.*/\L\1/p' "$local_images")
fi
for each in "${wanted[@]}"; do
  case " ${apps[*]} " in
    *" $each "*) build_app "$each" ;;
    *) if [ "$each" = base ]; then make_base; else build_service "$each"; fi ;;
  esac
done
