"""What an undo could not give back yet, what it kept, and its preview."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import CODE, Base


class UndoDue(Base):
    """What undos could not do yet: a key that another contact holds, or a created contact that
    others changed.

    Each undo looks at these again (`undoing/undo_keys.py`). The contact of a row may be
    deleted by hand meanwhile.
    """

    __tablename__ = "contact_undo_due"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(
        info=CODE
    )  # contact: it is to go | email, external_id: it is to have `key`
    key: Mapped[str] = mapped_column(server_default="")
    contact_id: Mapped[int]
    value: Mapped[str | None]  # as the field is to show it
    label: Mapped[str | None]  # of an address
    since: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # the contact's newest journal entry at that time
    source: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # the entry that the wish comes from; 0: the original
    import_id: Mapped[
        uuid.UUID | None
    ]  # whose undo made it due; of a contact, the import that created it
    change_id: Mapped[int | None]  # the change by hand whose undo made it due
    row: Mapped[int | None]
    # For the undo at hand only: nothing else happened to the contact; it is counted as restored
    # already.
    plain: Mapped[bool] = mapped_column(server_default=text("false"))
    counted: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index("contact_undo_due_key", "kind", "key", "contact_id", unique=True),
        Index("contact_undo_due_contact", "contact_id", "kind"),
        Index("contact_undo_due_import", "import_id"),
    )


class UndoKept(Base):
    """What an undo could not take back, field by field, and who or what stood in the way."""

    __tablename__ = "contact_undo_kept"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE")
    )
    contact_id: Mapped[int]
    row: Mapped[int | None]
    field: Mapped[str | None]  # null: the contact as a whole
    # One of edited_since, changed_by_later_import, deleted_meanwhile, merged_since,
    # key_taken_on_undo, refused_on_undo.
    code: Mapped[str]
    message: Mapped[str | None]  # what the database refused with
    wanted: Mapped[Any | None] = mapped_column(JSONB)  # the value from before the import
    now: Mapped[Any | None] = mapped_column(JSONB)  # the value that stays
    changed_by_import: Mapped[uuid.UUID | None]
    changed_by_user: Mapped[int | None]

    __table_args__ = (
        Index(
            "contact_undo_kept_once",
            "import_id",
            "contact_id",
            "field",
            "code",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("contact_undo_kept_contact", "contact_id"),
        Index("contact_undo_kept_order", "import_id", "id"),
    )


class RowUndo(Base):
    """A row of an import that was undone alone: the ledger keeps what it did, and this that it
    does not stand any more.
    """

    __tablename__ = "contact_row_undos"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int]
    user_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kept: Mapped[int]  # fields, or the contact as a whole, that stayed


class UndoPreview(Base):
    """What the undo of an import would do, where counting it took a job; out of date once
    `seen` is.
    """

    __tablename__ = "contact_undo_previews"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    seen: Mapped[str] = mapped_column(info=CODE)  # how far journal, contacts and undos were
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    result: Mapped[dict[str, Any]]  # removed, restored, kept, conflicts
