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

from webapp.db import Connection
from webapp.deciding import ledger_digest
from webapp.deciding.decision import Rules
from webapp.deciding.duplicates import DuplicateHandler
from webapp.imports.leases import POISONED_AFTER, Lease
from webapp.models import ContactImport, ImportLease
from webapp.vocabulary.fields import COMPARED, SCALARS
from webapp.vocabulary.keys import DERIVED_KEYS, KEY_COLUMN, UNIQUE_KEYS
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy

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


def given_up(session: Session, found: ContactImport) -> bool:
    """Whether the previews that are not there will not come: computing them ended too many work-horses.

    The import can be run all the same: its batches find the row that does it.
    """
    lease = session.get(ImportLease, found.id, populate_existing=True)
    return found.state == State.READY and lease is not None and lease.deaths >= POISONED_AFTER


def _missing(conn: Connection, import_id: UUID) -> list[Strategy]:
    rows = conn.execute(
        "SELECT strategy FROM contact_import_previews WHERE import_id = %s", (import_id,)
    )
    there = {row["strategy"] for row in rows}
    conn.rollback()
    return [strategy for strategy in Strategy if strategy not in there]


def _shadow(conn: Connection, import_id: UUID) -> None:
    """Temporary tables in front of the real ones, with the contacts that hold any key of the file."""
    for setting in ("enable_hashjoin", "enable_seqscan"):
        conn.execute(f"SET LOCAL {setting} = on")

    for table in SHADOWED:
        conn.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL)")

    conn.execute(_FILL, {"import_id": import_id})
    conn.execute(
        "SELECT setval('contacts_id_seq', (SELECT COALESCE(max(id), 0) + 1 FROM public.contacts))"
    )
    conn.commit()


def _holders(key: str) -> str:
    """SQL: the contacts that hold a key of the file, where the decision looks it up."""
    chosen = (
        f"(SELECT '{key}' = ANY(match_keys) FROM contact_imports WHERE id = %(import_id)s)"
    )
    column = KEY_COLUMN[key]

    return f"""
      SELECT k.id FROM contact_import_rows r JOIN public.contacts k ON k.{column} = r.{column}
      WHERE r.import_id = %(import_id)s{"" if key in UNIQUE_KEYS else f" AND {chosen}"}"""


_FILL = f"""
    INSERT INTO contacts SELECT c.* FROM public.contacts c
    WHERE c.id IN ({" UNION ".join(map(_holders, KEY_COLUMN))})"""


def _compute(
    conn: Connection, lease: Lease, strategy: Strategy, should_yield: Callable[[], bool]
) -> bool:
    row = conn.execute(
        "SELECT match_keys, state, mended_at, clear_token FROM contact_imports WHERE id = %s",
        (lease.import_id,),
    ).fetchone()
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
        found = _found(conn, lease.import_id, outcomes, row) if outcomes else None
    finally:
        conn.rollback()  # The shadows are as they were, ready for the next strategy.

    if found is None:
        return False

    _keep(conn, lease, found, {"strategy": strategy.value, "mended_at": row["mended_at"]})

    return True


def _found(
    conn: Connection, import_id: UUID, outcomes: dict[str, int], chosen: dict[str, Any]
) -> dict[str, Any]:
    """What is kept of a simulation."""
    return {
        "outcomes": Jsonb(outcomes),
        "examples": Jsonb(_examples(conn, import_id)),
        "cleared": _cleared(conn) if chosen["clear_token"] else 0,
        "promised": ledger_digest.Ledger(import_id).read(conn).letters,
    }


def _cleared(conn: Connection) -> int:
    """How many fields the clear token empties; nothing else does."""
    row = conn.execute(
        """SELECT count(*) AS fields FROM contact_changes, jsonb_each(after) f
           WHERE f.value IN ('null', '[]') AND f.key <> ALL(%s)""",
        (list(DERIVED_KEYS),),
    ).fetchone()
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
    row = handler.conn.execute(
        "SELECT state FROM contact_imports WHERE id = %s", (handler.import_id,)
    ).fetchone()
    return row is not None and row["state"] == State.READY


def _examples(conn: Connection, import_id: UUID) -> list[dict[str, Any]]:
    """A few rows of each outcome that touches a contact: the file's values, the contact's, and the change."""
    return [
        dict(row)
        for outcome in _SHOWN
        for row in conn.execute(
            _EXAMPLES, {"import_id": import_id, "outcome": outcome.value, "limit": EXAMPLES}
        ).fetchall()
    ]


def _pairs(alias: str, names: Iterable[str]) -> str:
    return ", ".join(f"'{name}', {alias}.{name}" for name in names)


def _object(alias: str) -> str:
    return (
        f"jsonb_strip_nulls(jsonb_build_object({_pairs(alias, SCALARS)}, 'tags', NULLIF({alias}.tags, '{{}}'),"
        f" 'custom', NULLIF({alias}.custom, '{{}}')))"
    )


# The few rows come first, and all else is looked up for each of them: joined, the journal was read
# anew for every row.
_EXAMPLES = f"""
    SELECT l.row, l.outcome::text AS outcome, l.contact_id, l.code, l.detail, h.before, h.after,
      {_object("r")} AS file, {_object("c")} AS now,
      (SELECT jsonb_agg(jsonb_build_object('id', o.id, {_pairs("o", COMPARED)}))
        FROM jsonb_array_elements_text(l.detail -> 'contacts') k
        CROSS JOIN LATERAL (SELECT * FROM contacts WHERE id = k::bigint LIMIT 1) o) AS contacts
    FROM (SELECT * FROM contact_import_results WHERE import_id = %(import_id)s AND outcome = %(outcome)s::outcome
      ORDER BY code NULLS FIRST, row LIMIT %(limit)s) l
    CROSS JOIN LATERAL (
      SELECT * FROM contact_import_rows WHERE import_id = l.import_id AND row = l.row LIMIT 1) r
    LEFT JOIN LATERAL (SELECT * FROM public.contacts WHERE id = l.contact_id LIMIT 1) c ON true
    LEFT JOIN LATERAL (
      SELECT * FROM (SELECT * FROM contact_changes WHERE contact_id = l.contact_id OFFSET 0) o
      WHERE import_id = l.import_id AND row = l.row LIMIT 1) h ON true
    ORDER BY l.code NULLS FIRST, l.row"""


def _keep(conn: Connection, lease: Lease, found: dict[str, Any], of: dict[str, Any]) -> None:
    """Keep the preview, unless the mapping or a row changed or another worker took over meanwhile."""
    conn.execute(
        """INSERT INTO contact_import_previews (import_id, strategy, outcomes, examples, cleared, promised)
           SELECT id, %(strategy)s, %(outcomes)s, %(examples)s, %(cleared)s, %(promised)s
           FROM contact_imports WHERE id = %(import_id)s AND state = 'ready' AND lease_token = %(token)s
             AND mended_at IS NOT DISTINCT FROM %(mended_at)s FOR UPDATE
           ON CONFLICT (import_id, strategy) DO NOTHING""",
        {**found, **of, "import_id": lease.import_id, "token": lease.token},
    )
    conn.commit()
