"""Searches of the whole book for possible duplicates: asked for, told of, cancelled.
`search_work.py` is what a worker does with one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.duplicates.people import COLUMNS

SQL = queries.load("duplicates", columns=", ".join(COLUMNS))
LARGE = 5_000  # contacts that an import makes, after which the book is searched by itself
IDLE_SECONDS = 30.0  # that no import was at work before


@dataclass(frozen=True)
class SearchRun:
    """A search as pages and programs show it. `state`: waiting, running, done, cancelled,
    failed.
    """

    id: int
    state: str
    requested_by: int | None
    requested_at: datetime
    ended_at: datetime | None
    contacts: int
    percent: int
    pairs: int

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"waiting", "running"}


def request(session: Session, user_id: int | None) -> SearchRun:
    """Ask for a search; one that waits or runs is the one."""
    db.execute(session, SQL.request, {"user_id": user_id})
    return SearchRun(**db.execute(session, SQL.latest).mappings().one())


def latest(session: Session) -> SearchRun | None:
    """The newest search; None before the first."""
    row = db.execute(session, SQL.latest).mappings().one_or_none()
    return SearchRun(**row) if row else None


def cancel(session: Session) -> None:
    """End the search that waits or runs, if there is one. What was found before stays."""
    db.execute(session, SQL.cancel)


def wants_worker(conn: db.Connection, lease_seconds: float) -> bool:
    """Whether a search waits, or its worker has long not been heard of."""
    row: Any = conn.execute(SQL.wants_worker, {"lease_seconds": lease_seconds}).fetchone()
    conn.rollback()
    return bool(row["wanted"])


def request_after_import(conn: db.Connection, at_work: Sequence[str]) -> None:
    """Ask for a search where a large import has ended since the last one, and none is at work."""
    asked = {"created": LARGE, "idle_seconds": IDLE_SECONDS, "states": list(at_work)}
    row: Any = conn.execute(SQL.is_due, asked).fetchone()
    if row["due"]:
        conn.execute(SQL.request, {"user_id": None})
    conn.commit()
