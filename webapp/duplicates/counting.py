"""How often a value stands in the book, in a few megabytes however large that is."""

import zlib
from array import array
from math import log2

CELLS = 1 << 22
MOST = 65_000
MOST_BITS = 14.0  # since who is named once may still have a namesake outside the book


class Counts:
    """Counts of texts by their hashes. A count may be too high where two fall together."""

    def __init__(self) -> None:
        self.cells = array("H", bytes(2 * CELLS))
        self.contacts = 0  # that the texts are of

    def add(self, text: str) -> None:
        """Count the text once more."""
        cell = zlib.crc32(text.encode()) % CELLS
        if self.cells[cell] < MOST:
            self.cells[cell] += 1

    def of(self, text: str) -> int:
        """How often it was added, at least."""
        return self.cells[zlib.crc32(text.encode()) % CELLS]

    def bits(self, text: str) -> float:
        """What two who share it by chance tell: log2 of how many contacts there are to each that
        has it, from 0 to MOST_BITS.
        """
        often = max(self.of(text), 1)
        return min(log2(max(self.contacts / often, 1)), MOST_BITS)
