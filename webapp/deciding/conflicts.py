"""Rows in conflict, as a preview finds them: among which contacts a person chooses.

They are kept until previews are made anew, and rows that were settled longer, so that they can be
settled otherwise (`staging/row_choices.py`).
"""

from uuid import UUID

from webapp import queries
from webapp.db import Connection
from webapp.vocabulary.keys import MATCH_KEYS
from webapp.vocabulary.strategies import Variant

SQL = queries.load(
    "conflicts", rank=f"array_position(ARRAY[{', '.join(map(repr, MATCH_KEYS))}], key)"
)


def make_found(conn: Connection) -> None:
    """Make the temporary table of conflicts found, variant by variant."""
    conn.execute(SQL.make_found)


def find(conn: Connection, number: int) -> None:
    """Find those of the simulation that stands in the temporary tables, for the variant with this
    number.
    """
    conn.execute(SQL.find, {"number": number})


def keep(conn: Connection, import_id: UUID, variant: Variant, number: int) -> None:
    """Keep those found with the preview of their variant, which was just inserted. The caller
    commits.
    """
    asked = {"import_id": import_id, "number": number, **variant._asdict()}
    conn.execute(SQL.forget_older, asked)
    conn.execute(SQL.keep, asked)
