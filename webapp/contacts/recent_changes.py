"""The changes by hand of the last days, from the journal: who changed or deleted whom, and what stood before.

A person who was erased has no entries any more, so they appear nowhere here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.checking import emails
from webapp.contacts import person_names
from webapp.models import Contact
from webapp.vocabulary.keys import KEY_COLUMN, UNIQUE_KEYS


@dataclass(frozen=True)
class RecentChange:
    """An edit or a deletion of a contact.

    `before` and `after` are the journal's: the changed fields, all of them for a deletion, whose
    `after` is empty.
    """

    id: int
    contact_id: int
    kind: str  # edit | delete
    at: datetime
    by: str | None  # the person's name or address; null for an account that is gone
    name: str | None  # the contact's name as it is, or else as it was
    there: bool  # whether the contact is in the book now
    before: dict[str, Any]
    after: dict[str, Any]
    undone_at: datetime | None
    undone_by: str | None

    @property
    def can_be_undone(self) -> bool:
        """An edit of a contact that is gone waits for the undo of its deletion."""
        return self.undone_at is None and (self.there or self.kind == "delete")


def page(
    session: Session, days: int, *, before: int | None = None, limit: int = 25
) -> Sequence[RecentChange]:
    """The changes by hand of the last `days`, newest first, from the one before the change numbered `before` on."""
    asked = {"days": days, "before": before or 2**63 - 1, "limit": limit, "id": None}
    return [RecentChange(**row) for row in session.execute(_CHANGES, asked).mappings()]


def find(session: Session, days: int, change_id: int) -> RecentChange | None:
    """One of them by its number; null where it is none, or none any more."""
    asked = {"days": days, "before": 2**63 - 1, "limit": 1, "id": change_id}
    found = session.execute(_CHANGES, asked).mappings().one_or_none()
    return RecentChange(**found) if found else None


def newest_of(session: Session, contact_id: int, user_id: int) -> int | None:
    """The number of the last change that this person made to the contact."""
    found: int | None = session.scalar(_NEWEST, {"contact_id": contact_id, "user_id": user_id})
    return found


def holder(session: Session, kept: Mapping[str, Any]) -> Contact | None:
    """The contact that has the e-mail or ID which an undo could not bring back."""
    field, wanted = kept["field"], kept["wanted"]
    if field not in UNIQUE_KEYS or not isinstance(wanted, str):
        return None

    key = emails.key_of(wanted) if field == "email" else wanted
    return session.scalar(select(Contact).where(getattr(Contact, KEY_COLUMN[field]) == key))


_AS_IT_IS = person_names.called("c.{name}")
_AS_IT_WAS = person_names.called("d.before ->> '{name}'")

# OFFSET 0 keeps the order of the index: the joins are for one page alone.
_CHANGES = text(
    f"""
    SELECT h.id, h.contact_id, h.kind::text AS kind, h.at, h.before, h.after, h.undone_at,
      COALESCE(NULLIF(u.name, ''), u.email) AS by, COALESCE(NULLIF(w.name, ''), w.email) AS undone_by,
      c.id IS NOT NULL AS there, COALESCE({_AS_IT_IS}, {_AS_IT_WAS}) AS name
    FROM (SELECT * FROM contact_changes
      WHERE kind IN ('edit', 'delete') AND id < :before AND (CAST(:id AS bigint) IS NULL OR id = :id)
        AND at > now() - make_interval(days => :days)
      ORDER BY id DESC LIMIT :limit OFFSET 0) h
    LEFT JOIN contacts c ON c.id = h.contact_id
    LEFT JOIN users u ON u.id = h.user_id
    LEFT JOIN users w ON w.id = h.undone_by
    LEFT JOIN LATERAL (SELECT d.before FROM contact_changes d
      WHERE d.contact_id = h.contact_id AND d.kind = 'delete' ORDER BY d.id DESC LIMIT 1) d ON true
    ORDER BY h.id DESC"""
)

_NEWEST = text(
    """SELECT max(id) FROM contact_changes
       WHERE contact_id = :contact_id AND user_id = :user_id AND kind IN ('edit', 'delete')"""
)
