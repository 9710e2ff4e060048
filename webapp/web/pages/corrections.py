"""The rows with a problem: a list to correct in place, row by row or all alike at once."""

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.checking.cleaning import line_feeds
from webapp.checking.other_lines import LEFT_OUT
from webapp.limits import FIELDS_OF_ROW
from webapp.models import ContactImport, ImportRow
from webapp.reports.wording import number
from webapp.staging import corrections, problem_list
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext, ngettext
from webapp.vocabulary.fields import FULL_NAMES, IDENTITY, label_of
from webapp.vocabulary.states import State
from webapp.web import commands
from webapp.web.access import change_import, checked_import, load_import
from webapp.web.answers import elsewhere, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("corrections", __name__)
A_PAGE = 50
CONTEXT_CELLS = 8


@blueprint.get("/imports/<uuid:import_id>/problems")
@login_required
def problems(import_id: UUID) -> ResponseReturnValue:
    """The list, by row number; `code` narrows it to one problem."""
    run = checked_import(import_id)
    asked = sent.query(queries.ProblemsQuery)
    rows, more = problem_list.problem_page(
        db.session(), import_id, code=asked.code, after=asked.after, limit=A_PAGE
    )

    return render_template(
        "imports/problems.html",
        found=run,
        items=[_item(run, row) for row in rows],
        after=rows[-1].row if more else None,
        code=asked.code,
        open=run.state == State.READY and not run.correcting,
    )


@blueprint.post("/imports/<uuid:import_id>/problems/<int:row>")
@login_required
def correct(import_id: UUID, row: int) -> ResponseReturnValue:
    """Put in what the person typed; with `alike`, in every row that holds the same value there."""
    change_import(import_id)
    asked = sent.correction()
    commands.correct(import_id, row, asked)
    return _done(import_id, row, whole_list=asked.alike is not None)


@blueprint.post("/imports/<uuid:import_id>/problems/<int:row>/<any(leave, take):what>")
@login_required
def leave_out(import_id: UUID, row: int, what: str) -> ResponseReturnValue:
    commands.leave_out(import_id, row, out=what == "leave")
    return _done(import_id, row)


def _done(import_id: UUID, row: int, *, whole_list: bool = False) -> ResponseReturnValue:
    """The row judged again for htmx; the list again for everybody else, or where other rows
    changed too.
    """
    code = sent.form(queries.RowForm).code or None
    run = load_import(import_id)
    if run.state != State.READY:  # taking in a line may have the file checked again
        return elsewhere(step_url(run))
    if not request.headers.get("HX-Request"):
        return redirect(
            url_for("corrections.problems", import_id=import_id, code=code, after=row - 1)
        )
    if whole_list:
        return elsewhere(url_for("corrections.problems", import_id=import_id, code=code))

    found, staged = (
        load_import(import_id),
        db.session.get_one(ImportRow, (import_id, row), populate_existing=True),
    )
    item = _item(found, staged)

    return render_template(
        "partials/correction_row.html",
        found=found,
        item=item,
        code=code,
        open=True,
        judged=True,
    )


def _more_cells(count: int) -> str:
    text = ngettext(
        "{count} more cell is shown once these are right.",
        "{count} more cells are shown once these are right.",
        count,
    )
    return text.format(count=count)


def _item(run: ContactImport, row: ImportRow) -> dict[str, Any]:
    """A row of the list: the cells to correct with their instructions, and the others as context."""
    cells, targets = list(row.record or []), list(run.mapping or [])
    told: dict[int, list[str]] = {}
    whole = []

    for problem in row.problems or []:
        column = problem["column"]
        words = messages.of_problem(problem, row.row)

        if column is None:
            whole.append(words)
        else:
            told.setdefault(column, []).append(words)

    if row.status == "left_out":
        told = {}  # It is shown as it stands.

    for column in _columns_of_row(row, targets) if whole and row.status != "left_out" else []:
        told.setdefault(column, [])

    fields = [
        _field(
            _label(run, targets, column),
            column,
            cells[column] if column < len(cells) else "",
            words,
        )
        for column, words in sorted(told.items())[:FIELDS_OF_ROW]
    ]

    if more := len(told) - len(fields):
        whole.append(_more_cells(more))

    rest = [
        corrections.shown_of(cell)
        for column, cell in enumerate(cells)
        if column not in told and cell.strip()
    ]

    return {
        "row": row.row,
        "status": row.status,
        "fields": fields,
        "is_line": row.status == "left_out"
        and any(problem["code"] in LEFT_OUT for problem in row.problems or []),
        "dropped": row.status == "valid"
        and any(problem.get("dropped") for problem in row.problems or []),
        "whole": " ".join(whole),
        "context": rest[:CONTEXT_CELLS],
    }


def _field(label: str, column: int, cell: str, words: list[str]) -> dict[str, Any]:
    """A cell to correct.

    Of a long one the beginning is shown; it stays whole unless the person changes it.
    """
    shown = corrections.shown_of(cell)
    if len(shown) < len(cell):
        text = gettext("Only the first {shown} of {all} characters are shown.")
        words = [*words, text.format(shown=number(len(shown)), all=number(len(cell)))]

    return {
        "column": column,
        "label": label,
        "value": shown,
        "words": " ".join(dict.fromkeys(words)),
        "multiline": "\n" in line_feeds(shown),
        "alike": bool(words and cell.strip()),
    }


def _columns_of_row(row: ImportRow, targets: list[str | None]) -> list[int]:
    """Which cells to offer where the row as a whole is at fault: those that say who it is,
    else all of them.
    """
    codes = {problem["code"] for problem in row.problems or []}
    if codes <= {"no_identity"}:
        return [
            column for column, target in enumerate(targets) if target in IDENTITY | FULL_NAMES
        ]
    return list(range(max(len(row.record or []), 1)))[:FIELDS_OF_ROW]


def _label(run: ContactImport, targets: list[str | None], column: int) -> str:
    if column >= len(run.columns):
        return gettext("Cell {number}, beyond the last column").format(number=column + 1)
    target = targets[column] if column < len(targets) else None
    return label_of(target) if target else run.columns[column]
