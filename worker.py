"""The background worker: takes jobs off the queue, and sweeps for imports that no worker works on.

Started by the Procfile; as many as wanted, on as many machines as wanted.
"""

from webapp import privileges

if __name__ == "__main__":
    privileges.drop_root_or_exit()  # before what works on data is loaded

import gc
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import psycopg
import redis
from rq import Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from webapp import db, jobs, logs
from webapp.config import Misconfigured, Settings, refuse_bad_mail, refuse_open_queue
from webapp.deciding import version
from webapp.processes import end_with_parent

logger = logging.getLogger("rowcall.worker")
RECONNECT_SECONDS = 2
FORGET_SECONDS = 600  # between two looks at what is older than the retention time
PRIVATE = 0o077  # files of ours are for their owner only
# RQ blocks this long less 15 s for a job; short, so that a lost queue is noticed.
IDLE_SECONDS = 20


class Sweeper:
    """A process of its own that looks for idle imports, so that a long job never keeps it from
    its rounds.

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
            end_with_parent()
            jobs.SearchIndexing(self.settings).start()

            while os.getppid() == self.worker:
                self._sweep()
                time.sleep(self.settings.sweep_seconds)
        finally:
            os._exit(0)  # Never back into the worker's own code.

    def _sweep(self) -> None:
        try:
            jobs.report_worker(self.settings)
            jobs.end_silent_work_horses(self.settings, self.worker)
            jobs.sweep(self.settings)
            jobs.send_notices(self.settings)
            self._forget()
        except psycopg.Error as error:
            logger.warning("sweep: database out of reach: %s", type(error).__name__)

    def _forget(self) -> None:
        """Now and then, and at once again while there is more of it."""
        if time.monotonic() >= self.forget_at and not jobs.forget(self.settings):
            self.forget_at = time.monotonic() + FORGET_SECONDS


class Stop:
    """Whether this worker was told to stop. It outlives each RQ worker, which a lost queue ends."""

    told = False


class ImportWorker(Worker):
    """RQ's worker, which also minds its sweeper and stops when it is told to, whether the
    queue answers or not.

    It takes no commands from the queue: who can write there must not end imports, nor suspend
    them.
    """

    sweeper: Sweeper
    stop = Stop()  # replaced by the process's own

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Between jobs and during long ones RQ comes by here."""
        if not self.is_horse:
            self.sweeper.keep_alive()
            if self.stop.told and not self.horse_pid:
                raise StopRequested  # The signal came where an exception is swallowed.

        super().heartbeat(timeout, pipeline)

    def subscribe(self) -> None:
        """RQ would take commands from here on."""

    def unsubscribe(self) -> None:
        """There is nothing to end."""

    def check_for_suspension(self, burst: bool) -> None:
        """RQ would do nothing for as long as a key stands in the queue."""

    def request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT.

        RQ would first write it to the queue, and lose it with one that is away.
        """
        if os.getpid() != self.pid:
            jobs.stop_request.told = True  # a work-horse that has not set its own handler yet
            return

        self.stop.told = True
        self._shutdown_requested_date = datetime.now(UTC)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_force_stop)

        if not self.horse_pid:
            raise StopRequested

        self._end_batch()

    def fork_work_horse(self, job: Any, queue: Any) -> None:
        """Start the process for one job."""
        super().fork_work_horse(job, queue)
        if self.stop.told:
            self._end_batch()

    def _end_batch(self) -> None:
        """Left alone, the work-horse would finish the whole import: it is told to end with its
        batch.
        """
        with suppress(ProcessLookupError):
            os.kill(self.horse_pid, signal.SIGTERM)

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """RQ would log the exception's text, which may quote a contact."""
        logger.error("%s broke off:\n%s", job.id, logs.describe(exc_info[1]))

    def handle_job_failure(
        self, job: Any, queue: Any, *more: Any, exc_string: str = "", **named: Any
    ) -> None:
        """RQ would keep the traceback in the queue, texts included: its first line says as
        much as is needed.
        """
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
    sweeper, stop = Sweeper(settings), Stop()

    version.current()  # This takes a tenth of a second, and each work-horse inherits the result.

    try:
        _stop_at_once_when_told(stop)
        sweeper.keep_alive()

        while not stop.told:
            _work(settings, sweeper, stop)
            if not stop.told:
                time.sleep(RECONNECT_SECONDS)
    finally:
        sweeper.end()


def _stop_at_once_when_told(stop: Stop) -> None:
    """While RQ does not run, and so no job does, a signal ends the worker there and then."""

    def leave(*_: object) -> None:
        stop.told = True
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def _work(settings: Settings, sweeper: Sweeper, stop: Stop) -> None:
    """One life of the RQ worker, until it is told to stop or has lost the queue."""
    try:
        worker = ImportWorker(
            [jobs.queue(settings.redis_url)],
            connection=redis.Redis.from_url(settings.redis_url),
            job_class=jobs.OwnJob,
            serializer=JSONSerializer,
            worker_ttl=IDLE_SECONDS,
            work_horse_killed_handler=jobs.horse_died,
            log_job_description=False,
        )
        worker.sweeper, worker.stop = sweeper, stop
        worker.max_connection_wait_time = RECONNECT_SECONDS
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        logger.warning("queue out of reach: %s", type(error).__name__)
    finally:
        _stop_at_once_when_told(stop)


if __name__ == "__main__":
    try:
        main()
    except Misconfigured as problem:
        sys.exit(str(problem))
