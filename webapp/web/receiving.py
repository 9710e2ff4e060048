"""Uploads as they come in: the bytes go into the database while the person is still sending."""

import threading
from typing import IO, cast

from flask import Flask, g
from flask_login import current_user

from webapp.engine.sessions import driver
from webapp.engine.staging import Incoming
from webapp.limits import RECEIVED_AT_ONCE
from webapp.web.extensions import db
from webapp.web.odd_input import CheckedRequest

UPLOADS = {"wizard.upload", "api.upload_import"}
# Each holds a connection for as long as its sender takes. Uploads beyond these are kept in a temporary file meanwhile.
_slots = threading.Semaphore(RECEIVED_AT_ONCE)


class ReceivingRequest(CheckedRequest):
    """A request whose uploaded file becomes chunks in this request's own transaction."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint in UPLOADS and "slot" not in g and _may_upload() and _slots.acquire(blocking=False):
            g.slot = True
            return cast("IO[bytes]", Incoming(driver(db.session())))
        kept = super()._get_file_stream(total_content_length, content_type, filename, content_length)
        g.setdefault("temporary", []).append(kept)
        return kept


def _may_upload() -> bool:
    return bool(current_user.is_authenticated and current_user.role != "viewer")


def _let_go(_error: BaseException | None) -> None:
    """Free the slot, and close the temporary files: those of a form that is refused half-way nobody else closes."""
    if g.pop("slot", None):
        _slots.release()
    for kept in g.pop("temporary", []):
        kept.close()


def register(app: Flask) -> None:
    """Have the app receive uploads like this."""
    app.request_class = ReceivingRequest
    app.teardown_request(_let_go)
