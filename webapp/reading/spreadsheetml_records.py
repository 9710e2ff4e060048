"""Workbooks of Excel 2003 in one XML file, which programs name .xls or .xml, read as a stream."""

import re
from collections.abc import Iterator
from typing import Final

from webapp.limits import ROW_BYTES, XML_LOOK_BYTES
from webapp.reading import tables, xml_tables
from webapp.reading.records import Choices, Dialect, Head, Limits, Position, Record, Source
from webapp.reading.xlsx_cells import LAST_ROW
from webapp.reading.xlsx_package import readable
from webapp.vocabulary.refusals import Refusal

NAME: Final = "spreadsheetml"
BEGIN = re.compile(rb"<(?:\w+:)?Workbook\b[^>]*urn:schemas-microsoft-com:office:spreadsheet")


def recognises(head: bytes, _filename: str) -> bool:
    """Whether the root of the XML is such a workbook."""
    return BEGIN.search(head[:4096].replace(b"\0", b"")) is not None


def inspect(source: Source, _head: bytes, chosen: Choices, limits: Limits) -> Head:
    """The sheets, and the head of one of them."""
    return tables.head_of(_rows(source, limits, XML_LOOK_BYTES), NAME, chosen, limits)


def records(
    source: Source, dialect: Dialect, start: Position | None, limits: Limits
) -> Iterator[Record]:
    """The rows after `start`; those before are read over."""
    return tables.records_of(_rows(source, limits), dialect.sheet, start)


def _rows(
    source: Source, limits: Limits, most_bytes: int | None = None
) -> Iterator[tuple[str, Record]]:
    with readable():
        handler = _Workbook(tables.Builder(limits, source.size, most_bytes))
        yield from xml_tables.rows(source.blocks(0), handler)


class _Workbook:
    """Elements → cells."""

    def __init__(self, builder: tables.Builder) -> None:
        self.builder = builder
        self.cell: dict[str, str] | None = None
        self.kind: str | None = None
        self.texts: list[str] = []
        self.size = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Worksheet":
            self.builder.begin_sheet(attributes.get("Name", ""))
        elif name == "Row":
            index = attributes.get("Index")
            self.builder.begin_row(
                min(int(index), LAST_ROW + 1) if index else None,
                is_hidden=attributes.get("Hidden") == "1",
            )
        elif name == "Cell":
            self.cell, self.texts, self.size = attributes, [], 0
        elif name == "Data" and self.cell is not None:
            self.kind = attributes.get("Type", "String")

    def text(self, text: str) -> None:
        if self.kind is not None:
            self.size += len(text)
            if self.size > ROW_BYTES:
                raise Refusal("workbook_too_large")
            self.texts.append(text)

    def end(self, name: str) -> None:
        if name == "Data" and self.kind is not None:
            self.texts = [self._shown(self.kind, "".join(self.texts))]
            self.kind = None
        elif name == "Cell" and self.cell is not None:
            index = self.cell.get("Index")
            across = int(self.cell.get("MergeAcross", "0"))
            self.builder.cell(
                "".join(self.texts),
                index=int(index) - 1 if index else None,
                down=int(self.cell.get("MergeDown", "0")),
            )
            self.builder.cell("", repeated=max(across, 0))
            self.cell = None
        elif name == "Row":
            self.builder.end_row()

    def _shown(self, kind: str, text: str) -> str:
        if kind == "Error":
            self.builder.wrong()
            return ""
        if kind == "Boolean":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind == "DateTime":
            return text.removesuffix(".000").removesuffix("T00:00:00").replace("T", " ")
        if kind == "Number":
            number = float(text)
            whole = number.is_integer() and abs(number) < 1e15  # noqa: PLR2004 - all digits are kept
            return str(int(number)) if whole else text

        return text
