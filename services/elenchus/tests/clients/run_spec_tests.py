"""Runs the tests of the specification's section 10 unchanged, against a running mesh.

Usage: run_spec_tests.py SPECIFICATION.md
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# The tests import what the old backend had; over HTTP they need the names alone.
STUBS = {
    "app/__init__.py": "",
    "app/models/__init__.py": "",
    "app/models/user.py": "class User: ...\n",
    "sqlalchemy/__init__.py": "",
    "sqlalchemy/ext/__init__.py": "",
    "sqlalchemy/ext/asyncio.py": "class AsyncSession: ...\n",
}


def main() -> int:
    specification = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    section = re.search(r"^### 10\.2 .*?^```python\n(.*?)^```", specification, re.S | re.M)
    if section is None:
        print("the specification has no tests in section 10.2", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for path, text in STUBS.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "test_auth.py").write_text(section.group(1), encoding="utf-8")
        shutil.copy(pathlib.Path(__file__).with_name("spec_conftest.py"), folder / "conftest.py")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
        return subprocess.call(command, cwd=folder)


if __name__ == "__main__":
    sys.exit(main())
