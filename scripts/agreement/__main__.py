"""Compares what our citation crate and eyecite read, in eyecite's own tests and in the files that are named.

Every difference is listed with its reason in differences.tsv, by the text's hash. One that is not listed, and one
that is listed and no longer there, fail. `--list` prints what is not listed, to be judged. Run by
`make agreement`.
"""

import csv
import hashlib
import json
import pathlib
import subprocess
import sys

from agreement import compare, strings
from peers import program

EXTRACT = program.ROOT / "target/debug/examples/extract"
LISTED = pathlib.Path(__file__).with_name("differences.tsv")
TOOLS = program.ROOT / "target/tools"


def listed() -> set[tuple[str, str]]:
    with LISTED.open() as file:
        return {(row["text"], row["difference"]) for row in csv.DictReader(file, delimiter="\t")}


def found(texts: list[str]) -> dict[tuple[str, str], str]:
    """Each difference, and the text that it is in."""
    told = subprocess.run([EXTRACT], input=json.dumps(texts), check=True, capture_output=True, text=True).stdout
    differences = {}
    for text, items in zip(texts, json.loads(told), strict=True):
        name = hashlib.sha256(text.encode()).hexdigest()[:8]
        for difference in compare.differences(text, items):
            differences[name, difference] = text
    return differences


def main() -> int:
    names = [name for name in sys.argv[1:] if name != "--list"]
    texts = strings.of_tests(TOOLS) + strings.of_files(names)
    differences, known = found(texts), listed()
    read = {hashlib.sha256(text.encode()).hexdigest()[:8] for text in texts}
    new = sorted(set(differences) - known)
    gone = sorted(entry for entry in known - set(differences) if entry[0] in read)
    differing = {name for name, _ in differences}
    print(f"{len(texts)} texts, {len(texts) - len(differing)} read alike; {len(differences)} differences in the others")
    for name, difference in new:
        print(f"not listed: {name}\t{difference}\t{differences[name, difference][:100]!r}")
    for name, difference in gone:
        print(f"listed, and no longer there: {name}\t{difference}")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
