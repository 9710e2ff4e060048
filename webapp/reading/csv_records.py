"""Delimited text: CSV, TSV, semicolons, pipes, in any encoding."""

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from webapp.limits import (
    KEPT_CELL_CHARS,
    KEPT_LINE_CHARS,
    ROW_BYTES,
    ROW_LINES,
    SNIFFED_BYTES,
    SNIFFED_RECORDS,
)
from webapp.reading import encodings, headers, layouts, lines, plain_lists, quotes
from webapp.reading.file_kinds import refuse_markup
from webapp.reading.records import (
    BytesSource,
    Choices,
    Dialect,
    Head,
    Limits,
    Position,
    Record,
    Source,
    beginning,
)

NAME: Final = "csv"
DECLARED = re.compile(r'"?sep=(.?)"?\s*', re.IGNORECASE)
REPAIRED = "quote_repaired"
# Hold the byte order mark, or show without one which bytes of UTF-16 are the zeros.
MARK_BYTES = 400


def recognises(_head: bytes, _filename: str) -> bool:
    """What is nothing else is text, or is refused when it is decoded."""
    return True


def inspect(source: Source, head: bytes, chosen: Choices, limits: Limits) -> Head:
    """What the head of a delimited file tells."""
    refuse_markup(head)
    encoding, delimiter, header_row = chosen.encoding, chosen.delimiter, chosen.header_row
    layout: tuple[str, ...] = ()
    if encoding:
        encoding, certain = encodings.known(encoding), True
    else:
        encoding, certain, layout = encodings.detect(head, source.blocks(len(head)))

    dialect = Dialect("csv", encoding, delimiter, None, 0, layout)
    dialect = _laid_out(head, dialect, limits)
    first = _first(source, dialect, limits)
    # Lines that a program drew between rows are none; `readers` leaves them out further down.
    rows = [record for record in first if not plain_lists.is_rule(record.cells)]
    if plain_lists.ADDRESSES in dialect.layout and header_row is None:
        header_row = 0
    found = headers.head_of(rows, dialect, header_row, limits, certain=certain)

    return replace(found, is_spoilt=any(record.problem == lines.SPOILT for record in first))


def _first(source: Source, dialect: Dialect, limits: Limits) -> list[Record]:
    """The first records, as many as a bounded look takes in."""
    found = []
    for record in itertools.islice(records(source, dialect, None, limits), SNIFFED_RECORDS):
        found.append(record)
        if record.position.offset > SNIFFED_BYTES:
            break

    return found


def _laid_out(head: bytes, dialect: Dialect, limits: Limits) -> Dialect:
    """The dialect with delimiter and layout, of those that the head may have the one in which
    it makes most sense.
    """
    source = BytesSource(head)
    encoding = dialect.encoding or "utf-8"
    codec, mark = encodings.resolved(encoding, head)
    seen = [line for line, _, _ in itertools.islice(lines.cut(source, mark, codec), LOOKED_AT)]
    declared = _declared_delimiter(seen)
    given = dialect.delimiter or declared
    # The last record may be cut off.
    is_cut = len(head) >= SNIFFED_BYTES

    def first(candidate: Dialect) -> list[Record]:
        found = _first(source, candidate, limits)
        return found[:-1] if is_cut and len(found) > 1 else found

    return layouts.best(dialect, given, seen[1:] if declared else seen, first)


LOOKED_AT = 2_000  # lines in which a layout shows


def _declared_delimiter(seen: list[str]) -> str | None:
    """Excel's `sep=;` line."""
    found = DECLARED.fullmatch(seen[0].rstrip("\r\n")) if seen else None
    return found[1] or None if found else None


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """Every record from `start` on, blank ones included; a spreadsheet's row number for each."""
    codec, mark = encodings.resolved(
        dialect.encoding or "utf-8", beginning(source, MARK_BYTES)
    )
    begin = start or Position(_body_offset(source, codec, mark), 0)
    found = lines.cut(source, begin.offset, codec, layout=dialect.layout)
    if plain_lists.is_one(dialect.layout):
        return plain_lists.records(found, dialect, codec, begin, limits.max_cell_chars)

    delimiter = dialect.delimiter or ","
    rewritten = quotes.rewriting(dialect.layout, delimiter)
    if rewritten:
        found = ((rewritten(text), size, problem) for text, size, problem in found)

    made = iter(_Reading(found, dialect, begin, limits.max_cell_chars))
    if rewritten:
        made = (r._replace(cells=quotes.restored(r.cells, delimiter)) for r in made)
    if quotes.NESTED in dialect.layout:
        made = (r._replace(cells=quotes.unnested(r.cells, delimiter)) for r in made)

    return made


def _body_offset(source: Source, codec: str, mark: int) -> int:
    """Where the first row begins: after the byte order mark and Excel's `sep=` line, which
    spreadsheets hide.
    """
    text, size, _ = next(lines.cut(source, mark, codec), ("", 0, None))
    return mark + size if DECLARED.fullmatch(text.rstrip("\r\n")) else mark


class _Reading:
    """Lines → records.

    A record that csv refuses is told by its first line alone, and reading goes on with the line
    after it: one bad quote must not swallow the file.
    """

    def __init__(
        self, found: Iterator[lines.Line], dialect: Dialect, begin: Position, longest_cell: int
    ) -> None:
        self.lines = found
        self.delimiter = dialect.delimiter or ","
        self.width = dialect.width
        self.quote = "'" if quotes.SINGLE in dialect.layout else '"'
        # Strict: text after a closing quote is what an unclosed quote further up looks like.
        self.cut = partial(
            csv.reader,
            delimiter=self.delimiter,
            quotechar=self.quote,
            skipinitialspace=quotes.PADDED in dialect.layout,
            escapechar="\\" if quotes.BACKSLASH in dialect.layout else None,
            strict=True,
        )
        self.offset, self.row = begin
        self.longest_cell = longest_cell
        self.taken: list[lines.Line] = []  # of the record at hand
        self.waiting: deque[lines.Line] = (
            deque()
        )  # taken by a record that was refused, and put back

    def __iter__(self) -> Iterator[Record]:
        taken, reader, quote = self.taken, self._reader(), self.quote
        while True:
            taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield self._refused()
                reader = self._reader()
                continue

            self.row += 1
            problem, begin, signs = None, self.offset, 0

            for text, size, wrong in taken:
                self.offset += size
                signs += text.count(quote)
                problem = problem or wrong

            if signs % 2 and problem is None and self._is_torn(cells):
                problem = REPAIRED

            yield Record(
                self.row, cells, problem, Position(self.offset, self.row), self.offset - begin
            )

    def _reader(self) -> Iterator[list[str]]:
        csv.field_size_limit(self.longest_cell)
        return self.cut(self._feed())

    def _is_torn(self, cells: list[str]) -> bool:
        """Whether a quote that no other one belongs to shows that a cell was cut, or lost its
        first quote; behind a digit it may be inches.
        """
        return len(cells) < self.width or any(
            cell.endswith(self.quote) and not cell[-2:-1].isdigit() for cell in cells
        )

    def _feed(self) -> Iterator[str]:
        taken, waiting, found = self.taken, self.waiting, self.lines
        held = 0  # bytes of the record at hand

        while True:
            line = waiting.popleft() if waiting else next(found, None)
            if line is None:
                return

            held = held + line[1] if taken else line[1]
            taken.append(line)
            if line[2] == lines.TOO_LONG or held > ROW_BYTES or len(taken) > ROW_LINES:
                raise csv.Error

            yield line[0]

    def _refused(self) -> Record:
        """The first line of the record at hand as a record of its own; the other lines are put
        back.
        """
        if self._is_long():
            return self._passed_over()

        text, size, problem = self.taken[0]
        self.waiting.extendleft(reversed(self.taken[1:]))
        cells = (
            quotes.split_loosely(text, self.delimiter, self.width, self.quote)
            if len(self.taken) == 1 and problem != lines.TOO_LONG
            else None
        )

        if problem == lines.TOO_LONG:
            cells = _pieces(text, self.delimiter)
        elif cells is None:
            cells, problem = _pieces(text, self.delimiter), "unclosed_quote"
        elif max(map(len, cells)) > self.longest_cell:
            cells, problem = (
                [c[:KEPT_CELL_CHARS] if len(c) > self.longest_cell else c for c in cells],
                "cell_too_long",
            )
        elif problem is None and not _is_only_loose(text, cells, self.quote):
            problem = REPAIRED

        self.offset += size
        self.row += 1

        return Record(self.row, cells, problem, Position(self.offset, self.row), len(text))

    def _is_long(self) -> bool:
        """Whether the lines of the record are too much together, though none is by itself."""
        whole = all(problem != lines.TOO_LONG for _, _, problem in self.taken)
        return whole and (
            len(self.taken) > ROW_LINES or sum(size for _, size, _ in self.taken) > ROW_BYTES
        )

    def _passed_over(self) -> Record:
        """A record that is too long, by its first line.

        It ends where its quotes are even, or a cell is too long.
        """
        text = self.taken[0][0]
        opened = sum(line.count('"') for line, _, _ in self.taken) % 2
        size = sum(size for _, size, _ in self.taken)
        self.taken.clear()
        since_quote = 0

        while opened and since_quote <= self.longest_cell:
            line = self.waiting.popleft() if self.waiting else next(self.lines, None)
            if line is None:
                break

            quotes = line[0].count('"')
            opened = (opened + quotes) % 2
            since_quote = 0 if quotes else since_quote + len(line[0])
            size += line[1]

        self.offset += size
        self.row += 1
        cells = _pieces(text, self.delimiter)

        return Record(
            self.row, cells, lines.TOO_LONG, Position(self.offset, self.row), len(text)
        )


def _is_only_loose(text: str, cells: list[str], quote: str) -> bool:
    """Whether all that csv minds is blanks around quotes."""
    return not any(quote in cell for cell in cells) and text.count(quote) % 2 == 0


def _pieces(text: str, delimiter: str) -> list[str]:
    return [
        cell[:KEPT_CELL_CHARS]
        for cell in text.rstrip("\r\n")[:KEPT_LINE_CHARS].split(delimiter)
    ]
