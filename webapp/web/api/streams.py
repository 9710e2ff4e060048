"""Progress as Server-Sent Events.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

from flask import Response, request
from flask_login import current_user

from webapp.vocabulary.states import State
from webapp.web import hub
from webapp.web.access import settings
from webapp.web.api.representations import progress_of, result_of
from webapp.web.extensions import db
from webapp.web.hub import bound_sends
from webapp.web.problems import Problem

# A comment at least this often, so that no proxy takes the stream for dead.
QUIET_SECONDS = 10.0
RECONNECT_MS = 2000


class Reserved(ExitStack):
    """A place for a stream of the person at hand; the caller closes it. 429 where there is none."""

    def __init__(self) -> None:
        super().__init__()
        try:
            self.place = self.enter_context(hub.current().stream(current_user))
        except hub.Full:
            raise Problem(
                429, "too_many_streams", "Close a stream first, or ask /progress instead."
            ) from None


def stream(import_id: UUID, reserved: Reserved) -> Response:
    """The import's events until its end, or until the time is up and the client comes back by
    itself.
    """
    bound_sends(request.environ)
    db.session.remove()  # Nothing is held while the stream is open.
    events = _events(hub.current(), import_id, settings().stream_seconds, reserved.place)
    response = Response(events, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(reserved.close)

    return response


def _events(
    watched: hub.Hub, import_id: UUID, seconds: float, place: hub.Place
) -> Iterator[bytes]:
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    commented = time.monotonic()

    for snapshot in watched.watch(import_id, seconds, QUIET_SECONDS / 2, place):
        if time.monotonic() - commented >= QUIET_SECONDS / 2:
            commented = time.monotonic()
            yield b": still here\n\n"

        if snapshot is not None:
            yield _event("progress", progress_of(snapshot.progress).model_dump_json())

        if snapshot is not None and snapshot.ended:
            yield _event("done", _result(watched, import_id))
            return

        if snapshot is not None and snapshot.found.state == State.AWAITING_APPROVAL:
            return  # It may take days.


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


def _result(watched: hub.Hub, import_id: UUID) -> str:
    with watched.app.app_context():
        return result_of(db.session(), import_id).model_dump_json()
