"""What happened to a contact, newest first: each entry of its journal, and how it came into the
book; with what happened to the contacts that were merged into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.contacts import merging, person_names
from webapp.models import Contact

SQL = queries.load(
    "timeline",
    stands=merging.STANDS,
    name_of_o=person_names.called("o.before ->> '{name}'"),
    name_of_k=person_names.called("k.{name}"),
    name_of_p=person_names.called("p.before ->> '{name}'"),
)
MOST = 50  # entries that are shown


@dataclass(frozen=True)
class Event:
    """One entry. `kind` is import, edit, delete, merge, merged_away or created.

    `change_id` is its number in the journal, null for what created the contact; `in_time` says
    whether a change by hand can still be undone. `contact_id` is the contact to which it happened:
    this one, or one that was merged into it and was called `other_name`. Of a merge, `other_id` and
    `other_name` are the other contact.
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
    contact_id: int | None = None
    other_id: int | None = None
    other_name: str | None = None


def events(session: Session, contact: Contact, days: int) -> Sequence[Event]:
    """The newest entries, and at last the creations; changes by hand can be undone for `days`."""
    asked = {"id": contact.id, "days": days, "limit": MOST}
    found = [Event(**row) for row in db.execute(session, SQL.events, asked).mappings()]
    others = db.execute(session, SQL.merged_creations, asked).mappings()
    created = [_creation(session, contact), *(Event("created", **row) for row in others)]

    return [*found, *sorted(created, key=lambda event: event.at, reverse=True)]


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
        contact_id=contact.id,
    )
