#!/bin/sh
# Installs the readers of PDFs that ours was chosen among.
set -eu
cd "$(dirname "$0")/.."
venv=target/tools/readers
requirements="pypdfium2==5.15.2 pdf-oxide==0.3.78"
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$requirements" ]; then
    python3 -m venv "$venv"
    # shellcheck disable=SC2086
    "$venv/bin/pip" install --quiet --disable-pip-version-check $requirements
    echo "$requirements" >"$venv/.installed"
fi
command -v pdftotext >/dev/null || { echo "install poppler-utils first" >&2; exit 1; }
