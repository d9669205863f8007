#!/bin/sh
# Runs the README's walk as it is written there, against the mesh at ELENCHUS_URL instead of localhost:8000, and looks
# for what it promises. Arguments: the README, a folder to work in, the folders of
# grpcurl and buf.
set -eu
readme=$1 folder=$2
PATH=$PATH:$3:$4

awk '/^## A walk/ {walk = 1; next} /^## / {walk = 0} walk && /^```sh/ {code = 1; next} /^```/ {code = 0} walk && code' \
    "$readme" | sed "s#http://localhost:8000#$ELENCHUS_URL#; s#localhost:8000#${ELENCHUS_URL#http://}#" >"$folder/walk.sh"
# Services tell analytics twice a second, and a person types no faster: asked again until all of it was told.
cat >>"$folder/walk.sh" <<'AGAIN'
tries=0
until usage=$(curl -s -H "$A" $B/api/v1/analytics/usage) && echo "$usage" | grep -qF '"workflows_executed":1' &&
    activity=$(curl -s -H "$A" $B/api/v1/analytics/activity) && echo "$activity" | grep -qF '"action":"AI Response"'; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ]
    sleep 0.1
done
echo "$usage$activity"
AGAIN
sh -eu "$folder/walk.sh" >"$folder/walk" 2>&1 || {
    cat "$folder/walk" >&2
    exit 1
}

while read -r promised; do
    grep -qF -- "$promised" "$folder/walk" || {
        echo "the README's walk did not print: $promised" >&2
        cat "$folder/walk" >&2
        exit 1
    }
done <<PROMISED
"full_name":"Ada Lovelace"
"processing_status":"completed"
You become compliant prior to 30 days after Your receipt of the notice.
"status":"verbatim"
event: message.completed
Residential Lease (10 days)
event: execution.completed
of 6 topics, with
"workflows_executed":1
"action":"AI Response"
elenchus.workflow.v1.WorkflowService
"filename": "mozilla-public-license-2.0.pdf"
"fullName": "Ada Lovelace"
PROMISED
