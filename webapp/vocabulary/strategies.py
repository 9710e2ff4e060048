"""What becomes of a row whose contact is in the book already: the closed list of strategies."""

from enum import Enum, StrEnum, auto
from typing import Self

from webapp.vocabulary.outcomes import Outcome


class Writes(Enum):
    """What a strategy writes to a contact that the row met."""

    NOTHING = auto()
    FILLED_CELLS = (
        auto()
    )  # a filled cell replaces what the contact has, and the clear token empties it
    BLANK_FIELDS = auto()  # a cell fills only what is blank in the contact


class Strategy(StrEnum):
    """A strategy, in the order in which the review page shows it.

    The first one is chosen beforehand.

    `label` and `explanation` stand on its card, `past` in a report, and `after` heads the column of
    an example that shows the contact afterwards. `changed` is the outcome of a row that met a
    contact, where the row changed it.
    """

    label: str
    explanation: str
    past: str
    after: str
    writes: Writes
    changed: Outcome

    # A type checker takes a look-up, such as Strategy(code), for a call of this: hence the
    # defaults.
    def __new__(  # noqa: PLR0917 - the members below are a table
        cls,
        code: str,
        label: str = "",
        explanation: str = "",
        past: str = "",
        after: str = "",
        writes: Writes = Writes.NOTHING,
        changed: Outcome = Outcome.UNCHANGED,
    ) -> Self:
        item = str.__new__(cls, code)
        item._value_ = code
        item.label, item.explanation, item.past, item.after = label, explanation, past, after
        item.writes, item.changed = writes, changed
        return item

    SKIP = (
        "skip",
        "Skip duplicates",
        "Contacts you already have stay exactly as they are.",
        "duplicates skipped",
        "After",
        Writes.NOTHING,
        Outcome.DUPLICATE_SKIPPED,
    )
    UPDATE = (
        "update",
        "Update them",
        "Values from the file replace the old ones. Blank cells change nothing.",
        "duplicates updated",
        "After updating",
        Writes.FILLED_CELLS,
        Outcome.UPDATED,
    )
    MERGE = (
        "merge",
        "Merge",
        "Only blank fields are filled. Nothing you have is overwritten.",
        "duplicates merged",
        "After merging",
        Writes.BLANK_FIELDS,
        Outcome.MERGED,
    )

    @property
    def writes_to_matches(self) -> bool:
        """Whether a row can change a contact that is there already."""
        return self.writes is not Writes.NOTHING
