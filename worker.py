"""The background worker: takes jobs off the queue, and sweeps for imports that nobody works on.

Started by the Procfile; as many as wanted, on as many machines as wanted.
"""

import ctypes
import gc
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import psycopg
import redis
from rq import Worker
from rq.serializers import JSONSerializer

from webapp import db, jobs, logs
from webapp.config import Misconfigured, Settings, refuse_bad_mail, refuse_open_queue

logger = logging.getLogger("rowcall.worker")
RECONNECT_SECONDS = 2
FORGET_SECONDS = 600  # between two looks at what is older than the retention time
PRIVATE = 0o077  # files of ours are for their owner only
IDLE_SECONDS = 20  # RQ blocks this long less 15 s for a job; short, so that a lost queue is noticed


class Sweeper:
    """A process of its own that looks for imports nobody works on, so that a long job never keeps it from its rounds.

    The worker starts it again should it ever be lost, and it never outlives the worker.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.worker = os.getpid()
        self.pid = 0
        self.forget_at = 0.0

    def keep_alive(self) -> None:
        """Start the process unless it runs."""
        if self.pid:
            with suppress(ChildProcessError):
                if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                    return
        self.pid = os.fork()
        if not self.pid:
            self._run()

    def end(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def _run(self) -> None:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(jobs.PR_SET_PDEATHSIG, signal.SIGKILL)
            while os.getppid() == self.worker:
                self._sweep()
                time.sleep(self.settings.sweep_seconds)
        finally:
            os._exit(0)  # Never back into the worker's own code.

    def _sweep(self) -> None:
        try:
            jobs.report_worker(self.settings)
            jobs.end_silent_horses(self.settings, self.worker)
            jobs.sweep(self.settings)
            jobs.send_notices(self.settings)
            self._forget()
        except psycopg.Error as error:
            logger.warning("sweep: database out of reach: %s", type(error).__name__)

    def _forget(self) -> None:
        """Now and then, and at once again while there is more of it."""
        if time.monotonic() >= self.forget_at and not jobs.forget(self.settings):
            self.forget_at = time.monotonic() + FORGET_SECONDS


class ImportWorker(Worker):
    """RQ's worker, which also minds its sweeper and lets a work-horse know that it is time to stop."""

    sweeper: Sweeper

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Between jobs and during long ones RQ comes by here."""
        if not self.is_horse:
            self.sweeper.keep_alive()
        super().heartbeat(timeout, pipeline)

    def handle_warm_shutdown_request(self) -> None:
        """RQ waits for its work-horse, which would finish the whole import: it is told to end with its batch."""
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """RQ would log the exception's text, which may quote a contact."""
        logger.error("%s broke off:\n%s", job.id, logs.describe(exc_info[1]))

    def handle_job_failure(self, job: Any, queue: Any, *more: Any, exc_string: str = "", **named: Any) -> None:
        """RQ would keep the traceback in the queue, texts included: its first line says as much as is needed."""
        named["exc_string"] = exc_string.partition("\n")[0]
        super().handle_job_failure(job, queue, *more, **named)

    def setup_work_horse_signals(self) -> None:
        """RQ would let SIGTERM kill the work-horse in the middle of a batch."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, jobs.stop_request.note)


def main() -> None:
    """Work until told to stop. An unreachable queue is waited for."""
    logs.keep_values_out()
    os.umask(PRIVATE)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings()
    refuse_open_queue(settings)
    refuse_bad_mail(settings)
    db.refuse_shared_sessions(settings.database_url)
    gc.freeze()  # What is loaded by now stays: no work-horse need ever look through it for garbage.
    sweeper = Sweeper(settings)
    try:
        _stop_at_once_when_told()
        sweeper.keep_alive()
        while not _work(settings, sweeper):
            time.sleep(RECONNECT_SECONDS)
    finally:
        sweeper.end()


def _stop_at_once_when_told() -> None:
    """While RQ does not run, and so no job does, a signal ends the worker there and then."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def _work(settings: Settings, sweeper: Sweeper) -> bool:
    """One life of the RQ worker; true when it was asked to stop, false when the queue was lost."""
    try:
        worker = ImportWorker(
            [jobs.queue(settings.redis_url)],
            connection=redis.Redis.from_url(settings.redis_url),
            serializer=JSONSerializer,
            worker_ttl=IDLE_SECONDS,
            work_horse_killed_handler=jobs.horse_died,
            log_job_description=False,
        )
        worker.sweeper = sweeper
        worker.max_connection_wait_time = RECONNECT_SECONDS
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        logger.warning("queue out of reach: %s", type(error).__name__)
        return False
    finally:
        _stop_at_once_when_told()
    return worker._shutdown_requested_date is not None  # noqa: SLF001 - RQ has no public word for it


if __name__ == "__main__":
    try:
        main()
    except Misconfigured as problem:
        sys.exit(str(problem))
