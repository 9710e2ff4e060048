"""Words for nothing: what is read as blank.

Asked of a column at a time: one look whether any of its cells is such a word in a usual spelling.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product

from webapp.folding import folded
from webapp.vocabulary.blank_words import (
    BLANK_WORDS,
    BUT_IN_NAMES,
    BUT_IN_NOTES,
    EVERYWHERE,
    MEANT,
)
from webapp.vocabulary.fields import FULL_NAMES, NAMES

NAMED = {*NAMES, *FULL_NAMES}  # where a word may be what a person is called
DIFFERING = {"email", "phone", "birthday"}  # columns of which the values should differ
CASED_LETTERS = 4  # of a word, up to which it is known in every case of each letter


class BlankWords:
    """Which words are read as blank in which column: those given, or the usual ones."""

    def __init__(self, words: Sequence[str] | None, clear_token: str | None) -> None:
        given = {folded(word.strip()) for word in words or ()} - {""}
        usual = words is None
        self.own = given - _USUAL
        self.in_names, self.in_notes = (
            kind if usual else kind & given for kind in (_BUT_IN_NAMES, _BUT_IN_NOTES)
        )
        self.everywhere = _EVERYWHERE if usual else (_EVERYWHERE & given) | self.own
        # Who gives a word for notes means it; and the clear token comes first.
        self.noted = frozenset() if usual else self.in_notes
        self.without = frozenset() if clear_token is None else frozenset({folded(clear_token)})

    def of(self, target: str) -> tuple[frozenset[str], frozenset[str]]:
        """The words that are blank in a column of this target, and those that stay with a
        warning; folded.
        """
        if target in NAMED:
            return self.everywhere - self.without, (
                self.in_names | self.in_notes
            ) - self.without

        words = self.everywhere | self.in_names | self.in_notes
        if target == "notes":
            words -= self.in_notes - self.noted

        return words - MEANT.get(target, frozenset()) - self.without, frozenset()


def usual_word(texts: Iterable[str]) -> str | None:
    """The first of the texts that is a usual word for nothing."""
    return next((text for text in texts if folded(text.strip()) in _USUAL), None)


@lru_cache(maxsize=64)
def spellings(words: frozenset[str]) -> frozenset[str]:
    """Each word as people write it: in capitals, small, with capitals where its parts begin; a
    short one in every way.
    """
    return frozenset(text for word in words for text in _spelled(word))


def _spelled(word: str) -> Iterator[str]:
    yield from (word, word.upper(), word.title())
    for parts in product(*((part, part.capitalize()) for part in word.split(" "))):
        yield " ".join(parts)

    if sum(map(str.isalpha, word)) <= CASED_LETTERS:
        for letters in product(*({letter, letter.upper()} for letter in word)):
            yield "".join(letters)


_EVERYWHERE, _BUT_IN_NAMES, _BUT_IN_NOTES, _USUAL = (
    frozenset(map(folded, words))
    for words in (EVERYWHERE, BUT_IN_NAMES, BUT_IN_NOTES, BLANK_WORDS)
)
