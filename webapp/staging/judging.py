"""How rows are judged: by the import's mapping and choices, with the corrections that were made.

A correction is a fact about the file's cells. It is stored by itself, so that it outlives a change
of the columns, and an import that is run again has it too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import dict_row

from webapp import queries
from webapp.checking import constants
from webapp.checking.checked_rows import CheckedRow, Problem
from webapp.checking.other_lines import LEFT_OUT as LEFT_OUT_CODES
from webapp.checking.other_lines import OtherLines
from webapp.checking.seen_columns import SeenColumns
from webapp.checking.validation import BROKEN, Checker, kept_cells
from webapp.db import Connection
from webapp.imports.import_commands import CHOICES
from webapp.models import ContactImport
from webapp.reading import readers
from webapp.reading.labels import date_order

SQL = queries.load("staging")

RECORD_PROBLEMS = BROKEN | {"undecodable"}
LEFT_OUT = "left_out"
# A problem's code and severity; or a field and DROPPED, where a row that comes in lacks its cell.
Kind = tuple[str, str]
DROPPED = "dropped"


def checker(import_: Mapping[str, Any], date_order: str | None = None) -> Checker:
    """The judge of one import's rows, as its mapping and choices stand."""
    choices = {
        "default_country": import_["default_country"],
        "date_order": date_order or import_["date_order"],
        "clear_token": import_["clear_token"],
        "blank_words": import_["blank_words"],
    }
    of_all = constants.row_of_all(import_["constants"], import_["tag"], **choices)

    return Checker(
        import_["mapping"],
        columns=import_["columns"],
        drop_bad_cells=import_["drop_bad_cells"],
        keep_words=import_["keep_words"],
        of_all=of_all,
        **choices,
    )


def orders_of_labels(import_: Mapping[str, Any]) -> list[str]:
    """The orders of day and month that the labels of birthdays name."""
    labels = zip(import_["columns"], import_["mapping"], strict=True)
    orders = {date_order(label) for label, target in labels if target == "birthday"}
    return sorted(filter(None, orders))


def any_corrections(conn: Connection, import_id: UUID) -> bool:
    """Whether a person corrected anything in this file."""
    return conn.execute(SQL.any_corrections, {"import_id": import_id}).fetchone() is not None


def lines(import_: Mapping[str, Any]) -> OtherLines:
    """What tells the lines of an import's file that are no contacts."""
    return OtherLines(import_["mapping"], import_["columns"], delimiter=import_["delimiter"])


class Told(NamedTuple):
    """A block of records, once it is told which of them are contacts.

    `records` with the corrections that a person made, and with the lines that go on with a row
    joined to it; `said` of a row, by its number, `not_a_contact` and the like; `left_out`, of the
    rows that a person corrected, whether they left it out.
    """

    records: list[readers.Record]
    said: dict[int, Problem]
    left_out: dict[int, bool]


def told(
    conn: Connection,
    import_id: UUID,
    records: list[readers.Record],
    lines: OtherLines | None,
    *,
    with_corrections: bool = True,
) -> Told:
    """Tell the lines of a block that are no contacts, among the blocks before it. Without `lines`
    every record is taken for a contact's.
    """
    made: dict[int, dict[str, Any]] = {}
    if with_corrections:
        made = _corrections(conn, import_id, records[0].row, records[-1].row)
        records = [_with_correction(record, made.get(record.row)) for record in records]

    joined, said = (records, {}) if lines is None else lines.judge(records, made.keys())
    return Told(
        joined, said, {row: bool(correction["left_out"]) for row, correction in made.items()}
    )


def judged(block: Told, judge: Checker) -> tuple[list[CheckedRow], SeenColumns]:
    """The rows of a block, and what they say of the columns, which is not added to what `judge` has
    seen.
    """
    checked, seen = judge.judge_block(block.records)

    for number, (row, record) in enumerate(zip(checked, block.records, strict=True)):
        problem = block.said.get(row.row)
        if problem is None:
            continue

        cells = kept_cells(record)
        if problem.code in LEFT_OUT_CODES:
            checked[number] = CheckedRow(row.row, LEFT_OUT, problems=[problem], record=cells)
        elif row.status == "valid" or problem.code == "lines_joined":
            row.problems.append(problem)
            row.record = cells

    if block.left_out:
        for row, record in zip(checked, block.records, strict=True):
            if row.row in block.left_out:
                # A corrected row stays on the list, so that it can be corrected again.
                row.record = row.record or record.cells
                row.status = LEFT_OUT if block.left_out[row.row] else row.status

    return checked, seen


def corrected(
    conn: Connection, import_id: UUID, records: list[readers.Record], judge: Checker
) -> list[CheckedRow]:
    """Check rows that are staged once more, with the corrections that a person made to them."""
    rows, _ = judged(told(conn, import_id, records, lines=None), judge)
    return rows


def _corrections(
    conn: Connection, import_id: UUID, first: int, last: int
) -> dict[int, dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        parameters = {"import_id": import_id, "first": first, "last": last}
        cursor.execute(SQL.corrections_between, parameters)
        return {row["row"]: row for row in cursor}


def _with_correction(record: readers.Record, made: Mapping[str, Any] | None) -> readers.Record:
    if made is None:
        return record

    cells = replaced(
        record.cells, {int(column): value for column, value in made["cells"].items()}
    )

    # What could not be read is settled by what the person typed in its place.
    problem = None if made["cells"] else record.problem
    return readers.Record(record.row, cells, problem, record.position)


def replaced(cells: list[str], values: Mapping[int, str]) -> list[str]:
    """The cells with some of them replaced; short rows are filled up."""
    filled = cells + [""] * (max(values, default=-1) + 1 - len(cells))
    for column, value in values.items():
        filled[column] = value
    return filled


def record_of(row: Any) -> readers.Record:
    """The staged row as reading gave it: its cells, and what was wrong with it as a whole."""
    whole = {problem["code"] for problem in row.problems or []} & RECORD_PROBLEMS
    return readers.Record(
        row.row, list(row.record or []), next(iter(whole), None), readers.Position(0, row.row)
    )


def facts_of(import_: ContactImport) -> dict[str, Any]:
    """What `judge_of` asks of an import, of a model's instance."""
    return {
        name: getattr(import_, name)
        for name in ("mapping", "columns", "read_position", *CHOICES)
    }


def judge_of(import_: Mapping[str, Any]) -> Checker:
    """The judge of corrected rows; day and month in the order that the check saw, if it was one."""
    orders = (import_["read_position"] or {}).get("date_orders", [])
    return checker(import_, import_["date_order"] or (orders[0] if len(orders) == 1 else None))


def kinds(rows: Iterable[CheckedRow]) -> Iterator[Kind]:
    """The kinds of problems of rows just checked, each once for a row."""
    return (
        kind
        for row in rows
        for kind in _kinds_of(row.status, [p.as_json() for p in row.problems])
    )


def kinds_before(rows: Iterable[Any]) -> Iterator[Kind]:
    """The same of rows as they are staged."""
    return (kind for row in rows for kind in _kinds_of(row.status, row.problems or []))


def _kinds_of(status: str, problems: list[dict[str, Any]]) -> set[Kind]:
    dropped = {
        (p["field"], DROPPED) for p in problems if p.get("dropped") and status == "valid"
    }
    return dropped | {(p["code"], p["severity"]) for p in problems}


def recounted(
    summary: dict[str, Any], changes: Counter[Kind], first_row: int
) -> dict[str, Any]:
    """The check's summary with so many more or fewer rows of each kind of problem.

    No row is read again for it.
    """
    kept = {(entry["code"], entry["severity"]): entry for entry in summary.get("problems", [])}
    dropped = Counter(summary.get("dropped", {}))

    for (code, severity), rows in changes.items():
        if severity == DROPPED:
            dropped[code] += rows
            continue

        new = {
            "code": code,
            "severity": severity,
            "rows": 0,
            "first_row": first_row,
            "example": None,
        }
        entry = kept.get((code, severity), new)
        kept[code, severity] = {**entry, "rows": entry["rows"] + rows}

    return {
        **summary,
        "problems": [entry for entry in kept.values() if entry["rows"] > 0],
        "dropped": {field: rows for field, rows in dropped.items() if rows > 0},
    }


def recount(conn: Connection, import_id: UUID) -> None:
    """Count the problems of the rows anew at the end of a second run, if any row was corrected
    since the end before. Until then the counts speak of the rows that were run.
    """
    conn.execute(SQL.recount, {"import_id": import_id})
