#!/bin/sh
# The protos: style, format, and an OpenAPI document that a validator accepts.
set -eu
cd "$(dirname "$0")/.."
buf=services/elenchus/tests/clients/node_modules/.bin/buf
"$buf" lint
"$buf" format --diff --exit-code --exclude-path proto/google >/dev/null || {
    echo "the protos are not formatted: run make fmt" >&2
    exit 1
}
cargo build --quiet --bin elenchus
target/debug/elenchus openapi target/openapi.json
target/tools/venv/bin/python -m openapi_spec_validator target/openapi.json
