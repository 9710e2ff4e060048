"""Proof at the end of an import: sums that must agree, and a digest that anyone can recompute from the report."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from webapp.engine.duplicates import Connection
from webapp.engine.states import STORED_OUTCOMES, Outcome

BLOCK_ROWS = 10_000  # ledger entries that the database joins to one text at a time


@dataclass(frozen=True)
class Ledger:
    """An import's whole ledger in short: its digest, and how often each outcome stands in it."""

    digest: str
    counts: Counter[Outcome]


def read_ledger(conn: Connection, import_id: UUID) -> Ledger:
    """Read the ledger once, in row order.

    The digest is SHA-256, hexadecimal, over one line `row,outcome,contact_id,code` for each entry; what is null is
    left blank. docs/promises.md says how to recompute it from the report.
    """
    digest, counts, after = hashlib.sha256(), Counter[Outcome](), 0
    while True:
        block = conn.execute(_BLOCK, (import_id, after, BLOCK_ROWS), prepare=True).fetchone()
        assert block is not None  # noqa: S101 - an aggregate always answers
        if block["lines"] is None:
            return Ledger(digest.hexdigest(), counts)
        digest.update(block["lines"].encode())
        counts.update({outcome: block[outcome.value] for outcome in STORED_OUTCOMES})
        after = block["last_row"]


def check_sums(conn: Connection, import_id: UUID, ledger: Ledger) -> list[str]:
    """The sums that do not agree, in words; an empty list proves the import."""
    found = conn.execute(_COUNTERS, (import_id,)).fetchone()
    assert found is not None  # noqa: S101 - the caller names an existing import
    counts = ledger.counts
    wrong = [
        f"{outcome}: counter {found[outcome.value]}, ledger {counts[outcome]}"
        for outcome in STORED_OUTCOMES
        if found[outcome.value] != counts[outcome]
    ]
    # A contact that was created and deleted by hand during the import is no contradiction; one too many would be.
    if found["contacts"] > counts[Outcome.CREATED]:
        wrong.append(f"created: ledger {counts[Outcome.CREATED]}, contacts {found['contacts']}")
    if found["state"] == "completed" and counts.total() != found["total"]:
        wrong.append(f"rows: file {found['total']}, ledger {counts.total()}")
    return wrong


_BLOCK = f"""
    SELECT max(row) AS last_row, string_agg(row::text || ',' || outcome::text || ','
        || COALESCE(contact_id::text, '') || COALESCE(',' || code, ',') || E'\\n', '' ORDER BY row) AS lines,
      {", ".join(f"count(*) FILTER (WHERE outcome = '{outcome}') AS {outcome}" for outcome in STORED_OUTCOMES)}
    FROM (SELECT row, outcome, contact_id, code FROM contact_import_results
      WHERE import_id = %s AND row > %s ORDER BY row LIMIT %s) block"""

_COUNTERS = """
    SELECT i.*, (SELECT count(*) FROM contacts c WHERE c.imported_from = i.id) AS contacts
    FROM contact_imports i WHERE i.id = %s"""
