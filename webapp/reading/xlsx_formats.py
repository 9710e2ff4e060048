"""Numbers of a workbook as a person sees them: dates as 1985-04-23, whole numbers without .0,
01067 with its zero, and with the text that a format adds: +44…, 02134-5678, C-0042.
"""

import re
from datetime import datetime, timedelta
from enum import Enum
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

DATES = {14, 15, 16, 17, 22, *range(27, 32), *range(34, 37), *range(50, 59)}
TIMES = {18, 19, 20, 21, 32, 33, 45, 46, 47}
# Colours, conditions, quoted and escaped text say nothing about what kind of number it is.
ASIDE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;])+', re.DOTALL)
SECONDS_A_DAY = 86_400
LONGEST_WHOLE = 1e15  # Excel keeps fifteen digits
LAST_FALSE_DAY = 60  # Excel believes in the 29 February 1900


class Kind(Enum):
    """What a cell's style makes of its number."""

    DATE = "date"
    TIME = "time"


class Section(NamedTuple):
    """How whole numbers are written that meet the condition: `parts` are the literal texts and the
    signs 0, # and ? for a digit each.
    """

    meets: tuple[str, float] | None
    parts: tuple[str, ...]


Format = Kind | tuple[Section, ...] | None
"""Kind of a number, or how it is written where that says more than the number."""

DIGIT_SIGNS = frozenset("0#?")
# Literal text in quotes and after a backslash, signs that stand for themselves, room that is left
# (_x, *x), brackets of colours, currencies and conditions, signs for digits. What else there may
# be (decimals, thousands, percent, fractions) makes a number of it that is no number to call or
# to name.
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<aside>_.|\*.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digit>[0#?])|(?P<literal>[-+() :!^&'~{}<>=$1-9])",
    re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)")
COMPARED = {"<=": le, ">=": ge, "<>": ne, "<": lt, ">": gt, "=": eq}
LONGEST_CODE = 255


def format_of(number: int, code: str | None) -> Format:
    """The format of a style: `number` is its id, `code` what the workbook says for ids of its
    own.
    """
    if code is None:
        return Kind.DATE if number in DATES else Kind.TIME if number in TIMES else None

    plain = ASIDE.sub("", code.split(";")[0]).lower()
    if plain == "general":
        return None
    if any(c in plain for c in "yd") or ("m" in plain and not any(c in plain for c in "hs")):
        return Kind.DATE
    if any(c in plain for c in "hs"):
        return Kind.TIME

    return _written(code)


def _written(code: str) -> tuple[Section, ...] | None:
    """The sections of a format for whole numbers that adds zeros or text to them, else None."""
    sections = [_section(text) for text in SECTION.findall(code[:LONGEST_CODE])][:3]
    if not sections or sections[0] is None:
        return None

    found = tuple(section for section in sections if section is not None)
    adds = any(
        section.parts.count("0") > 1 or any(part not in DIGIT_SIGNS for part in section.parts)
        for section in found
    )
    return found if adds and len(found) == len(sections) else None


def _section(text: str) -> Section | None:
    meets: tuple[str, float] | None = None
    parts: list[str] = []
    at = 0

    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            return None
        at = found.end()
        kind, said = found.lastgroup, found[found.lastgroup or 0]

        if kind == "bracket":
            condition = CONDITION.fullmatch(said)
            meets = (condition[1], float(condition[2])) if condition else meets
        elif kind in {"quoted", "escaped", "literal"}:
            parts.extend(f"={c}" if c in DIGIT_SIGNS else c for c in said)
        elif kind == "digit":
            parts.append(said)

    return Section(meets, tuple(parts)) if DIGIT_SIGNS.intersection(parts) else None


def _as_written(number: int, sections: tuple[Section, ...]) -> str:
    """A whole number with the zeros and the text that its format adds."""
    conditions = any(section.meets for section in sections)
    index = 0

    if conditions:
        index = next(
            (
                place
                for place, section in enumerate(sections)
                if section.meets is None
                or COMPARED[section.meets[0]](number, section.meets[1])
            ),
            0,
        )
    elif number < 0 and len(sections) > 1:
        index = 1
    elif number == 0 and len(sections) > 2:  # noqa: PLR2004 - positive; negative; zero
        index = 2

    parts = sections[index].parts
    sign = "-" if number < 0 and (conditions or index == 0) else ""
    return sign + _filled(str(abs(number)), parts)


def _filled(digits: str, parts: tuple[str, ...]) -> str:
    """The digits in the places of a section from the right; the first place takes what is left."""
    places = [index for index, part in enumerate(parts) if part in DIGIT_SIGNS]
    written = [part[-1] if part not in DIGIT_SIGNS else "" for part in parts]
    rest = digits

    for index in reversed(places):
        taken, rest = rest[-1:], rest[:-1]
        written[index] = taken or ("0" if parts[index] == "0" else "")

    written[places[0]] = rest + written[places[0]]
    return "".join(written).strip()


def shown(text: str, form: Format, *, from_1904: bool) -> str:
    """A number's text as a person sees it; what is no number stays as it is."""
    if form is None and (text.isdigit() or (text[:1] == "-" and text[1:].isdigit())):
        return text

    try:
        number = float(text)
    except ValueError:
        return text

    if isinstance(form, Kind):
        return _moment(number, form, from_1904=from_1904) or _plain(number)
    if form and number.is_integer() and abs(number) < LONGEST_WHOLE:
        return _as_written(int(number), form)

    return _plain(number)


def _plain(number: float) -> str:
    return (
        str(int(number))
        if number.is_integer() and abs(number) < LONGEST_WHOLE
        else f"{number:.15g}"
    )


def _moment(serial: float, kind: Kind, *, from_1904: bool) -> str | None:
    """Days since the beginning as a date, with the time where there is one."""
    days = serial if from_1904 or serial >= LAST_FALSE_DAY else serial + 1
    begin = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - sheets have no zones

    try:
        found = begin + timedelta(seconds=round(days * SECONDS_A_DAY))
    except (OverflowError, ValueError):
        return None

    if serial < 0:
        return None
    if kind is Kind.TIME and serial < 1:
        return found.time().isoformat()

    return (
        found.date().isoformat()
        if found.time() == datetime.min.time()
        else found.isoformat(" ")
    )
