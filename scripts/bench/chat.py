"""Measures what an answer costs above its model: the time until the first word, of each word, and of a stop.

The model is a stand-in that says the time, so that each word tells when it was said. It is asked directly and
through the mesh, in turns. Only ratios within one run mean anything. Run by `make bench-chat`.
"""

import json
import os
import pathlib
import statistics
import subprocess
import time

import httpx

from bench import process
from bench.mesh import User, Whole
from peers import program

CLOCK = program.ROOT / "target/release/examples/clock"
QUESTIONS = 40
STOPS = 20
WORDS = 100
PAUSE_MS = 5
MODEL = "clock"
LIMITS = {"RATE_LIMIT_PER_MINUTE": "0"}
SOURCE = "The tenant shall pay the rent on the first day of each month."


class Side:
    """One way to the model, and what was measured on it."""

    def __init__(self, url: str, headers: dict[str, str], body: dict, read):
        self.url, self.body, self.read = url, body, read
        self.http = httpx.Client(headers=headers, timeout=60)
        self.first, self.late = [], []

    def ask(self):
        began, is_first = time.time(), True
        with self.http.stream("POST", self.url, json=self.body) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if not line.startswith("data: {"):
                    continue
                now = time.time()
                words = self.read(json.loads(line[6:])).split()
                if words and is_first:
                    self.first.append((now - began) * 1e3)
                    is_first = False
                self.late.extend((now - int(word) / 1e6) * 1e3 for word in words)


def stops(base: str, headers: dict[str, str], body: dict) -> list[float]:
    """How long it takes until a stop is acknowledged, which is once the model has been left."""
    times = []
    with httpx.Client(base_url=base, headers=headers, timeout=60) as http:
        for _ in range(STOPS):
            with httpx.stream("POST", f"{base}/api/v1/chat/stream", headers=headers, json=body, timeout=60) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: {") and "delta" in (event := json.loads(line[6:])):
                        began = time.time()
                        http.post(f"/api/v1/chat/generations/{event['generation_id']}/stop").raise_for_status()
                        times.append((time.time() - began) * 1e3)
                        break
    return times


def of_provider(event: dict) -> str:
    return (event["choices"] or [{"delta": {}}])[0]["delta"].get("content", "")


def of_mesh(event: dict) -> str:
    return event.get("delta", {}).get("text", "")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def run(folder: pathlib.Path, processes: list[subprocess.Popen]):
    clock = subprocess.Popen([CLOCK, str(WORDS), str(PAUSE_MS)], stdout=subprocess.PIPE, text=True)
    processes.append(clock)
    url = clock.stdout.readline().strip()
    whole = Whole(folder, {**LIMITS, "OPENAI_BASE_URL": url, "DEFAULT_AI_MODEL": MODEL})
    processes.append(whole.process)
    user = User(whole.base, "bench", 0)
    question = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "When is the rent due?"}]}
    sides = {
        "the stand-in": Side(f"{url}/chat/completions", {}, question, of_provider),
        "the mesh": Side(f"{whole.base}/api/v1/chat/stream", user.headers,
                         {"content": "When is the rent due?", "sources": [SOURCE]}, of_mesh),
    }
    for side in sides.values():
        side.ask()
        side.first.clear()
        side.late.clear()
    foreign = process.Foreign(os.getppid())
    for _ in range(QUESTIONS):
        for side in sides.values():
            side.ask()
    print(f"\n{QUESTIONS} questions each, {WORDS} words {PAUSE_MS} ms apart; strangers used {foreign.cores():.2f} cores.\n")
    print("| asked | first word, median ms | p95 | each word after it was said, median ms | p99 |")
    print("| --- | --- | --- | --- | --- |")
    for name, side in sides.items():
        if len(side.late) != QUESTIONS * WORDS:
            raise RuntimeError(f"{name}: {len(side.late)} words came")
        print(f"| {name} | {statistics.median(side.first):.2f} | {percentile(side.first, 0.95):.2f} "
              f"| {statistics.median(side.late):.2f} | {percentile(side.late, 0.99):.2f} |")
    direct, mesh = sides.values()
    print(f"\nAdded until the first word: {statistics.median(mesh.first) - statistics.median(direct.first):.2f} ms; "
          f"to each word: {statistics.median(mesh.late) - statistics.median(direct.late):.2f} ms.")
    times = stops(whole.base, user.headers, mesh.body)
    print(f"Stopped, and the model left: median {statistics.median(times):.2f} ms, at most {max(times):.2f} ms of {STOPS}.")


if __name__ == "__main__":
    program.in_folder(run)
