"""How gunicorn serves Rowcall: `gunicorn --config python:webapp.serving`."""

import ctypes
import gc
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from gunicorn.http.unreader import SocketUnreader

from webapp import db, logs, privileges
from webapp.config import Misconfigured, Settings, refuse_unusable
from webapp.limits import CONNECTIONS, KEEPALIVE_SECONDS, THREADS

worker_class = "webapp.connections.BoundedWorker"
workers = 1
threads = THREADS
worker_connections = 2 * CONNECTIONS  # never reached: the worker makes room before
graceful_timeout = 5
keepalive = KEEPALIVE_SECONDS
control_socket_disable = True
# Who asked, and by which name, is read in one place, which knows how many proxies there are:
# app.py.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
sendfile = False  # It would wait for a slow reader as long as that likes.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of glibc
LARGE_BYTES = 64 * 1024
TRIM_SECONDS = (
    10  # between two times at which what lies free is given back; each takes milliseconds
)
trimmed_at = 0.0


def on_starting(server: Any) -> None:
    """Give up root, and refuse a database that Rowcall cannot use, before anything listens."""
    logs.keep_values_out()  # in the processes that are forked for requests, too
    if account := privileges.drop_root_or_exit():
        server.cfg.set("user", account.uid)  # else its workers would try to become root again
        server.cfg.set("group", account.gid)

    try:
        settings = Settings()
        refuse_unusable(settings)
        db.refuse_shared_sessions(settings.database_url)
    except Misconfigured as problem:
        sys.exit(str(problem))


def post_worker_init(worker: Any) -> None:
    _keep_small()
    _end_streams_when_told(worker)


def _keep_small() -> None:
    """What uploads and reports take for a moment goes back to the system, and what the start
    left lying is used first.

    Left alone, glibc takes the first large block that is freed as a sign to keep such blocks
    from then on, and gives each thread an arena of its own, which keeps what one large request
    took.
    """
    with suppress(AttributeError):  # not glibc
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        libc.mallopt(M_ARENA_MAX, 1)

    SocketUnreader.max_body_chunk = (
        LARGE_BYTES  # of a body at once, where gunicorn would take 1 MiB and copy it
    )
    gc.collect()
    gc.freeze()  # What was loaded stays: no need to look through it again.


def post_request(_worker: Any, _request: Any, _environment: Any, _answer: Any) -> None:
    """Give back what lies free between blocks in use; glibc by itself gives back the end alone."""
    global trimmed_at  # noqa: PLW0603 - of the process; two threads at once do no harm
    now = time.monotonic()
    if now - trimmed_at < TRIM_SECONDS:
        return

    trimmed_at = now
    with suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)


def _end_streams_when_told(worker: Any) -> None:
    """Told to stop, end the open streams: their watchers come back to the next process by
    themselves.
    """
    hub = worker.wsgi.extensions["rowcall-hub"]

    def leave(signum: int, frame: FrameType | None) -> None:
        hub.closing = True
        worker.handle_exit(signum, frame)

    signal.signal(signal.SIGTERM, leave)
