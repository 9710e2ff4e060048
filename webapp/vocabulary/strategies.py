"""What becomes of a row whose contact is in the book already: the closed list of strategies."""

from enum import Enum, StrEnum, auto
from typing import NamedTuple, Self

from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.outcomes import Outcome


class Writes(Enum):
    """What a strategy writes to a contact that the row met."""

    NOTHING = auto()
    FILLED_CELLS = (
        auto()
    )  # a filled cell replaces what the contact has, and the clear token empties it
    BLANK_FIELDS = auto()  # a cell fills only what is blank in the contact


class Texts(NamedTuple):
    """What a person reads of a strategy, in English."""

    label: str
    explanation: str
    past: str
    after: str


NOTHING = Texts("", "", "", "")


class Strategy(StrEnum):
    """A strategy, in the order in which the review page shows it.

    The first one is chosen beforehand.

    `changed` is the outcome of a row that met a contact, where the row changed it.
    """

    texts: Texts
    writes: Writes
    changed: Outcome

    # A type checker takes a look-up, such as Strategy(code), for a call of this: hence the
    # defaults.
    def __new__(
        cls,
        code: str,
        texts: Texts = NOTHING,
        writes: Writes = Writes.NOTHING,
        changed: Outcome = Outcome.UNCHANGED,
    ) -> Self:
        item = str.__new__(cls, code)
        item._value_ = code
        item.texts, item.writes, item.changed = texts, writes, changed
        return item

    SKIP = (
        "skip",
        Texts(
            "Skip duplicates",
            "Contacts you already have stay exactly as they are.",
            "duplicates skipped",
            "After",
        ),
        Writes.NOTHING,
        Outcome.DUPLICATE_SKIPPED,
    )
    UPDATE = (
        "update",
        Texts(
            "Update them",
            "Values from the file replace the old ones. Blank cells change nothing.",
            "duplicates updated",
            "After updating",
        ),
        Writes.FILLED_CELLS,
        Outcome.UPDATED,
    )
    MERGE = (
        "merge",
        Texts(
            "Merge",
            "Only blank fields are filled. Nothing you have is overwritten.",
            "duplicates merged",
            "After merging",
        ),
        Writes.BLANK_FIELDS,
        Outcome.MERGED,
    )

    @property
    def label(self) -> str:
        """Its name on its card."""
        return gettext(self.texts.label)

    @property
    def explanation(self) -> str:
        """What it does, on its card."""
        return gettext(self.texts.explanation)

    @property
    def past(self) -> str:
        """What it did, in a report."""
        return gettext(self.texts.past)

    @property
    def after(self) -> str:
        """The head of the column of an example that shows the contact afterwards."""
        return gettext(self.texts.after)

    @property
    def writes_to_matches(self) -> bool:
        """Whether a row can change a contact that is there already."""
        return self.writes is not Writes.NOTHING
