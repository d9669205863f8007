"""Measures the gateway in front of a service beside Envoy's transcoder, a bare axum handler and a direct
gRPC call, and the mesh in six processes beside the mesh in one.

Everything that is on in a deployment is on: tokens and sessions are checked, limits are counted, every span is exported.
The sides take turns, so that what else the machine does befalls all of them; of several rounds the median counts.
Only ratios within one run mean anything. Run by `make bench`, which starts PostgreSQL and Redis around it.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys

from bench import load, process
from bench.mesh import PROGRAM, User, Whole
from peers import descriptors, envoy, mesh, program

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
BARE = program.ROOT / "target/release/examples/bare"
ROUTES = {"auth/me": "/api/v1/auth/me", "list of 50": "/api/v1/chat/conversations?limit=50"}


class Side:
    """One way to ask, and what it was measured to cost."""

    def __init__(self, name: str, ask, pid: int | None):
        self.name, self.ask, self.pid = name, ask, pid
        self.rates, self.p50s, self.p99s, self.singles, self.per_cpu = [], [], [], [], []

    def measure(self):
        began = process.cpu_seconds(self.pid) if self.pid else 0.0
        many = self.ask(32, SECONDS)
        used = process.cpu_seconds(self.pid) - began if self.pid else 0.0
        one = self.ask(1, max(SECONDS // 2, 1))
        self.rates.append(many.rate)
        self.p50s.append(many.p50_ms)
        self.p99s.append(many.p99_ms)
        self.singles.append(one.p50_ms)
        if used:
            self.per_cpu.append(many.rate * SECONDS / used)

    def figures(self) -> tuple[float, float, float, float, float]:
        medians = [statistics.median(values) if values else 0.0
                   for values in (self.rates, self.p50s, self.p99s, self.singles, self.per_cpu)]
        return tuple(medians)


def over_http(url: str, headers: dict[str, str]):
    return lambda connections, seconds: load.wrk(url, connections, seconds, headers)


def over_grpc(url: str, headers: dict[str, str]):
    def ask(concurrency: int, seconds: int) -> load.Result:
        connections = 4 if concurrency > 4 else 1
        return load.h2load(url, connections, concurrency // connections, seconds, headers, b"")
    return ask


def measure(sides: list[Side]) -> float:
    """Rounds of turns; the cores that strangers used."""
    for side in sides:
        side.ask(8, 1)
    foreign = process.Foreign(os.getppid())
    for _ in range(ROUNDS):
        for side in sides:
            side.measure()
    return foreign.cores()


def table(title: str, sides: list[Side], foreign: float):
    print(f"\n{title} (strangers used {foreign:.2f} cores meanwhile)\n")
    print("| side | req/s c=32 | p50 ms | p99 ms | p50 ms c=1 | req per CPU-s of the hop |")
    print("| --- | --- | --- | --- | --- | --- |")
    for side in sides:
        rate, p50, p99, single, per_cpu = side.figures()
        shown = f"{per_cpu:,.0f}" if per_cpu else "–"
        print(f"| {side.name} | {rate:,.0f} | {p50:.2f} | {p99:.1f} | {single:.3f} | {shown} |")


def compare(goal: str, value: float, bound: float, at_least: bool):
    is_met = value >= bound if at_least else value <= bound
    sign = "≥" if at_least else "≤"
    print(f"| {goal} | {value:.2f} | {sign} {bound:g} | {'yes' if is_met else 'no'} |")


def gateways(apart: mesh.Apart, theirs: subprocess.Popen | None, port: int, bare: str) -> list[list[Side]]:
    """The gateway, Envoy, a bare handler and a direct call, on every route."""
    user = User(apart.base, "bench", 50)
    ours = apart.processes["gateway"].pid
    tables = []
    for name, path in ROUTES.items():
        sides = [Side("our gateway", over_http(apart.base + path, user.headers), ours)]
        if theirs:
            sides.append(Side("Envoy's transcoder", over_http(f"http://127.0.0.1:{port}{path}", user.headers), theirs.pid))
        if name == "auth/me":
            direct = f"http://{apart.addresses['auth']}/elenchus.auth.v1.AuthService/GetMe"
            sides.append(Side("direct gRPC call", over_grpc(direct, user.headers), None))
            sides.append(Side("bare axum handler", over_http(bare, {}), None))
        table(f"GET {path}", sides, measure(sides))
        tables.append(sides)
    return tables


def hop(apart: mesh.Apart, folder: pathlib.Path, variables: dict[str, str]) -> tuple[Whole, Side, Side]:
    """The mesh in six processes beside the mesh in one."""
    # The first start in a folder makes it; the second is what a restart costs.
    program.stop([Whole(folder / "whole", variables).process])
    whole = Whole(folder / "whole", variables)
    path = ROUTES["auth/me"]
    sides = [Side(name, over_http(base + path, User(base, f"hop-{index}", 0).headers), None)
             for index, (name, base) in enumerate([("six processes", apart.base), ("one process", whole.base)])]
    table(f"GET {path}, apart and whole", sides, measure(sides))
    return whole, *sides


def bare_handler() -> tuple[subprocess.Popen, str]:
    server = subprocess.Popen([BARE], stderr=subprocess.PIPE, text=True)
    return server, re.search(r"http://\S+", server.stderr.readline()).group(0) + "/"


def run(folder: pathlib.Path, processes: list[subprocess.Popen]):
    telemetry, endpoint = mesh.collector(folder, "--exporter", "blackhole")
    processes.append(telemetry)
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                 "RATE_LIMIT_PER_MINUTE": "1000000", "RATE_LIMIT_BURST": "1000000"}
    apart = mesh.Apart(PROGRAM, folder, variables)
    processes.extend(apart.processes.values())
    idle = sum(process.pss_mb(one.pid) for one in apart.processes.values())

    theirs, port = None, program.free_port()
    binary = pathlib.Path(os.environ.get("ENVOY", pathlib.Path(sys.executable).with_name("envoy")))
    if binary.exists():
        whole_set, plain = folder / "elenchus.binpb", folder / "envoy.binpb"
        subprocess.run([PROGRAM, "descriptors", whole_set], check=True)
        descriptors.without_response_body(whole_set, plain)
        theirs = envoy.start(str(binary), folder, plain, port, apart.addresses)
        processes.append(theirs)
    server, bare = bare_handler()
    processes.append(server)

    tables = gateways(apart, theirs, port, bare)
    loaded = sum(process.pss_mb(one.pid) for one in apart.processes.values())
    memory = process.pss_mb(apart.processes["gateway"].pid)
    theirs_mb = process.pss_mb(theirs.pid) if theirs else 0.0
    whole, six, one = hop(apart, folder, variables)
    processes.append(whole.process)

    print("\n| against Envoy, and within the mesh | measured | goal | met |\n| --- | --- | --- | --- |")
    if theirs:
        for name, (ours, envoys, *_) in zip(ROUTES, tables, strict=True):
            mine, other = ours.figures(), envoys.figures()
            compare(f"{name}: req/s, times Envoy's", mine[0] / other[0], 1.4, True)
            compare(f"{name}: req per CPU-s of the hop, times Envoy's", mine[4] / other[4], 2, True)
            compare(f"{name}: p50 at c=1, of Envoy's", mine[3] / other[3], 0.75, False)
        compare("memory of the hop under load, of Envoy's", memory / theirs_mb, 1 / 3, False)
    compare("one hop of the mesh, ms at c=1", six.figures()[3] - one.figures()[3], 0.30, False)
    compare("one process, start to first answer, s", whole.seconds_to_answer, 0.3, False)
    slowest = max(apart.seconds_to_start, key=apart.seconds_to_start.get)
    compare(f"slowest service to start ({slowest}, migrating), s", apart.seconds_to_start[slowest], 0.1, False)
    print(f"\nPSS: gateway {memory:.0f} MB, Envoy {theirs_mb:.0f} MB; six processes {idle:.0f} MB idle, {loaded:.0f} MB loaded; "
          f"one process {process.pss_mb(whole.process.pid):.0f} MB.")


if __name__ == "__main__":
    program.in_folder(run)
