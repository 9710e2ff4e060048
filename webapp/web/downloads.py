"""Files for people and programs to keep: sent at their pace, and holding nothing but a thread
meanwhile.
"""

import hashlib
import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, request, stream_with_context
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.contacts.exporting import Selection, Wanted, as_csv
from webapp.contacts.vcards import as_vcards
from webapp.contacts.workbooks import as_xlsx, refuse_too_wide
from webapp.deciding import plan
from webapp.imports.uploads import limits
from webapp.limits import (
    DOWNLOADS_AT_ONCE,
    DOWNLOADS_AT_ONCE_PER_PERSON,
    WORKBOOKS_AT_ONCE,
    WORKBOOKS_AT_ONCE_PER_PERSON,
)
from webapp.models import ContactImport
from webapp.reports import exports
from webapp.reports.reporter import ImportReporter
from webapp.vocabulary.catalogue import ENGLISH, speak
from webapp.vocabulary.strategies import Variant
from webapp.web.access import checked_import, load_import, settings
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db

_under_way = ConcurrencyLimit(DOWNLOADS_AT_ONCE, DOWNLOADS_AT_ONCE_PER_PERSON)
_workbooks = ConcurrencyLimit(WORKBOOKS_AT_ONCE, WORKBOOKS_AT_ONCE_PER_PERSON)


def report_csv(import_id: UUID) -> Response:
    """Every row with its outcome."""

    def made(session: Session, import_id: UUID) -> Iterator[bytes]:
        return ImportReporter(session, import_id).generate_detailed_log(limits(settings()))

    return _csv(import_id, made, "report")


def rejected_csv(import_id: UUID) -> Response:
    """The rows that did not get in."""
    return _csv(
        import_id, partial(exports.rejected_csv, limits=limits(settings())), "rejected"
    )


def undo_csv(import_id: UUID) -> Response:
    """What an undo kept."""
    return _csv(import_id, exports.undo_csv, "rollback")


def plan_csv(import_id: UUID, variant: Variant, digest: str) -> Response:
    """The plan with this digest, which is its ETag; 304 for one who has it."""
    if request.if_none_match.contains(digest):
        return Response(status=304, headers={"ETag": f'"{digest}"'})

    response = _csv(import_id, partial(plan_pieces, variant=variant, digest=digest), "plan")
    response.set_etag(digest)
    return response


def plan_pieces(
    session: Session, import_id: UUID, *, variant: Variant, digest: str
) -> Iterator[bytes]:
    """The plan with this digest, a block at a time.

    Raises BrokenOff where it went, or became another one, while it was read: a file that is not
    whole must not look so.
    """
    sent = hashlib.sha256()
    for block in plan.blocks(session, import_id, variant):
        piece = block.encode()
        sent.update(piece)
        yield piece

    if sent.hexdigest() != digest:
        raise BrokenOff("The plan changed while it was read")


class BrokenOff(Exception):  # noqa: N818 - what happened is no error of the program
    """A download whose source changed meanwhile."""


@dataclass(frozen=True)
class Format:
    """How contacts become a file, and what refuses those that it has no room for."""

    made: Callable[[Session, Selection], Iterator[bytes]]
    media_type: str
    refuse: Callable[[Selection], None] | None = None


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    "csv": Format(as_csv, "text/csv"),
    "xlsx": Format(as_xlsx, XLSX, refuse_too_wide),
    "vcf": Format(as_vcards, "text/vcard"),
}


def contacts(extension: str, wanted: Wanted) -> Response:
    """The contacts that are wanted, in one of the formats. Raises concurrency.Full, and Refusal
    where a workbook would be too wide.
    """
    if wanted.contacts.imported_from:
        load_import(wanted.contacts.imported_from)
    form = FORMATS[extension]
    with ExitStack() as opened:
        if extension == "xlsx":
            opened.enter_context(_workbooks.place(current_user.id))
        opened.enter_context(_under_way.place(current_user.id))

        session = db.session()
        selection = Selection(session, wanted)
        if form.refuse:
            form.refuse(selection)

        speak(ENGLISH)
        pieces = _while_read(exports.streamed(session, form.made(session, selection)))
        name = f"{_name_of(wanted)}.{extension}"
        response = Response(
            stream_with_context(pieces), mimetype=form.media_type, headers=_named(name)
        )
        response.call_on_close(opened.pop_all().close)

    return response


def _name_of(wanted: Wanted) -> str:
    of = f"-{wanted.column_set}" if wanted.column_set else ""
    if wanted.moment is None:
        return f"rowcall-contacts{of}-{datetime.now(UTC):%Y-%m-%d}"

    return f"rowcall-contacts{of}-as-of-{wanted.moment - timedelta(days=1):%Y-%m-%d}"


def _while_read(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, for as long as there is a reader: one who leaves while nothing is sent yet would
    not be noticed.
    """
    connection = request.environ.get("gunicorn.socket")
    with closing(pieces):  # type: ignore[type-var]
        for piece in pieces:
            if connection is not None and _has_left(connection):
                return
            yield piece


def _has_left(connection: Any) -> bool:
    """Whether the client closed the connection, where the system tells (Linux)."""
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))


def _csv(
    import_id: UUID, made: Callable[[Session, UUID], Iterator[bytes]], kind: str
) -> Response:
    """Raises concurrency.Full, which is answered with 429, and Refusal("wrong_state")."""
    run = checked_import(import_id)
    place = ExitStack()
    place.enter_context(_under_way.place(current_user.id))
    speak(ENGLISH)  # A program may read it, and so may an upload.
    name = _attachment(run, kind, "csv")
    pieces = exports.streamed(db.session(), made(db.session(), run.id))
    response = Response(stream_with_context(pieces), mimetype="text/csv", headers=name)
    response.call_on_close(place.close)

    return response


def report_pdf(run: ContactImport, content: bytes) -> Response:
    """The report on paper."""
    return Response(
        content, mimetype="application/pdf", headers=_attachment(run, "report", "pdf")
    )


def _attachment(run: ContactImport, kind: str, extension: str) -> dict[str, str]:
    return _named(f"rowcall-{kind}-{run.created_at:%Y-%m-%d}.{extension}")


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
