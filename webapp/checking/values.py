"""What a column holds, told from its values: addresses, phone numbers, links, birthdays."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from webapp.checking import dates
from webapp.checking.countries import code_of
from webapp.folding import without_accents
from webapp.reading.labels import normalised
from webapp.vocabulary.label_words import PREFIX_VALUES, YES_OR_NO

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}\.[^@\s.]{2,63}")
INTERNATIONAL = re.compile(r"(?:\+|00)[1-9][\d\s()./-]{6,24}")
NATIONAL = re.compile(r"\(?0?\d{2,5}\)?[\s/.-][\d\s/.-]{4,16}\d")
CALLING_CODE = re.compile(
    r"\(?(?:(?:\+|00) ?)?[1-9]\d{0,2}(?:[ -]\d{3,4})?\)?(?:\.0)?(?: ?\(?[A-Za-z ]+\)?)?"
)
LINK = re.compile(r"(?:https?://|www\.)\S{3,}", re.IGNORECASE)
TELLING_LETTERS = 3  # of a word of a name that stands in an e-mail
MOST_NAME_WORDS = 6
FEW_WORDS, SHORT = 4, 40  # words and characters of what stands before a name
DATE_LENGTHS = range(8, 31)
MOST = 0.8
YOUNGEST = 10  # years: dates after that are rather the day of an order than a birthday


def emails(found: Sequence[str]) -> bool:
    """Whether most of the values are e-mail addresses, and not the same one again and again."""
    return _most(found, EMAIL) and len(set(found)) * 2 > len(found)


def phones(found: Sequence[str], *, national: bool) -> bool:
    """Whether most are phone numbers; `national` takes numbers without a country code as well."""
    if _most(found, INTERNATIONAL):
        return True
    return national and _most(found, INTERNATIONAL, NATIONAL) and not any(map(_is_date, found))


def calling_codes(found: Sequence[str]) -> bool:
    """Whether most are countries' calling codes: +49, 0049, 1-684, 44."""
    return _most(found, CALLING_CODE)


def countries(found: Sequence[str]) -> bool:
    """Whether most are countries, by code or by name."""
    return bool(found) and sum(map(bool, map(code_of, found))) >= MOST * len(found)


def links(found: Sequence[str]) -> bool:
    return _most(found, LINK)


def birthdays(found: Sequence[str]) -> bool:
    """Whether most are dates, long enough ago to be birthdays."""
    return bool(found) and sum(map(_is_birthday, found)) >= MOST * len(found)


def names(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether most cells are whole names, of which a word stands in the e-mail beside them, as that
    of Ann Lee does in ann.lee@example.com. A pair is a cell and the e-mail of its row.
    """
    fitting = sum(1 for cell, email in pairs if _is_name_in(cell, email))
    return len(pairs) > 1 and 2 * fitting > len(pairs)


def _is_name_in(cell: str, email: str) -> bool:
    before = without_accents(email.partition("@")[0].casefold())
    words = normalised(cell).split()
    told = [word for word in words if len(word) >= TELLING_LETTERS and word in before]
    return 1 < len(words) <= MOST_NAME_WORDS and bool(told) and "@" not in cell


def prefixes(found: Sequence[str]) -> bool:
    """Whether most are what stands before a name: Mrs, Dr., Herr."""
    words = [set(normalised(value).split()) for value in found]
    fitting = sum(1 for each in words if each and each <= PREFIX_VALUES)
    return fitting >= MOST * len(found)


def short(found: Sequence[str]) -> bool:
    """Whether most have few words, as no "Dear Mrs Ames" has."""
    fitting = sum(len(value.split()) <= FEW_WORDS and len(value) <= SHORT for value in found)
    return fitting >= MOST * len(found)


def yes_or_no(found: Sequence[str]) -> bool:
    """Whether all say yes or no."""
    return {value.casefold() for value in found} <= YES_OR_NO


def _is_birthday(text: str) -> bool:
    if len(text) not in DATE_LENGTHS or sum(c.isdigit() for c in text) < 3:  # noqa: PLR2004
        return False
    read = dates.read(text, "dmy", in_words=False)
    return read.value is not None and read.value[:4] < str(datetime.now(UTC).year - YOUNGEST)


def _is_date(text: str) -> bool:
    found = dates.read(text, "dmy", in_words=False)
    return found.value is not None or found == dates.TO_COME


def _most(found: Sequence[str], *patterns: re.Pattern[str]) -> bool:
    fitting = sum(any(pattern.fullmatch(value) for pattern in patterns) for value in found)
    return bool(found) and fitting >= MOST * len(found)
