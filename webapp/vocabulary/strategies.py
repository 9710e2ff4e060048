"""What becomes of a row whose contact is in the book already: the closed list of strategies."""

from enum import StrEnum
from typing import NamedTuple, Self

from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.outcomes import Outcome


class Rule(StrEnum):
    """What a cell of a row does to the field of the contact that the row met."""

    REPLACE = "replace"  # a filled cell takes the place of what the contact has
    FILL = "fill"  # a cell fills only what is blank in the contact
    KEEP = "keep"  # the contact's field stays as it is


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

    `rule` is that of every column for which the person chose none. `changed` is the outcome of a
    row that met a contact, where the row changed it.
    """

    texts: Texts
    rule: Rule
    changed: Outcome

    # A type checker takes a look-up, such as Strategy(code), for a call of this: hence the
    # defaults.
    def __new__(
        cls,
        code: str,
        texts: Texts = NOTHING,
        rule: Rule = Rule.KEEP,
        changed: Outcome = Outcome.UNCHANGED,
    ) -> Self:
        item = str.__new__(cls, code)
        item._value_ = code
        item.texts, item.rule, item.changed = texts, rule, changed
        return item

    SKIP = (
        "skip",
        Texts(
            "Skip",
            "They stay as they are.",
            "duplicates skipped",
            "After",
        ),
        Rule.KEEP,
        Outcome.DUPLICATE_SKIPPED,
    )
    UPDATE = (
        "update",
        Texts(
            "Update",
            "The file replaces your values. Blanks change nothing.",
            "duplicates updated",
            "After updating",
        ),
        Rule.REPLACE,
        Outcome.UPDATED,
    )
    MERGE = (
        "merge",
        Texts(
            "Merge",
            "Only blank fields are filled.",
            "duplicates merged",
            "After merging",
        ),
        Rule.FILL,
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
        return self.rule is not Rule.KEEP


class Variant(NamedTuple):
    """What a person chooses once the rows are checked; each variant has a preview of its own."""

    strategy: Strategy
    create_new: bool = True  # rows that match no contact become contacts
    hold_other_names: bool = False  # another person behind a row's key is a conflict

    @property
    def writes_nothing(self) -> bool:
        """Whether no row could write anything."""
        return not self.create_new and not self.strategy.writes_to_matches


# Their previews are computed unasked.
USUAL = tuple(map(Variant, Strategy))
