"""The address book and its journal."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Identity,
    Index,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Fields, one_of
from webapp.vocabulary.fields import CALLED, NAMES
from webapp.vocabulary.keys import (
    KEY_COLUMN,
    MATCH_KEYS,
    UNIQUE_KEYS,
)


def _key_index(key: str) -> Index:
    column = KEY_COLUMN[key]
    given = text(f"{column} IS NOT NULL")
    return Index(
        f"contacts_{column}", column, unique=key in UNIQUE_KEYS, postgresql_where=given
    )


class Contact(Fields, Base):
    """A person in the book. `version` counts every change; `updated_at` is for eyes only."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # No foreign key: checking one costs every created row a look-up, and imports are never deleted.
    imported_from: Mapped[uuid.UUID | None]
    imported_row: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        *map(_key_index, MATCH_KEYS),
        Index(
            "contacts_imported_from",
            "imported_from",
            postgresql_where=text("imported_from IS NOT NULL"),
        ),
        # Room for a second version of each contact beside the first: an update then leaves the
        # indexes alone.
        {"postgresql_with": {"fillfactor": 50}},
    )

    @property
    def called(self) -> str | None:
        """The contact's name, or else its address, ID or phone."""
        name = " ".join(filter(None, (getattr(self, part) for part in NAMES)))
        return name or next(filter(None, (getattr(self, other) for other in CALLED)), None)


class ContactChange(Base):
    """The journal: every change of an existing contact, by a person or an import, in the
    change's own transaction.
    """

    __tablename__ = "contact_changes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int]
    # Entries of kind `undo` were written by older versions. `removed`: an undo deleted the contact.
    kind: Mapped[str] = mapped_column(
        one_of("change_kind", "import", "edit", "delete", "undo", "removed")
    )
    import_id: Mapped[uuid.UUID | None]  # the import that wrote it, or created the contact
    row: Mapped[int | None]
    user_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The changed fields only; a custom field is "custom:<label>", and names in parentheses are
    # columns of the table.
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]  # null: the change stands
    undone_by: Mapped[int | None]  # the person who undid a change by hand

    __table_args__ = (
        Index("contact_changes_contact", "contact_id", "id"),
        Index(
            "contact_changes_import",
            "import_id",
            "id",
            postgresql_where=text("import_id IS NOT NULL"),
        ),
        Index("contact_changes_deleted", "at", postgresql_where=text("kind = 'delete'")),
        Index(
            "contact_changes_by_hand",
            "id",
            postgresql_where=text("kind IN ('edit', 'delete')"),
        ),
    )
