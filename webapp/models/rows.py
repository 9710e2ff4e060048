"""The rows of an import, what a preview says of them, and what became of them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import CODE, DERIVED, OUTCOME, Base, Fields, one_of
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.keys import KEYLESS
from webapp.vocabulary.outcomes import INDEXED, sql_list
from webapp.vocabulary.reruns import Rerun


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
    further_emails: Mapped[list[Any] | None]  # as in a contact; null where there are none
    further_phones: Mapped[list[Any] | None]
    clears: Mapped[
        list[str] | None
    ]  # fields that the clear token empties; `name:<part>`: a whole name says it
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
        Index(
            "contact_import_rows_keyless",
            "import_id",
            "row",
            postgresql_where=text(f"status = 'valid' AND {KEYLESS}"),
        ),
    )


class RowWords(Base):
    """The words of a block of rows, for the search over them (`reports/row_search.py`): made behind
    the run, and forgotten by a trigger once a row of the block changes.
    """

    __tablename__ = "contact_import_row_words"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    block: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default=text("0"))
    # Which beginnings of words may be in the block, a bit each.
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    # A line for each row, a blank before each word; null until they are made.
    words: Mapped[str | None] = mapped_column(Text(collation="C"))

    __table_args__ = (
        Index(
            "contact_import_row_words_pending",
            "import_id",
            "block",
            postgresql_where=text("words IS NULL"),
        ),
        {"info": DERIVED},
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


class CorrectionAct(Base):
    """What a person changed at one go, by its number within the import. A cell holds what the
    newest act on it says that is not undone, and else what the file says.
    """

    __tablename__ = "contact_import_acts"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(info=CODE)
    made_by: Mapped[int | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # What was asked for: {"column", "value", "find", "replace_with"}.
    asked: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    rows: Mapped[int] = mapped_column(server_default=text("0"))  # that it changed
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None]


class CorrectedCell(Base):
    """A cell that an act changed. It stays when the act is undone: the first one of a cell knows
    what the file says.
    """

    __tablename__ = "contact_import_corrected_cells"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    # From 0; -1: whether the row is left out, "true" or "false".
    column: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[int] = mapped_column(primary_key=True)
    before: Mapped[str | None]  # null where it is not known
    after: Mapped[str]
    # What was wrong with the record as a whole, which a correction settles.
    problem: Mapped[str | None] = mapped_column(info=CODE)

    __table_args__ = (Index("contact_import_corrected_cells_act", "import_id", "act", "row"),)


class ListedCell(Base):
    """A cell with a problem, in the order in which a person corrects them; made when they are first
    looked at, and kept in step from then on: `staging/problem_list.py`.
    """

    __tablename__ = "contact_import_listed_cells"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    column: Mapped[int] = mapped_column(primary_key=True)  # from 0; -1: the row as a whole
    code: Mapped[str] = mapped_column(primary_key=True, info=CODE)
    # 0 to fix, 1 worth a look, 2 left out, 3 worth a look in a row to fix
    kind: Mapped[int] = mapped_column(SmallInteger)
    # 0 the first of its row, 1 the first of its cell, 2 another of the cell
    rank: Mapped[int] = mapped_column(SmallInteger)
    # 0 with a suggestion; of cells that say the same, twice the number of the first one; of a
    # single one twice its own, and one more.
    group: Mapped[int]
    number: Mapped[int]
    hash: Mapped[int]  # of the value

    __table_args__ = (
        Index("contact_import_listed_cells_order", "import_id", "kind", "group", "number"),
        Index(
            "contact_import_listed_cells_column",
            *("import_id", "kind", "column", "group", "number"),
        ),
        Index("contact_import_listed_cells_code", "import_id", "code", "group", "number"),
    )


class ReadPosition(Base):
    """Where reading a file can begin again: behind this row of it, at this byte."""

    __tablename__ = "contact_import_positions"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    byte_offset: Mapped[int]


class ImportChoice(Base):
    """How a person settled a row in conflict: a fact beside the staged row, as a correction is, so
    that it outlasts another check. The decision obeys it.
    """

    __tablename__ = "contact_import_choices"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    chosen: Mapped[str] = mapped_column(info=CODE)
    contact_id: Mapped[int | None]  # without a foreign key: that the contact is gone is told
    # The kinds of keys by which the contact was a candidate, or the one whose owner is meant.
    by: Mapped[list[str] | None] = mapped_column(info=CODE)

    __table_args__ = (
        CheckConstraint(
            f"chosen IN ({', '.join(repr(one.value) for one in Chosen)})", name="choice_known"
        ),
    )


class ImportConflict(Base):
    """A row that a preview found in conflict, and the contacts among which a person chooses. Rows
    with a choice stay, so that they can be settled otherwise.
    """

    __tablename__ = "contact_import_conflicts"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(info=CODE)
    # Alike are rows of one code whose candidates hold the same kinds of keys:
    # `two_contacts:email,external_id`.
    kind: Mapped[str] = mapped_column(info=CODE)
    # [{"contact_id": 3, "by": ["external_id"]}, {"row": 5, "by": ["email"]}]; `row`: made by an
    # earlier row of the file.
    candidates: Mapped[list[Any]] = mapped_column(info=CODE)

    __table_args__ = (Index("contact_import_conflicts_kind", "import_id", "kind", "row"),)


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
    ]  # {"row": 14} | {"contacts": [3, 9], "by": {"email": [3, 9]}} | {"message": "..."}

    __table_args__ = (
        Index(
            "contact_import_results_problems",
            "import_id",
            "outcome",
            "row",
            postgresql_where=text(f"outcome IN ({sql_list(INDEXED)})"),
        ),
    )


class ReopenedRow(Base):
    """A row of the ledger that was corrected, settled or taken in since it was last run: a second
    run takes it again.
    """

    __tablename__ = "contact_import_reopened"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)


class ImportPreview(Base):
    """What each variant would do, computed by the execution's own decision; gone when the mapping
    changes.
    """

    __tablename__ = "contact_import_previews"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    strategy: Mapped[str] = mapped_column(primary_key=True, info=CODE)
    create_new: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    hold_other_names: Mapped[bool] = mapped_column(
        primary_key=True, server_default=text("false")
    )
    outcomes: Mapped[dict[str, Any]]  # all eleven
    examples: Mapped[list[Any]]  # [{"row", "outcome", "contact_id", "before", "after", ...}]
    cleared: Mapped[int]  # fields that the clear token empties
    people: Mapped[dict[str, Any] | None] = mapped_column(info=CODE)  # as for an import
    plan_digest: Mapped[str] = mapped_column(info=CODE)  # SHA-256 over its plan, hexadecimal
    decided_by: Mapped[str | None] = mapped_column(info=CODE)  # which version of the decision
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The newest entry of the journal and the newest contact that it knows; null of an older
    # version.
    last_change: Mapped[int | None]
    last_contact: Mapped[int | None]


class PreviewScan(Base):
    """What the one pass for all previews found in a range of rows, an item a row in most columns;
    it is dropped with the last preview, and a crash of the database drops it too.
    """

    __tablename__ = "contact_import_scans"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    first_row: Mapped[int] = mapped_column(primary_key=True)
    inputs: Mapped[str] = mapped_column(info=CODE)  # what it depends on beside the rows
    rows: Mapped[list[int]]
    statuses: Mapped[list[str]] = mapped_column(info=CODE)  # null where valid
    codes: Mapped[list[str]] = mapped_column(info=CODE)
    owners: Mapped[list[int]]  # null where there is none, or a conflict
    # Names of the fields that each strategy would change.
    updates: Mapped[list[str]] = mapped_column(info=CODE)
    merges: Mapped[list[str]] = mapped_column(info=CODE)
    update_clears: Mapped[list[int]]  # how many of them the clear token empties
    merge_clears: Mapped[list[int]]
    persons: Mapped[list[int] | None]  # where a row without any key may mean them
    update_persons: Mapped[list[int] | None]
    merge_persons: Mapped[list[int] | None]
    apart: Mapped[list[int] | None]  # rows that are simulated in any case
    key_rows: Mapped[list[int] | None]  # with `keys`: what rows may share
    keys: Mapped[list[int] | None]
    keyless: Mapped[list[int] | None]  # the persons that rows without any key mean
    simulated: Mapped[list[int] | None]  # null until all ranges are there
    last_change: Mapped[
        int | None
    ]  # the newest entry of the journal, and the newest contact, then
    last_contact: Mapped[int | None]


class PlanBlock(Base):
    """Some rows of a preview's plan, as lines of a CSV (`deciding/plan.py`); it goes with its
    preview.
    """

    __tablename__ = "contact_import_plan_blocks"

    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    strategy: Mapped[str] = mapped_column(primary_key=True, info=CODE)
    create_new: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    hold_other_names: Mapped[bool] = mapped_column(
        primary_key=True, server_default=text("false")
    )
    block: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[str]
    compared: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # whether the ledger was held against it
    # Its rows that share a key or a contact with another row; null of an older version.
    shared: Mapped[list[int] | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["import_id", "strategy", "create_new", "hold_other_names"],
            [
                f"contact_import_previews.{name}"
                for name in ("import_id", "strategy", "create_new", "hold_other_names")
            ],
            ondelete="CASCADE",
        ),
    )


class PreviewRequest(Base):
    """A preview that was asked for, beside those that every import has; kept as long as the
    import waits, so that it is computed anew with them.
    """

    __tablename__ = "contact_import_preview_requests"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    strategy: Mapped[str] = mapped_column(primary_key=True, info=CODE)
    create_new: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    hold_other_names: Mapped[bool] = mapped_column(
        primary_key=True, server_default=text("false")
    )


class RerunPreview(Base):
    """What a second run over these rows would do; without outcomes: asked for, not yet computed."""

    __tablename__ = "contact_import_rerun_previews"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    rerun: Mapped[str] = mapped_column(one_of("rerun", *Rerun), primary_key=True)
    outcomes: Mapped[dict[str, Any] | None] = mapped_column(info=CODE)  # as of a preview
    people: Mapped[dict[str, Any] | None] = mapped_column(info=CODE)
    computed_at: Mapped[datetime | None]


class ImportDifference(Base):
    """A row that came out differently than the plan said: the contacts had changed in between.
    Both lines are as the plan has them.
    """

    __tablename__ = "contact_import_differences"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    planned: Mapped[str]
    came_to: Mapped[str]


class ImportDocument(Base):
    """A rendered report, kept so that the second reader waits for nothing."""

    __tablename__ = "contact_import_documents"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)  # pdf, or pdf-de
    state: Mapped[str]  # rendering | lost | ready | failed
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    code: Mapped[str | None] = mapped_column(info=CODE)  # why there is none, in state failed
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    maker: Mapped[str | None]  # the process that renders it
    tries: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0")
    )  # begun, without anything to show for it
