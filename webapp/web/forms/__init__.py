"""What pages and programs send: one strict pydantic model for each command.

A page makes the model from its form (`sent.py`) and tells a mistake in one sentence; the API takes
the model as JSON and names the field at fault.
"""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from webapp.checking import countries
from webapp.checking.constants import MOST as MOST_CONSTANTS
from webapp.checking.tags import joined_tags
from webapp.contacts.filters import ContactFilter
from webapp.limits import LARGEST_BATCH, PASTED_BYTES
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen, Side
from webapp.vocabulary.fields import (
    CUSTOM,
    FIELDS,
    FULL_NAMES,
    LONGEST_CUSTOM_LABEL,
    LONGEST_CUSTOM_VALUE,
    SEVERAL,
    TAGS,
)
from webapp.vocabulary.keys import DEFAULT_KEYS, MatchKey
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.strategies import Strategy

# Whose a person may say that a field of two merged contacts is.
MERGED_FIELDS = frozenset(field.name for field in FIELDS if field is not TAGS)
LARGEST_NUMBER = 2**63 - 1  # PostgreSQL's bigint
LARGEST_CURSOR = LARGEST_NUMBER - 1  # so that one more is a number too
LAST_HEADER_ROW = 1_048_576  # a spreadsheet has no more
LONGEST_SEARCH = 200  # characters
# Of a tag, a company or a value: all five filters fit into a request's line of 4,094 bytes.
LONGEST_FILTER = 600
LONGEST_TOKEN = 100  # characters of a clear token
MOST_WORDS = 1000  # that are read as blank
MOST_COLUMNS = 1000  # of a file
LONGEST_TARGET = 120  # characters
LONGEST_LABEL = 500  # characters of a column's label
MOST_TICKED = 1000  # contacts that are named one by one
MOST_TAGS = 50  # that are given at once
LONGEST_PASSWORD = 1000  # characters; hashing a novel would keep the server busy
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL keeps neither
LINE_ENDS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


class Strict(BaseModel):
    """Unknown fields and wrong types are refused."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)


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


# `unite` and `none` are what tags call `fill` and `keep`.
RuleWord = Literal["replace", "fill", "keep", "unite", "none"]
LONGEST_PASTED = PASTED_BYTES  # characters; a form holds no more


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


MappingTargets = Annotated[
    list[Annotated[Text, Field(max_length=LONGEST_TARGET)] | None],
    Field(min_length=1, max_length=MOST_COLUMNS),
]
Constants = Annotated[
    dict[
        Annotated[Text, Field(max_length=LONGEST_TARGET)],
        Annotated[Text, Field(max_length=LONGEST_CUSTOM_VALUE)],
    ],
    Field(
        max_length=MOST_CONSTANTS,
        description="Values for all rows, by fields that no column goes to, as in"
        ' {"country": "Germany"}. They are judged as cells are.',
    ),
]
TagOfAll = Annotated[
    Annotated[Text, Field(max_length=TAGS.max_length)] | None,
    Field(description="A tag for all rows; several with commas between them, as in a cell."),
]
ColumnRules = Annotated[
    dict[Annotated[Text, Field(max_length=LONGEST_TARGET)], RuleWord | None],
    Field(
        max_length=MOST_COLUMNS,
        description="What a column does to people who are there already, by its target, as in"
        ' {"phone": "keep"}; left out or null: what the strategy does. `name` is for all parts'
        " of a name, `address` for an address that is taken as one, `tags` knows `unite` and"
        " `none`, too. Columns that say whether one may write to a person are kept unless"
        " another rule, or null, is given.",
    ),
]


class MappingRequest(Strict):
    """One target or null for each column, in the file's order; what each key means for finding
    a contact.
    """

    mapping: MappingTargets
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

    constants: Constants = {}
    tag: TagOfAll = None
    rules: ColumnRules = {}

    def targets(self) -> list[str | None]:
        """The mapping, with the order of names in it."""
        whole = WHOLE_NAME.get(self.name_order or "")
        return [whole if whole and target in FULL_NAMES else target for target in self.mapping]


WHOLE_NAME = {"given_first": "full_name", "family_first": "full_name_family_first"}


LONGEST_MAPPING_NAME = 80
MappingName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_MAPPING_NAME, strip_whitespace=True),
    BeforeValidator(lambda name: re.sub(" +", " ", name) if isinstance(name, str) else name),
    AfterValidator(_storable),
    AfterValidator(_in_one_line),
]


class SavedMappingRequest(Strict):
    """A mapping to keep under a name, for files with these columns; one of that name is
    replaced.
    """

    name: MappingName
    shared: Annotated[
        bool, Field(description="Whether all others who import may use it as well.")
    ] = False
    columns: Annotated[
        list[Annotated[Text, Field(max_length=LONGEST_LABEL)]],
        Field(min_length=1, max_length=MOST_COLUMNS),
    ]
    mapping: MappingTargets
    constants: Constants = {}
    tag: TagOfAll = None
    rules: ColumnRules = {}


class SavedMappingPatch(Strict):
    """What of a saved mapping changes; what is left out stays."""

    name: MappingName | None = None
    shared: bool | None = None


class ExecuteRequest(Strict):
    """How the import is to run. `import_id` equals the one in the path."""

    import_id: UUID
    duplicate_strategy: Strategy
    create_new: Annotated[
        bool,
        Field(
            description="False: a row that matches no contact is `new_skipped`. Not with the strategy"
            " skip, which could write nothing then."
        ),
    ] = True
    hold_other_names: Annotated[
        bool,
        Field(description="Whether another person behind a row's e-mail or ID is a conflict."),
    ] = False
    skip_errors: bool = True
    batch_size: Annotated[int, Field(ge=1, le=LARGEST_BATCH)] | Literal["auto"] = 100
    notification_email: EmailStr | None = None


class ApprovalRequest(Strict):
    """`plan` is the digest of the plan that the person has seen, as the session and the plan's ETag
    have it.
    """

    plan: Annotated[Text, Field(pattern="^[0-9a-f]{64}$")]
    asked_at: Annotated[
        AwareDatetime | None,
        Field(
            strict=False,  # JSON and forms have text here
            description="Where given, the request that was made at another moment is not meant.",
        ),
    ] = None


class CorrectionRequest(Strict):
    """Cells of one row, by column from 0, and what they should hold.

    `alike` is the column whose value is replaced in every listed row that holds the same there.
    """

    values: Annotated[dict[int, Text], Field(min_length=1)]
    alike: int | None = None
    seen: dict[int, Text] | None = None


MOST_NAMED = 10_000  # rows, or cells, that one command names
RowNumber = Annotated[int, Field(ge=1, le=LARGEST_CURSOR)]
ColumnNumber = Annotated[int, Field(ge=0, le=LAST_HEADER_ROW)]
Replaced = Annotated[Text, Field(max_length=LONGEST_CUSTOM_VALUE)]


class ProblemFilter(Strict):
    """Which rows with problems: those to fix, worth a look or left out; with one problem, in one
    column (-1: the row as a whole), with a text in them, or of one group of equal values.
    """

    kind: Literal["to_fix", "look", "left_out"] = "to_fix"
    code: Annotated[Text, Field(max_length=60)] | None = None
    column: Annotated[int, Field(ge=-1, le=LAST_HEADER_ROW)] | None = None
    q: Annotated[Text, Field(max_length=LONGEST_SEARCH)] = ""
    group: Annotated[int, Field(ge=1, le=LARGEST_CURSOR)] | None = None


class PastedCell(Strict):
    row: RowNumber
    value: Replaced


class FixRequest(Strict):
    """What to change in many rows of an import: in `rows`, in a group of equal values, in those
    that a `filter` lists, or, for `replace`, in `everything`; for `paste`, in `cells`.
    """

    act: Literal["use_suggestions", "set", "clear", "leave_out", "include", "replace", "paste"]
    rows: Annotated[list[RowNumber], Field(min_length=1, max_length=MOST_NAMED)] | None = None
    group: Annotated[int, Field(ge=1, le=LARGEST_CURSOR)] | None = None
    filter: ProblemFilter | None = None
    everything: bool = False
    cells: Annotated[list[PastedCell], Field(min_length=1, max_length=MOST_NAMED)] | None = (
        None
    )
    column: Annotated[
        ColumnNumber | None,
        Field(
            description="Counted from 0. Suggestions and texts to replace: of every column."
        ),
    ] = None
    value: Replaced | None = None
    find: Annotated[Text, Field(min_length=1, max_length=1000)] | None = None
    replace_with: Replaced | None = None
    match_case: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [self.rows, self.group, self.filter, self.cells, self.everything or None]
        if sum(one is not None for one in given) != 1:
            raise PydanticCustomError(
                "one_place", "Give one of rows, group, filter, cells and everything"
            )
        if (self.cells is not None) != (self.act == "paste") or (
            self.everything and self.act != "replace"
        ):
            raise PydanticCustomError("place_of_act", "This act is not made there")
        if self.act in {"set", "clear", "paste"} and self.column is None:
            raise PydanticCustomError("column_missing", "Say which column")
        if self.act == "set" and self.value is None:
            raise PydanticCustomError("value_missing", "Say which value")
        if self.act == "replace" and self.find is None:
            raise PydanticCustomError("find_missing", "Say what to find")
        return self

    def where(self) -> dict[str, Any]:
        """As `corrections.fix` takes it; a group is looked up by the caller."""
        if self.rows is not None:
            return {"rows": sorted(set(self.rows))}
        if self.cells is not None:
            return {
                "values": {str(one.row): {str(self.column): one.value} for one in self.cells}
            }
        if self.everything:
            return {"everything": True}

        return {"filter": (self.filter or ProblemFilter()).model_dump()}


class ChoiceRequest(Strict):
    """What a row in conflict means, or one that looks like a contact: one of four."""

    contact_id: Annotated[
        Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None,
        Field(
            description="This contact: one of the row's candidates, or the one it looks like."
        ),
    ] = None
    owner_of: Annotated[
        MatchKey | None,
        Field(
            description="The contact that has the row's ID, e-mail or phone when it is run."
        ),
    ] = None
    new: Annotated[
        bool, Field(description="A new contact, also where create_new is false.")
    ] = False
    leave_out: Annotated[bool, Field(description="The row is not imported.")] = False
    alike: Annotated[
        bool,
        Field(
            description="Whether the same holds for all rows that are in conflict in the same way:"
            " the same code, and candidates found by the same keys."
        ),
    ] = False

    @model_validator(mode="after")
    def _one_of_four(self) -> Self:
        given = [self.contact_id is not None, self.owner_of is not None, self.new]
        if sum([*given, self.leave_out]) != 1:
            raise PydanticCustomError(
                "one_choice", "Give one of contact_id, owner_of, new and leave_out"
            )
        return self

    def choice(self) -> Choice:
        if self.contact_id is not None:
            return Choice(Chosen.CONTACT, contact_id=self.contact_id)
        if self.owner_of is not None:
            return Choice(Chosen.OWNER_OF, by=self.owner_of)

        return Choice(Chosen.NEW if self.new else Chosen.LEAVE_OUT)


class RetryRequest(Strict):
    """Which rows run again: those that failed, those that were corrected, settled or taken in
    since the import ended, or those that a stop left.
    """

    rows: Annotated[
        Literal["failed", "corrected", "remaining"],
        Field(description="The rows that run again."),
    ] = "failed"


class RowPatch(Strict):
    """Cells of one row, by the target of their column, or as `column:<n>`, counted from 0, and what
    they should hold.

    `alike`: the one cell is replaced in every listed row that holds the same there.
    """

    values: Annotated[
        dict[Annotated[Text, Field(max_length=LONGEST_TARGET)], Text],
        Field(min_length=1, max_length=MOST_COLUMNS),
    ]
    alike: bool = False


# As programs name them: a type can't be made from the list.
AddressLabel = Literal["work", "home", "mobile", "other"]


class Address(Strict):
    """An e-mail or a phone of a contact."""

    value: Text
    label: AddressLabel | None = None


class ContactEdit(Strict):
    """A contact's fields as texts, by name and `custom:<label>`; blank clears, what is not
    named stays.

    `addresses` are all of its e-mails or phones, the main one first, by the name of the field.
    """

    version: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)]
    values: dict[str, Text]
    addresses: dict[str, list[Address]] = {}


if TYPE_CHECKING:
    _Fields = Strict
else:
    _texts = {field.name: (Text | None, None) for field in FIELDS}
    _Fields = create_model("_Fields", __base__=Strict, **_texts)


class ContactChanges(_Fields):
    """Fields of a contact: null or blank empties one, and what is left out stays.

    `email` and `phone` alone replace the main one. `emails` and `phones` are whole lists, the main
    one first, and then `email` and `phone` say the same as the first, or are left out.
    """

    emails: list[Address] | None = None
    phones: list[Address] | None = None
    tags: list[Text] | None = None
    custom: (
        Annotated[
            dict[Annotated[Text, Field(max_length=LONGEST_CUSTOM_LABEL)], Text | None],
            Field(description="By label; a label that is left out stays."),
        ]
        | None
    ) = None

    def edit(self, version: int) -> ContactEdit:
        """The same as texts, as a page sends them. Raises Refusal("main_address_differs")."""
        lists = {
            kind: self._list(kind) for kind in SEVERAL if f"{kind}s" in self.model_fields_set
        }
        texts = self.model_fields_set & {field.name for field in FIELDS} - lists.keys()
        values = {name: getattr(self, name) or "" for name in texts}
        if "tags" in self.model_fields_set:
            values[TAGS.name] = joined_tags(self.tags or [])
        values |= {
            f"{CUSTOM}{label}": text or "" for label, text in (self.custom or {}).items()
        }

        return ContactEdit(version=version, values=values, addresses=lists)

    def _list(self, kind: str) -> list[Address]:
        found: list[Address] = getattr(self, f"{kind}s") or []
        first = found[0].value if found else ""
        if (
            kind in self.model_fields_set
            and (getattr(self, kind) or "").strip() != first.strip()
        ):
            raise Refusal("main_address_differs", at=f"/{kind}", field=kind)
        return found


class ContactDeletion(Strict):
    """`version` is the one that the person has seen."""

    version: Annotated[int, Field(ge=0, le=LARGEST_CURSOR)]


def _whole(value: Any) -> Any:
    """In JSON 7.0 is the integer 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


ContactNumber = Annotated[int, Field(ge=1, le=LARGEST_CURSOR), BeforeValidator(_whole)]


Version = Annotated[int, Field(ge=0, le=LARGEST_CURSOR), BeforeValidator(_whole)]


def _mergeable(name: str) -> str:
    if name in MERGED_FIELDS or (name.startswith(CUSTOM) and len(name) > len(CUSTOM)):
        return name
    raise PydanticCustomError("unknown_field", "Give a field of a contact, or custom:<label>")


class Merge(Strict):
    """Which contact is merged into this one, and of which of the two a field is taken.

    A field that is left out is that of the kept contact, or the other one's where it is blank
    there. Of `email` and `phone` it says whose main one stays the main one: all of both are kept,
    and all tags. `version` and `other_version` are those that the person has seen.
    """

    other_id: ContactNumber
    version: Version | None = None
    other_version: Version | None = None
    fields: Annotated[
        dict[
            Annotated[Text, Field(max_length=LONGEST_TARGET), AfterValidator(_mergeable)],
            Annotated[Side, Field(strict=False)],
        ],
        Field(
            description="kept or other, by the name of a field or `custom:<label>`.",
            json_schema_extra={
                "propertyNames": {
                    "pattern": rf"^({'|'.join(sorted(MERGED_FIELDS))}|{CUSTOM}[^\u0000]+)$",
                    "maxLength": LONGEST_TARGET,
                }
            },
        ),
    ] = {}

    def versions(self, contact_id: int) -> dict[int, int]:
        """The versions that were seen, by the contact's number."""
        seen = {contact_id: self.version, self.other_id: self.other_version}
        return {number: version for number, version in seen.items() if version is not None}


class Unmerge(Strict):
    """Which contact was merged into this one."""

    other_id: ContactNumber


class PairAnswer(Strict):
    """What a person says of two contacts that may be one, in any order."""

    contact_id: ContactNumber
    other_id: ContactNumber
    answer: Annotated[
        Literal["not_the_same", "later"] | None,
        Field(
            description="`not_the_same` is remembered for good, and `later` moves the pair behind all"
            " others. null takes back what was said."
        ),
    ]


class ContactsMeant(Strict):
    """Filters of contacts, as the list takes them: those that fit all; {} is the whole book."""

    q: Annotated[Text, Field(max_length=200)] = ""
    imported_from: UUID | None = None
    tag: Annotated[Line, Field(max_length=LONGEST_FILTER)] = ""
    company: Annotated[Line, Field(max_length=LONGEST_FILTER)] = ""
    country: Annotated[Line, Field(max_length=LONGEST_FILTER)] = ""
    no_email: bool = False
    no_phone: bool = False
    updated_since: AwareDatetime | None = None
    custom: Annotated[Line, Field(max_length=LONGEST_FILTER)] = ""
    value: Annotated[Line, Field(max_length=LONGEST_FILTER)] = ""

    def filter(self) -> ContactFilter:
        return ContactFilter(**self.model_dump())


FieldName = Annotated[Line, Field(min_length=1, max_length=LONGEST_TARGET)]
TagName = Annotated[Line, Field(min_length=1, max_length=LONGEST_FILTER)]
# What each kind of bulk act takes beside the contacts.
BULK_PARAMETERS = {
    "tag": {"tags"},
    "untag": {"tags"},
    "rename_tag": {"tag", "to"},
    "set": {"field", "value"},
    "move": {"field", "to"},
    "delete": set(),
}
BULK_NAMES = frozenset().union(*BULK_PARAMETERS.values())
NOTHING = {"type": "null"}


def _one_of_each(schema: dict[str, Any]) -> None:
    """Say in the schema too which parameters each kind takes, and that contacts are named one
    way.
    """
    schema["allOf"] = [
        {"oneOf": [_of_kind(kind, wanted) for kind, wanted in BULK_PARAMETERS.items()]},
        {
            "oneOf": [
                {"required": [named], "properties": {named: {"not": NOTHING}, other: NOTHING}}
                for named, other in (("contact_ids", "filter"), ("filter", "contact_ids"))
            ]
        },
    ]


def _of_kind(kind: str, wanted: Collection[str]) -> dict[str, Any]:
    given = {name: {"not": NOTHING} for name in sorted(wanted)}
    left_out = dict.fromkeys(sorted(BULK_NAMES - set(wanted)), NOTHING)
    properties = {"kind": {"const": kind}, **given, **left_out}
    return {"required": sorted(wanted), "properties": properties}


class BulkActRequest(Strict):
    """One change of many contacts: of those in `contact_ids`, or of all that `filter` finds when it
    starts.

    `tag` and `untag` take `tags`; `set` takes a `field` and its `value`, blank to empty it;
    `rename_tag` takes a `tag` and what it is called from now on, `to`; `move` takes the `field`
    `custom:<label>` and the one that gets its values where it is blank, `to`.
    """

    model_config = ConfigDict(json_schema_extra=_one_of_each)

    kind: Literal["tag", "untag", "rename_tag", "set", "move", "delete"]
    contact_ids: (
        Annotated[list[ContactNumber], Field(min_length=1, max_length=MOST_TICKED)] | None
    ) = None
    filter: ContactsMeant | None = None
    tags: (
        Annotated[
            list[TagName],
            Field(min_length=1, max_length=MOST_TAGS),
        ]
        | None
    ) = None
    tag: TagName | None = None
    to: TagName | None = None  # of a tag, or of a field, whose names are shorter
    field: FieldName | None = None
    value: Annotated[Text, Field(max_length=LONGEST_CUSTOM_VALUE)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.contact_ids is None) is (self.filter is None):
            raise PydanticCustomError("which_contacts", "Give one of contact_ids and filter")

        wanted = BULK_PARAMETERS[self.kind]
        given = {name for name in BULK_NAMES if getattr(self, name) is not None}
        if given != wanted:
            names = ", ".join(sorted(wanted)) or "none of them"
            raise PydanticCustomError(
                "bulk_parameters",
                "Of tags, tag, to, field and value give {names}",
                {"names": names},
            )
        return self

    def parameters(self) -> dict[str, str]:
        """What the kind takes, as texts."""
        given = {name: getattr(self, name) for name in BULK_PARAMETERS[self.kind]}
        return {
            name: joined_tags(value) if isinstance(value, list) else value
            for name, value in given.items()
        }


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


class LanguageChoice(Strict):
    language: Text = ""  # "" as the browser says


class NewToken(Strict):
    name: Text = ""
