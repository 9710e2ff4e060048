"""Which given names one person may go by, as a table: `vocabulary/short_names.py` has the lines."""

from webapp import folding
from webapp.vocabulary.short_names import SHORT_NAMES

# Letters that NFD leaves whole, and what they are written as without their own keys.
WHOLE = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "t",
    folding.DOTLESS_I: "i",
    folding.FINAL_SIGMA: folding.SIGMA,
}


def lines_of_names() -> dict[str, list[int]]:
    """In which lines each name stands, those of one name being one line."""
    numbers: dict[str, int] = {}
    found: dict[str, list[int]] = {}

    for line in filter(None, map(str.split, SHORT_NAMES.splitlines())):
        number = numbers.setdefault(line[0], len(numbers))
        for name in line:
            lines = found.setdefault(_bare(name), [])
            if number not in lines:
                lines.append(number)

    return found


def _bare(name: str) -> str:
    """Without what NFD parts from a letter, as in a Cyrillic short i."""
    return folding.without_accents(name).replace(folding.FINAL_SIGMA, folding.SIGMA)
