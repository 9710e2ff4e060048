"""What a preview promised, row by row, and where the execution came out differently.

A promise is one text: a letter for each row of the file, at the row's own number, blank where the file has no row.
So two million rows take two megabytes, and far less as PostgreSQL keeps them.
"""

from uuid import UUID

from webapp.engine.duplicates import Connection
from webapp.engine.states import STORED_OUTCOMES

LETTERS = {outcome: chr(ord("a") + number) for number, outcome in enumerate(STORED_OUTCOMES)}
_LETTER = " ".join(["CASE outcome", *(f"WHEN '{o}' THEN '{letter}'" for o, letter in LETTERS.items()), "END"])
_OUTCOME = " ".join(["CASE letter", *(f"WHEN '{letter}' THEN '{o}'" for o, letter in LETTERS.items()), "END"])

_AS_TEXT = f"""
    SELECT COALESCE(string_agg(lpad({_LETTER}, (row - before)::int), '' ORDER BY row), '') AS letters
    FROM (SELECT row, outcome, lag(row, 1, 0::bigint) OVER (ORDER BY row) AS before
      FROM contact_import_results WHERE import_id = %(import_id)s) l"""


def ledger_as_text(conn: Connection, import_id: UUID) -> str:
    """The ledger as a promise: what a simulation came to."""
    row = conn.execute(_AS_TEXT, {"import_id": import_id}).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always answers
    return str(row["letters"])


def note_differences(conn: Connection, import_id: UUID) -> None:
    """List the rows whose outcome is not what the chosen strategy's preview said; without a preview, none."""
    conn.execute("DELETE FROM contact_import_differences WHERE import_id = %s", (import_id,))
    as_promised = conn.execute(_AS_PROMISED, {"import_id": import_id}).fetchone()
    if as_promised is None or as_promised["so"]:
        return
    conn.execute("SET LOCAL enable_hashjoin = on")
    conn.execute(_DIFFERENCES, {"import_id": import_id})


_PROMISE = """contact_import_previews p JOIN contact_imports i ON i.id = p.import_id
      AND p.strategy = i.duplicate_strategy WHERE p.import_id = %(import_id)s"""

# A cancelled import has done the first rows only.
_AS_PROMISED = f"SELECT starts_with(p.promised, ({_AS_TEXT})) AS so FROM {_PROMISE}"

_DIFFERENCES = f"""
    INSERT INTO contact_import_differences (import_id, row, promised)
    SELECT l.import_id, l.row, ({_OUTCOME})::outcome
    FROM (SELECT p.promised FROM {_PROMISE}) p
    CROSS JOIN unnest(string_to_array(p.promised, NULL)) WITH ORDINALITY u (letter, row)
    JOIN contact_import_results l ON l.import_id = %(import_id)s AND l.row = u.row
    WHERE l.outcome <> ({_OUTCOME})::outcome"""
