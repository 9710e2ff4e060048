"""Dates as people write them, to YYYY-MM-DD (or --MM-DD without a year).

What is ambiguous is not guessed.
"""

import re
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from webapp.checking import cldr
from webapp.reading.labels import normalised
from webapp.vocabulary.fields import TARGETS

ISO = re.compile(r"(\d{4})(?:[-/]|\. ?)(\d{1,2})(?:[-/]|\. ?)(\d{1,2})\.?(?:[t ].*)?")
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
COMPACT_TURNED = re.compile(r"(\d{2})(\d{2})(\d{4})")
ROMAN = re.compile(r"(\d{1,2})[. /-]{1,2}([ivx]{1,4})[. /-]{1,2}(\d{4}|\d{2})\.?")
ROMAN_MONTHS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
NO_YEAR = re.compile(r"--(\d{2})-?(\d{2})")
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})\.?")
PARTS = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})")
EASTERN = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]?")
YEAR_ALONE = re.compile(r"(?:\d{1,2}[/.-])?(\d{4})(?:[/.-]\d{1,2})?")  # or with the month
DAY_NUMBER = re.compile(r"(\d{5})(?:[.,]\d+)?")
TIME = re.compile(
    r"(?:[t,]? *)(?<!\d)(\d{1,2}):(\d{2})(?::\d{2}(?:[.,]\d+)?)? *([ap]\.?m\.?|uhr|h)?"
    r" *((?:z|utc|gmt)?(?:[+-]\d{2}:?\d{2})?)(?: *\([a-z][a-z0-9 +:-]*\))?"
)
MOST_MONTHS = 12
LONGEST = TARGETS["birthday"].max_length
# What Outlook writes for no date, a spreadsheet for day 0, and .NET for none.
NONE = re.compile(
    r"0{1,4}([-/.])0{1,2}\1(?:0000|00|0)|0|1900-01-00|0?0\.0?1\.1900|0?1/0?0/1900"
    r"|1899-12-3[01]|3[01]\.12\.1899|12/3[01]/1899"
    r"|0001-01-01|0?1\.0?1\.0001|0?1/0?1/0001"
)
DAY_AND_MONTH = re.compile(r"(\d{1,2})[/-](\d{1,2})|(\d{1,2})\.\s?(\d{1,2})\.")
LEAP_YEAR = 2000  # a birthday without a year may be a 29 February
EARLIEST = 1800
OUTLOOKS_NONE = 4501
APPLES_NO_YEAR = 1604
FIRST_DAY = date(
    1899, 12, 30
)  # of a spreadsheet that counts from 1900, as it is after February
MOVES_THE_DAY = 10  # o'clock in Greenwich; from then on it may be the next day further east
NOON = 12

OTHER_MONTHS = {
    "janner": 1,
    "jaenner": 1,
    "febr": 2,
    "mrz": 3,
    "maerz": 3,
    "sept": 9,
    "okt": 10,
}
# Between a day, a month and a year.
FILLER_WORDS = "the of de del di do du d den der le il el a st nd rd th er o \u0433 \u0433\u043e\u0434\u0430"
FILLERS = frozenset(FILLER_WORDS.split())


class Found(NamedTuple):
    """A date, or why there is none.

    `proves` is the order of day and month that this value shows. `told` is the code of what a
    person should know of it: an error, or a warning.
    """

    value: str | None = None
    ambiguous: bool = False
    proves: str | None = None
    blank: bool = False  # what programs write for no date
    told: str | None = None


INCOMPLETE = Found(told="date_incomplete")
TO_COME = Found(told="date_future")


def read(text: str, order: str | None, *, in_words: bool = True) -> Found:
    """Read a date; `order` (dmy or mdy) settles what the text leaves open.

    Months by name, which take some megabytes of languages, only where `in_words` is true.
    """
    text = text.strip().lower()
    if len(text) > LONGEST:
        return Found()

    moved = False
    if ":" in text and (time := TIME.search(text)) and time.end() == len(text):
        text, moved = text[: time.start()].strip(), _moves_the_day(time)

    if text[:1] in "013" and NONE.fullmatch(text):
        return Found(blank=True)

    found = _in_digits(text, order) or (in_words and _in_words(text)) or Found()
    return found._replace(told="date_zone") if moved and found.value else found


def _moves_the_day(time: re.Match[str]) -> bool:
    """Whether the day may be another one where it was written: 22:00Z is midnight in Berlin."""
    hour = int(time[1]) % 12 + 12 * time[3].startswith("p") if time[3] else int(time[1])
    return bool(time[4]) and hour >= MOVES_THE_DAY and (hour, time[2]) != (NOON, "00")


def _in_digits(text: str, order: str | None) -> Found | None:
    if found := ISO.fullmatch(text) or EASTERN.fullmatch(text):
        return _date(found[1], int(found[2]), int(found[3]))
    if found := NO_YEAR.fullmatch(text):
        return _without_year(int(found[1]), int(found[2]))
    if found := DOTTED.fullmatch(text):
        return _date(found[3], int(found[2]), int(found[1]))

    if (found := ROMAN.fullmatch(text)) and found[2] in ROMAN_MONTHS:
        return _date(found[3], ROMAN_MONTHS.index(found[2]) + 1, int(found[1]))

    return _in_eight_digits(text, order) or _in_some_order(text, order) or _in_one_number(text)


def _in_eight_digits(text: str, order: str | None) -> Found | None:
    """19850423 and 23041985: as the first, a year would come before 1800 or have such a month."""
    found, turned = COMPACT.fullmatch(text), COMPACT_TURNED.fullmatch(text)
    if found is None or turned is None:
        return None

    read_ = _date(found[1], int(found[2]), int(found[3]))
    if read_.value or read_ == TO_COME:
        return read_

    return _by_order(int(turned[1]), int(turned[2]), turned[3], order)


def _in_some_order(text: str, order: str | None) -> Found | None:
    """What begins with a day or a month, with the year behind or without it."""
    if found := PARTS.fullmatch(text):
        return _by_order(int(found[1]), int(found[2]), found[3], order)
    if found := DAY_AND_MONTH.fullmatch(text):
        if found[3]:
            return _without_year(int(found[4]), int(found[3]))
        return _by_order(int(found[1]), int(found[2]), None, order)

    return None


def _in_one_number(text: str) -> Found | None:
    """A year alone, or with its month, or a spreadsheet's number of a day."""
    if found := YEAR_ALONE.fullmatch(text):
        return INCOMPLETE if EARLIEST <= int(found[1]) <= _today().year else None
    if found := DAY_NUMBER.fullmatch(text):
        day = FIRST_DAY + timedelta(days=int(found[1]))
        return Found(day.isoformat()) if day <= _today() else None

    return None


def _by_order(first: int, second: int, year: str | None, order: str | None) -> Found:
    if first > MOST_MONTHS:
        return _date(year, second, first)._replace(proves="dmy")
    if second > MOST_MONTHS:
        return _date(year, first, second)._replace(proves="mdy")
    if first == second:
        return _date(year, first, second)
    if order is None:
        return Found(ambiguous=True)

    return _date(year, second, first) if order == "dmy" else _date(year, first, second)


def _in_words(text: str) -> Found | None:
    """A date with the month by its name, in any of the languages: 23rd April 1985, 15-Mar-85,
    1. März.
    """
    words = re.findall(r"\d+|[^\W\d_]+", normalised(text))
    known = _words()
    told = [word for word in words if word not in FILLERS and known.get(word) != 0]
    months = [place for place, word in enumerate(told) if known.get(word)]
    if len(months) != 1 or sum(map(str.isdigit, told)) != len(told) - 1:
        return None

    month = known[told[months[0]]]
    numbers = [word for word in told if word.isdigit()]

    if len(numbers) == 1:
        # "14 May" is a day; "May 1985" has none, and "Mar-85" is how Excel shows such a month.
        if len(numbers[0]) > 2 or re.fullmatch(r"[^\W\d]+-\d{2}", text):  # noqa: PLR2004
            return INCOMPLETE
        return _without_year(month, int(numbers[0]))

    if len(numbers) != 2:  # noqa: PLR2004
        return None

    year, day = numbers if len(numbers[0]) == 4 else reversed(numbers)  # noqa: PLR2004
    return _date(year, month, int(day)) if len(year) in {2, 4} else None


@cache
def _words() -> dict[str, int]:
    """Names of months, whole and short, with their numbers; those of days with 0."""
    known = cldr.names()
    return dict.fromkeys(known.days, 0) | known.months | OTHER_MONTHS


def _today() -> date:
    return date.today()  # noqa: DTZ011 - a birthday has no zone


def _without_year(month: int, day: int) -> Found:
    """A day of any year: --05-14."""
    return _date(None, month, day)


def _date(year: str | None, month: int, day: int) -> Found:
    """The day, as a birthday: two digits of a year mean one of the last hundred years."""
    known = LEAP_YEAR if year is None else int(year)
    if known == OUTLOOKS_NONE:
        return Found(blank=True)

    if year is not None and len(year) == 2:  # noqa: PLR2004
        known += _today().year // 100 * 100
        if _made(known, month, day) is None or (known, month, day) > _parts(_today()):
            known -= 100

    found = _made(known, month, day)
    if found is None or (known < EARLIEST and known != APPLES_NO_YEAR):
        return Found()
    if year is None or known == APPLES_NO_YEAR:
        return Found(f"-{found.isoformat()[4:]}")

    return Found(found.isoformat()) if found <= _today() else TO_COME


def _parts(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None
