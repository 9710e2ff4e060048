"""What the first rows of a file tell of its columns: how full they are, how many values differ, and
what a person has to be asked, with the evidence; and rows that show what each column holds.

It is one bounded look when the file comes. What is kept is JSON.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.checking import countries, dates, phones
from webapp.checking.blanks import usual_word
from webapp.limits import (
    PROFILED_BYTES,
    PROFILED_CELLS,
    PROFILED_ROWS,
    SAMPLE_CELL_CHARS,
    SAMPLE_CHARS,
)
from webapp.reading.labels import normalised
from webapp.reading.records import Record
from webapp.vocabulary.fields import FULL_NAMES

SAMPLES = 3  # different values of a column that are shown
SHOWN_ROWS = 24  # that are kept to show them, at most
LONGEST_WORD = 30  # characters of a word for nothing
NUMBER = re.compile(r"\(?\d[\d\s()./-]{4,22}\d")
FEWEST_DIGITS = 6
ABROAD = ("+", "00", "(+")
NAME_WORDS = 2  # of a whole name that can be compared with an e-mail


@dataclass(frozen=True)
class Profile:
    """What is known of the columns.

    `rows` were looked at; `is_whole` says that the file has no others. `shown` are some of them, as
    cells. `region` is where most of the file's phone numbers, or people, are: two letters.
    """

    rows: int
    is_whole: bool
    columns: list["ColumnProfile"]
    shown: list[list[str]]
    region: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "is_whole": self.is_whole,
            "columns": [column.as_json() for column in self.columns],
            "shown": self.shown,
            "region": self.region,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Profile":
        columns = [ColumnProfile(**column) for column in value["columns"]]
        return cls(
            value["rows"], value["is_whole"], columns, value["shown"], value.get("region")
        )

    @classmethod
    def of_sample(cls, width: int, sample: Sequence[Sequence[str]]) -> "Profile":
        """Of a file from which only these rows were kept."""
        look = _Look([None] * width)
        for cells in sample:
            look.take(list(cells))
        return look.profile(is_whole=False)


@dataclass
class ColumnProfile:
    """Counts of cells: those that hold something, how many `different` values that is, dates that
    fit `day_first` only, `month_first` only, or `either`, phone numbers without a country code in
    rows that name no country (`national`), `words` for nothing, and whole names that the row's
    e-mail address writes in this order, or in the other.
    """

    filled: int = 0
    different: int = 0
    day_first: int = 0
    month_first: int = 0
    either: int = 0
    national: int = 0
    given_first: int = 0
    family_first: int = 0
    words: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value}


def of(records: Iterable[Record], targets: Sequence[str | None]) -> Profile:
    """The profile of the file's first records; `targets` are what their columns probably are."""
    look, size = _Look(targets), 0
    most = min(PROFILED_ROWS, max(PROFILED_CELLS // max(len(targets), 1), SHOWN_ROWS))

    for record in records:
        if look.rows == most or size > PROFILED_BYTES:
            return look.profile(is_whole=False)
        size += record.size or sum(map(len, record.cells))
        look.take(record.cells)

    return look.profile(is_whole=True)


class _Look:
    """Counts, row by row."""

    def __init__(self, targets: Sequence[str | None]) -> None:
        self.targets = targets
        self.width = len(targets)
        self.columns = [ColumnProfile() for _ in targets]
        self.values: list[set[str]] = [set() for _ in targets]
        self.samples: list[set[str]] = [set() for _ in targets]
        self.regions: Counter[str] = Counter()
        self.shown: list[list[str]] = []
        self.rows = 0
        self.country = _index(targets, "country")
        self.email = _index(targets, "email")
        self.has_codes = "calling_code" in targets

    def take(self, cells: list[str]) -> None:
        self.rows += 1
        texts = [cell.strip() for cell in cells[: self.width]]
        texts += [""] * (self.width - len(texts))
        shows = False

        for index, text in enumerate(texts):
            if text:
                self._count(index, text, texts)
                shows |= self._is_new_sample(index, text)

        if shows and len(self.shown) < SHOWN_ROWS:
            longest = min(SAMPLE_CELL_CHARS, SAMPLE_CHARS // (SHOWN_ROWS * self.width))
            self.shown.append([text[:longest].replace("\0", "") for text in texts])
            for index, text in enumerate(texts):
                if text:
                    self.samples[index].add(text)

    def _is_new_sample(self, index: int, text: str) -> bool:
        return len(self.samples[index]) < SAMPLES and text not in self.samples[index]

    def _count(self, index: int, text: str, row: Sequence[str]) -> None:
        column, target = self.columns[index], self.targets[index]
        column.filled += 1
        self.values[index].add(text)

        if len(text) <= LONGEST_WORD and usual_word((text,)):
            column.words[text[:LONGEST_WORD]] = column.words.get(text, 0) + 1
        elif text[0].isdigit() or text[0] in "(+":
            self._count_number(column, target, text, row)
        elif target in FULL_NAMES:
            self._count_name(column, text, row)
        elif index == self.country and (code := countries.code_of(text)):
            self.regions[code] += 1

    def _count_number(
        self, column: ColumnProfile, target: str | None, text: str, row: Sequence[str]
    ) -> None:
        if text[0].isdigit() and (
            dates.PARTS.fullmatch(text) or dates.DAY_AND_MONTH.fullmatch(text)
        ):
            found = dates.read(text, None, in_words=False)
            column.day_first += found.proves == "dmy"
            column.month_first += found.proves == "mdy"
            column.either += found.ambiguous
        elif text.startswith(ABROAD):
            if target == "phone" and (region := phones.region_of_number(text)):
                self.regions[region] += 1
        elif NUMBER.fullmatch(text) and sum(map(str.isdigit, text)) >= FEWEST_DIGITS:
            names_country = self.country is not None and row[self.country]
            column.national += not (names_country or self.has_codes)

    def _count_name(self, column: ColumnProfile, text: str, row: Sequence[str]) -> None:
        """Ann Ash at ann.ash@example.com has the given name first, as addresses usually do."""
        words = normalised(text).split()
        if self.email is None or len(words) != NAME_WORDS or "," in text:
            return

        local = normalised(row[self.email].partition("@")[0]).split()
        column.given_first += local == words
        column.family_first += local == words[::-1] != words

    def profile(self, *, is_whole: bool) -> Profile:
        for column, values in zip(self.columns, self.values, strict=True):
            column.different = len(values)

        (region, most), *_ = [*self.regions.most_common(1), (None, 0)]
        is_likely = most * 2 > self.regions.total()
        return Profile(
            self.rows, is_whole, self.columns, self.shown, region if is_likely else None
        )


def _index(targets: Sequence[str | None], target: str) -> int | None:
    return next((index for index, one in enumerate(targets) if one == target), None)


def samples(profile: Profile, index: int) -> Iterator[list[str]]:
    """Rows that show the first different values of a column."""
    seen: set[str] = set()
    for row in profile.shown:
        if row[index] and row[index] not in seen and len(seen) < SAMPLES:
            seen.add(row[index])
            yield row
