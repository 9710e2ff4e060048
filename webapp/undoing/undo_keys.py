"""Unique keys that an undo could not give back at once.

They are due, and each undo settles what is due in one step. An undo first takes away what its unit
gave, so what is held by then stays held: a claim is blocked where another contact holds its key,
or where a better claim on it is granted. Blocked ones stay due, and the next undo looks at them
again. docs/architecture.md says why this brings the book back.
"""

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from webapp import queries
from webapp.imports.faults import RACE_CODES, first_line, is_refusal
from webapp.undoing import undo_rules

ATTEMPTS = 3  # at a key that an import takes at the same moment
Row = dict[str, Any]


def rows(conn: psycopg.Connection[Any], query: str, parameters: dict[str, Any]) -> list[Row]:
    """The rows that a statement gives, as dicts, on a job's connection or on that of a request."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters, prepare=True).fetchall()


SQL = queries.load(
    "undo_keys",
    kinds=undo_rules.KINDS,
    void=undo_rules.void(),
    holder_of_d=undo_rules.holder("d"),
    giver_of_d=undo_rules.giver("k.id", "d.kind", "d.key"),
    blocked=undo_rules.BLOCKED,
    id_field=undo_rules.ID,
    now=undo_rules.NOW,
    replayed=undo_rules.replayed(),
    readdressed=undo_rules.READDRESSED,
    as_columns=undo_rules.AS_COLUMNS,
    assignments=undo_rules.assignments("r.back"),
)


@dataclass
class Settled:
    """What became of the due claims.

    `restored` counts contacts that nothing else of this undo came back to.
    """

    restored: int = 0
    granted: list[Row] = field(default_factory=list)  # contact_id, kind
    blocked: list[Row] = field(
        default_factory=list
    )  # contact_id, row, field, code, message, wanted, now, by_…


def settle(conn: psycopg.Connection[Any], unit: dict[str, Any]) -> Settled:
    """Grant all due claims that are not blocked, in the caller's transaction.

    `unit` has import_id or change of the undo at hand; `blocked` lists what stays due of it, or was
    refused.
    """
    rows(conn, SQL.drop_void, {})
    refused: dict[int, str] = {}
    settled = Settled()

    for _ in range(ATTEMPTS):
        claims = rows(conn, SQL.lock, {"refused": list(refused)})
        if not claims:
            break

        granted = rows(conn, SQL.granted, {"refused": list(refused)})
        error = _grant(conn, [claim["id"] for claim in granted])

        if error is None:
            settled.granted = granted
            break

        if error.sqlstate not in RACE_CODES:
            refused |= _refused(conn, [claim["id"] for claim in granted]) or {
                claim["id"]: first_line(error) for claim in granted
            }

    done = [claim["id"] for claim in settled.granted]
    settled.restored = len(
        {claim["contact_id"] for claim in settled.granted if not claim["counted"]}
    )
    settled.blocked = rows(
        conn,
        SQL.blocked_of_unit,
        {**unit, "done": done, "refused": list(refused), "messages": list(refused.values())},
    )
    rows(conn, SQL.forget, {"settled": [*done, *refused]})

    return settled


def _grant(conn: psycopg.Connection[Any], granted: list[int]) -> psycopg.Error | None:
    """Write what these claims wish; the error if refused."""
    try:
        with conn.transaction():
            rows(conn, SQL.grant, {"granted": granted})
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        return error

    return None


def _refused(conn: psycopg.Connection[Any], granted: list[int]) -> dict[int, str]:
    """The claims that the database refuses for another reason than the key, each with its words."""
    refused = {}
    for claim in granted:
        error = _grant(conn, [claim])
        if error is not None and error.sqlstate not in RACE_CODES:
            refused[claim] = first_line(error)

    return refused
