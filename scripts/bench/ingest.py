"""Measures how fast documents are taken in, beside pdftotext on the same files in the same run.

The sides take turns, and of several rounds the median counts. Each works on two files at once, as the service does.
What a page costs more from one side to the next is the share of a step. Only ratios within one run mean anything. Run
by `make bench-ingest CORPUS=DIR`; DIR holds PDFs with text.
"""

import concurrent.futures
import functools
import os
import pathlib
import statistics
import subprocess
import sys
import time

import httpx

from bench import process
from bench.mesh import PROGRAM, User, Whole
from peers import program

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
AT_ONCE = 2
ENDED = ("completed", "failed")
# Each library has a database of its own, as its queue is there.
ALONE = {"RATE_LIMIT_PER_MINUTE": "0", "RATE_LIMIT_BURST": "1000000", "DATABASE_URL": ""}


def pages_of(file: pathlib.Path) -> int:
    """Its pages, where pdftotext finds text on every one of them."""
    said = subprocess.run(["pdftotext", file, "-"], capture_output=True).stdout.decode(errors="replace")
    pages = said.split("\f")[:-1]
    return len(pages) if all(page.strip() for page in pages) else 0


def pdftotext(file: pathlib.Path):
    subprocess.run(["pdftotext", file, "-"], check=True, capture_output=True)


def jailed(file: pathlib.Path):
    """The reading process alone, which looks at a file before poppler does."""
    with file.open("rb") as content:
        subprocess.run([PROGRAM, "extract-document", "pdf"], check=True, stdin=content, capture_output=True)


def each(read, files: list[pathlib.Path]):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(read, files))


class Library:
    """A mesh that takes files in."""

    def __init__(self, folder: pathlib.Path, processes: list[subprocess.Popen], variables: dict[str, str]):
        whole = Whole(folder, {**ALONE, **variables})
        processes.append(whole.process)
        self.http = httpx.Client(base_url=whole.base, headers=User(whole.base, "bench", 0).headers, timeout=60)
        self.round = 0

    def take_in(self, files: list[pathlib.Path]):
        self.round += 1
        left = set()
        for file in files:
            # The same bytes would be the same document.
            content = file.read_bytes() + b"\n%% round %d\n" % self.round
            answer = self.http.post("/api/v1/documents", files={"file": (file.name, content)})
            left.add(answer.raise_for_status().json()["id"])
        while left:
            for one in list(left):
                document = self.http.get(f"/api/v1/documents/{one}").raise_for_status().json()
                if document["processing_status"] in ENDED:
                    if document["processing_status"] != "completed":
                        raise RuntimeError(f"{document['filename']}: {document['processing_error']}")
                    left.remove(one)
            time.sleep(0.02)


def run(folder: pathlib.Path, processes: list[subprocess.Popen]):
    counts = {file: pages_of(file) for file in sorted(pathlib.Path(sys.argv[1]).glob("*.pdf"))}
    files = [file for file, pages in counts.items() if pages]
    if not files:
        raise SystemExit(f"{sys.argv[1]} holds no PDF with text on every page")
    pages = sum(counts.values())
    by_words = Library(folder / "words", processes, {"EMBEDDING_MODEL": "none"})
    by_both = Library(folder / "both", processes, {})
    sides = {
        "pdftotext": functools.partial(each, pdftotext),
        "the jailed reader": functools.partial(each, jailed),
        "taken in, to be found by words": by_words.take_in,
        "taken in, to be found by words and meaning": by_both.take_in,
    }
    seconds = {name: [] for name in sides}
    foreign = process.Foreign(os.getppid())
    for _ in range(ROUNDS):
        for name, side in sides.items():
            began = time.monotonic()
            side(files)
            seconds[name].append(time.monotonic() - began)
    report(len(files), pages, {name: statistics.median(times) for name, times in seconds.items()}, foreign.cores())


def report(files: int, pages: int, seconds: dict[str, float], foreign: float):
    print(f"\n{files} PDFs, {pages} pages, {AT_ONCE} files at once; strangers used {foreign:.2f} cores meanwhile.\n")
    print("| side | pages per second | of pdftotext |\n| --- | --- | --- |")
    poppler, jail, words, both = seconds.values()
    for name, time_taken in seconds.items():
        print(f"| {name} | {pages / time_taken:,.1f} | {poppler / time_taken:.3f} |")
    shares = {"look at the file in the jail": jail, "read it with pdftotext": poppler,
              "cut, store and index it": words - jail - poppler, "embed it": both - words}
    told = ", ".join(f"{step} {100 * share / both:.0f}%" for step, share in shares.items())
    print(f"\nOf the time of the last: {told}.")


if __name__ == "__main__":
    program.in_folder(run)
