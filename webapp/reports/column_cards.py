"""The columns of a file as the columns page shows them: how full they are, what their values
become, and what a person is asked at which column.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.checking import constants, mapping, phones
from webapp.checking.becoming import Became, became
from webapp.checking.blanks import NAMED
from webapp.checking.profiles import ColumnProfile, Profile, samples
from webapp.folding import folded
from webapp.reading.labels import date_order
from webapp.vocabulary.fields import (
    CUSTOM,
    FULL_NAMES,
    IDENTITY,
    LONGEST_CUSTOM_LABEL,
    REPEATABLE,
    label_of,
)

NEW, DATE, COUNTRY, NAME, WORDS, CLASH = "new", "date", "country", "name", "words", "clash"


@dataclass(frozen=True)
class Asked:
    """What a person is asked at a column: its kind, by which key it is answered, whether it was,
    and what the question says.
    """

    kind: str
    key: str
    is_answered: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """A column. `own` is its target as a custom field; `is_new` says that the book has none of that
    name, `is_ours` that it is one which the book has.
    """

    index: int
    label: str
    target: str | None
    own: str
    profile: ColumnProfile
    samples: Sequence[Became]
    asked: Sequence[Asked]
    rule: str
    word: str | None
    keeps_words: bool
    is_new: bool
    is_ours: bool

    @property
    def is_open(self) -> bool:
        """Whether a question waits for its answer."""
        return any(not one.is_answered for one in self.asked)

    @property
    def group(self) -> str:
        """check, matched or left_out."""
        return "check" if self.asked else "matched" if self.target else "left_out"


@dataclass(frozen=True)
class Chosen:
    """What the form says, as far as the cards show it; `rules` by column."""

    targets: Sequence[str | None]
    rules: Sequence[str | None]
    keep_words: Collection[int]
    answered: Collection[str]
    constants: Mapping[str, str]
    date_order: str | None
    default_country: str | None
    clear_token: str | None
    blank_words: Sequence[str] | None


def guessed(
    columns: Sequence[str], profile: Profile, targets: Sequence[str | None]
) -> dict[str, Any]:
    """What the evidence speaks for, until a person says it: `date_order`, `default_country`, and
    the `targets` with the order of whole names.
    """
    found: dict[str, Any] = {"targets": list(targets)}
    for index, target in enumerate(targets):
        column = profile.columns[index]
        if target == "birthday" and _dates_are_open(columns[index], column):
            first, other = column.day_first, column.month_first
            found["date_order"] = "" if first == other else "dmy" if first > other else "mdy"
        if target == "full_name" and column.family_first > column.given_first:
            found["targets"][index] = "full_name_family_first"
        if target == "phone" and column.national:
            found["default_country"] = profile.region or ""

    return found


def _dates_are_open(label: str, column: ColumnProfile) -> bool:
    """Whether the dates leave open which of day and month comes first."""
    if date_order(label):
        return False
    proven = bool(column.day_first) + bool(column.month_first)
    return proven > 1 or (column.either > 0 and not proven)


class Cards:
    """The columns of a file, as a form has them. `known` are labels of custom fields in
    the book.
    """

    def __init__(
        self, columns: Sequence[str], profile: Profile, chosen: Chosen, known: Sequence[str]
    ) -> None:
        self.columns, self.profile, self.chosen, self.known = columns, profile, chosen, known
        self.ours = {folded(label) for label in known}
        self.clashes = _clashes(chosen.targets)
        self.country_at = self._country_at()
        self.choices = self._choices()

    def all(self) -> list[Card]:
        """The cards, in the order of the file."""
        return [self._card(index) for index in range(len(self.columns))]

    def _card(self, index: int) -> Card:
        label, target = self.columns[index], self.chosen.targets[index]
        column = self.profile.columns[index]
        is_custom = bool(target and target.startswith(CUSTOM))
        is_ours = is_custom and folded(label_of(target or "").strip()) in self.ours
        shown = list(samples(self.profile, index))

        return Card(
            index,
            label,
            target,
            own=CUSTOM + label.strip()[:LONGEST_CUSTOM_LABEL].strip(),
            profile=column,
            samples=became(shown, index, self.chosen.targets, self.columns, self.choices),
            asked=self._asked(index, is_new=is_custom and not is_ours),
            rule=self.chosen.rules[index] or "",
            word=self._word(index),
            keeps_words=index in self.chosen.keep_words,
            is_new=is_custom and not is_ours,
            is_ours=is_ours,
        )

    def _asked(self, index: int, *, is_new: bool) -> list[Asked]:
        target, column = self.chosen.targets[index], self.profile.columns[index]
        found = []
        if others := self.clashes.get(index):
            labels = [self.columns[other] for other in others]
            found.append(Asked(CLASH, f"{CLASH}-{index}", facts={"others": labels}))
        if asked := self._asked_of_new(index, is_new=is_new):
            found.append(asked)
        if target == "birthday" and _dates_are_open(self.columns[index], column):
            found.append(self._question(DATE, DATE))
        if index == self.country_at:
            found.append(self._question(COUNTRY, COUNTRY, numbers=self._national()))
        if target in FULL_NAMES and column.family_first:
            found.append(self._question(NAME, f"{NAME}-{index}"))
        if (word := self._word(index)) and _is_a_word(word) and target:
            cells = column.words[word]
            found.append(self._question(WORDS, f"{WORDS}-{index}", word=word, cells=cells))

        return found

    def _question(self, kind: str, key: str, **facts: Any) -> Asked:
        return Asked(kind, key, key in self.chosen.answered, facts)

    def _asked_of_new(self, index: int, *, is_new: bool) -> Asked | None:
        """Whether a field that the book has was meant, or what was answered to that."""
        key = f"{NEW}-{index}"
        is_answered = key in self.chosen.answered
        if not is_new and not is_answered:
            return None

        target = self.chosen.targets[index]
        others = [one for place, one in enumerate(self.chosen.targets) if place != index]
        meant = mapping.similar(self.columns[index], self.known, others)
        if meant and (is_new or target == meant):
            return Asked(NEW, key, is_answered, {"meant": meant})
        return None

    def _word(self, index: int) -> str | None:
        """The word for nothing that stands in the column most often, where it could be kept."""
        target = self.chosen.targets[index]
        words = self.profile.columns[index].words
        if not words or target == "notes" or target in NAMED:
            return None
        return max(words, key=lambda word: words[word])

    def _country_at(self) -> int | None:
        """The column at which the country of phone numbers is asked for."""
        if "country" in self.chosen.constants or "calling_code" in self.chosen.targets:
            return None
        return next(
            (
                index
                for index, target in enumerate(self.chosen.targets)
                if target == "phone" and self.profile.columns[index].national
            ),
            None,
        )

    def _national(self) -> int:
        """How many phone numbers have no country code, in all columns of phones."""
        return sum(
            column.national
            for column, target in zip(self.profile.columns, self.chosen.targets, strict=True)
            if target == "phone"
        )

    def _choices(self) -> dict[str, Any]:
        """What a judge of the check is made with, as far as it is known before the check."""
        chosen = self.chosen
        choices = {
            "default_country": chosen.default_country,
            "date_order": chosen.date_order or self._proven_order(),
            "clear_token": chosen.clear_token,
            "blank_words": chosen.blank_words,
        }
        country = {
            name: text for name, text in chosen.constants.items() if name == "country" and text
        }
        of_all = constants.row_of_all(country, None, **choices) if country else None
        return {**choices, "keep_words": sorted(chosen.keep_words), "of_all": of_all}

    def _proven_order(self) -> str | None:
        """The order of day and month that the check will find: that of the labels, or the one that
        the dates prove.
        """
        orders = set()
        for label, target, column in zip(
            self.columns, self.chosen.targets, self.profile.columns, strict=True
        ):
            if target == "birthday":
                orders |= {
                    *filter(None, [date_order(label)]),
                    *(["dmy"] if column.day_first else []),
                    *(["mdy"] if column.month_first else []),
                }
        return orders.pop() if len(orders) == 1 else None


def _clashes(targets: Sequence[str | None]) -> dict[int, list[int]]:
    """For each column whose field has room for one column, the others that go there too."""
    places: dict[str, list[int]] = {}
    for index, target in enumerate(targets):
        if target and target not in REPEATABLE:
            spelled = "full_name" if target in FULL_NAMES else target.strip()
            places.setdefault(spelled, []).append(index)

    return {
        index: [other for other in together if other != index]
        for together in places.values()
        if len(together) > 1
        for index in together
    }


def _is_a_word(text: str) -> bool:
    """Whether it is worth a question: a dash or an error of a spreadsheet surely says nothing."""
    return any(map(str.isalpha, text)) and not text.startswith(("#", "\\"))


def keys_of(width: int) -> list[str]:
    """The keys of all questions that there can be."""
    each = (f"{kind}-{index}" for kind in (NEW, NAME, WORDS) for index in range(width))
    return [DATE, COUNTRY, *each]


def names_people(targets: Sequence[str | None]) -> bool:
    """Whether any column says who a row means."""
    return not (IDENTITY | FULL_NAMES).isdisjoint(targets)


def dialled(code: str) -> str:
    """The calling code of a country: +41."""
    number = phones.calling_code_of(code)
    return f"+{number}" if number else ""
