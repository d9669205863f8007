#!/bin/sh
# The clients that people really use, against one mesh: grpcurl, buf curl, the specification's own
# tests and a browser. And a collector of spans, as Langfuse gets them.
set -eu
cd "$(dirname "$0")/.."
clients=services/elenchus/tests/clients
venv=$PWD/target/tools/venv/bin

# With the features of the workspace, as all else here was built: others would build every dependency anew.
cargo build --quiet --workspace --bin elenchus
data=$(mktemp -d)
origin_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export ELENCHUS_TEST_ORIGIN="http://127.0.0.1:$origin_port/"

HOST=127.0.0.1 PORT=0 METRICS_PORT=0 ELENCHUS_DATA_DIR="$data" RATE_LIMIT_PER_MINUTE=0 \
    BACKEND_CORS_ORIGINS="[\"http://127.0.0.1:$origin_port\"]" \
    target/debug/elenchus serve >"$data/ready" 2>"$data/log" &
mesh=$!
trap 'kill $mesh 2>/dev/null || true; wait $mesh 2>/dev/null || true; rm -rf "$data"' EXIT INT TERM

tries=0
until grep -q "ready at" "$data/ready"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 $mesh 2>/dev/null; then
        cat "$data/log" >&2
        exit 1
    fi
    sleep 0.1
done
ELENCHUS_URL=$(sed -n 's#.*ready at \(http://[^ ]*\).*#\1#p' "$data/ready")
export ELENCHUS_URL
address=${ELENCHUS_URL#http://}

echo "grpcurl: the gateway lists the services and answers"
"$venv/grpcurl" -plaintext "$address" list | tee "$data/list"
for service in auth.v1.AuthService conversation.v1.ConversationService document.v1.DocumentService \
    workflow.v1.WorkflowService analytics.v1.AnalyticsService; do
    grep -qx "elenchus.$service" "$data/list"
done
"$venv/grpcurl" -plaintext -d '{"email": "grpc@example.com", "password": "correct horse battery"}' \
    "$address" elenchus.auth.v1.AuthService/Register | grep -q '"email": "grpc@example.com"'

echo "buf curl: gRPC and gRPC-web"
for protocol in grpc grpcweb; do
    "$clients/node_modules/.bin/buf" curl --schema proto --protocol "$protocol" --http2-prior-knowledge \
        --data '{"username": "grpc@example.com", "password": "correct horse battery"}' \
        "$ELENCHUS_URL/elenchus.auth.v1.AuthService/Login" | grep -q accessToken
done

echo "the README's walk, as it is written"
sh "$clients/readme_walk.sh" README.md "$data" "$venv" "$clients/node_modules/.bin"

if [ -e ../shared/spec/elenchus-fastapi-spec.md ]; then
    echo "the specification's tests, unchanged"
    "$venv/python" "$clients/run_spec_tests.py" ../shared/spec/elenchus-fastapi-spec.md
fi

echo "schemathesis: calls made up from the OpenAPI document find no server error and no answer unlike its schema"
account='{"email": "fuzz@example.com", "password": "correct horse battery"}'
curl --silent --fail --output /dev/null --json "$account" "$ELENCHUS_URL/api/v1/auth/register"
token=$(curl --silent --fail --data 'username=fuzz@example.com&password=correct horse battery' \
    "$ELENCHUS_URL/api/v1/auth/login" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
# In a folder of its own, because it keeps what it found, and would try that first the next time.
# Left to tests of their own: what ends the session, what streams until its deadline, sign-in with a provider that is
# not set up here, and the keys, which are passed on as bytes.
(cd "$data" && "$venv/schemathesis" run "$ELENCHUS_URL/openapi.json" --header "authorization: Bearer $token" \
    --phases coverage,fuzzing --max-examples 50 --seed 1 --request-timeout 20 --suppress-health-check all \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --exclude-path-regex 'logout|stream|events|auth/(google|password|sessions)|users/me$|jwks' --no-color) >"$data/fuzz" 2>&1 || {
    cat "$data/fuzz" >&2
    exit 1
}
tail -n 3 "$data/fuzz"

echo "a collector: the spans of one request are one trace over every process, and hold nothing secret"
PYTHONPATH=scripts "$venv/python" "$clients/spans.py"

echo "a browser"
(cd "$clients" && node_modules/.bin/buf generate && node --test browser/)
