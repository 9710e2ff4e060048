"""The background worker: takes jobs off the queue, and sweeps for imports that nobody works on.

Started by the Procfile; as many as wanted, on as many machines as wanted.
"""

import logging
import os
import signal
import sys
import time

import psycopg
import redis
from rq import Worker
from rq.serializers import JSONSerializer

from webapp import jobs
from webapp.config import Settings

logger = logging.getLogger("rowcall.worker")
RECONNECT_SECONDS = 2
IDLE_SECONDS = 20  # RQ blocks this long less 15 s for a job; short, so that a lost queue is noticed


def main() -> None:
    """Work until told to stop. An unreachable queue is waited for."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings()
    sweeper = _start_sweeper(settings)
    try:
        while not _work(settings):
            time.sleep(RECONNECT_SECONDS)
    finally:
        os.kill(sweeper, signal.SIGTERM)


def _work(settings: Settings) -> bool:
    """One life of the RQ worker; true when it was asked to stop, false when the queue was lost."""
    try:
        worker = Worker(
            [jobs.queue(settings.redis_url)],
            connection=redis.Redis.from_url(settings.redis_url),
            serializer=JSONSerializer,
            worker_ttl=IDLE_SECONDS,
            work_horse_killed_handler=jobs.horse_died,
            log_job_description=False,
        )
        worker.max_connection_wait_time = RECONNECT_SECONDS
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        logger.warning("queue out of reach: %s", type(error).__name__)
        return False
    return worker._shutdown_requested_date is not None  # noqa: SLF001 - RQ has no public word for it


def _start_sweeper(settings: Settings) -> int:
    """Fork the sweeper: a process of its own, so that a long job never keeps it from its rounds. Its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == parent:
        _sweep_once(settings)
        time.sleep(settings.sweep_seconds)
    sys.exit(0)


def _sweep_once(settings: Settings) -> None:
    try:
        jobs.sweep(settings)
    except psycopg.Error as error:
        logger.warning("sweep: database out of reach: %s", type(error).__name__)


if __name__ == "__main__":
    main()
