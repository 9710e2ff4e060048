"""Finding a person in headers, and in stored files where staged rows and labels do not speak for
the whole file.

What is theirs, by an e-mail or ID in its column, is told apart from what only shares a phone or
names them. The file is read as the check reads it, with its format, encoding and blocks, and
nothing of it is kept: the cells of one row are in memory at a time. A file that cannot be read, or
not whole, is taken to hold the person.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import folding
from webapp.checking import emails, phones
from webapp.checking.cleaning import cleaned
from webapp.db import driver
from webapp.imports import uploads
from webapp.imports.stored_files import StoredFile
from webapp.limits import LABEL_CHARS
from webapp.models import ContactImport, ImportFileChunk
from webapp.reading import readers
from webapp.vocabulary.keys import LABEL_COLUMN
from webapp.vocabulary.states import UNCHECKED

EVERYTHING = readers.Limits(max_rows=2**40, max_columns=2**14)
CUT_SHORT = {"cell_too_long", "row_too_long"}  # of such a row only the beginning is read
# Digits, the last of a number, that are called without its area; shorter ones tell no one
# apart.
LOCAL = 8
SHORT = 7  # digits, from which on a number within other text is taken for one
SIGN = r"[ \u00a0./()-]"  # what people put between digits
BETWEEN = rf"{SIGN}{{0,3}}"
APART = " | "  # between cells: no sign of a number, and none of an address


@dataclass(frozen=True)
class Phone:
    """The ways in which a number is written.

    `near` is a quick look at what ends like it; it decides nothing.

    A whole file is deleted for what is found, so before the number may only stand what is dialled
    with it.
    """

    near: re.Pattern[str]
    within: re.Pattern[str] | None  # other text
    alone: re.Pattern[str]

    @classmethod
    def of(cls, phone: str) -> "Phone":
        code, at_home, number = phones.parts_of(phone)
        digits = BETWEEN.join(number)
        trunk = rf"(?:{'|'.join(sorted({'0', at_home} - {''}))})"
        abroad = (
            rf"(?:(?:00|011){BETWEEN})?{BETWEEN.join(code)}{BETWEEN}(?:{trunk}{BETWEEN})?|"
            if code
            else ""
        )
        before = rf"(?:{abroad}{trunk}{BETWEEN})"

        # With what is dialled before it, the number may follow another one; bare, it must not be a
        # part of one.
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
        return bool(
            self.alone.fullmatch(cell.strip()) or (self.within and self.within.search(cell))
        )


OWN, PHONE, NAMED = (
    "own",
    "phone",
    "named",
)  # how a row or file tells of a person, the strongest first
STRENGTH = (OWN, PHONE, NAMED)


def stronger(one: str | None, other: str | None) -> str | None:
    """The stronger of two such ways; null is none."""
    return min((way for way in (one, other) if way), key=STRENGTH.index, default=None)


def name_pattern(first: str, last: str) -> str:
    """A pattern, for Python and for PostgreSQL, of a whole name in searchable text, in either
    order.
    """
    first, last = (re.escape(folding.searchable(part)) for part in (first, last))
    between = r"[ ,;.|_-]{1,3}"
    return rf"(?<![0-9a-z])(?:{first}{between}{last}|{last}{between}{first})(?![0-9a-z])"


def mail_pattern(mail: str) -> str:
    """A pattern, for Python and for PostgreSQL, of an address by itself in text of small letters.

    ann@x.com stands neither in joann@x.com nor in ann@x.com.au. Other than Latin letters may touch
    it, as they do where a language puts no blanks.
    """
    return rf"(?<![0-9a-z_.%+-]){re.escape(mail)}(?![0-9a-z_-]|\.[0-9a-z])"


@dataclass(frozen=True)
class Sought:
    """What a person is known by.

    `mails` are whole addresses, as they were typed and as keys; `names` whole names.
    """

    mails: frozenset[str]
    mail: re.Pattern[str]
    ids: frozenset[str]
    phones: tuple[Phone, ...]
    names: frozenset[tuple[str, str]] = frozenset()
    name: re.Pattern[str] | None = None

    @classmethod
    def of(
        cls,
        *,
        mails: Iterable[str],
        ids: Iterable[str],
        phones: Iterable[str],
        names: Iterable[tuple[str, str]] = (),
    ) -> "Sought":
        """From the keys that a contact has or ever had, and its first and last names; `phones`
        are keys, or the text of a number that has none.
        """
        numbers = tuple(Phone.of(phone) for phone in phones)
        plain = frozenset(folding.searchable(mail) for mail in mails)
        called = frozenset(
            (folding.searchable(first), folding.searchable(last)) for first, last in names
        )
        by_name = (
            re.compile("|".join(name_pattern(*name) for name in called)) if called else None
        )
        by_mail = re.compile("|".join(map(mail_pattern, plain)))

        return cls(plain, by_mail, frozenset(ids), numbers, called, by_name)

    def tells(
        self, cells: list[str], id_columns: list[int], mail_columns: list[int] | None = None
    ) -> str | None:
        """How these cells tell of the person, by `STRENGTH`; null where they don't.

        An id is one only in a column of ids. An address of theirs makes the row theirs where it
        stands by itself in a column of addresses; null takes every column for one.
        """
        text = APART.join(cells)
        if not text.isprintable():
            cells = [cleaned(cell, "") for cell in cells]
            text = APART.join(cells)

        text = folding.searchable(text)
        if any(cells[index].strip() in self.ids for index in id_columns if index < len(cells)):
            return OWN

        has_mail = (
            any(mail in text for mail in self.mails) and self.mail.search(text) is not None
        )

        if has_mail or not text.isascii():
            of_mail = range(len(cells)) if mail_columns is None else mail_columns
            if any(self._is_a_mail(cells[index]) for index in of_mail if index < len(cells)):
                return OWN

        if any(
            phone.near.search(text) and any(map(phone.is_in, cells)) for phone in self.phones
        ):
            return PHONE

        named = (
            has_mail
            or self._names(text)
            or (not text.isascii() and any(map(self._is_a_mail, cells)))
        )

        return NAMED if named else None

    @property
    def pattern(self) -> str | None:
        """What PostgreSQL finds the rows by that may mention the person; null where there is
        nothing to find.
        """
        return (
            "|".join(map(folding.pattern, [*self.mails, *(last for _, last in self.names)]))
            or None
        )

    def is_mentioned_in(self, text: str) -> bool:
        """Whether an address of theirs or their whole name stands in the text by itself."""
        text = folding.searchable(text)
        return (bool(self.mails) and self.mail.search(text) is not None) or self._names(text)

    def is_in(self, cells: list[str]) -> bool:
        """Whether these texts tell of the person in any way."""
        return self.tells(cells, []) is not None

    def _names(self, text: str) -> bool:
        return (
            self.name is not None
            and any(last in text for _, last in self.names)
            and bool(self.name.search(text))
        )

    def _is_a_mail(self, cell: str) -> bool:
        """Whether the cell is one of the addresses, its domain perhaps in other letters."""
        cell = cell.strip()
        return "@" in cell and (
            folding.searchable(cell) in self.mails
            or (not cell.isascii() and emails.key_of(cell) in self.mails)
        )


def in_files(
    session: Session, sought: Sought, among: Iterable[UUID]
) -> Iterator[tuple[UUID, str]]:
    """Those of these imports whose stored files tell of the person, and how.

    It takes as long as reading these files does, some 6 s for each million rows of CSV.
    """
    if not (sought.mails or sought.ids or sought.phones or sought.names):
        return

    stored = select(ImportFileChunk.import_id).where(ImportFileChunk.position == 0)
    file_id = func.coalesce(ContactImport.file_of, ContactImport.id)
    kept = select(ContactImport).where(file_id.in_(stored), ContactImport.id.in_(list(among)))

    for opened in session.scalars(kept.execution_options(populate_existing=True)).all():
        if not _rows_say_all(opened) and (way := _way(driver(session), opened, sought)):
            yield opened.id, way


def in_headers(
    session: Session, sought: Sought, among: Iterable[UUID]
) -> Iterator[tuple[UUID, str]]:
    """Those of these imports whose columns or sheets are called by the person, and how.

    Columns are where a row of people was taken for the columns' names.
    """
    of_file = (
        ContactImport.head,
        ContactImport.columns,
        ContactImport.mapping,
        ContactImport.suggested_mapping,
    )
    among = list(among)

    for opened in session.execute(
        select(ContactImport.id, *of_file).where(ContactImport.id.in_(among))
    ).all():
        in_sheets = NAMED if sought.is_in(opened.head.get("sheets") or []) else None
        if way := stronger(
            sought.tells(opened.columns, _columns_of("external_id", opened)), in_sheets
        ):
            yield opened.id, way


def _rows_say_all(run: ContactImport) -> bool:
    """Whether each cell of the file is kept by itself: read to its end, every column, whole labels,
    one sheet. Of a cell that says what an address is only one of a few labels is kept.
    """
    is_whole = run.header_row <= 1 and len(run.head.get("sheets", [])) <= 1
    has_labels = all(len(label) < LABEL_CHARS for label in run.columns)
    kept = [target and target not in LABEL_COLUMN.values() for target in run.mapping or []]
    is_mapped = bool(kept) and all(kept)
    return run.state not in UNCHECKED and is_whole and has_labels and is_mapped


def _way(conn: psycopg.Connection[Any], run: ContactImport, sought: Sought) -> str | None:
    """How the file tells of the person; one that can't be read, or not whole, counts as theirs."""
    source = StoredFile(lambda: conn, run.file_id, run.size_bytes)
    found: str | None = None

    try:
        for dialect, id_columns, mail_columns in _parts(run):
            for record in readers.records(source, dialect, limits=EVERYTHING):
                is_cut = record.problem in CUT_SHORT
                found = stronger(
                    found,
                    OWN if is_cut else sought.tells(record.cells, id_columns, mail_columns),
                )
                if found == OWN:
                    return OWN
    except psycopg.Error:
        raise
    except Exception:  # noqa: BLE001 - what can't be read may hold anyone
        return OWN

    return found


def _parts(
    run: ContactImport,
) -> Iterator[tuple[readers.Dialect, list[int], list[int] | None]]:
    """Every row of every sheet, with the columns of ids and of addresses of the one that was
    chosen.

    What stands above the header, or on another sheet, is kept too. Where no column is known to hold
    addresses, each may.
    """
    whole = replace(uploads.dialect_of(run), header_row=0)
    ids, mails = _columns_of("external_id", run), _columns_of("email", run) or None
    for sheet in run.head.get("sheets") or [whole.sheet]:
        yield (
            replace(whole, sheet=sheet),
            *((ids, mails) if sheet == whole.sheet else ([], None)),
        )


def _columns_of(wanted: str, opened: Any) -> list[int]:
    """Which columns hold this field, by an import's `mapping` or, before there is one, its
    `suggested_mapping`.
    """
    targets = opened.mapping or opened.suggested_mapping
    return [index for index, target in enumerate(targets) if target == wanted]
