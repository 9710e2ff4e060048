"""Which row is the header, and what its labels are; the same for text and workbooks."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from webapp.limits import (
    HEADER_CELLS,
    LABEL_CHARS,
    SAMPLE_CELL_CHARS,
    SAMPLE_CHARS,
    SAMPLE_ROWS,
)
from webapp.reading.formulas import unprotected
from webapp.reading.labels import named
from webapp.reading.records import Dialect, Head, Limits, Record, column_names
from webapp.vocabulary.refusals import Refusal

ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")
HEADER_WITHIN = 20  # filled rows
LEAST_NAMING = 2  # fields that a row names; one alone may be a word of a sentence
NUMBER = re.compile(r"[+(\d][\d\s()./:,-]{4,}")


def head_of(
    records: Sequence[Record],
    dialect: Dialect,
    header_row: int | None,
    limits: Limits,
    *,
    certain: bool,
) -> Head:
    """Header, labels and sample from the first records of a file; `header_row` is the person's
    word, 0 for none.

    Raises Refusal where there is nothing, and where there are more columns than `limits`
    allow.
    """
    filled = _filled(records)
    if not filled:
        raise Refusal("empty_file")

    header = header_of(filled) if header_row is None else _chosen(filled, header_row)
    headings = _headings(filled, header)
    rows = [record.cells for record in filled if header is None or record.row > header.row]
    widths = [_width(row) for row in rows]
    width = max(len(header.cells), _usual(widths)) if header else max(widths)
    if width > limits.max_columns:
        raise Refusal("too_many_columns", found=f"{width:,}", limit=limits.max_columns)

    columns = labels_of(_under(headings, header.cells)[:width] if header else [], width)
    dialect = replace(dialect, header_row=header.row if header else 0, width=len(columns))
    shown = min(SAMPLE_CELL_CHARS, SAMPLE_CHARS // (SAMPLE_ROWS * width))
    sample = [
        [cell[:shown].replace("\0", "") for cell in row[:width]] for row in rows[:SAMPLE_ROWS]
    ]

    return Head(dialect, columns, sample, [], certain)


def likeliest(sheets: Sequence[Sequence[Record]]) -> int:
    """Which of several tables, by their first records, holds the contacts: the first with known
    labels above rows, or else the first with rows.
    """
    return min(range(len(sheets)), key=lambda index: (_rank(sheets[index]), index))


def _rank(records: Sequence[Record]) -> int:
    header = header_of(_filled(records))
    known = sum(1 for cell in header.cells[:HEADER_CELLS] if named(cell)) if header else 0
    rows = len(_filled(records)) - rows_above(records)
    return 3 if not rows else 2 if known < 2 else 1  # noqa: PLR2004


def rows_above(records: Sequence[Record]) -> int:
    """How many rows with text stand above the contacts, the header with them."""
    header = header_of(_filled(records))
    return sum(1 for record in _filled(records) if header and record.row <= header.row)


def _filled(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if any(map(str.strip, record.cells))]


def _chosen(filled: Sequence[Record], header_row: int) -> Record | None:
    found = next((record for record in filled if record.row == header_row), None)
    if found is None and header_row:
        raise Refusal("unknown_header_row", at="/header_row", row=header_row)
    return found


def _headings(filled: Sequence[Record], header: Record | None) -> list[str]:
    """The cells of a row right above the header that heads groups of its columns, empty where
    there is none.
    """
    above = next((one for one in filled if header and one.row == header.row - 1), None)
    if above is None or sum(1 for cell in above.cells if cell.strip()) < LEAST_NAMING:
        return []
    return list(above.cells)


def _under(headings: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The labels, where a blank one takes the heading above: a cell merged over both rows."""
    width = max(len(labels), len(headings))
    lower = [*labels, *[""] * (width - len(labels))]
    upper = [*headings, *[""] * (width - len(headings))]
    return [
        low if low.strip() else high if named(high) else ""
        for low, high in zip(lower, upper, strict=True)
    ]


def header_of(filled: Sequence[Record]) -> Record | None:
    """The row that names the columns: lines above it are a preamble.

    None where the file begins with data.

    Among the rows that name at least two fields it is the one that names most of them, the first
    of several: facts above it ("Name: Members") and headings of groups name fewer. Else it is the
    first row as wide as most are.
    """
    naming = [_naming(record) for record in filled[:HEADER_WITHIN]]
    if max(naming) >= LEAST_NAMING:
        return filled[naming.index(max(naming))]

    width = _usual(_width(record.cells) for record in filled)
    for index, record in enumerate(filled):
        if _width(record.cells) >= width:
            cells = record.cells[:HEADER_CELLS]
            data = _looks_like_data(cells) or _is_like(cells, filled[index + 1 :])
            return None if data else record

    return None


def _naming(record: Record) -> int:
    """How many fields a row's labels name; 0 for a row with values."""
    cells = record.cells[:HEADER_CELLS]
    if _has_address(cells):
        return 0

    labels = [cell for cell in cells if cell.strip() and len(cell) <= LABEL_CHARS]
    targets = {found.target for label in labels if (found := named(label))}
    return len(targets) if 2 * len(targets) >= _values(cells) else 0


def _is_like(cells: Sequence[str], below: Sequence[Record]) -> bool:
    """Whether a row without a known label is one like those below it: a value of its stands
    again in the same column.

    A header that is repeated on every page does not count.
    """
    plain = [cell.strip() for cell in cells]
    if any(named(cell) for cell in plain if cell):
        return False

    rows = [[cell.strip() for cell in record.cells] for record in below]
    return any(
        cell and row != plain and index < len(row) and row[index] == cell
        for row in rows
        for index, cell in enumerate(plain)
    )


def _width(cells: Sequence[str]) -> int:
    """How far to the right there is text: spreadsheets fill short lines up with delimiters."""
    return max((index for index, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _usual(widths: Iterable[int]) -> int:
    """The width that occurs most often, the smaller of two; 0 where there is none."""
    return max(sorted(Counter(widths).items()), key=lambda item: item[1], default=(0, 0))[0]


def _values(cells: Sequence[str]) -> int:
    return sum(
        1
        for cell in cells
        if ADDRESS.fullmatch(cell.strip()) or NUMBER.fullmatch(cell.strip())
    )


def _has_address(cells: Sequence[str]) -> bool:
    return any(ADDRESS.fullmatch(cell.strip()) for cell in cells)


def _looks_like_data(cells: Sequence[str]) -> bool:
    """Whether a row holds values rather than labels: an address, a link, or a number of
    several digits.
    """
    texts = [cell.strip() for cell in cells]
    return _values(cells) > 0 or any(
        text.startswith(("http://", "https://")) for text in texts
    )


def labels_of(cells: Sequence[str], width: int) -> list[str]:
    """The header's labels on one line each; blank and missing ones are named by their letter."""
    names = column_names(max(width, len(cells)))
    return [
        _label(cell) or name
        for cell, name in zip([*cells, *[""] * (len(names) - len(cells))], names, strict=True)
    ]


def _label(cell: str) -> str:
    plain = "".join(
        c if c.isprintable() else " " for c in unprotected(cell).strip()[: 4 * LABEL_CHARS]
    )
    return " ".join(plain.split())[:LABEL_CHARS]
