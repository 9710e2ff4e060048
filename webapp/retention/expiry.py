"""Forgetting in time: some days after an import ended, its file, its rows and what an undo would
need are deleted.

What stays: the counts, the ledger's entries and digest, who and when. An upload that was never run
goes altogether. The work is done in small batches, a little at a time, by any worker's sweep; a
broken-off round is simply gone on with.
"""

import time
from uuid import UUID

from webapp import queries
from webapp.contacts import bulk_acts
from webapp.db import Connection
from webapp.retention import erased_columns, handed_addresses
from webapp.undoing import undo_rules
from webapp.vocabulary.states import ENDED, NEVER_RUN, UNUSED

SQL = queries.load(
    "expire",
    cells_emptied=erased_columns.CELLS_EMPTIED,
    fields_of_p=undo_rules.fields("p"),
    fields_of_q=undo_rules.fields("q"),
    journal_since_p=undo_rules.journal("p.contact_id", since="p.id"),
    is_of_addresses=undo_rules.IS_OF_ADDRESSES,
)

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
                or _some_bulk_acts(conn, days)
            ):
                return False

        return True
    finally:
        conn.rollback()
        conn.execute("SELECT pg_advisory_unlock(%s)", (ONE_AT_A_TIME,))
        conn.commit()


def _expire(conn: Connection, days: int) -> None:
    """From here on such an import can neither be taken back nor be run again."""
    conn.execute(SQL.expire, {"states": [*ENDED, *NEVER_RUN], "days": days})
    conn.commit()


def _some_of_an_import(conn: Connection) -> bool:
    """Delete one batch of one expired import; false when none has anything left."""
    expired = conn.execute(SQL.next_import, {"unused": list(UNUSED)}).fetchone()
    if expired is None:
        conn.rollback()
        return False

    if not _some_deleted(conn, expired["id"]):
        _finish(conn, expired["id"], unused=expired["unused"])

    conn.commit()

    return True


def _some_deleted(conn: Connection, import_id: UUID) -> bool:
    for step, limit in STEPS:
        if step == SQL.empty_journal:
            handed_addresses.hand_on(conn, import_id, limit)
        if conn.execute(step, {"id": import_id, "limit": limit}).rowcount:
            return True

    return False


# Each deletes some; the next is begun when nothing of the one before is left.
STEPS = (
    (SQL.delete_file, CHUNKS),
    (SQL.delete_rows, BATCH),
    (SQL.empty_journal, BATCH),
    (SQL.delete_due, BATCH),
    (SQL.empty_kept, BATCH),
    (SQL.delete_messages, BATCH),
)


LOOSE = (
    "contact_import_problems",
    "contact_import_listed_cells",
    "contact_import_corrected_cells",
    "contact_import_row_words",
)


def _finish(conn: Connection, import_id: UUID, *, unused: bool) -> None:
    for table in LOOSE:
        conn.execute(f"DELETE FROM {table} WHERE import_id = %s", (import_id,))
    if unused:
        conn.execute("DELETE FROM contact_import_logs WHERE import_id = %s", (import_id,))
        conn.execute("DELETE FROM contact_imports WHERE id = %s", (import_id,))
        return

    for table in (
        "contact_import_corrections",
        "contact_import_acts",
        "contact_import_positions",
        "contact_import_choices",
        "contact_import_conflicts",
        "contact_import_possible_matches",
        "contact_import_match_searches",
        "contact_import_previews",
        "contact_import_preview_requests",
        "contact_import_reopened",
        "contact_import_scans",
        "contact_import_rerun_previews",
        "contact_import_documents",
    ):
        conn.execute(f"DELETE FROM {table} WHERE import_id = %s", (import_id,))

    for statement in (SQL.empty_logs, SQL.log_purged, SQL.purged):
        conn.execute(statement, {"id": import_id})


def _some_deleted_contacts(conn: Connection, days: int) -> bool:
    """Contacts deleted by hand: the journal keeps that they were, and no longer who."""
    done = conn.execute(SQL.empty_deleted, {"days": days, "limit": BATCH}).rowcount
    conn.commit()

    return done > 0


def _some_due(conn: Connection, days: int) -> bool:
    """Keys that the undo of an old change by hand left due: they are for good where they are."""
    done = conn.execute(SQL.delete_due_by_hand, {"days": days, "limit": BATCH}).rowcount
    conn.commit()

    return done > 0


def _some_bulk_acts(conn: Connection, days: int) -> bool:
    """Bulk acts that cannot be undone any more."""
    done = bulk_acts.forget(conn, days, BATCH)
    conn.commit()

    return done > 0
