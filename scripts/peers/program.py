"""The processes of a comparison: started, waited for, and ended with it."""

import os
import pathlib
import random
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The services of the mesh, as the packages of their protos are named.
SERVICES = ("auth", "conversation", "document", "workflow", "analytics")
# Below those that the system gives out: no connection, and no listener that asks for any port, takes one of these.
PORTS = range(10_000, 30_000)
DEFAULTS = {"SECRET_KEY": "peers-4a7c1e93b05df826a1d37e40c9", "HOST": "127.0.0.1", "PORT": "0", "METRICS_PORT": "0",
            "RATE_LIMIT_PER_MINUTE": "0"}


def free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def environment(folder: pathlib.Path, variables: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **DEFAULTS, "ELENCHUS_DATA_DIR": str(folder), **variables}


def run(command: list, folder: pathlib.Path, said: str):
    """Runs a program of ours to its end, beside what runs on the data folder, with this on its standard input."""
    subprocess.run(command, env=environment(folder, {}), cwd=ROOT, input=said, text=True, check=True, capture_output=True)


def start(command: list, folder: pathlib.Path, variables: dict[str, str]) -> subprocess.Popen:
    """Starts a program of ours on a data folder; its log is beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / "log").open("w")
    return subprocess.Popen(command, env=environment(folder, variables), cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)


def base_url(process: subprocess.Popen, folder: pathlib.Path) -> str:
    """Waits until a gateway says where it is reached."""
    line = process.stdout.readline()
    if "ready at" not in line:
        raise RuntimeError((folder / "log").read_text())
    return re.search(r"http://[^ ]+", line).group(0)


def wait_for_port(process: subprocess.Popen, address: str, folder: pathlib.Path):
    """Waits until a service listens."""
    host, port = address.rsplit(":", 1)
    for _ in range(3000):
        if process.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens at {address}")


def stop(processes: list[subprocess.Popen]):
    """Ends them, the last one first."""
    for process in reversed(processes):
        process.terminate()
    for process in reversed(processes):
        process.wait(30)


def in_folder(run: Callable[[pathlib.Path, list[subprocess.Popen]], None]):
    """Runs with a passing folder, and ends the processes that were added to the list, however it ends."""
    processes = []
    with tempfile.TemporaryDirectory() as name:
        try:
            run(pathlib.Path(name), processes)
        finally:
            stop(processes)
