"""The writing of an undo, batch by batch: contacts removed, fields brought back, entries marked as
undone.

`undo_rules` judges. Here is what writes the outcome, with what stays listed: for an import in
`contact_undo_kept`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from webapp import queries
from webapp.undoing import undo_rules
from webapp.undoing.undo_keys import Row, rows

# import_id, change, since, user_id: what the unit's condition and the marks need.
Unit = dict[str, Any]

_CHANGED = "h.id = ANY(%(changes)s::bigint[])"
_CLAIM = "%(claim)s"

SQL = queries.load(
    "undo_writing",
    standing_change=undo_rules.standing_change("m.contact_id", "m.undone"),
    standing_change_by_others=undo_rules.standing_change(
        "m.contact_id", "m.undone", queries.fill(undo_rules.OF_IMPORT, h="h")
    ),
    deletion_of_created=undo_rules.deletion("m.contact_id"),
    deletion_of_found=undo_rules.deletion("f.contact_id"),
    why_deleted=undo_rules.why_gone("deletion"),
    why_d_deleted=undo_rules.why_gone("d.id"),
    found_standing=undo_rules.found(
        undo_rules.OF_IMPORT, f"{_CHANGED} AND h.undone_at IS NULL"
    ),
    plain_keys=undo_rules.plain_keys(),
    judging_of_import=undo_rules.judging(undo_rules.OF_IMPORT, _CHANGED, _CLAIM),
    judging_of_change=undo_rules.judging(undo_rules.OF_CHANGE, _CHANGED, _CLAIM),
    judging_of_act=undo_rules.judging(undo_rules.OF_ACT, _CHANGED, _CLAIM),
    judging_undone_meanwhile=undo_rules.judging(undo_rules.UNDONE_MEANWHILE, _CHANGED, _CLAIM),
    listed=undo_rules.LISTED,
    field_of_d=undo_rules.DUE_FIELD,
    as_columns=undo_rules.AS_COLUMNS,
    custom_with_back=undo_rules.custom_with("r.back"),
    assignments=undo_rules.assignments("r.back"),
)
_RESTORE = {
    undo_rules.OF_IMPORT: SQL.restore_of_import,
    undo_rules.OF_CHANGE: SQL.restore_of_change,
    undo_rules.OF_ACT: SQL.restore_of_act,
    undo_rules.UNDONE_MEANWHILE: SQL.restore_undone_meanwhile,
}


def of_import(import_id: object) -> Unit:
    """The unit of an import's undo."""
    return {"import_id": import_id, "change": None, "since": None, "user_id": None}


@dataclass
class Written:
    """What one batch wrote: the contacts to which fields came back, the entries marked, and what
    stays.
    """

    restored: list[int] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)


def lock(conn: psycopg.Connection[Any], contacts: list[int]) -> None:
    """Lock these contacts, so that what is read of them and of their journal next stays true until
    the commit.
    """
    rows(conn, SQL.lock, {"ids": contacts})


def remove_whole(conn: psycopg.Connection[Any], created: Sequence[Row]) -> bool:
    """Remove created contacts (`row`, `contact_id`, `creator`, `undone`) at once, if nothing else
    happened to any of them.

    Nothing is locked beforehand. False means that the caller is to roll back: something stands in
    the way, or a contact changed meanwhile and has another version.
    """
    (found,) = rows(conn, SQL.remove_whole, _listed(created))
    return bool(found["removed"] == len(created))


def remove(
    conn: psycopg.Connection[Any], unit: Unit, created: Sequence[Row], *, new: bool
) -> tuple[int, list[Row]]:
    """Remove created contacts that no change by others stands on: how many, and what is told of
    the others.

    The others are due, and listed if they are new and the unit is an import.
    """
    lock(conn, [row["contact_id"] for row in created])
    (found,) = rows(conn, SQL.remove, {**unit, **_listed(created), "new": new})
    return int(found["removed"]), found["kept"] or []


def _listed(created: Sequence[Row]) -> dict[str, list[Any]]:
    names = {
        "rows": "row",
        "contacts": "contact_id",
        "creators": "creator",
        "undone": "undone",
    }
    return {name: [row[column] for row in created] for name, column in names.items()}


def restore_whole(
    conn: psycopg.Connection[Any], unit: Unit, changes: list[int], *, look: bool
) -> set[int] | None:
    """Undo at once those of these changes of an import that are plain, and whose contact is still
    the same when it is written: which they are. With `look` those are left that bring back a key
    which another contact holds; without it, the database refuses all.

    Nothing is locked beforehand. None means that the caller is to roll back.
    """
    (found,) = rows(conn, SQL.restore_whole, {**unit, "changes": changes, "look": look})
    return set(found["marked"]) if len(found["marked"]) == found["restored"] else None


def restore(
    conn: psycopg.Connection[Any],
    condition: str,
    unit: Unit,
    changes: list[int],
    *,
    claim: bool = False,
) -> Written:
    """Undo these entries, and with them all entries of the unit on their contacts, which the caller
    has locked.

    `condition` is one of undo_rules' OF_…; with `claim` every unique key becomes due, also where it
    seems free.
    """
    (found,) = rows(conn, _RESTORE[condition], {**unit, "changes": changes, "claim": claim})
    if found["restored"]:
        rows(conn, SQL.count_once, {"contacts": found["restored"]})
    return Written(found["restored"], found["marked"], found["kept"])


def list_kept(conn: psycopg.Connection[Any], import_id: object, kept: list[Row]) -> None:
    """Keep the list of what stays of an import."""
    if kept:
        rows(conn, SQL.list_kept, {"import_id": import_id, "kept": Jsonb(kept)})
