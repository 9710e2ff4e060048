"""Lists without a delimiter: columns that blanks fill up, and addresses one after the other as a
mail program copies them.

A record ends where its line or address does, so reading goes on from any of them.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from webapp.limits import COLUMNS, KEPT_CELL_CHARS, KEPT_LINE_CHARS, ROW_BYTES
from webapp.reading import lines
from webapp.reading.records import Dialect, Position, Record

ADDRESSES = "addresses"
COLUMNS_AT = "columns_at:"  # and the numbers of the characters with which columns begin
OVERRUN = "column_overrun"
SEEN = 60  # lines

_RULE = re.compile(r"[-=_+|*~\s\u2500-\u257f]*(?:-{3}|={3}|_{3}|\*{3}|~{3}|[\u2500-\u257f]{3}|-\+-)"
                   r"[-=_+|*~:\s\u2500-\u257f]*")  # fmt: skip
_RULED_COLUMNS = re.compile(r"(?:(?:-+|=+)[ ]+)+(?:-+|=+)\s*")
_TOKEN = re.compile(r"\S+(?: \S+)*")
_GAP = re.compile(r"\S {2,}\S")
# Up to the sign behind an address, which quotes, comments and angle brackets may hold as well.
_PIECE = re.compile(
    r'(?:[^,;"<(\r\n]|"[^"\r\n]*"|<[^<>\r\n]*>|\([^()\r\n]*\)|["<(])*+(?:[,;]\s*|[\r\n]+|$)'
)
_ADDRESS = re.compile(
    r"""(?:(?:to|cc|bcc|from|an|von|à|de|para|a|da|aan|van)\s*:\s*)?
    (?:mailto:)?(?:[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;".]+
    |(?:"[^"]*"|[^"<>@,;]*)\s*<\s*[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;".]+\s*>)""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESSEE = re.compile(
    r"(?:to|cc|bcc|from|an|von|à|de|para|a|da|aan|van)\s*:\s*", re.IGNORECASE
)
LEAST_ADDRESSES = 2


def is_rule(cells: Sequence[str]) -> bool:
    """Whether a row is a line that a program drew between rows: `-----`, `|---|---|`."""
    text = "|".join(cells)
    return len(text) <= KEPT_LINE_CHARS and _RULE.fullmatch(text) is not None


def is_one(layout: tuple[str, ...]) -> bool:
    """Whether the layout is one of these."""
    return any(name == ADDRESSES or name.startswith(COLUMNS_AT) for name in layout)


def layout_of(seen: Sequence[str], *, parted: bool) -> tuple[str, ...]:
    """The layout of such a list by its first lines, () where it is none; `parted` says that a
    delimiter was found.
    """
    filled = [line.rstrip("\r\n") for line in seen if line.strip()][:SEEN]
    if _are_addresses(filled):
        return (ADDRESSES,)

    begins = [] if parted else _begins(filled)
    return (COLUMNS_AT + ",".join(map(str, begins)),) if len(begins) > 1 else ()


def has_columns(seen: Sequence[str]) -> bool:
    """Whether most lines hold gaps as columns do."""
    filled = [line for line in seen if line.strip()][:SEEN]
    return 2 * sum(1 for line in filled if _GAP.search(line.strip())) > len(filled)


def _are_addresses(filled: Sequence[str]) -> bool:
    pieces = [
        [piece for found in _PIECE.findall(line) if (piece := found.strip(" \t,;\r\n"))]
        for line in filled
        if len(line) <= ROW_BYTES
    ]
    counts = {len(of_line) for of_line in pieces}
    if sum(map(len, pieces)) < LEAST_ADDRESSES or counts <= {1}:
        return False

    # As many in each of several lines, none with a sign at its end, is a table of addresses.
    if len(filled) > 2 and len(counts) == 1 and not filled[0].rstrip().endswith((",", ";")):  # noqa: PLR2004
        return False
    return all(_ADDRESS.fullmatch(piece) for of_line in pieces for piece in of_line)


def _begins(filled: Sequence[str]) -> list[int]:
    """Where columns begin: by a rule of dashes under the names, else by the names."""
    if any("\t" in line for line in filled) or len(filled) < 2:  # noqa: PLR2004
        return []

    ruled = next((line for line in filled if _RULED_COLUMNS.fullmatch(line)), None)
    rows = [line for line in filled if not is_rule([line])]
    begins = [found.start() for found in _TOKEN.finditer(rows[0])] if rows else []
    if ruled:
        begins = [found.start() for found in re.finditer(r"\S+", ruled)]
        rows = rows[max(0, filled.index(ruled) - 1) :]

    begins = [0, *begins[1:]] if begins else []
    for begin in begins[1:]:
        before = sum(1 for row in rows if row[begin - 1 : begin].strip())
        there = sum(1 for row in rows if row[begin : begin + 1].strip())
        if (before and not ruled) or 2 * (before if ruled else len(rows) - there) > len(rows):
            return []

    return begins if len(begins) <= COLUMNS else []


def records(
    found: Iterator[lines.Line], dialect: Dialect, codec: str, begin: Position, longest: int
) -> Iterator[Record]:
    """The records of such a list."""
    names = [name for name in dialect.layout if name.startswith(COLUMNS_AT)]
    if names:
        begins = [int(number) for number in names[0].removeprefix(COLUMNS_AT).split(",")]
        return _in_columns(found, begins, begin)
    return _one_by_one(found, codec, begin, longest)


def _in_columns(
    found: Iterator[lines.Line], begins: list[int], begin: Position
) -> Iterator[Record]:
    offset, row = begin
    ends = [*begins[1:], None]

    for text, size, problem in found:
        line = text.rstrip("\r\n")[:KEPT_LINE_CHARS]
        cells = [line[first:end].strip() for first, end in zip(begins, ends, strict=True)]
        is_cut = any(
            line[at - 1 : at].strip() and line[at : at + 1].strip() for at in begins[1:]
        )
        is_rule_line = is_rule([line])
        offset, row = offset + size, row + 1
        if is_rule_line:
            cells = [line]
        elif is_cut:
            problem = problem or OVERRUN  # noqa: PLW2901
        yield Record(row, cells, problem, Position(offset, row), size)


def _one_by_one(
    found: Iterator[lines.Line], codec: str, begin: Position, longest: int
) -> Iterator[Record]:
    offset, row = begin

    for text, size, problem in found:
        # What can't be measured piece by piece stays together.
        ends = [0, *(piece.end() for piece in _PIECE.finditer(text) if piece[0])]
        pieces = [text[first:end] for first, end in pairwise(ends)]
        sizes = (
            [len(piece.encode(codec, "surrogatepass")) for piece in pieces]
            if not problem
            else []
        )
        if sum(sizes) != size:
            pieces, sizes = [text], [size]

        for piece, length in zip(pieces, sizes, strict=True):
            offset, row = offset + length, row + 1
            cell = _ADDRESSEE.sub("", piece.strip(" \t,;\r\n"), count=1)
            told = problem
            if len(cell) > longest:
                cell, told = cell[:KEPT_CELL_CHARS], problem or "cell_too_long"
            yield Record(row, [cell], told, Position(offset, row), length)


__all__ = ["ADDRESSES", "COLUMNS_AT", "OVERRUN", "is_one", "is_rule", "layout_of", "records"]
