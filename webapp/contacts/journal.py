"""Changes by hand: each under a version check, each in the journal, in the change's own
transaction.

Provenance is read from the same journal: where each value came from, and what stood there before.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from webapp.checking.checked_rows import ERROR, Address, CheckedRow, identity
from webapp.checking.cleaning import LINES_AND_TABS, cleaned, is_same_text
from webapp.checking.validation import Checker
from webapp.contacts import edited_addresses
from webapp.contacts.addresses import addresses_of, as_columns, columns_of, differing, shown
from webapp.deciding.decision import WRITTEN
from webapp.models import Contact, ContactChange, ContactImport, User
from webapp.reading.readers import Position, Record
from webapp.vocabulary.fields import CUSTOM, SCALARS, SEVERAL, is_target
from webapp.vocabulary.keys import KEY_FIELDS
from webapp.vocabulary.refusals import Refusal

LONGEST_WAIT = 1.8  # seconds for all statements of a change, so that a page answers within two
HELD = {
    "57014",
    "55P03",
    "40P01",
}  # a lock that did not come in time, and two that wait for one another
EDITABLE = (*SCALARS, "tags")
# The columns of a contact that the journal writes.
JOURNALLED = tuple(
    dict.fromkeys((*WRITTEN, *(name for kind in SEVERAL for name in columns_of(kind))))
)
# What a person gives for several e-mails or phones: by kind, main first, {"value", "label"} each.
Lists = Mapping[str, Sequence[Mapping[str, str | None]]]


def edit_contact(
    session: Session,
    contact_id: int,
    version: int,
    values: Mapping[str, str],
    user_id: int,
    *,
    addresses: Lists | None = None,
) -> Contact:
    """Write a person's values: field names and `custom:<label>`; blank clears, what is not named
    stays. `email` and `phone` are the main ones: where one goes, the next moves up.

    `addresses` has whole lists by kind (`email`, `phone`), which take the place of these.

    The caller commits. Raises Refusal: contact_changed, contact_busy, contact_key_taken, or
    contact_invalid with `problems`, a list of {code, field, value} and, of a list, `at`, the place
    in it; sqlalchemy's NoResultFound for a contact that is gone.
    """
    until = time.monotonic() + LONGEST_WAIT
    contact = _locked(session, contact_id, until)
    if contact.version != version:
        raise Refusal("contact_changed")

    now = flat(contact)
    then = _edited(session, contact, values, addresses or {})
    if not changed_fields(now, then):
        return contact

    for name, value in in_columns(then).items():
        setattr(contact, name, value)

    contact.version += 1
    contact.updated_at = func.now()
    write(session, until)
    session.add(edit_entry(contact_id, now, then, user_id))
    write(session, until)

    return contact


def edit_entry(
    contact_id: int, now: Mapping[str, Any], then: Mapping[str, Any], user_id: int
) -> ContactChange:
    """The journal's entry of an edit from the fields `now` to the fields `then`."""
    changed = changed_fields(now, then)
    before, after = ({name: values.get(name) for name in changed} for values in (now, then))
    entry = ContactChange(
        contact_id=contact_id, kind="edit", user_id=user_id, before=before, after=after
    )
    # After what an undo wrote that held the contact until now.
    entry.at = func.clock_timestamp()

    return entry


def blank_contact() -> Contact:
    """A contact without anything, in no session."""
    return Contact(tags=[], custom={}, further_emails=[], further_phones=[])


def create_contact(
    session: Session, values: Mapping[str, str], *, addresses: Lists | None = None
) -> Contact:
    """A new contact with a person's values, as `edit_contact` takes them. The caller commits.

    Raises Refusal: contact_busy, contact_key_taken or contact_invalid.
    """
    contact = blank_contact()
    for name, value in in_columns(_edited(session, contact, values, addresses or {})).items():
        setattr(contact, name, value)

    session.add(contact)
    write(session, time.monotonic() + LONGEST_WAIT)
    return contact


def changed_fields(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """The fields that differ, each main address with its key and, where it has or had one, its
    label: an undo brings all of it back.
    """
    changed = [name for name in then if now.get(name) != then[name]]
    mains = [columns_of(kind)[:3] for kind in SEVERAL]
    together = [
        name
        for value, key, label in mains
        if {value, key, label} & set(changed)
        for name in (value, key, *([label] if now[label] or then[label] else []))
    ]
    return list(dict.fromkeys([*changed, *together]))


def delete_contact(session: Session, contact_id: int, version: int, user_id: int) -> None:
    """Delete a contact by hand; the journal keeps what it was. The caller commits.

    Raises Refusal: contact_changed_on_delete or contact_busy.
    """
    until = time.monotonic() + LONGEST_WAIT
    contact = _locked(session, contact_id, until)
    if contact.version != version:
        raise Refusal("contact_changed_on_delete")

    session.add(deletion_entry(contact, user_id))
    write(session, until)
    session.delete(contact)
    write(session, until)


def deletion_entry(contact: Contact, user_id: int) -> ContactChange:
    """The journal's entry of a deletion: what the contact was."""
    held = {name: value for name, value in flat(contact).items() if value not in (None, [])}
    before = held | _beside(contact)
    return ContactChange(
        contact_id=contact.id, kind="delete", user_id=user_id, before=before, after={}
    )


def _beside(contact: Contact) -> dict[str, Any]:
    """What a contact is beside its fields, for the undo of its deletion: columns, by their names in
    parentheses.
    """
    source = {
        "imported_from": str(contact.imported_from),
        "imported_row": contact.imported_row,
    }
    made = {"created_at": contact.created_at.isoformat(), "version": contact.version}
    return {
        f"({name})": value
        for name, value in ({**source, **made} if contact.imported_from else made).items()
    }


def _locked(session: Session, contact_id: int, until: float) -> Contact:
    limit(session, until)
    try:
        return session.get_one(
            Contact, contact_id, with_for_update=True, populate_existing=True
        )
    except OperationalError as error:
        raise busy(session, error) from None


def write(session: Session, until: float) -> None:
    """Send what was changed, one statement a call, by then.

    A key that a batch is writing is waited for, like the contact. Raises Refusal: contact_busy or
    contact_key_taken.
    """
    limit(session, until)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        raise Refusal("contact_key_taken") from None
    except OperationalError as error:
        raise busy(session, error) from None


def limit(session: Session, until: float) -> None:
    """Have the next statement end by `until`, of time.monotonic().

    The limit of a lock would begin anew with each lock that it waits for.
    """
    left = max(round((until - time.monotonic()) * 1000), 1)
    with session.no_autoflush:
        session.execute(text(f"SET LOCAL statement_timeout = {left}"))


def busy(session: Session, error: OperationalError) -> Exception:
    """A refusal, where an import holds what the edit needs; any other error stays what it is."""
    session.rollback()
    return Refusal("contact_busy") if getattr(error.orig, "sqlstate", None) in HELD else error


def _edited(
    session: Session, contact: Contact, values: Mapping[str, str], lists: Lists
) -> dict[str, Any]:
    """The fields after the edit; what the person left alone stays to the letter, keys included.

    An import may have known more of it, such as the country from which a phone number is dialled.
    """
    now, stands = flat(contact), form_values(contact)
    touched = {
        name for name, value in values.items() if not is_same_text(stands.get(name, ""), value)
    }
    held, problems = _edited_addresses(session, contact, touched, values, lists)
    mains = {kind: some[0]["value"] if some else "" for kind, some in held.items()}
    plain = touched - set(SEVERAL)
    fresh, others = _cleaned({**stands, **values, **mains}, plain)
    problems += others
    if problems:
        raise Refusal("contact_invalid", problems=problems)

    fields = {
        name: (fresh if name in plain else now).get(name) for name in now.keys() | fresh.keys()
    }
    return fields | {
        name: value
        for kind, addresses in held.items()
        for name, value in as_columns(addresses, kind).items()
    }


def _edited_addresses(
    session: Session,
    contact: Contact,
    touched: set[str],
    values: Mapping[str, str],
    lists: Lists,
) -> tuple[dict[str, list[Address]], list[dict[str, Any]]]:
    """The lists of the kinds that the person edited, and what is wrong with them."""
    held: dict[str, list[Address]] = {}
    problems: list[dict[str, Any]] = []
    country = values.get("country", form_values(contact)["country"])

    for kind in SEVERAL:
        stands = addresses_of(contact, kind)
        if kind in lists:
            held[kind], found = edited_addresses.as_listed(
                session, kind, stands, lists[kind], country
            )
        elif kind in touched:
            held[kind], found = edited_addresses.with_main(kind, stands, values[kind], country)
        else:
            found = []
        problems += found

    return held, problems


def _cleaned(
    values: Mapping[str, str], touched: set[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The values as an import would clean them, blank is null; and what is wrong with them, judged
    where they were touched and as a whole.
    """
    targets = [name for name in values if name in EDITABLE or name.startswith(CUSTOM)]
    row = Checker(targets, blank_words=()).check(
        Record(0, [values[name] for name in targets], None, Position(0, 0))
    )
    # What a file's row would leave out, a person is asked for.
    errors = [
        problem
        for problem in row.problems
        if (problem.severity == ERROR or problem.dropped)
        and (problem.field is None or problem.field in touched)
    ]
    told = [
        {"code": found.code, "field": found.field, "value": found.value} for found in errors
    ]

    return _flattened(_as_columns(row)), told


def cleaned_field(name: str, value: str) -> tuple[Any, list[dict[str, Any]]]:
    """One field's value as an edit would write it, blank is null or no tags; and what is wrong with
    it: [{code, field, value}].
    """
    fields, problems = _cleaned({name: value}, {name})
    return fields.get(name), [problem for problem in problems if problem["field"] == name]


def is_label(label: str) -> bool:
    """Whether a custom field may be called so."""
    return is_target(CUSTOM + label) and label == cleaned(label, "")


def _as_columns(row: CheckedRow) -> dict[str, Any]:
    plain: dict[str, Any] = {name: row.values.get(name) for name in SCALARS}
    keys = {key: getattr(row, key) for key in KEY_FIELDS.values()}
    return {**plain, "tags": row.tags or [], "custom": row.custom or {}, **keys}


def form_values(contact: Contact) -> dict[str, str]:
    """The contact as the texts of a form: every field, tags with commas, then the custom fields by
    name.
    """
    plain = {name: getattr(contact, name) or "" for name in SCALARS}
    custom = {CUSTOM + name: str(value) for name, value in sorted(contact.custom.items())}
    return {**plain, "tags": ", ".join(contact.tags), **custom}


def mark(text: str) -> str:
    """A mark of a field's text, by which a form that comes back tells which fields were
    left alone.
    """
    return hashlib.blake2s(cleaned(text, LINES_AND_TABS).encode(), digest_size=6).hexdigest()


def flat(contact: Contact) -> dict[str, Any]:
    """The contact as the journal names its fields."""
    return _flattened({name: getattr(contact, name) for name in JOURNALLED})


def in_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The journal's fields as the columns of a contact."""
    custom = {
        name[len(CUSTOM) :]: value for name, value in fields.items() if name.startswith(CUSTOM)
    }
    plain = {name: value for name, value in fields.items() if not name.startswith(CUSTOM)}
    return plain | {
        "custom": {name: value for name, value in custom.items() if value is not None}
    }


def _flattened(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as the journal writes them: each custom field a field of its own."""
    plain = {name: value for name, value in columns.items() if name != "custom"}
    return plain | {CUSTOM + name: value for name, value in columns["custom"].items()}


@dataclass(frozen=True)
class Origin:
    """Where a value came from. `kind` is import, edit or undo; `before` is what stood there before.

    An undo without an import is that of a change by hand.
    """

    kind: str
    at: datetime
    before: Any
    row: int | None
    import_id: UUID | None
    filename: str | None
    person: str | None


def provenance(session: Session, contact: Contact) -> dict[str, Origin]:
    """For each field that has a value or had one: its newest change, or the import that created
    the contact. Each e-mail and phone has a name of its own beside its field's, which is about
    the main one: `email:<key>`, of a phone without a key `phone:<text>`, with {"value", "label"}
    as `before`.
    """
    found: dict[str, Origin] = {}
    for change in _changes(session, contact.id):
        origin = _origin(session, change)
        for name, (before, after) in _sides(change).items():
            stood = before if change.undone_at is None else after
            found[name] = _later(
                found.get(name), Origin(**{**origin, "before": stood}), change
            )

    if contact.imported_from:
        created = _creation(session, contact)
        for name, value in _told(flat(contact)).items():
            if value not in (None, []):
                found.setdefault(name, created)

    return found


def _sides(change: ContactChange) -> dict[str, tuple[Any, Any]]:
    """What an entry says was and is there, by the names of `provenance`."""
    before, after = change.before, change.after
    sides = {
        name: (value, after.get(name))
        for name, value in before.items()
        if name in EDITABLE or name.startswith(CUSTOM)
    }
    pairs = {
        kind: differing(addresses_of(before, kind), addresses_of(after, kind))
        for kind in SEVERAL
    }
    return sides | {
        f"{kind}:{known}": (shown(was), shown(is_))
        for kind, addresses in pairs.items()
        for known, (was, is_) in addresses.items()
    }


def _told(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A contact's values by the names of `provenance`."""
    plain = {
        name: value
        for name, value in columns.items()
        if name in EDITABLE or name.startswith(CUSTOM)
    }
    return plain | {
        f"{kind}:{identity(one)}": shown(one)
        for kind in SEVERAL
        for one in addresses_of(columns, kind)
    }


def _later(known: Origin | None, origin: Origin, change: ContactChange) -> Origin:
    """Which of the two the value came from: the later change, or the later undo since the last
    change that stands.
    """
    if known is None or change.undone_at is None or known.kind != "undo":
        return origin
    return max(known, origin, key=lambda one: one.at)


def _changes(session: Session, contact_id: int) -> Sequence[ContactChange]:
    return session.scalars(
        select(ContactChange)
        .where(ContactChange.contact_id == contact_id, ContactChange.kind != "delete")
        .order_by(ContactChange.id)
    ).all()


def _origin(session: Session, change: ContactChange) -> dict[str, Any]:
    source = session.get(ContactImport, change.import_id) if change.import_id else None
    by = change.undone_by or change.user_id or (source.created_by if source else 0)
    person = session.get(User, by)

    return {
        "kind": "undo" if change.undone_at else change.kind,
        "at": change.undone_at or change.at,
        "row": change.row,
        "import_id": change.import_id,
        "filename": source.filename if source else None,
        "person": (person.name or person.email) if person else None,
    }


def _creation(session: Session, contact: Contact) -> Origin:
    source = session.get(ContactImport, contact.imported_from)
    person = session.get(User, source.created_by) if source else None

    return Origin(
        "import",
        contact.created_at,
        None,
        contact.imported_row,
        contact.imported_from,
        source.filename if source else None,
        (person.name or person.email) if person else None,
    )
