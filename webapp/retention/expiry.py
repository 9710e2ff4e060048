"""Forgetting in time: some days after an import ended, its file, its rows and what an undo would need are deleted.

What stays: the counts, the ledger's entries and digest, who and when. An upload that was never run goes altogether.
The work is done in small batches, a little at a time, by any worker's sweep; a broken-off round is simply gone on with.
"""

import time
from uuid import UUID

from webapp.db import Connection
from webapp.undoing import undo_rules
from webapp.vocabulary.states import ENDED, NEVER_RUN, UNUSED

BATCH = 2000
CHUNKS = 128  # of about 128 KiB each
ONE_AT_A_TIME = 7_665_103  # "rowcall forget": one worker at a time


def forget(conn: Connection, days: int, seconds: float = 1.0) -> bool:
    """Delete what is older than `days`, for about `seconds`; true when there is more to do."""
    until = time.monotonic() + seconds

    # Released with the connection, too.
    if not conn.execute(
        "SELECT pg_try_advisory_lock(%s) AS mine", (ONE_AT_A_TIME,)
    ).fetchone()["mine"]:  # type: ignore[index]
        return False

    try:
        _expire(conn, days)
        while time.monotonic() < until:
            if not (
                _some_of_an_import(conn)
                or _some_deleted_contacts(conn, days)
                or _some_due(conn, days)
            ):
                return False

        return True
    finally:
        conn.rollback()
        conn.execute("SELECT pg_advisory_unlock(%s)", (ONE_AT_A_TIME,))
        conn.commit()


def _expire(conn: Connection, days: int) -> None:
    """From here on such an import can neither be taken back nor be run again."""
    conn.execute(
        """UPDATE contact_imports SET expired_at = clock_timestamp()
           WHERE expired_at IS NULL AND state = ANY(%s)
             AND COALESCE(rolled_back_at, completed_at, created_at) < clock_timestamp() - make_interval(days => %s)""",
        ([*ENDED, *NEVER_RUN], days),
    )
    conn.commit()


def _some_of_an_import(conn: Connection) -> bool:
    """Delete one batch of one expired import; false when none has anything left."""
    found = conn.execute(
        """SELECT id, state = ANY(%s) AS unused FROM contact_imports
           WHERE expired_at IS NOT NULL AND purged_at IS NULL ORDER BY expired_at LIMIT 1""",
        (list(UNUSED),),
    ).fetchone()

    if found is None:
        conn.rollback()
        return False

    if not any(
        conn.execute(step, {"id": found["id"], "limit": limit}).rowcount
        for step, limit in STEPS
    ):
        _finish(conn, found["id"], unused=found["unused"])

    conn.commit()

    return True


_JOURNAL = undo_rules.JOURNAL.format(contact="p.contact_id", since="p.id")

# The journal keeps which fields came from where, without their values. A change that was undone
# counts for nothing, so the next change of each of its fields found what that one had found:
# otherwise its undo would bring a value back that was undone.
_EMPTY_JOURNAL = f"""
    WITH batch AS MATERIALIZED (
      SELECT * FROM contact_changes WHERE import_id = %(id)s AND after <> '{{}}' ORDER BY id LIMIT %(limit)s),
    handed AS MATERIALIZED (
      SELECT DISTINCT ON (n.id, f.field) n.id, f.field, f.before
      FROM batch p CROSS JOIN LATERAL {undo_rules.fields("p")} f
      CROSS JOIN LATERAL (
        SELECT q.id FROM {_JOURNAL} q CROSS JOIN LATERAL {undo_rules.fields("q")} g
        WHERE g.field = f.field AND q.kind IN ('import', 'edit') AND q.after <> '{{}}'
          AND q.import_id IS DISTINCT FROM %(id)s ORDER BY q.id LIMIT 1) n
      WHERE p.undone_at IS NOT NULL AND f.field <> 'tags' ORDER BY n.id, f.field, p.id),
    sides AS MATERIALIZED (
      SELECT id,
        COALESCE(jsonb_object_agg(field, {undo_rules.shown("before")}) FILTER (WHERE {undo_rules.IS_NO_TAG}), '{{}}')
          || COALESCE(jsonb_object_agg(field || '_key', before -> 1) FILTER (WHERE {undo_rules.CARRIES_KEY}), '{{}}')
          AS plain,
        array_agg(substr(field, 5)) FILTER (WHERE before = 'true' AND NOT {undo_rules.IS_NO_TAG}) AS had,
        array_agg(substr(field, 5)) FILTER (WHERE before = 'false' AND NOT {undo_rules.IS_NO_TAG}) AS lacked
      FROM handed GROUP BY id),
    heirs AS (
      UPDATE contact_changes h SET before = h.before || s.plain
        || CASE WHEN s.had IS NULL AND s.lacked IS NULL THEN '{{}}' ELSE jsonb_build_object('tags', to_jsonb(ARRAY(
          SELECT t FROM jsonb_array_elements_text(h.before -> 'tags') t WHERE t <> ALL(COALESCE(s.lacked, '{{}}')))
          || COALESCE(s.had, '{{}}'))) END
      FROM sides s WHERE h.id = s.id)
    UPDATE contact_changes h SET after = '{{}}',
      before = (SELECT jsonb_object_agg(k, NULL) FROM jsonb_object_keys(h.before) k)
    FROM batch b WHERE h.id = b.id"""

# Each deletes some; the next is begun when nothing of the one before is left.
STEPS = (
    (
        # A file that several imports share stays until the last of them expires.
        """DELETE FROM contact_import_files WHERE (import_id, position) IN (
             SELECT f.import_id, f.position FROM contact_imports i
               JOIN contact_import_files f ON f.import_id = COALESCE(i.file_of, i.id)
             WHERE i.id = %(id)s AND NOT EXISTS (SELECT FROM contact_imports o
               WHERE COALESCE(o.file_of, o.id) = f.import_id AND o.id <> i.id AND o.expired_at IS NULL)
             LIMIT %(limit)s)""",
        CHUNKS,
    ),
    (
        """DELETE FROM contact_import_rows WHERE import_id = %(id)s AND row IN (
             SELECT row FROM contact_import_rows WHERE import_id = %(id)s ORDER BY row LIMIT %(limit)s)""",
        BATCH,
    ),
    (_EMPTY_JOURNAL, BATCH),
    (
        """DELETE FROM contact_undo_due WHERE id IN (
             SELECT id FROM contact_undo_due WHERE import_id = %(id)s LIMIT %(limit)s)""",
        BATCH,
    ),
    (
        """UPDATE contact_undo_kept SET wanted = NULL, now = NULL WHERE id IN (
             SELECT id FROM contact_undo_kept WHERE import_id = %(id)s AND (wanted IS NOT NULL OR now IS NOT NULL)
             LIMIT %(limit)s)""",
        BATCH,
    ),
    (
        """UPDATE contact_import_results SET detail = NULLIF(detail - 'message', '{}')
           WHERE import_id = %(id)s AND outcome = 'failed' AND row IN (
             SELECT row FROM contact_import_results
             WHERE import_id = %(id)s AND outcome = 'failed' AND detail ? 'message' LIMIT %(limit)s)""",
        BATCH,
    ),
)


def _finish(conn: Connection, import_id: UUID, *, unused: bool) -> None:
    conn.execute("DELETE FROM contact_import_problems WHERE import_id = %s", (import_id,))
    if unused:
        conn.execute("DELETE FROM contact_import_logs WHERE import_id = %s", (import_id,))
        conn.execute("DELETE FROM contact_imports WHERE id = %s", (import_id,))
        return

    for table in (
        "contact_import_corrections",
        "contact_import_previews",
        "contact_import_documents",
    ):
        conn.execute(f"DELETE FROM {table} WHERE import_id = %s", (import_id,))

    conn.execute(
        "UPDATE contact_import_logs SET message = NULL WHERE import_id = %s AND event = 'row_failed'",
        (import_id,),
    )

    conn.execute(
        "INSERT INTO contact_import_logs (import_id, event) VALUES (%s, 'purged')",
        (import_id,),
    )
    conn.execute(
        """UPDATE contact_imports SET purged_at = clock_timestamp(), sample = '[]', check_summary = '{}'
           WHERE id = %s""",
        (import_id,),
    )


def _some_deleted_contacts(conn: Connection, days: int) -> bool:
    """Contacts deleted by hand: the journal keeps that they were, and no longer who."""
    done = conn.execute(
        """UPDATE contact_changes h SET before = '{}' WHERE id IN (
             SELECT id FROM contact_changes WHERE kind = 'delete' AND before <> '{}'
               AND at < clock_timestamp() - make_interval(days => %s) ORDER BY id LIMIT %s)""",
        (days, BATCH),
    ).rowcount
    conn.commit()

    return done > 0


def _some_due(conn: Connection, days: int) -> bool:
    """Keys that the undo of an old change by hand left due: they are for good where they are."""
    done = conn.execute(
        """DELETE FROM contact_undo_due WHERE id IN (
             SELECT d.id FROM contact_undo_due d JOIN contact_changes h ON h.id = d.change_id
             WHERE h.at < clock_timestamp() - make_interval(days => %s) LIMIT %s)""",
        (days, BATCH),
    ).rowcount
    conn.commit()

    return done > 0
