"""What a second run would do, by the execution's own statement on temporary tables.

It is a simulation of the whole run: its rows alone, and the contacts that they can reach. A person
or a program asks for it, a job makes it, and it is kept until a row is corrected or settled, or the
rows are run.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import queries
from webapp.checking import column_rules
from webapp.db import Connection
from webapp.deciding import people_counts, person_keys, preview
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.imports import reruns
from webapp.imports.leases import Lease
from webapp.models import RerunPreview
from webapp.queries import fill
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import RUN_ENDED
from webapp.vocabulary.strategies import Strategy

SQL = queries.load("rerun_preview")
_STATES = [state.value for state in RUN_ENDED]


def kept(session: Session, import_id: UUID, rerun: Rerun) -> RerunPreview | None:
    """What such a run would do; None while nothing is known of it."""
    found = session.get(RerunPreview, (import_id, rerun), populate_existing=True)
    return found if found is not None and found.outcomes is not None else None


def request(session: Session, import_id: UUID, rerun: Rerun) -> bool:
    """Have it computed. Whether that is new; the caller commits, then enqueues the import."""
    new = insert(RerunPreview).values(import_id=import_id, rerun=rerun)
    added = session.execute(new.on_conflict_do_nothing().returning(RerunPreview.import_id))
    return added.first() is not None


def compute_missing(
    conn: Connection,
    lease: Lease,
    should_yield: Callable[[], bool],
    stopped: Callable[[], bool],
) -> bool:
    """Compute and keep what was asked for; false where that was broken off, since the process is to
    end. A simulation is one transaction, so others wait for its end.
    """
    asked = conn.execute(SQL.asked, {"import_id": lease.import_id}).fetchall()
    conn.rollback()
    keyless = bool(asked) and person_keys.has_keyless_rows(conn, lease.import_id)
    if keyless and not person_keys.renew(conn, should_yield):
        return False

    return all(_compute(conn, lease, Rerun(row["rerun"]), stopped) for row in asked)


def _compute(
    conn: Connection, lease: Lease, rerun: Rerun, stopped: Callable[[], bool]
) -> bool:
    import_: Any = conn.execute(SQL.options, {"import_id": lease.import_id}).fetchone()
    conn.rollback()
    _shadow(conn, lease.import_id, rerun)
    try:
        keyless = person_keys.has_keyless_rows(conn, lease.import_id)
        _fill(conn, lease.import_id, keyless=keyless)
        told = _simulated(conn, lease.import_id, import_, stopped, keyless=keyless)
    finally:
        conn.rollback()
        conn.execute(
            f"DROP TABLE {', '.join(f'pg_temp.{one}' for one in ('of_run', *preview.SHADOWED))}"
        )
        conn.commit()

    if told is None:
        return False

    asked = {
        "import_id": lease.import_id,
        "token": lease.token,
        "states": _STATES,
        "mended_at": import_["mended_at"],
        "rerun": rerun,
    }
    conn.execute(SQL.keep, {**asked, **told})
    conn.commit()
    return True


def _shadow(conn: Connection, import_id: UUID, rerun: Rerun) -> None:
    """Temporary tables in front of the real ones, with the rows of the run alone."""
    asked = {"import_id": import_id}
    after = 0
    if rerun is Rerun.REMAINING:
        last: Any = conn.execute(reruns.SQL.before_remaining, asked).fetchone()
        after = last["row"]

    conn.execute(SQL.make_of_run)
    conn.execute(fill(SQL.find_rows, rows=reruns.rows(rerun)), {**asked, "after": after})
    for table in preview.SHADOWED:
        conn.execute(fill(preview.SQL.shadow, table=table))

    conn.execute(SQL.fill_rows, asked)
    for row in conn.execute(preview.SQL.key_triggers).fetchall():
        conn.execute(row["definition"])

    conn.commit()


def _fill(conn: Connection, import_id: UUID, *, keyless: bool) -> None:
    """The contacts that the rows can reach."""
    for setting in ("enable_hashjoin", "enable_seqscan"):
        conn.execute(f"SET LOCAL {setting} = on")

    conn.execute(preview.FILL_CONTACTS, {"import_id": import_id})
    if keyless:
        conn.execute(preview.FILL_PERSONS, {"import_id": import_id})

    conn.execute(preview.SQL.number_behind_the_book)
    conn.commit()


def _simulated(
    conn: Connection,
    import_id: UUID,
    import_: dict[str, Any],
    stopped: Callable[[], bool],
    *,
    keyless: bool,
) -> dict[str, Any] | None:
    """As if the rows of the run were all of the file; None where the
    process is to end.
    """
    options = Options(
        Strategy(import_["duplicate_strategy"]),
        tuple(import_["match_keys"]),
        create_new=import_["create_new"],
        hold_other_names=import_["hold_other_names"],
        rules=column_rules.decided(import_["column_rules"], import_["tag"]),
        keyless=keyless,
        chosen=import_["chosen"],
    )
    handler = DuplicateHandler(conn, import_id, options)
    conn.commit()
    conn.execute("SET TRANSACTION READ ONLY")
    outcomes = dict.fromkeys([*map(str, STORED_OUTCOMES), str(Outcome.NOT_PROCESSED)], 0)
    after = 0
    while (decided := handler.handle_duplicates(after, preview.RANGE)).rows:
        for outcome, count in decided.counts.items():
            outcomes[outcome.value] += count

        after = decided.last_row
        if stopped():
            return None

    people = people_counts.of_ledger(conn, import_id, outcomes)
    return {"outcomes": Jsonb(outcomes), "people": Jsonb(people)}
