"""Live progress: the fragment that `polling` answers with, pushed over a WebSocket."""

import socket
from contextlib import ExitStack, suppress
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, abort, g, request
from flask_login import current_user
from flask_sock import Sock
from simple_websocket import Server  # type: ignore[import-untyped]
from wsproto.frame_protocol import CloseReason

from webapp.limits import STREAM_MESSAGE_BYTES
from webapp.web import hub
from webapp.web.access import load_import, settings
from webapp.web.extensions import db
from webapp.web.hub import bound_sends

blueprint = Blueprint("live", __name__)
sock = Sock()
PUSH_SECONDS = 1.0  # a push at least this often
PING_SECONDS = 25


def register(app: Flask) -> None:
    """Give the app its hub and the options of its sockets."""
    app.extensions["rowcall-hub"] = hub.Hub(app, app.extensions["rowcall"])
    app.config["SOCK_SERVER_OPTIONS"] = {
        "ping_interval": PING_SECONDS,
        "max_message_size": STREAM_MESSAGE_BYTES,
    }


@blueprint.before_request
def _at_the_door() -> None:
    """Everything is refused before the handshake: then the browser polls, which needs none of
    this.
    """
    if not current_user.is_authenticated:
        abort(401)
    if not _same_origin():
        abort(403)

    load_import(cast("dict[str, UUID]", request.view_args)["import_id"])
    g.place = ExitStack()

    try:
        g.watcher = g.place.enter_context(hub.current().stream(current_user))
    except hub.Full:
        abort(429)

    bound_sends(request.environ)
    db.session.remove()  # Nothing is held while the socket is open.


@blueprint.teardown_request
def _give_place_back(_error: BaseException | None) -> None:
    if "place" in g:
        g.place.close()


def _same_origin() -> bool:
    """A browser names the page's origin; another site's page must not listen in with this
    person's cookie.
    """
    origin = urlsplit(
        request.headers.get("Origin", "")
    )  # `odd_input` has seen that it can be read.
    return origin.scheme in {"http", "https"} and origin.netloc == request.host


@sock.route("/imports/<uuid:import_id>/live", bp=blueprint)
def live(ws: Server, import_id: UUID) -> None:
    """Push the progress until the import's step is over, the watcher leaves, or the time is up."""
    try:
        ws.close(_push(ws, import_id))
    except OSError:
        _drop(ws)


def _push(ws: Server, import_id: UUID) -> CloseReason:
    """Push fragments; how the socket is to be closed.

    Raises ConnectionClosed when the watcher left.
    """
    watched, fragment = hub.current(), ""
    for snapshot in watched.watch(
        import_id, settings().stream_seconds, PUSH_SECONDS, g.watcher
    ):
        if not ws.connected:
            return CloseReason.NORMAL_CLOSURE
        if ws.input_buffer:
            return CloseReason.POLICY_VIOLATION

        if snapshot is not None and snapshot.over:
            ws.send(watched.fragment(snapshot, hub.LAST))
            return CloseReason.NORMAL_CLOSURE

        fragment = watched.fragment(snapshot, hub.PUSHED) if snapshot else fragment
        if fragment:
            ws.send(fragment)

    return CloseReason.GOING_AWAY


def _drop(ws: Server) -> None:
    """Cut a connection whose other end takes nothing any more, without another word."""
    ws.connected = False
    with suppress(OSError):
        ws.sock.shutdown(socket.SHUT_RDWR)
