"""What became of a row: the closed list of outcomes. Each row of a file has exactly one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self

from webapp.vocabulary.catalogue import ngettext, ngettext_noop


class Sum(StrEnum):
    """The public counters. `success`, `failed` and `skipped` add up to the processed rows."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


class Action(StrEnum):
    """What a person can do about a row of this outcome once the import has ended."""

    UNDO = "undo"  # the row wrote to a contact, and an undo takes that back
    CORRECT = (
        "correct"  # the row is among the rejected rows, to be corrected and uploaded again
    )
    RETRY = "retry"  # the row can be run again as it is


class Colour(NamedTuple):
    """A colour on light and on dark ground. Paper is light."""

    light: str
    dark: str


REST = Colour(
    "#e6eaf0", "#2a3342"
)  # the part of the bar that stands for rows without an outcome


MANY = 100  # rows, for the form of a word that fits any large number


class Outcome(StrEnum):
    """What became of a row, in the order in which bars, legends and tables show it.

    `letter` stands for it where many are counted. `words` are those for a
    single row and for many, in English. `sum` is the counter in which the outcome goes, None for
    the one outcome that is never stored. `duplicate` says whether it also counts as a duplicate,
    that is, whether the row met a contact which was there before. `category` is the kind of the
    error, where it is one.
    """

    letter: str
    words: tuple[str, str]
    colour: Colour
    sum: Sum | None
    duplicate: bool
    category: str | None
    actions: frozenset[Action]

    # A type checker takes a look-up, such as Outcome(code), for a call of this: hence the defaults.
    def __new__(  # noqa: PLR0917 - the members below are a table
        cls,
        code: str,
        letter: str = "",
        words: tuple[str, str] = ("", ""),
        colour: Colour = REST,
        sum_: Sum | None = None,
        duplicate: bool = False,
        category: str | None = None,
        actions: frozenset[Action] = frozenset(),
    ) -> Self:
        item = str.__new__(cls, code)
        item._value_ = code
        item.letter, item.words, item.colour = letter, words, colour
        item.sum, item.duplicate, item.category = sum_, duplicate, category
        item.actions = actions
        return item

    CREATED = (
        "created", "a", ngettext_noop("created", "created"),
        Colour("#0f7b5f", "#3fbf98"),
        Sum.SUCCESS, False, None, frozenset({Action.UNDO}),
    )  # fmt: skip
    UPDATED = (
        "updated", "b", ngettext_noop("updated", "updated"),
        Colour("#2563d9", "#6b9dff"),
        Sum.SUCCESS, True, None, frozenset({Action.UNDO}),
    )  # fmt: skip
    MERGED = (
        "merged", "c", ngettext_noop("merged", "merged"),
        Colour("#7c46c9", "#b58cf0"),
        Sum.SUCCESS, True, None, frozenset({Action.UNDO}),
    )  # fmt: skip
    UNCHANGED = (
        "unchanged", "d", ngettext_noop("unchanged", "unchanged"),
        Colour("#5f6a7c", "#8f9aac"),
        Sum.SUCCESS, True,
    )  # fmt: skip
    DUPLICATE_SKIPPED = (
        "duplicate_skipped", "e", ngettext_noop("duplicate skipped", "duplicates skipped"),
        Colour("#838ea1", "#667085"),
        Sum.SKIPPED, True,
    )  # fmt: skip
    NEW_SKIPPED = (
        "new_skipped", "j", ngettext_noop("new person skipped", "new people skipped"),
        Colour("#3d7d92", "#58b4cc"),
        Sum.SKIPPED,
    )  # fmt: skip
    LEFT_OUT = (
        "left_out", "f", ngettext_noop("left out", "left out"),
        Colour("#c3cad4", "#505a6b"),
        Sum.SKIPPED,
    )  # fmt: skip
    INVALID = (
        "invalid", "g", ngettext_noop("to fix", "to fix"),
        Colour("#a35a03", "#f0a24a"),
        Sum.SKIPPED, False, "validation", frozenset({Action.CORRECT}),
    )  # fmt: skip
    CONFLICT = (
        "conflict", "h", ngettext_noop("to choose", "to choose"),
        Colour("#c2470f", "#ff8a57"),
        Sum.FAILED, False, "business", frozenset({Action.CORRECT}),
    )  # fmt: skip
    FAILED = (
        "failed", "i", ngettext_noop("failed", "failed"),
        Colour("#b3261e", "#ff7a70"),
        Sum.FAILED, False, "database", frozenset({Action.CORRECT, Action.RETRY}),
    )  # fmt: skip
    # Never stored: it is the total minus what was processed.
    NOT_PROCESSED = (
        "not_processed", "", ngettext_noop("not processed", "not processed"), REST, None,
    )  # fmt: skip

    def word(self, count: int) -> str:
        """The outcome's word for this many rows."""
        return ngettext(*self.words, count)

    @property
    def one(self) -> str:
        """The word for a single row."""
        return self.word(1)

    @property
    def label(self) -> str:
        """The word for rows without a number, such as in a list to choose from."""
        return self.word(MANY)


STORED_OUTCOMES = tuple(outcome for outcome in Outcome if outcome.sum is not None)
FAILURES = tuple(outcome for outcome in Outcome if outcome.sum is Sum.FAILED)
WRITTEN = tuple(outcome for outcome in Outcome if Action.UNDO in outcome.actions)
PROBLEMS = tuple(
    outcome for outcome in Outcome if Action.CORRECT in outcome.actions
)  # these rows need a person
# A second run may make something else of these rows; every other outcome is for good.
OPEN = tuple(
    outcome for outcome in Outcome if outcome in PROBLEMS or outcome is Outcome.LEFT_OUT
)
INDEXED = OPEN  # The ledger's partial index: few rows, which are asked for by outcome.
# By these the ledger's entries are counted while its digest is read.
LETTERS = {outcome: outcome.letter for outcome in STORED_OUTCOMES}


def sums(outcomes: Mapping[str, int]) -> dict[str, int]:
    """The public counters: `success`, `failed`, `skipped`, `duplicates` and `processed`, in
    rows.
    """
    counts = {
        counter.value: sum(
            outcomes.get(outcome, 0) for outcome in Outcome if outcome.sum is counter
        )
        for counter in Sum
    }
    duplicates = sum(outcomes.get(outcome, 0) for outcome in Outcome if outcome.duplicate)

    return {**counts, "duplicates": duplicates, "processed": sum(counts.values())}


def sql_case(words: Mapping[Outcome, str], column: str) -> str:
    """SQL that says a column's outcomes in other words."""
    whens = [f"WHEN '{outcome}' THEN '{word}'" for outcome, word in words.items()]
    return " ".join([f"CASE {column}", *whens, "END"])


def sql_list(outcomes: tuple[Outcome, ...]) -> str:
    """Outcomes as a list of SQL literals: `'updated', 'merged'`."""
    return ", ".join(f"'{outcome}'" for outcome in outcomes)
