"""One file of the corpus and what reading it must give."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Table = Sequence[Sequence[str]]
HEADER = ["Email", "First name", "Last name", "City"]
PEOPLE = [
    ["anna@example.com", "Anna", "Okafor", "Berlin"],
    ["bruno@example.com", "Bruno", "Keller", "Lyon"],
    ["carla@example.com", "Carla", "Rossi", "Parma"],
]


@dataclass(frozen=True)
class Case:
    """`rows` are the numbers a spreadsheet shows and the cells; `refused` is the code where
    the file is no table.

    `choose` is what the person says (encoding, delimiter, sheet); `problems` are the codes of
    rows that could be read only in part; `mapping` is the target expected for each column.
    """

    name: str
    data: bytes
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    upload_as: str | None = None
    format: str = "csv"
    encoding: str | None = "utf-8"
    delimiter: str | None = ","
    sheet: str | None = None
    header_row: int = 1
    columns: list[str] = field(default_factory=lambda: list(HEADER))
    certain: bool = True
    choose: dict[str, Any] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    mapping: list[str | None] | None = None
    refused: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of the manifest."""
        common = {
            "file": self.name,
            "upload_as": self.upload_as or self.name,
            "choose": self.choose,
        }
        if self.refused:
            return {**common, "refused": self.refused}
        return {
            **common,
            "format": self.format,
            "encoding": self.encoding and codecs.lookup(self.encoding).name,
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "header_row": self.header_row,
            "columns": self.columns,
            "certain": self.certain,
            "rows": [[row, cells] for row, cells in self.rows],
            "problems": [[row, code] for row, code in self.problems.items()],
            "mapping": self.mapping,
        }


def numbered(rows: Table, first: int = 2) -> list[tuple[int, list[str]]]:
    """Rows with the numbers that follow each other from `first` on."""
    return [(number, list(cells)) for number, cells in enumerate(rows, first)]


def written(rows: Table, **dialect: Any) -> str:
    """The table as Python's csv writes it."""
    stream = io.StringIO(newline="")
    csv.writer(stream, **dialect).writerows(rows)
    return stream.getvalue()


def refused(
    name: str, data: bytes, code: str, *, upload_as: str | None = None, **choose: str
) -> Case:
    """A file that cannot be used."""
    return Case(name, data, refused=code, upload_as=upload_as, choose=choose)
