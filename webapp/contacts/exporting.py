"""What a search for contacts finds, as a file that can be uploaded again: each column or property
has the name by which an upload knows its field, and each value is taken for what it was.

Nothing is held while a reader takes its time: each page of contacts is a question of its own, and
gives the connection back. Contacts that come after the export began are not in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from webapp import db
from webapp.checking.cleaning import LINES_AND_TABS, cleaned
from webapp.checking.column_sets import Column, ColumnSet, columns_of
from webapp.contacts import past, search
from webapp.contacts.addresses import addresses_of
from webapp.contacts.export_columns import (
    MOMENTS,
    Entry,
    all_columns,
    shown_columns,
    texts,
)
from webapp.contacts.filters import ContactFilter
from webapp.limits import EXPORT_PAGE_CHARS, EXPORT_PAGE_ROWS
from webapp.models import Contact
from webapp.reading.formulas import protected
from webapp.staging.problem_list import IN_ORDER
from webapp.vocabulary.fields import SCALARS, SEVERAL
from webapp.vocabulary.keys import DERIVED_KEYS, FURTHER_COLUMN, LABEL_COLUMN

BOM = b"\xef\xbb\xbf"  # Excel takes a file for UTF-8 only with this
QUOTE = '"'
PHONE = re.compile(r"\+[0-9]+(?: [0-9]+)*")
# What one look tells to be a cell as it is, as most are.
PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .@_/()&'+-]*[A-Za-z0-9.)])?")
PARTING = re.compile(r"[\",;|\t\r\n^:~]|\A\s|\s\Z")
EMPTY = {"custom": "{}", **dict.fromkeys(FURTHER_COLUMN.values(), "[]")}
LAST = 2**63 - 1  # the largest number of a contact

# What says how many columns a table has, beside the custom fields.
COUNTED = (*LABEL_COLUMN.values(), *FURTHER_COLUMN.values())
COLUMNS = (
    *("id", *SCALARS, "tags", "custom", *MOMENTS.values()),
    *COUNTED,
)


@dataclass(frozen=True)
class Wanted:
    """What a file shall hold: these contacts, and all that they hold; or the columns `shown` beside
    the name, as a list of contacts has them; or the columns of another program. With a `moment`,
    the whole book as it was then.
    """

    contacts: ContactFilter
    shown: Sequence[str] = ()
    column_set: ColumnSet | None = None
    moment: datetime | None = None


class Selection:
    """The contacts that are wanted now, and the columns in which a table has them."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        sought = wanted.contacts.q
        if sought:
            search.unknown(session)
        # Each page would have the index find all of them again.
        self.contacts = wanted.contacts.select(walking=search.is_frequent(session, sought))
        self.last = session.scalar(select(func.max(Contact.id))) or 0
        self.moment = wanted.moment
        self.columns = self._columns(session, wanted)
        # For another program a phone is one only without a quote before it.
        self.is_for_program = wanted.column_set is not None

    def _columns(self, session: Session, wanted: Wanted) -> list[Column]:
        addresses = {kind: self._columns_of(session, kind) for kind in SEVERAL}
        labels = self.contacts.with_only_columns(func.jsonb_object_keys(Contact.custom))
        known = set(session.scalars(labels.distinct()))
        if self.moment is not None:
            self._see_past(session, self.moment, addresses, known)
        if wanted.column_set is None and wanted.shown:
            return shown_columns(wanted.shown, addresses)

        if wanted.column_set is not None:
            return columns_of(wanted.column_set, addresses, sorted(known))
        return all_columns(addresses, sorted(known))

    def _see_past(
        self,
        session: Session,
        moment: datetime,
        addresses: dict[str, tuple[int, bool]],
        labels: set[str],
    ) -> None:
        """Count in what the contacts held then that were changed since."""
        after = 0
        while changed := past.changed_since(
            session, moment, after, LAST, EXPORT_PAGE_ROWS, naming=COUNTED
        ):
            after = max(changed)
            some = tuple(changed)
            page = session.scalars(select(Contact).where(Contact.id.in_(some))).all()
            for contact in past.page_of(session, moment, page, changed):
                labels.update(contact.custom)
                for kind in SEVERAL:
                    held = addresses_of(contact, kind)
                    count, labelled = addresses[kind]
                    said = labelled or len(held) > 1 or any(one["label"] for one in held)
                    addresses[kind] = max(count, len(held)), said

            session.expunge_all()

    def _columns_of(self, session: Session, kind: str) -> tuple[int, bool]:
        """How many columns the e-mails or phones take, and whether those of labels are wanted."""
        further = getattr(Contact, FURTHER_COLUMN[kind])
        label = getattr(Contact, LABEL_COLUMN[kind])
        most, labelled = session.execute(
            self.contacts.with_only_columns(
                func.max(func.jsonb_array_length(further)),
                func.bool_or(label.is_not(None)),
            )
        ).one()

        return 1 + (most or 0), bool(most or labelled)

    @property
    def headings(self) -> list[str]:
        """The label of each column, in the order of `rows`."""
        return [column.heading for column in self.columns]

    def texts(self, page: Sequence[Entry]) -> list[Sequence[str]]:
        """Of each column the text of each contact, blank where it has none."""
        return texts(self.columns, page)

    def pages(self, session: Session) -> Iterator[Sequence[Entry]]:
        """The contacts in the order of their numbers, a bounded number and text at once."""
        if self.moment is not None:
            yield from self._pages_of_past(session, self.moment)
            return

        after = 0
        while page := self._page(session, after):
            yield page
            after = page[-1].id

    def _pages_of_past(self, session: Session, moment: datetime) -> Iterator[Sequence[Any]]:
        """The contacts are read before their changes: what is changed in between is read back."""
        after = 0
        while after < LAST:
            page = self._page(session, after)
            until = page[-1].id if page else LAST
            changed = past.changed_since(session, moment, after, until, EXPORT_PAGE_ROWS)
            if len(changed) == EXPORT_PAGE_ROWS:
                until = max(changed)

            here = [entry for entry in page if entry.id <= until]
            found = past.page_of(session, moment, here, changed)
            session.close()
            yield found
            after = until

    def _page(self, session: Session, after: int) -> Sequence[Entry]:
        # A misjudged search would sort all contacts for every page.
        with db.planned(session, **IN_ORDER):
            found = session.connection().execute(self._next_ones, {"after": after}).all()

        session.close()
        return found

    @cached_property
    def _next_ones(self) -> Select[Any]:
        """The contacts whose numbers come after `after`, a page of them."""
        names = COLUMNS if self.moment is None else (*COLUMNS, *DERIVED_KEYS)
        next_ones = (
            self.contacts.with_only_columns(*map(_filled, names))
            .where(Contact.id > bindparam("after"), Contact.id <= self.last)
            .order_by(Contact.id)
            .limit(EXPORT_PAGE_ROWS)
            .subquery("next_ones")
        )
        size = func.length(literal_column("next_ones::text"))
        before = func.sum(size).over(order_by=next_ones.c.id, rows=(None, -1))
        sized = select(next_ones, before.label("before")).subquery()
        within = func.coalesce(sized.c.before, 0) <= EXPORT_PAGE_CHARS

        return select(*(sized.c[name] for name in names)).where(within).order_by(sized.c.id)


def _filled(name: str) -> ColumnElement[Any]:
    """The column of contacts; an empty object or list is null, which takes no time to read."""
    column: ColumnElement[Any] = Contact.__table__.c[name]
    if name not in EMPTY:
        return column

    return func.nullif(column, literal_column(f"'{EMPTY[name]}'"), type_=JSONB).label(name)


def as_taken(text: str) -> str:
    """The text with a formula's quote only where an upload would take it for another without."""
    if ("'" not in text and '="' not in text) or cleaned(text, LINES_AND_TABS) == text:
        return text
    return protected(text)


def as_csv(session: Session, selection: Selection) -> Iterator[bytes]:
    """The contacts as a CSV in which no cell runs as a formula."""
    cell = _cell_for_program if selection.is_for_program else _cell
    yield BOM + _lines([[heading] for heading in selection.headings], cell)

    for page in selection.pages(session):
        yield _lines(selection.texts(page), cell)


def _lines(columns: Sequence[Sequence[str]], cell: Callable[[str], str]) -> bytes:
    """Column by column, since most of them are blank in most books."""
    cells = [
        [text and cell(text) for text in texts] if any(texts) else texts for texts in columns
    ]
    lines = (f"{line}\r\n" for line in map(",".join, zip(*cells, strict=True)))
    return "".join(lines).encode("utf-8", "replace")


def _cell(text: str) -> str:
    """A cell, in quotes where it holds a sign that a program may take for the one between cells."""
    if PLAIN.fullmatch(text):
        return text
    shown = f"'{text}" if PHONE.fullmatch(text) else protected(text)
    return f'"{shown.replace(QUOTE, QUOTE * 2)}"' if PARTING.search(shown) else shown


def _cell_for_program(text: str) -> str:
    """The same, but a phone stays one: as a formula it would be a number, which does no harm."""
    return text if PHONE.fullmatch(text) else _cell(text)
