"""Delimited text: CSV, TSV, semicolons, pipes, in any encoding."""

import csv
import itertools
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Final

from webapp.limits import (
    KEPT_CELL_CHARS,
    KEPT_LINE_CHARS,
    ROW_BYTES,
    ROW_LINES,
    SNIFFED_BYTES,
    SNIFFED_RECORDS,
)
from webapp.reading import encodings, headers, lines
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
DELIMITERS = (",", ";", "\t", "|")
DECLARED = re.compile(r'"?sep=(.?)"?\s*', re.IGNORECASE)
# Hold the byte order mark, or show without one which bytes of UTF-16 are the zeros.
MARK_BYTES = 400


def recognises(_head: bytes, _filename: str) -> bool:
    """What is nothing else is text, or is refused when it is decoded."""
    return True


def inspect(source: Source, head: bytes, chosen: Choices, limits: Limits) -> Head:
    """What the head of a delimited file tells."""
    refuse_markup(head)
    encoding, delimiter, header_row = chosen.encoding, chosen.delimiter, chosen.header_row
    if encoding:
        encoding, certain = encodings.known(encoding), True
    else:
        encoding, certain = encodings.detect(head, source.blocks(len(head)))

    delimiter = (
        delimiter
        or _declared_delimiter(head, encoding)
        or _best_delimiter(head, encoding, limits)
    )
    dialect = Dialect("csv", encoding, delimiter, None, 0)

    return headers.head_of(
        _first(source, dialect, limits), dialect, header_row, limits, certain=certain
    )


def _first(source: Source, dialect: Dialect, limits: Limits) -> list[Record]:
    """The first records, as many as a bounded look takes in."""
    found = []
    for record in itertools.islice(records(source, dialect, None, limits), SNIFFED_RECORDS):
        found.append(record)
        if record.position.offset > SNIFFED_BYTES:
            break

    return found


def _declared_delimiter(head: bytes, encoding: str) -> str | None:
    """Excel's `sep=;` line."""
    codec, mark = encodings.resolved(encoding, head)
    first = next(lines.cut(BytesSource(head), mark, codec), ("", 0, None))[0]
    found = DECLARED.fullmatch(first.rstrip("\r\n"))
    return found[1] or None if found else None


def _best_delimiter(head: bytes, encoding: str, limits: Limits) -> str:
    """The delimiter under which most rows have the same number of cells.

    Of two, the one that leaves fewer quotes inside cells, and then the one with more cells.
    """
    source = BytesSource(head)
    scores = {}

    for delimiter in DELIMITERS:
        found = _first(source, Dialect("csv", encoding, delimiter, None, 0), limits)
        whole = (
            found[:-1] if len(found) > 1 and len(head) >= SNIFFED_BYTES else found
        )  # the last may be cut off
        counts = Counter(len(record.cells) for record in whole if any(record.cells))
        width, times = max(
            counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 0)
        )
        quotes = sum('"' in cell for record in whole for cell in record.cells)
        scores[delimiter] = (times * (width > 1), -quotes, width)

    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """Every record from `start` on, blank ones included; a spreadsheet's row number for each."""
    codec, mark = encodings.resolved(
        dialect.encoding or "utf-8", beginning(source, MARK_BYTES)
    )
    begin = start or Position(_body_offset(source, codec, mark), 0)
    found = lines.cut(source, begin.offset, codec)
    return iter(_Reading(found, dialect.delimiter or ",", begin, limits.max_cell_chars))


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
        self, found: Iterator[lines.Line], delimiter: str, begin: Position, longest_cell: int
    ) -> None:
        self.lines = found
        self.delimiter = delimiter
        self.offset, self.row = begin
        self.longest_cell = longest_cell
        self.taken: list[lines.Line] = []  # of the record at hand
        self.waiting: deque[lines.Line] = (
            deque()
        )  # taken by a record that was refused, and put back

    def __iter__(self) -> Iterator[Record]:
        taken, reader = self.taken, self._reader()
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
            problem, begin = None, self.offset

            for _, size, wrong in taken:
                self.offset += size
                problem = problem or wrong

            yield Record(
                self.row, cells, problem, Position(self.offset, self.row), self.offset - begin
            )

    def _reader(self) -> Iterator[list[str]]:
        csv.field_size_limit(self.longest_cell)
        # Strict: text after a closing quote is what an unclosed quote further up looks like.
        return csv.reader(self._feed(), delimiter=self.delimiter, strict=True)

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
            self._leniently(text)
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

    def _leniently(self, text: str) -> list[str] | None:
        """The cells of one line as spreadsheets read sloppy quotes; None where a quote stays
        open.
        """
        csv.field_size_limit(max(len(text) + 1, self.longest_cell))
        try:
            cells = next(csv.reader([text.rstrip("\r\n") + "\n"], delimiter=self.delimiter))
        finally:
            csv.field_size_limit(self.longest_cell)

        return None if cells[-1].endswith("\n") else cells


def _pieces(text: str, delimiter: str) -> list[str]:
    return [
        cell[:KEPT_CELL_CHARS]
        for cell in text.rstrip("\r\n")[:KEPT_LINE_CHARS].split(delimiter)
    ]
