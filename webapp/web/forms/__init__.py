"""What pages and programs send: one strict pydantic model for each command.

A page makes the model from its form (`sent.py`) and tells a mistake in one sentence; the API takes
the model as JSON and names the field at fault.
"""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from webapp.checking import countries
from webapp.limits import FORM_BYTES, LARGEST_BATCH
from webapp.vocabulary.fields import FULL_NAMES
from webapp.vocabulary.keys import DEFAULT_KEYS, MatchKey
from webapp.vocabulary.strategies import Strategy

LARGEST_NUMBER = 2**63 - 1  # PostgreSQL's bigint
LARGEST_CURSOR = LARGEST_NUMBER - 1  # so that one more is a number too
LAST_HEADER_ROW = 1_048_576  # a spreadsheet has no more
LONGEST_TOKEN = 100  # characters of a clear token
MOST_WORDS = 1000  # that are read as blank
MOST_COLUMNS = 1000  # of a file
LONGEST_PASSWORD = 1000  # characters; hashing a novel would keep the server busy
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL keeps neither
LINE_ENDS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


class Strict(BaseModel):
    """Unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _storable(text: str) -> str:
    """Text that PostgreSQL can keep: it takes no NUL characters."""
    if "\0" in text:
        raise ValueError("Leave out NUL characters")
    return text


def _in_one_line(text: str) -> str:
    if LINE_ENDS.search(text):
        raise ValueError("Give it in one line")
    return text


def digits(value: Any) -> Any:
    """Text as the whole number that it is: up to 18 ASCII digits, no signs, spaces or
    underscores.
    """
    if not isinstance(value, str):
        return value
    if not re.fullmatch("[0-9]{1,18}", value):
        raise ValueError("Give a whole number in digits")

    return int(value)


def _country(code: str) -> str:
    if code not in countries.CODES:
        raise PydanticCustomError(
            "unknown_country", "Give a country of ISO 3166 by its two letters, as in DE"
        )

    return code


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, AfterValidator(_in_one_line)]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    AfterValidator(_country),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(sorted(countries.CODES))})$"}),
]
_WORDS = {"true": True, "false": False}
Repair = Annotated[bool, BeforeValidator(lambda value: _WORDS.get(str(value), value))]
HeaderRow = Annotated[int, Field(ge=0, le=LAST_HEADER_ROW), BeforeValidator(digits)]


LONGEST_PASTED = FORM_BYTES  # characters of a table that is pasted; a form holds no more


class UploadForm(Strict):
    """How a file is to be read. What is left out is found out from the file."""

    encoding: Annotated[Text, Field(max_length=40, pattern=r"^[A-Za-z0-9._-]+$")] | None = None
    delimiter: (
        Literal[",", ";", "\t", "|", "^", "~", ":", "¦", "§", "¬", "\x1f", "\x1e", " "] | None
    ) = None
    sheet: Annotated[Text, Field(max_length=100)] | None = None
    header_row: HeaderRow | None = None
    repair: Repair | None = None
    default_country: Country | None = None
    text: (
        Annotated[
            str,
            Field(
                max_length=LONGEST_PASTED,
                description="A table copied from a spreadsheet, instead of a file.",
            ),
        ]
        | None
    ) = None


class MappingRequest(Strict):
    """One target or null for each column, in the file's order; what each key means for finding
    a contact.
    """

    mapping: Annotated[
        list[Annotated[Text, Field(max_length=120)] | None],
        Field(min_length=1, max_length=MOST_COLUMNS),
    ]
    default_country: Country | None = None
    match_keys: Annotated[list[MatchKey], Field(min_length=1, max_length=3)] = [*DEFAULT_KEYS]
    clear_token: Annotated[Line, Field(max_length=LONGEST_TOKEN)] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    name_order: Annotated[
        Literal["given_first", "family_first"] | None,
        Field(
            description="Which name comes first in the column of whole names; null: as its target"
            " says, `full_name` or `full_name_family_first`."
        ),
    ] = None
    drop_bad_cells: Annotated[
        bool,
        Field(
            description="Whether a row that has something else to go by comes in without an e-mail"
            " or birthday that is none. Else it is invalid."
        ),
    ] = False
    blank_words: Annotated[
        list[Annotated[Line, Field(max_length=LONGEST_TOKEN)]] | None,
        Field(
            max_length=MOST_WORDS,
            description="Cells that are read as blank, compared without case. Left out or null: the"
            " usual ones, such as N/A, NULL, #REF! and -. An empty list: none.",
        ),
    ] = None
    keep_words: Annotated[
        list[Annotated[int, Field(ge=0, lt=MOST_COLUMNS)]],
        Field(
            max_length=MOST_COLUMNS,
            description="Columns, counted from 0, in which such words stay as they are.",
        ),
    ] = []

    def targets(self) -> list[str | None]:
        """The mapping, with the order of names in it."""
        whole = WHOLE_NAME.get(self.name_order or "")
        return [whole if whole and target in FULL_NAMES else target for target in self.mapping]


WHOLE_NAME = {"given_first": "full_name", "family_first": "full_name_family_first"}


class ExecuteRequest(Strict):
    """How the import is to run. `import_id` equals the one in the path."""

    import_id: UUID
    duplicate_strategy: Strategy
    skip_errors: bool = True
    batch_size: Annotated[int, Field(ge=1, le=LARGEST_BATCH)] | Literal["auto"] = 100
    notification_email: EmailStr | None = None


class CorrectionRequest(Strict):
    """Cells of one row, by column from 0, and what they should hold.

    `alike` is the column whose value is replaced in every listed row that holds the same there.
    """

    values: Annotated[dict[int, Text], Field(min_length=1)]
    alike: int | None = None


class ContactEdit(Strict):
    """A contact's fields as texts, by name and `custom:<label>`; blank clears, what is not
    named stays.
    """

    version: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)]
    values: dict[str, Text]


class ContactDeletion(Strict):
    """`version` is the one that the person has seen."""

    version: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)]


class Erasure(Strict):
    """What is erased beside what is surely the person's: imports with a row, or with a way to
    find rows.
    """

    also: list[tuple[UUID, int | str]] = []


class SignIn(Strict):
    """Passwords are taken as typed; what is longer than a password may be is cut, and so is
    wrong.
    """

    email: Text = ""
    password: Text = ""


class FirstAccount(Strict):
    email: Text = ""
    password: Text = ""
    name: Text = ""


class NewAccount(FirstAccount):
    role: Text = ""


class AccountChange(Strict):
    role: Text = ""
    active: bool = False


class PasswordChange(Strict):
    present: Text = ""
    password: Text = ""


class NewToken(Strict):
    name: Text = ""
