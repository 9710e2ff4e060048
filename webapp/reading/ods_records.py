"""OpenDocument sheets (.ods), as LibreOffice and Google write them, read as a stream."""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Final, cast

from webapp.limits import ROW_BYTES, XML_BLOCK_BYTES
from webapp.reading import tables, xml_tables
from webapp.reading.records import Choices, Dialect, Head, Limits, Position, Record, Source
from webapp.reading.xlsx_package import Contents, readable, refuse_bombs
from webapp.vocabulary.refusals import Refusal

NAME: Final = "ods"
KIND = b"application/vnd.oasis.opendocument.spreadsheet"
NAME_AT = 30  # in a zip, of its first member
GROUPED = re.compile(r"[-+]?\d{1,3}(?:[.,'\u2019 \u00a0\u202f]\d{3})+")
UNSEEN = {"collapse", "filter"}


def recognises(head: bytes, _filename: str) -> bool:
    """Whether it is a zip whose first part says that it is such a sheet."""
    return head.startswith(b"PK\x03\x04") and head[NAME_AT:].startswith(b"mimetype" + KIND)


def inspect(source: Source, _head: bytes, chosen: Choices, limits: Limits) -> Head:
    """The sheets, and the head of one of them."""
    return tables.head_of(_rows(source, limits), NAME, chosen, limits)


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """The rows after `start`; those before are read over."""
    return tables.records_of(_rows(source, limits), dialect.sheet, start)


def _rows(source: Source, limits: Limits) -> Iterator[tuple[str, Record]]:
    with tempfile.TemporaryFile() as file:
        for block in source.blocks(0):
            file.write(block)

        with readable(), zipfile.ZipFile(cast("IO[bytes]", Contents(file))) as archive:
            refuse_bombs(archive)
            if b"encryption-data" in _beginning(archive, "META-INF/manifest.xml"):
                raise Refusal("is_protected")

            with archive.open("content.xml") as stream:
                blocks = iter(lambda: stream.read(XML_BLOCK_BYTES), b"")
                handler = _Sheet(tables.Builder(limits, source.size))
                yield from xml_tables.rows(blocks, handler)


def _beginning(archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.namelist():
        return b""
    with archive.open(name) as stream:
        return stream.read(ROW_BYTES)


class _Sheet:
    """Elements of content.xml → cells."""

    def __init__(self, builder: tables.Builder) -> None:
        self.builder = builder
        self.inside = 0  # of tables: one in a cell is none of ours
        self.cell: dict[str, str] | None = None
        self.row: dict[str, str] = {}
        self.texts: list[str] = []
        self.size = 0
        self.aside = 0  # depth within a comment, whose text is not the cell's

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.aside or name == "annotation":
            self.aside += 1
        elif name == "table":
            self.inside += 1
            if self.inside == 1:
                self.builder.begin_sheet(attributes.get("name", ""))
        elif self.inside != 1:
            return
        elif name == "table-row":
            self.row = attributes
            self.builder.begin_row(is_hidden=attributes.get("visibility") in UNSEEN)
        elif name in {"table-cell", "covered-table-cell"}:
            self.cell, self.texts, self.size = attributes, [], 0
        elif self.cell is not None:
            self._within(name, attributes)

    def _within(self, name: str, attributes: dict[str, str]) -> None:
        """White space is written as elements, and each line as a paragraph."""
        if name == "p":
            if self.texts:
                self.texts.append("\n")
            self.texts.append("")
        elif name == "s":
            self.text(" " * min(_number(attributes, "c"), 1000))
        elif name == "tab":
            self.text("\t")
        elif name == "line-break":
            self.text("\n")

    def text(self, text: str) -> None:
        if self.texts and not self.aside:
            self.size += len(text)
            if self.size > ROW_BYTES:
                raise Refusal("workbook_too_large")
            self.texts.append(text)

    def end(self, name: str) -> None:
        if self.aside:
            self.aside -= 1
        elif name == "table":
            self.inside -= 1
        elif self.inside != 1:
            return
        elif name == "table-row":
            self.builder.end_row(_number(self.row, "number-rows-repeated"))
        elif name in {"table-cell", "covered-table-cell"} and self.cell is not None:
            text = self._shown(self.cell, "".join(self.texts))
            repeated = _number(self.cell, "number-columns-repeated")
            down = _number(self.cell, "number-rows-spanned") - 1
            self.builder.cell(text, repeated=repeated, down=down)
            self.cell, self.texts = None, []

    def _shown(self, cell: dict[str, str], text: str) -> str:
        """What a cell says: its text, its day, or its number with what its format adds."""
        kind = cell.get("value-type")

        if kind == "error" or (cell.get("formula") and text.startswith(("#", "Err:"))):
            self.builder.wrong()
            return ""
        if kind == "date":
            return cell.get("date-value", text).removesuffix("T00:00:00").replace("T", " ")
        if kind == "boolean":
            return "TRUE" if cell.get("boolean-value") == "true" else "FALSE"
        if kind in {"float", "percentage", "currency"} and "value" in cell:
            return _number_shown(cell["value"], text)

        return text


def _number_shown(value: str, text: str) -> str:
    """A number; as it is shown where that has the same digits: 01067, +44 2079460011."""
    number = float(value)
    plain = str(int(number)) if number.is_integer() and abs(number) < 1e15 else value  # noqa: PLR2004 - all digits are kept
    digits = re.sub(r"\D", "", text).lstrip("0")
    same = digits == plain.lstrip("-").lstrip("0") and not GROUPED.fullmatch(text.strip())
    return text.strip() if same and plain.lstrip("-").isdigit() else plain


def _number(attributes: dict[str, str], name: str) -> int:
    return max(int(attributes.get(name, "1")), 0)
