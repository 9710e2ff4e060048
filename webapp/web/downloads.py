"""Files for people and programs to keep: sent at their pace, and holding nothing but a thread
meanwhile.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, request, stream_with_context
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.contacts.exporting import Selection, as_csv
from webapp.contacts.vcards import as_vcards
from webapp.contacts.workbooks import as_xlsx, refuse_too_wide
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
from webapp.web.access import checked_import, load_import, settings
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db

_under_way = ConcurrencyLimit(DOWNLOADS_AT_ONCE, DOWNLOADS_AT_ONCE_PER_PERSON)
_workbooks = ConcurrencyLimit(WORKBOOKS_AT_ONCE, WORKBOOKS_AT_ONCE_PER_PERSON)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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


def contacts_csv(sought: str, imported_from: UUID | None) -> Response:
    """The contacts that a search finds. Raises concurrency.Full."""
    return _contacts(sought, imported_from, as_csv, "csv", "text/csv")


def contacts_vcf(sought: str, imported_from: UUID | None) -> Response:
    """The same as vCards."""
    return _contacts(sought, imported_from, as_vcards, "vcf", "text/vcard")


def contacts_xlsx(sought: str, imported_from: UUID | None) -> Response:
    """The same as a workbook. Raises Refusal too, where it would be too wide."""
    return _contacts(sought, imported_from, as_xlsx, "xlsx", XLSX, refuse=refuse_too_wide)


def _contacts(  # noqa: PLR0917 - what a search is, and what a format is
    sought: str,
    imported_from: UUID | None,
    made: Callable[[Session, Selection], Iterator[bytes]],
    extension: str,
    media_type: str,
    refuse: Callable[[Selection], None] | None = None,
) -> Response:
    source = load_import(imported_from).id if imported_from else None
    with ExitStack() as opened:
        if extension == "xlsx":
            opened.enter_context(_workbooks.place(current_user.id))
        opened.enter_context(_under_way.place(current_user.id))

        session = db.session()
        selection = Selection(session, sought, source)
        if refuse:
            refuse(selection)

        pieces = _while_read(exports.streamed(session, made(session, selection)))
        name = f"rowcall-contacts-{datetime.now(UTC):%Y-%m-%d}.{extension}"
        response = Response(
            stream_with_context(pieces), mimetype=media_type, headers=_named(name)
        )
        response.call_on_close(opened.pop_all().close)

    return response


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
