"""A row of a sheet → its number, cells and problem."""

import re
from typing import NamedTuple

from webapp.limits import KEPT_CELL_CHARS, ROW_BYTES, ROW_CELLS, WORKBOOK_CELLS
from webapp.reading.lines import TOO_LONG
from webapp.reading.records import Limits
from webapp.reading.xlsx_formats import Format, shown
from webapp.reading.xlsx_merges import Merges
from webapp.reading.xlsx_pieces import Pieces, plain
from webapp.reading.xlsx_strings import SharedStrings, text_of, unescaped
from webapp.reading.xlsx_xml import Element, local
from webapp.vocabulary.refusals import Refusal

LAST_ROW = 1_048_576
HIDDEN, ERROR, UNCOMPUTED = "row_hidden", "cell_error", "formula_without_value"
DIGITS = "0123456789"
LETTERS = re.compile("[A-Z]{1,3}")
ROW = re.compile(r"\s*<row((?:\s[^<>]*)?)(/?)>")
NUMBER = re.compile(r"""\sr=["']([^"']*)["']""")
IS_HIDDEN = re.compile(r"""\shidden=["'](?:1|true)["']""")
# Letters, style, kind, formula, value, string in place: what nearly every cell says, in the order
# in which nearly every program says it. A cell that says more is left to the parser.
CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})[0-9]*")?(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?'
    r"(?:\s*/>|>(<f(?:\s[^<>]*)?(?:/>|>[^<]*</f>))?"
    r"(?:<v(?:\s[^<>/]*)?>([^<]*)</v>|<v\s*/>)?"
    r"(?:<is><t(?:\s[^<>/]*)?>([^<]*)</t></is>)?</c>)"
)


class Row(NamedTuple):
    """Number, cells, what is wrong with them, and their size in characters."""

    number: int
    cells: list[str]
    problem: str | None
    size: int


class Rows:
    """Pieces of a sheet → rows, those after the row `after` with their cells."""

    def __init__(
        self,
        formats: list[Format],
        strings: SharedStrings,
        merges: Merges,
        after: int,
        limits: Limits,
        *,
        from_1904: bool,
    ) -> None:
        self.formats, self.from_1904 = formats, from_1904
        self.string, self.merges, self.after = strings.get, merges, after
        self.longest, self.columns = limits.max_cell_chars, limits.max_columns
        self.last, self.cells_left = 0, WORKBOOK_CELLS
        self.index_of = Indexes()

    def of_piece(self, piece: str, pieces: Pieces) -> list[Row]:
        """The rows of a piece: empty ones, and one with cells at most."""
        found = []
        at = 0

        while begin := ROW.match(piece, at):
            number = self._numbered(NUMBER.search(begin[1]))
            at = begin.end()
            if begin[2] or begin[1].endswith("/"):
                continue
            if number > self.after or self.merges.begin_at(number):
                hidden = bool(begin[1]) and IS_HIDDEN.search(begin[1]) is not None
                found.append(self._row(number, piece, pieces, hidden=hidden))
            break

        return found

    def of_element(self, element: Element) -> list[Row]:
        """The same of a row that the parser built."""
        said = element.get("r")
        number = self._next(int(said) if said else self.last + 1)
        if number <= self.after and not self.merges.begin_at(number):
            return []

        cells = self._parsed(element)
        return [self._concluded(number, *cells, hidden=element.get("hidden") in {"1", "true"})]

    def _numbered(self, said: re.Match[str] | None) -> int:
        return self._next(int(said[1]) if said else self.last + 1)

    def _next(self, number: int) -> int:
        if not self.last < number <= LAST_ROW:
            raise Refusal("workbook_broken")
        self.last = number
        return number

    def _row(self, number: int, piece: str, pieces: Pieces, *, hidden: bool) -> Row:
        count = piece.count("<c ") + piece.count("<c>") + piece.count("<c/>")
        if count > ROW_CELLS:
            raise Refusal("workbook_too_large")

        found = CELL.findall(piece)
        cells = (
            self._matched(found)
            if len(found) == count
            else self._parsed(pieces.element(piece))
        )

        return self._concluded(number, *cells, hidden=hidden)

    def _concluded(
        self, number: int, cells: list[str], problem: str | None, size: int, *, hidden: bool
    ) -> Row:
        """The row as a whole: of a merged cell each row has the value."""
        if self.merges:
            self.merges.fill(number, cells)
        if size > ROW_BYTES:
            return Row(number, [cell[:KEPT_CELL_CHARS] for cell in cells], TOO_LONG, ROW_BYTES)

        return Row(number, cells, problem or (HIDDEN if hidden else None), size)

    def _matched(  # noqa: C901 - one loop over what may be a hundred million cells
        self, found: list[tuple[str, str, str, str, str, str]]
    ) -> tuple[list[str], str | None, int]:
        """The cells of a row as the pattern took them apart."""
        cells: list[str] = []
        problem, size = None, 0
        string, index_of, longest, columns = (
            self.string,
            self.index_of,
            self.longest,
            self.columns,
        )
        self._count(len(found))

        for letters, style, kind, formula, value, text in found:
            column = index_of[letters] if letters else len(cells)

            if kind == "s":
                text = string(int(value)) if value.strip() else ""  # noqa: PLW2901 - the loop is hot
            elif value:
                if kind == "e":
                    problem = problem or ERROR
                    continue
                text = self._shown(plain(value), kind or "n", style)  # noqa: PLW2901
            elif text:
                text = unescaped(plain(text))  # noqa: PLW2901
            elif formula and kind != "str":
                problem = UNCOMPUTED

            if not text:
                if not letters:
                    cells.append("")
                continue

            length = len(text)
            if length > longest:
                text, problem = text[:KEPT_CELL_CHARS], "cell_too_long"  # noqa: PLW2901
                length = KEPT_CELL_CHARS

            size += length
            if size > ROW_BYTES:
                text = text[:KEPT_CELL_CHARS]  # noqa: PLW2901

            if column == len(cells) and column < columns:
                cells.append(text)
            else:
                self._put(cells, column, text)

        return cells, problem, size

    def _count(self, cells: int) -> None:
        self.cells_left -= cells
        if self.cells_left < 0:
            raise Refusal("workbook_too_large")

    def _put(self, cells: list[str], column: int, text: str) -> None:
        """Set a cell after a gap.

        Of those past the limit one is kept, so that they are seen at all.
        """
        column = min(column, self.columns)
        cells.extend([""] * (column - len(cells) + 1))
        cells[column] = text

    def _parsed(self, element: Element) -> tuple[list[str], str | None, int]:
        """The cells of a row that the parser built, in the shape that the pattern gives."""
        return self._matched(
            [_taken_apart(cell) for cell in element if local(cell.tag) == "c"]
        )

    def _shown(self, text: str, kind: str, style: str) -> str:
        if kind == "n":
            index = int(style) if style else 0
            form = self.formats[index] if index < len(self.formats) else None
            return shown(text, form, from_1904=self.from_1904)

        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"

        return text.removesuffix("T00:00:00") if kind == "d" else unescaped(text)


def _taken_apart(cell: Element) -> tuple[str, str, str, str, str, str]:
    value = formula = text = ""
    for part in cell:
        kind = local(part.tag)
        if kind == "v":
            value = part.text or ""
        elif kind == "f":
            formula = "f"
        elif kind == "is":
            text = text_of(part)

    value, text = (_escaped(value), _escaped(text, quote=True))
    return (
        cell.get("r", "").rstrip(DIGITS),
        cell.get("s", ""),
        cell.get("t", ""),
        formula,
        value,
        text,
    )


def _escaped(text: str, *, quote: bool = False) -> str:
    """The text as it stands in XML, so that reading it gives it back."""
    found = text.replace("&", "&amp;").replace("\r", "&#13;") if text else ""
    return found.replace("_x", "_x005F_x") if quote else found


class Indexes(dict[str, int]):
    """A column's index, from 0, by its letters."""

    def __missing__(self, letters: str) -> int:
        if not LETTERS.fullmatch(letters):
            raise Refusal("workbook_broken")

        index = 0

        for letter in letters:
            index = index * 26 + ord(letter) - ord("A") + 1

        self[letters] = index - 1

        return index - 1
