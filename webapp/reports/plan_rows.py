"""A page of the plan as people read it: whom each row is about, and what changes from and to.

The plan itself holds no values. They are worked out for the rows that are shown: from what the
contact holds now to what the row of the file brings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.deciding.plan import PlanLine
from webapp.models import Contact, ImportConflict, ImportRow
from webapp.reports.plan_results import COLUMN_OF
from webapp.reports.wording import number
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext, ngettext
from webapp.vocabulary.fields import CALLED, CUSTOM, NAMES, SCALARS, TAGS
from webapp.vocabulary.outcomes import WRITTEN, Outcome
from webapp.vocabulary.strategies import Rule, Strategy

CHANGED = tuple(outcome for outcome in WRITTEN if outcome is not Outcome.CREATED)
LONGEST_NAME = 120  # characters of the person a row is about


@dataclass(frozen=True)
class Value:
    """A field that changes: `field` as labels know it, what the contact holds, what it
    will hold.
    """

    field: str
    now: Any
    after: Any


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, and the value at fault where it is one cell's."""

    title: str
    field: str | None
    value: str | None


@dataclass(frozen=True)
class PlanRow:
    """`contact` is what the contact is called that is there already; `candidates` are the contacts
    that a row in conflict fits.
    """

    line: PlanLine
    who: str | None
    contact: str | None
    values: list[Value]
    company: str | None = None
    fault: Fault | None = None
    candidates: tuple[str, ...] = ()

    @property
    def sentence(self) -> str | None:
        """Why, where there is a reason."""
        if self.line.joins_row:
            text = gettext("The same contact as row {row} of this file")
            return text.format(row=self.line.joins_row)

        code = self.line.code
        return messages.title(code, row=self.line.row) if code else None

    @property
    def summary(self) -> str | None:
        """What becomes of it, in few words; None where the fault or the reason says it."""
        said = [*self._repeated(), *self._changes()]
        if self.fault or self.candidates or not said:
            return None

        return ", ".join(said)

    def _repeated(self) -> Iterator[str]:
        if self.line.joins_row:
            yield gettext("Repeats row {row}").format(row=number(self.line.joins_row))

    def _changes(self) -> Iterator[str]:
        if self.line.outcome == Outcome.CREATED:
            yield gettext("New contact")
        if self.line.outcome == Outcome.UNCHANGED:
            yield (
                gettext("nothing to add") if self.line.joins_row else gettext("Nothing to add")
            )
        if self.line.outcome == Outcome.NEW_SKIPPED:
            yield gettext("Left out, as asked")
        if self.line.outcome not in CHANGED:
            return

        fields = [value for value in self.values if value.field != TAGS.name]
        filled = sum(not value.now for value in fields)
        if filled:
            text = ngettext("{count} field filled", "{count} fields filled", filled)
            yield text.format(count=number(filled))
        if changed := len(fields) - filled:
            text = ngettext("{count} field changed", "{count} fields changed", changed)
            yield text.format(count=number(changed))
        if len(fields) < len(self.values):
            yield gettext("tags added")


def plan_rows(
    session: Session, import_id: UUID, lines: Sequence[PlanLine], strategy: Strategy
) -> list[PlanRow]:
    """The lines with what they leave out, read for these rows alone."""
    rows = _staged(session, import_id, [line.row for line in lines])
    contacts = _contacts(session, [line.contact_id for line in lines if line.contact_id])
    unclear = [line.row for line in lines if line.outcome == Outcome.CONFLICT]
    candidates = _candidates(session, import_id, unclear) if unclear else {}

    return [
        replace(
            _row(line, rows.get(line.row), contacts.get(line.contact_id or 0), strategy),
            candidates=candidates.get(line.row, ()),
        )
        for line in lines
    ]


def _candidates(
    session: Session, import_id: UUID, rows: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """What the contacts are called that are there already, by row."""
    asked = select(ImportConflict).where(
        ImportConflict.import_id == import_id, ImportConflict.row.in_(rows)
    )
    found = {
        one.row: [who["contact_id"] for who in one.candidates if "contact_id" in who]
        for one in session.scalars(asked)
    }
    people = _contacts(session, [one for ids in found.values() for one in ids])

    return {
        row: tuple(people[one].called or str(one) for one in ids if one in people)
        for row, ids in found.items()
    }


def _staged(session: Session, import_id: UUID, rows: Sequence[int]) -> dict[int, ImportRow]:
    asked = select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.row.in_(rows))
    return {row.row: row for row in session.scalars(asked)}


def _contacts(session: Session, ids: Sequence[int]) -> dict[int, Contact]:
    found = session.scalars(select(Contact).where(Contact.id.in_(ids)))
    return {contact.id: contact for contact in found}


def _row(
    line: PlanLine, row: ImportRow | None, contact: Contact | None, strategy: Strategy
) -> PlanRow:
    values = []
    if row:
        values = [_value(name, row, contact, strategy) for name in line.changed]

    called = (contact.called or "")[:LONGEST_NAME] if contact else None
    who = _who(row) if row else None
    company = (getattr(row, "company", None) or "")[:LONGEST_NAME]
    return PlanRow(line, who, called, values, company, _fault(line, row))


def _fault(line: PlanLine, row: ImportRow | None) -> Fault | None:
    """The first thing that keeps a row out."""
    if row is None or line.outcome != Outcome.INVALID:
        return None

    found = next((one for one in row.problems or [] if one["severity"] == "error"), None)
    if found is None:
        return None

    value = str(found.get("value") or "")[:LONGEST_NAME]
    return Fault(messages.title(found["code"], row=row.row), found.get("field"), value)


def _who(row: ImportRow) -> str | None:
    """The row's name, or what else says whom it means; of a row that cannot be read, its cells."""
    name = " ".join(filter(None, (getattr(row, part) for part in NAMES)))
    other = next(filter(None, (getattr(row, field) for field in CALLED)), None)
    return (name or other or " ".join(row.record or []))[:LONGEST_NAME] or None


def _value(name: str, row: ImportRow, contact: Contact | None, strategy: Strategy) -> Value:
    if name.startswith(CUSTOM):
        label = name.removeprefix(CUSTOM)
        now = (contact.custom or {}).get(label) if contact else None
        return Value(name, now, (row.custom or {}).get(label))

    field = COLUMN_OF.get(name, name)
    now = getattr(contact, field) if contact else None
    brought = getattr(row, field)
    if name == TAGS.name:
        return Value(field, now, _tags(now or [], brought or [], strategy))
    if field not in SCALARS:
        return Value(field, now, _addresses(now or [], brought or []))

    return Value(field, now, brought)


def _tags(now: list[str], brought: list[str], strategy: Strategy) -> list[str]:
    """A tag is the same in another case."""
    if strategy.rule is Rule.REPLACE:
        return brought

    held = {tag.casefold() for tag in now}
    return [*now, *(tag for tag in brought if tag.casefold() not in held)]


def _addresses(
    now: Sequence[Mapping[str, Any]], brought: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those behind the main one: what the file brings comes behind those that are there."""
    held = {one.get("key") or one.get("value") for one in now}
    new = [one for one in brought if (one.get("key") or one.get("value")) not in held]
    return [*now, *new]
