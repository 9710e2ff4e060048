"""The list of cells with a problem, in the order that costs a person least: what has a suggestion,
then equal values with their count, then single ones.

It is made when a person first looks at it, and kept in step with what is corrected: a cell keeps
its place. Any page costs the same, however many there are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.db import Connection, driver
from webapp.imports import import_commands, locks
from webapp.limits import PAGE_CHARS
from webapp.models import ContactImport, ImportProblem, ImportRow
from webapp.queries import fill
from webapp.vocabulary.fields import FULL_NAMES, NAMES

SQL = queries.load("problem_list")
MAKE = fill(SQL.make, made=fill(SQL.ranked, rows=SQL.first_rows, left_out=SQL.first_left_out))
PUT_BACK = fill(
    SQL.put_back, renewed=fill(SQL.ranked, rows=SQL.these_rows, left_out=SQL.these_left_out)
)

# All indexes have the rows in the order of the list: without statistics PostgreSQL might fetch and
# sort them all.
WAYS_ROUND = (
    "enable_sort",
    "enable_bitmapscan",
    "enable_seqscan",
    "enable_hashjoin",
    "enable_mergejoin",
)
IN_ORDER = dict.fromkeys(WAYS_ROUND, "off")
MOST_LISTED = 200_000  # rows at once; the next ones are listed when no cell of these is left
NEW_NUMBERS = 10**10  # from here on cells are numbered that were not listed at first
WHOLE_ROW = -1  # in place of a column


class Kind(StrEnum):
    """What a person may want to see of the rows with problems."""

    TO_FIX = "to_fix"  # errors, in rows that cannot come in
    LOOK = "look"  # warnings, in rows that do
    LEFT_OUT = "left_out"

    @property
    def number(self) -> int:
        return {"to_fix": 0, "look": 1, "left_out": 2}[self.value]


BESIDE = 3  # the kind of warnings in rows to fix
KINDS = {kind.number: kind for kind in Kind}


@dataclass(frozen=True)
class Filter:
    """Which rows are listed, each once, under a cell. `code` alone takes them of every kind;
    `group` is a group's number.
    """

    kind: Kind = Kind.TO_FIX
    code: str | None = None
    column: int | None = None
    q: str = ""
    group: int | None = None

    def condition(self) -> str:
        """As SQL about the list `l`; `parameters` fills it in."""
        found = []
        if self.group is not None:
            found.append('l.kind = %(kind)s AND l."group" = %(group)s AND l.rank < 2')
        elif self.code:
            found.append("l.code = %(code)s")
        else:
            found.append("l.kind = %(kind)s")

        if self.column is not None:
            found.append('l."column" = %(column)s AND l.rank < 2')
        elif self.group is None:
            found.append(SQL.first_of_code if self.code else "l.rank = 0")

        return " AND ".join([*found, *([SQL.says] if self.q else [])])

    def parameters(self) -> dict[str, Any]:
        escaped = self.q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        return {
            "kind": self.kind.number,
            "code": self.code,
            "column": self.column,
            "group": self.group,
            "pattern": f"%{escaped}%",
        }


class Fault(NamedTuple):
    """What is wrong with a cell; `mark` is where, `also` what a suggestion puts into others."""

    code: str
    mark: tuple[int, int] | None = None
    suggestion: str | None = None
    also: Mapping[int, str] = {}


class Changed(NamedTuple):
    """The newest act on a row that is not undone; `by` is a person's number."""

    act: int
    by: int | None
    at: datetime


@dataclass(frozen=True)
class Line:
    """A row of the list under one of its cells; `column` None is the row as a whole. `was` is the
    file's own value of cells that were changed.
    """

    row: int
    column: int | None
    code: str | None
    group: int | None
    kind: Kind | None
    status: str
    cells: list[str]
    problems: list[dict[str, Any]]
    faults: dict[int, Fault]
    name: str
    cursor: str
    changed: Changed | None = None
    was: dict[int, str] = field(default_factory=dict)


class Group(NamedTuple):
    """Cells that say the same, and how many there are."""

    number: int
    column: int | None
    code: str
    value: str
    rows: int


class Page(NamedTuple):
    lines: list[Line]
    groups: dict[int, Group]
    next: str | None


class Tally(NamedTuple):
    rows: int
    suggestions: int


@dataclass(frozen=True)
class Counts:
    """How many rows there are of each kind; of those to fix, by column and by code. `done` are rows
    that a person corrected or left out.
    """

    to_fix: int
    look: int
    left_out: int
    done: int
    total: int
    columns: dict[int, Tally]
    codes: dict[str, int]
    suggestions: int

    @property
    def ready(self) -> int:
        return self.total - self.to_fix - self.left_out


def page(
    session: Session, run: ContactImport, wanted: Filter, after: str = "", limit: int = 50
) -> Page:
    """At most `limit` lines behind a cursor, and so much text; the list is made if it is not there,
    so the caller commits.
    """
    make(session, run)
    group, number = parsed_cursor(after)
    asked = {
        "import_id": run.id,
        "group_after": group,
        "after": number,
        "limit": limit + 1,
        "chars": PAGE_CHARS,
        **wanted.parameters(),
    }
    statement = fill(SQL.page, filtered=wanted.condition())
    with db.planned(session, **IN_ORDER):
        found = _rows(driver(session), statement, asked)

    more = len(found) > limit or (
        len(found) > 1 and sum(sum(map(len, one.record or [])) for one in found) > PAGE_CHARS
    )
    shown = found[:-1] if more else found
    lines = with_history(
        session, run.id, [_listed_line(run, one) for one in shown if one.row is not None]
    )

    groups = _groups(session, run, shown)
    lines = [one if one.group in groups else replace(one, group=None) for one in lines]

    return Page(lines, groups, lines[-1].cursor if more else None)


def parsed_cursor(text: str) -> tuple[int, int]:
    """Group and number of a cursor; what is none begins at the top."""
    group, _, number = text.partition(".")
    if not (group.isascii() and group.isdigit() and number.isascii() and number.isdigit()):
        return -1, -1
    return int(group[:18]), int(number[:18])


def _listed_line(run: ContactImport, found: Any) -> Line:
    return line_of(
        run,
        found.row,
        found.status,
        list(found.record or []),
        found.problems,
        column=None if found.column == WHOLE_ROW else found.column,
        code=found.code,
        kind=KINDS.get(found.kind),
        group=found.group,
        cursor=f"{found.group}.{found.number}",
    )


def line_of(
    run: ContactImport,
    row: int,
    status: str,
    cells: list[str],
    problems: Sequence[dict[str, Any]] | None,
    *,
    column: int | None = None,
    code: str | None = None,
    kind: Kind | None = None,
    group: int | None = None,
    cursor: str = "",
) -> Line:
    """A row as a line of the list."""
    faults: dict[int, Fault] = {}
    for problem in sorted(problems or [], key=lambda one: one["severity"] != "error"):
        place = problem["column"]
        if place is not None and place not in faults:
            mark = problem.get("mark")
            faults[place] = Fault(
                problem["code"],
                (mark[0], mark[1]) if mark else None,
                problem.get("suggestion"),
                {int(other): text for other, text in (problem.get("also") or {}).items()},
            )

    return Line(
        row=row,
        column=column,
        code=code,
        group=group,
        kind=kind,
        status=status,
        cells=cells,
        problems=list(problems or []),
        faults=faults,
        name=called(run.mapping or [], cells),
        cursor=cursor,
    )


def called(mapping: Sequence[str | None], cells: Sequence[str]) -> str:
    """The name that a row's cells say; "" where they say none."""
    held = {
        target: cell.strip()
        for target, cell in zip(mapping, cells, strict=False)
        if target and cell.strip()
    }
    parts = [held[part] for part in NAMES if part in held]
    return " ".join(parts) or next((held[name] for name in FULL_NAMES if name in held), "")


def line(
    session: Session, run: ContactImport, row: int, column: int | None = None
) -> Line | None:
    """A row as it is staged now; None where its cells are not kept with it."""
    staged = session.get(ImportRow, (run.id, row), populate_existing=True)
    if staged is None or staged.record is None:
        return None

    made = line_of(
        run, row, staged.status, list(staged.record), staged.problems, column=column
    )
    return with_history(session, run.id, [made])[0]


def with_history(session: Session, import_id: UUID, lines: list[Line]) -> list[Line]:
    """The lines with who changed them, and what the file says there."""
    if not lines:
        return []

    asked = {"import_id": import_id, "rows": [one.row for one in lines]}
    conn = driver(session)
    changed = {
        one.row: Changed(one.act, one.made_by, one.made_at)
        for one in _rows(conn, SQL.changed, asked)
    }
    if not changed:
        return lines

    was: dict[int, dict[int, str]] = {}
    for one in _rows(conn, SQL.originals, asked):
        if one.before is not None:
            was.setdefault(one.row, {})[one.column] = one.before

    return [
        replace(one, changed=changed[one.row], was=was.get(one.row, {}))
        if one.row in changed
        else one
        for one in lines
    ]


def _groups(session: Session, run: ContactImport, shown: Sequence[Any]) -> dict[int, Group]:
    """The groups of which lines are shown, by number."""
    first: dict[int, Any] = {}
    for one in shown:
        if one.group:
            first.setdefault(one.group, one)
    if not first:
        return {}

    asked = {
        "import_id": run.id,
        "groups": list(first),
        "kinds": sorted({one.kind for one in first.values()}),
    }
    counted = {
        (one.group, one.kind): one.rows for one in _rows(driver(session), SQL.groups, asked)
    }

    return {
        number: Group(
            number,
            None if one.column == WHOLE_ROW else one.column,
            one.code,
            _value(one),
            counted.get((number, one.kind), 0),
        )
        for number, one in first.items()
        if counted.get((number, one.kind), 0) > 1
    }


def _value(found: Any) -> str:
    """What the cell of a line says."""
    return next(
        (
            str(problem["value"] or "")
            for problem in found.problems or []
            if (problem["code"], problem["column"]) == (found.code, found.column)
        ),
        "",
    )


def counts(session: Session, run: ContactImport) -> Counts:
    """How many rows there are to fix, and how many of each kind; makes the list as `page` does."""
    make(session, run)
    found = _rows(driver(session), SQL.counts, {"import_id": run.id})
    rows: Counter[int] = Counter()
    columns: Counter[int] = Counter()
    suggestions: Counter[int] = Counter()
    codes: Counter[str] = Counter()
    suggested = 0

    for one in found:
        rows[one.kind] += one.rows
        if one.kind == Kind.TO_FIX.number:
            columns[one.column] += one.cells
            codes[one.code] += one.cells
            suggestions[one.column] += one.cells * one.suggested
            suggested += one.rows * one.suggested

    if run.listed_to is not None and run.listed_to < WHOLE_FILE:
        rows[Kind.TO_FIX.number] = import_commands.invalid_rows(session, run.id)

    done = _rows(driver(session), SQL.corrected, {"import_id": run.id})[0].count

    return Counts(
        to_fix=rows[0],
        look=rows[1],
        left_out=rows[2],
        done=int(done),
        total=run.total or 0,
        columns={column: Tally(n, suggestions[column]) for column, n in columns.items()},
        codes=dict(codes),
        suggestions=suggested,
    )


WHOLE_FILE = 2**63 - 1


def make(session: Session, run: ContactImport) -> None:
    """Make the list, if it is not there: once for a file, or for the next rows of a long one."""
    if run.listed_to is not None and (run.listed_to == WHOLE_FILE or _any_left(session, run)):
        return

    opened = locks.locked_with_lease(session, run.id)
    if opened.listed_to is None or opened.listed_to < WHOLE_FILE:
        conn = driver(session)
        asked = {"import_id": run.id, "most": MOST_LISTED}
        conn.execute(SQL.clear, asked)
        conn.execute(MAKE, asked)
        conn.execute(SQL.listed, asked)

    session.flush()
    session.refresh(opened)


def kind_of_group(session: Session, import_id: UUID, number: int) -> Kind | None:
    """The kind of a group's rows; None where there is no such group."""
    asked = {"import_id": import_id, "groups": [number], "kinds": list(KINDS)}
    found = _rows(driver(session), SQL.groups, asked)
    return KINDS[found[0].kind] if found else None


def _any_left(session: Session, run: ContactImport) -> bool:
    kinds = [Kind.TO_FIX.number]
    statement = """SELECT EXISTS (SELECT FROM contact_import_listed_cells
        WHERE import_id = %(import_id)s AND kind = ANY(%(kinds)s::smallint[])) AS any"""
    found = _rows(driver(session), statement, {"import_id": run.id, "kinds": kinds})
    return bool(found[0].any)


def renew(conn: Connection, import_id: UUID, rows: Sequence[int]) -> None:
    """List rows anew that were staged anew. Where there is no list nothing is done."""
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        before: Iterable[Any] = cursor.execute(
            SQL.take_off, {"import_id": import_id, "rows": list(rows)}
        ).fetchall()
        cursor.execute(
            PUT_BACK,
            {
                "import_id": import_id,
                "rows": list(rows),
                "before": Jsonb([one._asdict() for one in before]),
                "new": NEW_NUMBERS,
            },
        )


def _rows(conn: Connection, statement: str, asked: Mapping[str, Any]) -> list[Any]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement, asked).fetchall()


def problem_rows(
    session: Session, import_id: UUID, *, code: str | None, after: int, limit: int
) -> list[ImportRow]:
    """Rows with a problem, or with this one, by row number after `after`.

    Any page costs the same, however many rows there are.
    """
    with db.planned(session, **IN_ORDER):
        return _bounded(
            session, page_of_problems(import_id, code, after).limit(limit), PAGE_CHARS
        )


def page_of_problems(import_id: UUID, code: str | None, after: int) -> Select[ImportRow]:
    """The question that `problem_rows` asks."""
    if not code:
        return (
            select(ImportRow)
            .where(
                ImportRow.import_id == import_id,
                ImportRow.row > after,
                ImportRow.problems.is_not(None),
            )
            .order_by(ImportRow.row)
        )

    return (
        select(ImportRow)
        .join(
            ImportProblem,
            (ImportProblem.import_id == ImportRow.import_id)
            & (ImportProblem.row == ImportRow.row),
        )
        .where(
            ImportProblem.import_id == import_id,
            ImportProblem.code == code,
            ImportProblem.row > after,
        )
        .order_by(ImportProblem.row)
    )


def _bounded(session: Session, wanted: Select[ImportRow], most: int) -> list[ImportRow]:
    """The first rows, two at least, up to the one with which they hold more than so many
    characters.

    They come one by one: a row may hold megabytes.
    """
    rows: list[ImportRow] = []
    size = 0

    with session.scalars(wanted, execution_options={"yield_per": 1}) as found:
        for row in found:
            rows.append(row)
            size += _chars(row)
            if size > most and len(rows) > 1:
                break

    return rows


def _chars(row: ImportRow) -> int:
    return sum(map(len, row.record or []))
