#!/usr/bin/env bash
# Gives a Debian machine what the container tests need, whether or not it reaches an image registry.
#
#   engine.sh           a running Docker engine and docker-compose
#   engine.sh images    the same, and base images made here from packages: local/python, local/postgres,
#                       local/kafka, local/nginx; prints the PYTHON_IMAGE=… lines that choose them
#
# The official images are the default of docker-compose.yml; the ones made here stand in for them where only package
# mirrors answer. They understand the same variables, so that one compose file runs with either. Run by root; what is
# there already is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${PEIYU_CONTAINERS_DIR:-/var/tmp/peiyu-containers}
suite=bookworm
mkdir -p "$work"

say() { printf '%s\n' "$*" >&2; }
have() { docker image inspect "$1" >/dev/null 2>&1; }

# Quiet unless it fails; then the whole log, for nobody can look into a CI machine afterwards.
quietly() {
  local log=$work/$1.log
  shift
  "$@" >"$log" 2>&1 || { say "failed: $*"; cat "$log" >&2; exit 1; }
}

packages() {
  quietly apt-update apt-get update
  DEBIAN_FRONTEND=noninteractive quietly "apt-$1" apt-get install -y --no-install-recommends "$@"
}

engine() {
  if ! docker info >/dev/null 2>&1 && ! command -v dockerd >/dev/null; then
    say "installing the Docker engine"
    packages docker.io iptables
  fi
  if ! command -v docker-compose >/dev/null && ! docker compose version >/dev/null 2>&1; then
    say "installing docker-compose"
    packages docker-compose
  fi
  if ! docker info >/dev/null 2>&1; then
    say "starting the Docker engine"
    setsid nohup dockerd >"$work/dockerd.log" 2>&1 </dev/null &
    for _ in $(seq 120); do
      docker info >/dev/null 2>&1 && return
      sleep 0.5
    done
    say "the Docker engine did not start:"
    tail -20 "$work/dockerd.log" >&2
    exit 1
  fi
}

# A minimal Debian with this machine's own package sources and certificates, so that apt and pip work inside too.
debian() {
  have local/debian:$suite && return
  command -v debootstrap >/dev/null || packages debootstrap
  say "making local/debian:$suite"
  rm -rf "$work/debian"
  quietly debootstrap debootstrap --variant=minbase --include=ca-certificates $suite "$work/debian"
  cp -L /etc/ssl/certs/ca-certificates.crt "$work/debian/etc/ssl/certs/"
  if grep -qs "VERSION_CODENAME=$suite" /etc/os-release; then
    rm -rf "$work/debian/etc/apt/sources.list" "$work/debian/etc/apt/sources.list.d"
    cp -r /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d "$work/debian/etc/apt/" 2>/dev/null || true
    # Only Debian's own: what else this machine is subscribed to is no business of a base image.
    find "$work/debian/etc/apt/sources.list.d" -type f ! -name 'debian*' -delete 2>/dev/null || true
  fi
  tar -C "$work/debian" -c . | docker import - local/debian:$suite >/dev/null
  rm -rf "$work/debian"
}

image() {
  local name=$1 context=$2
  have "local/$name" || say "making local/$name"
  # Built always: a file that has not changed comes from the cache, and one that has is not missed.
  DOCKER_BUILDKIT=0 quietly "build-${name%%:*}" docker build -t "local/$name" -f "$here/images/${name%%:*}.Dockerfile" "$context"
}

# The broker's jars come from Maven, as for the tests that run it without a container.
kafka() {
  have local/kafka:4 && return
  if ! command -v mvn >/dev/null; then
    packages maven openjdk-17-jre-headless
  fi
  rm -rf "$work/kafka" && mkdir -p "$work/kafka"
  quietly maven mvn -q -B -f "$here/../kafka/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$work/kafka/lib"
  cp "$here/images/kafka-entrypoint.sh" "$work/kafka/"
  image kafka:4 "$work/kafka"
}

engine
docker info --format 'Docker {{.ServerVersion}}' >&2
if [[ ${1:-} == images ]]; then
  debian
  image python:3.11 "$here/images"
  image postgres:15 "$here/images"
  image nginx:1.22 "$here/images"
  kafka
  printf '%s\n' PYTHON_IMAGE=local/python:3.11 POSTGRES_IMAGE=local/postgres:15 KAFKA_IMAGE=local/kafka:4 NGINX_IMAGE=local/nginx:1.22
fi
