"""What each strategy would do, computed by the execution's own statement, read-only.

The statement runs on temporary tables that bear the names of the real ones, filled with just the
contacts that the file can reach, inside a READ ONLY transaction: PostgreSQL itself sees to it that
nothing real is written. So preview and execution cannot disagree; they are the same SQL.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from webapp import queries
from webapp.checking.names import PARTS
from webapp.db import Connection
from webapp.deciding import ledger_digest
from webapp.deciding.decision import Rules
from webapp.deciding.duplicates import DuplicateHandler
from webapp.imports.leases import GIVE_UP_AFTER, Lease
from webapp.models import ContactImport, ImportLease
from webapp.queries import fill
from webapp.vocabulary.fields import COMPARED, FULL_NAMES, SCALARS
from webapp.vocabulary.keys import DERIVED_KEYS, KEY_COLUMN, UNIQUE_KEYS
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy


def _pairs(alias: str, names: Iterable[str]) -> str:
    return ", ".join(f"'{name}', {alias}.{name}" for name in names)


SQL = queries.load(
    "preview",
    row_fields=_pairs("r", SCALARS),
    contact_fields=_pairs("c", SCALARS),
    compared_fields=_pairs("o", COMPARED),
)
_FILL_CONTACTS = fill(
    SQL.fill_contacts,
    holders="\nUNION\n".join(
        fill(
            SQL.holders_of_key,
            column=column,
            if_chosen="" if key in UNIQUE_KEYS else fill(SQL.is_chosen, key=key),
        )
        for key, column in KEY_COLUMN.items()
    ),
)
RANGE = 1000  # rows a statement: the result does not depend on it
EXAMPLES = 3  # of each outcome
SHADOWED = ("contacts", "contact_changes", "contact_import_results")
_SHOWN = tuple(
    outcome for outcome in Outcome if outcome.duplicate or outcome is Outcome.CONFLICT
)


def compute_missing(conn: Connection, lease: Lease, should_yield: Callable[[], bool]) -> bool:
    """Compute and keep the previews that an import lacks; true when all are there.

    Stops early when others wait or the import has left `ready`, and then starts that strategy over.
    """
    missing = _missing(conn, lease.import_id)
    if missing:
        _shadow(conn, lease.import_id)
    return all(_compute(conn, lease, strategy, should_yield) for strategy in missing)


def given_up(session: Session, import_: ContactImport) -> bool:
    """Whether the previews that are not there will not come: computing them ended too many
    work-horses.

    The import can be run all the same: its batches find the row that does it.
    """
    lease = session.get(ImportLease, import_.id, populate_existing=True)
    return import_.state == State.READY and lease is not None and lease.deaths >= GIVE_UP_AFTER


def _missing(conn: Connection, import_id: UUID) -> list[Strategy]:
    rows = conn.execute(SQL.strategies_there, {"import_id": import_id})
    there = {row["strategy"] for row in rows}
    conn.rollback()
    return [strategy for strategy in Strategy if strategy not in there]


def _shadow(conn: Connection, import_id: UUID) -> None:
    """Temporary tables in front of the real ones, with the contacts that hold any key of the
    file.
    """
    for setting in ("enable_hashjoin", "enable_seqscan"):
        conn.execute(f"SET LOCAL {setting} = on")

    for table in SHADOWED:
        conn.execute(fill(SQL.shadow, table=table))

    conn.execute(_FILL_CONTACTS, {"import_id": import_id})
    conn.execute(SQL.number_behind_the_book)
    conn.commit()


def _compute(
    conn: Connection, lease: Lease, strategy: Strategy, should_yield: Callable[[], bool]
) -> bool:
    row = conn.execute(SQL.choices, {"import_id": lease.import_id}).fetchone()
    conn.rollback()
    if row is None or row["state"] != State.READY:
        return False

    handler = DuplicateHandler(
        conn, lease.import_id, Rules(strategy, tuple(row["match_keys"]))
    )
    conn.commit()
    conn.execute("SET TRANSACTION READ ONLY")

    try:
        outcomes = _simulate(handler, should_yield)
        kept = _simulated(conn, lease.import_id, outcomes, row) if outcomes else None
    finally:
        conn.rollback()  # The shadows are as they were, ready for the next strategy.

    if kept is None:
        return False

    _keep(conn, lease, kept, {"strategy": strategy.value, "mended_at": row["mended_at"]})

    return True


def _simulated(
    conn: Connection, import_id: UUID, outcomes: dict[str, int], chosen: dict[str, Any]
) -> dict[str, Any]:
    """What is kept of a simulation."""
    return {
        "outcomes": Jsonb(outcomes),
        "examples": Jsonb(_examples(conn, import_id)),
        "cleared": _cleared(conn, chosen["mapping"]) if chosen["clear_token"] else 0,
        "promised": ledger_digest.Ledger(import_id).read(conn).letters,
    }


def _cleared(conn: Connection, targets: list[str | None]) -> int:
    """How many fields the clear token empties; a whole name empties the parts that it lacks."""
    others = [*DERIVED_KEYS, *([] if FULL_NAMES.isdisjoint(targets) else PARTS)]
    row = conn.execute(SQL.cleared_fields, {"others": others}).fetchone()
    return int(row["fields"]) if row else 0


def _simulate(
    handler: DuplicateHandler, should_yield: Callable[[], bool]
) -> dict[str, int] | None:
    outcomes = dict.fromkeys([outcome.value for outcome in STORED_OUTCOMES], 0)
    after = 0

    while (decided := handler.handle_duplicates(after, RANGE)).rows:
        for outcome, count in decided.counts.items():
            outcomes[outcome.value] += count

        after = decided.last_row
        if should_yield() or not _wanted(handler):
            return None

    return {**outcomes, Outcome.NOT_PROCESSED.value: 0}


def _wanted(handler: DuplicateHandler) -> bool:
    """Whether the import still waits for the person; an execution never waits for previews."""
    row = handler.conn.execute(SQL.state, {"import_id": handler.import_id}).fetchone()
    return row is not None and row["state"] == State.READY


def _examples(conn: Connection, import_id: UUID) -> list[dict[str, Any]]:
    """A few rows of each outcome that touches a contact."""
    return [
        dict(row)
        for outcome in _SHOWN
        for row in conn.execute(
            SQL.examples, {"import_id": import_id, "outcome": outcome.value, "limit": EXAMPLES}
        ).fetchall()
    ]


def _keep(conn: Connection, lease: Lease, kept: dict[str, Any], of: dict[str, Any]) -> None:
    conn.execute(
        SQL.keep,
        {**kept, **of, "import_id": lease.import_id, "token": lease.token},
    )
    conn.commit()
