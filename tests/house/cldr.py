"""Writes `webapp/checking/cldr.json`: names of months, days and countries, of the Unicode CLDR.

They come from Babel, which the program itself does without: its data of these languages takes
21 MB in a worker, and these names take 0.1. `make names` runs this.
"""

import json
from collections.abc import Iterator

from babel import Locale
from babel.core import get_global

from webapp.checking import cldr
from webapp.checking.countries import CODES
from webapp.reading.labels import normalised

LABELLED = "en de fr es pt it nl sv da nb fi pl cs ru tr".split()  # noqa: SIM905 - readable
MONTHS_IN = (*LABELLED, "hu", "ro", "uk", "el", "bg", "sk", "sl")
# Those whose labels of columns are known.
COUNTRIES_IN = (*LABELLED, "ja", "zh", "ko")


def names() -> dict[str, object]:
    return {
        "months": dict(sorted(_months().items())),
        "days": sorted(_days()),
        "countries": dict(sorted(_countries().items())),
        "codes": dict(sorted(_codes())),
    }


def _months() -> dict[str, int]:
    """Whole and short, with their numbers. A name that two languages have for different months is
    none, but English comes first.
    """
    found: dict[str, set[int]] = {}
    for widths in _calendar("months"):
        for number, name in widths.items():
            found.setdefault(normalised(name), set()).add(number)

    english = Locale("en").months["format"]["wide"]
    return {name: min(numbers) for name, numbers in found.items() if len(numbers) == 1} | {
        normalised(name)[:3]: number for number, name in english.items()
    }


def _days() -> set[str]:
    return {normalised(name) for widths in _calendar("days") for name in widths.values()}


def _calendar(what: str) -> Iterator[dict[int, str]]:
    for language in MONTHS_IN:
        names = getattr(Locale(language), what)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                yield names[context][width]


def _countries() -> dict[str, str]:
    """Names with the two letters. One that means two countries is none, such as Kongo."""
    found: dict[str, set[str]] = {}
    for language in COUNTRIES_IN:
        for code, name in Locale(language).territories.items():
            if code in CODES:
                found.setdefault(normalised(name), set()).add(code)

    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}


def _codes() -> Iterator[tuple[str, str]]:
    """Three letters, and two that once were a country's or are reserved for one: DEU, UK."""
    for letters, now in get_global("territory_aliases").items():
        if letters.isalpha() and len(now) == 1 and now[0] in CODES:
            yield letters, now[0]


def text() -> str:
    return json.dumps(names(), ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    cldr.FILE.write_text(text())
