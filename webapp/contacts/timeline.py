"""What happened to a contact, newest first: each entry of its journal, and how it came into the book."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.models import Contact

SQL = queries.load("timeline")
MOST = 50  # entries that are shown


@dataclass(frozen=True)
class Event:
    """One entry. `kind` is import, edit, delete or created.

    `change_id` is its number in the journal, null for what created the contact; `in_time` says
    whether a change by hand can still be undone.
    """

    kind: str
    at: datetime
    import_id: UUID | None
    row: int | None
    filename: str | None
    person: str | None
    change_id: int | None = None
    outcome: str | None = None  # of the import's row: updated or merged
    undone_at: datetime | None = None
    in_time: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def events(session: Session, contact: Contact, days: int) -> Sequence[Event]:
    """The newest entries, and at last the creation; changes by hand can be undone for `days`."""
    asked = {"id": contact.id, "days": days, "limit": MOST}
    found = [Event(**row) for row in db.execute(session, SQL.events, asked).mappings()]
    return [*found, _creation(session, contact)]


def _creation(session: Session, contact: Contact) -> Event:
    source = None
    if contact.imported_from:
        source = db.execute(session, SQL.creation, {"id": contact.imported_from}).one_or_none()

    return Event(
        "created",
        contact.created_at,
        contact.imported_from,
        contact.imported_row,
        source.filename if source else None,
        source.person if source else None,
    )
