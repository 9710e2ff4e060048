"""Undo, from the journal, newest first, in resumable batches of one transaction each.

First go the contacts that the import created and nobody touched since, which frees the keys that they hold; then
the changed fields come back, newest change first. A field comes back only where it still holds what the import
wrote; whatever somebody changed since stays and is listed with who changed it.

A contact or field that stays because of a later import is handed over: the later import's `before` becomes this
import's. So undoing both, in either order, brings the original back. A contact handed over whole is marked by the
field `CREATED` in the later import's `before`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.engine.duplicates import Connection
from webapp.engine.faults import Fenced
from webapp.engine.leases import Lease
from webapp.intake.fields import SCALARS

BATCH = 1000
CREATED = "(contact)"
KEYS = ("external_id", "email_key", "phone_key")
LISTED = 100


@dataclass(frozen=True)
class RollbackPreview:
    """What an undo would do, in contacts. `conflicts` lists the first hundred of those that stay."""

    removed: int
    restored: int
    kept: int
    conflicts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Undone:
    """How far an undo is. `below` are the row and journal numbers still to be undone (exclusive upper ends)."""

    phase: str = "created"  # created | changed | done
    below: int | None = None
    removed: int = 0
    restored: int = 0
    kept: int = 0


# What somebody else did to contact %(c)s since this import: a person's edit, or an import that still stands.
_FOREIGN = """
    SELECT h.id, h.kind, h.import_id, h.user_id FROM contact_changes h
    WHERE h.contact_id = {contact} AND h.id > {since} AND (h.kind = 'edit' OR (h.kind = 'import'
      AND h.import_id <> %(import_id)s AND (SELECT i.state FROM contact_imports i WHERE i.id = h.import_id)
        <> 'rolled_back'))"""


def undo_slice(conn: Connection, lease: Lease, should_yield: Callable[[], bool]) -> bool:
    """Undo batch by batch from where the last slice stopped; True when the import is rolled back. Raises Fenced."""
    undone = _load(conn, lease.import_id)
    # Look-ups of contacts are lateral here too; joins among a batch's own parts are better hashed.
    conn.execute("SET enable_hashjoin = on")
    while undone.phase != "done":
        step = _remove_created if undone.phase == "created" else _restore_changed
        step(conn, lease.import_id, undone)
        _checkpoint(conn, lease, undone)
        conn.commit()
        if undone.phase != "done" and should_yield():
            return False
    return True


def _load(conn: Connection, import_id: UUID) -> Undone:
    row = conn.execute("SELECT rollback FROM contact_imports WHERE id = %s", (import_id,)).fetchone()
    conn.rollback()
    stored: Any = row["rollback"] if row else None
    return Undone(**stored) if stored else Undone()


def _checkpoint(conn: Connection, lease: Lease, undone: Undone) -> None:
    """Write how far it is, under the lease's token; with the last batch the import is rolled back."""
    done = undone.phase == "done"
    if done:
        undone.kept = _kept_contacts(conn, lease.import_id)
        undone.restored = _restored_contacts(conn, lease.import_id)
        conn.execute("SET LOCAL synchronous_commit = on")
        conn.execute(
            "INSERT INTO contact_import_logs (import_id, event) VALUES (%s, 'rolled_back')", (lease.import_id,)
        )
    moved = conn.execute(
        """UPDATE contact_imports SET rollback = %(rollback)s,
             state = CASE WHEN %(done)s THEN 'rolled_back' ELSE state END,
             rolled_back_at = CASE WHEN %(done)s THEN clock_timestamp() END
           WHERE id = %(id)s AND lease_token = %(token)s AND state = 'rolling_back' RETURNING id""",
        {"rollback": Jsonb(asdict(undone)), "done": done, "id": lease.import_id, "token": lease.token},
    ).fetchone()
    if moved is None:
        conn.rollback()
        raise Fenced


def _kept_contacts(conn: Connection, import_id: UUID) -> int:
    row = conn.execute(
        """SELECT count(DISTINCT contact_id) AS n FROM contact_undo_kept
           WHERE import_id = %s AND code <> 'deleted_meanwhile'""",
        (import_id,),
    ).fetchone()
    return int(row["n"]) if row else 0


def _restored_contacts(conn: Connection, import_id: UUID) -> int:
    """Contacts with at least one field that came back."""
    row = conn.execute(
        "SELECT count(DISTINCT contact_id) AS n FROM contact_changes WHERE import_id = %s AND kind = 'undo'",
        (import_id,),
    ).fetchone()
    return int(row["n"]) if row else 0


def _remove_created(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Delete the next contacts that this import created, last row first; keep and list those touched since."""
    found = conn.execute(
        _REMOVE_CREATED,
        {"import_id": import_id, "below": undone.below, "limit": BATCH},
        prepare=True,
    ).fetchone()
    assert found is not None  # noqa: S101 - an aggregate always answers
    undone.removed += int(found["removed"])
    if found["rows"]:
        undone.below = int(found["lowest"])
    else:
        undone.phase, undone.below = "changed", None


_REMOVE_CREATED = f"""
    WITH made AS MATERIALIZED (
      SELECT l.row, l.contact_id FROM contact_import_results l
      WHERE l.import_id = %(import_id)s AND l.outcome = 'created'
        AND l.row < COALESCE(%(below)s::bigint, 9223372036854775807)
      ORDER BY l.row DESC LIMIT %(limit)s),
    judged AS MATERIALIZED (
      SELECT m.row, m.contact_id, c.id IS NOT NULL AS there, f.id AS change, f.kind, f.import_id AS by_import,
        f.user_id AS by_user
      FROM made m
      LEFT JOIN LATERAL (SELECT c.id FROM contacts c WHERE c.id = m.contact_id FOR UPDATE) c ON true
      LEFT JOIN LATERAL ({_FOREIGN.format(contact="m.contact_id", since="0")}
        ORDER BY (h.kind = 'edit') DESC, h.id LIMIT 1) f ON true),
    gone AS (
      DELETE FROM contacts c USING judged j WHERE c.id = j.contact_id AND j.change IS NULL RETURNING c.id),
    handed AS (
      UPDATE contact_changes h SET before = h.before || '{{"{CREATED}": null}}'
      FROM judged j WHERE h.id = j.change AND j.there AND j.kind = 'import'),
    kept AS (
      INSERT INTO contact_undo_kept (import_id, contact_id, row, code, changed_by_import, changed_by_user)
      SELECT %(import_id)s, contact_id, row,
        CASE WHEN NOT there THEN 'deleted_meanwhile' WHEN kind = 'import' THEN 'changed_by_later_import'
          ELSE 'edited_since' END,
        CASE WHEN there THEN by_import END, by_user
      FROM judged WHERE NOT there OR change IS NOT NULL)
    SELECT (SELECT count(*) FROM gone) AS removed, count(*) AS rows, min(row) AS lowest FROM made"""


def _restore_changed(conn: Connection, import_id: UUID, undone: Undone) -> None:
    """Bring back the fields of the next changes, newest first.

    Changes that move a key, and several changes of one contact, go one by one in exactly the reverse order: each
    step then returns to a state that has existed, so no unique index stands in the way but for outsiders.
    """
    changes = conn.execute(
        """SELECT h.id, h.contact_id, h.before ?| %(keys)s AS moves_key,
             count(*) OVER (PARTITION BY h.contact_id) > 1 AS again
           FROM (SELECT * FROM contact_changes WHERE import_id = %(import_id)s AND kind = 'import'
             AND id < COALESCE(%(below)s::bigint, 9223372036854775807) ORDER BY id DESC LIMIT %(limit)s) h
           ORDER BY h.id DESC""",
        {"import_id": import_id, "below": undone.below, "limit": BATCH, "keys": [*KEYS, CREATED]},
        prepare=True,
    ).fetchall()
    if not changes:
        undone.phase, undone.below = "done", None
        return
    alone = [change["id"] for change in changes if not (change["moves_key"] or change["again"])]
    if alone:
        _restore(conn, import_id, alone)
    for change in changes:
        if change["moves_key"] or change["again"]:
            undone.removed += _restore_one(conn, import_id, change["id"])
    undone.below = int(changes[-1]["id"])


def _restore_one(conn: Connection, import_id: UUID, change: object) -> int:
    """Take one change back; a key that an outsider holds by now is listed, the rest comes back. Removed: 0 or 1."""
    gone = conn.execute(_REMOVE_HANDED_OVER, {"import_id": import_id, "change": change}, prepare=True).fetchone()
    if gone:
        return 1
    try:
        with conn.transaction():
            _restore(conn, import_id, [change])
    except psycopg.errors.UniqueViolation:
        _restore(conn, import_id, [change], keep=["external_id", "email"])
    return 0


def _restore(conn: Connection, import_id: UUID, changes: list[object], keep: list[str] | None = None) -> None:
    conn.execute(_RESTORE, {"import_id": import_id, "changes": changes, "keep": keep or []}, prepare=True)


# A contact that an earlier, undone import created and handed over goes with this import, if nobody else touched it.
_REMOVE_HANDED_OVER = f"""
    WITH made AS MATERIALIZED (
      SELECT h.contact_id FROM contact_changes h
      WHERE h.id = %(change)s AND h.before ? '{CREATED}'
        AND NOT EXISTS ({_FOREIGN.format(contact="h.contact_id", since="0")}))
    DELETE FROM contacts c USING made m WHERE c.id = m.contact_id RETURNING c.id"""


def _now(name: str) -> str:
    """The present value of the journal's field `name` on contact c, as JSON."""
    return f"to_jsonb(c.{name})"


_NOW = "jsonb_strip_nulls(jsonb_build_object({}))".format(
    ", ".join(f"'{name}', {_now(name)}" for name in (*SCALARS, "tags"))
)

_ASSIGNMENTS = ", ".join(
    f"{name} = CASE WHEN r.back ? '{name}' THEN r.back ->> '{name}' ELSE c.{name} END" for name in SCALARS
)


def _key_assignment(name: str, key: str) -> str:
    """A key travels with its field: it comes back exactly when the field does."""
    return f"{key} = CASE WHEN r.back ? '{name}' AND r.before ? '{key}' THEN r.before ->> '{key}' ELSE c.{key} END"


def _without(tags: str) -> str:
    """These tags as they were had the import not touched them: those it added go, those it removed return."""
    return f"""CASE WHEN {tags} = left_as THEN wanted ELSE to_jsonb(
          ARRAY(SELECT t FROM jsonb_array_elements_text({tags}) t
            WHERE NOT (left_as ? t AND NOT wanted ? t)
            UNION ALL SELECT t FROM jsonb_array_elements_text(wanted) t
            WHERE NOT left_as ? t AND NOT {tags} ? t)) END"""


# Each changed field is compared with what stands there now: as the import left it → back; as before → nothing;
# anything else → kept and listed. Tags are a set: whatever else was added stays, and later imports are told, each of
# them, since any of them may have replaced the whole set.
_RESTORE = f"""
    WITH changes AS MATERIALIZED (
      SELECT h.* FROM contact_changes h WHERE h.id = ANY(%(changes)s)),
    present AS MATERIALIZED (
      SELECT h.id AS change, h.contact_id, h.row, h.before, h.after, c.tags AS now_tags, c.custom AS now_custom,
        c.id IS NOT NULL AS there, {_NOW} AS now
      FROM changes h LEFT JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = h.contact_id FOR UPDATE) c ON true),
    fields AS MATERIALIZED (
      SELECT p.change, p.contact_id, p.row, b.key AS field, b.value AS wanted, p.after -> b.key AS left_as,
        COALESCE(CASE WHEN b.key LIKE 'custom:%%' THEN p.now_custom -> substr(b.key, 8) ELSE p.now -> b.key END,
          'null') AS now
      FROM present p, jsonb_each(p.before) b
      WHERE p.there AND b.key NOT IN ('email_key', 'phone_key', '{CREATED}')),
    judged AS MATERIALIZED (
      SELECT f.*, CASE WHEN field = ANY(%(keep)s) AND now = left_as THEN 'taken'
        WHEN now = left_as OR field = 'tags' THEN 'back' WHEN now = wanted THEN 'same' ELSE 'kept' END AS fate,
        CASE WHEN field = 'tags' THEN {_without("now")} ELSE wanted END AS value
      FROM fields f),
    returning_fields AS MATERIALIZED (
      SELECT p.change, p.contact_id, p.row, p.before, b.back, b.had
      FROM present p JOIN LATERAL (
        SELECT jsonb_object_agg(field, value) AS back, jsonb_object_agg(field, now) AS had FROM judged j
        WHERE j.change = p.change AND j.fate = 'back' AND j.now <> j.value) b ON b.back IS NOT NULL),
    restored AS (
      UPDATE contacts c SET {_ASSIGNMENTS}, {_key_assignment("email", "email_key")},
        {_key_assignment("phone", "phone_key")},
        tags = CASE WHEN r.back ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(r.back -> 'tags'))
          ELSE c.tags END,
        custom = (c.custom - ARRAY(SELECT substr(k, 8) FROM jsonb_object_keys(r.back) k WHERE k LIKE 'custom:%%'))
          || COALESCE((SELECT jsonb_object_agg(substr(k, 8), v) FROM jsonb_each(r.back) e(k, v)
            WHERE k LIKE 'custom:%%' AND v <> 'null'), '{{}}'),
        version = c.version + 1, updated_at = now()
      FROM returning_fields r WHERE c.id = r.contact_id),
    journalled AS (
      INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
      SELECT contact_id, 'undo', %(import_id)s, row, had, back FROM returning_fields),
    blame AS MATERIALIZED (
      SELECT j.*, f.id AS later, f.kind, f.import_id AS by_import, f.user_id AS by_user
      FROM judged j LEFT JOIN LATERAL (
        SELECT g.* FROM ({_FOREIGN.format(contact="j.contact_id", since="j.change")}) g
        JOIN contact_changes n ON n.id = g.id WHERE n.before ? j.field
        ORDER BY (g.kind = 'edit') DESC, g.id LIMIT 1) f ON j.fate = 'kept'
      WHERE j.fate IN ('kept', 'taken')),
    inherited AS (
      SELECT later, field AS key, wanted AS before, NULL::jsonb AS after FROM blame WHERE kind = 'import'
      UNION ALL
      SELECT b.later, b.field || '_key', c.before -> (b.field || '_key'), NULL
      FROM blame b JOIN changes c ON c.id = b.change
      WHERE b.kind = 'import' AND c.before ? (b.field || '_key')
      UNION ALL
      SELECT h.id, 'tags', {_without("h.before -> 'tags'")}, {_without("h.after -> 'tags'")}
      FROM judged j CROSS JOIN LATERAL ({_FOREIGN.format(contact="j.contact_id", since="j.change")}) f
      JOIN contact_changes h ON h.id = f.id
      WHERE j.field = 'tags' AND f.kind = 'import' AND h.before ? 'tags'),
    handed AS (
      UPDATE contact_changes h SET before = h.before || g.before, after = h.after || g.after
      FROM (SELECT later, jsonb_object_agg(key, before) AS before,
          COALESCE(jsonb_object_agg(key, after) FILTER (WHERE after IS NOT NULL), '{{}}') AS after
        FROM inherited GROUP BY later) g
      WHERE h.id = g.later),
    listed AS (
      INSERT INTO contact_undo_kept
        (import_id, contact_id, row, field, code, wanted, now, changed_by_import, changed_by_user)
      SELECT %(import_id)s, contact_id, row, field,
        CASE WHEN fate = 'taken' THEN 'key_taken_on_undo' WHEN kind = 'import' THEN 'changed_by_later_import'
          ELSE 'edited_since' END, wanted, now, by_import, by_user FROM blame
      UNION ALL
      SELECT %(import_id)s, contact_id, row, NULL, 'deleted_meanwhile', NULL, NULL, NULL, NULL
      FROM present p WHERE NOT there
        AND NOT EXISTS (SELECT FROM contact_import_results l WHERE l.import_id = %(import_id)s
          AND l.contact_id = p.contact_id AND l.outcome = 'created'))
    SELECT count(*) AS fields FROM judged"""


def preview(session: Session, import_id: UUID) -> RollbackPreview:
    """What an undo would do now, read-only: contacts removed, restored and kept, and why."""
    counts = session.execute(text(_PREVIEW), {"import_id": import_id}).one()
    conflicts = session.execute(text(_PREVIEW_CONFLICTS), {"import_id": import_id, "limit": LISTED})
    return RollbackPreview(
        counts.removed, counts.restored, counts.kept, [dict(row._mapping) for row in conflicts]  # noqa: SLF001
    )


_FOREIGN_TEXT = _FOREIGN.replace("%(import_id)s", ":import_id")

_PREVIEW_PARTS = f"""
    WITH made AS (
      SELECT l.row, l.contact_id, EXISTS ({_FOREIGN_TEXT.format(contact="l.contact_id", since="0")}) AS touched
      FROM contact_import_results l JOIN contacts c ON c.id = l.contact_id
      WHERE l.import_id = :import_id AND l.outcome = 'created'),
    changed AS (
      SELECT DISTINCT ON (h.contact_id, b.key) h.contact_id, h.row, h.id, b.key AS field, b.value AS wanted,
        h.after -> b.key AS left_as,
        COALESCE(CASE WHEN b.key LIKE 'custom:%' THEN c.custom -> substr(b.key, 8) ELSE to_jsonb(c) -> b.key END,
          'null') AS now
      FROM contact_changes h JOIN contacts c ON c.id = h.contact_id, jsonb_each(h.before) b
      WHERE h.import_id = :import_id AND h.kind = 'import'
        AND b.key NOT IN ('email_key', 'phone_key', '{CREATED}')
        AND NOT EXISTS (SELECT FROM made m WHERE m.contact_id = h.contact_id AND NOT m.touched)
      ORDER BY h.contact_id, b.key, h.id DESC)"""

_PREVIEW = f"""{_PREVIEW_PARTS}
    SELECT (SELECT count(*) FROM made WHERE NOT touched) AS removed,
      (SELECT count(DISTINCT contact_id) FROM changed WHERE now = left_as OR field = 'tags') AS restored,
      (SELECT count(*) FROM (SELECT contact_id FROM made WHERE touched UNION SELECT contact_id FROM changed
        WHERE now <> left_as AND now <> wanted AND field <> 'tags') k) AS kept"""

_PREVIEW_CONFLICTS = f"""{_PREVIEW_PARTS}
    SELECT contact_id, row, NULL AS field, 'edited_since' AS code, NULL::jsonb AS wanted, NULL::jsonb AS now
    FROM made WHERE touched
    UNION ALL
    SELECT contact_id, row, field, 'edited_since', wanted, now FROM changed
    WHERE now <> left_as AND now <> wanted AND field <> 'tags'
    ORDER BY 2 LIMIT :limit"""

