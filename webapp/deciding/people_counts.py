"""The counts that speak of people: how many contacts the rows of a file are, not how many rows."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from webapp import queries
from webapp.db import Connection
from webapp.vocabulary.keys import KEYLESS
from webapp.vocabulary.outcomes import WRITTEN, Outcome, sql_list

# Warnings that the decision gives, in an entry's `detail`.
WARNINGS = ("other_name", "addresses_exceed")
_CHANGED = tuple(outcome for outcome in WRITTEN if outcome is not Outcome.CREATED)
_MET = tuple(outcome for outcome in Outcome if outcome.duplicate)

SQL = queries.load(
    "people_counts",
    written=sql_list(_CHANGED),
    met=sql_list(_MET),
    warnings=",\n".join(f"COALESCE(sum({code}), 0)::bigint AS {code}" for code in WARNINGS),
    warnings_of_contact=",\n".join(
        f"count(*) FILTER (WHERE detail -> 'warnings' ? '{code}') AS {code}"
        for code in WARNINGS
    ),
    keyless=KEYLESS,
)


def of_ledger(
    conn: Connection, import_id: UUID, outcomes: Mapping[Any, int]
) -> dict[str, Any]:
    """`contacts_created`, `contacts_changed` (that were there before), `repeats_in_file` (rows
    whose contact is that of an earlier row) and `warnings`, rows by code, of the ledger as it
    stands.

    `outcomes` are its counts: where no row met a contact, only rows with a choice are read.
    """
    found: dict[str, Any] = {"contacts_changed": 0, "repeats_in_file": 0}
    if any(outcomes.get(outcome, 0) for outcome in _MET):
        row = conn.execute(SQL.of_ledger, {"import_id": import_id}).fetchone()
        found = dict(row or {})

    warnings = {code: found.pop(code, 0) for code in WARNINGS}
    left_out: Any = conn.execute(SQL.keys_left_out, {"import_id": import_id}).fetchone()
    warnings["key_left_out"] = left_out["rows"]
    return {
        "contacts_created": outcomes.get(Outcome.CREATED, 0),
        **found,
        "warnings": {code: rows for code, rows in warnings.items() if rows},
    }


def foretold(conn: Connection, import_id: UUID, outcomes: Mapping[Any, int]) -> dict[str, Any]:
    """The same of a preview, with rows that are `held` for another name, and with the `keyless`
    rows: how many `rows`, how many of them are the person of an earlier row (`joined`), and
    `created`.
    """
    asked = {"import_id": import_id}
    held: Any = conn.execute(SQL.held, asked).fetchone()
    keyless: Any = conn.execute(SQL.of_keyless, asked).fetchone()

    return {
        **of_ledger(conn, import_id, outcomes),
        "held": held["rows"],
        "keyless": dict(keyless),
    }
