"""Measures what checking a token costs beside a health check, and log-ins beside bare Argon2id.

The sides take turns, and of several rounds the median counts. Only ratios within one run mean anything. Run by
`make bench-auth`, which starts PostgreSQL and Redis around it.
"""

import json
import os
import pathlib
import statistics
import subprocess

from bench import load, process
from bench.mesh import PASSWORD, User, Whole
from peers import program

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
HASHES = program.ROOT / "target/release/examples/hashes"
NO_LIMIT = "1000000"
LIMITS = ("RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_BURST", "LOGIN_ATTEMPTS_PER_MINUTE",
          "LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE")


def bare_hashes() -> float:
    answer = subprocess.run([HASHES, str(SECONDS)], check=True, capture_output=True, text=True)
    return float(answer.stdout)


def run(folder: pathlib.Path, processes: list[subprocess.Popen]):
    whole = Whole(folder, {name: NO_LIMIT for name in LIMITS})
    processes.append(whole.process)
    user = User(whole.base, "bench", 0)
    login = json.dumps({"username": "bench@example.com", "password": PASSWORD})
    sides = {
        "health check": lambda: load.wrk(f"{whole.base}/health/live", 32, SECONDS, {}).rate,
        "verified request": lambda: load.wrk(f"{whole.base}/api/v1/auth/me", 32, SECONDS, user.headers).rate,
        "bare Argon2id": bare_hashes,
        "log-in": lambda: load.wrk(f"{whole.base}/api/v1/auth/login", 8, SECONDS, {}, login).rate,
    }
    rates = {name: [] for name in sides}
    foreign = process.Foreign(os.getppid())
    for _ in range(ROUNDS):
        for name, ask in sides.items():
            rates[name].append(ask())
    median = {name: statistics.median(measured) for name, measured in rates.items()}

    print(f"\nIn one process; strangers used {foreign.cores():.2f} cores meanwhile.\n")
    print("| side | per second |\n| --- | --- |")
    for name, rate in median.items():
        print(f"| {name} | {rate:,.1f} |")
    print("\n| ratio | measured |\n| --- | --- |")
    print(f"| verified requests, of health checks | {median['verified request'] / median['health check']:.2f} |")
    print(f"| log-ins, of bare Argon2id | {median['log-in'] / median['bare Argon2id']:.2f} |")


if __name__ == "__main__":
    program.in_folder(run)
