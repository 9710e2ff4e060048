"""Puts an import, a report or a notice on the queue. The only importer of rq beside worker.py.

Jobs carry ids only. Losing the queue loses no work, since the sweep puts every import that should
be moving back on it.
"""

import logging
import secrets
from contextlib import suppress
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
import redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException as BaseTimeoutException  # noqa: PLC0414 - passed on to those who let it through

from webapp import db, queries
from webapp.config import Settings
from webapp.vocabulary import languages
from webapp.vocabulary.catalogue import ENGLISH

logger = logging.getLogger(__name__)
SQL = queries.load("jobs")

QUEUE = "imports"
RENDER_PDF = "webapp.jobs.render_pdf"
# All that a worker ever runs. Each takes the number of an import; a report its language as well.
FUNCTIONS = frozenset(
    {
        "webapp.jobs.work",
        RENDER_PDF,
        "webapp.jobs.notify",
        "webapp.jobs.preview_undo",
    }
)
# But these: they find what is to be done themselves, and take none.
RENEW_KEYS = "webapp.jobs.renew_keys"
FIND_DUPLICATES = "webapp.jobs.find_duplicates"
FIND_MATCHES = "webapp.jobs.find_possible_matches"
BULK_ACTS = "webapp.jobs.act_on_contacts"
# What is read of a job's record. RQ knows more: callbacks, webhooks, repetitions and pickled
# values.
RECORD = frozenset({
    "created_at", "data", "description", "ended_at", "enqueued_at", "exc_info", "failure_ttl", "last_heartbeat",
    "origin", "result_ttl", "started_at", "status", "timeout", "worker_name",
})  # fmt: skip
LONGEST_MAIL = 60  # seconds for one try at a mail server that answers, but never to the end


class OwnJob(Job):
    """A job that this program put on the queue. Any other does not exist for it.

    Who can write to the queue could otherwise have every function of every module run, as the
    job itself, as a callback, or by a pickled value.
    """

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - RQ's names
        connection: Any = None,
        serializer: Any = None,  # noqa: ARG002
    ) -> None:
        super().__init__(id, connection, JSONSerializer)

    def restore(self, raw_data: dict[bytes, bytes]) -> None:
        """Read the job from its record in the queue.

        Raises NoSuchJobError for one of another making.
        """
        read = {
            name: value
            for name, value in raw_data.items()
            if name.decode(errors="replace") in RECORD
        }

        try:
            super().restore(read)
            own = self._is_own()
        except Exception:  # noqa: BLE001 - a record can hold anything, and must never end the worker
            own = False

        if not own:
            logger.warning("the queue holds a job that is not Rowcall's: it is removed")
            self.connection.delete(self.key)
            raise NoSuchJobError(self.id)

    def _is_own(self) -> bool:
        if self.instance is not None or self.kwargs:
            return False
        if self.func_name in {RENEW_KEYS, FIND_DUPLICATES, FIND_MATCHES, BULK_ACTS}:
            return not self.args

        argument, *more = self.args
        UUID(argument)
        if self.func_name == RENDER_PDF:
            return all(languages.is_one(language) for language in more) and len(more) <= 1

        return self.func_name in FUNCTIONS and not more


@lru_cache(maxsize=4)
def queue(url: str) -> Queue:
    """The import queue; the JSON serializer keeps pickle out of it."""
    connection = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)

    return Queue(
        QUEUE,
        connection=connection,
        job_class=OwnJob,
        serializer=JSONSerializer,
        default_timeout=-1,
    )


def workers(settings: Settings) -> int:
    """How many workers listen to the queue. Raises redis.RedisError when it is out of reach."""
    return Worker.count(connection=queue(settings.redis_url).connection)


def eviction_policy(settings: Settings) -> str | None:
    """What the queue's server does when its memory is full; None where it does not tell.

    Raises redis.RedisError when it is out of reach.
    """
    try:
        policy = queue(settings.redis_url).connection.info("memory").get("maxmemory_policy")
    except redis.ResponseError:  # An account that may not ask.
        return None

    return str(policy) if policy else None


def wake(import_id: UUID, settings: Settings | None = None) -> bool:
    """Enqueue an import after the commit.

    False when the queue is out of reach: the sweep will do it then.
    """
    settings = settings or Settings()
    enqueued = enqueue(import_id, settings)

    if not enqueued:
        with suppress(psycopg.Error), db.connect_job(settings.database_url) as conn:
            note_queue(conn, [import_id], away=True)

    return enqueued


def enqueue(import_id: UUID, settings: Settings) -> bool:
    """Put the import on the queue, unless it stands there; false when the queue is out of reach."""
    return _enqueue(
        "webapp.jobs.work", f"import-{import_id}", str(import_id), settings=settings
    )


def request_pdf(
    import_id: UUID, settings: Settings | None = None, language: str = ENGLISH
) -> bool:
    """Ask for the PDF report to be rendered in a language and kept."""
    return _enqueue(
        RENDER_PDF,
        f"pdf-{language}-{import_id}",
        str(import_id),
        language,
        settings=settings or Settings(),
    )


def request_undo_preview(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ask for the preview of the import's undo to be made and kept."""
    return _enqueue(
        "webapp.jobs.preview_undo",
        f"undo-preview-{import_id}",
        str(import_id),
        settings=settings or Settings(),
    )


def request_key_renewal(settings: Settings) -> bool:
    """Ask for the book's keys to be renewed under today's rules."""
    return _enqueue(RENEW_KEYS, "book-keys", settings=settings)


def request_duplicates(settings: Settings | None = None) -> bool:
    """Ask for the search for duplicates that waits to be done."""
    return _enqueue(FIND_DUPLICATES, "duplicates", settings=settings or Settings())


def request_possible_matches(settings: Settings | None = None) -> bool:
    """Ask for new rows of imports to be compared with the book."""
    return _enqueue(FIND_MATCHES, "possible-matches", settings=settings or Settings())


def request_bulk_acts(settings: Settings | None = None) -> bool:
    """Ask for bulk acts to be worked on."""
    return _enqueue(BULK_ACTS, "bulk-acts", settings=settings or Settings())


def request_notice(import_id: UUID, settings: Settings | None = None) -> bool:
    """Ask for the completion notice to be mailed."""
    name = f"mail-{import_id}"
    return _enqueue(
        "webapp.jobs.notify",
        name,
        str(import_id),
        settings=settings or Settings(),
        timeout=LONGEST_MAIL,
    )


def _enqueue(
    function: str, name: str, *arguments: str, settings: Settings, timeout: int = -1
) -> bool:
    """Put a job on the queue unless one of that name stands there already.

    `timeout` in seconds, -1 for none.

    Each job has an id of its own: RQ deletes a job's record when it ends, and with it the record of
    a job of the same id that was enqueued meanwhile.
    """
    imports = queue(settings.redis_url)
    job_id = f"{name}-{secrets.token_hex(4)}"
    kept = {"result_ttl": 0, "failure_ttl": 60, "description": job_id}

    def put(pipe: Pipeline) -> None:
        stands = any(standing.startswith(name) for standing in imports.job_ids)
        pipe.multi()
        if not stands:
            imports.enqueue(
                function, *arguments, job_id=job_id, job_timeout=timeout, pipeline=pipe, **kept
            )

    try:
        # The queue is watched from the look until the job is put: of two callers at once, one looks
        # again.
        imports.connection.transaction(put, imports.key)
    except redis.RedisError as error:
        logger.warning("queue out of reach: %s", type(error).__name__)
        return False

    return True


def answers(settings: Settings) -> bool:
    """Whether the queue is within reach."""
    try:
        return bool(queue(settings.redis_url).connection.ping())
    except redis.RedisError:
        return False


def note_queue(conn: Any, import_ids: list[UUID], *, away: bool) -> None:
    """Have the page say that it is the queue that an import waits for, or no longer."""
    conn.execute(
        SQL.note_queue,
        {
            "ids": import_ids,
            "now": "queue" if away else None,
            "before": None if away else "queue",
        },
    )
    conn.commit()
