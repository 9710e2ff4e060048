"""Upper and lower case, in one place: what counts as the same text, whichever case it is in.

PostgreSQL's lower() and ILIKE follow the language of the database: in a Turkish one, the small I
has no dot. So keys are folded here and stored folded, and a search gives PostgreSQL a pattern with
each letter in every case.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

# People who search mean the same by each of these: one can't see in which a file's author wrote a
# name.
DOTLESS_I, DOTTED_I = (
    "\N{LATIN SMALL LETTER DOTLESS I}",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
)
SIGMA, FINAL_SIGMA = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}"
_ALIKE = str.maketrans({DOTLESS_I: "i", DOTTED_I: "i", FINAL_SIGMA: SIGMA})
LAST_ALPHABET = 0x0590  # behind Latin, Greek, Cyrillic and Armenian
LAST_CASED = 0x1E943  # the last letter of Unicode that has two cases


def folded(text: str) -> str:
    """The text of a key: NFC and lower case, by the rules that Unicode has for no language in
    particular.
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


def without_accents(text: str, form: Literal["NFD", "NFKD"] = "NFD") -> str:
    """The letters alone, taken apart by the form of Unicode: without the accents that it parts from
    them.
    """
    parted = unicodedata.normalize(form, text)
    return "".join(sign for sign in parted if not unicodedata.combining(sign))


def two_cases() -> tuple[str, str]:
    """The capitals of the alphabets with two cases, and the small letters that `folded` makes of
    them, for PostgreSQL's `translate`.
    """
    pairs = [(letter, folded(letter)) for letter in map(chr, range(LAST_ALPHABET))]
    capitals = [
        (letter, small) for letter, small in pairs if small != letter and len(small) == 1
    ]

    return "".join(letter for letter, _ in capitals), "".join(small for _, small in capitals)


def searchable(text: str) -> str:
    """The text as a search compares it: folded, with every i and every final sigma alike."""
    return text.lower() if text.isascii() else folded(text.translate(_ALIKE)).translate(_ALIKE)


def pattern(text: str) -> str:
    """A pattern, for Python and for PostgreSQL, of text that `searchable` makes the same: each
    letter in every case.

    Compared by the collation "C", it means the same in every database.
    """
    return "".join(map(_letter, searchable(text)))


def _letter(small: str) -> str:
    alike = {small, small.upper() if small.isascii() else small, *_capitals().get(small, "")}
    return f"[{''.join(sorted(alike))}]" if len(alike) > 1 else re.escape(small)


@lru_cache(maxsize=1)
def _capitals() -> dict[str, str]:
    """For each letter, those beyond ASCII that a search takes for it."""
    found: dict[str, str] = {}
    for letter in map(chr, range(0x80, LAST_CASED + 1)):
        small = searchable(letter)
        if small != letter and len(small) == 1:
            found[small] = found.get(small, "") + letter

    return found
