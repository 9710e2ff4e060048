"""Servers, workers and the web as processes that a test may kill, freeze and start again."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webapp.embedded import Servers

ROOT = Path(__file__).parent.parent.parent


class Machine(Servers):
    """The embedded servers, each of which can be stopped and started by itself."""

    def stop_database(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        self.postgres.stop(how)

    def start_database(self) -> None:
        self.postgres.start()

    def stop_queue(self, how: signal.Signals = signal.SIGKILL) -> None:
        self.valkey.stop(how)

    def start_queue(self) -> None:
        self.valkey.start()

    def signal_queue(self, number: signal.Signals) -> None:
        self.valkey.process.send_signal(number)

    def heal(self) -> None:
        """Have both servers up again, whatever a test did to them."""
        for server in self.running:
            server.process.send_signal(signal.SIGCONT)
        for server in (self.postgres, self.valkey):
            if server.process is None or server.process.poll() is not None:
                server.start()


class Family:
    """A process of Rowcall with those that it starts itself, such as a worker's work-horse and
    sweeper.
    """

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        environment = {**os.environ, **(environment or {})}
        with (Path(environment["ROWCALL_VAR"]) / "processes.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def family(self) -> list[int]:
        """The process and everything below it."""
        found = [self.pid]
        for pid in found:
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def signal_family(self, number: signal.Signals) -> None:
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """-9 to the process alone."""
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """Whatever state it is in, it and its family are gone afterwards."""
        family = self.family() if self.process.poll() is None else []
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)


def worker_process(
    environment: dict[str, str] | None = None, under: tuple[str, ...] = ()
) -> Family:
    """`worker.py`, with this in its environment and under this command."""
    return Family([*under, sys.executable, "-OO", "worker.py"], environment)


def web_process(port: int) -> Family:
    """The web process as the Procfile starts it."""
    gunicorn = [sys.executable, "-OO", "-m", "gunicorn", "--config", "python:webapp.serving"]
    return Family(
        [*gunicorn, "--bind", f"127.0.0.1:{port}", "webapp.app:create_app()"],
        {"PORT": str(port)},
    )


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """The processes that this one's threads started."""
    listed = [found.read_text() for found in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for child in " ".join(listed).split()]


def web_workers() -> list[int]:
    """The processes of gunicorn that answer requests."""
    masters = [
        pid
        for pid in children(os.getpid())
        if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return [worker for master in masters for worker in children(master)]


def workers() -> list[int]:
    """The worker processes that this one started, each with its sweeper, the work-horse at hand and
    what that started.
    """
    found = [
        pid
        for pid in children(os.getpid())
        if b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    for pid in found:
        with suppress(OSError):
            found += children(pid)
    return found


@contextmanager
def peaks_of_workers() -> Iterator[list[float]]:
    """The most memory, in MB, that a worker or one of its work-horses had while the block ran, or
    the second process of a check; looked at often.
    """
    peaks, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            for pid in workers():
                with suppress(OSError, KeyError):  # It has ended.
                    peaks[0] = max(peaks[0], highest_mb(pid))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield peaks
    finally:
        done.set()
        looker.join()


def highest_mb(pid: int) -> float:
    """The most memory of its own that the process ever had resident: without the pages of
    programs and libraries.

    Those the system keeps once for all processes, and takes back whenever it wants.
    """
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return (int(status["VmHWM"].split()[0]) - int(status["RssFile"].split()[0])) / 1024


def resident_mb(pid: int) -> float:
    """The memory of its own that the process has resident now, counted as `highest_mb` does."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return (int(status["VmRSS"].split()[0]) - int(status["RssFile"].split()[0])) / 1024
