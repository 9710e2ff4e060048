"""What a preview promised, row by row, and where the execution came out differently.

A promise is one text: a letter for each row of the file, at the row's own number, blank where the
file has no row. So two million rows take two megabytes, and far less as PostgreSQL keeps them.
`ledger_digest.Ledger` reads a ledger in the same form.
"""

from collections.abc import Mapping
from uuid import UUID

from webapp.db import Connection
from webapp.vocabulary.outcomes import LETTERS, Outcome


def sql_case(words: Mapping[Outcome, str] | Mapping[str, str], column: str) -> str:
    """SQL that says a column's values in other words."""
    return " ".join(
        [
            f"CASE {column}",
            *(f"WHEN '{value}' THEN '{word}'" for value, word in words.items()),
            "END",
        ]
    )


def note_differences(conn: Connection, import_id: UUID, came_to: str) -> None:
    """List the rows whose outcome is not what the chosen strategy's preview said; without a preview, none.

    `came_to` holds the ledger's letters. A cancelled import has done the first rows only.
    """
    conn.execute("DELETE FROM contact_import_differences WHERE import_id = %s", (import_id,))
    found = conn.execute(_AS_PROMISED, {"import_id": import_id, "came_to": came_to}).fetchone()
    if found is None or found["as_promised"]:
        return

    conn.execute("SET LOCAL enable_hashjoin = on")
    conn.execute(_DIFFERENCES, {"import_id": import_id})


_PROMISE = """contact_import_previews p JOIN contact_imports i ON i.id = p.import_id
      AND p.strategy = i.duplicate_strategy WHERE p.import_id = %(import_id)s"""

_AS_PROMISED = f"SELECT starts_with(p.promised, %(came_to)s) AS as_promised FROM {_PROMISE}"

_OUTCOME = sql_case({letter: outcome for outcome, letter in LETTERS.items()}, "letter")

_DIFFERENCES = f"""
    INSERT INTO contact_import_differences (import_id, row, promised)
    SELECT l.import_id, l.row, ({_OUTCOME})::outcome
    FROM (SELECT p.promised FROM {_PROMISE}) p
    CROSS JOIN unnest(string_to_array(p.promised, NULL)) WITH ORDINALITY u (letter, row)
    JOIN contact_import_results l ON l.import_id = %(import_id)s AND l.row = u.row
    WHERE l.outcome <> ({_OUTCOME})::outcome"""
