"""Live progress: the same partial, pushed over a WebSocket, or polled where there is none."""

import socket
import struct
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from wsproto.frame_protocol import CloseReason

from webapp.web import hub
from webapp.web.access import load_import, settings
from webapp.web.extensions import db

blueprint = Blueprint("live", __name__)
sock = Sock()
PUSH_SECONDS = 1.0  # a push at least this often
SEND_SECONDS = 5.0  # a reader that takes nothing for this long is let go
PING_SECONDS = 25
LONGEST_MESSAGE = 1024  # nobody has to say anything


def register(app: Flask) -> None:
    """Give the app its hub and the options of its sockets."""
    app.extensions["rowcall-hub"] = hub.Hub(app)
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": PING_SECONDS, "max_message_size": LONGEST_MESSAGE}


@blueprint.before_request
def _at_the_door() -> ResponseReturnValue | None:
    """Everything is refused before the handshake: then the browser polls, which needs none of this."""
    if not current_user.is_authenticated:
        abort(401)
    if not _same_origin():
        abort(403)
    load_import(cast("dict[str, UUID]", request.view_args)["import_id"])
    return None


def _same_origin() -> bool:
    """A browser names the page's origin; another site's page must not listen in with this person's cookie."""
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in {"http", "https"} and origin.netloc == request.host


@sock.route("/imports/<uuid:import_id>/live", bp=blueprint)
def _live(ws: Server, import_id: UUID) -> None:
    """Push the progress until the import's step is over, the watcher leaves, or the time is up."""
