"""The address book and its journal."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Computed,
    Identity,
    Index,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import DERIVED, Base, Fields, one_of


def _key_index(column: str, *, unique: bool) -> Index:
    given = text(f"{column} IS NOT NULL")
    return Index(f"contacts_{column}", column, unique=unique, postgresql_where=given)


class Contact(Fields, Base):
    """A person in the book. `version` counts every change; `updated_at` is for eyes only."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # Those behind the main one, in order: [{"value", "key", "label"}]; a phone may lack a key.
    further_emails: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    further_phones: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    # No foreign key: checking one costs every created row a look-up, and imports are never deleted.
    imported_from: Mapped[uuid.UUID | None]
    imported_row: Mapped[int | None]
    # By what a row without e-mail, phone and ID finds the contact, as of that version of it; of
    # another version, or blank: to be made (`deciding/person_keys.py`).
    person_key: Mapped[int | None]
    person_version: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        _key_index("external_id", unique=True),
        _key_index("email_key", unique=True),
        _key_index("phone_key", unique=False),
        Index(
            "contacts_imported_from",
            "imported_from",
            postgresql_where=text("imported_from IS NOT NULL"),
        ),
        Index(
            "contacts_person",
            "person_key",
            "id",
            postgresql_where=text("person_key IS NOT NULL"),
        ),
        # Room for a second version of each contact beside the first: an update then leaves the
        # indexes alone.
        {"postgresql_with": {"fillfactor": 50}},
    )


class ContactFurtherEmail(Base):
    """The keys of the e-mails behind the main ones, with their contacts: none stands twice, and
    none is a main one.

    Triggers on `contacts` keep it, so that every writer of contacts is guarded by it. The view
    `contact_email_keys` has the main ones too.
    """

    __tablename__ = "contact_further_emails"

    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    contact_id: Mapped[int]

    __table_args__ = ({"info": DERIVED},)


class ContactFurtherPhone(Base):
    """The keys of the phones behind the main ones, with their contacts; kept in the same way."""

    __tablename__ = "contact_further_phones"

    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(primary_key=True)

    __table_args__ = ({"info": DERIVED},)


class ContactWords(Base):
    """The search index: the words of each contact (`contacts/search_words.py`), kept behind them.

    Triggers on `contacts` note what changed, and take out at once what is deleted.
    """

    __tablename__ = "contact_words"

    contact_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    words: Mapped[str] = mapped_column(TSVECTOR)
    # What the contact is listed by (`contacts/sort_keys.py`); null until it is read again after an
    # upgrade.
    name: Mapped[str | None] = mapped_column(Text(collation="C"))
    company: Mapped[str | None] = mapped_column(Text(collation="C"))

    __table_args__ = (
        Index("contact_words_name", "name", "contact_id"),
        Index("contact_words_company", "company", "contact_id"),
        Index(
            "contact_words_words",
            "words",
            postgresql_using="gin",
        ),
        {"info": DERIVED},
    )


class ContactWordsPending(Base):
    """Contacts that were created or changed since their words were read: a row for each statement
    that wrote some.
    """

    __tablename__ = "contact_words_pending"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_ids: Mapped[list[int]]
    size: Mapped[int] = mapped_column(Computed("cardinality(contact_ids)", persisted=True))


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
    act_id: Mapped[int | None]  # the bulk act that the change is a part of
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
        Index(
            "contact_changes_act", "act_id", "id", postgresql_where=text("act_id IS NOT NULL")
        ),
        Index("contact_changes_deleted", "at", postgresql_where=text("kind = 'delete'")),
        Index(
            "contact_changes_by_hand",
            "id",
            postgresql_where=text("kind IN ('edit', 'delete') AND act_id IS NULL"),
        ),
    )


class ContactMerge(Base):
    """A merge of the contact `other_id` into `contact_id`: its two entries of the journal. It
    stands while the deletion does.
    """

    __tablename__ = "contact_merges"

    # The edit of the kept contact, by whose number people and programs name the merge.
    change_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deletion_id: Mapped[int]
    contact_id: Mapped[int]
    other_id: Mapped[int]

    __table_args__ = (
        Index("contact_merges_deletion", "deletion_id", unique=True),
        Index("contact_merges_contact", "contact_id"),
        Index("contact_merges_other", "other_id"),
    )
