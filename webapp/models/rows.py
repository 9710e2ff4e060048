"""The rows of an import, what a preview says of them, and what became of them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import CODE, OUTCOME, Base, Fields
from webapp.vocabulary.outcomes import INDEXED, sql_list


class ImportRow(Fields, Base):
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
    ]  # [{"code", "column", "field", "value", "severity", "dropped"}], null where none
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
    """Which rows have a problem of which kind: the list of those to correct, in the order in
    which it is paged.
    """

    __tablename__ = "contact_import_problems"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True, info=CODE)
    row: Mapped[int] = mapped_column(primary_key=True)


class ImportCorrection(Base):
    """What a person corrected on the review page: cells of the file, applied whenever the file
    is checked.
    """

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


class ImportPreview(Base):
    """What each strategy would do, computed by the execution's own decision; gone when the
    mapping changes.
    """

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
    """A row that came out differently than the preview said: the contacts had changed in
    between.
    """

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
