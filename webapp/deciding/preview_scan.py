"""One pass over an import's rows for all its previews.

Whom a row belongs to is the same for all variants, but for what other rows of the file do. So a
pass looks each row up once, by the decision's own steps, and notes which fields an update and a
merge would change. What it finds is kept by ranges of rows, so that it goes on where it made room
for others. At its end the rows are known that share a free key or a contact with another row:
these alone are simulated, variant by variant (`preview`), and `compose` puts both together.

Simulated are also rows of which more is to be told than an outcome and fields: those in conflict,
of another name, with a choice, without any key, or with more addresses than a contact can have.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg

from webapp import queries
from webapp.db import Connection
from webapp.deciding import decision, person_keys, plan
from webapp.deciding.decision import Options
from webapp.queries import fill
from webapp.vocabulary.fields import SCALARS, SEVERAL
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.strategies import Strategy

RANGE = 10 * plan.BLOCK_ROWS  # row numbers, so that each block of a plan lies within one
EXAMPLES = 3  # of each outcome
LEAST_FOR_TWO = 3  # ranges; fewer are done before a second session knows the statement


class _Columns(NamedTuple):
    """Where the pass keeps what a strategy would change: the names, and how many fields it
    clears.
    """

    names: str
    cleared: str


_COMPARED = {
    Strategy.UPDATE: _Columns("updates", "update_clears"),
    Strategy.MERGE: _Columns("merges", "merge_clears"),
}
_SHOWN = ("true", "o.updates <> ''", "o.updates = ''", "o.merges <> ''", "o.merges = ''")
_COUNTED = ("left_out", "invalid", "new", "unchanged", "changed")

SQL = queries.load("preview_scan", range=str(RANGE))
_ADD_EXAMPLES = fill(
    SQL.add_examples,
    examples="\nUNION ALL\n".join(
        fill(SQL.examples_of, which=which, examples=str(EXAMPLES)) for which in _SHOWN
    ),
)


@cache
def statement(options: Options) -> str:
    """The pass over a range of rows as SQL. Of the options only the rules, the keys, and what the
    import's rows are like count: it serves all variants.
    """
    wide = replace(options, strategy=Strategy.UPDATE, create_new=True, hold_other_names=False)
    persons, values = _persons(options)

    return fill(
        SQL.scan,
        looked=decision.find_existing_contacts(wide, rows=SQL.rows_of_range),
        keys="\nUNION ALL\n".join(_shared(wide)),
        apart=" OR ".join(_apart(wide)),
        persons_of_rows=persons,
        values_of_persons=values,
        keyless_persons="(SELECT array_agg(person) FROM valid WHERE keyless)"
        if options.keyless
        else "NULL::bigint[]",
        of_update=_compared(wide),
        of_merge=_compared(replace(wide, strategy=Strategy.MERGE)),
    )


def _shared(options: Options) -> Iterator[str]:
    """What a row may share with another, as sets of rows and keys."""
    reached = decision.reached(options)
    for seed, key in enumerate(options.guarded):
        yield fill(SQL.free_keys, key=key, seed=str(seed))
        if key in SEVERAL:
            yield fill(SQL.free_addresses, key=key, seed=str(seed))

    more = "conflict IS NOT NULL" + " OR chosen IS NOT NULL" * options.chosen
    yield fill(SQL.contacts, reached=reached, reaches_more=more)
    if "phone" in options.enabled:
        yield fill(SQL.phones, reached=reached, seed=str(len(options.guarded)))


def _apart(options: Options) -> Iterator[str]:
    """The rows that are simulated in any case."""
    yield "d.conflict IS NOT NULL OR d.other_name OR v.exceeds"
    if options.keyless:
        yield "d.keyless"
    if options.chosen:
        yield "d.chosen IS NOT NULL"


def _persons(options: Options) -> tuple[str, str]:
    """The persons that a row makes, or changes a contact from and to, where a row may mean them."""
    if not options.keyless:
        return "NULL::bigint[], NULL::bigint[], NULL::bigint[]", ""

    means = "d.keyless" + " AND d.chosen IS NULL" * options.chosen
    return (
        fill(SQL.persons, means_person=means),
        f"{person_keys.key_of('c')} AS person, of_update.person AS updated, of_merge.person AS merged,",
    )


def _compared(options: Options) -> str:
    differs = decision.differs()
    cleared = (f"WHEN '{name}' THEN {differs[name]}" for name in (*SCALARS, "tags"))
    told = fill(
        SQL.told,
        names=plan.changed(differs, SQL.changed_labels),
        of_fields="\n".join(cleared),
        person=f", {person_keys.key_of('n')} AS person" if options.keyless else "",
    )
    return decision.compared(options, told)


# A connection of one's own on which the look-up's functions are defined.
Connect = Callable[[], Connection]


class Scanned(Protocol):
    """The import that a pass is made of. `inputs` is what it depends on beside the rows: what was
    found under others is forgotten. `still` says whether the import is as it was, and keeps it so
    until the commit; where it is not, what was found last is dropped.
    """

    @property
    def options(self) -> Options: ...

    @property
    def inputs(self) -> str: ...

    def still(self, conn: Connection) -> bool: ...


def scan(
    conn: Connection,
    import_id: UUID,
    of: Scanned,
    should_yield: Callable[[], bool],
    connect: Connect | None = None,
) -> bool:
    """Go on with the pass, a range a transaction, and at least by one; true when it is at its end.

    With `connect` a second session takes every other range or so, where there are several.
    """
    asked = {"import_id": import_id, "inputs": of.inputs}
    conn.execute(SQL.forget_others, asked)
    conn.commit()
    left = deque(row["start"] for row in conn.execute(SQL.missing_ranges, asked))
    conn.rollback()
    scan_left = partial(_scan_left, left, import_id, of)

    if connect is None or len(left) < LEAST_FOR_TWO:
        whole = scan_left(conn, should_yield)
    else:
        whole = _in_two_sessions(conn, connect, scan_left, left, should_yield)

    return whole and _know_simulated(conn, asked, of)


def _scan_left(
    left: deque[int],
    import_id: UUID,
    of: Scanned,
    conn: Connection,
    should_yield: Callable[[], bool],
) -> bool:
    """Take ranges while any are left; false where it made room, or the import is another by now."""
    cursor = psycopg.RawCursor(conn)
    while (start := _taken(left)) is not None:
        values = [import_id, start - 1, RANGE, start + RANGE, of.inputs]
        cursor.execute(statement(of.options), values, prepare=True)
        if not of.still(conn):
            conn.rollback()
            return False

        conn.commit()
        if should_yield():
            return False

    return True


def _taken(left: deque[int]) -> int | None:
    with suppress(IndexError):
        return left.popleft()

    return None


def _in_two_sessions(
    conn: Connection,
    connect: Connect,
    scan_left: Callable[[Connection, Callable[[], bool]], bool],
    left: deque[int],
    should_yield: Callable[[], bool],
) -> bool:
    """The database works on two ranges at once; the second session ends with the first one's
    turn.
    """
    with ThreadPoolExecutor(1) as threads:
        beside = threads.submit(_scan_beside, connect, scan_left)
        try:
            whole = scan_left(conn, should_yield)
        finally:
            left.clear()

        return beside.result() and whole


def _scan_beside(
    connect: Connect, scan_left: Callable[[Connection, Callable[[], bool]], bool]
) -> bool:
    """The second session's share: none where the database has no room for it."""
    try:
        own = connect()
    except psycopg.OperationalError:
        return True

    with own:
        return scan_left(own, lambda: False)


def _know_simulated(conn: Connection, asked: dict[str, Any], of: Scanned) -> bool:
    found: Any = conn.execute(SQL.is_known, asked).fetchone()
    if not found["known"]:
        for setting in ("enable_hashjoin = on", "enable_nestloop = off", "work_mem = '16MB'"):
            conn.execute(f"SET LOCAL {setting}")
        conn.execute(SQL.find_simulated, asked)
        conn.execute(_ADD_EXAMPLES, asked)
        if not of.still(conn):
            conn.rollback()
            return False

    conn.commit()
    return True


def fill_rows(conn: Connection, import_id: UUID) -> int:
    """Fill the temporary table that stands before the staged rows with those to be simulated: how
    many.
    """
    return conn.execute(SQL.fill_rows, {"import_id": import_id}).rowcount


def compose(
    conn: Connection, import_id: UUID, variants: dict[int, Options]
) -> dict[int, dict[str, int]]:
    """Make the blocks of some variants' plans in the temporary table `composed`, with the lines of
    their simulations in `simulated_lines`. The variants are numbered from 1 on.

    What the rows that were not simulated come to, by variant: how often each outcome, and `cleared`
    fields.
    """
    conn.execute(_compose(variants), {"import_id": import_id})
    found = {row["variant"]: row for row in conn.execute(SQL.composed)}
    none = dict.fromkeys((*_COUNTED, "cleared"), 0)
    return {
        number: _counted(options, found.get(number, none))
        for number, options in variants.items()
    }


def _counted(options: Options, found: dict[str, Any]) -> dict[str, int]:
    return {
        Outcome.LEFT_OUT: found["left_out"],
        Outcome.INVALID: found["invalid"],
        _of_new(options): found["new"],
        Outcome.UNCHANGED: found["unchanged"],
        options.strategy.changed: found["changed"],
        "cleared": found["cleared"],
    }


def _of_new(options: Options) -> Outcome:
    return Outcome.CREATED if options.create_new else Outcome.NEW_SKIPPED


def _compose(variants: dict[int, Options]) -> str:
    numbers = [str(number) for number in variants]
    of_variants = map(_of_variant, numbers, variants.values())
    return fill(
        SQL.compose,
        block_rows=str(plan.BLOCK_ROWS),
        of_variants=",\n".join(of_variants),
        rows_of_variants=",\n".join(fill(SQL.row_of_variant, number=n) for n in numbers),
    )


def _of_variant(number: str, options: Options) -> str:
    outcome = options.strategy.changed
    if options.writes_to_matches:
        columns = _COMPARED[options.strategy]
        of_matched = fill(SQL.line_of_compared, outcome=outcome, names=columns.names)
        counts = fill(SQL.counts_of_compared, number=number, **columns._asdict())
    else:
        of_matched = fill(SQL.line_of_met, outcome=outcome)
        counts = fill(SQL.counts_of_met, number=number)

    return fill(
        SQL.of_variant,
        number=number,
        new=_of_new(options),
        of_matched=of_matched,
        counts=counts,
    )


def forget(conn: Connection, import_id: UUID) -> None:
    """Drop what the pass found; the caller commits."""
    conn.execute(SQL.forget, {"import_id": import_id})
