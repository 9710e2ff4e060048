"""How gunicorn serves Rowcall: `gunicorn --config python:webapp.serving`."""

import signal
import socket
import struct
from types import FrameType
from typing import Any

worker_class = "gthread"  # the one class that also serves sockets
workers = 1
# One for each open stream (MAX_STREAMS) and these besides for everything else; made when they are needed.
threads = 96
graceful_timeout = 5
keepalive = 15  # seconds; longer than a page that polls is silent. A waiting connection takes no thread.
control_socket_disable = True
SILENT_SECONDS = 10  # how long a client may stop in the middle of a request


def when_ready(server: Any) -> None:
    """Connections that say nothing take no thread; those that stop half-way give theirs back."""
    for listener in server.LISTENERS:
        bound: socket.socket = listener.sock
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", SILENT_SECONDS, 0))
        if bound.family != socket.AF_UNIX and hasattr(socket, "TCP_DEFER_ACCEPT"):
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_SECONDS)


def post_worker_init(worker: Any) -> None:
    """Told to stop, end the open streams: their watchers come back to the next process by themselves."""
    hub = worker.wsgi.extensions["rowcall-hub"]

    def leave(signum: int, frame: FrameType | None) -> None:
        hub.closing = True
        worker.handle_exit(signum, frame)

    signal.signal(signal.SIGTERM, leave)
