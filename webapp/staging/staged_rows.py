"""Checked rows into the staging table, and off it again."""

import json
from collections.abc import Sequence
from itertools import repeat
from uuid import UUID

from webapp import queries
from webapp.checking.checked_rows import CheckedRow
from webapp.db import Connection
from webapp.queries import fill
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.keys import FURTHER_COLUMN, LABEL_COLUMN

SQL = queries.load("staging")

BLOCK_ROWS = 1000
# Of addresses, what few rows have: labels, and those behind the main one.
ADDRESSES = (*LABEL_COLUMN.values(), *FURTHER_COLUMN.values())
COLUMNS = (
    *("import_id", "row", "status"),
    *SCALARS,
    *("tags", "custom", "email_key", "phone_key"),
    *ADDRESSES,
    *("clears", "problems", "record"),
)
# Signs that no cleaned text holds, since cleaning takes control characters out.
SEPARATOR, NULL = "\x1f", "\x1e"
NULLS = repeat(NULL)
NO_ADDRESSES = (NULL,) * len(ADDRESSES)
COPY = fill(SQL.copy_rows, columns=", ".join(COLUMNS), separator=SEPARATOR, null=NULL)
LINES = 100  # written at once
as_json = json.JSONEncoder(ensure_ascii=False).encode


def copy_rows(conn: Connection, import_id: UUID, rows: Sequence[CheckedRow]) -> None:
    """COPY checked rows into the staging table, and what is wrong with them into the list of
    problems.
    """
    name = str(import_id)
    with conn.cursor().copy(COPY) as copy:
        for begin in range(0, len(rows), LINES):
            copy.write("".join([_line(name, row) for row in rows[begin : begin + LINES]]))

    problems = {
        (row.row, problem.code) for row in rows if row.problems for problem in row.problems
    }

    if problems:
        with conn.cursor().copy(SQL.copy_problems) as copy:
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
        *_addresses(row),
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


def _addresses(row: CheckedRow) -> Sequence[str]:
    """ADDRESSES of the row."""
    if not (row.email_label or row.phone_label or row.further_emails or row.further_phones):
        return NO_ADDRESSES

    return (
        row.email_label or NULL,
        row.phone_label or NULL,
        _json(row.further_emails),
        _json(row.further_phones),
    )


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
        asked = {
            "import_id": import_id,
            "rows": list(rows),
            "first": min(rows),
            "last": max(rows),
        }
        conn.execute(SQL.take_problems_back, asked)
        conn.execute(SQL.take_rows_back, asked)


def clear_rows(conn: Connection, import_id: UUID) -> None:
    """Forget what an earlier check staged and what was computed from it."""
    for table in (
        "contact_import_rows",
        "contact_import_problems",
        "contact_import_listed_cells",
        "contact_import_positions",
        "contact_import_previews",
        "contact_import_scans",
    ):
        conn.execute(fill(SQL.clear, table=table), {"import_id": import_id})

    conn.execute(SQL.unlist, {"import_id": import_id})
