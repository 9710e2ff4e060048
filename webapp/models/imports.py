"""An import: its file, its settings, its lease and its log."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import CODE, OF_FILE, Base, cells_of_file, one_of
from webapp.vocabulary.keys import (
    DEFAULT_KEYS,
)
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy


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
    rolled_back_by: Mapped[int | None]  # whose account asked for the undo; null: not known
    expired_at: Mapped[datetime | None]  # its retention time is over: no undo from here on
    purged_at: Mapped[datetime | None]  # and its file, rows and undo data are deleted
    file_gone: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # its file was deleted to erase a person
    state: Mapped[str] = mapped_column(
        one_of("import_state", *State), server_default=State.UPLOADED.value
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
        info=cells_of_file("'[]'")
    )  # the first records: lists of cells
    head: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), info=cells_of_file("head - 'profile'")
    )  # what else reading learnt; in its profile, cells
    suggested_mapping: Mapped[list[Any]] = mapped_column(info=OF_FILE)

    mapping: Mapped[list[Any] | None] = mapped_column(
        info=OF_FILE
    )  # one target or null for each column
    # The form of the columns as a person left it, before it is sent: the values by name.
    draft: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), info=cells_of_file("NULL"), deferred=True
    )
    default_country: Mapped[str | None]  # ISO 3166 alpha-2
    match_keys: Mapped[list[str]] = mapped_column(
        server_default=text(f"'{{{','.join(DEFAULT_KEYS)}}}'")
    )
    clear_token: Mapped[str | None]
    date_order: Mapped[str | None]  # dmy | mdy, where the column leaves it open
    # A birthday or e-mail that is none does not refuse a row that has something else to go by.
    drop_bad_cells: Mapped[bool] = mapped_column(server_default=text("false"))
    # Words that are read as blank; null: those of `vocabulary.blank_words`.
    blank_words: Mapped[list[str] | None]
    # Columns, from 0, in which such words stay as they are.
    keep_words: Mapped[list[int]] = mapped_column(server_default=text("'{}'"), info=CODE)
    # What the cells of a column do to contacts that are there, where the strategy does not say it:
    # {"phone": "keep"}.
    column_rules: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), info=OF_FILE
    )
    # For all rows: values by field that the file lacks, and tags as in a cell.
    constants: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    tag: Mapped[str | None]
    check_summary: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), info=OF_FILE
    )
    # Up to which row its cells with problems are listed, once someone looked at them.
    listed_to: Mapped[int | None]
    # An act, or the undo of one, that a worker is at: `staging/acts.py`.
    correcting: Mapped[dict[str, Any] | None]
    mended_at: Mapped[
        datetime | None
    ]  # when a row was last corrected: previews wait until that calms down

    duplicate_strategy: Mapped[str | None] = mapped_column(
        one_of("duplicate_strategy", *Strategy)
    )
    create_new: Mapped[bool] = mapped_column(server_default=text("true"))
    hold_other_names: Mapped[bool] = mapped_column(server_default=text("false"))
    skip_errors: Mapped[bool] = mapped_column(server_default=text("true"))
    batch_size: Mapped[int] = mapped_column(server_default=text("100"))  # 0 = auto
    notification_email: Mapped[str | None]
    # The newest request for approval, open while the import awaits it: `approval_requests`.
    # {"by", "at", "reason", "plan"}, and at its end "end", "ended_by" and "ended_at".
    approval: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), info=CODE
    )
    site_url: Mapped[str | None]  # where the notice's links lead, as the web process knew it

    total: Mapped[int | None]  # rows staged, once the check is through
    rules: Mapped[int | None]  # the version of the rules by which they were checked
    read_bytes: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # how far the check has read
    read_position: Mapped[dict[str, Any] | None] = mapped_column(
        info=OF_FILE
    )  # where a resumed check goes on, and what its columns were until there
    last_row: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # the checkpoint: a row number
    batches_done: Mapped[int] = mapped_column(server_default=text("0"))
    busy_seconds: Mapped[float] = mapped_column(
        server_default=text("0")
    )  # time spent executing, over all slices
    # Which rows a second run takes that waits or goes on, and the state that it began in.
    rerun: Mapped[str] = mapped_column(
        one_of("rerun", *Rerun), server_default=Rerun.NONE.value
    )
    rerun_from: Mapped[str | None] = mapped_column(one_of("import_state", *State))

    # Counted up by every claim. A batch's checkpoint names it, so a stale worker's batch rolls
    # back.
    lease_token: Mapped[int] = mapped_column(server_default=text("0"))

    rollback: Mapped[
        dict[str, Any] | None
    ]  # what the undo did: removed, restored, kept, conflicts
    # Counts of people and warnings at the end (`deciding/people_counts.py`); null where none were
    # made.
    people: Mapped[dict[str, Any] | None] = mapped_column(info=CODE)
    ledger_digest: Mapped[str | None]  # SHA-256 over the ledger, hexadecimal
    plan_digest: Mapped[str | None] = mapped_column(
        info=CODE
    )  # of the plan of exactly what was run; null: not previewed
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
    """Who works on an import, and whether it was asked to stop: a row of its own, so asking
    waits for no batch.
    """

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


class ImportLog(Base):
    """One record for each attempt at a batch, and for each event in an import's life."""

    __tablename__ = "contact_import_logs"

    # No foreign key: checking it took longer than writing the entry, for each batch.
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # uploaded | check_started | block_checked | checked | check_cancelled | queued | started |
    # batch | resumed broken_off | cancel_requested | completed | cancelled | failed | retry_started
    # | approval_requested | approved | approval_refused | approval_withdrawn | approval_voided
    # | row_failed row_invalid row_conflict row_left_out
    # | rollback_started batch_undone | rolled_back | mail_sent | mail_failed | purged
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


class MappingTemplate(Base):
    """A mapping that a person gave: the last for each header, and those saved under a name."""

    __tablename__ = "mapping_templates"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str | None]
    header_hash: Mapped[str]  # SHA-256 of the column labels
    columns: Mapped[list[Any]]  # the labels
    mapping: Mapped[list[Any]]
    # What goes with it, by the name of the import's column.
    choices: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # Whether all others are offered it too, and have it applied to files with its header.
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
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
        Index("mapping_templates_shared", "header_hash", postgresql_where=text("shared")),
    )
