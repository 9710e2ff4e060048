"""Uploads as they come in: the bytes go into the database while the person is still sending."""

import threading
from contextlib import ExitStack
from typing import IO, cast

from flask import Flask, abort, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.db import driver
from webapp.imports.stored_files import Incoming
from webapp.limits import (
    BODIES_AT_ONCE,
    BODIES_AT_ONCE_PER_PERSON,
    FORM_BYTES,
    PASTED_BYTES,
    RECEIVED_AT_ONCE,
    SMALL_BODY_BYTES,
)
from webapp.web import problems
from webapp.web.access import refuse_viewers, uploads_limit
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db, limiter, login
from webapp.web.odd_input import CheckedRequest

UPLOADS = {"wizard.upload", "api.upload_import"}
# Each holds a connection for as long as its sender takes. Uploads beyond these are kept in a
# temporary file meanwhile.
_slots = threading.Semaphore(RECEIVED_AT_ONCE)
_under_way = ConcurrencyLimit(
    BODIES_AT_ONCE, BODIES_AT_ONCE_PER_PERSON
)  # Each holds a thread.


class ReceivingRequest(CheckedRequest):
    """A request whose uploaded file becomes chunks in this request's own transaction."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint in UPLOADS and "slot" not in g and _slots.acquire(blocking=False):
            g.slot = True
            return cast("IO[bytes]", Incoming(driver(db.session())))

        kept = super()._get_file_stream(
            total_content_length, content_type, filename, content_length
        )
        g.setdefault("temporary", []).append(kept)

        return kept


def _admit() -> ResponseReturnValue | None:
    """Who sends a body, and whether this person may, is settled before a byte of it is read.

    The worker ends the connection of a request that is answered without its body. Only after this
    does an extension look for a token in the form.
    """
    large = _is_large()
    upload = request.endpoint in UPLOADS

    if upload and request.mimetype == "multipart/form-data":
        request.max_form_memory_size = PASTED_BYTES
    else:
        request.max_content_length = (
            FORM_BYTES  # Werkzeug minds the form's own limit in multipart bodies only.
        )

    if not large and not upload:
        return None
    if not current_user.is_authenticated:
        return _stranger(upload=upload)

    if upload:
        refuse_viewers()
        with limiter.limit(uploads_limit, key_func=lambda: str(current_user.id)):
            pass

    if large:
        g.receiving = ExitStack()
        g.receiving.enter_context(_under_way.place(current_user.id))

    return None


def _is_large() -> bool:
    """Whether the body is one that the worker has not read whole, or one of unknown length."""
    length = request.content_length
    return (
        "Transfer-Encoding" in request.headers if length is None else length > SMALL_BODY_BYTES
    )


def _stranger(*, upload: bool) -> ResponseReturnValue:
    """The answer to a client without an account who sends more than signing in takes."""
    if problems.concerns_api():
        raise problems.Problem(401)
    if not upload:
        abort(413)

    return cast("ResponseReturnValue", login.unauthorized())


def _let_go(_error: BaseException | None) -> None:
    """Free the slot, and close the temporary files: no one else closes those of a form that is
    refused half-way.
    """
    if g.pop("slot", None):
        _slots.release()

    for kept in g.pop("temporary", []):
        kept.close()

    if "receiving" in g:
        g.pop("receiving").close()


def register(app: Flask) -> None:
    """Have the app receive bodies like this. Comes before every extension that reads forms."""
    app.request_class = ReceivingRequest
    app.before_request(_admit)
    app.teardown_request(_let_go)
