"""The check: one streaming pass over the file, from bytes to staged rows.

Nothing is written to the contacts.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from webapp import queries
from webapp.checking.other_lines import LONGEST_RUN, OtherLines
from webapp.checking.rules import RULES
from webapp.checking.validation import CheckedRow, Checker
from webapp.db import Connection
from webapp.imports import transitions
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.imports.stored_files import StoredFile
from webapp.limits import BLOCK_BYTES
from webapp.reading import readers
from webapp.staging import judging
from webapp.staging.staged_rows import BLOCK_ROWS, clear_rows, copy_rows, take_back
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State

SQL = queries.load("staging")


def check_slice(
    conn: Connection, lease: Lease, limits: readers.Limits, should_yield: Callable[[], bool]
) -> bool:
    """Check and stage rows from where the last slice stopped. True when the whole file is staged.

    Raises Refusal for a file that turns out to be unusable further down, and Fenced.
    """
    import_ = _import(conn, lease)
    reached: dict[str, Any] = import_["read_position"] or {
        "rows": 0,
        "date_orders": judging.orders_of_labels(import_),
        "columns": {},
    }

    if "position" not in reached:
        _hold(conn, lease)
        clear_rows(conn, lease.import_id)
        _forget_blocks(conn, lease.import_id)
        conn.commit()

    checker = judging.checker(import_)
    checker.orders_seen.update(reached["date_orders"])
    checker.take_counts(reached.get("columns", {}))
    lines = judging.lines(import_)
    lines.take(reached.get("lines", {}))
    judge = _judge(conn, lease.import_id, checker, lines)
    began = time.monotonic()

    for block in _blocks(_records(conn, import_, reached, limits), lines):
        copy_rows(conn, lease.import_id, judge(block))
        reached = _reached(reached, block, checker, lines)
        _reach(conn, lease, reached, block, seconds=time.monotonic() - began)
        began = time.monotonic()
        if should_yield():
            return False

    _settle_dates(conn, lease, import_, checker)
    _finish(conn, lease, checker)

    return True


def _hold(conn: Connection, lease: Lease) -> None:
    """Keep the import ours until the commit: a worker that was thought dead must not touch what
    another one stages.
    """
    ours = conn.execute(
        SQL.hold_checking, {"import_id": lease.import_id, "token": lease.token}
    ).fetchone()

    if ours is None:
        conn.rollback()
        raise Fenced


def _import(conn: Connection, lease: Lease) -> dict[str, Any]:
    row = conn.execute(SQL.checked_import, {"import_id": lease.import_id}).fetchone()
    conn.rollback()
    if row is None:
        raise Fenced  # discarded meanwhile

    return row


def _judge(
    conn: Connection, import_id: UUID, checker: Checker, lines: OtherLines
) -> Callable[[list[readers.Record]], list[CheckedRow]]:
    """How a block of records is judged: by itself, or, where a person corrected something, with the
    corrections.
    """
    if judging.any_corrections(conn, import_id):
        return lambda block: judging.corrected(conn, import_id, block, checker, lines)
    return lambda block: judging.judged(block, checker, lines)


def _records(
    conn: Connection, import_: dict[str, Any], reached: dict[str, Any], limits: readers.Limits
) -> Iterator[readers.Record]:
    dialect = readers.Dialect(
        import_["format"],
        import_["encoding"],
        import_["delimiter"],
        import_["sheet"],
        import_["header_row"],
        tuple(import_["head"].get("layout", ())),
        len(import_["columns"]),
    )
    start = readers.Position.from_json(reached["position"]) if "position" in reached else None
    source = StoredFile(
        lambda: conn, import_["file_of"] or import_["id"], import_["size_bytes"]
    )

    return readers.records(source, dialect, start=start, limits=limits)


def _blocks(
    records: Iterator[readers.Record], lines: OtherLines
) -> Iterator[list[readers.Record]]:
    """Records that are staged together: a bounded number, and a bounded amount of text. A line that
    may belong to the one above it stays with it.
    """
    block: list[readers.Record] = []
    size = 0

    for record in records:
        full = len(block) >= BLOCK_ROWS or size > BLOCK_BYTES
        longest = BLOCK_ROWS + LONGEST_RUN
        if full and (len(block) >= longest or not lines.is_short(record)):
            yield block
            block, size = [], 0

        block.append(record)
        size += record.size

    if block:
        yield block


def _reached(
    reached: dict[str, Any],
    block: list[readers.Record],
    checker: Checker,
    lines: OtherLines,
) -> dict[str, Any]:
    """Where reading goes on behind a block, and what its rows and those before say of the rest."""
    return {
        "position": block[-1].position.as_json(),
        "rows": reached["rows"] + len(block),
        "date_orders": sorted(checker.orders_seen),
        "columns": checker.counted(),
        "lines": lines.as_json(),
    }


def _reach(
    conn: Connection,
    lease: Lease,
    reached: dict[str, Any],
    block: list[readers.Record],
    *,
    seconds: float,
) -> None:
    """Commit a block, which took `seconds`, together with where reading goes on, under the lease's
    token.
    """
    moved = conn.execute(
        SQL.reach,
        {
            "import_id": lease.import_id,
            "token": lease.token,
            "reached": Jsonb(reached),
            "offset": block[-1].position.offset,
            "rows": len(block),
            "took": seconds * 1000,
        },
    ).fetchone()

    if moved is None:
        conn.rollback()
        raise Fenced

    conn.commit()


def _settle_dates(
    conn: Connection, lease: Lease, import_: dict[str, Any], checker: Checker
) -> None:
    """The whole column is seen: if it proves one order, the ambiguous dates are judged again under
    it.
    """
    order = import_["date_order"] or checker.proven_date_order()
    if order is None:
        return

    checker = judging.checker(import_, order)

    while rows := _ambiguous(conn, lease):
        records = [
            readers.Record(row["row"], row["record"], None, readers.Position(0, row["row"]))
            for row in rows
        ]
        _hold(conn, lease)
        take_back(conn, lease.import_id, [record.row for record in records])
        # Their lines were told apart among those around them.
        copy_rows(
            conn,
            lease.import_id,
            judging.corrected(conn, lease.import_id, records, checker),
        )
        conn.commit()


def _ambiguous(conn: Connection, lease: Lease) -> list[dict[str, Any]]:
    return conn.execute(
        SQL.ambiguous_dates,
        {"import_id": lease.import_id, "rows": BLOCK_ROWS, "chars": BLOCK_BYTES},
    ).fetchall()


def _finish(conn: Connection, lease: Lease, checker: Checker) -> None:
    """Count what was staged, list the problems, and the import is ready."""
    if not transitions.move(
        conn,
        lease.import_id,
        State.READY,
        token=lease.token,
        also=SQL.summary,
        columns=Jsonb(checker.told_of_columns()),
        rules=RULES,
    ):
        conn.rollback()
        raise Fenced

    _forget_blocks(conn, lease.import_id)
    conn.commit()


def _forget_blocks(conn: Connection, import_id: UUID) -> None:
    conn.execute(SQL.forget_blocks, {"import_id": import_id})


def refuse(conn: Connection, lease: Lease, refusal: Refusal) -> None:
    """The file cannot be used after all: say so and end the import; nothing was written to the
    contacts.
    """
    transitions.move(
        conn,
        lease.import_id,
        State.REFUSED,
        token=lease.token,
        also=SQL.refused,
        code=refusal.code,
        facts=Jsonb(refusal.facts),
    )
    conn.commit()
