"""Dates as people write them, to YYYY-MM-DD (or --MM-DD without a year).

What is ambiguous is not guessed.
"""

import re
from datetime import date
from typing import NamedTuple

from webapp.vocabulary.fields import TARGETS

ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ].*)?")
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
NO_YEAR = re.compile(r"--(\d{2})-?(\d{2})")
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})")
PARTS = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})")
NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?\s+([a-z]{3})[a-z]*\.?,?\s+(\d{4})")
NAMED_FIRST = re.compile(r"([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MOST_MONTHS = 12
LONGEST = TARGETS["birthday"].max_length
NONE = re.compile(r"0{1,4}([-/.])0{1,2}\1(?:0000|00|0)")
DAY_AND_MONTH = re.compile(r"(\d{1,2})[/-](\d{1,2})|(\d{1,2})\.\s?(\d{1,2})\.")
LEAP_YEAR = 2000  # a birthday without a year may be a 29 February
EARLIEST = 1800


class Found(NamedTuple):
    """A date, or why there is none.

    `proves` is the order of day and month that this value shows.
    """

    value: str | None = None
    ambiguous: bool = False
    proves: str | None = None
    blank: bool = False  # what Outlook writes for no date


def read(text: str, order: str | None) -> Found:
    """Read a date; `order` (dmy or mdy) settles what the text leaves open."""
    text = text.strip().lower()
    if len(text) > LONGEST:
        return Found()
    if text.startswith("0") and NONE.fullmatch(text):
        return Found(blank=True)

    return _in_digits(text, order) or Found(_named(text))


def _in_digits(text: str, order: str | None) -> Found | None:
    if found := ISO.fullmatch(text) or COMPACT.fullmatch(text):
        return Found(_date(*map(int, found.groups())))
    if found := NO_YEAR.fullmatch(text):
        return Found(
            f"--{found[1]}-{found[2]}"
            if _date(LEAP_YEAR, int(found[1]), int(found[2]))
            else None
        )
    if found := DOTTED.fullmatch(text):
        return Found(_date(_year(found[3]), int(found[2]), int(found[1])))
    if found := PARTS.fullmatch(text):
        return _by_order(int(found[1]), int(found[2]), _year(found[3]), order)
    if found := DAY_AND_MONTH.fullmatch(text):
        return _without_year(found, order)

    return None


def _without_year(found: re.Match[str], order: str | None) -> Found:
    """05/14, as Mailchimp has it, or 14.5.: --05-14."""
    if found[3]:
        read = Found(_date(LEAP_YEAR, int(found[4]), int(found[3])))
    else:
        read = _by_order(int(found[1]), int(found[2]), LEAP_YEAR, order)

    return read._replace(value=f"-{read.value[4:]}") if read.value else read


def _by_order(first: int, second: int, year: int, order: str | None) -> Found:
    if first > MOST_MONTHS:
        return Found(_date(year, second, first), proves="dmy")
    if second > MOST_MONTHS:
        return Found(_date(year, first, second), proves="mdy")
    if first == second:
        return Found(_date(year, first, second))
    if order is None:
        return Found(ambiguous=True)

    return Found(_date(year, second, first) if order == "dmy" else _date(year, first, second))


def _named(text: str) -> str | None:
    if (found := NAMED.fullmatch(text)) and found[2] in MONTHS:
        return _date(int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))
    if (found := NAMED_FIRST.fullmatch(text)) and found[1] in MONTHS:
        return _date(int(found[3]), MONTHS.index(found[1]) + 1, int(found[2]))

    return None


def _year(text: str) -> int:
    """Two digits mean a birthday of the last hundred years."""
    year = int(text)
    if len(text) == 4:  # noqa: PLR2004
        return year
    return year + (2000 if year <= date.today().year % 100 else 1900)  # noqa: DTZ011 - a birthday has no zone


def _date(year: int, month: int, day: int) -> str | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None

    return found.isoformat() if year >= EARLIEST else None
