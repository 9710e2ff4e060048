"""What stands in the address book before a measure, and the import put back to where it was
checked.
"""

from typing import Any
from uuid import UUID

import psycopg

from webapp.deciding.decision import WRITTEN
from webapp.vocabulary.outcomes import STORED_OUTCOMES

COLUMNS = ", ".join((*WRITTEN, "imported_from", "imported_row"))
CHANGED = ("company", "job_title", "city")  # three fields that an update or a merge writes
BLOCK = 1 << 16  # bytes; row by row COPY is 3 % slower
Conn = psycopg.Connection[dict[str, object]]


def keep(conn: Conn) -> None:
    """Remember the contacts as they are now, as the finished columns of the file."""
    conn.execute("DROP TABLE IF EXISTS kept")
    conn.execute(f"CREATE TABLE kept AS SELECT {COLUMNS} FROM contacts ORDER BY id")


def empty(conn: Conn) -> None:
    conn.execute("TRUNCATE contacts")


def known(conn: Conn, **instead: str) -> None:
    """All contacts of the file, as nobody's import, some fields holding another SQL value
    instead of the file's.
    """
    empty(conn)
    instead = {
        "imported_from": "NULL",
        "imported_row": "NULL",
    } | instead  # Else its undo would see its own creations.
    values = ", ".join(instead.get(column, column) for column in COLUMNS.split(", "))
    conn.execute(f"INSERT INTO contacts ({COLUMNS}) SELECT {values} FROM kept")
    conn.execute("VACUUM contacts, contact_further_emails")


def others(conn: Conn, count: int) -> None:
    """So many people in the book, none of whom is in the file."""
    empty(conn)
    conn.execute(
        """INSERT INTO contacts (external_id, email, email_key, first_name, last_name, company, phone, phone_key)
           SELECT 'o' || n, e, e, 'First' || n, 'Last' || n, 'Co', p, p
           FROM (SELECT n, 'other' || n || '@example.org' AS e, '+4930' || n AS p FROM generate_series(1, %s) n) o""",
        (count,),
    )
    conn.execute("VACUUM contacts, contact_further_emails")


def changed_today(conn: Conn) -> None:
    """Everyone was in the book the day before yesterday, and a person gave them a company today."""
    conn.execute("UPDATE contacts SET created_at = now() - interval '2 days'")
    conn.execute(
        """INSERT INTO contact_changes (contact_id, kind, at, before, after)
           SELECT id, 'edit', now(), '{"company": "Before"}', '{"company": "Co"}' FROM contacts"""
    )
    conn.execute("VACUUM ANALYZE contacts, contact_changes")


def forget(conn: Conn, import_id: UUID) -> None:
    """Take out the contacts that the import created."""
    conn.execute("DELETE FROM contacts WHERE imported_from = %s", (import_id,))
    conn.execute("VACUUM contacts, contact_further_emails")


def drop(conn: Conn, import_id: UUID) -> None:
    """Delete an import.

    The lease is locked first, as a claim does, so that neither waits for the other in a circle.
    """
    with conn.transaction():
        conn.execute(
            "SELECT FROM contact_import_leases WHERE import_id = %s FOR UPDATE", (import_id,)
        )
        for table in ("contact_import_rows", "contact_import_problems", "contact_import_logs"):
            conn.execute(f"DELETE FROM {table} WHERE import_id = %s", (import_id,))
        conn.execute("DELETE FROM contact_imports WHERE id = %s", (import_id,))


def reset(conn: Conn, import_id: UUID) -> None:
    """The import as it was when it had been checked: nothing written, nothing counted."""
    conn.execute(
        "TRUNCATE contact_import_results, contact_changes, contact_undo_kept, contact_undo_due"
    )
    counters = ", ".join(f"{outcome} = 0" for outcome in STORED_OUTCOMES)
    conn.execute(
        f"""UPDATE contact_imports SET state = 'ready', last_row = 0, batches_done = 0, busy_seconds = 0,
              started_at = NULL, completed_at = NULL, rolled_back_at = NULL, rollback = NULL, ledger_digest = NULL,
              {counters} WHERE id = %s""",
        (import_id,),
    )
    conn.execute(
        "UPDATE contact_import_plan_blocks SET compared = false WHERE import_id = %s",
        (import_id,),
    )
    conn.execute(
        "DELETE FROM contact_import_logs WHERE import_id = %s AND event <> 'checked'",
        (import_id,),
    )


def copied(conn: Conn) -> list[bytes]:
    """The finished columns as COPY wants them, in blocks of which it takes the most a second."""
    with conn.cursor().copy("COPY kept TO STDOUT") as out:
        whole = b"".join(out)
    return [whole[start : start + BLOCK] for start in range(0, len(whole), BLOCK)]


def copy_in(conn: psycopg.Connection[Any], data: list[bytes]) -> int:
    """Copy finished columns into the book: how many contacts."""
    with conn.cursor() as cursor:
        with cursor.copy(f"COPY contacts ({COLUMNS}) FROM STDIN") as into:
            for block in data:
                into.write(block)
        return cursor.rowcount
