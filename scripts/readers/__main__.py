"""Holds the readers of PDFs against each other on a corpus: phrases and words found in whole files, and what each
makes of malformed and damaged ones. Run by `make compare-readers CORPUS=DIR`; DIR is laid out as for `elenchus eval`.
"""

import collections
import json
import pathlib
import statistics
import sys
import tempfile

from readers.damage import KINDS
from readers.reader import READERS, Refused
from readers.words import holds, recall, words

# Of the words of a page, so many make it whole.
WHOLE = 0.995


def table(head: list[str], rows: list[list]):
    print("\n| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


def read(name: str, file: pathlib.Path) -> list[str]:
    return words("\f".join(READERS[name](file)))


def whole(folder: pathlib.Path, documents: list[dict]):
    rows = []
    for name in READERS:
        found, recalls, precisions = 0, [], []
        for document in documents:
            text = read(name, folder / "dev" / document["file"])
            truth = words((folder / "truth" / f"{document['file']}.txt").read_text())
            found += sum(holds(text, phrase) for phrase in document["must_contain"])
            recalled, precise = recall(text, truth)
            recalls.append(recalled)
            precisions.append(precise)
        rows.append([name, found, f"{statistics.mean(recalls):.3f}", f"{min(recalls):.3f}",
                     f"{statistics.mean(precisions):.3f}", f"{min(precisions):.3f}"])
    phrases = sum(len(document["must_contain"]) for document in documents)
    table(["reader", f"phrases of {phrases}", "word recall", "least", "precision", "least"], rows)


def malformed(folder: pathlib.Path, files: list[str]):
    rows = []
    for file in files:
        row = [pathlib.Path(file).name]
        for name in READERS:
            try:
                text = read(name, folder / "dev" / file)
                row.append(f"{len(text)} words" if text else "no text, no error")
            except Refused as refused:
                row.append(f"refused: {str(refused)[:60]}")
        rows.append(row)
    table(["malformed file", *READERS], rows)


def damaged(folder: pathlib.Path, documents: list[dict]):
    """How much each reader still reads of what it reads in the whole file, and whether it says that words are missing."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        copy = pathlib.Path(place) / "damaged.pdf"
        for kind, damage in KINDS.items():
            row = [kind]
            for name in READERS:
                outcomes = collections.Counter()
                for document in documents:
                    file = folder / "dev" / document["file"]
                    copy.write_bytes(damage(file.read_bytes()))
                    try:
                        share = recall(read(name, copy), read(name, file))[0]
                    except Refused:
                        outcomes["refused"] += 1
                        continue
                    outcomes["whole" if share >= WHOLE else "in part" if share else "nothing"] += 1
                row.append(", ".join(f"{count} {what}" for what, count in sorted(outcomes.items())))
            rows.append(row)
    table([f"damage to {len(documents)} files", *READERS], rows)


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text())
    documents = [document for document in manifest["documents"]
                 if document["file"].endswith(".pdf") and not document.get("needs_ocr")]
    whole(folder, documents)
    malformed(folder, [one["file"] for one in manifest["malformed"] if one["file"].endswith(".pdf")])
    damaged(folder, documents)
    return 0


if __name__ == "__main__":
    sys.exit(main())
