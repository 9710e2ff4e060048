"""How often a value stands in the book, in a few megabytes however large that is."""

import zlib
from array import array
from math import log2

CELLS = 1 << 22
MOST = 65_000
# In a smaller book a value is taken to be as rare as in one of so many: few share it by chance.
LEAST = 1_000
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
        return min(log2(max(max(self.contacts, LEAST) / often, 1)), MOST_BITS)

    def packed(self) -> bytes:
        """The counts as bytes, to be kept; `unpacked` reads them."""
        return zlib.compress(memoryview(self.cells), level=1)


def unpacked(packed: bytes, contacts: int) -> Counts:
    """The counts that were kept, of so many contacts."""
    counts = Counts()
    counts.cells = array("H", zlib.decompress(packed))
    counts.contacts = contacts
    return counts
