"""Files as they arrive from a broken disk or download: each says what was done to it."""

import re


def cut(content: bytes, share: float) -> bytes:
    return content[:int(len(content) * share)]


def without_table(content: bytes) -> bytes:
    """The place of the table of contents is wrong, as after a careless edit."""
    return re.sub(rb"startxref\s+\d+", b"startxref\n7", content)


def with_holes(content: bytes) -> bytes:
    """Every fiftieth block of 512 bytes is zeros."""
    blocks = [content[at:at + 512] for at in range(0, len(content), 512)]
    return b"".join(bytes(len(block)) if number % 50 == 25 else block for number, block in enumerate(blocks))


KINDS = {
    "cut at 9 tenths": lambda content: cut(content, 0.9),
    "cut in half": lambda content: cut(content, 0.5),
    "table misplaced": without_table,
    "holes of 512 bytes": with_holes,
}
