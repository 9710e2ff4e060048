"""The undo of one change by hand, an edit, a deletion or a merge, by the same rules as that of an
import, in one transaction.

A deleted contact comes back under its own number with what it held. A key that another contact took
meanwhile stays away and is due. What was undone while the contact was away is caught up with.

A merge is the edit of one contact and the deletion of another, so both are undone: first the edit,
which frees the keys that the other contact brought with it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.checked_rows import identity
from webapp.contacts import journal, merging
from webapp.contacts.addresses import addresses_of, as_columns, columns_of
from webapp.db import driver
from webapp.imports import deadlines
from webapp.models import ContactChange, ContactMerge
from webapp.undoing import undo, undo_keys, undo_rules, undo_writing
from webapp.undoing.undo_keys import Row, rows
from webapp.undoing.undo_rules import ID, KEYS
from webapp.vocabulary.fields import CUSTOM, SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN
from webapp.vocabulary.refusals import Refusal

Result = TypeVar("Result")
Connection = psycopg.Connection[Any]

_COLUMNS = (
    *undo_rules.COLUMNS,
    "custom",
    "imported_from",
    "imported_row",
    "created_at",
    "version",
)
# An address's key and label, and the list of those behind the main one, are told as its field.
_FIELD_OF = {name: kind for kind in SEVERAL for name in columns_of(kind)}

SQL = queries.load(
    "undo_by_hand",
    now=undo_rules.NOW,
    holder_of_d=undo_rules.holder("d"),
    fields_of_h=undo_rules.fields("h"),
    field_of_d=undo_rules.DUE_FIELD,
    undone_import=undo_rules.undone_import("d.import_id"),
    undone_meanwhile=queries.fill(undo_rules.UNDONE_MEANWHILE, h="h"),
    journal_since=undo_rules.journal("%(contact)s", since="%(since)s"),
    group_of_f=undo_rules.GROUP_OF_F,
    is_of_addresses=undo_rules.IS_OF_ADDRESSES,
    columns=", ".join(_COLUMNS),
    values=", ".join(f"%({column})s" for column in _COLUMNS),
)


@dataclass
class ChangeUndone:
    """What the undo of a change did.

    `there` says whether the contact is in the book afterwards. Of a merge, `contact_id` is the
    contact that was kept, and `other_id` the one that was merged into it; `other_there` whether
    that one is in the book again. `restored` names the fields of `contact_id` that came back.
    `kept` lists what stays, as the preview of an import's undo does: contact_id, row, field,
    code, wanted, now, by_import, by_file, by_user, by_person.
    """

    contact_id: int
    kind: str  # edit | delete | merge
    there: bool = True
    other_id: int | None = None
    other_there: bool = False
    restored: list[str] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)


def undo_change(session: Session, change_id: int, user_id: int) -> ChangeUndone:
    """Undo an edit, a deletion or a merge, by the number of either of its entries. The caller
    commits.

    Raises Refusal: change_unknown, change_undone, change_too_old, contact_gone, refused_on_undo, or
    contact_busy while an import holds the contact.
    """
    return alone(session, lambda conn: _undo(session, conn, change_id, user_id))


def preview_change(session: Session, change_id: int) -> ChangeUndone:
    """What `undo_change` would do and raise now.

    It does it, and takes it back within the transaction.
    """
    return taken_back(session, lambda: undo_change(session, change_id, 0))


def alone(session: Session, undo_it: Callable[[Connection], Result]) -> Result:
    """Run an undo while no other one runs, for as long as a request may wait.

    Raises Refusal("contact_busy") after that.
    """
    session.flush()
    conn = driver(session)
    until = time.monotonic() + journal.LONGEST_WAIT

    try:
        rows(
            conn,
            "SELECT set_config('statement_timeout', %(ms)s, true)",
            {"ms": str(_milliseconds(until))},
        )

        rows(
            conn,
            "SELECT pg_advisory_xact_lock(%(key)s) IS NULL AS done",
            {"key": undo.ONE_AT_A_TIME},
        )
        undone = undo_it(conn)
    except (psycopg.Error, OperationalError) as error:
        session.rollback()
        state = getattr(getattr(error, "orig", error), "sqlstate", None)
        raise (Refusal("contact_busy") if state in journal.HELD else error) from None

    session.expire_all()

    return undone


def taken_back(session: Session, undo_it: Callable[[], Result]) -> Result:
    """What an undo does, which is rolled back within the transaction."""
    savepoint = session.begin_nested()
    try:
        return undo_it()
    finally:
        if savepoint.is_active:
            savepoint.rollback()


def _milliseconds(until: float) -> int:
    return max(round((until - time.monotonic()) * 1000), 1)


def _undo(
    session: Session, conn: psycopg.Connection[Any], change_id: int, user_id: int
) -> ChangeUndone:
    if merge := merging.of_change(session, change_id):
        return _undo_merge(session, conn, merge, user_id)

    change = _possible(session, change_id)
    unit = {
        "import_id": None,
        "change": change.id,
        "since": change.undone_at or change.at,
        "user_id": user_id,
    }
    undone = ChangeUndone(change.contact_id, change.kind)
    before = held(conn, change.contact_id)
    written = (
        bring_back(conn, change, unit)
        if change.kind == "delete"
        else _take_edit_back(conn, change, unit)
    )
    remove_if_due(conn, change.contact_id, unit)
    settled = undo_keys.settle(conn, unit)
    after = held(conn, change.contact_id)
    undone.there = after is not None
    undone.restored = differing(before or {}, after or {})
    undone.kept = named(session, [*written.kept, *settled.blocked]) if undone.there else []

    return undone


def _undo_merge(
    session: Session, conn: psycopg.Connection[Any], merge: ContactMerge, user_id: int
) -> ChangeUndone:
    """What the kept contact took goes, and the other one comes back with what it held."""
    deletion = _possible(session, merge.deletion_id)
    unit = {
        "import_id": None,
        "change": merge.change_id,
        "since": deletion.at,
        "user_id": user_id,
    }
    undone = ChangeUndone(merge.contact_id, "merge", other_id=merge.other_id)
    before = held(conn, merge.contact_id)
    edit = restore(conn, undo_rules.OF_CHANGE, unit, [merge.change_id])
    bring_back(conn, deletion, unit)
    for contact_id in (merge.contact_id, merge.other_id):
        remove_if_due(conn, contact_id, unit)

    settled = undo_keys.settle(conn, unit)
    after, other = held(conn, merge.contact_id), held(conn, merge.other_id)
    undone.there, undone.other_there = after is not None, other is not None
    undone.restored = differing(before or {}, after or {})
    stays = [*edit.kept, *settled.blocked]
    stays += _changed_since(conn, merge, stays)
    gone = {undone.contact_id: not after, undone.other_id: not other}
    undone.kept = named(session, [one for one in stays if not gone[one["contact_id"]]])

    return undone


def _changed_since(
    conn: psycopg.Connection[Any], merge: ContactMerge, stays: list[Row]
) -> list[Row]:
    """What imports and people wrote to the kept contact since the merge, in fields that are not
    listed yet: it may have been meant for the other one.
    """
    listed = {
        _FIELD_OF.get(one["field"], one["field"])
        for one in stays
        if one["contact_id"] == merge.contact_id
    }
    asked = {"contact": merge.contact_id, "since": merge.change_id}
    found = rows(conn, SQL.changed_since, asked)

    return [change for change in found if change["field"] not in listed]


def _possible(session: Session, change_id: int) -> ContactChange:
    """The change, under a lock."""
    change = session.get(
        ContactChange, change_id, with_for_update=True, populate_existing=True
    )
    if change is None or change.kind not in {"edit", "delete"}:
        raise Refusal("change_unknown")
    if change.undone_at is not None:
        raise Refusal("change_undone")

    oldest = datetime.now(UTC) - timedelta(days=deadlines.days(session))
    if change.at < oldest or not change.before:
        raise Refusal("change_too_old")

    return change


def held(conn: psycopg.Connection[Any], contact_id: int) -> Row | None:
    """The contact's fields as the journal names them, under a lock; None where it is not in the
    book.
    """
    contact = rows(conn, SQL.held, {"id": contact_id})
    return contact[0]["held"] if contact else None


def differing(before: Row, after: Row) -> list[str]:
    """The fields that people see and that differ, blank or not there being the same."""
    told = [
        _FIELD_OF.get(name, name)
        for name in {**before, **after}
        if not _same(name, before, after)
    ]
    return list(dict.fromkeys(told))


def _same(name: str, before: Row, after: Row) -> bool:
    return (before.get(name) or None) == (after.get(name) or None)


def _take_edit_back(
    conn: psycopg.Connection[Any], change: ContactChange, unit: Row
) -> undo_writing.Written:
    if held(conn, change.contact_id) is None:
        raise Refusal("contact_gone")
    return restore(conn, undo_rules.OF_CHANGE, unit, [change.id])


def restore(
    conn: psycopg.Connection[Any], condition: str, unit: Row, changes: list[int]
) -> undo_writing.Written:
    """Undo these entries.

    Where a key was taken at the last moment, all keys become due, and are settled at the end.
    """
    for claim in (False, True):
        try:
            with conn.transaction():
                return undo_writing.restore(conn, condition, unit, changes, claim=claim)
        except psycopg.IntegrityError:
            continue

    raise Refusal("refused_on_undo")


class Deletion(Protocol):
    """An entry of the journal: the contact and what it was."""

    @property
    def id(self) -> Any: ...

    @property
    def contact_id(self) -> Any: ...

    @property
    def before(self) -> Any: ...


def bring_back(
    conn: psycopg.Connection[Any], change: Deletion, unit: Row
) -> undo_writing.Written:
    """Insert the deleted contact as it was, and undo on it what was undone while it was away.

    `unit` has `since`, the time of the deletion, `user_id`, who undoes it, and `change`, the change
    whose undo makes keys due.
    """
    values = _without_taken(conn, change, unit)
    rows(conn, SQL.insert, {"id": change.contact_id, **_columns(values)})
    rows(conn, SQL.mark, {"id": change.id, "user_id": unit["user_id"]})
    missed = rows(conn, SQL.missed, {"contact": change.contact_id, "since": unit["since"]})
    if missed:
        restore(conn, undo_rules.UNDONE_MEANWHILE, unit, [entry["id"] for entry in missed])

    return undo_writing.Written()


def _without_taken(conn: psycopg.Connection[Any], change: Deletion, unit: Row) -> Row:
    """What the contact was, but for the keys that another one has by now: they become due."""
    before = change.before
    lists = {kind: addresses_of(before, kind) for kind in KEYS if kind in SEVERAL}
    wanted: dict[tuple[str, str], Row] = {
        (kind, identity(one)): one for kind, some in lists.items() for one in some
    }
    if number := before.get(ID):
        wanted[ID, number] = {"value": number, "label": None}

    asked = {"kinds": [kind for kind, _ in wanted], "keys": [key for _, key in wanted]}
    taken = {(one["kind"], one["key"]) for one in rows(conn, SQL.holders, asked)}
    due = [
        {"kind": kind, "key": key, **wanted[kind, key]}
        for kind, key in wanted
        if (kind, key) in taken
    ]
    if due:
        facts = {"contact": change.contact_id, "change": unit["change"], "due": Jsonb(due)}
        rows(conn, SQL.make_due, facts)

    values = dict(before)
    if (ID, number) in taken:
        values[ID] = None
    for kind, some in lists.items():
        left = [one for one in some if (kind, identity(one)) not in taken]
        values |= as_columns(left, kind)

    return values


def _columns(before: Row) -> Row:
    """A deletion's journal entry as columns of the contact.

    Entries of older versions do not say when it was made.
    """
    custom = {
        name[len(CUSTOM) :]: value for name, value in before.items() if name.startswith(CUSTOM)
    }
    plain = {name: before.get(name) for name in undo_rules.COLUMNS}
    lists = {name: Jsonb(before.get(name) or []) for name in FURTHER_COLUMN.values()}

    return {
        **plain,
        **lists,
        "tags": before.get("tags") or [],
        "custom": Jsonb(custom),
        "imported_from": before.get("(imported_from)"),
        "imported_row": before.get("(imported_row)"),
        "created_at": before.get("(created_at)") or datetime.now(UTC),
        "version": (before.get("(version)") or 0) + 1,
    }


def remove_if_due(conn: psycopg.Connection[Any], contact_id: int, unit: Row) -> None:
    """Remove the contact if an undone import created it and no change by others stands on it any
    more.
    """
    if due := rows(conn, SQL.due_to_go, {"contact": contact_id}):
        undo_writing.remove(conn, unit, due, new=False)


def named(session: Session, kept: list[Row]) -> list[Row]:
    """With the names of who or which import stands in the way."""
    imports = {str(row["by_import"]) for row in kept if row["by_import"]}
    people = {row["by_user"] for row in kept if row["by_user"]}
    sources = db.execute(session, SQL.files, {"ids": list(imports)})
    files = {import_.id: import_.name for import_ in sources}
    others = db.execute(session, SQL.people, {"ids": list(people)})
    names = {person.id: person.name for person in others}

    return [
        {
            **row,
            "by_file": files.get(str(row["by_import"])),
            "by_person": names.get(row["by_user"]),
        }
        for row in kept
    ]
