"""Gunicorn's threaded worker, with bounds on what a connection may hold and for how long.

The class that gunicorn brings takes a thread as soon as a first byte is there, and waits in its
main loop for clients that do not close. Here a thread is taken only once the whole head of a
request has come, with its body where that is small: until then the connection waits in the poller,
with a deadline. A thread that reads a larger body or sends an answer demands a least rate. The
limits are in `limits.py`.
"""

import errno
import re
import select
import selectors
import socket
import time
from collections import Counter, deque
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import TConn, ThreadWorker

from webapp.limits import (
    CONNECTIONS,
    GRACE_SECONDS,
    HEAD_BYTES_OF_REQUEST,
    HEAD_SECONDS,
    LEAST_BYTES_PER_SECOND,
    LINGER_BYTES,
    LINGER_SECONDS,
    LINGERING,
    SEND_BUFFER_BYTES,
    SILENT_SECONDS,
    SMALL_BODY_BYTES,
)

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
GIVEN_UP = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)
NO_FILES_LEFT = (errno.EMFILE, errno.ENFILE)


class BoundedSocket(socket.socket):
    """A client's socket on which no thread waits long: neither in silence nor for a trickle.

    Bytes are counted for each request. Waits are not: a wait ends at the socket, by
    `SILENT_SECONDS`, or when all waits of the request together are longer than its bytes are worth.
    """

    moved = 0  # bytes of the request and its answer so far
    waited = 0.0  # seconds of waiting for the client

    def begin_request(self) -> None:
        """Count anew."""
        self.moved, self.waited = 0, 0.0

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of it. Raises BrokenPipeError for a client that takes it too slowly."""
        if self.gettimeout() == 0:
            super().sendall(data, flags)
            return

        rest = memoryview(data).cast("B")

        while rest:
            try:
                sent = self.send(rest, flags | socket.MSG_DONTWAIT)
            except BlockingIOError:
                if not self._wait(select.POLLOUT):
                    raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from None
                continue

            self.moved += sent
            rest = rest[sent:]

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has come. A client that sends too slowly has sent all it will: nothing."""
        if self.gettimeout() != 0 and not self._wait(select.POLLIN):
            return b""

        data = super().recv(size, flags)
        self.moved += len(data)
        return data

    def _wait(self, event: int) -> bool:
        """Whether the socket is ready for this before the client's time is up."""
        began = time.monotonic()
        allowed = GRACE_SECONDS + self.moved / LEAST_BYTES_PER_SECOND - self.waited
        descriptor = self.fileno()
        if descriptor < 0:  # closed meanwhile, by another thread
            raise OSError(errno.EBADF, "the socket is closed")

        poll = select.poll()
        poll.register(descriptor, event)
        own = self.gettimeout()
        longest = min(allowed, SILENT_SECONDS if own is None else own)
        ready = poll.poll(max(longest, 0) * 1000)
        self.waited += time.monotonic() - began

        return bool(ready)


class Connection(TConn):  # type: ignore[misc]
    """A connection that a worker counts, and that is closed without waiting for the other side."""

    def __init__(
        self, worker: "BoundedWorker", client: socket.socket, address: Any, server: Any
    ) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        bounded = BoundedSocket(client.family, client.type, client.proto, client.detach())
        super().__init__(worker.cfg, bounded, address, server)
        self.worker = worker
        self.address = address_of(address)
        self.drained = 0  # bytes that came after the answer
        self.counted = True
        self.told_to_go_on = False  # by a 100, before the body of the request at hand
        worker.by_address[self.address] += 1

    def close(self, graceful: bool = False) -> None:
        """Close; with `graceful`, say that this was all, and let the worker see the other side
        close first.
        """
        if self.counted:
            self.counted = False
            self.worker.uncount(self.address)

        if not (graceful and self.worker.linger(self)):
            self.sock.close()

    def take(self) -> bool:
        """Take what the client sent next.

        False where it left, or says more than a head may hold.
        """
        try:
            data = self.sock.recv(HEAD_BYTES_OF_REQUEST + SMALL_BODY_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False

        waiting = self.parser.unreader.buf
        waiting.seek(0, 2)
        waiting.write(data)

        if b"\r\n\r\n" not in waiting.getvalue() and waiting.tell() > HEAD_BYTES_OF_REQUEST:
            with suppress(OSError):
                self.sock.send(TOO_LONG)
            return False

        return bool(data)

    def has_request(self) -> bool:
        """Whether the head of a request is here, and its body if that is small."""
        waiting = self.parser.unreader.buf.getvalue()
        end = waiting.find(b"\r\n\r\n")
        if end < 0:
            return False

        head = waiting[: end + 2]
        length = CONTENT_LENGTH.search(head)
        body = int(length[1]) if length else 0

        if body > SMALL_BODY_BYTES or len(waiting) >= end + 4 + body:
            self.told_to_go_on = False
            return True

        if EXPECTS.search(head) and not self.told_to_go_on:
            self.told_to_go_on = True
            with suppress(OSError):
                self.sock.send(CONTINUE)

        return False


def address_of(peer: Any) -> str:
    """The client's address; "" at a unix socket, where there is none."""
    return str(peer[0]) if isinstance(peer, tuple) else ""


class BoundedWorker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker with the bounds of this module."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.by_address: Counter[str] = Counter()
        self.lingering: deque[Connection] = deque()
        self.most_of_one_address = CONNECTIONS

    def load_wsgi(self) -> None:
        """Load the application, whose settings say how many connections one address may have."""
        super().load_wsgi()
        settings = self.wsgi.extensions["rowcall"]
        if not settings.proxies:  # Behind a proxy all come from its address.
            self.most_of_one_address = settings.connections_per_address

    def uncount(self, address: str) -> None:
        """One connection of this address less."""
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]

    def accept(self, listener: Any) -> None:
        """Accept a connection.

        Where there are too many, the one that has waited longest for a request makes room.
        """
        try:
            client, peer = listener.accept()
        except OSError as error:
            if error.errno in NO_FILES_LEFT:
                self._make_room(None)
            elif error.errno not in GIVEN_UP:
                raise

            return

        address = address_of(peer)
        crowded = bool(address) and self.by_address[address] >= self.most_of_one_address

        if (crowded and not self._make_room(address)) or (
            self.nr_conns >= CONNECTIONS and not self._make_room(None)
        ):
            client.close()
            return

        self.nr_conns += 1
        self.enqueue_req(Connection(self, client, peer, listener.getsockname()))

    def _make_room(self, address: str | None) -> bool:
        """Close the connection that waits longest, of this address where one is given.

        False where none waits.
        """
        for waiting in (self.pending_conns, self.keepalived_conns):
            for conn in waiting:
                if address is None or conn.address == address:
                    waiting.remove(conn)
                    self._drop(conn)
                    return True

        return False

    def _drop(self, conn: Connection, *, graceful: bool = False) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close(graceful=graceful)

    def enqueue_req(self, conn: Connection) -> None:
        """Take a thread for a request that has come; until then the connection waits, with a
        deadline.
        """
        if not conn.initialized:
            conn.init()

        if conn.has_request():
            super().enqueue_req(conn)
            return

        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
        )

    def on_pending_socket_readable(self, conn: Connection, _client: socket.socket) -> None:
        """Take what came; once a request is whole, it gets its thread."""
        goes_on = conn.take()
        if goes_on and not conn.has_request():
            return

        self.pending_conns.remove(conn)

        if not goes_on:
            self._drop(conn, graceful=True)
            return

        self.poller.unregister(conn.sock)
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Answer.

        A body that has not come whole by now ends its connection, without waiting for the rest of
        it.
        """
        conn.sock.begin_request()
        reader = req.body.reader
        if isinstance(reader, ChunkedReader) or getattr(reader, "length", 0) > len(
            conn.parser.unreader.buf.getvalue()
        ):
            req.force_close()

        return bool(super().handle_request(req, conn))

    def linger(self, conn: Connection) -> bool:
        """Say that this was all, and close once the other side has.

        False where there is no time or room for it.

        Closing with bytes unread would reset the connection, and might take the answer away from
        its reader.
        """
        if not self.alive or len(self.lingering) >= LINGERING or conn in self.lingering:
            return False

        try:
            # The thread of a WebSocket closes its socket by itself; the next client may get that
            # number while the poller still knows it as this one's. So the worker has one of its
            # own.
            own = conn.sock.dup()
            own.setblocking(False)
            own.shutdown(socket.SHUT_WR)
        except OSError:
            return False

        conn.sock.close()
        conn.sock = own
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.lingering.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

        return True

    def _drain(self, conn: Connection, client: socket.socket) -> None:
        try:
            data = client.recv(SMALL_BODY_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""

        conn.drained += len(data)
        if not data or conn.drained > LINGER_BYTES:
            self._end_lingering(conn)

    def _end_lingering(self, conn: Connection) -> None:
        self.lingering.remove(conn)
        self.poller.unregister(conn.sock)
        conn.close()

    def murder_pending(self) -> None:
        """Close connections whose deadline is over."""
        super().murder_pending()
        now = time.monotonic()

        while self.lingering and self.lingering[0].timeout < now:
            conn = self.lingering.popleft()
            self.poller.unregister(conn.sock)
            conn.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """While the worker stops, connections without a request wait no longer than kept-alive
        ones.
        """
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
