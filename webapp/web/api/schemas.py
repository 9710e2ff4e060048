"""What the API takes and gives, as strict pydantic models: the OpenAPI document and the checks
come from these.
"""

import csv
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    create_model,
)

from webapp.checking.column_sets import ColumnSet
from webapp.contacts.exporting import Wanted
from webapp.contacts.filters import ContactFilter, Order
from webapp.imports.approval_requests import End, Reason
from webapp.vocabulary.fields import FIELDS
from webapp.vocabulary.keys import MatchKey
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy, Variant
from webapp.web.forms import (
    LONGEST_FILTER,
    LONGEST_SEARCH,
    AddressLabel,
    RuleWord,
    Text,
)
from webapp.web.forms.queries import MOST_IDS, Day, list_column, wanted_of

LARGEST_PAGE = 1000
ERROR_LOG_ENTRIES = 1000
LARGEST_ROW = 2**53  # beyond it JSON's numbers are not exact


# Models are built when they are first used: one installation uses few of them.


class Given(BaseModel):
    """An answer: every field is always there."""

    model_config = ConfigDict(
        defer_build=True, extra="forbid", json_schema_serialization_defaults_required=True
    )


class Parameters(BaseModel):
    """The parameters of an address; unknown ones are refused."""

    model_config = ConfigDict(defer_build=True, extra="forbid")


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _whole_number(value: Any) -> Any:
    """Digits only: no signs, spaces or underscores."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise ValueError("Give a whole number in digits")
    return value


def _column(value: Any) -> Any:
    """A column from 0 in digits, or -1."""
    return -1 if value == "-1" else _whole_number(value)


def _of_rfc_3339(value: Any) -> Any:
    """Pydantic would take a number for seconds since 1970, too."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value, re.ASCII):
        raise ValueError("Give a moment as in 2025-11-26T14:32:00Z")
    return value


def _in_years_that_are(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("Give a moment within the years 1 to 9999") from None


Moment = Annotated[datetime, BeforeValidator(_utc)]
# Python would take "yes" and "on" for true, too.
QueryFlag = Annotated[bool, BeforeValidator(lambda value: _FLAGS.get(value, ()))]
_FLAGS = {"true": True, "false": False}
PageSize = Annotated[int, Field(ge=1, le=LARGEST_PAGE), BeforeValidator(_whole_number)]
RowNumber = Annotated[int, Field(ge=0, le=LARGEST_ROW), BeforeValidator(_whole_number)]
Cursor = Annotated[Text, Field(max_length=200)]
FilterText = Annotated[Text, Field(max_length=LONGEST_FILTER)]
CONTACT_ORDERS = tuple(f"{sign}{order}" for order in Order for sign in ("", "-"))


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


class PreviewQuery(Parameters):
    duplicate_strategy: Strategy | None = None
    create_new: QueryFlag = True
    hold_other_names: QueryFlag = False
    rows: Annotated[
        Literal["failed", "corrected", "remaining"] | None,
        Field(
            description="Once the import has run: what a second run over these rows would do, as the"
            " import was executed. Without it, give a duplicate_strategy."
        ),
    ] = None


class VariantQuery(Parameters):
    duplicate_strategy: Strategy
    create_new: QueryFlag = True
    hold_other_names: QueryFlag = False

    def variant(self) -> Variant:
        """What was asked for, as previews and plans are kept."""
        return Variant(self.duplicate_strategy, self.create_new, self.hold_other_names)


class PlanQuery(VariantQuery):
    outcome: Outcome | None = None
    after: RowNumber = 0
    limit: PageSize = 100


class ImportsQuery(Parameters):
    state: PublicState | None = None
    after: Cursor | None = None
    limit: PageSize = 50


class RowsQuery(Parameters):
    outcome: Outcome | None = None
    differing: QueryFlag = False
    after: RowNumber = 0
    limit: PageSize = 100


class FilterQuery(Parameters):
    q: (
        Annotated[
            Text,
            Field(
                max_length=LONGEST_SEARCH,
                description="Words. A contact is found that has, for each of them, a word that begins"
                " with it: in its names, e-mails, company, department, ID, phones and tags."
                " Case and accents do not count. Words begin behind blanks and behind"
                " `. @ - _ +` too; a phone is also found by its last four digits or more."
                " Text inside a word is not found. Of Chinese, Japanese and Korean any signs"
                " that stand side by side are found.",
            ),
        ]
        | None
    ) = None
    imported_from: UUID | None = None
    tag: Annotated[
        FilterText | None, Field(description="A tag that the contact has, to the letter.")
    ] = None
    company: Annotated[FilterText | None, Field(description="Compared without case.")] = None
    country: Annotated[
        FilterText | None,
        Field(description="A country by its letters or by any of its names."),
    ] = None
    no_email: Annotated[QueryFlag, Field(description="Contacts without any e-mail.")] = False
    no_phone: Annotated[QueryFlag, Field(description="Contacts without any phone.")] = False
    updated_since: Annotated[
        Annotated[
            AwareDatetime, BeforeValidator(_of_rfc_3339), AfterValidator(_in_years_that_are)
        ]
        | None,
        Field(description="Created or changed at that moment or later."),
    ] = None
    custom: Annotated[
        FilterText | None, Field(description="The label of a custom field that is filled.")
    ] = None
    value: Annotated[
        FilterText | None,
        Field(description="What that custom field holds, compared without case."),
    ] = None

    def filter(self) -> ContactFilter:
        """What the parameters mean."""
        given = self.model_dump(exclude_none=True)
        return ContactFilter(**{name: given[name] for name in FILTERS if name in given})


FILTERS = tuple(FilterQuery.model_fields)


def _numbers(text: Any) -> Any:
    """Numbers with commas between them."""
    return text.split(",") if isinstance(text, str) else text


def _names(text: Any) -> Any:
    """A line of CSV."""
    try:
        return next(csv.reader([text]), []) if isinstance(text, str) else text
    except csv.Error:
        raise ValueError("Give one line of CSV") from None


class PastQuery(Parameters):
    day: Annotated[
        Day, Field(description="The day at whose end, midnight UTC, it is looked at.")
    ]


class ExportQuery(FilterQuery):
    ids: Annotated[
        list[RowNumber],
        BeforeValidator(_numbers, json_schema_input_type=str),
        Field(max_length=MOST_IDS, description="These contacts alone, without regard to filters: numbers"
            " with commas between them.", json_schema_extra={"examples": ["1,2,3"]}),
    ] = []  # fmt: skip
    day: Annotated[
        Day | None,
        Field(description="The whole book as it was when that day ended, at midnight UTC; without"
            " filters."),
    ] = None  # fmt: skip

    def wanted(self, days: int) -> Wanted:
        """What the file shall hold; values are kept for so many days. Raises Refusal."""
        contacts = ContactFilter(ids=tuple(self.ids)) if self.ids else self.filter()
        columns = getattr(self, "columns", [])
        return wanted_of(contacts, columns, getattr(self, "column_set", None), self.day, days)


class TableQuery(ExportQuery):
    columns: Annotated[
        list[Annotated[Text, AfterValidator(list_column)]],
        BeforeValidator(_names, json_schema_input_type=str),
        Field(max_length=12, description="Only these beside the parts of the name, in this order: names of"
            " fields, `tags`, `custom:` and a label, `changed`, `added`; a line of CSV."),
    ] = []  # fmt: skip


class CsvQuery(TableQuery):
    column_set: Annotated[
        ColumnSet | None,
        Field(description="The columns that Google Contacts or Outlook imports."),
    ] = None


class ConflictsQuery(Parameters):
    after: RowNumber = 0
    limit: PageSize = 100


class ProblemsQuery(Parameters):
    """Which rows with problems; `code` alone takes those of every kind."""

    kind: Literal["to_fix", "look", "left_out"] = "to_fix"
    code: Annotated[Text, Field(max_length=60)] | None = None
    column: (
        Annotated[int, Field(ge=-1, le=LARGEST_PAGE * 20), BeforeValidator(_column)] | None
    ) = None
    group: (
        Annotated[int, Field(ge=1, le=LARGEST_ROW), BeforeValidator(_whole_number)] | None
    ) = None
    q: Annotated[Text, Field(max_length=LONGEST_SEARCH)] = ""
    after: Cursor = ""
    limit: PageSize = 50


class CellsQuery(Parameters):
    q: Annotated[Text, Field(max_length=LONGEST_SEARCH)] = ""
    after: RowNumber = 0
    limit: PageSize = 50


class CorrectionsQuery(Parameters):
    before: RowNumber | None = None
    limit: PageSize = 50


class ContactsQuery(FilterQuery):
    sort: Annotated[
        Literal[CONTACT_ORDERS],  # type: ignore[valid-type]
        Field(description='"-" before it: the other way round. Blanks come last.'),
    ] = "added"
    after: Annotated[Text, Field(max_length=500)] | None = None
    limit: PageSize = 50


class Outcomes(Given):
    """How many rows ended how: exactly one outcome each, so they add up to the rows."""

    __annotations__ = {outcome.value: int for outcome in Outcome}


Warnings = Annotated[
    dict[str, int],
    Field(description="How many rows have which warning; /rows has them row by row."),
]


class People(Given):
    """How many people the rows are. All are null while it is not known, and for imports from
    before.
    """

    contacts_created: int | None
    contacts_changed: Annotated[
        int | None, Field(description="Contacts that were there before and were changed.")
    ]
    repeats_in_file: Annotated[
        int | None, Field(description="Rows whose contact is that of an earlier row.")
    ]


class Options(Given):
    """What was chosen for the import; `duplicate_strategy` is null until it is executed."""

    duplicate_strategy: Strategy | None
    create_new: bool
    hold_other_names: bool
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
    constants: dict[str, str]
    rules: dict[str, RuleWord | None]
    tag: str | None
    sheet: str | None


class Sheet(Given):
    """One of the tables in a file; `rows` is null where they were too many to be counted
    at once.
    """

    name: str
    rows: int | None


class ColumnCount(Given):
    """A value and how many cells of a column hold it; `column` counts from 0."""

    column: int
    value: str | None
    cells: int


class Approval(Given):
    """The newest request for approval of an import; `end` is null while it is open.

    `ended_by` is null where the import was changed, which ends a request by itself.
    """

    reason: Reason
    asked_by: Annotated[str, Field(description="The e-mail address of the person.")]
    asked_at: Moment
    plan: Annotated[str, Field(description="The digest of the plan that is to be approved.")]
    end: End | None
    ended_by: str | None
    ended_at: Moment | None


class ImportSession(People):
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
    approval_reason: Annotated[
        Reason | None, Field(description="Why it waits for approval; null where it does not.")
    ]
    approval: Annotated[
        Approval | None,
        Field(description="Who asked for approval of what, and what became of it."),
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
    rows_undone: Annotated[
        int, Field(description="Rows that were undone by themselves; outcomes count them too.")
    ]
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


class PlanRow(Given):
    """What becomes of a row: `changed` names fields, custom ones as `custom:<label>`."""

    row: int
    outcome: Outcome
    contact_id: Annotated[
        int | None, Field(description="Null for a contact that the import itself makes.")
    ]
    code: str | None
    joins_row: Annotated[
        int | None, Field(description="The earlier row that makes the row's contact.")
    ]
    changed: list[str]


class Plan(Given):
    """What the execution would do, row by row. All are null with 202: it is still being
    computed.
    """

    digest: Annotated[
        str | None, Field(description="SHA-256 over the plan as CSV, hexadecimal.")
    ]
    outcomes: Outcomes | None
    contacts_changed: Annotated[
        int | None, Field(description="Contacts there before that it updates or merges.")
    ]
    items: list[PlanRow] | None
    next: str | None


class Difference(Given):
    """A row that came out differently than the plan said: the contacts had changed in between."""

    planned: PlanRow
    came_to: PlanRow


class PlanResult(Given):
    """The run held against the plan of exactly what was run: `verdict` is not_previewed where
    there was none. `differences` holds the first 1,000; the rest comes by /rows with
    differing=true.
    """

    verdict: Literal["as_planned", "differs", "not_previewed"]
    digest: str | None
    rows_differing: int
    differences: Annotated[list[Difference], Field(max_length=ERROR_LOG_ENTRIES)]


class RunsAgain(Given):
    """How many rows each kind of second run would take."""

    failed: int
    corrected: int
    remaining: int


class ImportResult(People):
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
    plan: PlanResult
    runs_again: RunsAgain


class Preview(People):
    """What the execution would produce. All are null with 202: it is still being computed."""

    outcomes: Outcomes | None
    cleared: Annotated[
        int | None,
        Field(description="Fields that the clear token empties; null without a token."),
    ]
    other_names: Annotated[
        int | None,
        Field(
            description="Rows whose e-mail or ID is a contact's of another name, held or not."
        ),
    ]
    keyless_rows: Annotated[
        int | None,
        Field(description="Rows without e-mail, phone and ID; matched by all else."),
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


class RowUndone(Given):
    """What the undo of a single row did; `conflicts` lists what stays."""

    row: int
    contact_id: int
    contact_removed: Annotated[
        bool, Field(description="The contact that the row created is deleted.")
    ]
    fields_restored: list[str]
    conflicts: list[KeptField]


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


class Candidate(Given):
    """A contact that a row in conflict may mean."""

    contact_id: Annotated[
        int | None, Field(description="Null for one that an earlier row of the file makes.")
    ]
    row: Annotated[int | None, Field(description="The earlier row that makes it.")]
    name: Annotated[str | None, Field(description="Null where it has none, or was deleted.")]
    email: str | None
    by: Annotated[
        list[MatchKey],
        Field(description="The keys of the row that it has; empty for imports from before."),
    ]


class Choice(Given):
    """What a person chose for a row, as it is sent."""

    contact_id: int | None
    owner_of: MatchKey | None
    new: bool
    leave_out: bool


class Conflict(Given):
    """A row that may mean several contacts, and what was chosen for it; null where nothing was.

    With the code `choice_gone` the choice does not hold any more.
    """

    row: int
    code: str
    message: str
    candidates: list[Candidate]
    choice: Choice | None


class ConflictList(Given):
    items: list[Conflict]
    next: str | None


class Settled(Given):
    """How many rows the choice is for."""

    rows: int


class RowProblem(RowWarning):
    """What is wrong with a cell or row; `column` counts from 0, null: the row as a whole."""

    column: int | None
    severity: Literal["error", "warning"]


class CellProblem(RowProblem):
    """`suggestion` is what the cell was probably meant to say, and `also` what other cells say with
    it, by column; `mark` is where the fault stands in the cell: begin and end.
    """

    suggestion: str | None
    mark: list[int] | None
    also: dict[int, str]


class RowCells(Given):
    """A row with its cells as they are now; `was` is what the file says of those that were
    corrected, and `correction` the newest one that stands.
    """

    row: int
    status: Literal["valid", "invalid", "left_out"]
    cells: list[str]
    problems: list[CellProblem]
    was: dict[int, str]
    correction: int | None


class ProblemRow(RowCells):
    """A row as it is listed, under one of its cells; `group` is that of the equal values."""

    column: int | None
    code: str
    group: int | None


class ValueGroup(Given):
    """Rows of which a cell says the same."""

    group: int
    column: int | None
    code: str
    value: str
    rows: int


class ColumnTally(Given):
    """Of a column, -1 the row as a whole: how many rows are to be corrected, and for how many
    there is a suggestion.
    """

    column: int
    rows: int
    suggestions: int


class ProblemCounts(Given):
    """How many rows there are; `columns` and `suggestions` are of those to correct, and
    `corrected` of those that a person dealt with.
    """

    to_fix: int
    look: int
    left_out: int
    corrected: int
    suggestions: int
    columns: list[ColumnTally]


class ProblemRows(Given):
    items: list[ProblemRow]
    groups: list[ValueGroup]
    counts: ProblemCounts
    next: str | None


class CellRows(Given):
    items: list[RowCells]
    next: str | None


class Correction(Given):
    """What was corrected at one go. `rows` is in how many rows it is done by now."""

    number: int
    act: Literal[
        "cell", "use_suggestions", "set", "clear", "leave_out", "include", "replace", "paste",
        "earlier",
    ]  # fmt: skip
    rows: int
    column: int | None
    value: str | None
    find: str | None
    replace_with: str | None
    made_by: int | None
    made_at: Moment
    undone_at: Moment | None
    undone_by: int | None


class CorrectionList(Given):
    items: list[Correction]
    next: str | None


class CorrectionUndone(Given):
    """How many cells were put back, and how many stayed as a later correction stands on them."""

    cells: int
    stayed: int


class Replacement(Given):
    row: int
    column: int
    before: str
    after: str


class Replacements(Given):
    """What a find and replace would do; not `complete`: more rows were not looked at."""

    rows: int
    complete: bool
    first: list[Replacement]


class JudgedRow(Given):
    """A row as it is judged after a correction."""

    row: int
    status: Literal["valid", "invalid", "left_out"]
    problems: list[RowProblem]
    runs_again: Annotated[
        bool, Field(description="Whether a run over corrected rows takes it, once it has run.")
    ]
    corrected: Annotated[
        int, Field(description="How many rows hold the correction by now, with `alike`.")
    ]


class LedgerRow(Given):
    """What became of one row of the file; `row` as a spreadsheet shows it."""

    row: int
    outcome: Outcome
    contact_id: int | None
    code: str | None
    message: str | None
    warnings: list[RowWarning]
    changes: list[Change]
    planned: Annotated[
        PlanRow | None,
        Field(description="What the plan said, where it came out differently."),
    ]
    candidates: Annotated[
        list[Candidate], Field(description="Of a row in conflict: whom it may mean.")
    ]
    undone_at: Annotated[
        Moment | None, Field(description="When the row was undone by itself.")
    ]


class _Numbered(Given):
    id: int


if TYPE_CHECKING:
    _Fields = _Numbered
else:
    _texts = {field.name: (str | None, ...) for field in FIELDS}
    _Fields = create_model("_Fields", __base__=_Numbered, **_texts)


class Address(Given):
    """An e-mail or a phone of a contact."""

    value: str
    label: AddressLabel | None


class Contact(_Fields):
    """A contact. `version` counts every change of it. `email` and `phone` are the first of `emails`
    and `phones`.
    """

    emails: list[Address]
    phones: list[Address]
    tags: list[str]
    custom: dict[str, Any]
    imported_from: UUID | None
    created_at: Moment
    updated_at: Moment
    version: int


class PastContact(_Fields):
    """A contact as it was when a day ended."""

    id: int
    day: date
    emails: list[Address]
    phones: list[Address]
    tags: list[str]
    custom: dict[str, Any]
    created_at: Moment


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


class MergedContact(Given):
    """A merge; by `change_id` it stands among the recent changes."""

    change_id: int
    other_id: int
    contact: ContactWithProvenance


class Unmerged(Given):
    """What the undo of a merge did. `conflicts` lists what stays, of both contacts, and what was
    changed since the merge.
    """

    contact_id: int
    contact_there: Annotated[bool, Field(description="It is in the book.")]
    other_id: int
    other_there: Annotated[bool, Field(description="It is in the book again.")]
    fields_restored: Annotated[list[str], Field(description="Of `contact_id`.")]
    conflicts: list[KeptField]


class ImportList(Given):
    items: list[ImportSession]
    next: str | None


class RowList(Given):
    items: list[LedgerRow]
    next: str | None


class ContactList(Given):
    items: list[Contact]
    next: str | None
    unknown: Annotated[
        int,
        Field(
            description="Contacts that were created or changed just now, which `q` does not"
            " know as they are yet; 0 within seconds. Without `q` it is 0."
        ),
    ] = 0


class DuplicatesQuery(Parameters):
    after: Annotated[Text, Field(max_length=100)] | None = None
    limit: PageSize = 100


class DuplicateSearch(Given):
    """A search of the book for possible duplicates. `requested_by` is null where it began by
    itself, after a large import. `contacts` were read so far.
    """

    id: int
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    requested_by: int | None
    requested_at: Moment
    ended_at: Moment | None
    contacts: int
    percent: Annotated[int, Field(ge=0, le=100)]
    pairs: int


class DuplicatePair(Given):
    """Two contacts that may be one person, the smaller number first.

    `score` is in bits: 1 more doubles the odds. `evidence` names what speaks for it and against.
    """

    contact_id: int
    other_id: int
    score: float
    likelihood: Literal["very_likely", "likely", "possible"]
    evidence: list[str]
    answer: Literal["later"] | None
    contacts: Annotated[list[Contact], Field(min_length=2, max_length=2)]


class DuplicateList(Given):
    """The pairs without an answer, the most certain first, then those for later.

    `total` counts all of them, at most 1,000. `search` is the newest search, null before the first.
    """

    items: list[DuplicatePair]
    next: str | None
    total: int
    search: DuplicateSearch | None


class PossibleMatchesQuery(DuplicatesQuery):
    """Which page of them."""


class PossibleMatch(Given):
    """A row that becomes a new contact, and the contact that it looks like most; `name` is the
    row's.

    `score` is in bits: 1 more doubles the odds. `evidence` names what speaks for it and against.
    `choice` is what was said of the row, null where nothing was.
    """

    row: int
    name: str | None
    score: float
    likelihood: Literal["very_likely", "likely", "possible"]
    evidence: list[str]
    contact: Contact
    choice: Choice | None


class PossibleMatchList(Given):
    """The rows without a choice, the most certain first, then the others. `total` counts all of
    them, `chosen` those with a choice.

    `state` is `waiting` until the new rows, as they are now, were compared with the book,
    `failed` where they could not be, and `over` once the import waits for no person any more. At
    most 200,000 are: `rows_compared` of them were.
    """

    items: list[PossibleMatch]
    next: str | None
    total: int
    chosen: int
    state: Literal["waiting", "done", "failed", "over"]
    rows_compared: int


class KeptByAct(Given):
    """A contact, or one field of it (`field` null: the whole contact), that an act or its undo left
    as it was.
    """

    contact_id: int
    field: str | None
    code: str
    message: str
    wanted: Any
    now: Any
    changed_by_import: UUID | None
    changed_by: str | None
    on_undo: bool


class BulkAct(Given):
    """One change of many contacts. `total` is how many are meant, null until they are listed;
    `through` how many of them are done, of an undo how many of the changed ones; `touched` how many
    were changed, and `restored` to how many something came back. `kept` lists the first hundred of
    what stays.
    """

    id: int
    kind: Literal["tag", "untag", "rename_tag", "set", "move", "delete"]
    state: Literal["queued", "running", "done", "stopped", "failed", "undoing", "undone"]
    parameters: dict[str, Any]
    filter: Annotated[
        dict[str, Any] | None, Field(description="Null where contacts were named.")
    ]
    total: int | None
    through: int
    touched: int
    restored: int
    kept: list[KeptByAct]
    started_by: str | None
    started_at: Moment
    ended_at: Moment | None
    undone_at: Moment | None
    undo_until: Moment


class SavedMapping(Given):
    """A mapping that is kept under a name, by the labels of its columns. `own`: it is yours;
    `created_by` is the name of whose it is.
    """

    id: int
    name: str
    shared: bool
    own: bool
    created_by: str
    columns: list[str]
    mapping: list[str | None]
    constants: dict[str, str]
    tag: str | None
    rules: dict[str, str | None]
    used_at: Moment


class SavedMappingList(Given):
    items: list[SavedMapping]


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
