"""Delimited text: CSV, TSV, semicolons, pipes, in any encoding.

Lines are cut on the bytes, so the offset of the next record is always known and a reading can be resumed there.
In every encoding but UTF-16 and UTF-32 the bytes of a line break mean nothing else; those two are turned into UTF-8
on the way.
"""

import codecs
import csv
import itertools
from collections import Counter
from collections.abc import Iterator

from webapp.intake.reading import (
    SAMPLE_ROWS,
    Dialect,
    Head,
    Limits,
    Position,
    Record,
    Source,
    Unreadable,
    column_names,
)

DELIMITERS = (",", ";", "\t", "|")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FALLBACK = "cp1252"
SNIFFED_RECORDS = 60
REPLACEMENT = "\ufffd"


def inspect(source: Source, head: bytes, encoding: str | None, delimiter: str | None, limits: Limits) -> Head:
    """What the head of a delimited file tells; `encoding` and `delimiter` are the person's word, if given."""
    encoding, certain = (_known(encoding), True) if encoding else _detect(head)
    delimiter = delimiter or _declared_delimiter(head, encoding) or _best_delimiter(head, encoding, limits)
    dialect = Dialect("csv", encoding, delimiter, None, 0)
    first = list(itertools.islice(records(source, dialect, None, limits), SNIFFED_RECORDS))
    filled = [record for record in first if any(cell.strip() for cell in record.cells)]
    if not filled:
        raise Unreadable("empty_file")
    header = header_of(filled)
    rows = [record.cells for record in filled if header is None or record.row > header.row]
    columns = labels_of(header.cells) if header else column_names(max(map(len, rows)))
    dialect = Dialect("csv", encoding, delimiter, None, header.row if header else 0)
    return Head(dialect, columns, rows[:SAMPLE_ROWS], [], certain)


def _known(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise Unreadable("unknown_encoding", encoding=encoding[:40]) from None
    if not found._is_text_encoding:  # noqa: SLF001 - the only way to tell text codecs from rot13 and zip
        raise Unreadable("unknown_encoding", encoding=encoding[:40])
    return found.name


def _detect(head: bytes) -> tuple[str, bool]:
    """The encoding and whether it is certain: byte order mark, strict UTF-8, else the commonest old code page."""
    for bom, name in BOMS:
        if head.startswith(bom):
            return name, True
    if b"\0" in head:
        return _zeros_tell(head), True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return FALLBACK, False
    return "utf-8", True


def _zeros_tell(head: bytes) -> str:
    """UTF-16 without a mark has a zero in every other byte of Latin text; other zeros mean it is not text."""
    even, odd = head[0:4000:2].count(0), head[1:4000:2].count(0)
    half = min(len(head), 4000) / 2
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    if head.count(0) > 3:  # noqa: PLR2004 - a stray zero byte in a text is a cell's problem, not the file's
        raise Unreadable("not_text")
    return "utf-8"


def _text(head: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).replace("\0", "")


def _declared_delimiter(head: bytes, encoding: str) -> str | None:
    """Excel's `sep=;` line."""
    line = _text(head[:200], encoding).lstrip("\ufeff").splitlines()[:1]
    found = line[0].strip().strip('"') if line else ""
    return found[4:5] or None if found.lower().startswith("sep=") else None


def _best_delimiter(head: bytes, encoding: str, limits: Limits) -> str:
    """The delimiter under which most rows have the same number of cells, more cells winning a tie."""
    source = _Bytes(head.rpartition(b"\n")[0] or head)
    scores = {}
    for delimiter in DELIMITERS:
        dialect = Dialect("csv", encoding, delimiter, None, 0)
        found = itertools.islice(records(source, dialect, None, limits), SNIFFED_RECORDS)
        counts = Counter(len(record.cells) for record in found if any(record.cells))
        width, times = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 0))
        scores[delimiter] = (times * (width > 1), width)
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def blocks(self, offset: int) -> Iterator[bytes]:
        yield self.data[offset:]


def header_of(filled: list[Record]) -> Record | None:
    """The first row as wide as most rows are: lines above it are a preamble. None where it looks like data."""
    width = Counter(len(record.cells) for record in filled).most_common(1)[0][0]
    header = next(record for record in filled if len(record.cells) >= width)
    return None if _looks_like_data(header.cells) else header


def _looks_like_data(cells: list[str]) -> bool:
    """Whether a row holds values rather than labels: an address, or a number of several digits."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    values = [cell for cell in filled if "@" in cell or sum(c.isdigit() for c in cell) > 4]  # noqa: PLR2004
    return bool(values)


def labels_of(cells: list[str]) -> list[str]:
    """The header's labels; blank ones are named by their letter."""
    names = column_names(len(cells))
    return [" ".join(cell.split()) or name for cell, name in zip(cells, names, strict=True)]


def records(source: Source, dialect: Dialect, start: Position | None, limits: Limits) -> Iterator[Record]:
    """Every record from `start` on, blank ones included; a spreadsheet's row number for each."""
    encoding = dialect.encoding or "utf-8"
    if encoding.startswith(("utf-16", "utf-32")):
        source, encoding = _AsUtf8(source, encoding), "utf-8"
    offset, row = (start.offset, start.row) if start else (_body_offset(source, encoding), 0)
    csv.field_size_limit(limits.max_cell_chars)
    while True:
        lines = _Lines(source, offset, encoding)
        cut = None
        for record in _parse(lines, dialect.delimiter or ",", row, limits):
            yield record
            offset, row = record.position.offset, record.position.row
            if record.problem in {"unclosed_quote", "cell_too_long"}:
                cut = record  # Go on with the line after the one at fault: one bad quote must not swallow the file.
                break
        if cut is None:
            return


def _body_offset(source: Source, encoding: str) -> int:
    """Where the first row begins: after a byte order mark and Excel's `sep=` line, which spreadsheets do not show."""
    first = next(iter(source.blocks(0)), b"")[:200]
    mark = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
    line = first[mark:].splitlines(keepends=True)[:1]
    declared = line and line[0].decode(encoding, "replace").strip().strip('"').lower().startswith("sep=")
    return mark + len(line[0]) if declared else mark


def _parse(lines: "_Lines", delimiter: str, row: int, limits: Limits) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_record()
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            alone = len(lines.first_line) > limits.max_cell_chars
            yield _cut(lines, delimiter, row, "cell_too_long" if alone else "unclosed_quote")
            return
        if lines.ended_inside_quotes(cells):
            yield _cut(lines, delimiter, row, "unclosed_quote")
            return
        problem = "undecodable" if lines.undecodable else None
        yield Record(row, cells, problem, Position(lines.offset, row))


def _cut(lines: "_Lines", delimiter: str, row: int, problem: str) -> Record:
    """The line at fault as a record of its own, its cells cut at every delimiter and to a bearable length."""
    cells = [cell[:200] for cell in lines.first_line.rstrip("\r\n")[:10_000].split(delimiter)]
    return Record(row, cells, problem, Position(lines.after_first_line, row))


class _Lines:
    """Lines for csv.reader, decoded one by one, with the offset that has been consumed."""

    def __init__(self, source: Source, offset: int, encoding: str) -> None:
        self.offset = offset
        self.encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self.raw = _raw_lines(source.blocks(offset))
        self.begin_record()

    def begin_record(self) -> None:
        self.first_line = ""
        self.after_first_line = self.offset
        self.count = 0
        self.exhausted = False
        self.undecodable = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        try:
            raw = next(self.raw)
        except StopIteration:
            self.exhausted = True
            raise
        self.offset += len(raw)
        line = self._decoded(raw)
        self.count += 1
        if self.count == 1:
            self.first_line, self.after_first_line = line, self.offset
        return line

    def _decoded(self, raw: bytes) -> str:
        try:
            line = raw.decode(self.encoding)
        except UnicodeDecodeError:
            self.undecodable = True
            return raw.decode(self.encoding, "replace")
        if REPLACEMENT in line:
            self.undecodable = True
        return line

    def ended_inside_quotes(self, cells: list[str]) -> bool:
        """The reader ran into the end of the file looking for a closing quote."""
        return self.exhausted and self.count > 0 and bool(cells)


def _raw_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines with their ends: LF, CRLF or a bare CR. An end at a block's edge waits for the next block."""
    rest = b""
    for block in blocks:
        lines = (rest + block).splitlines(keepends=True)
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        yield from lines
    yield from rest.splitlines(keepends=True)


class _AsUtf8:
    """A UTF-16 or UTF-32 source as UTF-8; offsets count the UTF-8 bytes, so resuming reads from the start."""

    def __init__(self, source: Source, encoding: str) -> None:
        self.source, self.encoding, self.size = source, encoding, source.size

    def blocks(self, offset: int) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        for block in self.source.blocks(0):
            piece = decoder.decode(block).encode()
            if offset < len(piece):
                yield piece[offset:]
            offset = max(offset - len(piece), 0)
        if last := decoder.decode(b"", final=True).encode()[offset:]:
            yield last
