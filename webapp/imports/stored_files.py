"""Uploaded bytes into the database, and back."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import tuple_row

from webapp import queries
from webapp.limits import MEBIBYTE
from webapp.vocabulary.refusals import Refusal

SQL = queries.load("imports")

# Bytes; larger ones cost several times as much in every buffer on the way and save no time.
CHUNK = 128 * 1024


class Incoming:
    """A file on its way into `contact_import_files`: what is written becomes chunks of 128 KiB at
    once.

    The import does not exist yet; until it does, the transaction cannot be committed.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.import_id = uuid4()
        self.size = 0
        self._digest = hashlib.sha256()
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        """Take bytes as they come."""
        self._waiting += data
        while len(self._waiting) >= CHUNK:
            self._keep(bytes(self._waiting[:CHUNK]))
            del self._waiting[:CHUNK]

        return len(data)

    def seek(self, _offset: int) -> None:
        """The file is whole: keep what is left of it."""
        if self._waiting:
            self._keep(bytes(self._waiting))
            self._waiting.clear()

    def close(self) -> None:
        """Nothing is open."""

    def _keep(self, chunk: bytes) -> None:
        self.conn.execute(
            SQL.keep_chunk,
            {"import_id": self.import_id, "position": self.size, "content": chunk},
        )
        self._digest.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def received(
    conn: psycopg.Connection[Any], stream: BinaryIO | Incoming, limit: int
) -> Incoming:
    """The stream as chunks, if it is not in them already. Raises Refusal past `limit` bytes."""
    found = stream if isinstance(stream, Incoming) else Incoming(conn)
    if found is not stream:
        while found.size <= limit and (block := cast("BinaryIO", stream).read(CHUNK)):
            found.write(block)

    found.seek(0)
    if found.size > limit:
        raise Refusal("too_large", at="/file", limit_mb=limit // MEBIBYTE)

    return found


def sha256_of(stream: BinaryIO | Incoming) -> str:
    """SHA-256 of a whole upload, hexadecimal."""
    if isinstance(stream, Incoming):
        return stream.sha256
    stream.seek(0)
    return hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()


class StoredFile:
    """The stored bytes as a `reading.Source`: `size` in bytes, and blocks from any offset on.

    `file_id` is the id of the import that brought the file; those that run it again share it.
    """

    def __init__(
        self, connection: Callable[[], psycopg.Connection[Any]], file_id: UUID, size: int
    ) -> None:
        self.connection = connection  # asked for each block, so that none is held between two
        self.file_id = file_id
        self.size = size

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` to the end, about 128 KiB at a time."""
        while (block := self._block_at(offset)) is not None:
            yield block
            offset += len(block)

    def _block_at(self, offset: int) -> bytes | None:
        with self.connection().cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(
                SQL.read_chunk,
                {"file_id": self.file_id, "offset": offset},
                binary=True,
            ).fetchone()

        return found[0] if found and found[0] else None
