"""Which tags and custom fields the contacts have, and how many of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from webapp import db, queries

SQL = queries.load("tag_counts")
MOST = 1_000  # that a page lists


def tags(session: Session) -> Sequence[Any]:
    """The tags by their names, at most so many: `name`, `contacts`."""
    return db.execute(session, SQL.tags, {"most": MOST}).all()


def labels(session: Session) -> Sequence[Any]:
    """The custom fields by their names, at most so many: `name`, `contacts` that have a value."""
    return db.execute(session, SQL.labels, {"most": MOST}).all()
