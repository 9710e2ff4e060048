"""Find the pairs: contacts in, one at a time, and pairs out, the most certain first.

Memory grows with the keys and the pairs that share one, 8 bytes each; the contacts stand in a
temporary file meanwhile.
"""

import heapq
import os
import tempfile
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from webapp.duplicates import blocking, people, scoring
from webapp.duplicates.counting import Counts
from webapp.duplicates.people import Person
from webapp.duplicates.weights import LISTED_FROM

PARTS = 64  # of the keys, taken one after the other
MOST_PAIRS = 100_000  # that are kept, the most certain
BETWEEN = "\x1f"
BITS = 27  # of a key, by which it is told whether a row has it: 16 MB
MASK = (1 << BITS) - 1


class Pair(NamedTuple):
    """Two contacts by number, the smaller one first, with the weight of evidence in bits."""

    score: float
    low: int
    high: int
    evidence: tuple[str, ...]


class Search:
    """One search of a book: `add` each contact, then `pairs`. The same book gives the same pairs,
    in any order of its contacts.

    `compared` counts comparisons. Close it at the end.
    """

    def __init__(self) -> None:
        self.compared = 0
        self.counts = Counts()
        self.hashes = [array("I") for _ in range(PARTS)]
        self.holders = [array("I") for _ in range(PARTS)]
        self.together = [array("Q") for _ in range(PARTS)]  # low << 32 | high
        self.weakly = [
            array("Q") for _ in range(PARTS)
        ]  # the same of those that share a weak key
        self.firsts = array("I")  # their given names
        self.places = array("Q", [0])
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the search

    def close(self) -> None:
        """Drop the contacts."""
        self.file.close()

    def add(self, values: Sequence[Any]) -> None:
        """Take a contact, as the values of `people.COLUMNS`."""
        one = people.person(values)
        self._count(one)
        self._keep(one, blocking.keys(one))

    def _count(self, one: Person) -> None:
        self.counts.contacts += 1
        for text in scoring.counted(one):
            self.counts.add(text)

    def _keep(self, one: Person, keys: Iterable[int]) -> None:
        number = len(self.places) - 1
        line = BETWEEN.join(one).encode(errors="replace")
        self.file.write(line)
        self.places.append(self.places[-1] + len(line))
        self.firsts.append(blocking.first(one))
        for key in keys:
            self.hashes[key % PARTS].append(key)
            self.holders[key % PARTS].append(number)

    def pairs(self, progress: Callable[[float], None] = lambda _share: None) -> list[Pair]:
        """What was found; `progress` is told which share of the work is done, from 0 to 1."""
        self.file.flush()
        for part in range(PARTS):
            self._block(part)
            progress((part + 1) / PARTS / 2)

        kept: list[Pair] = []
        for part in range(PARTS):
            for pair in self._compared(part):
                if len(kept) < MOST_PAIRS:
                    heapq.heappush(kept, pair)
                else:
                    heapq.heappushpop(kept, pair)
            progress(0.5 + (part + 1) / PARTS / 2)

        return sorted(kept, key=_most_certain)

    def _block(self, part: int) -> None:
        blocks: dict[int, list[int]] = defaultdict(list)
        for key, number in zip(self.hashes[part], self.holders[part], strict=True):
            blocks[key].append(number)
        self.hashes[part], self.holders[part] = array("I"), array("I")

        for key, block in blocks.items():
            if self._is_of_use(block):
                self._pair(key, block)

    def _pair(self, key: int, block: list[int]) -> None:
        """Note which of a block meet."""
        kind, reach = blocking.kind_of(key), len(block)
        if reach > blocking.LARGEST:
            block.sort(key=lambda number: _order(self._person(number)))
            reach = blocking.NEXT

        for low, high in self._met(block, reach):
            is_weak = kind is blocking.Kind.WEAK or (
                kind is blocking.Kind.NAME and self.firsts[low] == self.firsts[high]
            )
            pairs = self.weakly if is_weak else self.together
            pairs[low % PARTS].append(low << 32 | high)

    def _taken(self, part: int) -> list[int]:
        """The pairs to be compared, each once: those that share a key, or two weak ones."""
        weak = sorted(self.weakly[part])
        found = {one for one, other in pairwise(weak) if one == other}
        found.update(self.together[part])
        self.together[part], self.weakly[part] = array("Q"), array("Q")
        self.compared += len(found)

        return sorted(found)

    def _is_of_use(self, block: list[int]) -> bool:
        """Whether any two of it are to be compared."""
        return len(block) > 1

    def _met(self, block: list[int], reach: int) -> Iterator[tuple[int, int]]:
        """Which of a block are compared, the smaller number first: each with the next so many."""
        for place, one in enumerate(block):
            for other in block[place + 1 : place + 1 + reach]:
                yield (one, other) if one < other else (other, one)

    def _compared(self, part: int) -> Iterator[Pair]:
        # Each is read once for all it meets.
        for number, met in groupby(self._taken(part), key=lambda pair: pair >> 32):
            one = self._person(number)
            for pair in met:
                # By their ids, so that the order in which they came makes no difference.
                low, high = sorted(
                    (one, self._person(pair & 0xFFFFFFFF)), key=lambda each: int(each.id)
                )
                if found := self._judged(low, high):
                    yield found

    def _judged(self, one: Person, other: Person) -> Pair | None:
        """The two as a pair; None where they are likelier two people than one."""
        weight, found = scoring.score(one, other, self.counts)
        if weight < LISTED_FROM:
            return None

        return Pair(round(weight, 2), int(one.id), int(other.id), tuple(found))

    def _person(self, number: int) -> Person:
        start, end = self.places[number], self.places[number + 1]
        line = os.pread(self.file.fileno(), end - start, start)
        return Person(*line.decode().split(BETWEEN))


class RowSearch(Search):
    """Contacts that the rows of a file look like: `add_row` each row, then `add` each contact of
    the book, then `pairs`. A pair is of a row, by its number in the file, and the contact most
    like it.

    Memory grows with the rows, and with the contacts that share a key with one of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0
        self.bits = bytearray(1 << (BITS - 3))  # one for each key of a row, by its hash

    def add_row(self, values: Sequence[Any]) -> None:
        """Take a row, as the values of `people.COLUMNS` with its number in place of an ID."""
        one = people.person(values)
        keys = blocking.keys(one)
        for key in keys:
            self.bits[(key & MASK) >> 3] |= 1 << (key & 7)
        self._count(one)
        self._keep(one, keys)
        self.rows += 1

    def add(self, values: Sequence[Any]) -> None:
        """Take a contact; it is kept where a row has one of its keys."""
        one = people.person(values)
        self._count(one)
        keys = [
            key for key in blocking.keys(one) if self.bits[(key & MASK) >> 3] & 1 << (key & 7)
        ]
        if keys:
            self._keep(one, keys)

    def _is_of_use(self, block: list[int]) -> bool:
        # In the order in which they came, so rows first.
        return block[0] < self.rows <= block[-1]

    def _met(self, block: list[int], reach: int) -> Iterator[tuple[int, int]]:
        """Each row with the contacts that stand next to it, on both sides."""
        contacts = [place for place, number in enumerate(block) if number >= self.rows]
        for place, row in enumerate(block):
            if row < self.rows:
                at = bisect_left(contacts, place)
                for near in contacts[max(at - reach, 0) : at + reach]:
                    yield row, block[near]

    def _compared(self, part: int) -> Iterator[Pair]:
        for number, met in groupby(self._taken(part), key=lambda pair: pair >> 32):
            row = self._person(number)
            likely = [
                found
                for pair in met
                if (found := self._judged(row, self._person(pair & 0xFFFFFFFF)))
            ]
            if likely:
                yield min(likely, key=_most_certain)


def _most_certain(pair: Pair) -> tuple[float, int, int]:
    return -pair.score, pair.low, pair.high


def _order(one: Person) -> tuple[str, str, str, str, str, int]:
    """Alike next to each other, and never by chance."""
    return one.heard, one.given, one.birthday, one.street, one.company, int(one.id)
