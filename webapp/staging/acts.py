"""Acts of correction: what a person changes at one go, in one row or in many, and the undo of it.

An act goes over its rows block by block, in a request and, where that takes too long, in a job.
A cell holds what the newest act on it says that is not undone, and else what the file says: so acts
can be undone in any order.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from webapp import queries
from webapp.checking.checked_rows import CheckedRow
from webapp.checking.other_lines import LEFT_OUT as LEFT_OUT_CODES
from webapp.checking.validation import Checker
from webapp.db import Connection, driver
from webapp.limits import BLOCK_BYTES
from webapp.queries import fill
from webapp.reading.records import Record
from webapp.staging import file_rows, judging, problem_list, reopening
from webapp.staging.problem_list import Filter, Kind
from webapp.staging.staged_rows import BLOCK_ROWS, copy_rows, take_back
from webapp.vocabulary.outcomes import OPEN, sql_list

SQL = queries.load("corrections", open=sql_list(OPEN))

LEFT_OUT = -1  # in place of a column: whether the row is left out
# Kinds of acts.
CELL, SUGGESTED, SET, CLEAR = "cell", "use_suggestions", "set", "clear"
LEAVE_OUT, INCLUDE, REPLACE, PASTE, EARLIER = (
    *("leave_out", "include", "replace", "paste"),
    "earlier",  # what was corrected before acts were kept
)


class Made(NamedTuple):
    """An act, and in how many rows it is done by now. Where `total` is more, a worker goes on.
    `overwrote` is the act of another person that stood there, unseen.
    """

    number: int
    kind: str
    rows: int
    total: int
    overwrote: problem_list.Changed | None = None


class Undone(NamedTuple):
    """What an undo did: `cells` put back, and `stayed`, on which a later act stands."""

    number: int | None
    cells: int
    stayed: int


class Act(NamedTuple):
    """An entry of the list of acts; `by` and `undone_by` are people's numbers."""

    number: int
    kind: str
    by: int | None
    at: datetime
    asked: dict[str, Any]
    rows: int
    undone_at: datetime | None
    undone_by: int | None


@dataclass
class Change:
    """What is to change in a row: cells, and whether it is left out."""

    cells: dict[int, str] = field(default_factory=dict)
    left_out: bool | None = None


def listed(
    session: Session, import_id: UUID, before: int | None = None, limit: int = 50
) -> list[Act]:
    """The acts of an import, the newest first, those before a number."""
    return _acts(session, import_id, before, limit, standing=False)


def last(session: Session, import_id: UUID) -> Act | None:
    """The newest act that is not undone."""
    found = _acts(session, import_id, None, 1, standing=True)
    return found[0] if found else None


def one(session: Session, import_id: UUID, number: int) -> Act | None:
    """The act of this number."""
    found = _acts(session, import_id, number + 1, 1, standing=False)
    return found[0] if found and found[0].number == number else None


def _acts(
    session: Session, import_id: UUID, before: int | None, limit: int, *, standing: bool
) -> list[Act]:
    asked = {
        "import_id": import_id,
        "before": 2**62 if before is None else before,
        "limit": limit,
        "standing": standing,
    }
    return [Act(*found) for found in _rows(driver(session), SQL.acts, asked)]


def begin(
    conn: Connection, import_id: UUID, kind: str, by: int | None, work: dict[str, Any]
) -> dict[str, Any]:
    """A new act, and the work that it makes: what is asked, where, and how far it is."""
    told = {
        name: work[name]
        for name in ("column", "value", "find", "replace_with")
        if work.get(name) is not None
    }
    asked = {"import_id": import_id, "kind": kind, "by": by, "asked": Jsonb(told)}
    number = _rows(conn, SQL.new_act, asked)[0].number
    return {"act": number, "kind": kind, "after": 0, "rows": 0, **work}


def some(
    conn: Connection,
    import_: Mapping[str, Any],
    judge: Checker,
    work: dict[str, Any],
    changes: Counter[judging.Kind],
) -> int:
    """Change the next block of rows; how many were looked at, 0 at the end. `work` and `changes`
    are counted on.
    """
    rows = next_rows(conn, import_, work)
    if not rows:
        return 0

    if work.get("acts"):
        wanted, records = _undone(conn, import_["id"], rows, work)
    else:
        wanted = {row.row: change for row in rows if (change := _change(row, work))}
        records = _records(rows, wanted)
        _keep(conn, import_["id"], [row for row in rows if row.row in wanted], wanted, work)

    changed = [row for row in rows if row.row in wanted]
    if changed and not work.get("unstaged"):
        checked = _stage(conn, import_["id"], judge, records)
        changes.update(judging.kinds(checked))
        changes.subtract(judging.kinds_before(changed))

    work["after"] = rows[-1].row
    work["rows"] += len(changed)

    return len(rows)


def next_rows(
    conn: Connection, import_: Mapping[str, Any], work: Mapping[str, Any]
) -> list[Any]:
    """The next rows that the act may change, in order."""
    if work.get("where", {}).get("everything"):
        return file_rows.staged_beside(
            conn, import_, work["after"], BLOCK_ROWS, open_only=True
        )

    among, parameters = _among(work)
    asked = {"import_id": import_["id"], "limit": BLOCK_ROWS, "chars": BLOCK_BYTES}
    found = _rows(conn, fill(SQL.some, among=among), {**asked, **parameters})

    return file_rows.with_cells(conn, import_, found)


def count_left(conn: Connection, import_: Mapping[str, Any], work: Mapping[str, Any]) -> int:
    """How many rows the act has still to look at."""
    if work.get("where", {}).get("everything"):
        return int(import_["total"] or 0)

    among, parameters = _among(work)
    asked = {"import_id": import_["id"], **parameters}
    return int(_rows(conn, fill(SQL.count, among=among), asked)[0].count)


def _among(work: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The rows that an act is about, as SQL and its parameters."""
    after = {"after": work["after"]}
    if work.get("acts"):
        return SQL.of_acts, {**after, "acts": work["acts"]}

    where = work["where"]
    if "alike" in where:  # PostgreSQL counts columns from 1.
        return SQL.alike, {**after, "column": work["column"] + 1, "value": where["alike"]}
    if "filter" in where:
        wanted = filter_of(where["filter"])
        listed = fill(SQL.listed, filtered=wanted.condition())
        return listed, {**after, **wanted.parameters()}

    rows = where["rows"] if "rows" in where else [int(row) for row in where["values"]]
    return SQL.given, {**after, "rows": rows}


def filter_of(told: Mapping[str, Any]) -> Filter:
    return Filter(**{**told, "kind": Kind(told.get("kind", Kind.TO_FIX))})


def _change(row: Any, work: Mapping[str, Any]) -> Change | None:
    """What the act changes in a row; None for nothing."""
    kind, cells = work["kind"], list(row.record or [])
    if kind in {LEAVE_OUT, INCLUDE}:
        out = kind == LEAVE_OUT
        return Change(left_out=out) if (row.status == "left_out") != out else None

    if kind == SUGGESTED:
        values = _suggestions(row, work.get("column"))
    elif kind == REPLACE:
        values = replaced_in(cells, work)
    elif "values" in work["where"]:
        values = work["where"]["values"][str(row.row)]
        values = {int(column): text for column, text in values.items()}
        if kind == CELL:
            return Change(values) if values else None
    else:
        values = {work["column"]: work.get("value") or ""}

    values = {
        column: text
        for column, text in values.items()
        if text != (cells[column] if column < len(cells) else "")
    }

    return Change(values) if values else None


def _suggestions(row: Any, column: int | None) -> dict[int, str]:
    """What is suggested for the cells of a row, or for one of them."""
    found: dict[int, str] = {}
    for problem in row.problems or []:
        if "suggestion" in problem and column in {None, problem["column"]}:
            found.setdefault(problem["column"], problem["suggestion"])
            found |= {int(other): text for other, text in problem.get("also", {}).items()}

    return found


def replaced_in(cells: Sequence[str], work: Mapping[str, Any]) -> dict[int, str]:
    """The cells in which a text is found, with another one in its place."""
    pattern = re.compile(
        re.escape(work["find"]), 0 if work.get("match_case") else re.IGNORECASE
    )
    by = work.get("replace_with") or ""
    column = work.get("column")
    found = {}

    for index, cell in enumerate(cells):
        if column in {None, index} and (text := pattern.sub(lambda _: by, cell)) != cell:
            found[index] = text

    return found


def _records(rows: Sequence[Any], wanted: Mapping[int, Change]) -> list[Record]:
    """The rows as reading gave them, with what is to change in them."""
    made = []
    for row in rows:
        if row.row in wanted:
            record = judging.record_of(row)
            cells = judging.replaced(record.cells, wanted[row.row].cells)
            made.append(record._replace(cells=cells))

    return made


def _keep(
    conn: Connection,
    import_id: UUID,
    rows: Sequence[Any],
    wanted: Mapping[int, Change],
    work: Mapping[str, Any],
) -> None:
    """Keep what the act says of the rows, and what they said before."""
    if not rows:
        return

    numbers = [row.row for row in rows]
    kept = _kept(conn, import_id, numbers)
    cells, made = [], []

    for row in rows:
        change, before = wanted[row.row], kept.get(row.row)
        problem = _problem_of(row)
        record = list(row.record or [])
        said = {
            column: (record[column] if column < len(record) else "", text)
            for column, text in change.cells.items()
        }
        texts = dict(before.cells) if before else {}
        texts |= {str(column): text for column, text in change.cells.items()}
        left_out = bool(before and before.left_out)
        if change.left_out is not None:
            was = "true" if row.status == "left_out" else "false"
            said[LEFT_OUT] = was, "true" if change.left_out else "false"
            left_out = change.left_out

        made.append({"row": row.row, "cells": texts, "left_out": left_out})
        cells += [
            {"row": row.row, "column": column, "before": a, "after": b, "problem": problem}
            for column, (a, b) in said.items()
        ]

    asked = {"import_id": import_id, "act": work["act"], "rows": len(rows)}
    conn.execute(SQL.keep_cells, {**asked, "cells": Jsonb(cells)})
    conn.execute(SQL.keep, {**asked, "made": Jsonb(made)})
    conn.execute(SQL.act_goes_on, asked)


def _kept(conn: Connection, import_id: UUID, rows: Sequence[int]) -> dict[int, Any]:
    asked = {"import_id": import_id, "rows": list(rows)}
    return {found.row: found for found in _rows(conn, SQL.kept, asked)}


def _problem_of(row: Any) -> str | None:
    """What is wrong with the record as a whole, or why it was taken for no contact."""
    codes = {problem["code"] for problem in row.problems or []}
    return next(iter(sorted(codes & judging.RECORD_PROBLEMS.union(LEFT_OUT_CODES))), None)


def _undone(
    conn: Connection, import_id: UUID, rows: Sequence[Any], work: dict[str, Any]
) -> tuple[dict[int, Change], list[Record]]:
    """Put back what acts changed in the rows that are undone: the rows that change, and how they
    are now.
    """
    numbers = [row.row for row in rows]
    asked = {"import_id": import_id, "rows": numbers, "acts": work["acts"]}
    standing: dict[int, dict[int, Any]] = {row: {} for row in numbers}
    for found in _rows(conn, SQL.standing, asked):
        standing[found.row][found.column] = found

    first = {(one.row, one.column): one for one in _rows(conn, SQL.originals, asked)}
    wanted: dict[int, Change] = {row: Change() for row in numbers}

    for found in _rows(conn, SQL.cells_of_acts, asked):
        now, original = standing[found.row].get(found.column), first[found.row, found.column]
        if now is not None and now.act > max(work["acts"]):
            work["stayed"] += 1
            continue

        work["cells"] += 1
        text = original.before if now is None else now.after
        if found.column == LEFT_OUT:
            wanted[found.row].left_out = text == "true"
        elif text is not None:
            wanted[found.row].cells[found.column] = text

    _keep_standing(conn, import_id, standing)
    problems = {row: one.problem for (row, _), one in first.items() if one.problem}
    records = []

    for row in rows:
        record = judging.record_of(row)
        cells = judging.replaced(record.cells, wanted[row.row].cells)
        settled = any(column >= 0 for column in standing[row.row])
        before = problems.get(row.row)
        problem = before if before in judging.RECORD_PROBLEMS and not settled else None
        records.append(record._replace(cells=cells, problem=problem))

    return wanted, records


def _keep_standing(
    conn: Connection, import_id: UUID, standing: Mapping[int, Mapping[int, Any]]
) -> None:
    """The corrections of these rows, as the acts that stand have them."""
    made = [
        {
            "row": row,
            "cells": {str(c): one.after for c, one in found.items() if c != LEFT_OUT},
            "left_out": LEFT_OUT in found and found[LEFT_OUT].after == "true",
        }
        for row, found in standing.items()
        if found
    ]
    gone = [row for row, found in standing.items() if not found]
    conn.execute(SQL.keep, {"import_id": import_id, "made": Jsonb(made)})
    conn.execute(SQL.drop_kept, {"import_id": import_id, "rows": gone})


def _stage(
    conn: Connection, import_id: UUID, judge: Checker, records: list[Record]
) -> list[CheckedRow]:
    """Judge rows again and stage them anew."""
    numbers = [record.row for record in records]
    checked = judging.corrected(conn, import_id, records, judge)

    for made, record in zip(checked, records, strict=True):
        # Its cells stay at hand, so that the row can be corrected again.
        made.record = made.record or list(record.cells)

    take_back(conn, import_id, numbers)
    copy_rows(conn, import_id, checked)
    problem_list.renew(conn, import_id, numbers)
    reopening.reopen(conn, import_id, numbers)

    return checked


def needs_check(conn: Connection, import_id: UUID, numbers: Sequence[int]) -> bool:
    """Whether only the file knows what some cells of these acts said before: those corrected before
    acts were kept, and lines that were taken for no contacts.
    """
    asked = {"import_id": import_id, "acts": list(numbers), "lines": sorted(LEFT_OUT_CODES)}
    return bool(_rows(conn, SQL.needs_check, asked)[0].needs)


def overwritten(
    conn: Connection, import_id: UUID, row: int, columns: Iterable[int]
) -> problem_list.Changed | None:
    """The newest act on one of these cells that stands."""
    found = []
    for column in columns:
        asked = {"import_id": import_id, "row": row, "column": column}
        found += [problem_list.Changed(*one) for one in _rows(conn, SQL.newest_of_row, asked)]

    return max(found, default=None, key=lambda changed: changed.act)


def _rows(conn: Connection, statement: str, asked: Mapping[str, Any]) -> list[Any]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement, asked).fetchall()
