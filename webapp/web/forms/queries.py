"""What pages take from the parameters of their addresses, and from their smallest forms."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic_core import PydanticCustomError

from webapp.checking.column_sets import ColumnSet
from webapp.contacts import past
from webapp.contacts.exporting import Wanted
from webapp.contacts.filters import ContactFilter, Order
from webapp.staging.problem_list import WHOLE_ROW
from webapp.vocabulary.fields import CUSTOM, FIELDS, NAMES, is_target
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy, Variant
from webapp.web.forms import (
    LARGEST_CURSOR,
    LINE_ENDS,
    LONGEST_FILTER,
    LONGEST_SEARCH,
    MappingName,
)

LONGEST_PLACE = 500  # characters of a cursor
MOST_IDS = 250  # contacts that are named one by one: an address has room for them
LAST_PAGE = 10**9  # more imports than that no history has
ROW = "row"  # in the list of rows to fix: what is wrong with a row as a whole
WAITING = "waiting"  # in the history's filter: every import that was never run


def _number_to(highest: int) -> BeforeValidator:
    """A whole number from 0 to `highest`, in ASCII digits."""

    def number(text: str) -> int:
        found = int(text) if re.fullmatch("[0-9]{1,19}", text) else highest + 1
        if found > highest:
            raise PydanticCustomError("bad_number", "Give a whole number", {"limit": highest})
        return found

    return BeforeValidator(number)


def _line_of(longest: int, what: str) -> BeforeValidator:
    """Text in one line."""

    def line(text: str) -> str:
        if len(text) > longest or LINE_ENDS.search(text):
            raise PydanticCustomError(
                "bad_line", "Give one line", {"what": what, "limit": longest}
            )
        return text

    return BeforeValidator(line)


def _cursor(text: str) -> str:
    """One whole number, or two with a dot between them."""
    for part in text.split(".", 1):
        if not re.fullmatch("[0-9]{1,19}", part) or int(part) > LARGEST_CURSOR:
            raise PydanticCustomError(
                "bad_number", "Give a whole number", {"limit": LARGEST_CURSOR}
            )

    return text


Number = Annotated[int, _number_to(LARGEST_CURSOR)]
Cursor = Annotated[str, BeforeValidator(_cursor)]
Search = Annotated[str, _line_of(LONGEST_SEARCH, "a search")]


class Query(BaseModel):
    """The parameters of a page's address.

    What is left out or blank has its default, and what is unknown is ignored.
    """

    model_config = ConfigDict(defer_build=True, extra="ignore")


class HistoryQuery(Query):
    page: Annotated[int, _number_to(LAST_PAGE)] = 1
    q: Search = ""
    state: Literal["waiting"] | State | None = None
    who: Number = 0


class RowsQuery(Query):
    outcome: str | None = None
    code: str | None = None
    q: Search = ""
    after: Number = 0
    row: Number = 0
    undone: Number = 0
    differing: bool = False


class ProblemsQuery(Query):
    """Which rows to fix, and where the page of them begins.

    `column` is one from 0, or ROW for what is wrong with rows as a whole. `all` lists every row of
    the file. `after` is a cursor, and `at` how many rows stand before it. `panel` opens find
    and replace, with what it would change where `find` says what to look for.
    """

    kind: Literal["to_fix", "look", "left_out"] = "to_fix"
    code: str = ""
    column: Annotated[str, StringConstraints(pattern=f"^([0-9]{{1,6}}|{ROW})$")] | None = None
    q: Search = ""
    all: bool = False
    after: Cursor = ""
    at: Number = 0
    find: Search = ""
    replace_with: Search = ""
    in_column: Number | None = None
    match_case: bool = False
    panel: bool = False

    def filter(self) -> dict[str, Any]:
        """What narrows the list, as parameters of an address."""
        kept = {
            "kind": self.kind if self.kind != "to_fix" else None,
            "code": self.code or None,
            "column": self.column,
            "q": self.q or None,
            "all": "1" if self.all else None,
        }
        return {name: value for name, value in kept.items() if value is not None}

    def column_number(self) -> int | None:
        """The column from 0, -1 for rows as a whole, None for any."""
        if self.column is None:
            return None
        return WHOLE_ROW if self.column == ROW else int(self.column)


class ConflictsQuery(Query):
    """`row` is the one to compare. `chosen` is one that was settled, with `rows` like it: a line
    says so. `after` is where a page of the list begins.
    """

    row: Number = 0
    after: Number = 0
    chosen: Number = 0
    rows: Number = 0


class ColumnsQuery(Query):
    """`saved` is a mapping that has a name; `suggest` asks for what the labels and values say."""

    saved: Number = 0
    suggest: bool = False


def _day_or_moment(text: str) -> str:
    """Pydantic would take a number for seconds since 1970, too."""
    if not re.match(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise PydanticCustomError("bad_updated_since", "Give a day")
    return text


def _day(text: str) -> str:
    """Pydantic would take a number for seconds since 1970, too."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise PydanticCustomError("bad_day", "Give a day")
    return text


def _with_zone(moment: datetime) -> datetime:
    """In UTC, in which a moment may be none that there is."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise PydanticCustomError("bad_updated_since", "Give a day") from None


def list_column(name: str) -> str:
    """A column of the list of contacts."""
    if name not in LIST_COLUMNS and not (name.startswith(CUSTOM) and is_target(name)):
        raise PydanticCustomError("bad_option", "Choose a column from the list")
    return name


# What the list of contacts can show beside the name.
LIST_COLUMNS = (
    *(field.name for field in FIELDS if field.name not in NAMES),
    *("tags", "changed", "added"),
)
USUAL_COLUMNS = ("company", "email", "phone", "city", "tags", "changed")
USUAL_ORDER = ("sort", Order.ADDED.value)
Day = Annotated[date, BeforeValidator(_day)]
Since = Annotated[datetime, BeforeValidator(_day_or_moment), AfterValidator(_with_zone)]
Name = Annotated[str, _line_of(LONGEST_FILTER, "a filter")]


class FilterQuery(Query):
    """Filters of contacts, as `ContactFilter` has them. A day is meant from its beginning on,
    UTC.
    """

    q: Search = ""
    imported_from: UUID | None = None
    tag: Name = ""
    company: Name = ""
    country: Name = ""
    no_email: bool = False
    no_phone: bool = False
    updated_since: Since | None = None
    custom: Name = ""
    value: Name = ""

    def filter(self) -> ContactFilter:
        return ContactFilter(**{name: getattr(self, name) for name in FILTERS})

    def parameters(self) -> dict[str, Any]:
        """The filters that are not blank, as parameters of an address."""
        return _parameters(self, FILTERS)


FILTERS = tuple(FilterQuery.model_fields)


def _parameters(asked: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(asked, name) for name in names}
    return {name: _text(value) for name, value in found.items() if value}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        midnight = value.time() == time() and value.tzinfo is UTC
        return f"{value:%Y-%m-%d}" if midnight else value.isoformat()
    if isinstance(value, UUID):
        return str(value)  # as JSON and addresses have it
    return "1" if value is True else value


Columns = Annotated[list[Annotated[str, AfterValidator(list_column)]], Field(max_length=12)]


class ExportQuery(FilterQuery):
    """The contacts that the filters find, or those with these numbers; all that they hold, or the
    `columns` beside the name; or a list as another program imports it.
    """

    ids: Annotated[list[Number], Field(max_length=MOST_IDS)] = []
    columns: Columns = []
    column_set: ColumnSet | None = None
    day: Day | None = None

    def wanted(self, days: int) -> Wanted:
        """What the file shall hold; values are kept for so many days.

        Raises Refusal, as `wanted_of` does.
        """
        contacts = ContactFilter(ids=tuple(self.ids)) if self.ids else self.filter()
        return wanted_of(contacts, self.columns, self.column_set, self.day, days)


def wanted_of(
    contacts: ContactFilter,
    columns: Sequence[str],
    column_set: ColumnSet | None,
    day: date | None,
    days: int,
) -> Wanted:
    """What a file of contacts shall hold. Raises Refusal: day_not_kept; day_alone where some
    contacts only are asked for as of a day.
    """
    if day is None:
        return Wanted(contacts, columns, column_set)
    if not contacts.is_blank:
        raise Refusal("day_alone", at="/day")

    return Wanted(contacts, columns, column_set, past.end_of(day, days))


class PastQuery(Query):
    """A day at whose end a contact is looked at."""

    day: Day | None = None


class ContactsQuery(FilterQuery):
    """The list of contacts. `sort` is an order, with "-" before it the other way round; `after` and
    `before` are cursors of pages, and `at` is how many contacts stand before this one.
    """

    sort: Annotated[str, StringConstraints(pattern=f"^-?({'|'.join(Order)})$")] = "added"
    columns: Columns = []
    compact: bool = False
    after: Annotated[str, _line_of(LONGEST_PLACE, "a page")] = ""
    before: Annotated[str, _line_of(LONGEST_PLACE, "a page")] = ""
    at: Number = 0
    deleted: Number = 0

    @field_validator("columns")
    @classmethod
    def _other_than_usual(cls, names: list[str]) -> list[str]:
        """None where they are the usual ones, so that one list has one address."""
        chosen = list(dict.fromkeys(names))
        return [] if chosen == [*USUAL_COLUMNS] else chosen

    @property
    def order(self) -> Order:
        return Order(self.sort.removeprefix("-"))

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def view(self) -> dict[str, Any]:
        """What a saved view keeps: filters, order, columns and density."""
        found = _parameters(self, VIEWED)
        return {name: text for name, text in found.items() if (name, text) != USUAL_ORDER}


VIEWED = (*FILTERS, "sort", "columns", "compact")


class BulkActQuery(FilterQuery):
    """What many contacts are to get: the ticked ones, `ids`, or with `all` those that fit the
    filters.

    `kind` is the act that was chosen already.
    """

    ids: Annotated[list[Number], Field(max_length=MOST_IDS)] = []
    all: bool = False
    kind: str = ""


class BulkActPlace(Query):
    """Where a bulk act was asked for: "tags", "fields" or the page of its own."""

    at: str = ""


class BulkActForm(FilterQuery):
    """A bulk act as a page asks for it. Its own names differ from those of the filters."""

    ids: Annotated[list[Number], Field(max_length=MOST_IDS)] = []
    all: bool = False
    kind: Literal["tag", "untag", "rename_tag", "set", "move", "delete"]
    tags: str = ""
    old_tag: str = ""
    field: str = ""
    new_value: str = ""
    to: str = ""
    new_label: str = ""


class ContactQuery(Query):
    """The changes that the line above the contact speaks of."""

    saved: Number = 0
    undone: Number = 0
    added: bool = False


class MergeQuery(Query):
    """The contact that is merged into another one, or a search for it."""

    other: Number = 0
    q: str = ""


class MergeForm(Query):
    """The two contacts as the page showed them."""

    other_id: Number = 0
    version: Number = 0
    other_version: Number = 0


class ChangesQuery(Query):
    before: Number = 0
    undone: Number = 0


class AfterQuery(Query):
    after: Number = 0


class SignInQuery(Query):
    """The page to which signing in leads."""

    next: str | None = None


class VariantQuery(Query):
    """What the review shows the previews of."""

    duplicate_strategy: Strategy | None = None
    only_update: bool = False
    hold_other_names: bool = False

    def variants(self) -> list[Variant]:
        """One for each strategy that could write something."""
        all_ = [
            Variant(strategy, not self.only_update, self.hold_other_names)
            for strategy in Strategy
        ]
        return [variant for variant in all_ if not variant.writes_nothing]

    def parameters(self) -> dict[str, str]:
        """What is ticked, as parameters of an address."""
        ticked = {
            "only_update": self.only_update,
            "hold_other_names": self.hold_other_names,
        }
        return {name: "on" for name, is_ticked in ticked.items() if is_ticked}


class PlanQuery(VariantQuery):
    """Rows of a plan: of one outcome or about people of the book, after a row, or from one on."""

    outcome: str | None = None
    known: bool = False
    after: Number = 0
    row: Number = 0

    def of_variant(self, variant: Variant) -> dict[str, str]:
        """The variant as parameters of an address."""
        ticked = {
            "only_update": not variant.create_new,
            "hold_other_names": variant.hold_other_names,
        }
        on = {name: "on" for name, is_ticked in ticked.items() if is_ticked}
        return {"duplicate_strategy": variant.strategy.value, **on}


class NewsQuery(Query):
    """The newest act that a page knows, 0 for none."""

    act: Number = 0


class UndoFixForm(Query):
    """The act to undo, by its number, 0 for all acts; `at` is "changes" on the page that lists
    them.
    """

    number: Number = 0
    at: str = ""


class ChoiceForm(Query):
    """The button that was pressed at a row in conflict, and what the page showed as chosen
    before.
    """

    choice: str = ""
    seen: str = ""
    alike: bool = False


class MatchesQuery(Query):
    """`after` is where a page of the list begins."""

    after: Annotated[str, _line_of(LONGEST_PLACE, "a place")] = ""


class MatchForm(ChoiceForm):
    """The button that was pressed at a new row that looks like a contact, and on which page."""

    back: Literal["review", "list"] = "list"


class DuplicatesQuery(Query):
    """`answered` are the numbers of a pair that was answered just now, `merged` is the change that
    merged one. `after` is where a page of the list begins.
    """

    answered: Cursor = ""
    merged: Number = 0
    after: Annotated[str, _line_of(LONGEST_PLACE, "a place")] = ""


class PairForm(Query):
    """The button that was pressed at a pair, and the versions that were shown; none takes back what
    was said.
    """

    answer: Literal["merge", "not_the_same", "later"] | None = None
    version: Number = 0
    other_version: Number = 0


class DatesForm(Query):
    date_order: Literal["dmy", "mdy"] | None = None


class WordsForm(Query):
    """A column, from 0, of which the words for nothing stay, or the repeated value is blank."""

    keep: Number | None = None
    blank: Number | None = None


class MappingQuery(Query):
    """`saved` says that the mapping was changed just now."""

    saved: bool = False


class MappingForm(Query):
    name: str = ""
    shared: bool = False


class SureForm(Query):
    """Whether the person has ticked that they have checked what an import would change."""

    sure: bool = False


class ChangeForm(Query):
    """Where an undo was asked for: `at` is "list" on the list of changes, `before` its page."""

    at: str = ""
    before: Number = 0


class ViewForm(Query):
    """The name of a view, and whether others may use it."""

    name: MappingName
    shared: bool = False
