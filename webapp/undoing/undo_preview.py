"""What the undo of an import would do now, counted and listed before it runs: the same SQL judges, without writing.

All that the undo does batch by batch is looked at here at once, and all keys as claims. So counts and list are those
that the undo comes to, as long as the contacts do not change in between.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db
from webapp.db import driver
from webapp.models import UndoPreview
from webapp.undoing import undo_keys, undo_rules, undo_writing
from webapp.undoing.undo_keys import KEYS

LISTED = 100
SECONDS = 1.0  # that a request takes for it; longer than that, and it is a job
FRESH = timedelta(
    seconds=30
)  # for so long a preview is shown although the book goes on changing


@dataclass(frozen=True)
class RollbackPreview:
    """What an undo would do, in contacts.

    `conflicts` lists the first hundred of what stays, and who changed it.
    """

    removed: int
    restored: int
    kept: int
    conflicts: list[dict[str, Any]] = field(default_factory=list)


def preview(session: Session, import_id: UUID) -> RollbackPreview:
    """What an undo would do now: contacts removed, restored and kept, and why. Read-only."""
    session.flush()

    # Nothing is known of the sizes of its parts: joined by hashing, no size does harm.
    with db.planned(session, jit="off", enable_nestloop="off"):
        unit = {**undo_writing.of_import(import_id), "limit": LISTED}
        (found,) = undo_keys.rows(driver(session), _PREVIEW, unit)

    return RollbackPreview(
        found["removed"], found["restored"], found["kept"], found["conflicts"] or []
    )


def soon(
    session: Session, import_id: UUID, seconds: float = SECONDS
) -> RollbackPreview | None:
    """The preview that a job kept, or one made at once; None where that takes more than so many seconds."""
    if (known := kept(session, import_id)) is not None:
        return known

    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))
            found = preview(session, import_id)
            session.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
            return found
    except psycopg.errors.QueryCanceled:
        return None


def compute_and_keep(session: Session, import_id: UUID) -> None:
    """Make the preview, however long it takes, and keep it. The caller commits."""
    seen = _seen(session)
    session.execute(text("SET LOCAL statement_timeout = 0"))
    result = asdict(preview(session, import_id))
    values = {"seen": seen, "result": result, "made_at": datetime.now(UTC)}
    made = insert(UndoPreview).values(import_id=import_id, **values)
    session.execute(made.on_conflict_do_update(index_elements=["import_id"], set_=values))


def kept(session: Session, import_id: UUID) -> RollbackPreview | None:
    """The preview that a job kept, unless it is out of date."""
    found = session.get(UndoPreview, import_id, populate_existing=True)
    if found is None or (
        found.seen != _seen(session) and found.made_at < datetime.now(UTC) - FRESH
    ):
        return None

    return RollbackPreview(**found.result)


def _seen(session: Session) -> str:
    """What changes when contacts, journal or undos do."""
    return str(session.scalar(text(_SEEN)))


_SEEN = """
    SELECT concat_ws(' ', (SELECT max(id) FROM contact_changes), (SELECT max(id) FROM contacts),
      (SELECT max(rolled_back_at) FROM contact_imports), (SELECT count(*) FROM contact_undo_due),
      (SELECT count(*) FROM contact_changes WHERE kind IN ('edit', 'delete') AND undone_at IS NOT NULL))"""

_UNIT = undo_rules.OF_IMPORT
_THIS = _UNIT.format(h="h")
_KINDS = "(VALUES {}) kinds(kind)".format(", ".join(f"('{kind}')" for kind in KEYS))

# made: the contacts that the import created, and those that are due to go, with what keeps them.
# keys: the unique keys of plain entries, free or not. listed: what stays, and why.
_PARTS = f"""
    made AS MATERIALIZED (
      SELECT m.row, m.contact_id, m.new, c.id IS NOT NULL AS there, f.id AS change, f.kind, f.import_id AS by_import,
        f.user_id AS by_user
      FROM (SELECT row, contact_id, import_id AS creator, true AS new FROM contact_import_results
          WHERE import_id = %(import_id)s AND outcome = 'created' AND contact_id IS NOT NULL
        UNION ALL SELECT row, contact_id, import_id, false FROM contact_undo_due WHERE kind = 'contact') m
      LEFT JOIN LATERAL (SELECT c.id FROM contacts c WHERE c.id = m.contact_id LIMIT 1) c ON true
      LEFT JOIN LATERAL ({undo_rules.standing_change("m.contact_id", "m.creator", _UNIT)}) f ON c.id IS NOT NULL),
    removed AS MATERIALIZED (SELECT DISTINCT contact_id FROM made WHERE there AND change IS NULL),
    {undo_rules.found(_UNIT, f"{_THIS} AND NOT EXISTS (SELECT FROM removed r WHERE r.contact_id = h.contact_id)")},
    {undo_rules.OTHERS},
    {undo_rules.judged(_UNIT)},
    keys AS MATERIALIZED ({undo_rules.PLAIN_KEYS}),
    claims AS MATERIALIZED (
      SELECT contact_id, row, field AS kind, key, {undo_rules.shown("will")} #>> '{{}}' AS value,
        {undo_rules.shown("now")} #>> '{{}}' AS now, false AS plain, source, true AS new
      FROM judged WHERE fate = 'claimed'
      UNION ALL
      SELECT contact_id, row, kind, key, value, held, true, 0, true FROM keys WHERE holder <> contact_id
      UNION ALL
      SELECT d.contact_id, d.row, d.kind, d.key, d.value, d.held, false, d.source, false
      FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
      WHERE d.kind <> 'contact' AND NOT {undo_keys.void(_THIS)}
        AND NOT EXISTS (SELECT FROM removed r WHERE r.contact_id = d.contact_id)
        AND NOT EXISTS (SELECT FROM judged j WHERE j.contact_id = d.contact_id AND j.field = d.kind)),
    leaving AS MATERIALIZED (
      SELECT contact_id, kind FROM removed CROSS JOIN {_KINDS}
      UNION ALL
      SELECT contact_id, field FROM judged WHERE field IN ({undo_rules.KINDS}) AND fate = 'back' AND key IS NULL
      UNION ALL
      SELECT contact_id, kind FROM keys WHERE holder IS NULL),
    given AS MATERIALIZED (SELECT kind, key FROM keys WHERE key IS NOT NULL AND holder IS NULL),
    {undo_keys.BLOCKED},
    stays AS MATERIALIZED (
      SELECT h.* FROM held h JOIN blocked b ON b.contact_id = h.contact_id AND b.kind = h.kind),
    restored AS MATERIALIZED (
      SELECT contact_id FROM judged WHERE fate = 'back' AND field NOT LIKE 'tag%%'
      UNION SELECT contact_id FROM retagged WHERE value <> now
      UNION SELECT h.contact_id FROM held h LEFT JOIN stays s ON s.contact_id = h.contact_id AND s.kind = h.kind
        WHERE s.contact_id IS NULL),
    plain AS MATERIALIZED (
      SELECT f.contact_id FROM found f WHERE f.returns AND f.is_plain AND NOT EXISTS (
        SELECT FROM stays s WHERE s.contact_id = f.contact_id
          AND f.before - ARRAY(SELECT unnest(ARRAY[t.kind, t.kind || '_key']) FROM stays t
            WHERE t.contact_id = f.contact_id) = '{{}}')),
    listed AS MATERIALIZED (
      SELECT contact_id, row, NULL AS field, CASE kind WHEN 'edit' THEN 'edited_since'
        ELSE 'changed_by_later_import' END AS code, NULL::jsonb AS wanted, NULL::jsonb AS now, by_import, by_user,
        NULL::bigint AS holder
      FROM made WHERE new AND there AND change IS NOT NULL
      UNION ALL
      (SELECT DISTINCT ON (g.contact_id) g.contact_id, g.row, NULL, 'deleted_meanwhile', NULL::jsonb, NULL::jsonb,
        NULL::uuid, g.user_id, NULL
      FROM (
        SELECT m.contact_id, m.row, d.user_id, 0 AS change
        FROM made m LEFT JOIN LATERAL ({undo_rules.deletion("m.contact_id")}) d ON true WHERE m.new AND NOT m.there
        UNION ALL
        SELECT f.contact_id, f.row, d.user_id, f.change
        FROM found f CROSS JOIN LATERAL ({undo_rules.deletion("f.contact_id")}) d WHERE NOT f.there) g
      ORDER BY g.contact_id, g.change = 0 DESC, g.change DESC)
      UNION ALL
      SELECT l.*, NULL FROM ({undo_rules.LISTED}) l
      UNION ALL
      SELECT contact_id, row, kind, 'key_taken_on_undo', to_jsonb(value), to_jsonb(now), NULL, NULL, holder
      FROM stays WHERE new)"""

_PREVIEW = f"""WITH RECURSIVE {_PARTS}
    SELECT (SELECT count(*) FROM removed) AS removed,
      (SELECT count(*) FROM (SELECT contact_id FROM restored UNION SELECT contact_id FROM plain) r) AS restored,
      (SELECT count(DISTINCT contact_id) FROM listed WHERE code <> 'deleted_meanwhile') AS kept,
      (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.row, l.field NULLS FIRST) FROM (
        SELECT l.contact_id, l.row, l.field, l.code, l.wanted, l.now, COALESCE(l.by_import, g.import_id) AS by_import,
          COALESCE(l.by_user, g.user_id) AS by_user, i.filename AS by_file,
          COALESCE(NULLIF(u.name, ''), u.email) AS by_person
        FROM (SELECT * FROM listed ORDER BY row, field NULLS FIRST LIMIT %(limit)s) l
        LEFT JOIN LATERAL ({undo_keys.GIVER.format(holder="l.holder", kind="l.field")}) g ON l.holder IS NOT NULL
        LEFT JOIN contact_imports i ON i.id = COALESCE(l.by_import, g.import_id)
        LEFT JOIN users u ON u.id = COALESCE(l.by_user, g.user_id)) l) AS conflicts"""
