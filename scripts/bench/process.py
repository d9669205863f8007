"""What processes cost: processor time and memory, their own and that of strangers."""

import os
import pathlib
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_mb(pid: int) -> float:
    """Memory that is a process's own, and its part of what it shares."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no memory of {pid}")


def descendants(pid: int) -> set[int]:
    """A process and all that it started."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, left = set(), [pid]
    while left:
        one = left.pop()
        found.add(one)
        left.extend(children.get(one, []))
    return found


def machine_seconds() -> float:
    """Busy time of all processors so far."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICKS


class Foreign:
    """Which part of the machine others used meanwhile."""

    def __init__(self, root: int):
        self.root = root
        self.began, self.busy, self.own = time.monotonic(), machine_seconds(), self._own()

    def _own(self) -> float:
        total = 0.0
        for pid in descendants(self.root):
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                # With that of children which have ended, such as the load generators.
                total += sum(int(field) for field in fields[11:15]) / TICKS
            except OSError:
                continue
        return total

    def cores(self) -> float:
        """Cores that were busy with something else, on average."""
        busy, own = machine_seconds() - self.busy, self._own() - self.own
        return max(busy - own, 0.0) / (time.monotonic() - self.began)
