"""The writing of an undo, batch by batch: contacts removed, fields brought back, entries marked as undone.

`undo_rules` judges. Here is what writes the outcome, with what stays listed: for an import in `contact_undo_kept`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from webapp.undoing import undo_rules
from webapp.undoing.undo_keys import Row, rows
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.keys import DERIVED_KEYS

Unit = dict[
    str, Any
]  # import_id, change, since, user_id: what the unit's condition and the marks need


def of_import(import_id: object) -> Unit:
    """The unit of an import's undo."""
    return {"import_id": import_id, "change": None, "since": None, "user_id": None}


@dataclass
class Written:
    """What one batch wrote: the contacts to which fields came back, the entries marked, and what stays."""

    restored: list[int] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)


def lock(conn: psycopg.Connection[Any], contacts: list[int]) -> None:
    """Lock these contacts, so that what is read of them and of their journal next stays true until the commit."""
    rows(
        conn,
        "SELECT id FROM contacts WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE",
        {"ids": contacts},
    )


def remove_whole(conn: psycopg.Connection[Any], created: Sequence[Row]) -> bool:
    """Remove created contacts (`row`, `contact_id`, `creator`) at once, if nothing else happened to any of them.

    Nothing is locked beforehand. False means that the caller is to roll back: something stands in the way, or a contact
    changed meanwhile and has another version.
    """
    (found,) = rows(conn, _REMOVE_WHOLE, _listed(created))
    return bool(found["removed"] == len(created))


def remove(
    conn: psycopg.Connection[Any], unit: Unit, created: Sequence[Row], *, new: bool
) -> int:
    """Remove created contacts that no change by others stands on: how many.

    The others are due, and if new listed.
    """
    lock(conn, [row["contact_id"] for row in created])
    (found,) = rows(conn, _REMOVE, {**unit, **_listed(created), "new": new})
    return int(found["removed"])


def _listed(created: Sequence[Row]) -> dict[str, list[Any]]:
    names = {"rows": "row", "contacts": "contact_id", "creators": "creator"}
    return {name: [row[column] for row in created] for name, column in names.items()}


_CREATED = """unnest(%(rows)s::bigint[], %(contacts)s::bigint[], %(creators)s::uuid[]) AS m(row, contact_id, creator)
      LEFT JOIN LATERAL (
        SELECT c.ctid AS place, c.id, c.version FROM contacts c WHERE c.id = m.contact_id LIMIT 1) c ON true"""

# The journal keeps which import and row a removed contact came from, and not what it was.
_RECORD = """recorded AS (
      INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
      SELECT contact_id, 'removed', creator, row, '{}', '{}' FROM gone),
    settled AS (
      DELETE FROM contact_undo_due d USING gone g
      WHERE (SELECT true FROM contact_undo_due LIMIT 1) AND d.contact_id = g.contact_id)"""

_REMOVE_WHOLE = f"""
    WITH judged AS MATERIALIZED (
      SELECT m.row, m.contact_id, m.creator, c.place, c.version FROM {_CREATED}
      WHERE NOT EXISTS ({undo_rules.standing_change("m.contact_id", "m.creator", "false")})),
    gone AS (
      DELETE FROM contacts c USING judged j WHERE c.ctid = j.place AND c.version = j.version
      RETURNING j.row, j.contact_id, j.creator),
    {_RECORD}
    SELECT count(*) AS removed FROM gone"""

_REMOVE = f"""
    WITH judged AS MATERIALIZED (
      SELECT m.row, m.contact_id, m.creator, c.place, c.id IS NOT NULL AS there, f.id AS change, f.kind,
        f.import_id AS by_import, CASE WHEN c.id IS NULL THEN d.user_id ELSE f.user_id END AS by_user, d.id AS deletion
      FROM {_CREATED}
      LEFT JOIN LATERAL (
        {undo_rules.standing_change("m.contact_id", "m.creator", undo_rules.OF_IMPORT)}) f ON c.id IS NOT NULL
      LEFT JOIN LATERAL ({undo_rules.deletion("m.contact_id")}) d ON c.id IS NULL),
    gone AS (
      DELETE FROM contacts c USING judged j WHERE c.ctid = j.place AND j.change IS NULL
      RETURNING j.row, j.contact_id, j.creator),
    {_RECORD},
    due AS (
      INSERT INTO contact_undo_due (kind, contact_id, import_id, row)
      SELECT 'contact', contact_id, creator, row FROM judged
      WHERE %(new)s AND (change IS NOT NULL OR deletion IS NOT NULL)
      ON CONFLICT (kind, key, contact_id) DO NOTHING),
    listed AS (
      INSERT INTO contact_undo_kept (import_id, contact_id, row, code, changed_by_import, changed_by_user)
      SELECT %(import_id)s, contact_id, row,
        CASE WHEN NOT there THEN 'deleted_meanwhile' WHEN kind = 'import' THEN 'changed_by_later_import'
          ELSE 'edited_since' END,
        CASE WHEN there THEN by_import END, by_user
      FROM judged WHERE %(new)s AND (NOT there OR change IS NOT NULL)
      ON CONFLICT (import_id, contact_id, field) DO NOTHING)
    SELECT count(*) AS removed FROM gone"""


def restore_whole(conn: psycopg.Connection[Any], unit: Unit, changes: list[int]) -> bool:
    """Undo these changes of an import at once, if each is plain, and its contact still the same when it is written.

    Nothing is locked beforehand. False means that the caller is to roll back.
    """
    (found,) = rows(conn, _RESTORE_WHOLE, {**unit, "changes": changes})
    return bool(found["all_back"])


def restore(
    conn: psycopg.Connection[Any],
    condition: str,
    unit: Unit,
    changes: list[int],
    *,
    claim: bool = False,
) -> Written:
    """Undo these entries, and with them all entries of the unit on their contacts, which the caller has locked.

    `condition` is one of undo_rules' OF_…; with `claim` every unique key becomes due, also where it seems free.
    """
    (found,) = rows(conn, _statement(condition), {**unit, "changes": changes, "claim": claim})
    if found["restored"]:
        rows(conn, _COUNTED, {"contacts": found["restored"]})
    return Written(found["restored"], found["marked"], found["kept"])


def list_kept(conn: psycopg.Connection[Any], import_id: object, kept: list[Row]) -> None:
    """Keep the list of what stays of an import."""
    if kept:
        rows(conn, _LIST, {"import_id": import_id, "kept": Jsonb(kept)})


_LIST = """
    INSERT INTO contact_undo_kept
      (import_id, contact_id, row, field, code, message, wanted, now, changed_by_import, changed_by_user)
    SELECT %(import_id)s, k.contact_id, k.row, k.field, k.code, k.message, NULLIF(k.wanted, 'null'),
      NULLIF(k.now, 'null'), k.by_import, k.by_user
    FROM jsonb_to_recordset(%(kept)s) AS k(contact_id bigint, row bigint, field text, code text, message text,
      wanted jsonb, now jsonb, by_import uuid, by_user bigint)
    ON CONFLICT (import_id, contact_id, field) DO NOTHING RETURNING id"""

# So that a key which comes back later does not count the contact again.
_COUNTED = """UPDATE contact_undo_due SET counted = true
    WHERE contact_id = ANY(%(contacts)s::bigint[]) AND NOT counted RETURNING id"""

_CHANGED = "h.id = ANY(%(changes)s::bigint[])"
_ASSIGNMENTS = ", ".join(
    f"{name} = CASE WHEN r.back ? '{name}' THEN r.back ->> '{name}' ELSE c.{name} END"
    for name in (*SCALARS, *DERIVED_KEYS)
)
_UPDATE = f"""UPDATE contacts c SET {_ASSIGNMENTS},
        tags = CASE WHEN r.back ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(r.back -> 'tags'))
          ELSE c.tags END,
        custom = {undo_rules.custom_with("r.back")}, version = c.version + 1, updated_at = now()"""
_MARK = "UPDATE contact_changes h SET undone_at = clock_timestamp(), undone_by = %(user_id)s"

# A contact that is changed meanwhile has another version by the time that its turn comes. The entry
# is where it was found, on the same snapshot: that takes no index.
_RESTORE_WHOLE = f"""
    WITH {undo_rules.found(undo_rules.OF_IMPORT, _CHANGED)},
    returning_fields AS MATERIALIZED (
      SELECT place, contact_id, before AS back, version FROM found WHERE returns AND is_plain),
    restored AS (
      {_UPDATE} FROM returning_fields r WHERE c.id = r.contact_id AND c.version = r.version RETURNING c.id),
    marked AS ({_MARK} FROM returning_fields r WHERE h.ctid = r.place RETURNING h.id)
    SELECT count(*) = (SELECT count(*) FROM restored) AND count(*) = (SELECT count(*) FROM marked) AS all_back
    FROM found"""


def _statement(condition: str) -> str:
    """One batch: judge, write what comes back, mark the entries, note what is due, and list what stays."""
    return f"""
    WITH {undo_rules.found(condition, _CHANGED)},
    {undo_rules.OTHERS},
    {undo_rules.judged(condition)},
    wishes AS MATERIALIZED (
      SELECT contact_id, row, field AS kind, key, {undo_rules.shown("will")} #>> '{{}}' AS value,
        {undo_rules.shown("now")} #>> '{{}}' AS held, source, false AS plain
      FROM judged WHERE fate = 'claimed'
      UNION ALL
      SELECT contact_id, row, kind, key, value, held, 0, true FROM ({undo_rules.PLAIN_KEYS}) k
      WHERE key IS NOT NULL AND (%(claim)s OR holder <> contact_id)),
    claimed AS MATERIALIZED (
      SELECT contact_id, array_agg(kind) || array_agg(kind || '_key') AS names FROM wishes WHERE plain
      GROUP BY contact_id),
    returning_fields AS MATERIALIZED (
      SELECT contact_id, jsonb_object_agg(name, value) AS back FROM (
        SELECT contact_id, field AS name, {undo_rules.shown("will")} AS value FROM judged
        WHERE fate = 'back' AND field NOT LIKE 'tag%%'
        UNION ALL
        SELECT contact_id, field || '_key', will -> 1 FROM judged
        WHERE fate = 'back' AND field IN ({undo_rules.CARRIERS})
        UNION ALL
        SELECT contact_id, 'tags', value FROM retagged WHERE value <> now) f(contact_id, name, value)
      GROUP BY contact_id
      UNION ALL
      SELECT f.contact_id, f.before - COALESCE(k.names, '{{}}') FROM found f
      LEFT JOIN claimed k ON k.contact_id = f.contact_id WHERE f.returns AND f.is_plain),
    restored AS (
      {_UPDATE} FROM returning_fields r WHERE c.id = r.contact_id AND r.back <> '{{}}' RETURNING c.id),
    marked AS (
      {_MARK} WHERE h.undone_at IS NULL AND h.id = ANY(ARRAY(
        SELECT change FROM found WHERE returns OR NOT there UNION SELECT id FROM history WHERE mine)) RETURNING h.id),
    dropped AS (
      DELETE FROM contact_undo_due d USING judged j WHERE d.contact_id = j.contact_id AND d.kind = j.field
        AND NOT (j.fate = 'claimed' AND j.key = d.key)),
    due AS (
      INSERT INTO contact_undo_due
        (kind, key, contact_id, value, held, since, source, import_id, change_id, row, plain, counted)
      SELECT w.kind, w.key, w.contact_id, w.value, w.held,
        (SELECT max(id) FROM contact_changes h WHERE h.contact_id = w.contact_id), w.source, %(import_id)s, %(change)s,
        w.row, w.plain, COALESCE(r.back <> '{{}}', false)
      FROM wishes w LEFT JOIN returning_fields r ON r.contact_id = w.contact_id
      ON CONFLICT (kind, key, contact_id) DO UPDATE SET value = excluded.value, held = excluded.held,
        since = excluded.since, source = excluded.source, import_id = excluded.import_id,
        change_id = excluded.change_id, row = excluded.row, plain = excluded.plain, counted = excluded.counted),
    listed AS MATERIALIZED ({undo_rules.LISTED}
      UNION ALL
      SELECT DISTINCT ON (f.contact_id) f.contact_id, f.row, NULL, 'deleted_meanwhile', NULL::jsonb, NULL::jsonb,
        NULL::uuid, d.user_id
      FROM found f CROSS JOIN LATERAL ({undo_rules.deletion("f.contact_id")}) d WHERE NOT f.there)
    SELECT ARRAY(SELECT id FROM restored) AS restored, ARRAY(SELECT id FROM marked) AS marked,
      COALESCE((SELECT jsonb_agg(l) FROM listed l), '[]') AS kept"""
