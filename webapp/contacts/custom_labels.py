"""The labels of custom fields that contacts may have: those to which imports mapped a column."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.vocabulary.fields import CUSTOM

SQL = queries.load("custom_labels")


def known(session: Session) -> Sequence[str]:
    """In the order of the alphabet."""
    found = db.execute(session, SQL.known, {"custom": CUSTOM}).scalars()
    return sorted(label.removeprefix(CUSTOM) for label in found)
