"""Uploads: a file is stored, its head is read, and an import session opens; read again while the
columns are open.
"""

import re
from contextlib import closing, suppress
from typing import Any, BinaryIO, cast
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.checking import profiles
from webapp.config import Settings
from webapp.db import driver
from webapp.imports import locks, mappings
from webapp.imports.stored_files import Incoming, StoredFile, received
from webapp.limits import PROFILED_FILE_BYTES
from webapp.models import (
    ContactImport,
    CorrectedCell,
    CorrectionAct,
    ImportChoice,
    ImportConflict,
    ImportCorrection,
    ImportLease,
)
from webapp.reading import readers
from webapp.reading.records import Sheet
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command, State

LONGEST_NAME = 200


def create(
    session: Session,
    user_id: int,
    filename: str,
    stream: BinaryIO | Incoming,
    settings: Settings,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    repair: bool | None = None,
    default_country: str | None = None,
    upload_key: str | None = None,
) -> ContactImport:
    """Store the bytes, read the head and open a session.

    Nothing stays behind when the file is refused.

    Raises Refusal for a file that cannot be used, too_large past the limit, and too_many_pending
    for a person with as many imports waiting as one may have.
    """
    locks.refuse_too_many(session, user_id, settings)
    filename = plain_name(filename)
    stored = received(driver(session), stream, settings.max_upload_bytes)
    opened = ContactImport(
        id=stored.import_id,
        created_by=user_id,
        filename=filename,
        size_bytes=stored.size,
        sha256=stored.sha256,
        default_country=default_country,
        upload_key=upload_key,
    )

    head = look(
        session,
        opened,
        settings,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        header_row=header_row,
        repair=repair,
    )
    _take_head(session, opened, head)
    _take_profile(session, opened, head, settings)
    session.add(opened)
    session.flush()
    session.add(ImportLease(import_id=opened.id))
    locks.log(session, opened.id, "uploaded")
    session.flush()

    return opened


def plain_name(filename: str) -> str:
    """A client's name of a file, as it is shown: no folders, nothing invisible, at most 200
    characters with its end.
    """
    last = re.split(r"[/\\]", filename)[-1]
    shown = "".join(c for c in last if c.isprintable()).strip()
    stem, dot, extension = shown.rpartition(".")
    kept = LONGEST_NAME - len(dot + extension)
    return f"{stem[:kept]}{dot}{extension}" if dot and kept > 0 else shown[:LONGEST_NAME]


def look(
    session: Session,
    run: ContactImport,
    settings: Settings,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    repair: bool | None = None,
) -> readers.Head:
    """The head of the stored file, read with what is given; the rest is found out.

    Raises Refusal.
    """
    return readers.inspect(
        StoredFile(lambda: driver(session), run.file_id, run.size_bytes),
        run.filename,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        header_row=header_row,
        repair=repair,
        limits=limits(settings),
    )


def reread(
    session: Session, import_id: UUID, settings: Settings, **choices: Any
) -> ContactImport:
    """Read the head again with the choices that `look` takes, and keep it; the mapping starts
    over.
    """
    opened = locks.locked(session, import_id)
    locks.require(opened, Command.READ_AGAIN)
    locks.refuse_while_correcting(opened)
    head = look(session, opened, settings, **choices)
    _take_head(session, opened, head)
    _take_profile(session, opened, head, settings)
    opened.mapping = opened.draft = None
    if opened.state != State.UPLOADED:
        locks.enter(session, opened, State.UPLOADED)

    # The cells moved, so a correction or a choice would meet another one.
    moved = (ImportCorrection, CorrectionAct, CorrectedCell, ImportChoice, ImportConflict)
    for table in moved:
        session.execute(delete(table).where(table.import_id == import_id))
    session.flush()

    return opened


def _take_head(session: Session, opened: ContactImport, head: readers.Head) -> None:
    """Keep what the head tells.

    A mapping that this person gave to the same columns before is suggested again.
    """
    before = mappings.remembered(session, opened.created_by, head.columns)
    opened.format = head.dialect.format
    opened.encoding = head.dialect.encoding
    opened.delimiter = head.dialect.delimiter
    opened.sheet = head.dialect.sheet
    opened.header_row = head.dialect.header_row
    opened.columns = list(head.columns)
    opened.sample = [list(cells) for cells in head.sample]
    opened.head = {
        "sheets": [found.name for found in head.sheets],
        "sheet_rows": [found.rows for found in head.sheets],
        "encoding_certain": head.encoding_certain,
        "layout": list(head.dialect.layout),
        "is_spoilt": head.is_spoilt,
        "mapped_before": before and before.used_at.isoformat(),
        "choices_before": before.choices if before else {},
        "saved_before": before and before.saved,
    }

    opened.suggested_mapping = (
        before.targets if before else mappings.suggested(session, head.columns, head.sample)
    )


def _take_profile(
    session: Session, opened: ContactImport, head: readers.Head, settings: Settings
) -> None:
    """Keep what the first rows tell of the columns. What cannot be read further down than the head
    is the check's to say.
    """
    opened.head = {**opened.head, "profile": None}
    is_text = head.dialect.format == "csv" and not head.dialect.sheet
    if not is_text and opened.size_bytes > PROFILED_FILE_BYTES:
        return

    source = StoredFile(lambda: driver(session), opened.file_id, opened.size_bytes)
    records = readers.records(source, head.dialect, limits=limits(settings))
    with suppress(Refusal), closing(cast("Any", records)):
        opened.head["profile"] = profiles.of(records, opened.suggested_mapping).as_json()


def profile_of(run: ContactImport) -> profiles.Profile:
    """What is known of the columns: by the first rows, or by the few that every import keeps."""
    if kept := run.head.get("profile"):
        return profiles.Profile.from_json(kept)
    return profiles.Profile.of_sample(len(run.columns), run.sample)


def sheets_of(run: ContactImport) -> list[Sheet]:
    """The tables of the file; how many rows they have is not known of files from before it was
    counted.
    """
    names = run.head.get("sheets", [])
    rows = run.head.get("sheet_rows") or [None] * len(names)
    return [Sheet(*found) for found in zip(names, rows, strict=True)]


def dialect_of(run: ContactImport) -> readers.Dialect:
    """How the stored bytes are to be read."""
    return readers.Dialect(
        format=run.format,
        encoding=run.encoding,
        delimiter=run.delimiter,
        sheet=run.sheet,
        header_row=run.header_row,
        layout=tuple(run.head.get("layout", ())),
        width=len(run.columns),
    )


def limits(settings: Settings) -> readers.Limits:
    """The administrator's limits as the intake room takes them."""
    return readers.Limits(
        max_rows=settings.max_rows,
        max_columns=settings.max_columns,
        max_cell_chars=settings.max_cell_chars,
    )
