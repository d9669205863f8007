"""The readers, each in a process of its own that may take 30 seconds: pages of text, or why there are none."""

import json
import pathlib
import subprocess
import sys

from peers import program

OURS = program.ROOT / "target/debug/elenchus"
PYTHON = program.ROOT / "target/tools/readers/bin/python"
PATIENCE = 30


class Refused(Exception):
    pass


def run(command: list, content: bytes | None = None) -> bytes:
    try:
        ended = subprocess.run(command, input=content, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Refused("too slow") from None
    if ended.returncode < 0:
        raise Refused(f"killed by signal {-ended.returncode}")
    if ended.returncode:
        complaint = ended.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(complaint[-1] if complaint else f"exit code {ended.returncode}")
    return ended.stdout


def unpdf(file: pathlib.Path) -> list[str]:
    """In the jail, as documents are first looked at."""
    outcome = json.loads(run([OURS, "extract-document", "pdf"], file.read_bytes()))
    if "Err" in outcome:
        raise Refused(outcome["Err"]["code"])
    return [page["text"] for page in outcome["Ok"]["pages"]]


def poppler(file: pathlib.Path) -> list[str]:
    return run(["pdftotext", "-enc", "UTF-8", file, "-"]).decode(errors="replace").split("\f")[:-1]


def library(name: str):
    return lambda file: json.loads(run([PYTHON, __file__, name, file]))


READERS = {"pdftotext": poppler, "unpdf": unpdf, "PDFium": library("pdfium"), "pdf_oxide": library("oxide")}


def pdfium(name: str) -> list[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(name)
    # The text that forms show is drawn by the form's fields.
    document.init_forms()
    return [page.get_textpage().get_text_range() for page in document]


def oxide(name: str) -> list[str]:
    import pdf_oxide

    document = pdf_oxide.PdfDocument(name)
    return [document.extract_text(number) for number in range(document.page_count())]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"pdfium": pdfium, "oxide": oxide}[sys.argv[1]](sys.argv[2])))
