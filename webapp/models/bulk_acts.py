"""Bulk acts: one change of many contacts, asked for by a person and undone as one."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import CODE, Base


class BulkAct(Base):
    """One change of many contacts, and how far it is, or its undo.

    Each batch locks this row, does the contacts behind `place`, and moves `place` in the same
    transaction. So any worker can do the next batch, and none is done twice.
    """

    __tablename__ = "contact_acts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(info=CODE)  # a Kind of contacts/bulk_acts.py
    user_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    parameters: Mapped[dict[str, Any]]
    # Which contacts: parameters of the list; null where they were ticked.
    filter: Mapped[dict[str, Any] | None]
    # queued, running, done, stopped, failed; undoing, undone
    state: Mapped[str] = mapped_column(server_default="queued", info=CODE)
    total: Mapped[int | None]  # contacts that were meant; null until they are listed
    through: Mapped[int] = mapped_column(server_default=text("0"))  # of these, or of the undo
    touched: Mapped[int] = mapped_column(server_default=text("0"))
    restored: Mapped[int] = mapped_column(server_default=text("0"))
    # The contact up to which it is done; of an undo, the entry of the journal.
    place: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))  # at this place
    message: Mapped[str | None]  # what the last attempt broke off with
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    undone_by: Mapped[int | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "contact_acts_unfinished",
            "id",
            postgresql_where=text("state IN ('queued', 'running', 'undoing')"),
        ),
        Index("contact_acts_at", "at"),
    )


class BulkActContact(Base):
    """A contact that a bulk act means and has not come to yet: the set is taken at its start."""

    __tablename__ = "contact_act_contacts"

    act_id: Mapped[int] = mapped_column(
        ForeignKey("contact_acts.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[int] = mapped_column(primary_key=True)

    __table_args__ = (Index("contact_act_contacts_contact", "contact_id"),)


class BulkActKept(Base):
    """What a bulk act, or its undo, left as it was, and who or what stood in the way."""

    __tablename__ = "contact_act_kept"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    act_id: Mapped[int] = mapped_column(ForeignKey("contact_acts.id", ondelete="CASCADE"))
    contact_id: Mapped[int]
    field: Mapped[str | None]  # null: the contact as a whole
    code: Mapped[str] = mapped_column(info=CODE)  # a code of the messages
    message: Mapped[str | None]  # what the database refused with
    wanted: Mapped[Any | None] = mapped_column(JSONB)
    now: Mapped[Any | None] = mapped_column(JSONB)
    by_import: Mapped[uuid.UUID | None]
    by_user: Mapped[int | None]
    # whether its undo left it
    undo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index("contact_act_kept_act", "act_id", "id"),
        Index("contact_act_kept_contact", "contact_id"),
    )
