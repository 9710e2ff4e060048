"""Rows to fix: a grid to correct them in place, one by one or many at once, with undo of each
act.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.models import ContactImport
from webapp.staging import acts, file_rows, problem_list
from webapp.staging.problem_list import WHOLE_ROW, Line
from webapp.vocabulary.catalogue import gettext, ngettext
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import CORRECTED_ON_PAGES, RUN_ENDED, Command, State
from webapp.web import commands
from webapp.web import problem_grid as grid
from webapp.web.access import (
    change_import,
    checked_import,
    load_import,
    may_change,
    undo_is_over,
)
from webapp.web.act_words import of_act
from webapp.web.answers import elsewhere, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.forms.queries import ProblemsQuery
from webapp.web.problem_rows import label
from webapp.web.problems import STATUS

blueprint = Blueprint("corrections", __name__)
PARTS = {"X-Parts": "1"}  # the answer is parts of the page, each by its id


@blueprint.get("/imports/<uuid:import_id>/problems")
@login_required
def problems(import_id: UUID) -> ResponseReturnValue:
    """A page of the rows to fix, or of all rows of the file."""
    run = checked_import(import_id)
    asked = sent.query(ProblemsQuery)
    view = grid.view_of(run, asked)
    lines, groups, following = grid.lines_of(run, asked)
    one = asked.column_number()
    items = grid.items_of(run, asked, lines)
    db.session.commit()  # The first look builds the list.

    return render_template(
        "imports/problems.html",
        **view,
        sections=grid.sections_of(items, groups, view["counts"], asked),
        columns=grid.columns_of(run, asked),
        heading=None if one in {None, WHOLE_ROW} else label(run, one),
        following=following,
        page_rows=len(items),
        panel=grid.panel_of(run, asked) if asked.panel or asked.find else None,
    )


@blueprint.post("/imports/<uuid:import_id>/problems/<int:row>")
@login_required
def correct(import_id: UUID, row: int) -> ResponseReturnValue:
    """Put in what the person typed; with `alike`, in every row that holds the same value there."""
    change_import(import_id)
    asked = sent.correction()
    return _answered(
        import_id,
        lambda: commands.correct(import_id, row, asked),
        None if asked.alike is not None else [row],
    )


@blueprint.post("/imports/<uuid:import_id>/problems/<int:row>/<any(leave, take):what>")
@login_required
def leave_out(import_id: UUID, row: int, what: str) -> ResponseReturnValue:
    """Leave the row out, or take it in again."""
    change_import(import_id)
    return _answered(
        import_id, lambda: commands.leave_out(import_id, row, out=what == "leave"), [row]
    )


@blueprint.post("/imports/<uuid:import_id>/problems/fix")
@login_required
def fix(import_id: UUID) -> ResponseReturnValue:
    """One act on many rows: those that are ticked, that hold the same value, or that are listed."""
    change_import(import_id)
    asked = sent.fix(sent.query(ProblemsQuery).filter())
    return _answered(import_id, lambda: commands.fix(import_id, asked), asked.rows)


@blueprint.post("/imports/<uuid:import_id>/problems/paste")
@login_required
def paste(import_id: UUID) -> ResponseReturnValue:
    """A column of a spreadsheet, into as many rows as follow."""
    change_import(import_id)
    asked, given = sent.pasted_column()
    rows = [cell.row for cell in asked.cells or []]
    left = given - len(rows)
    words = ngettext(
        "{count} more cell had no row to go to.",
        "{count} more cells had no row to go to.",
        left,
    )
    return _answered(
        import_id,
        lambda: commands.fix(import_id, asked),
        rows,
        more=words.format(count=f"{left:,}") if left > 0 else "",
    )


@blueprint.post("/imports/<uuid:import_id>/problems/replace")
@login_required
def replace(import_id: UUID) -> ResponseReturnValue:
    """Show what would change, or change it."""
    change_import(import_id)
    listed = sent.query(ProblemsQuery)
    asked = sent.find_and_replace(listed)
    if sent.writes():
        wanted = sent.replacement(asked)
        return _answered(import_id, lambda: commands.fix(import_id, wanted), None)

    run = load_import(import_id)
    if request.headers.get("HX-Request"):
        return _sent(run, listed, [], panel=grid.panel_of(run, asked))

    kept = asked.model_dump(include={"find", "replace_with", "in_column"}, exclude_none=True)
    return redirect(
        _url(run, listed, panel=1, match_case="1" if asked.match_case else None, **kept)
    )


@blueprint.post("/imports/<uuid:import_id>/problems/undo")
@login_required
def undo(import_id: UUID) -> ResponseReturnValue:
    """Undo one act, or all of them."""
    change_import(import_id)
    asked = sent.form(queries.UndoFixForm)
    one = asked.number
    made = commands.undo_fix(import_id, one) if one else commands.undo_all_fixes(import_id)
    words = ngettext("Undone in {count} cell.", "Undone in {count} cells.", made.cells)
    told = [words.format(count=f"{made.cells:,}")]
    if made.stayed:
        stay = ngettext(
            "{count} cell stays, since it was changed later.",
            "{count} cells stay, since they were changed later.",
            made.stayed,
        )
        told.append(stay.format(count=f"{made.stayed:,}"))

    run, listed = load_import(import_id), sent.query(ProblemsQuery)
    if asked.at == "changes":
        return redirect(url_for("corrections.changes", import_id=import_id))
    if not request.headers.get("HX-Request"):
        return redirect(_url(run, listed))

    return _sent(run, listed, None, said=" ".join(told))


@blueprint.get("/imports/<uuid:import_id>/problems/changes")
@login_required
def changes(import_id: UUID) -> ResponseReturnValue:
    """Every act on the rows, the newest first, each with its undo."""
    run = checked_import(import_id)
    before = sent.query(queries.ChangesQuery).before or None
    found = acts.listed(db.session(), import_id, before=before, limit=grid.A_PAGE + 1)
    may = run.state in CORRECTED_ON_PAGES and may_change(run) and not undo_is_over(run)

    return render_template(
        "imports/changes.html",
        found=run,
        ran=run.state in RUN_ENDED,
        acts=[(act, of_act(run, act)) for act in found[: grid.A_PAGE]],
        before=found[grid.A_PAGE - 1].number if len(found) > grid.A_PAGE else None,
        people=grid.names_of({act.by for act in found} | {act.undone_by for act in found}),
        open=may and not run.correcting,
    )


def _answered(
    import_id: UUID, act: Any, rows: Sequence[int] | None, *, more: str = ""
) -> ResponseReturnValue:
    """Do what was asked, and answer with the parts of the page that it changed; without a script,
    with the page. `rows` are those that it touched, None for any.
    """
    listed = sent.query(ProblemsQuery)
    try:
        made = act()
    except Refusal as refusal:
        return _refused(import_id, listed, rows, refusal)

    run = load_import(import_id)
    if not State(run.state).allows(Command.CORRECT):
        # Taking in a line may have the file checked again.
        return elsewhere(step_url(run))

    if not request.headers.get("HX-Request"):
        place = f"row-{rows[0]}" if rows else None
        return redirect(_url(run, listed, _anchor=place))
    if run.correcting:
        return elsewhere(_url(run, listed))

    return _sent(run, listed, rows, more=" ".join(filter(None, (_overwrote(made), more))))


def _overwrote(made: Any) -> str:
    """Whose change gave way to this one."""
    changed = made.overwrote
    if changed is None or changed.by in {None, current_user.id}:
        return ""

    who = grid.names_of({changed.by}).get(changed.by or 0, gettext("Another person"))
    return gettext("{who} had changed it meanwhile. Your value is kept now.").format(who=who)


def _refused(
    import_id: UUID, listed: ProblemsQuery, rows: Sequence[int] | None, refusal: Refusal
) -> ResponseReturnValue:
    """The sentence in the grid, where a script shows it, and else as everywhere."""
    if not request.headers.get("HX-Request"):
        raise refusal

    db.session.rollback()
    run = load_import(import_id)
    if refusal.code == "no_rows":  # Another tab or person was quicker: these rows show it.
        return _sent(run, listed, rows)

    parts = render_template(
        "partials/fix_refused.html",
        words=refusal.sentence,
        found=run,
        moved_on=refusal.code in {"wrong_state", "correction_under_way"},
    )
    return make_response(parts, STATUS[refusal.kind], PARTS)


def _sent(
    run: ContactImport,
    asked: ProblemsQuery,
    rows: Sequence[int] | None,
    *,
    said: str = "",
    more: str = "",
    panel: dict[str, Any] | None = None,
) -> ResponseReturnValue:
    """The parts of the page that an act changed: the rows that it touched among those shown, the
    numbers, the chips, the heads of groups, and the line that says what was done.
    """
    shown = sent.shown()
    wanted = [row for row in shown if rows is None or row in rows]
    items = grid.items_of(run, asked, _again(run, asked, wanted, shown), shown)
    view = grid.view_of(run, asked)
    if said:
        view |= {"said": said, "last": None}

    page = problem_list.page(db.session(), run, grid.filter_of(asked), limit=grid.A_PAGE)
    db.session.commit()

    parts = render_template(
        "partials/fix_parts.html",
        **view,
        items=items,
        more=more,
        wrong=[row for row in items if row["status"] == "invalid"] if rows else [],
        suggestions=grid.suggestions_of(view["counts"], asked),
        columns=grid.columns_of(run, asked),
        groups=page.groups,
        heads=sent.groups(),
        panel=panel,
    )
    return make_response(parts, 200, PARTS)


def _again(
    run: ContactImport,
    asked: ProblemsQuery,
    rows: Sequence[int],
    shown: Mapping[int, list[int]],
) -> list[Line]:
    """These rows, as they are now."""
    session = db.session()
    if asked.all and rows:
        limit = max(rows) - min(rows) + 1 if len(rows) == 1 else grid.A_PAGE
        page = file_rows.page(session, run, min(rows) - 1, q=asked.q, limit=limit)
        return [line for line in page.lines if line.row in rows]

    found = [
        problem_list.line(session, run, row, shown[row][0] if shown[row] else None)
        for row in rows
    ]
    return [line for line in found if line is not None]


@blueprint.get("/imports/<uuid:import_id>/problems/news")
@login_required
def news(import_id: UUID) -> ResponseReturnValue:
    """What others changed of the rows that a page shows, since the last act that it knows."""
    run, asked = checked_import(import_id), sent.query(queries.NewsQuery)
    last = acts.last(db.session(), import_id)
    if last is None or last.number <= asked.act or last.by == current_user.id:
        return "", 204

    listed, shown = sent.query(ProblemsQuery), sent.shown()
    lines = _again(run, listed, list(shown), shown)
    rows = [
        line.row
        for line in lines
        if line.changed and line.changed.act > asked.act and line.changed.by != current_user.id
    ]
    who = grid.names_of({last.by}).get(last.by or 0, gettext("Another person"))
    said = gettext("{who}: {what}").format(who=who, what=of_act(run, last))

    return _sent(run, listed, rows, said=said)


def _url(run: ContactImport, asked: ProblemsQuery, **more: Any) -> str:
    return url_for(
        "corrections.problems",
        import_id=run.id,
        **asked.filter(),
        after=asked.after or None,
        at=asked.at or None,
        **more,
    )
