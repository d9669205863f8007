#!/bin/sh
# Installs what the tests need and this machine lacks: PostgreSQL 15 and 18, Redis, a browser, and
# the clients in Python and JavaScript. Quick when all is there.
set -eu
cd "$(dirname "$0")/.."
tools=target/tools
mkdir -p "$tools"

missing=""
for pair in redis-server:redis-server chromium:chromium node:nodejs npm:npm python3:python3 tesseract:tesseract-ocr \
    pdftoppm:poppler-utils; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
set -- /usr/lib/*/faketime/libfaketimeMT.so.1
[ -e "$1" ] || missing="$missing faketime"
[ -x /usr/lib/postgresql/15/bin/postgres ] || missing="$missing postgresql"
python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "install these packages first: apt-get install$missing" >&2
        exit 1
    fi
    echo "installing$missing"
    apt-get update -qq
    # Packages of servers start them at once; the tests start their own.
    printf '#!/bin/sh\nexit 101\n' >/tmp/no-start.$$ && chmod +x /tmp/no-start.$$
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { cp /tmp/no-start.$$ "$policy"; trap 'rm -f "$policy"' EXIT; }
    rm -f /tmp/no-start.$$
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

sh scripts/fetch-postgres.sh --force >/dev/null
sh scripts/fetch-model.sh

if [ ! -x "$tools/venv/bin/python" ]; then
    python3 -m venv "$tools/venv"
fi
clients=services/elenchus/tests/clients
if ! cmp -s "$clients/requirements.txt" "$tools/venv/.installed"; then
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$clients/requirements.txt"
    cp "$clients/requirements.txt" "$tools/venv/.installed"
fi
if ! cmp -s "$clients/package.json" "$clients/node_modules/.installed"; then
    npm install --prefix "$clients" --no-audit --no-fund --no-package-lock --loglevel=error
    cp "$clients/package.json" "$clients/node_modules/.installed"
fi
