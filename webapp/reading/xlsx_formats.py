"""Numbers of a workbook as a person sees them: dates as 1985-04-23, whole numbers without .0,
01067 with its zero.
"""

import re
from datetime import datetime, timedelta
from enum import Enum

DATES = {14, 15, 16, 17, 22, *range(27, 32), *range(34, 37), *range(50, 59)}
TIMES = {18, 19, 20, 21, 32, 33, 45, 46, 47}
# Colours, conditions, quoted and escaped text say nothing about what kind of number it is.
ASIDE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
SECONDS_A_DAY = 86_400
LONGEST_WHOLE = 1e15  # Excel keeps fifteen digits
LAST_FALSE_DAY = 60  # Excel believes in the 29 February 1900


class Kind(Enum):
    """What a cell's style makes of its number."""

    DATE = "date"
    TIME = "time"


Format = Kind | int | None
"""Kind of a number; an int is the number of digits that it is filled up to with zeros."""


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

    return len(plain) if re.fullmatch("0{2,}", plain) else None


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

    return _plain(number).zfill(form or 0)


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
