"""Tables of web pages that are named .xls, as many programs export them, read as a stream."""

import codecs
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from webapp.limits import HTML_LOOK_BYTES, ROW_BYTES, XML_BLOCK_BYTES, XML_LARGE_BYTES
from webapp.reading import encodings, tables
from webapp.reading.file_kinds import MARKUP, begins_with_any, extension_of
from webapp.reading.records import (
    Choices,
    Dialect,
    Head,
    Limits,
    Position,
    Record,
    Source,
    beginning,
)
from webapp.vocabulary.refusals import Refusal

NAME: Final = "html"
NAMES = {".xls", ".xlsx"}
LINES = {"br", "p", "div", "li"}
UNSEEN = {"script", "style", "head", "title"}
MARK_BYTES = 4096


def recognises(head: bytes, filename: str) -> bool:
    """Whether it is a page with a table that was named like a workbook."""
    is_page = begins_with_any(head, MARKUP) and b"<table" in head.replace(b"\0", b"").lower()
    return is_page and extension_of(filename) in NAMES


def inspect(source: Source, head: bytes, chosen: Choices, limits: Limits) -> Head:
    """The tables, and the head of one of them."""
    encoding, certain = _encoding(source, head, chosen.encoding)
    rows = _rows(source, encoding, limits, HTML_LOOK_BYTES)
    found = tables.head_of(rows, NAME, chosen, limits)
    dialect = Dialect(NAME, encoding, None, found.dialect.sheet, found.dialect.header_row)
    return Head(dialect, found.columns, found.sample, found.sheets, certain)


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """The rows after `start`; those before are read over."""
    return tables.records_of(
        _rows(source, dialect.encoding or "utf-8", limits), dialect.sheet, start
    )


def _encoding(source: Source, head: bytes, chosen: str | None) -> tuple[str, bool]:
    """What the person says, else what the page says, else what its bytes tell."""
    if chosen:
        return encodings.known(chosen), True

    said = head[:MARK_BYTES].lower().partition(b"charset=")[2].lstrip(b"\"' ")
    name = said.split(b'"')[0].split(b"'")[0].split(b">")[0].split(b";")[0].strip()
    try:
        named = encodings.known(name.decode("ascii")) if name else None
    except (Refusal, UnicodeDecodeError):
        named = None

    found, certain, _ = encodings.detect(head, source.blocks(len(head)))
    return (named, True) if named and not certain else (found, certain)


def _rows(
    source: Source, encoding: str, limits: Limits, most_bytes: int | None = None
) -> Iterator[tuple[str, Record]]:
    codec, mark = encodings.resolved(encoding, beginning(source, MARK_BYTES))
    decoder = codecs.getincrementaldecoder(codec)("replace")
    page = _Page(tables.Builder(limits, source.size, most_bytes))

    for block in source.blocks(mark):
        for begin in range(0, len(block), XML_BLOCK_BYTES):
            piece = block[begin : begin + XML_BLOCK_BYTES]
            page.feed(decoder.decode(piece))
            page.builder.offset += len(piece)
            if len(page.rawdata) > XML_LARGE_BYTES:
                raise Refusal("workbook_too_large")
            yield from page.builder.ready()

    page.close()
    page.end_row()
    yield from page.builder.ready()


class _Page(HTMLParser):
    """Tags → cells. Cells and rows may begin without the one before having ended."""

    def __init__(self, builder: tables.Builder) -> None:
        super().__init__()
        self.builder = builder
        self.depth = 0  # of tables; what stands in a cell's own table is its text
        self.in_row = False
        self.cell: dict[str, str | None] | None = None
        self.texts: list[str] = []
        self.size = 0
        self.unseen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            if self.depth == 1:
                self.builder.begin_sheet("")
        elif tag in UNSEEN:
            self.unseen = True
        elif self.depth > 1 or tag in LINES:
            self.handle_data("\n" if tag in LINES and self.texts else " ")
        elif tag == "tr":
            self.end_row()
            self._begin_row()
        elif tag in {"td", "th"}:
            self._end_cell()
            if not self.in_row:
                self._begin_row()
            self.cell, self.texts, self.size = dict(attrs), [], 0

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            if self.depth == 1:
                self.end_row()
            self.depth = max(self.depth - 1, 0)
        elif tag in UNSEEN:
            self.unseen = False
        elif self.depth == 1 and tag == "tr":
            self.end_row()
        elif self.depth == 1 and tag in {"td", "th"}:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.unseen:
            self.size += len(data)
            if self.size > ROW_BYTES:
                raise Refusal("workbook_too_large")
            self.texts.append(
                data if data == "\n" else " ".join(data.replace("\n", " ").split(" "))
            )

    def _begin_row(self) -> None:
        if self.depth == 1:
            self.builder.begin_row()
            self.in_row = True

    def _end_cell(self) -> None:
        if self.cell is not None and self.in_row:
            lines = "".join(self.texts).replace("\xa0", " ").split("\n")
            text = "\n".join(" ".join(line.split()) for line in lines).strip("\n")
            self.builder.cell(text, down=_span(self.cell.get("rowspan")) - 1)
            self.builder.cell("", repeated=_span(self.cell.get("colspan")) - 1)
        self.cell = None

    def end_row(self) -> None:
        """The row at hand, if there is one, is over."""
        self._end_cell()
        if self.in_row:
            self.builder.end_row()
        self.in_row = False


def _span(said: str | None) -> int:
    return (
        min(int(said), 1000) if said and said.isascii() and said.isdigit() and int(said) else 1
    )
