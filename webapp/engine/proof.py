"""Proof at the end of an import: sums that must agree, and a digest that anyone can recompute from the report."""

import hashlib
from uuid import UUID

from webapp.engine.duplicates import Connection
from webapp.engine.states import STORED_OUTCOMES


def ledger_digest(conn: Connection, import_id: UUID) -> str:
    """SHA-256, hexadecimal, over one line `row,outcome,contact_id,code` for each ledger entry, in row order."""
    digest = hashlib.sha256()
    with conn.cursor(name="ledger_digest") as cursor:
        cursor.itersize = 5000
        cursor.execute(
            "SELECT row, outcome, contact_id, code FROM contact_import_results WHERE import_id = %s ORDER BY row",
            (import_id,),
        )
        for entry in cursor:
            digest.update(line_of(entry["row"], entry["outcome"], entry["contact_id"], entry["code"]).encode())
    return digest.hexdigest()


def line_of(row: object, outcome: object, contact_id: object, code: object) -> str:
    """A ledger entry as the digest sees it."""
    return f"{row},{outcome},{'' if contact_id is None else contact_id},{code or ''}\n"


def check_sums(conn: Connection, import_id: UUID) -> list[str]:
    """The sums that do not agree, in words; an empty list proves the import."""
    row = conn.execute(_SUMS, (import_id,)).fetchone()
    assert row is not None  # noqa: S101 - the caller names an existing import
    wrong = [
        f"{outcome}: counter {row[outcome.value]}, ledger {row[f'ledger_{outcome}']}"
        for outcome in STORED_OUTCOMES
        if row[outcome.value] != row[f"ledger_{outcome}"]
    ]
    if row["contacts"] > row["ledger_created"]:
        wrong.append(f"created: ledger {row['ledger_created']}, contacts {row['contacts']}")
    if row["state"] == "completed" and row["entries"] != row["total"]:
        wrong.append(f"rows: file {row['total']}, ledger {row['entries']}")
    return wrong


# A contact that was created and deleted by hand during the import is no contradiction; one too many would be.
_SUMS = f"""
    SELECT i.*, l.*, (SELECT count(*) FROM contacts c WHERE c.imported_from = i.id) AS contacts
    FROM contact_imports i, LATERAL (
      SELECT count(*) AS entries, {", ".join(
          f"count(*) FILTER (WHERE outcome = '{outcome}') AS ledger_{outcome}" for outcome in STORED_OUTCOMES)}
      FROM contact_import_results WHERE import_id = i.id) l
    WHERE i.id = %s"""
