"""What the rows of a file say of its columns, beyond themselves: counts, and the orders of day and
month that dates prove.

Rows are looked at a block at a time, and what each block says is added in the order of the file. So
blocks may be judged at once, by several processes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FEWEST_ALIKE = 3  # rows; two may share a phone
MOST_WORDS = 8  # of a column, that are counted one by one
MOST_OFTEN = 4  # values of a column that may turn out to fill more than half of it
LONGEST_OFTEN = 100  # characters of such a value

Frequent = dict[int, list[str]]
"""The values that are counted, by column: each filled more than half of some block."""


@dataclass
class ColumnCounts:
    """What is counted of a column: filled cells, the words that were read as blank, and values that
    filled more than half of a block.
    """

    filled: int = 0
    blanked: Counter[str] = field(default_factory=Counter)
    often: Counter[str] = field(default_factory=Counter)

    def blank(self, text: str) -> None:
        """Count a cell that was read as blank, by its word."""
        self.blanked[text] += 1

    def see(self, texts: Sequence[str]) -> None:
        """Count the values of a block of a column whose values should differ."""
        filled = len(texts) - texts.count("")
        self.filled += filled

        for text in self.often:
            self.often[text] += texts.count(text)

        # A value that fills more than half leaves at most so many others, and the blank.
        if len(set(texts)) > filled / 2 + 2 or len(self.often) == MOST_OFTEN:
            return

        for text, cells in Counter(filter(None, texts)).most_common(1):
            if cells * 2 > filled and len(text) <= LONGEST_OFTEN:
                self.often.setdefault(text, cells)

    def add(self, block: "ColumnCounts") -> None:
        """Add the counts of the next block; words beyond the first ones are counted under none."""
        self.filled += block.filled
        self.often.update(block.often)

        for text, cells in block.blanked.items():
            known = text in self.blanked or len(self.blanked) < MOST_WORDS
            self.blanked[text if known else ""] += cells

    def as_json(self) -> dict[str, Any]:
        return {
            "filled": self.filled,
            "blanked": dict(self.blanked),
            "often": dict(self.often),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ColumnCounts":
        return cls(value["filled"], Counter(value["blanked"]), Counter(value["often"]))

    def told(self, column: int) -> Iterator[dict[str, Any]]:
        """What is said of the column at the end: `code`, `column`, `value` and how many `cells`."""
        for text, cells in sorted(
            self.blanked.items(), key=lambda found: (-found[1], found[0])
        ):
            yield {"code": "read_as_blank", "column": column, "value": text, "cells": cells}
        for text, cells in self.often.most_common(1):
            if cells * 2 > self.filled and cells >= FEWEST_ALIKE:
                yield {
                    "code": "value_repeated",
                    "column": column,
                    "value": text,
                    "cells": cells,
                }


@dataclass
class SeenColumns:
    """What some rows say of their columns: counts, by column, and `date_orders`, the orders of day
    and month that their dates prove: dmy, mdy or both.
    """

    counts: dict[int, ColumnCounts] = field(default_factory=dict)
    date_orders: set[str] = field(default_factory=set)

    @classmethod
    def knowing(cls, frequent: Frequent) -> "SeenColumns":
        """Nothing seen yet; values that are known to be frequent are counted from the first row."""
        return cls(
            {
                index: ColumnCounts(often=Counter(dict.fromkeys(texts, 0)))
                for index, texts in frequent.items()
            }
        )

    def frequent(self) -> Frequent:
        """The values that are counted."""
        return {
            index: list(counts.often) for index, counts in self.counts.items() if counts.often
        }

    def of(self, column: int) -> ColumnCounts:
        """The counts of one column."""
        return self.counts.setdefault(column, ColumnCounts())

    def add(self, block: "SeenColumns") -> None:
        """Add what the next block says. It must have known the values that are frequent by now."""
        self.date_orders |= block.date_orders
        for index, counts in block.counts.items():
            self.of(index).add(counts)

    def as_json(self) -> dict[str, Any]:
        return {
            "date_orders": sorted(self.date_orders),
            "columns": {str(index): counts.as_json() for index, counts in self.counts.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "SeenColumns":
        columns = value.get("columns", {})
        return cls(
            {int(index): ColumnCounts.from_json(counts) for index, counts in columns.items()},
            set(value["date_orders"]),
        )

    def told(self) -> list[dict[str, Any]]:
        """What the counts say, column by column."""
        return [
            told for index in sorted(self.counts) for told in self.counts[index].told(index)
        ]
