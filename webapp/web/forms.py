"""What pages and programs send: one pydantic model for each command, and the parts of a query.

A page makes the model from its form and tells a mistake in one sentence; the API takes the model as
JSON and names the field at fault.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError
from werkzeug.exceptions import UnprocessableEntity

from webapp.engine.sessions import LARGEST_BATCH
from webapp.intake import countries
from webapp.vocabulary.keys import DEFAULT_KEYS, MatchKey
from webapp.vocabulary.strategies import Strategy

LARGEST_NUMBER = 2**63 - 1  # PostgreSQL's bigint
LARGEST_CURSOR = LARGEST_NUMBER - 1  # so that one more is a number too
LAST_HEADER_ROW = 1_048_576  # a spreadsheet has no more
LONGEST_SEARCH = 200  # characters
LONGEST_TOKEN = 100  # characters of a clear token
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL keeps neither
LINE_ENDS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")

Model = TypeVar("Model", bound=BaseModel)


class Mistake(UnprocessableEntity):
    """Something that was sent cannot be used. `sentence` says what can.

    `pointer` names the place for programs: a parameter, or a JSON pointer into the body.
    """

    def __init__(self, sentence: str, pointer: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.pointer = pointer


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
    """Text as the whole number that it is: up to 18 ASCII digits, no signs, spaces or underscores."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch("[0-9]{1,18}", value):
        raise ValueError("Give a whole number in digits")
    return int(value)


def _country(code: str) -> str:
    if code not in countries.CODES:
        raise PydanticCustomError("unknown_country", "Give a country of ISO 3166 by its two letters, as in DE")
    return code


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, AfterValidator(_in_one_line)]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    AfterValidator(_country),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(sorted(countries.CODES))})$"}),
]
HeaderRow = Annotated[int, Field(ge=0, le=LAST_HEADER_ROW), BeforeValidator(digits)]


class UploadForm(Strict):
    """How a file is to be read. What is left out is found out from the file."""

    encoding: Annotated[Text, Field(max_length=40, pattern=r"^[A-Za-z0-9._-]+$")] | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    sheet: Annotated[Text, Field(max_length=100)] | None = None
    header_row: HeaderRow | None = None
    default_country: Country | None = None


class MappingRequest(Strict):
    """One target or null for each column, in the file's order; what each key means for finding a contact."""

    mapping: Annotated[list[Annotated[Text, Field(max_length=120)] | None], Field(min_length=1, max_length=1000)]
    default_country: Country | None = None
    match_keys: Annotated[list[MatchKey], Field(min_length=1, max_length=3)] = [*DEFAULT_KEYS]
    clear_token: Annotated[Line, Field(max_length=LONGEST_TOKEN)] | None = None
    date_order: Literal["dmy", "mdy"] | None = None


class ExecuteRequest(Strict):
    """How the import is to run. `import_id` equals the one in the path."""

    import_id: UUID
    duplicate_strategy: Strategy
    skip_errors: bool = True
    batch_size: Annotated[int, Field(ge=1, le=LARGEST_BATCH)] | Literal["auto"] = 100
    notification_email: EmailStr | None = None


# What a page says of a field that its command's model refuses.
SENTENCES = {
    "batch_size": f"Give a batch size from 1 to {LARGEST_BATCH}, or auto.",
    "clear_token": f"Give a clear token of at most {LONGEST_TOKEN} characters in one line.",
    "date_order": "Choose whether the day or the month comes first.",
    "default_country": "Give the country by its two letters, as in DE.",
    "delimiter": "Choose a delimiter from the list.",
    "duplicate_strategy": "Choose what should happen to the contacts that you already have.",
    "encoding": "Choose an encoding from the list.",
    "header_row": f"Give the row of the header as a number from 0 to {LAST_HEADER_ROW:,}. 0 says that there is none.",
    "mapping": "Choose for each column a field from the list, or that it is left out.",
    "match_keys": "Choose by what contacts are found: the external ID, the e-mail or the phone.",
    "notification_email": "Write one e-mail address, as in name@example.com. Several cannot be told.",
    "sheet": "Choose a sheet from the list.",
}


def command(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The command that a page's form makes. Raises Mistake with the sentence of the first field at fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        field = str(error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"][0])
        raise Mistake(SENTENCES.get(field, "Choose from what the page offers.")) from None


def number(values: Mapping[str, str], name: str, default: int = 0, *, highest: int = LARGEST_CURSOR) -> int:
    """A whole number from 0 on, in ASCII digits; `default` where it is missing or blank. Raises Mistake."""
    text = values.get(name, "").strip()
    if not text:
        return default
    found = int(text) if re.fullmatch("[0-9]{1,19}", text) else highest + 1
    if found > highest:
        general = f"Give {name.replace('_', ' ')} as a whole number from 0 to {highest}."
        raise Mistake(SENTENCES.get(name, general))
    return found


def line(values: Mapping[str, str], name: str, longest: int, what: str) -> str:
    """Text in one line, without blanks around it; "" where it is missing. Raises Mistake, which calls it `what`."""
    text = values.get(name, "").strip()
    if len(text) > longest or LINE_ENDS.search(text):
        raise Mistake(f"Give {what} of at most {longest} characters in one line.")
    return text


def search(values: Mapping[str, str], name: str = "q") -> str:
    """What is searched for. Raises Mistake for more than is looked for."""
    return line(values, name, LONGEST_SEARCH, "a search")


def one_of(values: Mapping[str, str], name: str, *allowed: str) -> str | None:
    """One of the allowed texts; None where it is missing or blank. Raises Mistake for any other."""
    text = values.get(name, "")
    if text and text not in allowed:
        raise Mistake(SENTENCES.get(name, f"Choose {name.replace('_', ' ')} from the list."))
    return text or None


def id_of(values: Mapping[str, str], name: str) -> UUID | None:
    """An id as it stands in our addresses; None where it is missing or blank. Raises Mistake."""
    text = values.get(name, "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Mistake("That is no import. Choose it from the list of imports.") from None
