"""What pages take from the parameters of their addresses, and from their smallest forms."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from webapp.vocabulary.states import State
from webapp.web.forms import LARGEST_CURSOR, LINE_ENDS

LONGEST_SEARCH = 200  # characters
LAST_PAGE = 10**9  # more imports than that no history has
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


Number = Annotated[int, _number_to(LARGEST_CURSOR)]
Search = Annotated[str, _line_of(LONGEST_SEARCH, "a search")]


class Query(BaseModel):
    """The parameters of a page's address.

    What is left out or blank has its default, and what is unknown is ignored.
    """

    model_config = ConfigDict(extra="ignore")


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
    differing: bool = False


class ProblemsQuery(Query):
    code: str = ""
    after: Number = 0


class ColumnsQuery(Query):
    """`saved` is a mapping that has a name; `suggest` asks for what the labels and values say."""

    saved: Number = 0
    suggest: bool = False


class ExportQuery(Query):
    q: Search = ""
    imported_from: UUID | None = None


class ContactsQuery(ExportQuery):
    after: Number = 0
    deleted: Number = 0


class ContactQuery(Query):
    """The changes that the line above the contact speaks of."""

    saved: Number = 0
    undone: Number = 0


class ChangesQuery(Query):
    before: Number = 0
    undone: Number = 0


class AfterQuery(Query):
    after: Number = 0


class SignInQuery(Query):
    """The page to which signing in leads."""

    next: str | None = None


class RowForm(Query):
    """Where the list of problems was, beside what was corrected."""

    code: str = ""


class DatesForm(Query):
    date_order: Literal["dmy", "mdy"] | None = None


class WordsForm(Query):
    """A column, from 0, of which the words for nothing stay, or the repeated value is blank."""

    keep: Number | None = None
    blank: Number | None = None


class SavedForm(Query):
    saved: Number = 0


class ChangeForm(Query):
    """Where an undo was asked for: `at` is "list" on the list of changes, `before` its page."""

    at: str = ""
    before: Number = 0
