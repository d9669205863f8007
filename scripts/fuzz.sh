#!/bin/sh
# fuzz.sh CRATE MINUTES SEEDS [TARGET…]: gives each target of CRATE's fuzzer so many minutes, all of them if none is
# named. What it learned stays in target/fuzz; what ends a run is kept there too, and fails.
set -eu
cd "$(dirname "$0")/.."
crate=$1 minutes=$2 seeds=$(realpath "$3")
shift 3
if ! command -v cargo-fuzz >/dev/null 2>&1; then
    echo "building cargo-fuzz, once"
    cargo install --quiet --locked cargo-fuzz
fi
# The versions that the product has.
[ -e "$crate/fuzz/Cargo.lock" ] || cp Cargo.lock "$crate/fuzz/Cargo.lock"
[ $# -gt 0 ] || set -- $(cd "$crate/fuzz/targets" && ls | sed 's/\.rs$//')
# Answers are short; a file that says something to a reader is not.
case $crate in crates/citation) most=4096 ;; *) most=65536 ;; esac
# Nested structures are read by recursion: the readers have so much stack in their own process too.
ulimit -s 65536
work=$PWD/target/fuzz
dictionary=$(ls "$PWD/$crate"/fuzz/*.dict)
status=0
for target in "$@"; do
    corpus=$work/corpus/$target found=$work/found/$target
    mkdir -p "$corpus" "$found"
    echo "fuzzing $crate: $target, $minutes minutes"
    # The libraries that read PDF and Word may panic, which their jail makes a refusal: what they do is kept, and the
    # run goes on.
    case $target in pdf | doc | docx*) go_on="-fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1" ;; *) go_on="" ;; esac
    # Without a sanitizer the stable toolchain will do: our code has nothing unsafe.
    # shellcheck disable=SC2086
    (cd "$crate" && cargo fuzz run --sanitizer none --target-dir "$work/target" "$target" "$corpus" "$seeds" -- \
        -max_total_time=$((minutes * 60)) -dict="$dictionary" -max_len="$most" -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="$found/" -print_final_stats=1 $go_on) || status=1
    if [ -n "$(ls "$found")" ]; then
        echo "$target: what ended a run is in $found" >&2
        status=1
    fi
done
exit $status
