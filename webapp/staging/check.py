"""The check: one streaming pass over the file, from bytes to staged rows.

Nothing is written to the contacts.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from webapp.checking.validation import CheckedRow, Checker
from webapp.db import Connection
from webapp.imports import transitions
from webapp.imports.faults import Fenced
from webapp.imports.leases import Lease
from webapp.imports.stored_files import StoredFile
from webapp.limits import BLOCK_BYTES
from webapp.reading import readers
from webapp.staging import corrections
from webapp.staging.staged_rows import BLOCK_ROWS, clear_rows, copy_rows, take_back
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State

AMBIGUOUS = '[{"code": "date_ambiguous"}]'


def check_slice(
    conn: Connection, lease: Lease, limits: readers.Limits, should_yield: Callable[[], bool]
) -> bool:
    """Check and stage rows from where the last slice stopped. True when the whole file is staged.

    Raises Refusal for a file that turns out to be unusable further down, and Fenced.
    """
    session = _session(conn, lease)
    reached: dict[str, Any] = session["read_position"] or {"rows": 0, "date_orders": []}

    if "position" not in reached:
        _hold(conn, lease)
        clear_rows(conn, lease.import_id)
        _forget_blocks(conn, lease.import_id)
        conn.commit()

    checker = corrections.checker(session)
    checker.orders_seen.update(reached["date_orders"])
    judge = _judge(conn, lease.import_id, checker)
    began = time.monotonic()

    for block in _blocks(_records(conn, session, reached, limits)):
        copy_rows(conn, lease.import_id, judge(block))
        reached = _reach(
            conn, lease, reached, block, checker, seconds=time.monotonic() - began
        )
        began = time.monotonic()
        if should_yield():
            return False

    _settle_dates(conn, lease, session, checker)
    _finish(conn, lease)

    return True


def _hold(conn: Connection, lease: Lease) -> None:
    """Keep the import ours until the commit: a worker that was thought dead must not touch what another one stages."""
    ours = conn.execute(
        "SELECT FROM contact_imports WHERE id = %s AND lease_token = %s AND state = 'checking' FOR UPDATE",
        (lease.import_id, lease.token),
    ).fetchone()

    if ours is None:
        conn.rollback()
        raise Fenced


def _session(conn: Connection, lease: Lease) -> dict[str, Any]:
    row = conn.execute(
        "SELECT * FROM contact_imports WHERE id = %s", (lease.import_id,)
    ).fetchone()
    conn.rollback()
    if row is None:
        raise Fenced  # discarded meanwhile

    return row


def _judge(
    conn: Connection, import_id: UUID, checker: Checker
) -> Callable[[list[readers.Record]], list[CheckedRow]]:
    """How a block of records is judged: by itself, or, where a person corrected something, with the corrections."""
    if corrections.any_corrections(conn, import_id):
        return lambda block: corrections.corrected(conn, import_id, block, checker)
    return checker.check_block


def _records(
    conn: Connection, session: dict[str, Any], reached: dict[str, Any], limits: readers.Limits
) -> Iterator[readers.Record]:
    dialect = readers.Dialect(
        session["format"],
        session["encoding"],
        session["delimiter"],
        session["sheet"],
        session["header_row"],
    )
    start = readers.Position.from_json(reached["position"]) if "position" in reached else None
    source = StoredFile(
        lambda: conn, session["file_of"] or session["id"], session["size_bytes"]
    )

    return readers.records(source, dialect, start=start, limits=limits)


def _blocks(records: Iterator[readers.Record]) -> Iterator[list[readers.Record]]:
    """Records that are staged together: a bounded number, and a bounded amount of text."""
    block: list[readers.Record] = []
    size = 0

    for record in records:
        block.append(record)
        size += record.size

        if len(block) == BLOCK_ROWS or size > BLOCK_BYTES:
            yield block
            block, size = [], 0

    if block:
        yield block


def _reach(
    conn: Connection,
    lease: Lease,
    reached: dict[str, Any],
    block: list[readers.Record],
    checker: Checker,
    *,
    seconds: float,
) -> dict[str, Any]:
    """Commit a block, which took `seconds`, together with where reading goes on, under the lease's token."""
    position = block[-1].position
    reached = {
        "position": position.as_json(),
        "rows": reached["rows"] + len(block),
        "date_orders": sorted(checker.orders_seen),
    }

    moved = conn.execute(
        """WITH moved AS (
             UPDATE contact_imports SET read_position = %s, read_bytes = LEAST(%s, size_bytes)
             WHERE id = %s AND lease_token = %s AND state = 'checking' RETURNING id)
           INSERT INTO contact_import_logs (import_id, event, rows, duration_ms)
           SELECT id, 'block_checked', %s, %s FROM moved RETURNING import_id""",
        (
            Jsonb(reached),
            position.offset,
            lease.import_id,
            lease.token,
            len(block),
            seconds * 1000,
        ),
    ).fetchone()

    if moved is None:
        conn.rollback()
        raise Fenced

    conn.commit()

    return reached


def _settle_dates(
    conn: Connection, lease: Lease, session: dict[str, Any], checker: Checker
) -> None:
    """The whole column is seen: if it proves one order, the ambiguous dates are judged again under it."""
    order = session["date_order"] or checker.proven_date_order()
    if order is None:
        return

    judge = _judge(conn, lease.import_id, corrections.checker(session, order))

    while rows := _ambiguous(conn, lease):
        records = [
            readers.Record(row["row"], row["record"], None, readers.Position(0, row["row"]))
            for row in rows
        ]
        _hold(conn, lease)
        take_back(conn, lease.import_id, [record.row for record in records])
        copy_rows(conn, lease.import_id, judge(records))
        conn.commit()


def _ambiguous(conn: Connection, lease: Lease) -> list[dict[str, Any]]:
    return conn.execute(
        """SELECT row, record FROM (
             SELECT row, record, sum(length(record::text)) OVER (
               ORDER BY row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS chars_before
             FROM (SELECT row, record FROM contact_import_rows
               WHERE import_id = %s AND problems IS NOT NULL AND problems @> %s::jsonb
               ORDER BY row LIMIT %s) first) bounded
           WHERE COALESCE(chars_before, 0) <= %s ORDER BY row""",
        (lease.import_id, AMBIGUOUS, BLOCK_ROWS, BLOCK_BYTES),
    ).fetchall()


def _finish(conn: Connection, lease: Lease) -> None:
    """Count what was staged, list the problems, and the import is ready."""
    if not transitions.move(
        conn, lease.import_id, State.READY, token=lease.token, also=_SUMMARY
    ):
        conn.rollback()
        raise Fenced

    _forget_blocks(conn, lease.import_id)
    conn.commit()


def _forget_blocks(conn: Connection, import_id: UUID) -> None:
    """Blocks are logged for the throughput shown during the check; they are of no use after it."""
    conn.execute(
        "DELETE FROM contact_import_logs WHERE import_id = %s AND event = 'block_checked'",
        (import_id,),
    )


def refuse(conn: Connection, lease: Lease, refusal: Refusal) -> None:
    """The file cannot be used after all: say so and end the import; nothing was written to the contacts."""
    transitions.move(
        conn,
        lease.import_id,
        State.REFUSED,
        token=lease.token,
        also="completed_at = clock_timestamp(), failure_reason = %(code)s, failure_facts = %(facts)s",
        code=refusal.code,
        facts=Jsonb(refusal.facts),
    )
    conn.commit()


_SUMMARY = """read_bytes = size_bytes,
      total = (SELECT count(*) FROM contact_import_rows r WHERE r.import_id = i.id),
      check_summary = jsonb_build_object('problems', COALESCE((
        SELECT jsonb_agg(p ORDER BY p.severity, p.rows DESC) FROM (
          SELECT x ->> 'code' AS code, x ->> 'severity' AS severity, count(DISTINCT r.row) AS rows,
            min(r.row) AS first_row, min(x ->> 'value') AS example
          FROM contact_import_rows r, jsonb_array_elements(r.problems) x
          WHERE r.import_id = i.id AND r.problems IS NOT NULL GROUP BY 1, 2) p), '[]'))"""
