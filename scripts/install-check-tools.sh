#!/bin/sh
# Installs what `make check` needs and this machine lacks.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-test-tools.sh
if ! command -v docker-compose >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ]; then
        echo "install docker-compose first: apt-get install docker-compose" >&2
        exit 1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-compose >/dev/null
fi
if ! command -v cargo-deny >/dev/null 2>&1; then
    echo "building cargo-deny, once"
    cargo install --quiet --locked cargo-deny
fi
