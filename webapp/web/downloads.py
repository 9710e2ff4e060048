"""Files for people and programs to keep: sent at their pace, and holding nothing but a thread
meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from uuid import UUID

from flask import Response, stream_with_context
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.imports.uploads import limits
from webapp.limits import DOWNLOADS_AT_ONCE, DOWNLOADS_AT_ONCE_PER_PERSON
from webapp.models import ContactImport
from webapp.reports import exports
from webapp.reports.reporter import ImportReporter
from webapp.web.access import checked_import, settings
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db

_under_way = ConcurrencyLimit(DOWNLOADS_AT_ONCE, DOWNLOADS_AT_ONCE_PER_PERSON)


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
    name = f"rowcall-{kind}-{run.created_at:%Y-%m-%d}.{extension}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}
