"""The check: one streaming pass over the file, from bytes to staged rows.

Nothing is written to the contacts.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb

from webapp import queries
from webapp.checking.rules import RULES
from webapp.checking.seen_columns import SeenColumns
from webapp.checking.validation import Checker
from webapp.db import Connection
from webapp.imports import transitions
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.imports.stored_files import StoredFile
from webapp.limits import BLOCK_BYTES
from webapp.reading import readers
from webapp.staging import blocks, file_rows, judging, second_process
from webapp.staging.blocks import Block, Checkpoint, hold, stage, take_back_beyond
from webapp.staging.staged_rows import BLOCK_ROWS, clear_rows, copy_rows, take_back
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State

logger = logging.getLogger(__name__)

SQL = queries.load("staging")


def check_slice(
    conn: Connection,
    lease: Lease,
    limits: readers.Limits,
    should_yield: Callable[[], bool],
    second: second_process.Connect | None = None,
) -> bool:
    """Check and stage rows from where the last slice stopped. True when the whole file is staged.

    `second` opens the connection of a second process, where a core is free for it. Raises Refusal
    for a file that turns out to be unusable further down, and Fenced.
    """
    import_ = _import(conn, lease)
    reached = _begin(conn, lease, import_)
    left = import_["size_bytes"] - reached.get("position", {}).get("offset", 0)

    checker = judging.checker(import_)
    checker.seen = SeenColumns.from_json(reached)
    checkpoint = Checkpoint(conn, lease, checker, reached)
    records = _records(conn, import_, reached, limits)

    worthwhile = second if left >= second_process.LEAST_BYTES else None

    try:
        with second_process.started(worthwhile, lease, import_) as helper:
            is_whole = _stage(import_, records, checkpoint, helper, should_yield)
    except (second_process.Lost, LockNotAvailable):
        if not worthwhile:
            raise
        # Where it stands still with the import locked, the lock went with it.
        conn.rollback()
        logger.warning("%s: the second process of the check is lost", lease.import_id)
        return check_slice(conn, lease, limits, should_yield)

    if is_whole:
        _settle_dates(conn, lease, import_, checker)
        _finish(conn, lease, checker)

    return is_whole


def _import(conn: Connection, lease: Lease) -> dict[str, Any]:
    row = conn.execute(SQL.checked_import, {"import_id": lease.import_id}).fetchone()
    conn.rollback()
    if row is None:
        raise Fenced  # discarded meanwhile

    return row


def _begin(conn: Connection, lease: Lease, import_: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint, once nothing is staged behind it."""
    reached: dict[str, Any] = import_["read_position"] or {
        "rows": 0,
        "date_orders": judging.orders_of_labels(import_),
        "columns": {},
    }

    hold(conn, lease)
    if "position" in reached:
        take_back_beyond(conn, lease.import_id, reached["position"]["row"])
    else:
        clear_rows(conn, lease.import_id)
        _forget_blocks(conn, lease.import_id)

    conn.commit()

    return reached


def _records(
    conn: Connection, import_: dict[str, Any], reached: dict[str, Any], limits: readers.Limits
) -> Iterator[readers.Record]:
    dialect = file_rows.dialect_of(import_)
    start = readers.Position.from_json(reached["position"]) if "position" in reached else None
    source = StoredFile(
        lambda: conn, import_["file_of"] or import_["id"], import_["size_bytes"]
    )

    return readers.records(source, dialect, start=start, limits=limits)


def _stage(
    import_: dict[str, Any],
    records: Iterator[readers.Record],
    checkpoint: Checkpoint,
    second: second_process.SecondProcess | None,
    should_yield: Callable[[], bool],
) -> bool:
    """Judge and stage block after block, here or in the second process. True at the file's end."""
    is_whole = True

    for block in _blocks(import_, records, checkpoint):
        checkpoint.add(block)
        if second is None or not second.takes(block):
            block.seen = stage(checkpoint.conn, import_["id"], block.told, checkpoint.checker)
        if second:
            second.collect()
        checkpoint.commit()

        while second and checkpoint.is_far_ahead:
            second.wait()
            checkpoint.commit()
        if should_yield():
            is_whole = False
            break

    while second and second.taken:
        second.wait()
        checkpoint.commit()

    return is_whole


def _blocks(
    import_: dict[str, Any], records: Iterator[readers.Record], checkpoint: Checkpoint
) -> Iterator[Block]:
    """The next blocks of the file, told what is no contact."""
    conn, checker = checkpoint.conn, checkpoint.checker
    lines = judging.lines(import_)
    lines.take(checkpoint.reached.get("lines", {}))
    corrections = judging.any_corrections(conn, import_["id"])

    for found in blocks.cut(records, lines):
        told = judging.told(conn, import_["id"], found, lines, with_corrections=corrections)
        yield Block(
            told,
            rows=len(found),
            size=sum(record.size for record in found),
            position=found[-1].position,
            lines=lines.as_json(),
            frequent=checker.seen.frequent(),
        )


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
        hold(conn, lease)
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
        sources=(State.CHECKING,),
        token=lease.token,
        also=SQL.summary,
        columns=Jsonb(checker.seen.told()),
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
