"""What a preview promised, row by row, and where the execution came out differently.

A promise is one text: a letter for each row of the file, at the row's own number, blank where the
file has no row. So two million rows take two megabytes, and far less as PostgreSQL keeps them.
`ledger_digest.Ledger` reads a ledger in the same form.
"""

from collections.abc import Mapping
from uuid import UUID

from webapp import queries
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


SQL = queries.load(
    "preview_differences",
    outcome=sql_case({letter: outcome for outcome, letter in LETTERS.items()}, "letter"),
)


def note_differences(conn: Connection, import_id: UUID, came_to: str) -> None:
    """List the rows whose outcome is not what the chosen strategy's preview said; without a
    preview, none.

    `came_to` holds the ledger's letters. A cancelled import has done the first rows only.
    """
    conn.execute(SQL.forget, {"import_id": import_id})
    preview = conn.execute(
        SQL.as_promised, {"import_id": import_id, "came_to": came_to}
    ).fetchone()
    if preview is None or preview["as_promised"]:
        return

    conn.execute("SET LOCAL enable_hashjoin = on")
    conn.execute(SQL.note, {"import_id": import_id})
