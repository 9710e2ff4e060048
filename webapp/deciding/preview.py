"""What each variant would do, by the execution's own statements, and nothing real written.

A pass over the rows tells what the book alone decides (`preview_scan`). Rows that meet other rows
of the file are simulated: the execution's statement runs on temporary tables that bear the names
of the real ones, filled with just these rows and the contacts that they can reach, inside a READ
ONLY transaction: PostgreSQL itself sees to it that nothing real is written. So preview and
execution cannot disagree; they are the same SQL.

What was found stays when others get their turn: each slice adds a range of the pass, or a variant.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import queries
from webapp.checking import column_rules
from webapp.db import Connection
from webapp.deciding import (
    conflicts,
    duplicates,
    people_counts,
    person_keys,
    plan,
    preview_scan,
    version,
)
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.imports import leases
from webapp.imports.leases import Lease
from webapp.models import ContactImport, PreviewRequest
from webapp.queries import fill
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.keys import (
    DERIVED_KEYS,
    FURTHER_COLUMN,
    KEY_COLUMN,
    KEYLESS,
    UNIQUE_KEYS,
    holdings,
)
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import PREVIEWED
from webapp.vocabulary.strategies import USUAL, Strategy, Variant


def _pairs(alias: str, names: Iterable[str]) -> str:
    return ", ".join(f"'{name}', {alias}.{name}" for name in names)


# An address is known by its key, also among further ones.
SHOWN_FIELDS = (*SCALARS, *DERIVED_KEYS, *FURTHER_COLUMN.values())
SQL = queries.load(
    "preview",
    row_fields=_pairs("r", SHOWN_FIELDS),
    contact_fields=_pairs("c", SHOWN_FIELDS),
    block_rows=str(plan.BLOCK_ROWS),
    range=str(preview_scan.RANGE),
)


def _holders() -> Iterator[str]:
    """The contacts that hold any key of the file, key by key and place by place, and those
    chosen.
    """
    yield SQL.chosen_contacts
    for key, column in KEY_COLUMN.items():
        if_chosen = "" if key in UNIQUE_KEYS else fill(SQL.is_chosen, key=key)

        for place in holdings(key):
            yield fill(SQL.holders_of_key, **place, own=column, if_chosen=if_chosen)
            if further := FURTHER_COLUMN.get(key):
                yield fill(
                    SQL.holders_of_further_keys, **place, further=further, if_chosen=if_chosen
                )


_HOLDERS = "\nUNION\n".join(_holders())
FILL_CONTACTS = fill(SQL.fill_contacts, into="contacts", holders=_HOLDERS)
_PERSONS = {"keyless": KEYLESS, "key": person_keys.key_of("r")}
FILL_PERSONS = fill(SQL.fill_persons, into="contacts", **_PERSONS)
_FIND_CONTACTS = fill(SQL.fill_contacts, into="book_contacts", holders=_HOLDERS)
_FIND_PERSONS = fill(SQL.fill_persons, into="book_contacts", **_PERSONS)
_PREVIEWED = [state.value for state in PREVIEWED]
_KEEP_LINES = fill(SQL.keep_lines, line=plan.JOURNAL_LINE)
RANGE = 1000  # rows a statement: the result does not depend on it
BLOCKS = 50  # of a plan that are read at a time
# Rows to be simulated, up to which all variants are put together in one go. More of them take so
# long that each variant is kept as soon as it is simulated.
KEPT_TOGETHER = 50_000
WRITTEN_TO = (
    "contacts",
    "contact_further_emails",
    "contact_further_phones",
    "contact_changes",
    "contact_import_results",
)
SHADOWED = (*WRITTEN_TO, "contact_import_rows")
# What is told of the variants that are kept together.
GATHERED = ("simulated_lines", "found_conflicts", "composed")
# Conflicts have a page of their own: `deciding/conflicts.py`.
_SHOWN = tuple(outcome for outcome in Outcome if outcome.duplicate)


@dataclass(frozen=True)
class Facts:
    """What all variants of an import have in common, and whether it still is as it was."""

    conn: Connection
    lease: Lease
    options: Options
    clears: bool  # whether the file has a word that empties fields
    mended_at: Any

    @property
    def inputs(self) -> str:
        """What the pass depends on beside the rows, as text."""
        return f"{version.current()} {self.mended_at}"

    def still(self, conn: Connection) -> bool:
        """Whether the rows are as they were and the lease is held; both stay so until the
        commit.
        """
        asked = {
            "import_id": self.lease.import_id,
            "token": self.lease.token,
            "mended_at": self.mended_at,
            "previewed": _PREVIEWED,
        }
        return conn.execute(SQL.still, asked).fetchone() is not None


def compute_missing(
    conn: Connection,
    lease: Lease,
    should_yield: Callable[[], bool],
    stopped: Callable[[], bool] = lambda: False,
    connect: Callable[[], Connection] | None = None,
) -> bool:
    """Compute and keep the previews that an import lacks; true when all are there. Where a core is
    free, `connect` opens a second session, which takes a share of the pass.

    Stops early when others wait, but not before it has got on by a range of rows or by a variant;
    and at once where the import is not on its review any more, or `stopped` says that the process
    is to end.
    """
    missing = _missing(conn, lease.import_id)
    facts = facts_of(conn, lease) if missing else None
    if facts is None:
        return not missing
    if facts.options.keyless and not person_keys.renew(conn, should_yield):
        return False

    beside = connect and partial(_ready_to_look_up, connect, facts.options)
    duplicates.define_look_up(conn, facts.options)
    if not preview_scan.scan(conn, lease.import_id, facts, should_yield, beside):
        return False

    with _shadows(facts) as rows:
        together = len(missing) if rows <= KEPT_TOGETHER else 1
        if not _compute(facts, missing, together, should_yield, stopped):
            return False

    preview_scan.forget(conn, lease.import_id)
    conn.commit()
    return True


def _ready_to_look_up(connect: Callable[[], Connection], options: Options) -> Connection:
    conn = connect()
    duplicates.define_look_up(conn, options)
    conn.commit()
    return conn


def request(session: Session, import_id: UUID, variant: Variant) -> bool:
    """Have a preview computed that no import has unasked. Whether that is new; the caller commits,
    then enqueues the import.
    """
    if variant in USUAL:
        return False

    new = insert(PreviewRequest).values(import_id=import_id, **variant._asdict())
    added = session.execute(new.on_conflict_do_nothing().returning(PreviewRequest.import_id))
    return added.first() is not None


def given_up(session: Session, import_: ContactImport) -> bool:
    """Whether the previews that are not there will not come: computing them ended too many
    work-horses.

    The import can be run all the same: its batches find the row that does it.
    """
    return import_.state in PREVIEWED and leases.given_up(session, import_.id)


def drop_outdated(conn: Connection) -> None:
    """Drop the previews of imports that wait which another version of the decision computed."""
    conn.execute(SQL.drop_outdated, {"version": version.current(), "previewed": _PREVIEWED})
    conn.commit()


def _missing(conn: Connection, import_id: UUID) -> list[Variant]:
    """The variants that lack a preview by today's decision."""
    drop_outdated(conn)
    asked = {"import_id": import_id}
    there, requested = (
        [
            Variant(Strategy(row["strategy"]), row["create_new"], row["hold_other_names"])
            for row in conn.execute(statement, asked)
        ]
        for statement in (SQL.variants_there, SQL.variants_requested)
    )
    conn.rollback()
    return [variant for variant in dict.fromkeys((*USUAL, *requested)) if variant not in there]


def facts_of(conn: Connection, lease: Lease) -> Facts | None:
    """Read once a slice; None where the import waits no longer."""
    row = conn.execute(SQL.options, {"import_id": lease.import_id}).fetchone()
    conn.rollback()
    if row is None or row["state"] not in PREVIEWED:
        return None

    options = Options(
        Strategy.UPDATE,
        match_keys=tuple(row["match_keys"]),
        rules=column_rules.decided(row["column_rules"], row["tag"]),
        keyless=person_keys.has_keyless_rows(conn, lease.import_id),
        chosen=row["chosen"],
    )
    return Facts(conn, lease, options, row["clear_token"] is not None, row["mended_at"])


@contextmanager
def _shadows(facts: Facts) -> Iterator[int]:
    """Temporary tables in front of the real ones, with the rows that are simulated: how many."""
    conn = facts.conn
    tables = (*SHADOWED, "book_contacts", *GATHERED)
    drop = f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{table}' for table in tables)} CASCADE"
    conn.execute(drop)
    for table in SHADOWED:
        conn.execute(fill(SQL.shadow, table=table))

    for statement in (SQL.make_email_keys, SQL.make_book, SQL.make_lines, SQL.make_composed):
        conn.execute(statement)
    conflicts.make_found(conn)
    for row in conn.execute(SQL.key_triggers).fetchall():
        conn.execute(row["definition"])

    _plan_freely(conn)
    rows = preview_scan.fill_rows(conn, facts.lease.import_id)
    conn.execute(_FIND_CONTACTS, {"import_id": facts.lease.import_id})
    if facts.options.keyless:
        conn.execute(_FIND_PERSONS, {"import_id": facts.lease.import_id})
    conn.commit()
    yield rows
    conn.execute(drop)
    conn.commit()


@dataclass(frozen=True)
class Simulation:
    """What the rows that were simulated come to in a variant, which the temporary tables know by
    its number.
    """

    number: int
    options: Options
    outcomes: dict[str, int]
    cleared: int
    examples: list[dict[str, Any]]
    people: dict[str, Any]

    @property
    def variant(self) -> Variant:
        options = self.options
        return Variant(options.strategy, options.create_new, options.hold_other_names)


def _compute(
    facts: Facts,
    missing: list[Variant],
    together: int,
    should_yield: Callable[[], bool],
    stopped: Callable[[], bool],
) -> bool:
    """Simulate variants, and keep so many at a time; false where it made room, was broken off, or
    the import has changed.
    """
    simulated: list[Simulation] = []

    for count, variant in enumerate(missing, 1):
        simulation = _simulated(facts, variant, len(simulated) + 1, stopped)
        if simulation is None:
            return False

        simulated.append(simulation)
        makes_room = count < len(missing) and should_yield()
        if makes_room or len(simulated) == together or count == len(missing):
            if not _keep(facts, simulated):
                return False
            simulated = []
        if makes_room:
            return False

    return True


def _simulated(
    facts: Facts, variant: Variant, number: int, stopped: Callable[[], bool]
) -> Simulation | None:
    """Simulate a variant; None where that was broken off."""
    conn, import_id = facts.conn, facts.lease.import_id
    _fill(facts)
    handler = DuplicateHandler(conn, import_id, replace(facts.options, **variant._asdict()))
    conn.commit()

    conn.execute("SET TRANSACTION READ ONLY")
    outcomes = _simulate(handler, stopped)
    if outcomes is None:
        conn.rollback()
        return None

    conn.commit()
    _plan_freely(conn)
    conn.execute(_KEEP_LINES, {"import_id": import_id, "number": number})
    conflicts.find(conn, number)
    simulation = Simulation(
        number,
        handler.options,
        outcomes,
        cleared=_cleared(conn) if facts.clears else 0,
        examples=_examples(conn, import_id),
        people=people_counts.foretold(conn, import_id, outcomes),
    )
    conn.commit()
    return simulation


def _fill(facts: Facts) -> None:
    """Put the temporary tables that a simulation writes to back to what the book has."""
    conn = facts.conn
    _empty(conn, WRITTEN_TO)
    _plan_freely(conn)
    conn.execute(SQL.fill_again)
    conn.execute(SQL.number_behind_the_book)
    conn.commit()


def _empty(conn: Connection, tables: Iterable[str]) -> None:
    conn.execute(f"TRUNCATE {', '.join(f'pg_temp.{table}' for table in tables)}")


def _plan_freely(conn: Connection) -> None:
    """Temporary tables are met as a whole, in this transaction."""
    for setting in ("enable_hashjoin", "enable_seqscan"):
        conn.execute(f"SET LOCAL {setting} = on")


def _simulate(handler: DuplicateHandler, stopped: Callable[[], bool]) -> dict[str, int] | None:
    outcomes = dict.fromkeys([outcome.value for outcome in STORED_OUTCOMES], 0)
    after = 0

    while (decided := handler.handle_duplicates(after, RANGE)).rows:
        for outcome, count in decided.counts.items():
            outcomes[outcome.value] += count

        after = decided.last_row
        if stopped() or not _wanted(handler):
            return None

    return outcomes


def _wanted(handler: DuplicateHandler) -> bool:
    """Whether the import still waits for the person; an execution never waits for previews."""
    row = handler.conn.execute(SQL.state, {"import_id": handler.import_id}).fetchone()
    return row is not None and row["state"] in PREVIEWED


def _cleared(conn: Connection) -> int:
    """How many fields the clear token empties."""
    row = conn.execute(SQL.cleared_fields).fetchone()
    return int(row["fields"]) if row else 0


def _examples(conn: Connection, import_id: UUID) -> list[dict[str, Any]]:
    """A few rows of each outcome that touches a contact."""
    return [
        dict(row)
        for outcome in _SHOWN
        for row in conn.execute(
            SQL.examples,
            {
                "import_id": import_id,
                "outcome": outcome.value,
                "limit": preview_scan.EXAMPLES,
            },
        ).fetchall()
    ]


def _keep(facts: Facts, simulated: list[Simulation]) -> bool:
    """Put simulations and what the pass decided together, and keep the previews and their plans;
    false where the import has changed meanwhile.
    """
    conn = facts.conn
    _plan_freely(conn)
    of_variants = {one.number: one.options for one in simulated}
    passed = preview_scan.compose(conn, facts.lease.import_id, of_variants)
    conn.commit()

    for one in simulated:
        if not _keep_preview(facts, one, passed[one.number]):
            return False

    _empty(conn, GATHERED)
    conn.commit()
    return True


def _keep_preview(facts: Facts, simulation: Simulation, passed: dict[str, int]) -> bool:
    conn, lease = facts.conn, facts.lease
    header = plan.header(simulation.options)
    asked = {
        **_told(facts, simulation, passed),
        **simulation.variant._asdict(),
        "number": simulation.number,
        "plan_digest": _digest(conn, simulation.number, header),
        "version": version.current(),
        "previewed": _PREVIEWED,
        "import_id": lease.import_id,
        "token": lease.token,
        "mended_at": facts.mended_at,
        "header": header,
    }
    kept = conn.execute(SQL.keep, asked).rowcount > 0
    if kept:
        conn.execute(SQL.keep_header, asked)
        conn.execute(SQL.keep_blocks, asked)
        conflicts.keep(conn, lease.import_id, simulation.variant, simulation.number)

    conn.commit()
    return kept


def _told(facts: Facts, simulation: Simulation, passed: dict[str, int]) -> dict[str, Any]:
    """What is kept of a variant: of the simulation, and of the rows that the pass decided."""
    outcomes = {
        outcome: count + passed.get(outcome, 0)
        for outcome, count in simulation.outcomes.items()
    }
    cleared = simulation.cleared + passed["cleared"] if facts.clears else 0
    return {
        "outcomes": Jsonb({**outcomes, Outcome.NOT_PROCESSED.value: 0}),
        "examples": Jsonb(simulation.examples),
        "cleared": cleared,
        "people": Jsonb(_people(simulation, passed)),
    }


def _people(simulation: Simulation, passed: dict[str, int]) -> dict[str, Any]:
    """Each row that the pass decided is another person."""
    people, options = dict(simulation.people), simulation.options
    people["contacts_created"] += passed.get(Outcome.CREATED, 0)
    if options.writes_to_matches:
        people["contacts_changed"] += passed[options.strategy.changed]

    return people


def _digest(conn: Connection, number: int, header: str) -> str:
    """SHA-256 over a plan's CSV, hexadecimal."""
    sha256, block = hashlib.sha256(header.encode()), -1

    while rows := conn.execute(
        SQL.composed_behind, {"number": number, "block": block, "limit": BLOCKS}
    ).fetchall():
        for row in rows:
            sha256.update(row["lines"].encode())
        block = rows[-1]["block"]

    return sha256.hexdigest()
