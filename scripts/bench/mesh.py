"""What `make bench` starts and fills beside the mesh in six processes."""

import pathlib
import time

import httpx

from peers import mesh, program

PASSWORD = "correct horse battery"
PROGRAM = program.ROOT / "target/release/elenchus"


class Whole:
    """The mesh in one process."""

    def __init__(self, folder: pathlib.Path, variables: dict[str, str]):
        began = time.monotonic()
        self.process = program.start([PROGRAM, "serve"], folder, {**mesh.servers(), **variables})
        self.base = program.base_url(self.process, folder)
        mesh.wait_until_ready(self.base)
        self.seconds_to_answer = time.monotonic() - began


class User:
    """An account with something to list."""

    def __init__(self, base: str, name: str, conversations: int):
        account = {"email": f"{name}@example.com", "password": PASSWORD, "full_name": "Ada Lovelace"}
        http = httpx.Client(base_url=base, timeout=60)
        http.post("/api/v1/auth/register", json=account).raise_for_status()
        login = {"username": account["email"], "password": account["password"]}
        answer = http.post("/api/v1/auth/login", json=login).raise_for_status()
        self.headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        http.headers.update(self.headers)
        for number in range(conversations):
            body = {"title": f"Lease of unit {number}", "metadata": {"matter": f"M-{number}", "pages": number}}
            http.post("/api/v1/chat/conversations", json=body).raise_for_status()
