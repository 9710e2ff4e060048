"""The tables. PostgreSQL holds the truth; every number that anyone sees is a query over these."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates
from sqlalchemy.sql.operators import OperatorClass

from webapp.folding import folded
from webapp.vocabulary.fields import CALLED, NAMES, SCALARS
from webapp.vocabulary.keys import (
    DEFAULT_KEYS,
    DERIVED_KEYS,
    KEY_COLUMN,
    MATCH_KEYS,
    UNIQUE_KEYS,
)
from webapp.vocabulary.outcomes import INDEXED, STORED_OUTCOMES, sql_list
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy

# What an erasure leaves alone: text that only the program writes, such as codes and the names of
# its processes.
CODE = {"erasure": "code"}
# What describes a file and goes with it.
OF_FILE = {"erasure": "file"}
OUTCOME = Enum(*[outcome.value for outcome in STORED_OUTCOMES], name="outcome")


class Base(DeclarativeBase):
    """Plain SQLAlchemy, so that jobs can use the tables without Flask."""

    type_annotation_map: ClassVar = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class _Allowed(DOMAIN):
    """Text that is one of a few. SQLAlchemy has yet to say that it compares as text does."""

    operator_classes = OperatorClass.STRING


def _one_of(name: str, *values: str) -> _Allowed:
    """A type of its own.

    A constraint of the table is read and checked anew by each batch, for each of its writes.
    """
    allowed = ", ".join(f"'{value}'" for value in values)
    return _Allowed(name, Text, constraint_name=f"{name}_known", check=f"VALUE IN ({allowed})")


class Installation(Base):
    """What holds for every process of this installation, before its own environment. One row."""

    __tablename__ = "installation"

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    retention_days: Mapped[int] = mapped_column(server_default=text("30"))

    __table_args__ = (
        CheckConstraint("id", name="installation_one"),
        CheckConstraint("retention_days >= 1", name="retention_days_positive"),
    )


class WorkerReport(Base):
    """What a worker last said of itself, every few seconds: one that does not reach the database is silent."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)  # host:process
    seen_at: Mapped[datetime]  # by the database's clock
    tables: Mapped[str]  # the version of the tables that its program works with
    clock_ahead: Mapped[float]  # seconds by which its own clock is ahead of the database's
    retention_days: Mapped[
        int | None
    ]  # what its environment names; what holds is in `installation`


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(Text(collation="C"))  # the whole address, folded
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]
    role: Mapped[str]  # admin | importer | viewer
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("role IN ('admin', 'importer', 'viewer')", name="role_known"),
        Index("users_email_key", "email_key", unique=True),
    )

    @validates("email")
    def _fold(self, _name: str, email: str) -> str:
        self.email_key = folded(email)
        return email


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(server_default="")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Session(Base):
    """A signed-in browser. Deleting the row signs it out at once, even with its cookie."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class _Fields:
    """The columns that a contact and a staged row share: the fields, and the keys made from them."""


for _name in SCALARS:
    setattr(_Fields, _name, mapped_column(Text))
for _key in DERIVED_KEYS:
    setattr(_Fields, _key, mapped_column(Text(collation="C")))


def _key_index(key: str) -> Index:
    column = KEY_COLUMN[key]
    given = text(f"{column} IS NOT NULL")
    return Index(
        f"contacts_{column}", column, unique=key in UNIQUE_KEYS, postgresql_where=given
    )


class Contact(_Fields, Base):
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


class ContactImport(Base):
    """One import session: what the file is, what the person chose, how far it is."""

    __tablename__ = "contact_imports"

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()")
    )
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]  # when it ended: completed, cancelled or failed
    rolled_back_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]  # its retention time is over: no undo from here on
    purged_at: Mapped[datetime | None]  # and its file, rows and undo data are deleted
    file_gone: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # its file was deleted to erase a person
    state: Mapped[str] = mapped_column(
        _one_of("import_state", *State), server_default=State.UPLOADED.value
    )
    failure_reason: Mapped[str | None]  # a code of `vocabulary.messages`
    failure_facts: Mapped[dict[str, Any] | None]  # what fills the sentence of the reason in

    filename: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    format: Mapped[str]  # csv | xlsx
    encoding: Mapped[str | None]
    delimiter: Mapped[str | None]
    sheet: Mapped[str | None] = mapped_column(info=OF_FILE)
    header_row: Mapped[int]  # as the spreadsheet counts; 0 where the file has no header
    columns: Mapped[list[Any]] = mapped_column(
        info=OF_FILE
    )  # the header's labels, in file order
    sample: Mapped[list[Any]] = mapped_column(
        info=OF_FILE
    )  # the first records: lists of cells
    head: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), info=OF_FILE
    )  # what else reading learnt
    suggested_mapping: Mapped[list[Any]] = mapped_column(info=OF_FILE)

    mapping: Mapped[list[Any] | None] = mapped_column(
        info=OF_FILE
    )  # one target or null for each column
    default_country: Mapped[str | None]  # ISO 3166 alpha-2
    match_keys: Mapped[list[str]] = mapped_column(
        server_default=text(f"'{{{','.join(DEFAULT_KEYS)}}}'")
    )
    clear_token: Mapped[str | None]
    date_order: Mapped[str | None]  # dmy | mdy, where the column leaves it open
    check_summary: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), info=OF_FILE
    )
    # A correction of many rows that a worker is at: {"column", "value", "replacement", "after",
    # "rows", "total"}.
    correcting: Mapped[dict[str, Any] | None]
    mended_at: Mapped[
        datetime | None
    ]  # when a row was last corrected: previews wait until that calms down

    duplicate_strategy: Mapped[str | None] = mapped_column(
        _one_of("duplicate_strategy", *Strategy)
    )
    skip_errors: Mapped[bool] = mapped_column(server_default=text("true"))
    batch_size: Mapped[int] = mapped_column(server_default=text("100"))  # 0 = auto
    notification_email: Mapped[str | None]
    site_url: Mapped[str | None]  # where the notice's links lead, as the web process knew it

    total: Mapped[int | None]  # rows staged, once the check is through
    read_bytes: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # how far the check has read
    read_position: Mapped[dict[str, Any] | None]  # where a resumed check goes on
    last_row: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # the checkpoint: a row number
    batches_done: Mapped[int] = mapped_column(server_default=text("0"))
    busy_seconds: Mapped[float] = mapped_column(
        server_default=text("0")
    )  # time spent executing, over all slices
    retrying: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # a second run over the failed rows

    # Counted up by every claim. A batch's checkpoint names it, so a stale worker's batch rolls
    # back.
    lease_token: Mapped[int] = mapped_column(server_default=text("0"))

    rollback: Mapped[
        dict[str, Any] | None
    ]  # what the undo did: removed, restored, kept, conflicts
    ledger_digest: Mapped[str | None]  # SHA-256 over the ledger, hexadecimal
    upload_key: Mapped[str | None]  # the client's idempotency key
    run_again_of: Mapped[uuid.UUID | None]
    file_of: Mapped[
        uuid.UUID | None
    ]  # the import that brought the file, where this one shares it

    @property
    def file_id(self) -> uuid.UUID:
        """Under which import's id the file is stored."""
        return self.file_of or self.id

    __table_args__ = (
        Index(
            "contact_imports_upload_key",
            "created_by",
            "upload_key",
            unique=True,
            postgresql_where=text("upload_key IS NOT NULL"),
        ),
    )


# A counter of rows for each outcome.
for _outcome in STORED_OUTCOMES:
    setattr(
        ContactImport,
        _outcome.value,
        mapped_column(_outcome.value, BigInteger, server_default=text("0"), nullable=False),
    )


class ImportLease(Base):
    """Who works on an import, and whether it was asked to stop: a row of its own, so asking waits for no batch."""

    __tablename__ = "contact_import_leases"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[int] = mapped_column(server_default=text("0"))
    worker: Mapped[str | None] = mapped_column(info=CODE)
    backend_pid: Mapped[int | None]
    backend_start: Mapped[datetime | None]  # pids are used again; the pair is not
    heartbeat_at: Mapped[datetime | None]  # null: it is free
    cancel_requested_at: Mapped[datetime | None]
    waiting_for: Mapped[str | None] = mapped_column(
        info=CODE
    )  # database | queue | phone | undo: why nothing moves
    enqueued_at: Mapped[datetime | None]
    deaths: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # work-horses lost at the same checkpoint
    deaths_at_row: Mapped[int] = mapped_column(server_default=text("-1"))


class ImportFileChunk(Base):
    """The uploaded bytes, about 128 KiB a chunk.

    STORAGE EXTERNAL: compressing them again gains nothing.
    """

    __tablename__ = "contact_import_files"

    # Deferred: the bytes arrive before their head is read, and with it the import.
    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey(
            "contact_imports.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"
        ),
        primary_key=True,
    )
    position: Mapped[int] = mapped_column(primary_key=True)  # offset of the chunk's first byte
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRow(_Fields, Base):
    """A staged, checked row."""

    __tablename__ = "contact_import_rows"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)  # as the spreadsheet shows it
    status: Mapped[str] = mapped_column(
        Text, server_default="valid", info=CODE
    )  # valid | invalid | left_out
    tags: Mapped[list[str] | None]
    custom: Mapped[dict[str, Any] | None]
    clears: Mapped[list[str] | None]  # fields that the clear token empties
    problems: Mapped[
        list[Any] | None
    ]  # [{"code", "column", "field", "value", "severity"}], null where none
    record: Mapped[
        list[str] | None
    ]  # the cells as they stand in the file, kept only where there are problems

    __table_args__ = (
        CheckConstraint("status IN ('valid', 'invalid', 'left_out')", name="row_status_known"),
        Index(
            "contact_import_rows_problems",
            "import_id",
            "row",
            postgresql_where=text("problems IS NOT NULL"),
        ),
    )


class ImportProblem(Base):
    """Which rows have a problem of which kind: the list of those to mend, in the order in which it is paged."""

    __tablename__ = "contact_import_problems"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True, info=CODE)
    row: Mapped[int] = mapped_column(primary_key=True)


class ImportCorrection(Base):
    """What a person corrected on the review page: cells of the file, applied whenever the file is checked."""

    __tablename__ = "contact_import_corrections"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'")
    )  # column from 0, as text → new value
    left_out: Mapped[bool] = mapped_column(server_default=text("false"))


class ImportResult(Base):
    """The ledger. Its primary key is the promise: a row of a file cannot have two outcomes."""

    __tablename__ = "contact_import_results"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(OUTCOME)
    contact_id: Mapped[int | None]
    code: Mapped[str | None] = mapped_column(
        info=CODE
    )  # the reason, a code of `vocabulary.messages`
    detail: Mapped[
        dict[str, Any] | None
    ]  # {"row": 14} | {"contacts": [3, 9]} | {"message": "..."}

    __table_args__ = (
        Index(
            "contact_import_results_problems",
            "import_id",
            "outcome",
            "row",
            postgresql_where=text(f"outcome IN ({sql_list(INDEXED)})"),
        ),
    )


class ContactChange(Base):
    """The journal: every change of an existing contact, by a person or an import, in the change's own transaction."""

    __tablename__ = "contact_changes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int]
    # Entries of kind `undo` were written by older versions. `removed`: an undo deleted the contact.
    kind: Mapped[str] = mapped_column(
        _one_of("change_kind", "import", "edit", "delete", "undo", "removed")
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


class UndoDue(Base):
    """What undos could not do yet: a key that another contact holds, or a created contact that others changed.

    Each undo looks at these again (`undoing/undo_keys.py`). The contact of a row may be deleted by hand meanwhile.
    """

    __tablename__ = "contact_undo_due"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(
        info=CODE
    )  # contact: it is to go | email, external_id: it is to have `key`
    key: Mapped[str] = mapped_column(server_default="")
    contact_id: Mapped[int]
    value: Mapped[str | None]  # as the field is to show it
    held: Mapped[str | None]  # what the field showed when the key became due
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
    # One of edited_since, changed_by_later_import, deleted_meanwhile, key_taken_on_undo,
    # refused_on_undo.
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
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("contact_undo_kept_contact", "contact_id"),
        Index("contact_undo_kept_order", "import_id", "id"),
    )


class UndoPreview(Base):
    """What the undo of an import would do, where counting it took a job; out of date once `seen` is."""

    __tablename__ = "contact_undo_previews"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    seen: Mapped[str] = mapped_column(info=CODE)  # how far journal, contacts and undos were
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    result: Mapped[dict[str, Any]]  # removed, restored, kept, conflicts


class ImportLog(Base):
    """One record for each attempt at a batch, and for each event in an import's life."""

    __tablename__ = "contact_import_logs"

    # No foreign key: checking it took longer than writing the entry, for each batch.
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # uploaded | check_started | block_checked | checked | check_cancelled | queued | started |
    # batch | resumed broken_off | cancel_requested | completed | cancelled | failed | retry_started
    # | row_failed | rollback_started batch_undone | rolled_back | mail_sent | mail_failed | purged
    # | person_erased
    event: Mapped[str] = mapped_column(info=CODE)
    batch: Mapped[int | None]
    attempt: Mapped[int | None] = mapped_column(SmallInteger)
    first_row: Mapped[int | None]
    last_row: Mapped[int | None]
    rows: Mapped[int | None]
    duration_ms: Mapped[float | None]
    result: Mapped[str | None] = mapped_column(info=CODE)  # done | retried | failed
    category: Mapped[str | None] = mapped_column(
        info=CODE
    )  # validation | business | database | system
    message: Mapped[str | None]


class ImportPreview(Base):
    """What each strategy would do, computed by the execution's own decision; gone when the mapping changes."""

    __tablename__ = "contact_import_previews"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    strategy: Mapped[str] = mapped_column(primary_key=True)
    outcomes: Mapped[dict[str, Any]]  # all ten
    examples: Mapped[list[Any]]  # [{"row", "outcome", "contact_id", "before", "after", ...}]
    cleared: Mapped[int]  # fields that the clear token empties
    promised: Mapped[str] = mapped_column(
        deferred=True
    )  # a letter a row: engine.preview_differences
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportDifference(Base):
    """A row that came out differently than the preview said: the contacts had changed in between."""

    __tablename__ = "contact_import_differences"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    promised: Mapped[str] = mapped_column(OUTCOME)  # the ledger has what it came to


class ImportDocument(Base):
    """A rendered report, kept so that the second reader waits for nothing."""

    __tablename__ = "contact_import_documents"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)  # pdf
    state: Mapped[str]  # rendering | lost | ready | failed
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    code: Mapped[str | None] = mapped_column(info=CODE)  # why there is none, in state failed
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    maker: Mapped[str | None]  # the process that renders it
    tries: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0")
    )  # begun, without anything to show for it


class MappingTemplate(Base):
    """A mapping that a person gave: the last for each header, and those saved under a name."""

    __tablename__ = "mapping_templates"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str | None]
    header_hash: Mapped[str]  # SHA-256 of the column labels
    columns: Mapped[list[Any]]  # the labels
    mapping: Mapped[list[Any]]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index(
            "mapping_templates_header",
            "user_id",
            "header_hash",
            unique=True,
            postgresql_where=text("name IS NULL"),
        ),
        Index(
            "mapping_templates_name",
            "user_id",
            "name",
            unique=True,
            postgresql_where=text("name IS NOT NULL"),
        ),
    )


def personal_columns(table: Table) -> list[Column[Any]]:
    """The columns that may hold something of a person: texts, JSON and bytes, unless only the program writes them."""
    closed = Enum, DOMAIN
    holding = Text, JSONB, ARRAY, LargeBinary

    return [
        column
        for column in table.c
        if isinstance(column.type, holding)
        and not isinstance(column.type, closed)
        and column.info != CODE
    ]
