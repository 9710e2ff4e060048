"""Rows to fix as the grid shows them: cells with their faults, and what else tells whose row it
is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.checking.cleaning import line_feeds
from webapp.checking.other_lines import LEFT_OUT
from webapp.limits import FIELDS_OF_ROW
from webapp.models import ContactImport
from webapp.reports.wording import number
from webapp.staging.corrections import shown_of
from webapp.staging.problem_list import Fault, Line
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.fields import FULL_NAMES, IDENTITY, NAMES, TELLING, label_of

TELLING_CELLS = 2  # beside the name
OF_NAME = {*NAMES, *FULL_NAMES}


def item(
    run: ContactImport,
    line: Line,
    columns: Sequence[int] | None,
    people: Mapping[int, str],
    *,
    final: str | None = None,
) -> dict[str, Any]:
    """A row of the grid, with the cells of these columns; None for those that are at fault.

    `people` are the names of those who changed rows, by their number; those of the person at hand
    are not among them. `final` is the row's outcome in words, where no second run takes it.
    """
    if columns is None:
        columns = _columns_of(run, line)

    fields = [_field(run, line, column) for column in columns]
    suggested = next((field for field in fields if field["suggestion"] is not None), None)

    return {
        "row": line.row,
        "show": ".".join(map(str, columns)),
        "status": line.status,
        "final": final,
        "fields": fields,
        "suggestion": suggested and suggested["suggestion"],
        "suggested_in": suggested and suggested["column"],
        "group": line.group,
        "name": line.name,
        "is_line": any(problem["code"] in LEFT_OUT for problem in line.problems),
        "dropped": line.status == "valid" and any(p.get("dropped") for p in line.problems),
        "done": _is_done(line, fields),
        "whole": " ".join(
            messages.of_problem(problem, line.row)
            for problem in line.problems
            if problem["column"] is None and problem["code"] not in LEFT_OUT
        ),
        "confirms": line.column is None or line.column < 0,
        "telling": ", ".join(_telling(run, line, set(columns))),
        "by": people.get(line.changed.by or 0) if line.changed else None,
        "by_id": line.changed.by if line.changed else None,
    }


def label(run: ContactImport, column: int) -> str:
    """What a column is called: the field that it is for, else as the file calls it."""
    if column >= len(run.columns):
        return gettext("Cell {number}, beyond the last column").format(number=column + 1)

    target = _target(run, column)
    return label_of(target) if target else str(run.columns[column])


def _target(run: ContactImport, column: int) -> str | None:
    targets = run.mapping or []
    return targets[column] if column < len(targets) else None


def _columns_of(run: ContactImport, line: Line) -> list[int]:
    """The column at fault. Of a row that is at fault as a whole, those that say who it is; all,
    where it could not be read.
    """
    if line.column is not None and line.column >= 0:
        return [line.column]
    if {problem["code"] for problem in line.problems if problem["column"] is None} <= {
        "no_identity"
    }:
        wanted = IDENTITY | FULL_NAMES
        return [
            column for column in range(len(run.columns)) if _target(run, column) in wanted
        ] or [0]

    return list(range(max(len(line.cells), 1)))[:FIELDS_OF_ROW]


def _field(run: ContactImport, line: Line, column: int) -> dict[str, Any]:
    """A cell. Of a long one the beginning is shown; it stays whole unless the person changes it."""
    cell = line.cells[column] if column < len(line.cells) else ""
    fault = line.faults.get(column) if line.status != "left_out" else None
    told = [problem for problem in line.problems if problem["column"] == column and fault]
    words = [messages.of_problem(problem, line.row) for problem in told]

    shown = shown_of(cell)
    if len(shown) < len(cell):
        text = gettext("Only the first {shown} of {all} characters are shown.")
        words.append(text.format(shown=number(len(shown)), all=number(len(cell))))

    return {
        "column": column,
        "label": label(run, column),
        "value": shown,
        "parts": _parts(shown, fault),
        "words": " ".join(dict.fromkeys(words)),
        "wrong": line.status == "invalid"
        and any(problem["severity"] == "error" for problem in told),
        "suggestion": fault.suggestion if fault else None,
        "multiline": "\n" in line_feeds(shown),
        "was": line.was.get(column),
    }


def _parts(shown: str, fault: Fault | None) -> tuple[str, str, str] | None:
    """The cell before the fault, the fault itself, and the rest."""
    if fault is None or fault.mark is None or "\n" in shown:
        return None

    begin, end = fault.mark
    return shown[:begin], shown[begin:end], shown[end:]


def _is_done(line: Line, fields: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a person fixed the row: it comes in, or they left it out."""
    if line.changed is None or line.status == "invalid":
        return False
    return line.status == "left_out" or not any(field["wrong"] for field in fields)


def _telling(run: ContactImport, line: Line, shown: set[int]) -> list[str]:
    """What else the row holds, so that one can guess: first what tells best whose row it is."""
    ranks = {name: rank for rank, name in enumerate(TELLING)}
    cells = [
        (ranks.get(target or "", len(ranks)), column, cell)
        for column, cell in enumerate(line.cells)
        if cell.strip()
        and column not in shown
        and (target := _target(run, column)) not in OF_NAME
    ]
    return [shown_of(cell)[:60] for _, _, cell in sorted(cells)[:TELLING_CELLS]]
