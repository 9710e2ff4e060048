"""Finding a person in headers, and in stored files where staged rows and labels do not speak for the whole file.

The file is read as the check reads it, whatever its format, encoding and blocks are, and nothing of it is kept: the
cells of one row are in memory at a time. A file that cannot be read, or not whole, is taken to hold the person.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.engine import sessions, uploads
from webapp.engine.staging import StoredFile
from webapp.intake import emails, phones, reading
from webapp.intake.cleaning import cleaned
from webapp.limits import LABEL_CHARS
from webapp.models import ContactImport, ImportFileChunk

EVERYTHING = reading.Limits(max_rows=2**40, max_columns=2**14)
CUT_SHORT = {"cell_too_long", "row_too_long"}  # of such a row only the beginning is read
LOCAL = 8  # digits, the last of a number, that are called without its area; shorter ones are anybody's
SHORT = 7  # digits, from which on a number within other text is taken for one
SIGN = r"[ \u00a0./()-]"  # what people put between digits
BETWEEN = rf"{SIGN}{{0,3}}"
APART = " | "  # between cells: no sign of a number, and none of an address


@dataclass(frozen=True)
class Phone:
    """The ways in which a number is written. `near` is a quick look at what ends like it; it decides nothing.

    A whole file is deleted for what is found, so before the number may only stand what is dialled with it.
    """

    near: re.Pattern[str]
    within: re.Pattern[str] | None  # other text
    alone: re.Pattern[str]

    @classmethod
    def of(cls, key: str) -> "Phone":
        code, at_home, number = phones.parts_of(key)
        digits = BETWEEN.join(number)
        trunk = rf"(?:{'|'.join(sorted({'0', at_home} - {''}))})"
        abroad = rf"(?:(?:00|011){BETWEEN})?{BETWEEN.join(code)}{BETWEEN}(?:{trunk}{BETWEEN})?|" if code else ""
        before = rf"(?:{abroad}{trunk}{BETWEEN})"
        # With what is dialled before it, the number may follow another one; bare, it must not be a part of one.
        dialled = rf"(?<!\d){before}{digits}(?![.,]?\d)"
        bare = rf"(?<!\d)(?<!\d[,{SIGN[1:]}){digits}(?!\d|[,{SIGN[1:]}\d)"
        local = rf"|{BETWEEN.join(number[-LOCAL:])}" if len(number) > LOCAL else ""
        return cls(
            near=re.compile(BETWEEN.join(number[-LOCAL:])),
            within=re.compile(f"{dialled}|{bare}") if len(number) >= SHORT else None,
            alone=re.compile(rf"[+(]{{0,2}}{before}?{digits}{local}"),
        )

    def is_in(self, cell: str) -> bool:
        """Whether the cell holds the number: a short one by itself, others within text too."""
        return bool(self.alone.fullmatch(cell.strip()) or (self.within and self.within.search(cell)))


def mail_pattern(mail: str) -> str:
    """A pattern, for Python and for PostgreSQL, of an address by itself in text of small letters.

    ann@x.com stands neither in joann@x.com nor in ann@x.com.au. Other than Latin letters may touch it, as they do where
    a language puts no blanks.
    """
    return rf"(?<![0-9a-z_.%+-]){re.escape(mail)}(?![0-9a-z_-]|\.[0-9a-z])"


@dataclass(frozen=True)
class Sought:
    """What a person is known by. `mails` are whole addresses, as they were typed and as keys."""

    mails: frozenset[str]
    mail: re.Pattern[str]
    ids: frozenset[str]
    phones: tuple[Phone, ...]

    @classmethod
    def of(cls, *, mails: Iterable[str], ids: Iterable[str], phone_keys: Iterable[str]) -> "Sought":
        """From the keys that a contact has or ever had."""
        numbers = tuple(Phone.of(key) for key in phone_keys)
        plain = frozenset(_plain(mail) for mail in mails)
        return cls(plain, re.compile("|".join(map(mail_pattern, plain))), frozenset(ids), numbers)

    def is_in(self, cells: list[str], id_columns: list[int]) -> bool:
        """Whether these cells tell of the person. An id is one only in a column of ids."""
        text = APART.join(cells)
        if not text.isprintable():
            cells = [cleaned(cell, "") for cell in cells]
            text = APART.join(cells)
        text = _plain(text)
        return (
            (any(mail in text for mail in self.mails) and self.mail.search(text) is not None)
            or any(phone.near.search(text) and any(map(phone.is_in, cells)) for phone in self.phones)
            or any(cells[index].strip() in self.ids for index in id_columns if index < len(cells))
            or (not text.isascii() and any(self._spells_a_mail(cell) for cell in cells))
        )

    def _spells_a_mail(self, cell: str) -> bool:
        """Whether the cell is one of the addresses with its domain in other letters."""
        return "@" in cell and not cell.isascii() and emails.key_of(cell.strip()) in self.mails


def _plain(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


def in_files(session: Session, sought: Sought, among: Iterable[UUID]) -> Iterator[UUID]:
    """Those of these imports whose stored files hold the person.

    It takes as long as reading these files does, some 6 s for each million rows of CSV.
    """
    if not (sought.mails or sought.ids or sought.phones):
        return
    stored = select(ImportFileChunk.import_id).where(ImportFileChunk.position == 0)
    kept = select(ContactImport).where(ContactImport.id.in_(stored), ContactImport.id.in_(list(among)))
    for opened in session.scalars(kept.execution_options(populate_existing=True)).all():
        if not _rows_say_all(opened) and _holds(sessions.driver(session), opened, sought):
            yield opened.id


def in_headers(session: Session, sought: Sought, among: Iterable[UUID]) -> Iterator[UUID]:
    """Those of these imports whose header is the person: a row that somebody took for the columns' names."""
    wanted = (ContactImport.id, ContactImport.columns, ContactImport.mapping, ContactImport.suggested_mapping)
    for opened in session.execute(select(*wanted).where(ContactImport.id.in_(list(among)))).all():
        if sought.is_in(opened.columns, _id_columns(opened)):
            yield opened.id


def _rows_say_all(opened: ContactImport) -> bool:
    """Whether each cell of the file is kept by itself: read to its end, every column, whole labels, one sheet."""
    is_whole = opened.header_row <= 1 and len(opened.head.get("sheets", [])) <= 1
    has_labels = all(len(label) < LABEL_CHARS for label in opened.columns)
    return opened.total is not None and is_whole and has_labels and bool(opened.mapping) and all(opened.mapping or [])


def _holds(conn: psycopg.Connection[Any], opened: ContactImport, sought: Sought) -> bool:
    source = StoredFile(conn, opened.id, opened.size_bytes)
    try:
        return any(
            record.problem in CUT_SHORT or sought.is_in(record.cells, id_columns)
            for dialect, id_columns in _parts(opened)
            for record in reading.records(source, dialect, limits=EVERYTHING)
        )
    except psycopg.Error:
        raise
    except Exception:  # noqa: BLE001 - whatever keeps it from being read, nobody can say that the person is not in it
        return True


def _parts(opened: ContactImport) -> Iterator[tuple[reading.Dialect, list[int]]]:
    """Every row of every sheet, and the columns of ids of the one that was chosen.

    What stands above the header, or on another sheet, is kept too.
    """
    whole = replace(uploads.dialect_of(opened), header_row=0)
    id_columns = _id_columns(opened)
    for sheet in opened.head.get("sheets") or [whole.sheet]:
        yield replace(whole, sheet=sheet), id_columns if sheet == whole.sheet else []


def _id_columns(opened: Any) -> list[int]:
    """Which columns hold ids, by an import's `mapping` or, before there is one, its `suggested_mapping`."""
    targets = opened.mapping or opened.suggested_mapping
    return [index for index, target in enumerate(targets) if target == "external_id"]
