"""Uploaded bytes into the database and back, and checked rows into the staging table."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import tuple_row

from webapp.engine.duplicates import Connection
from webapp.intake.fields import SCALARS
from webapp.intake.validation import CheckedRow

CHUNK = 1024 * 1024
BLOCK_ROWS = 1000
COLUMNS = (
    *("import_id", "row", "status"),
    *SCALARS,
    *("tags", "custom", "email_key", "phone_key", "clears", "problems", "record"),
)
COPY = f"COPY contact_import_rows ({', '.join(COLUMNS)}) FROM STDIN"


class TooLarge(Exception):  # noqa: N818 - a refusal, told to the person as a sentence
    """The stream went past the limit; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Incoming:
    """A file on its way into `contact_import_files`: what is written becomes chunks of 1 MiB at once.

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
            "INSERT INTO contact_import_files (import_id, position, content) VALUES (%s, %s, %b)",
            (self.import_id, self.size, chunk),
        )
        self._digest.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def received(conn: psycopg.Connection[Any], stream: BinaryIO | Incoming, limit: int) -> Incoming:
    """The stream as chunks, if it is not in them already. Raises TooLarge past `limit` bytes."""
    found = stream if isinstance(stream, Incoming) else Incoming(conn)
    if found is not stream:
        while found.size <= limit and (block := cast("BinaryIO", stream).read(CHUNK)):
            found.write(block)
    found.seek(0)
    if found.size > limit:
        raise TooLarge(limit)
    return found


def sha256_of(stream: BinaryIO | Incoming) -> str:
    """SHA-256 of a whole upload, hexadecimal."""
    if isinstance(stream, Incoming):
        return stream.sha256
    stream.seek(0)
    return hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()


class StoredFile:
    """The stored bytes as a `reading.Source`: `size` in bytes, and blocks from any offset on."""

    def __init__(self, conn: psycopg.Connection[object], import_id: UUID, size: int) -> None:
        self.conn = conn
        self.import_id = import_id
        self.size = size

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` to the end, about 1 MiB at a time."""
        while (block := self._block_at(offset)) is not None:
            yield block
            offset += len(block)

    def _block_at(self, offset: int) -> bytes | None:
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(
                """SELECT substr(content, (%(offset)s - position + 1)::int) FROM contact_import_files
                   WHERE import_id = %(id)s AND position <= %(offset)s ORDER BY position DESC LIMIT 1""",
                {"id": self.import_id, "offset": offset},
                binary=True,
            ).fetchone()
        return found[0] if found and found[0] else None


def copy_rows(conn: Connection, import_id: UUID, rows: Sequence[CheckedRow]) -> None:
    """COPY checked rows into the staging table, and what is wrong with them into the list of problems."""
    with conn.cursor().copy(COPY) as copy:
        for row in rows:
            copy.write_row(_columns(import_id, row))
    problems = {(row.row, problem.code) for row in rows if row.problems for problem in row.problems}
    if problems:
        with conn.cursor().copy("COPY contact_import_problems (import_id, row, code) FROM STDIN") as copy:
            for number, code in problems:
                copy.write_row((import_id, number, code))


def _columns(import_id: UUID, row: CheckedRow) -> list[object]:
    value = row.values.get
    return [
        import_id,
        row.row,
        row.status,
        *[value(name) for name in SCALARS],
        row.tags,
        _json(row.custom),
        row.email_key,
        row.phone_key,
        row.clears,
        _json([problem.as_json() for problem in row.problems]),
        row.record,
    ]


def _json(value: object) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None


def take_back(conn: Connection, import_id: UUID, rows: Sequence[int]) -> None:
    """Take these rows off the staging table and the list of problems, to be staged anew."""
    for table in ("contact_import_rows", "contact_import_problems"):
        conn.execute(f"DELETE FROM {table} WHERE import_id = %s AND row = ANY(%s)", (import_id, list(rows)))


def clear_rows(conn: Connection, import_id: UUID) -> None:
    """Forget what an earlier check staged and what was computed from it."""
    for table in ("contact_import_rows", "contact_import_problems", "contact_import_previews"):
        conn.execute(f"DELETE FROM {table} WHERE import_id = %s", (import_id,))


def in_blocks(rows: Iterator[CheckedRow], size: int = BLOCK_ROWS) -> Iterator[list[CheckedRow]]:
    """The rows in lists of at most `size`."""
    block: list[CheckedRow] = []
    for row in rows:
        block.append(row)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block

