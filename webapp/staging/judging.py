"""How rows are judged: by the import's mapping and choices, with the corrections that were made.

A correction is a fact about the file's cells. It is stored by itself, so that it outlives a change
of the columns, and an import that is run again has it too.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from webapp import queries
from webapp.checking.other_lines import LEFT_OUT as LEFT_OUT_CODES
from webapp.checking.other_lines import OtherLines
from webapp.checking.validation import BROKEN, CheckedRow, Checker, kept_cells
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
    return Checker(
        import_["mapping"],
        default_country=import_["default_country"],
        date_order=date_order or import_["date_order"],
        clear_token=import_["clear_token"],
        drop_bad_cells=import_["drop_bad_cells"],
        blank_words=import_["blank_words"],
        keep_words=import_["keep_words"],
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


def judged(
    records: list[readers.Record],
    judge: Checker,
    lines: OtherLines,
    settled: Collection[int] = (),
) -> list[CheckedRow]:
    """Check a block of records, and leave out the lines that are no contacts, but for `settled`
    rows, of which a person decided.
    """
    joined, said = lines.judge(records, settled)
    checked = judge.check_block(joined)

    for number, (row, record) in enumerate(zip(checked, joined, strict=True)):
        problem = said.get(row.row)
        if problem is None:
            continue

        cells = kept_cells(record)
        if problem.code in LEFT_OUT_CODES:
            checked[number] = CheckedRow(row.row, LEFT_OUT, problems=[problem], record=cells)
        elif row.status == "valid" or problem.code == "lines_joined":
            row.problems.append(problem)
            row.record = cells

    return checked


def corrected(
    conn: Connection,
    import_id: UUID,
    records: list[readers.Record],
    judge: Checker,
    lines: OtherLines | None = None,
) -> list[CheckedRow]:
    """Check a block of records with the corrections that a person made to them; with `lines`, also
    leave out those that are no contacts.
    """
    made = _corrections(conn, import_id, records[0].row, records[-1].row)
    with_corrections = [_with_correction(record, made.get(record.row)) for record in records]
    checked = (
        judge.check_block(with_corrections)
        if lines is None
        else judged(with_corrections, judge, lines, made.keys())
    )

    for row, record in zip(checked, with_corrections, strict=True):
        if row.row in made:
            # A corrected row stays on the list, so that it can be corrected again.
            row.record = row.record or record.cells
            row.status = LEFT_OUT if made[row.row]["left_out"] else row.status

    return checked


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
    return {name: getattr(import_, name) for name in ("mapping", "read_position", *CHOICES)}


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
