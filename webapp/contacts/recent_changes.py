"""The changes by hand of the last days, from the journal: who changed or deleted whom, and what
stood before.

A person who was erased has no entries any more, so they appear nowhere here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking import emails
from webapp.contacts import person_names
from webapp.models import Contact
from webapp.vocabulary.keys import KEY_COLUMN, UNIQUE_KEYS

SQL = queries.load(
    "contacts",
    as_it_is=person_names.called("c.{name}"),
    as_it_was=person_names.called("d.before ->> '{name}'"),
    other_as_it_was=person_names.called("o.before ->> '{name}'"),
)
# A view: of all e-mails of the book.
EMAIL_KEYS = table("contact_email_keys", column("key"), column("contact_id"))


@dataclass(frozen=True)
class RecentChange:
    """An edit or a deletion of a contact, or the merge of another one into it.

    `before` and `after` are the journal's: the changed fields, all of them for a deletion, whose
    `after` is empty. Of a merge they are those of the contact that was kept.
    """

    id: int
    contact_id: int
    kind: str  # edit | delete | merge
    other_id: int | None  # the contact that was merged into this one, and its name
    other_name: str | None
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
        return self.undone_at is None and (self.there or self.kind != "edit")


def page(
    session: Session, days: int, *, before: int | None = None, limit: int = 25
) -> Sequence[RecentChange]:
    """The changes by hand of the last `days`, newest first, from the one before the change numbered
    `before` on.
    """
    asked = {"days": days, "before": before or 2**63 - 1, "limit": limit}
    return [RecentChange(**row) for row in db.execute(session, SQL.changes, asked).mappings()]


def find(session: Session, days: int, change_id: int) -> RecentChange | None:
    """One of them by its number; null where it is none, or none any more."""
    asked = {"days": days, "id": change_id}
    change = db.execute(session, SQL.change, asked).mappings().one_or_none()
    return RecentChange(**change) if change else None


def newest_of(session: Session, contact_id: int, user_id: int) -> int | None:
    """The number of the last change that this person made to the contact."""
    asked = {"contact_id": contact_id, "user_id": user_id}
    number: int | None = db.execute(session, SQL.newest, asked).scalar()
    return number


def holder(session: Session, kept: Mapping[str, Any]) -> Contact | None:
    """The contact that has the e-mail or ID which an undo could not bring back; of several that
    wait, the first one's.
    """
    field, wanted = kept["field"], kept["wanted"]
    if isinstance(wanted, list) and wanted:
        wanted = wanted[0]
    if field not in UNIQUE_KEYS or not isinstance(wanted, str):
        return None

    if field == "email":
        held = select(EMAIL_KEYS.c.contact_id).where(EMAIL_KEYS.c.key == emails.key_of(wanted))
        return session.scalar(select(Contact).where(Contact.id == held.scalar_subquery()))

    return session.scalar(select(Contact).where(getattr(Contact, KEY_COLUMN[field]) == wanted))
