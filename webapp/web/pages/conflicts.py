"""The rows in conflict: one at a time beside the contacts that it may mean, to choose one."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required
from sqlalchemy import exists, select

from webapp.deciding import preview as previews
from webapp.models import ContactImport, ImportPreview
from webapp.reports import conflicts
from webapp.staging import row_choices
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import CORRECTED_ON_PAGES, PREVIEWED
from webapp.web import commands
from webapp.web.access import change_import, checked_import, load_import, may_change
from webapp.web.answers import elsewhere, refused_on
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("conflicts", __name__)
A_PAGE = 25
BEHIND = 3  # rows that come next, told under the one at hand


@blueprint.get("/imports/<uuid:import_id>/conflicts")
@login_required
def show(import_id: UUID) -> ResponseReturnValue:
    """The row that is asked for, else the first without a choice, else all of them as a list."""
    run = checked_import(import_id)
    asked = sent.query(queries.ConflictsQuery)
    row = asked.row or _first_open(run, asked)
    found = _listed(run, row - 1, 1 + BEHIND) if row else []

    if asked.row and not _is_first(found, row):
        return redirect(url_for("conflicts.show", import_id=import_id))
    return _compare(run, found, asked) if _is_first(found, row) else _list(run, asked)


@blueprint.post("/imports/<uuid:import_id>/conflicts/<int:row>")
@login_required
def choose(import_id: UUID, row: int) -> ResponseReturnValue:
    """What the pressed button says; with `alike`, for all that are in conflict in the same way."""
    change_import(import_id)
    asked = sent.form(queries.ChoiceForm)

    def ask() -> str:
        rows = commands.choose(import_id, row, sent.choice(asked), seen=sent.seen(asked))
        following = _next(load_import(import_id), row)
        return url_for(
            "conflicts.show", import_id=import_id, row=following, chosen=row, rows=rows
        )

    return _answered(import_id, row, ask)


@blueprint.post("/imports/<uuid:import_id>/conflicts/<int:row>/back")
@login_required
def take_back(import_id: UUID, row: int) -> ResponseReturnValue:
    """Take back what was chosen for the row, and show it again."""
    change_import(import_id)
    asked = sent.form(queries.ChoiceForm)

    def ask() -> str:
        commands.take_back_choice(import_id, row, seen=sent.seen(asked))
        return url_for("conflicts.show", import_id=import_id, row=row)

    return _answered(import_id, row, ask)


def _answered(import_id: UUID, row: int, ask: Callable[[], str]) -> ResponseReturnValue:
    """Elsewhere, or the row again with what stood in the way."""
    try:
        return elsewhere(ask())
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _again(import_id, row, words))


def _again(import_id: UUID, row: int, problem: str) -> str:
    run = load_import(import_id)
    found = _listed(run, row - 1, 1 + BEHIND)
    asked = queries.ConflictsQuery()
    if not _is_first(found, row):
        return _list(run, asked, problem)

    return _compare(run, found, asked, problem)


def _listed(run: ContactImport, after: int, limit: int) -> list[row_choices.Conflict]:
    return row_choices.listed(db.session(), run, after, limit)


def _is_first(found: Sequence[row_choices.Conflict], row: int) -> bool:
    return bool(found) and found[0].row == row


def _first_open(run: ContactImport, asked: queries.ConflictsQuery) -> int:
    """The first row to choose for; 0 where there is none, or none may be chosen."""
    if asked.after or not _is_open(run) or not may_change(run):
        return 0

    found = row_choices.listed(db.session(), run, 0, 1, unsettled=True)
    return found[0].row if found else 0


def _next(run: ContactImport, row: int) -> int | None:
    """The next row without a choice: behind this one, else from the top."""
    for begin in (row, 0):
        found = row_choices.listed(db.session(), run, begin, 1, unsettled=True)
        if found:
            return found[0].row

    return None


def _compare(
    run: ContactImport,
    found: Sequence[row_choices.Conflict],
    asked: queries.ConflictsQuery,
    problem: str | None = None,
) -> str:
    """The first of these rows beside its candidates, and which come next."""
    done = _listed(run, asked.chosen - 1, 1) if asked.chosen else []
    cards = conflicts.cards(db.session(), run.id, [*found, *done])

    return render_template(
        "imports/conflict.html",
        **_facts(run, asked),
        card=cards[0],
        next_cards=cards[1 : len(found)],
        done=cards[len(found)] if _is_first(done, asked.chosen) else None,
        place=row_choices.place(db.session(), run, found[0].row),
        problem=problem,
    )


def _list(
    run: ContactImport, asked: queries.ConflictsQuery, problem: str | None = None
) -> str:
    found = _listed(run, asked.after, A_PAGE + 1)
    done = _listed(run, asked.chosen - 1, 1) if asked.chosen else []
    cards = conflicts.cards(db.session(), run.id, [*found, *done])

    return render_template(
        "imports/conflicts.html",
        **_facts(run, asked),
        cards=cards[: min(A_PAGE, len(found))],
        done=cards[len(found)] if _is_first(done, asked.chosen) else None,
        next_after=cards[A_PAGE - 1].row if len(found) > A_PAGE else None,
        being_found=not cards and _are_being_found(run),
        problem=problem,
    )


def _are_being_found(run: ContactImport) -> bool:
    """Whether no preview has said yet which rows are in conflict."""
    if run.state not in PREVIEWED or previews.given_up(db.session(), run):
        return False

    kept = exists().where(ImportPreview.import_id == run.id)
    return not db.session.scalar(select(kept))


def _is_open(run: ContactImport) -> bool:
    return run.state in CORRECTED_ON_PAGES and not run.correcting


def _facts(run: ContactImport, asked: queries.ConflictsQuery) -> dict[str, Any]:
    """What both pages show beside the rows."""
    kinds = row_choices.kinds(db.session(), run)
    return {
        "found": run,
        "kinds": kinds,
        "counts": conflicts.counted(kinds),
        "open": _is_open(run),
        "may": may_change(run),
        "settled_rows": asked.rows,
        "Fit": conflicts.Fit,
    }
