"""What an undo would do now, counted before it runs. It follows the rules of `unwinding.py`, without writing.

Several changes of one field by the same import count as one, from what stood before the first to what the last left.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp import db
from webapp.engine.unwinding import (
    CREATED,
    FOREIGN,
    JOURNAL,
    TRAVELS,
    deleted_by,
    flat_custom,
    stands,
    touched,
    without,
)

LISTED = 100


@dataclass(frozen=True)
class RollbackPreview:
    """What an undo would do, in contacts. `conflicts` lists the first hundred of what stays, and who changed it."""

    removed: int
    restored: int
    kept: int
    conflicts: list[dict[str, Any]] = field(default_factory=list)


def preview(session: Session, import_id: UUID) -> RollbackPreview:
    """What an undo would do now: contacts removed, restored and kept, and why. Read-only."""
    # Nothing is known of the sizes of its parts: joined by hashing, they do no harm whatever they are.
    with db.planned(session, jit="off", enable_nestloop="off"):
        found = session.execute(_PREVIEW, {"import_id": import_id, "limit": LISTED}).one()
    return RollbackPreview(found.removed, found.restored, found.kept, found.conflicts or [])


def _key_is_free(field: str, key: str) -> str:
    """Whether nobody holds the key that the change h would give back; so too where it would give none."""
    return f"""(NOT h.before ? '{field}' OR NOT EXISTS (
          SELECT FROM (SELECT FROM contacts k WHERE k.{key} = h.before ->> '{key}' LIMIT 1) k))"""


# mine: the contacts that the import created. made: those that are there, and what keeps them. gone: of those that it
# created or changed, the ones that a person deleted, and who; deletions by hand are few, so they come first.
# standing: its changes; is_plain: the many that return whole, since nothing else happened to the contact. changes, own:
# the others, and these field by field.
_PARTS = f"""
    mine AS MATERIALIZED (
      SELECT l.row, l.contact_id, c.id IS NOT NULL AS there
      FROM (SELECT row, contact_id FROM contact_import_results
          WHERE import_id = %(import_id)s AND outcome = 'created' AND contact_id IS NOT NULL
        UNION ALL SELECT row, contact_id FROM contact_changes
          WHERE import_id = %(import_id)s AND kind = 'import' AND before ? '{CREATED}') l
      LEFT JOIN LATERAL (SELECT c.id FROM contacts c WHERE c.id = l.contact_id LIMIT 1) c ON true),
    made AS MATERIALIZED (
      SELECT m.row, m.contact_id, f.id AS change, f.kind, f.import_id AS by_import, f.user_id AS by_user
      FROM mine m LEFT JOIN LATERAL ({touched("m.contact_id")}) f ON true WHERE m.there),
    gone AS MATERIALIZED (
      SELECT DISTINCT ON (g.contact_id) g.contact_id, g.row, g.user_id FROM (
        SELECT m.contact_id, m.row, {deleted_by("m.contact_id")} AS user_id, 0 AS change FROM mine m WHERE NOT m.there
        UNION ALL
        SELECT d.contact_id, h.row, d.user_id, h.id
        FROM (SELECT contact_id, user_id FROM contact_changes WHERE kind = 'delete') d
        CROSS JOIN LATERAL {JOURNAL.format(contact="d.contact_id", since="0")} h
        WHERE h.import_id = %(import_id)s AND h.kind IN ('import', 'owed')) g
      ORDER BY g.contact_id, g.change = 0 DESC, g.change DESC),
    standing AS MATERIALIZED (
      SELECT h.id, h.contact_id, h.before ? 'external_id' AS external_id, h.before ? 'email' AS email,
        {stands("h.after")} AND {_key_is_free("external_id", "external_id")} AND {_key_is_free("email", "email_key")}
          AND NOT EXISTS (SELECT FROM {JOURNAL.format(contact="h.contact_id", since="0")} o
            WHERE o.id <> h.id AND (o.import_id = %(import_id)s OR o.id > h.id)) AS is_plain
      FROM contact_changes h
      JOIN LATERAL (SELECT k AS whole, k.* FROM contacts k WHERE k.id = h.contact_id LIMIT 1) c
        ON c.imported_from IS DISTINCT FROM %(import_id)s
      WHERE h.import_id = %(import_id)s AND h.kind IN ('import', 'owed')
        AND NOT EXISTS (SELECT FROM made m WHERE m.contact_id = h.contact_id AND m.change IS NULL)),
    changes AS MATERIALIZED (
      SELECT h.*, to_jsonb(c) || {flat_custom("h.after")} AS now
      FROM standing s
      CROSS JOIN LATERAL (SELECT * FROM contact_changes h WHERE h.id = s.id LIMIT 1) h
      CROSS JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = s.contact_id LIMIT 1) c
      WHERE NOT s.is_plain),
    own AS MATERIALIZED (
      SELECT h.id, h.contact_id, h.row, b.key AS field, b.value AS before, h.after -> b.key AS after,
        COALESCE(h.now -> b.key, 'null') AS now,
        h.before ->> CASE b.key WHEN 'email' THEN 'email_key' ELSE b.key END AS key
      FROM changes h, jsonb_each(h.before) b
      WHERE b.key <> '{CREATED}' AND NOT ({TRAVELS.format(key="b.key", before="h.before")})),
    foreigners AS MATERIALIZED (
      SELECT n.contact_id, f.id, f.kind, f.import_id, f.user_id, jsonb_object_keys(f.before) AS field
      FROM (SELECT contact_id, min(id) AS first FROM own GROUP BY contact_id) n
      CROSS JOIN LATERAL ({FOREIGN.format(contact="n.contact_id", since="n.first", kinds="'import', 'owed'")}) f),
    since AS MATERIALIZED (
      SELECT contact_id, field, max(id) AS last, max(id) FILTER (WHERE kind <> 'edit') AS last_import
      FROM foreigners GROUP BY contact_id, field),
    chains AS MATERIALIZED (
      SELECT o.*, s.last, s.last_import, row_number() OVER (w ORDER BY o.id DESC) AS newest,
        first_value(o.before) OVER (w ORDER BY o.id) AS original,
        first_value(o.before) OVER (w ORDER BY o.id > COALESCE(s.last, 0) DESC, o.id) AS oldest,
        first_value(o.key) OVER (w ORDER BY o.id > COALESCE(s.last, 0) DESC, o.id) AS oldest_key
      FROM own o LEFT JOIN since s ON s.contact_id = o.contact_id AND s.field = o.field
      WHERE o.field <> 'tags' WINDOW w AS (PARTITION BY o.contact_id, o.field)),
    verdicts AS MATERIALIZED (
      SELECT c.*, CASE WHEN now = before OR now <> after OR last_import > id THEN 'stays' WHEN last > id THEN 'once'
          ELSE 'back' END AS fate
      FROM chains c WHERE c.newest = 1),
    ends AS MATERIALIZED (
      SELECT v.*, CASE fate WHEN 'back' THEN oldest WHEN 'once' THEN before ELSE now END AS will_be,
        CASE fate WHEN 'back' THEN oldest_key ELSE key END AS wanted_key
      FROM verdicts v),
    wanted_keys AS MATERIALIZED (
      SELECT e.contact_id, e.field, k.id AS holder FROM ends e JOIN LATERAL (
        SELECT k.id FROM contacts k WHERE e.field = 'email' AND k.email_key = e.wanted_key
        UNION ALL SELECT k.id FROM contacts k WHERE e.field = 'external_id' AND k.external_id = e.wanted_key) k ON true
      WHERE e.fate <> 'stays' AND k.id <> e.contact_id
        AND NOT EXISTS (SELECT FROM made m WHERE m.contact_id = k.id AND m.change IS NULL)),
    taken(contact_id, field) AS (
      SELECT w.contact_id, w.field FROM wanted_keys w
      WHERE NOT EXISTS (SELECT FROM ends o WHERE o.contact_id = w.holder AND o.field = w.field AND o.fate <> 'stays')
        AND NOT EXISTS (SELECT FROM standing s WHERE s.is_plain AND s.contact_id = w.holder
          AND CASE w.field WHEN 'email' THEN s.email ELSE s.external_id END)
      UNION SELECT w.contact_id, w.field FROM wanted_keys w
      JOIN taken t ON t.contact_id = w.holder AND t.field = w.field),
    tags AS MATERIALIZED (
      SELECT DISTINCT contact_id FROM (
        SELECT contact_id, now, {without("now")} AS value
        FROM (SELECT contact_id, now, before AS wanted, after AS left_as FROM own WHERE field = 'tags') t) t
      WHERE now <> value),
    stays AS MATERIALIZED (
      SELECT e.contact_id, e.row, e.field, e.original AS wanted, e.will_be AS now, e.last,
        EXISTS (SELECT FROM taken t WHERE t.contact_id = e.contact_id AND t.field = e.field) AS is_taken
      FROM ends e WHERE e.will_be <> e.original
        OR EXISTS (SELECT FROM taken t WHERE t.contact_id = e.contact_id AND t.field = e.field)),
    listed AS MATERIALIZED (
      SELECT contact_id, row, NULL AS field, NULL::jsonb AS wanted, NULL::jsonb AS now, by_import, by_user,
        CASE kind WHEN 'edit' THEN 'edited_since' ELSE 'changed_by_later_import' END AS code
      FROM made WHERE change IS NOT NULL
      UNION ALL
      SELECT contact_id, row, NULL, NULL, NULL, NULL, user_id, 'deleted_meanwhile' FROM gone
      UNION ALL
      SELECT s.contact_id, s.row, s.field, s.wanted, s.now, f.import_id, f.user_id,
        CASE WHEN is_taken THEN 'key_taken_on_undo' WHEN f.kind = 'import' THEN 'changed_by_later_import'
          ELSE 'edited_since' END
      FROM stays s
      LEFT JOIN LATERAL (SELECT * FROM contact_changes h WHERE h.id = s.last LIMIT 1) f ON NOT s.is_taken)"""

_COUNTS = f"""WITH RECURSIVE {_PARTS}
    SELECT (SELECT count(*) FROM made WHERE change IS NULL) AS removed,
      (SELECT count(*) FROM (
        SELECT e.contact_id FROM ends e WHERE e.fate <> 'stays' AND NOT EXISTS (
          SELECT FROM taken t WHERE t.contact_id = e.contact_id AND t.field = e.field)
        UNION SELECT contact_id FROM tags UNION SELECT contact_id FROM standing WHERE is_plain) r) AS restored,
      (SELECT count(DISTINCT contact_id) FROM listed WHERE code <> 'deleted_meanwhile') AS kept,
      (SELECT jsonb_agg(to_jsonb(l)) FROM (
        SELECT l.*, i.filename AS by_file, COALESCE(NULLIF(u.name, ''), u.email) AS by_person
        FROM listed l LEFT JOIN contact_imports i ON i.id = l.by_import LEFT JOIN users u ON u.id = l.by_user
        ORDER BY l.row, l.field NULLS FIRST LIMIT :limit) l) AS conflicts"""
_PREVIEW = text(_COUNTS.replace("%(import_id)s", ":import_id").replace("%%", "%"))
