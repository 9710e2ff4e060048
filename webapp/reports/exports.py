"""The ledger as CSV, streamed: constant memory, safe to open in a spreadsheet.

Nothing is held while a reader takes its time: each page of entries and each block of the file is a
question of its own, and `streamed` gives the database connection back before each piece goes out.

Columns of our own come first and are named so that a file uploaded again is recognised and they are
ignored. The file's own cells are read again from the stored bytes, so a report shows exactly what
was uploaded.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from itertools import islice
from typing import Any
from uuid import UUID

from psycopg.rows import namedtuple_row
from sqlalchemy.orm import Session

from webapp import queries
from webapp.checking.cleaning import meant
from webapp.db import driver
from webapp.imports import uploads
from webapp.imports.stored_files import StoredFile
from webapp.limits import MEBIBYTE
from webapp.models import ContactImport
from webapp.reading import readers
from webapp.reading.formulas import protected
from webapp.reports import plan_results
from webapp.reports.ledger import Row
from webapp.reports.wording import shown
from webapp.staging import problem_list
from webapp.undoing import undo
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.outcomes import FAILURES, Outcome, sql_list

SQL = queries.load(
    "export",
    not_processed=Outcome.NOT_PROCESSED,
    invalid=Outcome.INVALID,
    failures=sql_list(FAILURES),
)

REJECTED = {Outcome.INVALID, *FAILURES}
BOM = b"\xef\xbb\xbf"  # Excel takes a file for UTF-8 only with this
FLUSH_ROWS = 500
# Of problems and staged cells in a page of entries, but for one row more.
FLUSH_CHARS = MEBIBYTE
REPORT_COLUMNS = (
    "Rowcall row",
    "Rowcall outcome",
    "Rowcall contact",
    "Rowcall code",
    "Rowcall reason",
)
REJECTED_COLUMNS = ("Rowcall row", "Rowcall reason")
UNDO_COLUMNS = (
    "Row",
    "Contact",
    "Field",
    "Code",
    "Reason",
    "Value before the import",
    "Value kept",
    "Changed by",
)


def safe(cell: str) -> str:
    """The cell as text that no spreadsheet runs, and that an upload takes for what it was."""
    return protected(meant(cell))


def report_csv(
    session: Session, import_id: UUID, limits: readers.Limits | None = None
) -> Iterator[bytes]:
    """Every row of the file: number, outcome, contact, code, reason, warnings, what was planned
    where it came out differently and when it was undone by itself, then the original columns.

    `limits` are those under which the file was checked, where they are not the usual ones. Once the
    retention time is over, what the ledger still knows: the cells are gone, and so are rows never
    processed.
    """
    run = session.get_one(ContactImport, import_id)
    every = SQL.ledger if run.expired_at else SQL.every_row
    planned = _planned(session, import_id)
    lines = (
        [
            *(entry.row, entry.outcome, entry.contact_id, entry.code),
            "\n".join(filter(None, [_told(_row(entry)), planned(entry.row), _undone(entry)])),
            *cells,
        ]
        for entry, cells in _rows(session, run, every, limits)
    )

    return _csv([*REPORT_COLUMNS, *run.columns], lines)


def _planned(session: Session, import_id: UUID) -> Callable[[int], str | None]:
    """What was planned for a row, where it came out differently; asked in the order of the file."""
    differing = plan_results.every_difference(session, import_id)
    waiting: list[plan_results.Difference] = []  # the next one, if there is any

    def planned(row: int) -> str | None:
        while not waiting or waiting[0].planned.row < row:
            waiting[:] = islice(differing, 1)
            if not waiting:
                return None

        if waiting[0].planned.row != row:
            return None

        what = plan_results.in_words(waiting.pop().planned, by_code=True)
        return gettext("Planned: {what}").format(what=what)

    return planned


def _undone(entry: Any) -> str | None:
    """When the row was undone by itself."""
    if entry.undone_at is None:
        return None

    moment = entry.undone_at.astimezone(UTC)
    return gettext("Undone: {moment} UTC").format(moment=f"{moment:%Y-%m-%d %H:%M}")


def rejected_csv(
    session: Session, import_id: UUID, limits: readers.Limits | None = None
) -> Iterator[bytes]:
    """The rows that did not get in, or only without a bad cell, with the reason: to be corrected
    and uploaded again.

    `limits` as above.
    """
    run = session.get_one(ContactImport, import_id)
    lines = (
        [entry.row, _reason(_row(entry)), *cells]
        for entry, cells in _rows(session, run, SQL.rejected, limits)
    )
    return _csv([*REJECTED_COLUMNS, *run.columns], lines)


def undo_csv(session: Session, import_id: UUID) -> Iterator[bytes]:
    """What an undo kept, field by field, and who or what stood in its way."""
    return _csv(list(UNDO_COLUMNS), _kept(session, import_id))


def _kept(session: Session, import_id: UUID) -> Iterator[list[Any]]:
    after = 0
    while page := undo.kept(session, import_id, after=after, limit=FLUSH_ROWS):
        for entry in page:
            values = [_plain(entry.wanted), _plain(entry.now), _changed_by(entry)]
            reason = ": ".join(filter(None, (messages.title(entry.code), entry.message)))
            yield [entry.row, entry.contact_id, entry.field, entry.code, reason, *values]

        after = page[-1].id


def _changed_by(entry: Any) -> str:
    if entry.changed_by_import:
        return entry.by_file or f"import {entry.changed_by_import}"
    return entry.by_person or ""


def _plain(value: Any) -> str:
    return "" if value is None else shown(value)


def _row(entry: Any) -> Row:
    return Row(
        entry.row,
        entry.outcome,
        entry.contact_id,
        entry.code,
        entry.detail,
        [],
        problems=entry.problems,
    )


def _told(row: Row) -> str:
    """Why, and below it the row's warnings, each with its code and the text in the file."""
    warnings = [
        f"{found['code']}{_quoted(found['value'])}: {found['message']}"
        for found in row.warnings
        if found["code"] != row.code
    ]
    return "\n".join(filter(None, [row.sentence, *warnings]))


def _quoted(value: str | None) -> str:
    return f" (“{value}”)" if value else ""


def _reason(row: Row) -> str:
    """Why a row is to be corrected; of one that got in, which cell did not."""
    dropped = [found["message"] for found in row.warnings if found["code"] == "cell_dropped"]
    return row.sentence if row.sentence and row.outcome in REJECTED else " ".join(dropped)


def _rows(
    session: Session, run: ContactImport, query: str, limits: readers.Limits | None
) -> Iterator[tuple[Any, list[str]]]:
    """Ledger entries with the file's cells; both come in row order, so one pass joins them."""
    cells = _cells(session, run, limits)
    row, values = next(cells, (None, []))

    for entry in _entries(session, query, run.id, with_cells=row is None):
        while row is not None and row < entry.row:
            row, values = next(cells, (None, []))
        yield entry, values if row == entry.row else list(entry.record or [])


def _entries(
    session: Session, query: str, import_id: UUID, *, with_cells: bool
) -> Iterator[Any]:
    """The entries in the order of the file; `with_cells` where the file is gone and only staged
    cells are left.
    """
    asked = {
        "id": import_id,
        "after": 0,
        "rows": FLUSH_ROWS,
        "chars": FLUSH_CHARS,
        "with_cells": with_cells,
    }

    while page := _page(session, query, asked):
        yield from page
        asked["after"] = page[-1].row


def _page(session: Session, query: str, asked: dict[str, Any]) -> list[Any]:
    with driver(session).cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(SQL.in_file_order, {"settings": list(problem_list.WAYS_ROUND)})
        return cursor.execute(query, asked).fetchall()


def _cells(
    session: Session, run: ContactImport, limits: readers.Limits | None
) -> Iterator[tuple[int | None, list[str]]]:
    """Row numbers and cells from the stored bytes, as long as they are kept."""
    source = StoredFile(lambda: driver(session), run.file_id, run.size_bytes)
    if next(source.blocks(0), None) is None:
        return

    for record in readers.records(source, uploads.dialect_of(run), limits=limits):
        yield record.row, record.cells


def _csv(header: list[str], lines: Iterable[list[Any]]) -> Iterator[bytes]:
    yield BOM
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([safe(label) for label in header])

    for number, line in enumerate(lines, 1):
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in line])
        if number % FLUSH_ROWS == 0:
            yield _emptied(buffer)

    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def streamed(session: Session, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a download.

    While one goes out at its reader's pace, the session holds no connection.
    """
    try:
        for chunk in chunks:
            session.close()
            yield chunk
    finally:
        session.close()
