"""Bulk acts: one change of many contacts, in batches, journalled under one number.

The contacts are listed at the start, and each batch is one transaction: it locks the act, then the
next contacts in the order of their numbers, writes them with their entries in the journal, and
moves the act's place. A kill loses and doubles nothing, and any worker goes on.

Each entry is an edit or a deletion by the person who asked, so undo, time-line and imports treat it
as any change by hand. `undoing/undo_bulk_acts.py` undoes an act as one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import delete, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.tags import united_tags
from webapp.contacts import filters, journal
from webapp.contacts.filters import ContactFilter
from webapp.db import Connection
from webapp.folding import folded
from webapp.imports.faults import first_line, is_refusal
from webapp.models import BulkAct, BulkActContact, BulkActKept, Contact
from webapp.vocabulary.catalogue import within
from webapp.vocabulary.fields import CUSTOM, SCALARS, SEVERAL, label_of
from webapp.vocabulary.keys import DERIVED_KEYS, UNIQUE_KEYS
from webapp.vocabulary.refusals import Refusal

BATCH = 100  # contacts of a transaction
ATTEMPTS = 3  # at a place, before the act is given up
# The fields of which many contacts may have one value: no keys, and none that stands in lists.
SETTABLE = tuple(
    name for name in SCALARS if name not in {*SEVERAL, *UNIQUE_KEYS, *DERIVED_KEYS}
)

SQL = queries.load(
    "bulk_acts",
    columns=", ".join(
        f"'{name}', c.{name}" for name in journal.JOURNALLED if name != "custom"
    ),
    assignments=", ".join(
        f"{name} = CASE WHEN w.after ? '{name}' THEN w.after ->> '{name}' ELSE c.{name} END"
        for name in SETTABLE
    ),
)


class Kind(StrEnum):
    """What an act does to each contact, and its parameters."""

    TAG = "tag"  # tags: these are added
    UNTAG = "untag"  # tags: these go, in upper or lower case
    RENAME_TAG = "rename_tag"  # tag, to: where `to` is there too, the two become one
    SET = "set"  # field, value: null empties it
    MOVE = (
        "move"  # field, to: a custom field's values go to another field, where that is blank
    )
    DELETE = "delete"


class State(StrEnum):
    """Where an act is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


AT_WORK = (State.QUEUED, State.RUNNING)
UNDOABLE = (State.DONE, State.STOPPED, State.FAILED)
Held = Mapping[str, Any]  # a contact: id, tags, custom, value
Changed = dict[str, Any]  # contact_id, before, after
Kept = dict[str, Any]  # contact_id, field, code, message, wanted, now, by_import, by_user


@dataclass
class Written:
    """What a batch did: how many contacts changed, and what it left as it was."""

    touched: int = 0
    kept: list[Kept] = field(default_factory=list)


def ask(
    session: Session,
    user_id: int,
    kind: Kind,
    parameters: Mapping[str, Any],
    *,
    ids: Sequence[int] | None = None,
    wanted: ContactFilter | None = None,
) -> BulkAct:
    """A new act on the contacts `ids`, or on those that the filter finds at its start.

    `parameters` are as `cleaned` gives them. The caller commits, and asks for a worker.
    """
    kept = filters.as_json(wanted) if wanted is not None else None
    act = BulkAct(kind=kind.value, user_id=user_id, parameters=dict(parameters), filter=kept)
    session.add(act)
    session.flush()

    if ids is not None:
        asked = {"act_id": act.id, "ids": list(set(ids))}
        act.total = db.execute(session, SQL.put, asked).rowcount

    return act


def cleaned(kind: Kind, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an act, its values as an import would clean them.

    Raises Refusal: bulk_no_tag, bulk_one_tag, bulk_no_field, bulk_same, or what is wrong with a
    value.
    """
    if kind in {Kind.TAG, Kind.UNTAG}:
        return {"tags": _tags(asked["tags"], at="/tags")}

    if kind is Kind.RENAME_TAG:
        called, *more = _tags(asked["to"], at="/to")
        if more:
            raise Refusal("bulk_one_tag", at="/to")
        if called == asked["tag"]:
            raise Refusal("bulk_same", at="/to")
        return {"tag": asked["tag"], "to": called}

    if kind is Kind.SET:
        name = _field(asked["field"], at="/field")
        return {"field": name, "value": _value(name, asked["value"], at="/value")}

    if kind is Kind.MOVE:
        to = _field(asked["to"], at="/to")
        if to == asked["field"]:
            raise Refusal("bulk_same", at="/to")
        return {"field": asked["field"], "to": to}

    return {}


def _tags(given: str, at: str) -> list[str]:
    tags = _value("tags", given, at)
    if not tags:
        raise Refusal("bulk_no_tag", at=at)
    return list(tags)


def _field(name: str, at: str) -> str:
    label = name.removeprefix(CUSTOM)
    if name in SETTABLE or (name != label and journal.is_label(label)):
        return name
    raise Refusal("bulk_no_field", at=at)


def _value(name: str, given: str, at: str) -> Any:
    value, problems = journal.cleaned_field(name, given)
    for problem in problems:
        facts = {"field": within(label_of(name)), "value": problem["value"] or ""}
        raise Refusal(problem["code"], at=at, **facts)
    return value


def stop(session: Session, act_id: int) -> None:
    """Stop an act; what is done stays. The caller commits. One that has ended stays as it is."""
    find(session, act_id)
    session.execute(
        update(BulkAct)
        .where(BulkAct.id == act_id, BulkAct.state.in_(AT_WORK))
        .values(state=State.STOPPED, ended_at=text("clock_timestamp()"))
    )


def undo(session: Session, act_id: int, user_id: int, days: int) -> None:
    """Ask for an act to be undone. The caller commits. Asking twice is one undo.

    Raises Refusal: bulk_unknown, bulk_at_work, change_too_old or bulk_changed_nothing.
    """
    act = session.get(BulkAct, act_id, with_for_update=True, populate_existing=True)
    if act is None:
        raise Refusal("bulk_unknown")
    if act.state in {State.UNDOING, State.UNDONE}:
        return
    if act.state not in UNDOABLE:
        raise Refusal("bulk_at_work")
    if act.at < datetime.now(UTC) - timedelta(days=days):
        raise Refusal("change_too_old")
    if not act.touched:
        raise Refusal("bulk_changed_nothing")

    session.execute(  # what an earlier try listed
        delete(BulkActKept).where(BulkActKept.act_id == act_id, BulkActKept.undo)
    )
    act.state, act.undone_by = State.UNDOING, user_id
    act.through, act.restored, act.attempts, act.place, act.message = 0, 0, 0, None, None
    act.moved_at = datetime.now(UTC)


def find(session: Session, act_id: int) -> BulkAct:
    """Raises Refusal("bulk_unknown")."""
    act = session.get(BulkAct, act_id, populate_existing=True)
    if act is None:
        raise Refusal("bulk_unknown")
    return act


def recent(
    session: Session, days: int, *, act_id: int | None = None, limit: int = 25
) -> Sequence[Any]:
    """The acts of the last `days`, newest first, or the one of that number: all of `BulkAct` with
    the names of who did and undid it, `kept` (up to 1,000), and whether it is `in_time` for an
    undo.
    """
    asked = {"days": days, "id": act_id, "limit": limit}
    return db.execute(session, SQL.recent, asked).all()


def kept(session: Session, act_id: int, *, after: int = 0, limit: int = 100) -> Sequence[Any]:
    """What an act and its undo left as it was: all of `BulkActKept`, with names."""
    asked = {"act_id": act_id, "after": after, "limit": limit}
    return db.execute(session, SQL.listed, asked).all()


def list_contacts(session: Session, act_id: int) -> None:
    """List the contacts that the act's filter finds now; the caller commits.

    A worker that does so already, or an act that has ended, is left alone.
    """
    wanted = select(BulkAct).where(BulkAct.id == act_id, BulkAct.state == State.QUEUED)
    act = session.scalar(wanted.with_for_update(skip_locked=True))
    if act is None or act.total is not None:
        return

    session.execute(text("SET LOCAL statement_timeout = 0"))
    found = filters.of_json(act.filter or {}).select()
    chosen = found.with_only_columns(literal(act_id), Contact.id)
    listed = insert(BulkActContact).from_select(["act_id", "contact_id"], chosen)
    session.execute(listed)
    count = select(func.count()).where(BulkActContact.act_id == act_id)
    act.total = session.scalar(count)
    act.moved_at = datetime.now(UTC)


def do_batch(conn: Connection, act_id: int) -> bool:
    """Do the next contacts of an act, and commit; false where it is at its end, or another worker
    holds it.
    """
    states = [state.value for state in AT_WORK]
    act = conn.execute(SQL.lock, {"act_id": act_id, "states": states}).fetchone()
    if act is None:
        conn.rollback()
        return False

    conn.execute("SET CONSTRAINTS ALL IMMEDIATE")  # where the contact at fault can be told
    asked = {"act_id": act_id, "after": act["place"] or 0, "batch": BATCH}
    ids = [row["contact_id"] for row in conn.execute(SQL.batch, asked).fetchall()]
    written = _written(conn, act, ids) if ids else Written()
    keep(conn, act_id, written.kept, undo=False)

    ended = len(ids) < BATCH
    if ended:
        conn.execute("SET LOCAL synchronous_commit = on")
    moved = {"ids": ids, "touched": written.touched, "ended": ended}
    place = ids[-1] if ids else act["place"]
    conn.execute(SQL.move_on, {"act_id": act_id, "place": place, **moved})
    conn.commit()

    return not ended


def keep(conn: Connection, act_id: int, kept: Sequence[Kept], *, undo: bool) -> None:
    """List what stays."""
    if kept:
        conn.execute(SQL.keep, {"act_id": act_id, "kept": Jsonb(list(kept)), "undo": undo})


def _written(conn: Connection, act: Mapping[str, Any], ids: list[int]) -> Written:
    """All at once, or, where the database refuses, by halves down to the contact at fault."""
    try:
        with conn.transaction():
            return _write(conn, act, ids)
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        if len(ids) == 1:
            refused = {"contact_id": ids[0], "code": "bulk_refused"}
            return Written(0, [{**refused, "message": first_line(error)}])

    half = len(ids) // 2
    parts = [_written(conn, act, part) for part in (ids[:half], ids[half:])]

    return Written(
        sum(part.touched for part in parts), [one for part in parts for one in part.kept]
    )


def _write(conn: Connection, act: Mapping[str, Any], ids: list[int]) -> Written:
    kind, parameters = Kind(act["kind"]), act["parameters"]
    name = parameters.get("to" if kind is Kind.MOVE else "field") or ""
    held = conn.execute(SQL.hold, {"ids": ids, "field": name}).fetchall()
    facts = {"act_id": act["id"], "user_id": act["user_id"]}

    if kind is Kind.DELETE:
        there = [contact["id"] for contact in held]
        return Written(conn.execute(SQL.delete, {**facts, "ids": there}).rowcount)

    changed: list[Changed] = []
    kept: list[Kept] = []
    for contact in held:
        found = CHANGES[kind](contact, parameters)
        if found is not None and "code" in found:
            kept.append({"contact_id": contact["id"], **found})
        elif found is not None:
            changed.append({"contact_id": contact["id"], **found})

    if not changed:
        return Written(0, kept)
    done = conn.execute(SQL.change, {**facts, "changed": Jsonb(changed)})
    return Written(done.rowcount, kept)


# What each kind makes of a contact: {"before", "after"} as the journal has them, what is kept
# instead ({"field", "code", ...}), or None where there is nothing to do.


def _tag(contact: Held, parameters: Mapping[str, Any]) -> Changed | None:
    return _retagged(contact, list(united_tags(contact["tags"], parameters["tags"])))


def _untag(contact: Held, parameters: Mapping[str, Any]) -> Changed | None:
    gone = {folded(tag) for tag in parameters["tags"]}
    return _retagged(contact, [tag for tag in contact["tags"] if folded(tag) not in gone])


def _rename_tag(contact: Held, parameters: Mapping[str, Any]) -> Changed | None:
    old, new = parameters["tag"], parameters["to"]
    if old not in contact["tags"]:
        return None
    renamed = [new if tag == old else tag for tag in contact["tags"]]
    # Where the contact has both, the one that stands first in the list stays, as it is now called.
    again = [tag if folded(tag) != folded(new) else new for tag in renamed]
    return _retagged(contact, list(united_tags(again)))


def _retagged(contact: Held, tags: list[str]) -> Changed | None:
    if tags == contact["tags"]:
        return None
    return {"before": {"tags": contact["tags"]}, "after": {"tags": tags}}


def _set(contact: Held, parameters: Mapping[str, Any]) -> Changed | None:
    name, value = parameters["field"], parameters["value"]
    now = _value_of(contact, name)
    return None if now == value else {"before": {name: now}, "after": {name: value}}


def _value_of(contact: Held, name: str) -> Any:
    label = name.removeprefix(CUSTOM)
    return contact["value"] if label == name else contact["custom"].get(label)


def _move(contact: Held, parameters: Mapping[str, Any]) -> Changed | None:
    """What stands in the other field stays, and then so does this one, unless they are equal."""
    name, to = parameters["field"], parameters["to"]
    label = name.removeprefix(CUSTOM)
    if label not in contact["custom"]:
        return None

    value, stands = contact["custom"][label], _value_of(contact, to)
    shown = "" if value is None else str(value)
    moved, problems = journal.cleaned_field(to, shown)
    if problems:
        return {"field": name, "code": "bulk_value_unfit", "wanted": to, "now": value}
    if stands is not None and moved is not None and stands != moved:
        return {"field": to, "code": "bulk_field_filled", "wanted": value, "now": stands}

    after = {name: None, to: moved if stands is None else stands}
    return {"before": {name: value, to: stands}, "after": after}


CHANGES: dict[Kind, Callable[[Held, Mapping[str, Any]], Changed | None]] = {
    Kind.TAG: _tag,
    Kind.UNTAG: _untag,
    Kind.RENAME_TAG: _rename_tag,
    Kind.SET: _set,
    Kind.MOVE: _move,
}


def broke_off(conn: Connection, act_id: int, message: str) -> None:
    """Count an attempt that broke off, in the caller's transaction; the last one ends the act."""
    asked = {"act_id": act_id, "message": message, "most": ATTEMPTS}
    conn.execute(SQL.broke_off, asked)


def unfinished(conn: Connection) -> Mapping[str, Any] | None:
    """The oldest act that is not at its end: id, state, unlisted. Ends the transaction."""
    act = conn.execute(SQL.unfinished).fetchone()
    conn.rollback()
    return act


def are_unattended(conn: Connection, seconds: float) -> bool:
    """Whether an act has not moved for so many seconds. Ends the transaction."""
    row = conn.execute(SQL.unattended, {"seconds": seconds}).fetchone()
    conn.rollback()
    return row is not None and bool(row["some"])


def forget(conn: Connection, days: int, limit: int) -> int:
    """Delete acts that cannot be undone any more, at most so many: how many. The caller commits."""
    return conn.execute(SQL.forget, {"days": days, "limit": limit}).rowcount
