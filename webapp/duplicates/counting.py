"""How often a value stands in the book, in a few megabytes whatever its size."""

import zlib
from array import array

CELLS = 1 << 20
MOST = 65_000


class Counts:
    """Counts of texts by their hashes. A count may be too high where two fall together."""

    def __init__(self) -> None:
        self.cells = array("H", bytes(2 * CELLS))

    def add(self, text: str) -> None:
        """Count the text once more."""
        cell = zlib.crc32(text.encode()) % CELLS
        if self.cells[cell] < MOST:
            self.cells[cell] += 1

    def of(self, text: str) -> int:
        """How often it was added, at least."""
        return self.cells[zlib.crc32(text.encode()) % CELLS]
