"""Upper and lower case, in one place: what counts as the same text, whichever case it is in.

PostgreSQL's lower() and ILIKE follow the language of the database: in a Turkish one, the small I has no dot. So keys
are folded here and stored folded, and a search gives PostgreSQL the letters to fold along with the words.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

# People who search mean the same by each of these: one can't see in which a file's author wrote a name.
DOTLESS_I, DOTTED_I = "\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"
SIGMA, FINAL_SIGMA = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}"
_ALIKE = str.maketrans({DOTLESS_I: "i", DOTTED_I: "i", FINAL_SIGMA: SIGMA})
LAST_CASED = 0x1E943  # the last letter of Unicode that has two cases


def folded(text: str) -> str:
    """The text of a key: NFC and lower case, by the rules that Unicode has for no language in particular."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


def searchable(text: str) -> str:
    """The text as a search compares it: folded, with every i and every final sigma alike."""
    return text.lower() if text.isascii() else folded(text.translate(_ALIKE)).translate(_ALIKE)


class Needle(NamedTuple):
    """What to look for, folded, and the letters beyond ASCII that have to be folded in order to find it.

    `capitals` and `smalls` are of one length: each letter of the one becomes that of the other.
    """

    text: str
    capitals: str
    smalls: str


def needle(text: str) -> Needle:
    """The text to look for, ready for `searching.HOLDS`."""
    sought = searchable(text)
    pairs = [(capital, small) for small in sorted(set(sought)) for capital in _capitals().get(small, "")]
    return Needle(sought, "".join(capital for capital, _ in pairs), "".join(small for _, small in pairs))


@lru_cache(maxsize=1)
def _capitals() -> dict[str, str]:
    """For each letter, those beyond ASCII that a search takes for it. PostgreSQL's "C" folds ASCII by itself."""
    found: dict[str, str] = {}
    for letter in map(chr, range(0x80, LAST_CASED + 1)):
        small = searchable(letter)
        if small != letter and len(small) == 1:
            found[small] = found.get(small, "") + letter
    return found
