#!/bin/sh
# The protos: style and format. Their OpenAPI document is held against its schema by the gateway's tests.
set -eu
cd "$(dirname "$0")/.."
buf=services/elenchus/tests/clients/node_modules/.bin/buf
"$buf" lint
"$buf" format --diff --exit-code --exclude-path proto/google >/dev/null || {
    echo "the protos are not formatted: run make fmt" >&2
    exit 1
}
