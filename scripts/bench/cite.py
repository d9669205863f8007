"""Measures the citation crate beside eyecite on the same text, one core each.

Only ratios within one run mean anything. Run by `make bench-cite`.
"""

import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from eyecite import get_citations
from eyecite.tokenizers import HyperscanTokenizer, default_tokenizer

from bench import process
from peers import program

SPEED = program.ROOT / "target/release/examples/speed"
MEGABYTES = 8
# eyecite is given less, and told so: it would take minutes.
PEER_BYTES = 512 << 10
ROUNDS = 3


def eyecite_mb_s(text: str, tokenizer) -> tuple[float, int]:
    # The first call builds what later ones use.
    found = get_citations(text[:4096], tokenizer=tokenizer)
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = get_citations(text, tokenizer=tokenizer)
        best = min(best, time.perf_counter() - began)
    return len(text.encode()) / 1e6 / best, len(found)


def main() -> int:
    # It warns of citations of the made-up text that overlap, at each of them.
    logging.getLogger("eyecite").setLevel(logging.ERROR)
    foreign = process.Foreign(os.getpid())
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name) / "text"
        ours = json.loads(subprocess.run([SPEED, str(MEGABYTES), file], check=True, capture_output=True).stdout)
        text = file.read_text()[:PEER_BYTES]
        small = pathlib.Path(name) / "small"
        small.write_text(text)
        aho, found = eyecite_mb_s(text, default_tokenizer)
        hyperscan, _ = eyecite_mb_s(text, HyperscanTokenizer(cache_dir=name))
    print(f"\nBest of several rounds; strangers used {foreign.cores():.2f} cores meanwhile.\n")
    print("| what | MB/s |\n| --- | --- |")
    print(f"| quotes held against a source | {ours['quotes_mb_s']:,.1f} |")
    print(f"| legal citations read | {ours['citations_mb_s']:,.1f} |")
    print(f"| legal citations read by eyecite | {aho:,.3f} |")
    print(f"| the same with Hyperscan | {hyperscan:,.3f} |")
    print(f"\nOurs reads {ours['citations_mb_s'] / max(aho, hyperscan):,.0f} times as fast as the faster of the two;")
    print(f"eyecite found {found} citations in the first {len(text) >> 10} KiB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
