"""Files that hold one table after the other in a single stream: OpenDocument, the XML of Excel
2003, web pages, old workbooks. Their readers give cells to a `Builder`, which makes rows of them.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from webapp.limits import (
    KEPT_CELL_CHARS,
    LOOK_ROWS,
    ROW_BYTES,
    SNIFFED_RECORDS,
    TEXT_BYTES,
    TEXT_RATIO,
    WORKBOOK_LIST_ENTRIES,
)
from webapp.reading import headers
from webapp.reading.records import (
    Choices,
    Dialect,
    Head,
    Limits,
    Position,
    Record,
    Sheet,
)
from webapp.reading.xlsx_cells import ERROR, HIDDEN, LAST_ROW
from webapp.vocabulary.refusals import Refusal

Rows = Iterable[tuple[str, Record]]
"""Rows with text, each with the name of its table, one table after the other."""


class _Row(NamedTuple):
    record: Record
    repeated: int


class LookedEnough(Exception):  # noqa: N818 - an end, no error
    """As much of the file was read as a look at its head may take, down to the row `row`."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


class Builder:
    """Cells of one table after the other → rows with text. Bounds what comes out, and, for a look
    at the head, what is read: `most_bytes` of the file, past which it raises LookedEnough.
    """

    def __init__(self, limits: Limits, file_size: int, most_bytes: int | None = None) -> None:
        self.limits = limits
        self.most_bytes = most_bytes
        self.text_left = TEXT_BYTES + TEXT_RATIO * file_size
        self.sheet, self.sheets = "", 0
        self.row = 0
        self.offset = 0
        self._ready: list[tuple[str, _Row]] = []
        self._open: list[tuple[int, int, str]] = []  # column, last row, text of merged cells
        self._begin_row(is_hidden=False)

    def begin_sheet(self, name: str) -> None:
        """A table begins; one without a name has a number."""
        self.sheets += 1
        if self.sheets > WORKBOOK_LIST_ENTRIES:
            raise Refusal("workbook_too_large")
        self.sheet = name[:200] or f"Table {self.sheets}"
        self.row, self._open = 0, []

    def begin_row(self, number: int | None = None, *, is_hidden: bool = False) -> None:
        """A row begins, the next one unless it has a number."""
        row = self.row + 1 if number is None else number
        if not self.row < row:
            raise Refusal("workbook_broken")
        self.row = row
        self._begin_row(is_hidden=is_hidden)

    def _begin_row(self, *, is_hidden: bool) -> None:
        self.cells: list[str] = []
        self.column, self.size = 0, 0
        self.problem = HIDDEN if is_hidden else None

    def cell(
        self, text: str, *, index: int | None = None, repeated: int = 1, down: int = 0
    ) -> None:
        """A cell, at the next place unless it has an index from 0; merged over `down` further
        rows.
        """
        if index is not None:
            if index < self.column:
                raise Refusal("workbook_broken")
            self.column = index

        most = self.limits.max_columns
        if text.strip():
            if len(text) > self.limits.max_cell_chars:
                text, self.problem = text[:KEPT_CELL_CHARS], "cell_too_long"
            for column in range(min(self.column, most), min(self.column + repeated, most + 1)):
                self.cells.extend([""] * (column - len(self.cells) + 1))
                self.cells[column] = text
                self.size += len(text)
                if self.size > ROW_BYTES:
                    raise Refusal("workbook_too_large")
            if down > 0:
                self._open.append((min(self.column, most), self.row + down, text))

        self.column += repeated

    def wrong(self) -> None:
        """The cell at hand holds an error."""
        self.problem = ERROR if self.problem in {None, HIDDEN} else self.problem

    def end_row(self, repeated: int = 1) -> None:
        """The row ends; it stands in the table several times where it is repeated."""
        begin, self.row = self.row, self.row + max(repeated, 1) - 1
        if self._open and self.cells:
            self._open = [found for found in self._open if found[1] >= begin]
            for column, _, text in self._open:
                self.cells.extend([""] * (column - len(self.cells) + 1))
                self.cells[column] = self.cells[column] or text
        if not self.cells and self.problem in {None, HIDDEN}:
            return
        if self.row > LAST_ROW:
            raise Refusal("workbook_broken")

        record = Record(
            begin, self.cells, self.problem, Position(self.offset, begin), self.size
        )
        self._ready.append((self.sheet, _Row(record, max(repeated, 1))))

    def ready(self) -> Iterator[tuple[str, Record]]:
        """The rows that are complete, and have not been given yet."""
        found, self._ready = self._ready, []
        for sheet, (record, repeated) in found:
            for row in range(record.row, record.row + repeated):
                self.text_left -= record.size
                if self.text_left < 0:
                    raise Refusal("workbook_too_large")
                yield (
                    sheet,
                    record._replace(row=row, position=Position(record.position.offset, row)),
                )

        if self.most_bytes is not None and self.offset >= self.most_bytes:
            raise LookedEnough(self.row)


def head_of(rows: Rows, name: str, chosen: Choices, limits: Limits) -> Head:
    """The head of the chosen table, or of the likeliest; all are offered with how many rows they
    have, as far as a look at `LOOK_ROWS` rows counts them. Raises Refusal where there is none.
    """
    first: dict[str, list[Record]] = {}
    counts: Counter[str] = Counter()
    last = None
    looked_down_to = None

    try:
        for sheet, record in itertools.islice(rows, LOOK_ROWS):
            counts[sheet] += 1
            last = sheet
            known = first.setdefault(sheet, [])
            if len(known) < SNIFFED_RECORDS:
                known.append(record)
    except LookedEnough as end:
        looked_down_to = end.row

    if not first and looked_down_to is not None:
        raise Refusal("no_rows_at_the_top", looked_at=f"{looked_down_to:,}")
    if not first or (chosen.sheet is not None and chosen.sheet not in first):
        raise Refusal("empty_file")

    names = list(first)
    sheet = chosen.sheet or names[headers.likeliest(list(first.values()))]
    found = headers.head_of(
        first[sheet],
        Dialect(name, None, None, sheet, 0),
        chosen.header_row,
        limits,
        certain=True,
    )
    is_whole = looked_down_to is None and counts.total() < LOOK_ROWS
    cut = None if is_whole else last

    return replace(
        found,
        sheets=[
            Sheet(one, None if one == cut else counts[one] - headers.rows_above(first[one]))
            for one in names
        ],
    )


def records_of(rows: Rows, sheet: str | None, start: Position | None) -> Iterator[Record]:
    """The rows of one table after `start`; of the first one where none is named."""
    after = start.row if start else 0
    for name, record in rows:
        if sheet is None:
            sheet = name
        if name == sheet and record.row > after:
            yield record
