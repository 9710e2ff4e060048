"""A contact, and the whole book, as it was at the end of a day: read back from the journal.

A field was then worth what the newest change left that stood at that moment, or else what the
oldest change found: the rule by which undos work (`undoing/undo_rules.py`), asked of an earlier
moment. What no change touched since is as it is now. A contact that is gone was what the entry of
its going says; one that the undo of its import removed was what its row said.

A day ends at midnight UTC, for readers in all zones. Values are kept for the retention time;
an erased person has no entries, and so appears at no day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.checked_rows import Address, identity
from webapp.contacts.addresses import addresses_of, as_columns, columns_of
from webapp.contacts.journal import JOURNALLED
from webapp.models import Contact
from webapp.vocabulary.fields import CUSTOM, SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN
from webapp.vocabulary.refusals import Refusal

# A contact as the journal names its fields; "(created_at)" is beside them.
Flat = dict[str, Any]
CREATED = "(created_at)"
OF_ADDRESSES = {name for kind in SEVERAL for name in columns_of(kind)}
BLANK: Flat = {name: None for name in JOURNALLED if name != "custom"} | {
    "tags": [],
    **{FURTHER_COLUMN[kind]: [] for kind in SEVERAL},
}
SQL = queries.load("past", columns=", ".join(f"r.{name}" for name in JOURNALLED))


def end_of(day: date, days: int) -> datetime:
    """The moment at which this day ends.

    Raises Refusal("day_not_kept") for one that is yet to come, or that lies more than `days` back.
    """
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days)
    if not first <= day <= today:
        raise Refusal("day_not_kept", first=f"{first}", last=f"{today}")

    return datetime.combine(day + timedelta(days=1), time(), UTC)


@dataclass(frozen=True)
class Change:
    """An entry of the journal; `import_id` is null for one by hand. `after` is empty where the
    contact went, and where the retention time took the values.
    """

    id: int
    contact_id: int
    import_id: UUID | None
    row: int | None
    at: datetime
    undone_at: datetime | None
    before: Flat
    after: Flat

    @property
    def is_going(self) -> bool:
        """Whether the contact left the book by it."""
        return not self.after and (not self.before or CREATED in self.before)

    @property
    def is_emptied(self) -> bool:
        """Whether the retention time took its values."""
        return not self.after and not self.is_going

    def stood(self, moment: datetime) -> bool:
        """Whether it was made by then, and not undone."""
        return self.at <= moment and (self.undone_at is None or self.undone_at > moment)

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """What was and is there by each field that it names. Each tag (`tag:<tag>`) and each
        address (`email:<key>`) is a field, beside the whole list and the key of the main one.
        """
        names = [name for name in self.before if not name.startswith("(")]
        if self.is_emptied:
            return dict.fromkeys(names, (None, None))

        found = {
            name: (self.before[name], self.after.get(name))
            for name in names
            if name not in OF_ADDRESSES
        }
        if "tags" in found:
            before, after = (set(side or ()) for side in found["tags"])
            found |= {f"tag:{tag}": (tag in before, tag in after) for tag in before ^ after}
        for kind in SEVERAL:
            found |= self._addresses(kind)

        return found

    def _addresses(self, kind: str) -> dict[str, tuple[Any, Any]]:
        sides = (self.before, self.after)
        found: dict[str, tuple[Any, Any]] = {}
        if kind in self.before:
            found[kind] = (_main(self.before, kind), _main(self.after, kind))
        if (further := FURTHER_COLUMN[kind]) in self.before:
            found[further] = (self.before[further], self.after.get(further))

        was, now = ({identity(one): one for one in addresses_of(side, kind)} for side in sides)
        for known in {**was, **now}:
            if was.get(known) != now.get(known):
                found[f"{kind}:{known}"] = (was.get(known), now.get(known))

        return found


def _main(side: Mapping[str, Any], kind: str) -> str | None:
    value, key, _, _ = columns_of(kind)
    known: str | None = side.get(key) or side.get(value)
    return known


def _group(field: str) -> str:
    """The fields about which one entry without values says nothing any more."""
    if field.startswith("tag:"):
        return "tags"
    if field in FURTHER_COLUMN.values():
        return next(kind for kind in SEVERAL if FURTHER_COLUMN[kind] == field)

    kind = field.partition(":")[0]
    return kind if kind in SEVERAL else field


def flat(holder: Any) -> Flat:
    """A contact, or anything with its columns, as the journal names its fields."""
    plain = {name: getattr(holder, name) for name in JOURNALLED if name != "custom"}
    return BLANK | {
        **{name: value for name, value in plain.items() if value is not None},
        **{CUSTOM + label: value for label, value in (holder.custom or {}).items()},
        CREATED: holder.created_at,
    }


def as_it_was(
    moment: datetime, now: Flat | None, changes: Sequence[Change], rows: Mapping[int, Flat]
) -> Flat | None:
    """The contact at that moment; null where it was not in the book then, or is not known any more.

    `now` is how it is, null where it is gone; `changes` its whole journal, in order; `rows` has by
    the number of an entry what a contact was created as.
    """
    goings = [change for change in changes if change.is_going]
    if any(going.stood(moment) for going in goings):
        return None

    going = next((one for one in goings if one.at > moment), None)
    base = now if going is None else _left_by(going, rows)
    if base is None or _moment(base[CREATED]) > moment:
        return None

    from_row = going is not None and going.id in rows
    entries = [
        change
        for change in changes
        if not change.is_going and (going is None or change.id < going.id)
    ]
    differing = [change for change in entries if from_row or _differs(change, moment, going)]
    touched = {field for change in differing for field in change.fields()}
    return _Replay(moment, entries).of(base, touched) if touched else dict(base)


def _left_by(going: Change, rows: Mapping[int, Flat]) -> Flat | None:
    """What a contact was when it went; null where no entry or row says it any more."""
    if going.id in rows:
        return rows[going.id] | {CREATED: going.before[CREATED]}

    known = set(going.before) - {CREATED}
    return BLANK | going.before if known else None


def _differs(change: Change, moment: datetime, going: Change | None) -> bool:
    """Whether the contact is another one since by the change or its undo."""
    undone = change.undone_at
    if change.at > moment:
        return True
    return undone is not None and undone > moment and (going is None or undone <= going.at)


def _moment(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


class _Replay:
    """What some changes of a contact come to at a moment."""

    def __init__(self, moment: datetime, changes: Sequence[Change]) -> None:
        self.moment = moment
        self.named = [(change, change.fields()) for change in changes]

    def of(self, base: Flat, touched: Iterable[str]) -> Flat:
        """The contact with the fields `touched` as they were."""
        known = {field: self._value(field) for field in touched}
        values = {field: found[0] for field, found in known.items() if found is not None}
        plain = {
            field: value
            for field, value in values.items()
            if _group(field) not in ("tags", *SEVERAL)
        }
        found = {**base, **plain}

        if any(_group(field) == "tags" for field in values):
            found["tags"] = _tags(base["tags"], values)
        for kind in SEVERAL:
            if any(_group(field) == kind for field in values):
                found |= as_columns(_addresses(base, kind, values), kind)

        return found

    def _value(self, field: str) -> tuple[Any] | None:
        """The field's value; null where its changes do not say."""
        emptied = [
            change.id
            for change, fields in self.named
            if change.is_emptied
            and change.stood(self.moment)
            and _group(field) in map(_group, fields)
        ]
        horizon = max(emptied, default=0)
        naming = [
            (change, *fields[field])
            for change, fields in self.named
            if field in fields and change.id > horizon and not change.is_emptied
        ]
        standing = [one for one in naming if one[0].stood(self.moment)]
        for change, _, after in reversed(standing):
            if not self._is_idle(change, standing, naming):
                return (after,)

        return (naming[0][1],) if naming else None

    def _is_idle(
        self,
        change: Change,
        standing: Sequence[tuple[Change, Any, Any]],
        naming: Sequence[tuple[Change, Any, Any]],
    ) -> bool:
        """Whether a run of edits from this one on ends with what the import before it wrote."""
        later = [one for one in standing if one[0].id >= change.id]
        repeated = [_repeats(edit, after, naming) for edit, _, after in later]
        return min((one for one in repeated if one), default=change.id) < change.id


def _repeats(
    edit: Change, after: Any, naming: Sequence[tuple[Change, Any, Any]]
) -> int | None:
    """The entry of the import before the edit, where both wrote the same."""
    if edit.import_id is not None:
        return None

    imports = [
        (change.id, wrote)
        for change, _, wrote in naming
        if change.id < edit.id
        and change.import_id is not None
        and (change.undone_at is None or change.undone_at > edit.at)
    ]
    return imports[-1][0] if imports and imports[-1][1] == after else None


def _tags(now: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    had = {
        field.removeprefix("tag:"): has
        for field, has in values.items()
        if field.startswith("tag:")
    }
    found = [tag for tag in now if had.get(tag, True)]
    found += sorted(tag for tag, has in had.items() if has and tag not in found)
    listed = values.get("tags")

    return list(listed) if listed is not None and set(listed) == set(found) else found


def _addresses(base: Flat, kind: str, values: Mapping[str, Any]) -> list[Address]:
    """The addresses of a kind, the main one first: in the order of the journal's list, if that has
    the same ones, else as they stand now.
    """
    found = {identity(one): one for one in addresses_of(base, kind)}
    for field, address in values.items():
        if field.startswith(f"{kind}:"):
            known = field.removeprefix(f"{kind}:")
            if address is None:
                found.pop(known, None)
            else:
                found[known] = address
    if not found:
        return []

    main = values[kind] if kind in values else _main(base, kind)
    main = main if main in found else next(iter(found))
    others = [known for known in found if known != main]
    listed = [identity(one) for one in values.get(FURTHER_COLUMN[kind]) or []]
    if set(listed) == set(others):
        others = listed

    return [found[known] for known in (main, *others)]


def contact_on(session: Session, contact_id: int, moment: datetime) -> Contact | None:
    """The contact as it was, in no session; null where it was not in the book.

    What is gone from the journal, as an erased person is, was never there.
    """
    contact = session.get(Contact, contact_id, populate_existing=True)
    now = None if contact is None else flat(contact)
    changes = _read(session, SQL.of_contact, {"contact": contact_id})
    found = as_it_was(moment, now, changes, created_as(session, changes))
    return None if found is None else as_contact(contact_id, found)


def page_of(
    session: Session,
    moment: datetime,
    page: Sequence[Any],
    changed: Mapping[int, list[Change]],
) -> list[Any]:
    """Those of a page of contacts that were in the book then, as they were, and those that are gone
    since: `changed` has by their numbers what was changed.
    """
    now = {entry.id: entry for entry in page}
    rows = created_as(session, [change for theirs in changed.values() for change in theirs])
    found = []
    for number in sorted({*now, *changed}):
        entry = now.get(number)
        if number in changed:
            is_now = None if entry is None else flat(entry)
            was = as_it_was(moment, is_now, changed[number], rows)
            entry = None if was is None else _as_entry(number, was)
        if entry is not None and entry.created_at <= moment:
            found.append(entry)

    return found


def changed_since(
    session: Session,
    moment: datetime,
    after: int,
    until: int,
    most: int,
    *,
    naming: Sequence[str] | None = None,
) -> dict[int, list[Change]]:
    """The whole journal of the first `most` contacts behind `after`, up to `until`, of which a
    change was made or undone after the moment; by their numbers.

    With `naming` those alone that went since, or of which a custom field or one of these columns
    was changed.
    """
    names = None if naming is None else list(naming)
    asked = {"moment": moment, "after": after, "until": until, "most": most, "naming": names}
    found = _read(session, SQL.of_range, asked)
    return {
        number: list(theirs) for number, theirs in groupby(found, lambda one: one.contact_id)
    }


def _read(session: Session, statement: str, asked: Mapping[str, Any]) -> list[Change]:
    return [Change(**row) for row in db.execute(session, statement, asked).mappings()]


def created_as(session: Session, changes: Iterable[Change]) -> dict[int, Flat]:
    """What contacts were created as that the undo of an import removed, by the entry of that."""
    removed = [
        change for change in changes if change.is_going and set(change.before) == {CREATED}
    ]
    asked = {
        "changes": [change.id for change in removed],
        "imports": [change.import_id for change in removed],
        "rows": [change.row for change in removed],
    }
    if not removed:
        return {}

    found = {}
    for row in db.execute(session, SQL.created_as, asked):
        found[row.change] = flat(row)
    return found


def as_contact(contact_id: int, found: Flat) -> Contact:
    """A contact with these fields, in no session."""
    return Contact(id=contact_id, **_columns(found))


def _as_entry(contact_id: int, found: Flat) -> SimpleNamespace:
    """The same for a file, in a tenth of the time; when it was changed is not known any more."""
    return SimpleNamespace(id=contact_id, updated_at=None, **_columns(found))


def _columns(found: Flat) -> dict[str, Any]:
    plain = {
        name: value for name, value in found.items() if not name.startswith((CUSTOM, "("))
    }
    custom = {
        name.removeprefix(CUSTOM): value
        for name, value in found.items()
        if name.startswith(CUSTOM) and value is not None
    }
    return {**plain, "custom": custom, "created_at": _moment(found[CREATED])}
