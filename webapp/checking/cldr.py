"""Names of months, days and countries in many languages, without case, accents and punctuation.

They are the Unicode CLDR's (Unicode License v3). `make names` writes `cldr.json` from Babel's data.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Names:
    """`months` with their numbers; `countries` and their further `codes` (DEU, UK) with the two
    letters of ISO 3166.
    """

    months: dict[str, int]
    days: list[str]
    countries: dict[str, str]
    codes: dict[str, str]


@cache
def names() -> Names:
    """All of them, read once."""
    return Names(**json.loads(FILE.read_text()))
