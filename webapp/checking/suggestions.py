"""What a cell that is not right was probably meant to say, by rule.

A suggestion is made only where one slip explains the cell, and only where the check itself would
take what is suggested. Names are never guessed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from webapp.checking import dates, emails, phones
from webapp.vocabulary.fields import FULL_NAMES, NAMES

EMAIL_CODES = {"email_invalid", "email_no_at", "email_further_invalid", "email_misspelt"}
DATE_CODES = {"date_unreadable"}
PHONE_CODES = {"phone_unreadable"}
CODES = EMAIL_CODES | DATE_CODES | PHONE_CODES


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to put into a cell. `begin` and `end` are where the fault stands in the cell as it is;
    `also` are other cells of the row that change with it, by column.
    """

    value: str
    begin: int
    end: int
    also: dict[int, str] = field(default_factory=dict)


class Row(NamedTuple):
    """The row around a cell: its cells, what the columns are, and how its dates and phones are
    read.
    """

    cells: Sequence[str]
    targets: Sequence[str | None]
    date_order: str | None = None
    region: str | None = None


def suggested(code: str, column: int, row: Row) -> Suggestion | None:
    """What to put into the cell of this column, at which the check found `code`."""
    cell = row.cells[column] if column < len(row.cells) else ""
    if len(cell) > LONGEST or "\n" in cell:
        return None

    if code in EMAIL_CODES:
        found = of_email(cell) or (_swapped(column, row) if code == "email_no_at" else None)
    elif code in DATE_CODES:
        found = of_date(cell, row.date_order)
    elif code in PHONE_CODES:
        found = of_phone(cell, row.region)
    else:
        return None

    return found if found and found.value != cell.strip() else None


LONGEST = 254  # characters of a cell: no slip is looked for in a longer one


def of_email(cell: str) -> Suggestion | None:
    """The address that a cell was to hold.

    It tries each slip by itself; where no one slip explains the cell, it corrects all of them.
    """
    trials = list(_slips(cell))
    single = [slip for slip in trials if _is_address(slip.value)]
    if single:
        return single[0]

    text = cell
    for correct in CORRECTED:
        text = next((slip.value for slip in correct(text)), text)

    text = text.strip()
    return Suggestion(text, *_difference(cell, text)) if _is_address(text) else None


def _is_address(text: str) -> bool:
    return (key := emails.key_of(text)) is not None and not is_misspelt(key)


def _slips(cell: str) -> Iterator[Suggestion]:
    for correct in CORRECTED:
        yield from correct(cell)


def _difference(before: str, after: str) -> tuple[int, int]:
    """Where two texts differ, in the first one."""
    begin = 0
    while begin < min(len(before), len(after)) and before[begin] == after[begin]:
        begin += 1

    end, other = len(before), len(after)
    while end > begin and other > begin and before[end - 1] == after[other - 1]:
        end, other = end - 1, other - 1

    return begin, end


BLANKS = re.compile(r"\s+(?=[@.])|(?<=[@.])\s+")
AT = re.compile(r"\s*[(\[{<]\s*(?:at|@|a)\s*[)\]}>]\s*", re.IGNORECASE)
AT_WORD = re.compile(r"\s+at\s+", re.IGNORECASE)
DOT = re.compile(r"\s*[(\[{<]\s*(?:dot|\.)\s*[)\]}>]\s*", re.IGNORECASE)
DOT_WORD = re.compile(r"\s+dot\s+", re.IGNORECASE)
DOUBLED_AT = re.compile(r"@(?:\s*@)+")
DOT_BESIDE_AT = re.compile(r"\.+(?=@)|(?<=@)\.+")
DOTS = re.compile(r"\.{2,}")
COMMA = re.compile(r"(?<=\w),(?=\w)")
SEMICOLON = re.compile(r"(?<=\w);(?=\w+$)")


def _all(pattern: re.Pattern[str], by: str) -> Callable[[str], Iterator[Suggestion]]:
    """A rule that corrects a slip at every place of the cell."""

    def correct(cell: str) -> Iterator[Suggestion]:
        found = list(pattern.finditer(cell.strip()))
        if found:
            indent = len(cell) - len(cell.lstrip())
            begin, end = found[0].start() + indent, found[-1].end() + indent
            yield Suggestion(pattern.sub(by, cell.strip()), begin, end)

    return correct


def _at(cell: str) -> Iterator[Suggestion]:
    """(at), [at] and the word, in a cell without an @."""
    if "@" in cell.replace("(@)", "").replace("[@]", ""):
        return

    for pattern in (AT, AT_WORD):
        if len(pattern.findall(cell)) == 1:
            yield from _all(pattern, "@")(cell)


def _dot(cell: str) -> Iterator[Suggestion]:
    for pattern in (DOT, DOT_WORD):
        yield from _all(pattern, ".")(cell)


def _comma(cell: str) -> Iterator[Suggestion]:
    """A comma for a dot; between two addresses it is none."""
    if cell.count("@") <= 1:
        yield from _all(COMMA, ".")(cell)
        if cell.count(";") == 1:
            yield from _all(SEMICOLON, ".")(cell)


def _no_dot(cell: str) -> Iterator[Suggestion]:
    """ann@examplecom: the dot before a well-known ending is missing."""
    local, at, domain = cell.strip().rpartition("@")
    if not at or "." in domain:
        return

    found = None if WORDS_ENDING_SO.search(domain) else ENDING.fullmatch(domain)
    if found and (found[2].lower() in SURE_ENDINGS or found[1].lower() in PROVIDERS):
        begin, end = _difference(cell, f"{local}@{found[1]}.{found[2]}")
        yield Suggestion(f"{local}@{found[1]}.{found[2]}", begin, max(end, len(cell.rstrip())))


def _provider(cell: str) -> Iterator[Suggestion]:
    """gmail.con, gmial.com: one letter away from a domain that millions use."""
    local, at, domain = cell.strip().rpartition("@")
    if at and (right := _meant(domain.lower())):
        indent = len(cell) - len(cell.lstrip())
        begin, end = _difference(domain.lower(), right)
        # The whole name or ending is marked: a single letter is easily overlooked.
        first, last = domain.rfind(".", 0, begin) + 1, domain.find(".", end)
        place = len(local) + 1 + indent
        last = len(domain) if last < 0 else last
        yield Suggestion(f"{local}@{right}", place + first, place + last)


ENDING = re.compile(
    r"([A-Za-z0-9-]{2,})(com|net|org|edu|de|fr|ch|at|uk|es|it|nl)", re.IGNORECASE
)
# Words of which the end is none of a domain: ann@telecom lacks more than a dot.
WORDS_ENDING_SO = re.compile(
    "(?:tele|inter|tri|semi)com$|(?:inter|ether|extra)net$", re.IGNORECASE
)
SURE_ENDINGS = {"com", "net", "org", "edu"}
# Names of providers, each with the endings that it has.
PROVIDERS = {
    "gmail": {"com"},
    "googlemail": {"com"},
    "hotmail": {"com", "de", "fr", "es", "it", "co.uk", "ch", "nl", "at", "be"},
    "outlook": {"com", "de", "fr", "es", "it", "at", "be"},
    "yahoo": {"com", "de", "fr", "es", "it", "co.uk", "ca", "in", "at", "ch", "se"},
    "icloud": {"com"},
    "protonmail": {"com", "ch"},
    "gmx": {"de", "net", "at", "ch", "com"},
    "web": {"de"},
    "aol": {"com", "de"},
    "live": {"com", "de", "fr", "nl"},
    "comcast": {"net"},
    "verizon": {"net"},
}
LEAST_NAME = 5  # letters of a name of which one may be wrong: shorter ones are others' names
# Domains of others that are as near.
REAL = {"mail", "ymail", "email", "cloud"}
# What is no ending of any domain, and what is meant.
WRONG_ENDINGS = {
    **dict.fromkeys(("con", "cmo", "ocm", "vom", "xom", "comm", "coom", "cim", "c0m"), "com"),
    **dict.fromkeys(("ner", "nte", "nett", "met"), "net"),
    "ogr": "org",
}
# These are countries' endings; behind a provider that has none there they are slips.
SHORT_ENDINGS = {"co": "com", "cm": "com", "om": "com"}


def is_misspelt(key: str) -> bool:
    """Whether the domain of an address is a near miss of one that millions use."""
    return _meant(key.rpartition("@")[2]) is not None


@lru_cache(maxsize=20_000)
def _meant(domain: str) -> str | None:
    """The well-known domain that this one is one letter away from."""
    name, _, ending = domain.partition(".")
    if not ending:
        return None
    if name in PROVIDERS and ending in PROVIDERS[name]:
        return None

    right = WRONG_ENDINGS.get(ending) or (
        SHORT_ENDINGS.get(ending) if name in PROVIDERS and len(name) >= LEAST_NAME else None
    )
    known = name if name in PROVIDERS else _provider_near(name)

    if known is None:
        return f"{name}.{right}" if right and ending in SURELY_WRONG and name else None
    if (right or ending) in PROVIDERS[known]:
        return f"{known}.{right or ending}"

    return None


SURELY_WRONG = {"con", "cmo", "ocm", "comm", "coom", "c0m", "nte", "nett", "ogr"}


def _provider_near(name: str) -> str | None:
    """The provider whose name is one letter away: its first letter stands."""
    if name in REAL or len(name) < LEAST_NAME - 1:
        return None

    near = [
        known
        for known in PROVIDERS
        if len(known) >= LEAST_NAME and known[0] == name[0] and is_one_off(name, known)
    ]
    return near[0] if len(near) == 1 else None


def is_one_off(a: str, b: str) -> bool:
    """Whether one letter too many, too few or wrong, or two in the wrong order, parts the texts."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False

    begin, end = _difference(a, b)
    rest = b[begin : len(b) - (len(a) - end)]
    wrong = a[begin:end]
    swapped = len(wrong) == len(rest) == 2 and wrong == rest[::-1]  # noqa: PLR2004 - two letters

    return swapped or (len(wrong) <= 1 and len(rest) <= 1)


CORRECTED: tuple[Callable[[str], Iterator[Suggestion]], ...] = (
    _all(BLANKS, ""),
    _at,
    _dot,
    _all(DOUBLED_AT, "@"),
    _comma,
    _all(DOT_BESIDE_AT, ""),
    _all(DOTS, "."),
    _no_dot,
    _provider,
)


TRIPLE = re.compile(r"\s*(\d{1,4})([./-] ?)(\d{1,2})([./-] ?)(\d{1,4})\.?\s*")
LOOKALIKES = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1"})
ALMOST_DIGITS = re.compile(r"[\dOolI./ +()-]+")


def of_date(cell: str, order: str | None) -> Suggestion | None:
    """The day that a cell was to name: its day and month in the other order, or letters that look
    like digits. 31/02/1985 is none in either order.
    """
    text = cell.strip()
    indent = len(cell) - len(cell.lstrip())
    if text.translate(LOOKALIKES) != text and ALMOST_DIGITS.fullmatch(text):
        text = text.translate(LOOKALIKES)
        if value := dates.read(text, order, in_words=False).value:
            begin, end = _difference(cell.strip(), text)
            return Suggestion(value, begin + indent, end + indent)

    found = TRIPLE.fullmatch(text)
    if found is None:
        return None

    first, one, second, two, third = found.groups()
    is_year_first = len(first) == 4  # noqa: PLR2004 - digits of a year
    turned = [first, third, second] if is_year_first else [second, first, third]
    value = dates.read(
        f"{turned[0]}{one}{turned[1]}{two}{turned[2]}", order, in_words=False
    ).value
    begin, end = (found.start(3), found.end(5)) if is_year_first else found.span(1)
    end = end if is_year_first else found.end(3)

    return Suggestion(value, begin + indent, end + indent) if value else None


def of_phone(cell: str, region: str | None) -> Suggestion | None:
    """The number that a cell was to hold: letters O, I and l stand for digits."""
    text = cell.strip()
    corrected = text.translate(LOOKALIKES)
    if corrected == text or not ALMOST_DIGITS.fullmatch(text):
        return None
    if phones.read(corrected, region).key is None:
        return None

    indent = len(cell) - len(cell.lstrip())
    begin, end = _difference(text, corrected)

    return Suggestion(corrected, begin + indent, end + indent)


NAME = re.compile(r"[^\W\d_][^\d@_/\\:;]*")
NAME_COLUMNS = FULL_NAMES.union(NAMES)


def _swapped(column: int, row: Row) -> Suggestion | None:
    """The address stands in the column of names, and the name in that of addresses."""
    cell = row.cells[column].strip()
    held = [
        (index, text.strip())
        for index, (text, target) in enumerate(zip(row.cells, row.targets, strict=False))
        if target in NAME_COLUMNS and emails.key_of(text.strip())
    ]
    if len(held) != 1 or not NAME.fullmatch(cell):
        return None

    index, address = held[0]
    return Suggestion(address, 0, len(row.cells[column]), {index: cell})
