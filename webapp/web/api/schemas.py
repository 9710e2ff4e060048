"""What the API takes and gives, as strict pydantic models: the OpenAPI document and the checks
come from these.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from webapp.vocabulary.fields import FIELDS
from webapp.vocabulary.keys import MatchKey
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy
from webapp.web.forms import Text

LARGEST_PAGE = 1000
ERROR_LOG_ENTRIES = 1000
LARGEST_ROW = 2**53  # beyond it JSON's numbers are not exact


class Given(BaseModel):
    """An answer: every field is always there."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _whole_number(value: Any) -> Any:
    """Digits only: no signs, spaces or underscores."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise ValueError("Give a whole number in digits")
    return value


Moment = Annotated[datetime, BeforeValidator(_utc)]
PageSize = Annotated[int, Field(ge=1, le=LARGEST_PAGE), BeforeValidator(_whole_number)]
RowNumber = Annotated[int, Field(ge=0, le=LARGEST_ROW), BeforeValidator(_whole_number)]
Cursor = Annotated[Text, Field(max_length=200)]


if TYPE_CHECKING:
    PublicState = State
else:
    # Programs know no `refused`: an import whose file was refused is `failed`, and `failure_reason`
    # says why.
    _public = {state.name: state.value for state in State if state.public is state}
    PublicState = StrEnum("State", _public, module=__name__, qualname="State")
    PublicState.__doc__ = "Where an import stands."


def told(state: str) -> str:
    """The state as programs know it."""
    return State(state).public.value if state else state


ToldState = Annotated[PublicState, BeforeValidator(told)]


class PreviewQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    duplicate_strategy: Strategy


class ImportsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: PublicState | None = None
    after: Cursor | None = None
    limit: PageSize = 50


class RowsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Outcome | None = None
    after: RowNumber = 0
    limit: PageSize = 100


class ExportQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: Annotated[Text, Field(max_length=200)] | None = None
    imported_from: UUID | None = None


class ContactsQuery(ExportQuery):
    after: Cursor | None = None
    limit: PageSize = 50


class Outcomes(Given):
    """How many rows ended how: exactly one outcome each, so they add up to the rows."""

    __annotations__ = {outcome.value: int for outcome in Outcome}


Warnings = Annotated[
    dict[str, int],
    Field(description="How many rows have which warning; /rows has them row by row."),
]


class Options(Given):
    """What was chosen for the import; `duplicate_strategy` is null until it is executed."""

    duplicate_strategy: Strategy | None
    skip_errors: bool
    batch_size: int | Literal["auto"]
    notification_email: str | None
    match_keys: list[MatchKey]
    default_country: str | None
    clear_token: str | None
    date_order: Literal["dmy", "mdy"] | None
    drop_bad_cells: bool
    blank_words: list[str] | None
    keep_words: list[int]
    sheet: str | None


class Sheet(Given):
    """One of the tables in a file; `rows` is null where they were too many to be counted at once."""

    name: str
    rows: int | None


class ColumnCount(Given):
    """A value and how many cells of a column hold it; `column` counts from 0."""

    column: int
    value: str | None
    cells: int


class ImportSession(Given):
    """One import: what the file is, what was chosen, how far it is."""

    import_id: UUID
    imported_from: Annotated[
        str, Field(description="What the contacts it created carry as imported_from.")
    ]
    rollback_possible: bool
    imported_count: int
    state: ToldState
    filename: str
    size_bytes: int
    sha256: str
    format: Literal["csv", "xlsx", "vcard", "ods", "spreadsheetml", "html", "xls"]
    encoding: str | None
    delimiter: str | None
    encoding_certain: Annotated[
        bool, Field(description="False where the encoding is a guess: look at the sample.")
    ]
    sheets: Annotated[
        list[Sheet], Field(description="Of a workbook; options.sheet is the one that is read.")
    ]
    columns: list[str]
    sample: list[list[str]]
    suggested_mapping: list[str | None]
    mapping: list[str | None] | None
    options: Options
    total: Annotated[
        int | None, Field(description="Rows of the file, once the check is through.")
    ]
    outcomes: Outcomes
    warnings: Warnings
    read_as_blank: Annotated[
        list[ColumnCount],
        Field(description="How many cells of which column said a word for nothing."),
    ]
    repeated_values: Annotated[
        list[ColumnCount],
        Field(
            description="A value that fills more than half of a column of e-mails, phones or"
            " birthdays; add it to blank_words to read it as blank."
        ),
    ]
    cells_dropped: Annotated[
        dict[str, int],
        Field(
            description="By field, how many rows come in without the cell that the file has."
        ),
    ]
    created_by: Annotated[str, Field(description="The e-mail address of the person.")]
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    rolled_back_at: Moment | None
    failure_reason: str | None


class Work(Given):
    """How far the step at hand is, in rows: the check, the run, the rows being retried, or the
    rollback.
    """

    progress: Annotated[float, Field(ge=0, le=100)]
    processed: int
    total: Annotated[
        int | None,
        Field(description="Null while it is unknown, as it is while a file is checked."),
    ]


class Progress(Given):
    """Where an import is. success + failed + skipped = processed; duplicates overlap with them.

    Time left and speed are those of the step at hand, which `work` tells of.
    """

    progress: Annotated[
        float,
        Field(ge=0, le=100, description="Percent; 100 only when every row was processed."),
    ]
    processed: int
    total: int
    success: int
    failed: int
    skipped: int
    duplicates: int
    current_batch: int
    total_batches: int
    eta_seconds: int | None
    speed_per_minute: int
    state: ToldState
    outcomes: Outcomes
    waiting_for: Annotated[str | None, Field(description="Why nothing moves, if so.")]
    obstacle: Annotated[
        str | None, Field(description="What has to be cleared away while it waits for help.")
    ]
    work: Work


class LogEntry(Given):
    """A row that did not get in, and why."""

    row: int
    code: str | None
    category: Literal["validation", "business", "database", "system"]
    message: str | None


class ImportResult(Given):
    """What became of an import. `error_log` holds the first 1,000; the rest comes by /rows."""

    import_id: UUID
    total_contacts: int
    successfully_imported: int
    failed_contacts: int
    duplicate_contacts: int
    import_duration_ms: int
    error_log: Annotated[list[LogEntry], Field(max_length=ERROR_LOG_ENTRIES)]
    outcomes: Outcomes
    warnings: Warnings


class Preview(Given):
    """What the execution would produce. All are null with 202: it is still being computed."""

    outcomes: Outcomes | None
    cleared: Annotated[
        int | None,
        Field(description="Fields that the clear token empties; null without a token."),
    ]
    computed_at: Moment | None


class KeptField(Given):
    """A contact, or one field of it (`field` null: the whole contact), that a rollback leaves
    as it is.
    """

    contact_id: int
    row: int | None
    field: str | None
    code: str
    wanted: Any
    now: Any
    changed_by_import: UUID | None
    changed_by: str | None


class RollbackPreview(Given):
    """What a rollback would do now, in contacts.

    `conflicts` lists the first hundred of what stays.
    """

    contacts_removed: int
    contacts_restored: int
    contacts_kept: int
    conflicts: list[KeptField]


class RollbackResult(Given):
    """What a rollback did, in contacts."""

    success: Literal[True]
    contacts_removed: int
    contacts_restored: int
    contacts_kept: int
    rollback_completed_at: Moment


class Change(Given):
    """One field, before and after."""

    field: str
    before: Any
    after: Any


class RowWarning(Given):
    """Something about a cell or row that does not keep it out; `field` null: the row as a whole."""

    code: str
    field: str | None
    value: Annotated[str | None, Field(description="The text in the file.")]
    message: str


class LedgerRow(Given):
    """What became of one row of the file; `row` as a spreadsheet shows it."""

    row: int
    outcome: Outcome
    contact_id: int | None
    code: str | None
    message: str | None
    warnings: list[RowWarning]
    changes: list[Change]


class _Numbered(Given):
    id: int


if TYPE_CHECKING:
    _Fields = _Numbered
else:
    _texts = {field.name: (str | None, ...) for field in FIELDS}
    _Fields = create_model("_Fields", __base__=_Numbered, **_texts)


class Contact(_Fields):
    """A contact. `version` counts every change of it."""

    tags: list[str]
    custom: dict[str, Any]
    imported_from: UUID | None
    created_at: Moment
    updated_at: Moment
    version: int


class Origin(Given):
    """Where a value came from: the newest change of the field.

    `before` is what stood there before.
    """

    kind: Literal["import", "edit", "undo"]
    at: Moment
    before: Any
    row: int | None
    import_id: UUID | None
    filename: str | None
    person: str | None


class ContactWithProvenance(Contact):
    """A contact, and by field where its values came from."""

    provenance: dict[str, Origin]


class ImportList(Given):
    items: list[ImportSession]
    next: str | None


class RowList(Given):
    items: list[LedgerRow]
    next: str | None


class ContactList(Given):
    items: list[Contact]
    next: str | None


class FieldError(Given):
    """A field at fault; `pointer` is a JSON pointer into the body, or the name of a parameter."""

    pointer: str
    code: str
    detail: str


class ProblemDocument(BaseModel):
    """RFC 9457. `state` comes with 409, `errors` where a field is at fault."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    state: PublicState | None = None
    errors: list[FieldError] = []


class Alive(Given):
    status: Literal["ok"]


class Ready(Given):
    database: str
    queue: str
    worker: str
    disk: str
