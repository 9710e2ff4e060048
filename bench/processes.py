"""Peak memory and processor time of processes, read from /proc. Linux only."""

import os
import threading
import time
from collections import defaultdict
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# What the children of a watched process are called, and theirs.
NAMES = {"worker": "work-horse", "web": "web", "work-horse": "second process"}


class Watch:
    """Notes the most memory of their own, in MB, that processes and the processes that they fork
    had, by name: resident, without the pages of programs and libraries (docs/operations.md).
    """

    def __init__(self, watched: dict[str, list[int]]) -> None:
        self.watched = watched
        self.peaks: dict[str, float] = defaultdict(float)
        self.on = True
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.on = False
        self.thread.join()

    def taken(self) -> dict[str, float]:
        """The peaks since the last time, and start over.

        A peak that a living process had before stays its peak.
        """
        found, self.peaks = dict(self.peaks), defaultdict(float)
        return found

    def _look(self) -> None:
        while self.on:
            for name, pids in self.watched.items():
                for pid in pids:
                    self._note(name, pid)
            time.sleep(0.1)

    def _note(self, name: str, pid: int) -> None:
        self.peaks[name] = max(self.peaks[name], peak_megabytes(pid))
        for child in children(pid):
            self._note(NAMES.get(name, name), child)


def children(pid: int) -> list[int]:
    """Of all its threads."""
    try:
        lists = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for found in lists for child in found.split()]


def peak_megabytes(pid: int) -> float:
    """The most memory of its own that the process ever had; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    kilobytes = dict(line.split(":", 1) for line in lines)
    if "VmHWM" not in kilobytes:  # it has ended, and was not waited for
        return 0.0

    most, files = (int(kilobytes[name].split()[0]) for name in ("VmHWM", "RssFile"))
    return (most - files) / 1024


def processor_seconds(pid: int) -> float:
    """The time that a process and its children, the ended ones too, have spent on a processor."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS + sum(
        processor_seconds(child) for child in children(pid)
    )
