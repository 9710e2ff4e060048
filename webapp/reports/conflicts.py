"""Rows in conflict beside the contacts that they may mean, as pages and programs show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Contact, ContactImport, ImportRow
from webapp.staging import row_choices
from webapp.staging.row_choices import Choice, Conflict
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.fields import IDENTITY, NAMES, SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_FIELDS, MATCH_KEYS, UNIQUE_KEYS

# Shown side by side. The name is one line.
NAME = "name"
COMPARED = ("external_id", "email", NAME, "phone", "company", "job_title", "city", "birthday")
Person = Contact | ImportRow


@dataclass(frozen=True)
class Candidate:
    """A contact that a row may mean.

    `row` is the earlier row of the file that makes it, where it has no number yet. `by` are the
    keys by which it was found, strongest first. `person` is None where it is gone.
    """

    contact_id: int | None
    row: int | None
    by: tuple[str, ...]
    person: Person | None

    @property
    def name(self) -> str | None:
        return self.person.called if self.person else None

    @property
    def email(self) -> str | None:
        return said(self.person, "email") or None

    @property
    def is_gone(self) -> bool:
        return self.person is None


@dataclass(frozen=True)
class Cell:
    """What a candidate says of a field; `same` is None where the row or the candidate says
    nothing.
    """

    text: str
    same: bool | None


@dataclass(frozen=True)
class Line:
    """A field of the row beside the candidates' own."""

    field: str
    text: str
    cells: tuple[Cell, ...]


class Fit(Enum):
    """How a candidate's field is to the row's, where the row says something."""

    SAME = "same"
    DIFFERS = "differs"
    BLANK = "blank"


def _fit(line: Line, at: int) -> Fit | None:
    cell = line.cells[at]
    if cell.same is not None:
        return Fit.SAME if cell.same else Fit.DIFFERS
    return Fit.BLANK if line.text else None


@dataclass(frozen=True)
class Taken:
    """A key of the row that a candidate has, and keeps unless this candidate is chosen."""

    key: str
    text: str
    holder: Candidate


@dataclass(frozen=True)
class Card:
    """A row in conflict; `choice` is what was chosen for it, and settles it where it holds."""

    row: int
    code: str
    kind: str
    who: str | None
    choice: Choice | None
    is_settled: bool
    candidates: tuple[Candidate, ...]
    lines: tuple[Line, ...] = ()
    taken: tuple[Taken, ...] = ()
    can_be_new: bool = True

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that was chosen; None where none was, or where it is none any more."""
        choice = self.choice
        if choice is None:
            return None

        return next((one for one in self.candidates if _is_meant(one, choice)), None)

    @property
    def nearest(self) -> Candidate | None:
        """The candidate that is most like the row; of several the first."""
        there = [one for one in self.candidates if not one.is_gone]
        return max(there, key=lambda one: len(self.fields(one, Fit.SAME)), default=None)

    def fields(self, candidate: Candidate, fit: Fit) -> list[str]:
        """The compared fields in which this candidate is to the row as `fit` says."""
        at = self.candidates.index(candidate)
        return [line.field for line in self.lines if _fit(line, at) is fit]

    def fills(self, candidate: Candidate) -> list[str]:
        """The compared fields that the row would fill. Keys that stay with others are none of
        them.
        """
        left = {one.key for one in self.left(candidate)}
        return [name for name in self.fields(candidate, Fit.BLANK) if name not in left]

    @property
    def seen(self) -> str:
        """The choice as a form says that it was shown; "" for none."""
        return as_seen(self.choice)

    @property
    def kept(self) -> list[Taken]:
        """The keys of the row that stay with other contacts, as it is settled."""
        if self.choice is None or self.choice.chosen is Chosen.LEAVE_OUT:
            return []
        return self.left(self.chosen)

    def rule_of(self, candidate: Candidate) -> str | None:
        """The key that makes this candidate what it is; None where another one has the same."""
        others = {key for one in self.candidates if one is not candidate for key in one.by}
        return next((key for key in candidate.by if key not in others), None)

    def left(self, chosen: Candidate | None) -> list[Taken]:
        """The keys of the row that stay with other contacts; with None, where the row becomes a new
        one.
        """
        return [one for one in self.taken if one.holder is not chosen]


def as_seen(choice: Choice | None) -> str:
    """A choice as a form says that it was shown; "" for none."""
    if choice is None:
        return ""
    if choice.chosen is Chosen.CONTACT:
        return f"contact:{choice.contact_id}:"
    if choice.chosen is Chosen.OWNER_OF:
        return f"owner_of:{choice.by}"

    return choice.chosen.value


def _is_meant(candidate: Candidate, choice: Choice) -> bool:
    if choice.contact_id is not None:
        return candidate.contact_id == choice.contact_id
    return choice.by in candidate.by


@dataclass(frozen=True)
class Counts:
    """How many rows are in conflict, and how many of them are settled."""

    rows: int
    settled: int


def counts(session: Session, import_: ContactImport) -> Counts:
    return counted(row_choices.kinds(session, import_))


def counted(kinds: Mapping[str, tuple[int, int]]) -> Counts:
    """All kinds together."""
    return Counts(
        sum(rows for rows, _ in kinds.values()), sum(settled for _, settled in kinds.values())
    )


def cards(session: Session, import_id: UUID, found: Sequence[Conflict]) -> list[Card]:
    """The rows with what they and their candidates say: two statements, however many they are."""
    asked = [one for conflict in found for one in conflict.candidates]
    people = contacts(session, (one.get("contact_id") for one in asked))
    named_rows = rows(
        session, import_id, {*(one.row for one in found), *(one.get("row") for one in asked)}
    )

    return [_card(conflict, named_rows, people) for conflict in found]


def candidates_of(
    session: Session, details: Sequence[Mapping[str, Any] | None]
) -> list[list[Candidate]]:
    """The contacts that entries of the ledger name, by their `detail`: one statement for all."""
    people = contacts(
        session, (one for detail in details for one in (detail or {}).get("contacts", ()))
    )
    return [[_candidate(one, {}, people) for one in named(detail or {})] for detail in details]


def named(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The candidates of a ledger's entry: {"contact_id", "by"}; entries from before say no `by`."""
    by = detail.get("by") or {}
    return [
        {
            "contact_id": contact,
            "by": [key for key in MATCH_KEYS if contact in by.get(key, ())],
        }
        for contact in detail.get("contacts", ())
    ]


def contacts(session: Session, ids: Iterable[int | None]) -> dict[int, Contact]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}

    found = session.scalars(select(Contact).where(Contact.id.in_(wanted)))
    return {contact.id: contact for contact in found}


def rows(
    session: Session, import_id: UUID, numbers: Iterable[int | None]
) -> dict[int, ImportRow]:
    """Rows of the file by their numbers; one that there is none of is left out."""
    wanted = [one for one in numbers if one is not None]
    if not wanted:
        return {}

    found = select(ImportRow).where(
        ImportRow.import_id == import_id, ImportRow.row.in_(wanted)
    )
    return {row.row: row for row in session.scalars(found)}


def _candidate(
    told: Mapping[str, Any], rows: Mapping[int, ImportRow], people: Mapping[int, Contact]
) -> Candidate:
    contact_id, row = told.get("contact_id"), told.get("row")
    person = rows.get(row) if row is not None else people.get(contact_id or 0)
    return Candidate(
        contact_id, row, tuple(key for key in MATCH_KEYS if key in told["by"]), person
    )


def _card(
    conflict: Conflict, rows: Mapping[int, ImportRow], people: Mapping[int, Contact]
) -> Card:
    found = [_candidate(one, rows, people) for one in conflict.candidates]
    found.sort(key=_strongest)
    row = rows.get(conflict.row)
    held = tuple(taken(row, found)) if row else ()
    can_be_new = row is None or names_a_person(row, held)
    is_new = conflict.choice is not None and conflict.choice.chosen is Chosen.NEW

    return Card(
        row=conflict.row,
        code=conflict.code,
        kind=conflict.kind,
        who=row.called if row else None,
        choice=conflict.choice,
        is_settled=conflict.is_settled and (can_be_new or not is_new),
        candidates=tuple(found),
        lines=tuple(compared(row, found)) if row else (),
        taken=held,
        can_be_new=can_be_new,
    )


def _strongest(candidate: Candidate) -> tuple[int, int, int]:
    rank = min((MATCH_KEYS.index(key) for key in candidate.by), default=len(MATCH_KEYS))
    return rank, candidate.row or 0, candidate.contact_id or 0


def compared(
    row: ImportRow, candidates: Sequence[Candidate], fields: Iterable[str] = COMPARED
) -> Iterable[Line]:
    """Field by field, where the row or a candidate says something."""
    for name in fields:
        text = said(row, name)
        texts = [said(one.person, name) for one in candidates]
        if not text and not any(texts):
            continue

        cells = [
            Cell(theirs, _is_same(row, one.person, name) if text and theirs else None)
            for one, theirs in zip(candidates, texts, strict=True)
        ]
        yield Line(name, text, tuple(cells))


def said(person: Person | None, name: str) -> str:
    """What a row or a contact says of a field; of several addresses all."""
    if person is None:
        return ""
    if name == NAME:
        return " ".join(filter(None, (getattr(person, part) for part in NAMES)))
    if name in SEVERAL:
        return ", ".join(text for text, _ in _addresses(person, name))

    return getattr(person, name) or ""


def _addresses(person: Person, name: str) -> list[tuple[str, str]]:
    """Text and key of the e-mails or phones, the main one first."""
    main = getattr(person, name), getattr(person, KEY_FIELDS[name])
    further = getattr(person, FURTHER_COLUMN[name]) or []
    all_ = [main, *((one["value"], one.get("key")) for one in further)]
    return [(text, key or text) for text, key in all_ if text]


def _is_same(row: ImportRow, person: Person | None, name: str) -> bool:
    """Whether both say the same: of several addresses one will do, case and blanks are no
    matter.
    """
    if person is not None and name in SEVERAL:
        ours, theirs = _addresses(row, name), _addresses(person, name)
        return bool({key for _, key in ours} & {key for _, key in theirs})

    one, other = said(row, name), said(person, name)
    if name in UNIQUE_KEYS:
        return one == other

    return one.casefold().split() == other.casefold().split()


def taken(row: ImportRow, candidates: Sequence[Candidate]) -> Iterable[Taken]:
    """The keys of the row that candidates have."""
    for key in MATCH_KEYS:
        for candidate in candidates:
            if key not in candidate.by or candidate.person is None:
                continue
            for text in _shared(row, candidate.person, key):
                yield Taken(key, text, candidate)


def _shared(row: ImportRow, person: Person, key: str) -> list[str]:
    """What the row says of a key that the other one has as well, still."""
    if key not in SEVERAL:
        return [text for text in [said(row, key)] if text and text == said(person, key)]

    theirs = {one for _, one in _addresses(person, key)}
    return [text for text, one in _addresses(row, key) if one in theirs]


def names_a_person(row: ImportRow, taken: Iterable[Taken]) -> bool:
    """Whether the row has a name, or a key that is free: without them it would make no contact."""
    if any(getattr(row, name) for name in IDENTITY - set(MATCH_KEYS)):
        return True

    given = {(one.key, one.text) for one in taken}

    return any((key, text) not in given for key in MATCH_KEYS for text in _texts(row, key))


def _texts(row: ImportRow, key: str) -> list[str]:
    if key in SEVERAL:
        return [text for text, _ in _addresses(row, key)]
    return [text for text in [said(row, key)] if text]
