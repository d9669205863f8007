"""The texts that both sides read: those in eyecite's own tests, and files that were named."""

import ast
import pathlib
import subprocess
import sys
import tarfile

VERSION = "2.7.8"


def of_tests(folder: pathlib.Path) -> list[str]:
    """Every string of eyecite's tests that could hold a citation, from its source on PyPI."""
    archive = folder / f"eyecite-{VERSION}.tar.gz"
    if not archive.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--no-binary", ":all:", "--dest", folder, f"eyecite=={VERSION}"], check=True)
    texts = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if "/tests/test_" in member.name:
                tree = ast.parse(tar.extractfile(member).read())
                for node in ast.walk(tree):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_cite(node.value):
                        texts[node.value] = None
    return list(texts)


def _may_cite(text: str) -> bool:
    # Markup is cleaned before either side would read it.
    return any(c.isdigit() for c in text) and " " in text.strip() and "<" not in text


def of_files(names: list[str]) -> list[str]:
    return [pathlib.Path(name).read_text() for name in names]
