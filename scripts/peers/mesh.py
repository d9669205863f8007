"""The mesh as it is deployed: five services and a gateway, each a process, on one PostgreSQL and one Redis."""

import os
import pathlib
import subprocess
import time

import httpx
import rotel

from peers import program


class Apart:
    """Six processes of one program, on the servers of the test run."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, variables: dict[str, str]):
        self.addresses = {service: f"127.0.0.1:{program.free_port()}" for service in program.SERVICES}
        self.processes: dict[str, subprocess.Popen] = {}
        self.seconds_to_start: dict[str, float] = {}
        peers = {f"{service.upper()}_SERVICE_ADDR": f"http://{address}" for service, address in self.addresses.items()}
        shared = {**servers(), **peers, **variables}
        try:
            for service, address in self.addresses.items():
                listen = {f"{service.upper()}_SERVICE_LISTEN": address}
                began = time.monotonic()
                process = program.start([binary, "serve", service], folder / service, {**shared, **listen})
                self.processes[service] = process
                program.wait_for_port(process, address, folder / service)
                self.seconds_to_start[service] = time.monotonic() - began
            gateway = program.start([binary, "serve", "gateway"], folder / "gateway", shared)
            self.processes["gateway"] = gateway
            self.base = program.base_url(gateway, folder / "gateway")
            wait_until_ready(self.base)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        program.stop(list(self.processes.values()))


def servers() -> dict[str, str]:
    """Where the PostgreSQL and the Redis of the test run are."""
    return {"DATABASE_URL": os.environ["ELENCHUS_TEST_DATABASE_URL"], "REDIS_URL": os.environ["ELENCHUS_TEST_REDIS_URL"]}


def wait_until_ready(base: str):
    """Waits for the first good answer that needed every service."""
    for _ in range(3000):
        try:
            if httpx.get(f"{base}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.01)
    raise RuntimeError(f"{base} is never ready")


def collector(folder: pathlib.Path, *exporter: str) -> tuple[subprocess.Popen, str]:
    """An OTLP collector: its process, and where it takes spans over gRPC."""
    grpc, http = (f"127.0.0.1:{program.free_port()}" for _ in range(2))
    agent = pathlib.Path(rotel.__file__).with_name("rotel-agent")
    with (folder / "log").open("w") as log:
        command = [agent, "start", "--otlp-grpc-endpoint", grpc, "--otlp-http-endpoint", http, *exporter]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    program.wait_for_port(process, grpc, folder)
    return process, f"http://{grpc}"
