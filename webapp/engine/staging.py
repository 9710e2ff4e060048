"""Uploaded bytes into the database and back, and checked rows into the staging table."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import tuple_row

from webapp.engine.duplicates import Connection
from webapp.intake.validation import CheckedRow
from webapp.limits import MEBIBYTE
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.refusals import Refusal

CHUNK = (
    128 * 1024
)  # bytes; larger ones cost several times as much in every buffer on the way and save no time
BLOCK_ROWS = 1000
COLUMNS = (
    *("import_id", "row", "status"),
    *SCALARS,
    *("tags", "custom", "email_key", "phone_key", "clears", "problems", "record"),
)
# Signs that no cleaned text holds, since cleaning takes control characters out.
SEPARATOR, NULL = "\x1f", "\x1e"
NULLS = repeat(NULL)
COPY = f"COPY contact_import_rows ({', '.join(COLUMNS)}) FROM STDIN (DELIMITER '{SEPARATOR}', NULL '{NULL}')"
LINES = 100  # written at once
as_json = json.JSONEncoder(ensure_ascii=False).encode


class Incoming:
    """A file on its way into `contact_import_files`: what is written becomes chunks of 128 KiB at once.

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
                """SELECT substr(content, (%(offset)s - position + 1)::int) FROM contact_import_files
                   WHERE import_id = %(id)s AND position <= %(offset)s ORDER BY position DESC LIMIT 1""",
                {"id": self.file_id, "offset": offset},
                binary=True,
            ).fetchone()
        return found[0] if found and found[0] else None


def copy_rows(conn: Connection, import_id: UUID, rows: Sequence[CheckedRow]) -> None:
    """COPY checked rows into the staging table, and what is wrong with them into the list of problems."""
    name = str(import_id)
    with conn.cursor().copy(COPY) as copy:
        for begin in range(0, len(rows), LINES):
            copy.write("".join([_line(name, row) for row in rows[begin : begin + LINES]]))
    problems = {(row.row, problem.code) for row in rows if row.problems for problem in row.problems}
    if problems:
        with conn.cursor().copy(
            "COPY contact_import_problems (import_id, row, code) FROM STDIN"
        ) as copy:
            for number, code in problems:
                copy.write_row((import_id, number, code))


def _line(import_id: str, row: CheckedRow) -> str:
    """The row as a line of COPY's text format."""
    cleaned = [
        import_id,
        str(row.row),
        row.status,
        *map(row.values.get, SCALARS, NULLS),
        _array(row.tags),
        _json(row.custom),
        row.email_key or NULL,
        row.phone_key or NULL,
        _array(row.clears),
        _json([problem.as_json() for problem in row.problems]) if row.problems else NULL,
    ]
    # The cells as they came may hold the separator; nothing else does, so all the rest is escaped
    # at one go.
    raw = (
        _escaped(_array(row.record)).replace(SEPARATOR, f"\\{SEPARATOR}")
        if row.record is not None
        else NULL
    )
    return f"{_escaped(SEPARATOR.join(cleaned))}{SEPARATOR}{raw}\n"


def _escaped(text: str) -> str:
    if "\\" in text or "\n" in text or "\r" in text:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    return text


def _array(texts: list[str] | None) -> str:
    if texts is None:
        return NULL
    quoted = ['"' + text.replace("\\", r"\\").replace('"', r"\"") + '"' for text in texts]
    return f"{{{','.join(quoted)}}}"


def _json(value: object) -> str:
    return as_json(value) if value else NULL


def take_back(conn: Connection, import_id: UUID, rows: Sequence[int]) -> None:
    """Take these rows off the list of problems and the staging table, to be staged anew."""
    if rows:
        asked = {"import_id": import_id, "rows": list(rows), "first": min(rows), "last": max(rows)}
        for statement in TAKE_BACK:
            conn.execute(statement, asked)


# Without the bounds each statement compares every row of the file with each of those asked for:
# 100,000 rows took 41 s.
_ASKED = """r.import_id = %(import_id)s AND r.row BETWEEN %(first)s AND %(last)s
    AND r.row = ANY(%(rows)s::bigint[])"""
# The list has the codes before the rows: without its code, each row would be looked for in the
# whole of it.
TAKE_BACK = (
    f"""DELETE FROM contact_import_problems WHERE ctid = ANY(ARRAY(
         SELECT p.ctid FROM contact_import_rows r, jsonb_array_elements(r.problems) x, LATERAL (
           SELECT ctid FROM contact_import_problems l
           WHERE l.import_id = r.import_id AND l.code = x ->> 'code' AND l.row = r.row LIMIT 1) p
         WHERE {_ASKED}))""",
    f"DELETE FROM contact_import_rows r WHERE {_ASKED}",
)


def clear_rows(conn: Connection, import_id: UUID) -> None:
    """Forget what an earlier check staged and what was computed from it."""
    for table in ("contact_import_rows", "contact_import_problems", "contact_import_previews"):
        conn.execute(f"DELETE FROM {table} WHERE import_id = %s", (import_id,))
