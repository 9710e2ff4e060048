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


def keep(conn: Connection, import_id: UUID, variant: Variant) -> None:
    """Keep those of the simulation that stands in the temporary tables, with the preview of its
    variant, which was just inserted. The caller commits.
    """
    conn.execute(SQL.hold)
    conn.execute(SQL.find)
    asked = {"import_id": import_id, **variant._asdict()}
    conn.execute(SQL.forget_older, asked)
    conn.execute(SQL.keep, asked)
