"""Load, by the tools that everybody knows: wrk over HTTP/1.1, h2load over HTTP/2."""

import dataclasses
import pathlib
import re
import statistics
import subprocess
import tempfile

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclasses.dataclass
class Result:
    """One run."""

    rate: float
    p50_ms: float
    p99_ms: float


def wrk(url: str, connections: int, seconds: int, headers: dict[str, str], body: str = "") -> Result:
    """Asks for a document again and again, or posts JSON."""
    command = ["wrk", "--latency", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if body:
            script.write(f"wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['content-type'] = 'application/json'\n")
            script.flush()
            command += ["-s", script.name]
        text = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{url}: {text}")
    return Result(float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
                  _percentile(text, "50%"), _percentile(text, "99%"))


def _percentile(text: str, name: str) -> float:
    value, unit = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", text).groups()
    return float(value) * UNITS[unit]


def h2load(url: str, connections: int, streams: int, seconds: int, headers: dict[str, str], message: bytes) -> Result:
    """Calls a gRPC method again and again."""
    with tempfile.TemporaryDirectory() as name:
        body, log = pathlib.Path(name) / "body", pathlib.Path(name) / "log"
        body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
        command = ["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}", "-d", body, "--log-file", log]
        for header, value in {"content-type": "application/grpc", "te": "trailers", **headers}.items():
            command += ["-H", f"{header}: {value}"]
        subprocess.run([*command, url], check=True, capture_output=True)
        times = []
        for line in log.read_text().splitlines():
            _, status, micros = line.split("\t")
            if status != "200":
                raise RuntimeError(f"{url}: {status}")
            times.append(int(micros) / 1e3)
    if not times:
        raise RuntimeError(f"{url}: no answer")
    cuts = statistics.quantiles(times, n=100)
    return Result(len(times) / seconds, statistics.median(times), cuts[98])
