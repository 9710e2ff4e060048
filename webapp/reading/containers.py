"""Files that are packed: one table in a .gz, one or several in a .zip. They are unpacked a block at
a time, and what is inside is read like any file; a position counts the unpacked bytes.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, cast

from webapp.limits import HEAD_BYTES, TEXT_BYTES, TEXT_RATIO
from webapp.reading.records import Source, beginning
from webapp.reading.xlsx_package import BROKEN, ENCRYPTED, Contents
from webapp.vocabulary.refusals import Refusal

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
WITH_HEADER = 31  # of gzip, for zlib
BLOCK_BYTES = 128 * 1024
NAME_AT = 30  # in a zip, of its first member
NESTED = {".gz", ".zip", ".tgz"}
MEMBERS = 2_000
# How the first member of a workbook or a document is called, which are zips as well.
OFFICE = (
    b"[Content_Types]",
    b"_rels/",
    b"mimetype",
    b"xl/",
    b"word/",
    b"ppt/",
    b"docProps/",
    b"customXml/",
)
APART = ": "  # between a file's name in an archive and the name of its sheet


class Packed:
    """What one file packs, as a source. Raises Refusal where it unpacks to more than it may."""

    def __init__(self, packed: Source) -> None:
        self.packed = packed
        self.size = packed.size
        self.most = TEXT_BYTES + TEXT_RATIO * packed.size

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The unpacked bytes from `offset` on."""
        at = 0
        try:
            for block in self.unpacked():
                begin, at = at, at + len(block)
                if at > self.most:
                    raise Refusal("archive_too_large")
                if at > offset:
                    yield block[max(offset - begin, 0) :]
        except (*BROKEN, OSError, RuntimeError) as error:
            raise Refusal("archive_broken") from error

    def unpacked(self) -> Iterator[bytes]:
        """All bytes, in blocks."""
        raise NotImplementedError


class GzipFile(Packed):
    """The bytes of a .gz, also where several were put one after the other."""

    def unpacked(self) -> Iterator[bytes]:
        unpacker, is_begun = zlib.decompressobj(WITH_HEADER), False

        for packed in self.packed.blocks(0):
            data = packed
            while data := data if is_begun else data.lstrip(b"\0"):
                is_begun = True
                while block := unpacker.decompress(data, BLOCK_BYTES):
                    data = unpacker.unconsumed_tail
                    yield block

                data = b""
                if unpacker.eof:
                    data = unpacker.unused_data
                    unpacker, is_begun = zlib.decompressobj(WITH_HEADER), False

        if is_begun:
            raise EOFError


class Member(Packed):
    """One file in a zip."""

    def __init__(self, packed: Source, archive: zipfile.ZipFile, name: str) -> None:
        super().__init__(packed)
        self.archive, self.name = archive, name

    def unpacked(self) -> Iterator[bytes]:
        with self.archive.open(self.name) as stream:
            while block := stream.read(BLOCK_BYTES):
                yield block


def is_container(head: bytes) -> bool:
    """Whether it is a .gz, or a .zip that is neither a workbook nor another document."""
    if head.startswith(ZIP):
        return not head[NAME_AT:].startswith(OFFICE)
    return head.startswith(GZIP)


@contextmanager
def opened(source: Source, extensions: set[str]) -> Iterator[dict[str, Source]]:
    """The tables in a container by their names, the largest first; a .gz has one without a name.

    Raises Refusal where there is none.
    """
    if beginning(source, HEAD_BYTES).startswith(GZIP):
        yield {"": GzipFile(source)}
        return

    with tempfile.TemporaryFile() as file:
        for block in source.blocks(0):
            file.write(block)
        try:
            archive = zipfile.ZipFile(cast("IO[bytes]", Contents(file)))
        except BROKEN as error:
            raise Refusal("archive_broken") from error

        with archive:
            yield {
                name: Member(source, archive, name) for name in _tables(archive, extensions)
            }


def _tables(archive: zipfile.ZipFile, extensions: set[str]) -> list[str]:
    members = archive.infolist()
    if len(members) > MEMBERS:
        raise Refusal("archive_too_large")

    found = [
        member
        for member in members
        if _extension(member.filename) in extensions - NESTED
        and not member.is_dir()
        and not any(
            part.startswith((".", "__MACOSX")) for part in PurePath(member.filename).parts
        )
    ]
    if any(name.lower().endswith(".iwa") for name in archive.namelist()):
        raise Refusal("is_numbers")
    if not found:
        raise Refusal("is_archive")
    if any(member.flag_bits & ENCRYPTED for member in found):
        raise Refusal("archive_protected")

    return [member.filename for member in sorted(found, key=lambda one: -one.file_size)]


def _extension(name: str) -> str:
    return PurePath(name).suffix.lower()


def parted(name: str | None, tables: dict[str, Source]) -> tuple[str | None, str | None]:
    """A chosen name as that of a file in the container and that of a sheet in it."""
    if name is None:
        return None, None
    if "" in tables:
        return "", name

    for table in tables:
        if name == table:
            return table, None
        if name.startswith(table + APART):
            return table, name[len(table + APART) :]

    raise Refusal("unknown_sheet", at="/sheet", sheet=name[:60])
