"""The undo of a bulk act, by the same rules as that of an import, in batches of one transaction.

Edits come back field by field, newest entry first; a value that was changed since stays, and is
listed. Deleted contacts come back whole, but for keys that others took. Each batch locks the act
and moves its place, so a kill loses and doubles nothing. A contact that the database will not
restore stays alone and is listed with the reason; its entry still stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from webapp import queries
from webapp.contacts import bulk_acts
from webapp.db import Connection
from webapp.imports.faults import first_line, is_refusal
from webapp.undoing import undo, undo_by_hand, undo_keys, undo_rules, undo_writing
from webapp.undoing.undo_keys import Row

SQL = queries.load("undo_bulk_acts")

BATCH = 100  # entries of a transaction


@dataclass(frozen=True)
class Entry:
    """An entry of the act in the journal."""

    id: int
    contact_id: int
    kind: str  # edit | delete
    at: datetime
    before: dict[str, Any]


@dataclass
class Undone:
    """What a batch did: the contacts to which something came back, and what stays."""

    restored: int = 0
    kept: list[Row] = field(default_factory=list)


def undo_batch(conn: Connection, act_id: int) -> bool:
    """Undo the next entries of an act, and commit; false where it is at its end, or another worker
    holds it.
    """
    # Look-ups of contacts are lateral; joins among a batch's own parts are better hashed.
    conn.execute("SET LOCAL enable_hashjoin = on")
    act = conn.execute(SQL.lock, {"act_id": act_id}).fetchone()
    if act is None:
        conn.rollback()
        return False

    conn.execute("SELECT pg_advisory_xact_lock(%s)", (undo.ONE_AT_A_TIME,))
    conn.execute("SET CONSTRAINTS ALL IMMEDIATE")  # where the contact at fault can be told
    before = 2**63 - 1 if act["place"] is None else act["place"]
    found = conn.execute(
        SQL.entries, {"act_id": act_id, "before": before, "batch": BATCH}
    ).fetchall()
    entries = [Entry(**row) for row in found]
    undone = _undo(conn, act, entries)
    bulk_acts.keep(conn, act_id, _told(undone.kept), undo=True)

    ended = len(entries) < BATCH
    if ended:
        conn.execute("SET LOCAL synchronous_commit = on")
    place = entries[-1].id if entries else act["place"]
    moved = {"entries": len(entries), "restored": undone.restored, "ended": ended}
    conn.execute(SQL.move_on, {"act_id": act_id, "place": place, **moved})
    conn.commit()

    return not ended


def _told(kept: Sequence[Row]) -> list[Row]:
    names = ("contact_id", "field", "code", "message", "wanted", "now", "by_import", "by_user")
    return [
        {
            name: str(one[name]) if name == "by_import" and one[name] else one.get(name)
            for name in names
        }
        for one in kept
    ]


def _undo(conn: Connection, act: Mapping[str, Any], entries: Sequence[Entry]) -> Undone:
    contacts = [entry.contact_id for entry in entries]
    undo_writing.lock(conn, contacts)
    edits = [entry for entry in entries if entry.kind == "edit"]
    undone = _restored(conn, act, edits) if edits else Undone()

    for entry in entries:
        if entry.kind == "delete":
            one = _brought_back(conn, act, entry)
            undone.restored += one.restored
            undone.kept += one.kept

    _remove_due(conn, act, contacts)
    return undone


def _restored(conn: Connection, act: Mapping[str, Any], edits: Sequence[Entry]) -> Undone:
    """All at once, or, where the database refuses, by halves down to the contact at fault."""
    try:
        with conn.transaction():
            numbers = [entry.id for entry in edits]
            written = undo_writing.restore(conn, undo_rules.OF_ACT, _unit(act), numbers)
            return Undone(len(written.restored), list(written.kept))
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        if len(edits) == 1:
            return Undone(0, [_refused(edits[0], error)])

    half = len(edits) // 2
    parts = [_restored(conn, act, part) for part in (edits[:half], edits[half:])]
    kept = [one for part in parts for one in part.kept]

    return Undone(sum(part.restored for part in parts), kept)


def _brought_back(conn: Connection, act: Mapping[str, Any], entry: Entry) -> Undone:
    """The deleted contact as it was, with a second try where a key was taken at that moment."""
    refusal: psycopg.Error | None = None
    for _ in range(2):
        try:
            with conn.transaction():
                unit = {**_unit(act), "change": entry.id, "since": entry.at}
                undo_by_hand.bring_back(conn, entry, unit)
                undo_by_hand.remove_if_due(conn, entry.contact_id, unit)
                return Undone(1, undo_keys.settle(conn, unit).blocked)
        except psycopg.Error as error:
            if not is_refusal(error):
                raise
            refusal = error

    assert refusal is not None  # noqa: S101 - the loop ran
    return Undone(0, [_refused(entry, refusal)])


def _remove_due(conn: Connection, act: Mapping[str, Any], contacts: list[int]) -> None:
    """Remove contacts that an undone import created, and that this act alone still kept."""
    due = conn.execute(SQL.due_to_go, {"ids": contacts}).fetchall()
    for row in due:
        undo_by_hand.remove_if_due(conn, row["contact_id"], _unit(act))
    if due:
        undo_keys.settle(conn, _unit(act))


def _unit(act: Mapping[str, Any]) -> undo_writing.Unit:
    return {
        "import_id": None,
        "change": None,
        "since": None,
        "user_id": act["undone_by"],
        "act_id": act["id"],
    }


def _refused(entry: Entry, error: psycopg.Error) -> Row:
    refused = {"contact_id": entry.contact_id, "code": "refused_on_undo"}
    return {**refused, "message": first_line(error)}
