"""What a search for contacts finds, as a file that can be uploaded again: each column or property has
the name by which an upload knows its field, and each value is taken for what it was.

Nothing is held while a reader takes its time: each page of contacts is a question of its own, and
gives the connection back. Contacts that come after the export began are not in it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, func, literal_column, select
from sqlalchemy.orm import Session

from webapp import db
from webapp.checking.checked_rows import Address
from webapp.checking.cleaning import LINES_AND_TABS, cleaned, of_digits
from webapp.checking.mapping import exported, heading_of
from webapp.checking.tags import joined_tags
from webapp.checking.validation import NUMBERED
from webapp.contacts import search
from webapp.contacts.addresses import addresses_of
from webapp.contacts.filters import ContactFilter
from webapp.limits import EXPORT_PAGE_CHARS, EXPORT_PAGE_ROWS
from webapp.models import Contact
from webapp.reading.formulas import protected
from webapp.staging.problem_list import IN_ORDER
from webapp.vocabulary.fields import SCALARS, SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN, LABEL_COLUMN

BOM = b"\xef\xbb\xbf"  # Excel takes a file for UTF-8 only with this
QUOTE = '"'
PARTING = re.compile(r"[\",;|\t\r\n^:~]|\A\s|\s\Z")
MARKS = ("'", '="')  # without these in it, cleaning leaves a contact's text alone

COLUMNS = (
    *("id", *SCALARS, "tags", "custom"),
    *(*LABEL_COLUMN.values(), *FURTHER_COLUMN.values()),
)
NO_ADDRESS: Address = {"value": None, "label": None}

Entry = Row[Any]  # the columns above


class Selection:
    """The contacts that a filter finds now, and the labels of the custom fields that they have."""

    def __init__(self, session: Session, wanted: ContactFilter) -> None:
        if wanted.q:
            search.unknown(session)
        # Each page would have the index find all of them again.
        self.wanted = wanted.select(walking=search.is_frequent(session, wanted.q))
        self.last = session.scalar(select(func.max(Contact.id))) or 0
        labels = self.wanted.with_only_columns(func.jsonb_object_keys(Contact.custom))
        self.labels = sorted(session.scalars(labels.distinct()))
        self.addresses = {kind: self._columns_of(session, kind) for kind in SEVERAL}

    def _columns_of(self, session: Session, kind: str) -> tuple[int, bool]:
        """How many columns the e-mails or phones take, and whether those of labels are wanted."""
        further = getattr(Contact, FURTHER_COLUMN[kind])
        label = getattr(Contact, LABEL_COLUMN[kind])
        most, labelled = session.execute(
            self.wanted.with_only_columns(
                func.max(func.jsonb_array_length(further)),
                func.bool_or(label.is_not(None)),
            )
        ).one()

        return 1 + (most or 0), bool(most or labelled)

    @property
    def headings(self) -> list[str]:
        """The label of each column, in the order of `row`."""
        ours = [label for _, label in exported(self.addresses)]
        return [*ours, *map(heading_of, self.labels)]

    def row(self, entry: Entry) -> list[str]:
        """A contact's text for each column, blank where it has none."""
        custom = custom_of(entry)
        cells: list[str] = []
        for name in SCALARS:
            cells += self._cells(entry, name) if name in SEVERAL else [text_of(entry, name)]

        return [
            *cells,
            joined_tags(entry.tags),
            *(custom.get(label, "") for label in self.labels),
        ]

    def _cells(self, entry: Entry, kind: str) -> Iterator[str]:
        """The cells of a contact's e-mails or phones, with their labels where these are wanted."""
        count, labelled = self.addresses[kind]
        held = addresses_of(entry, kind)[:count]

        for one in [*held, *[NO_ADDRESS] * (count - len(held))]:
            yield one["value"] or ""
            if labelled:
                yield one["label"] or ""

    def pages(self, session: Session) -> Iterator[Sequence[Entry]]:
        """The contacts in the order of their numbers, a bounded number and text at once."""
        after = 0
        while page := self._page(session, after):
            yield page
            after = page[-1].id

    def _page(self, session: Session, after: int) -> Sequence[Entry]:
        columns = [getattr(Contact, name) for name in COLUMNS]
        next_ones = (
            self.wanted.with_only_columns(*columns)
            .where(Contact.id > after, Contact.id <= self.last)
            .order_by(Contact.id)
            .limit(EXPORT_PAGE_ROWS)
            .subquery("next_ones")
        )
        size = func.length(literal_column("next_ones::text"))
        before = func.sum(size).over(order_by=next_ones.c.id, rows=(None, -1))
        sized = select(next_ones, before.label("before")).subquery()
        wanted = select(*(sized.c[column.key] for column in columns)).where(
            func.coalesce(sized.c.before, 0) <= EXPORT_PAGE_CHARS
        )

        # A misjudged search would sort all contacts for every page.
        with db.planned(session, **IN_ORDER):
            found = session.execute(wanted.order_by(sized.c.id)).all()

        session.close()
        return found


def text_of(entry: Entry, name: str) -> str:
    """A field's text; digits that an upload would take for a number's have the mark of a text."""
    text = getattr(entry, name) or ""
    return f"'{text}" if name in NUMBERED and of_digits(text) != text else text


def custom_of(entry: Entry) -> dict[str, str]:
    """The custom fields of a contact, as texts."""
    return {label: str(value) for label, value in entry.custom.items() if value is not None}


def as_taken(text: str) -> str:
    """The text with a formula's quote only where an upload would take it for another without."""
    if not any(mark in text for mark in MARKS) or cleaned(text, LINES_AND_TABS) == text:
        return text
    return protected(text)


def as_csv(session: Session, selection: Selection) -> Iterator[bytes]:
    """The contacts as a CSV in which no cell runs as a formula."""
    yield BOM + _lines([selection.headings])

    for page in selection.pages(session):
        yield _lines(map(selection.row, page))


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    lines = (",".join(map(_cell, row)) + "\r\n" for row in rows)
    return "".join(lines).encode("utf-8", "replace")


def _cell(text: str) -> str:
    """A cell, in quotes where it holds a sign that a program may take for the one between cells."""
    shown = text and protected(text)
    return f'"{shown.replace(QUOTE, QUOTE * 2)}"' if PARTING.search(shown) else shown
