"""RQ's work-horses, the processes that worker.py forks for each job: how they are told to
stop, and how they end.
"""

import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from webapp import db
from webapp.config import Settings
from webapp.imports import leases
from webapp.processes import end_with_parent

logger = logging.getLogger(__name__)

LOADED_BY = os.getpid()  # the worker, as its work-horses see it


class StopRequest:
    """Whether this process was told to stop.

    A work-horse's SIGTERM lands here, and its batch is finished first.
    """

    told = False

    def note(self, _signal: int, _frame: FrameType | None) -> None:
        """Take the signal."""
        self.told = True


stop_request = StopRequest()


def end_silent_work_horses(settings: Settings, worker_pid: int) -> None:
    """Kill those work-horses of this worker that hold a lease and have long not been heard of.

    A frozen one would keep its worker from all other work; what it had in hand is rolled back and
    done again.
    """
    with db.connect_job(settings.database_url) as conn:
        silent = set(leases.silent_workers(conn, settings.lease_seconds))

    for pid in _children(worker_pid):
        if leases.worker_name(pid) in silent:
            logger.warning("work-horse %s is silent: it is ended", pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """The processes that this one started.

    Linux only; elsewhere a silent work-horse is merely fenced.
    """
    try:
        return [
            int(child)
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def die_with_parent() -> None:
    """A work-horse leaves its worker's process group, so a killed worker would leave it running.

    Linux only.
    """
    if sys.platform == "linux" and os.environ.get("RQ_WORKER_ID"):
        end_with_parent()
        if LOADED_BY not in {os.getpid(), os.getppid()}:
            os._exit(1)  # The worker was gone before the system was told to watch it.
