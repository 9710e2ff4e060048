"""Where an execution came out differently than its plan: the contacts had changed in between.

A block of the plan is compared once, when all its rows have their final entries; only blocks that
differ are looked into row by row.
"""

from collections.abc import Callable
from uuid import UUID

from webapp import queries
from webapp.db import Connection
from webapp.deciding import plan

SQL = queries.load("plan_differences")


def compare(
    conn: Connection,
    import_id: UUID,
    last_row: int,
    stopped: Callable[[], bool] = lambda: False,
) -> str | None:
    """List the rows up to this one that came out differently than in the plan of exactly what is
    executed. Their entries have to be final.

    The digest of that plan; None where there is none, and so nothing to differ from. Rows without
    an entry, as a stopped import leaves them, and rows that the plan does not have, differ in
    nothing.

    It can be broken off anywhere, and goes on where it was: a block that is through is marked.
    """
    executed = conn.execute(SQL.executed, {"import_id": import_id}).fetchone()
    if executed is None:
        return None

    digest = str(executed.pop("plan_digest"))
    asked = {
        **executed,
        "import_id": import_id,
        "first": 0,
        "last": last_row // plan.BLOCK_ROWS,
    }
    while not stopped() and (
        block := conn.execute(SQL.uncompared, asked, prepare=True).fetchone()
    ):
        asked["first"] = block["block"] + 1
        came_to = plan.ledger_block(conn, import_id, block["block"], last_row)
        if came_to == block["lines"] or _note(conn, import_id, block["lines"], came_to):
            conn.execute(SQL.compared, {**asked, "block": block["block"]})

    return digest


def _by_row(lines: str) -> dict[int, str]:
    return {plan.row_of(line): line for line in filter(None, lines.split("\n"))}


def _note(conn: Connection, import_id: UUID, block: str, entries: str) -> bool:
    """List the rows of a block that differ. Whether all of its rows have their entries."""
    planned, came_to = _by_row(block), _by_row(entries)
    both = sorted(planned.keys() & came_to.keys())
    conn.execute(SQL.forget, {"import_id": import_id, "rows": both})
    differing = [
        {
            "import_id": import_id,
            "row": row,
            "planned": planned[row],
            "came_to": came_to[row],
        }
        for row in both
        if planned[row] != came_to[row]
    ]
    with conn.cursor() as cursor:
        cursor.executemany(SQL.note, differing)

    return len(both) == len(planned)
