"""The parts of a workbook: bounded by the zip's table of contents before anything is unpacked,
and never extracted.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from webapp.limits import (
    PACKED_RATIO,
    PART_BYTES,
    SMALL_MEMBER_BYTES,
    WORKBOOK_CONTENTS_BYTES,
    WORKBOOK_LIST_BYTES,
    WORKBOOK_LIST_ENTRIES,
    WORKBOOK_MEMBERS,
    WORKBOOK_STYLES,
)
from webapp.reading.xlsx_formats import Format, format_of
from webapp.reading.xlsx_xml import ERRORS, elements
from webapp.vocabulary.refusals import Refusal

ENCRYPTED = 1  # bit of a member's flags
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    *ERRORS,
    EOFError,
    KeyError,
    ValueError,
    IndexError,
    NotImplementedError,
)


@contextmanager
def readable() -> Iterator[None]:
    """Every fault inside a workbook is told as one sentence."""
    try:
        yield
    except BROKEN as error:
        raise Refusal("workbook_broken") from error


@dataclass(frozen=True)
class Sheet:
    """A sheet's name and where its part is; `hidden` from people who open the workbook."""

    name: str
    path: str
    hidden: bool


class Contents:
    """The file of a workbook, whose table of contents zipfile reads at one go: one that is too
    long is refused.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.seek, self.tell, self.seekable, self.close = (
            file.seek,
            file.tell,
            file.seekable,
            file.close,
        )

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(
            size if 0 <= size <= WORKBOOK_CONTENTS_BYTES else WORKBOOK_CONTENTS_BYTES + 1
        )
        if len(data) > WORKBOOK_CONTENTS_BYTES:
            raise Refusal("workbook_too_large")

        return data


class Package:
    """An open workbook."""

    def __init__(self, file: IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(cast("IO[bytes]", Contents(file)))
        self.paths = {
            name.replace("\\", "/").lower(): name for name in self.archive.namelist()
        }
        refuse_bombs(self.archive)
        self._refuse_others()
        self.main = self._main()
        self.related = self._related(self.main)
        self.from_1904 = False
        self.sheets = self._sheets()
        self.formats = self._formats()

    def close(self) -> None:
        self.archive.close()

    def open(self, path: str) -> IO[bytes]:
        """A part as a stream. Raises KeyError where there is none."""
        return self.archive.open(self.paths[path.lower()])

    def size(self, path: str) -> int:
        """The unpacked size of a part in bytes, as the table of contents has it."""
        return self.archive.getinfo(self.paths[path.lower()]).file_size

    def shared_strings(self) -> IO[bytes] | None:
        """The part with the strings that cells share."""
        path = next(
            (path for kind, path in self.related.values() if kind == "sharedStrings"), None
        )
        return self.open(path) if path and path.lower() in self.paths else None

    def _refuse_others(self) -> None:
        if "xl/workbook.bin" in self.paths:
            raise Refusal("wrong_name", extension=".xlsb")

        if "mimetype" in self.paths:
            kind = self.archive.open(self.paths["mimetype"]).read(100)
            raise Refusal("is_opendocument" if b"opendocument" in kind else "is_archive")

        if "word/document.xml" in self.paths or "ppt/presentation.xml" in self.paths:
            raise Refusal("is_document")
        if "_rels/.rels" not in self.paths:
            raise Refusal("is_archive")

    def _main(self) -> str:
        for kind, path in self._related("").values():
            if kind == "officeDocument" and path.lower() in self.paths:
                return path
        raise Refusal("workbook_broken")

    def _related(self, path: str) -> dict[str, tuple[str, str]]:
        """Kind and path of each part that a part refers to, by the id that it uses.

        Links to outside are left out.
        """
        folder, name = posixpath.split(path)
        related: dict[str, tuple[str, str]] = {}

        for element, found in self._elements(posixpath.join(folder, "_rels", f"{name}.rels")):
            if element == "Relationship" and found.get("TargetMode") != "External":
                _refuse_many(related, WORKBOOK_LIST_ENTRIES)
                related[found["Id"]] = (
                    found["Type"].rpartition("/")[2],
                    _joined(folder, found["Target"]),
                )

        return related

    def _sheets(self) -> list[Sheet]:
        found: list[Sheet] = []
        for element, has in self._elements(self.main):
            if element == "workbookPr":
                self.from_1904 = has.get("date1904") in {"1", "true"}
            elif element == "sheet":
                kind, path = self.related.get(has["id"], ("", ""))
                if kind == "worksheet" and path.lower() in self.paths:
                    _refuse_many(found, WORKBOOK_LIST_ENTRIES)
                    found.append(
                        Sheet(has["name"], path, has.get("state", "visible") != "visible")
                    )

        return found

    def _formats(self) -> list[Format]:
        """The format of each cell style, in the order by which cells name them."""
        path = next((path for kind, path in self.related.values() if kind == "styles"), None)
        codes: dict[int, str] = {}
        found: list[Format] = []
        part = ""

        for element, has in (
            self._elements(path) if path and path.lower() in self.paths else ()
        ):
            if element == "numFmt" and part == "numFmts":
                _refuse_many(codes, WORKBOOK_STYLES)
                codes[int(has["numFmtId"])] = has["formatCode"]
            elif element == "xf" and part == "cellXfs":
                number = int(has.get("numFmtId", 0))
                _refuse_many(found, WORKBOOK_STYLES)
                found.append(format_of(number, codes.get(number)))
            elif element in {
                "numFmts",
                "fonts",
                "cellStyleXfs",
                "cellXfs",
                "cellStyles",
                "dxfs",
            }:
                part = element

        return found

    def _elements(self, path: str) -> Iterator[tuple[str, dict[str, str]]]:
        if self.size(path) > WORKBOOK_LIST_BYTES:
            raise Refusal("workbook_too_large")
        with self.open(path) as stream:
            yield from elements(stream)


def refuse_bombs(archive: zipfile.ZipFile) -> None:
    """Raise Refusal for an archive that unpacks to more than real ones do, by what it says
    itself.
    """
    members = archive.infolist()
    padded = any(member.file_size > PART_BYTES for member in members)
    inflated = any(
        member.file_size > SMALL_MEMBER_BYTES
        and member.file_size > PACKED_RATIO * max(member.compress_size, 1)
        for member in members
    )

    if len(members) > WORKBOOK_MEMBERS or padded or inflated:
        raise Refusal("workbook_too_large")
    if any(member.flag_bits & ENCRYPTED for member in members):
        raise Refusal("is_protected")


def _refuse_many(kept: Sized, most: int) -> None:
    if len(kept) >= most:
        raise Refusal("workbook_too_large")


def _joined(folder: str, target: str) -> str:
    """A part's path from a relation; only ever looked up among the members, never on a disk."""
    target = target.replace("\\", "/")
    return posixpath.normpath(
        target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
    )
