"""Runs: history, watching, report, downloads, stopping, undo."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import jobs
from webapp.engine import rollback_preview, sessions
from webapp.engine.progress import outcomes_of, progress, sums
from webapp.engine.states import ENDED, Outcome, State
from webapp.models import ContactImport, ImportDocument, User
from webapp.reports import exports, summary
from webapp.web import hub
from webapp.web.access import SEES_ALL, change_import, load_import, settings
from webapp.web.extensions import db
from webapp.web.wizard import step_url

blueprint = Blueprint("runs", __name__)
A_PAGE = 25
ROWS_A_PAGE = 100
BEFORE_RUN = {State.UPLOADED, State.CHECKING, State.READY}


@blueprint.get("/imports")
@login_required
def history() -> str:
    wanted = select(ContactImport, User).join(User, User.id == ContactImport.created_by)
    if current_user.role not in SEES_ALL:
        wanted = wanted.where(ContactImport.created_by == current_user.id)
    if state := request.args.get("state", ""):
        wanted = wanted.where(ContactImport.state == state)
    if text := request.args.get("q", "").strip():
        wanted = wanted.where(ContactImport.filename.icontains(text, autoescape=True))
    page = max(request.args.get("page", 1, int), 1)
    newest = wanted.order_by(ContactImport.created_at.desc()).offset((page - 1) * A_PAGE).limit(A_PAGE + 1)
    found = db.session.execute(newest).all()
    return render_template(
        "imports/history.html",
        items=[_item(row.ContactImport, row.User) for row in found[:A_PAGE]],
        more=len(found) > A_PAGE,
        page=page,
        state=state,
        q=text,
        states=list(State),
    )


def _item(found: ContactImport, person: User) -> dict[str, Any]:
    outcomes = outcomes_of(found)
    return {"found": found, "person": person.name or person.email, "outcomes": outcomes, "sums": sums(outcomes)}


@blueprint.get("/imports/<uuid:import_id>")
@login_required
def current(import_id: UUID) -> ResponseReturnValue:
    return redirect(step_url(load_import(import_id)))


@blueprint.get("/imports/<uuid:import_id>/progress")
@login_required
def watch(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.state in BEFORE_RUN or found.state in ENDED:
        return redirect(step_url(found))
    return render_template("imports/watch.html", found=found, progress=progress(db.session(), import_id), step=4)


@blueprint.get("/imports/<uuid:import_id>/progress/fragment")
@login_required
def fragment(import_id: UUID) -> ResponseReturnValue:
    """The progress card alone. Once the step is over it has no trigger, and htmx is told where the story goes on."""
    load_import(import_id)
    db.session.remove()  # One look at the database serves everybody who polls at this moment.
    now = hub.current().latest(import_id)
    headers = {"HX-Redirect": step_url(now.found)} if now.over else {}
    return Response(hub.current().fragment(now, hub.POLLED), headers=headers)


@blueprint.post("/imports/<uuid:import_id>/cancel")
@login_required
def cancel(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.cancel)


@blueprint.post("/imports/<uuid:import_id>/retry")
@login_required
def retry(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.retry_failed)


@blueprint.post("/imports/<uuid:import_id>/rollback")
@login_required
def roll_back(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.roll_back)


def _ask(import_id: UUID, request_of: Callable[[Session, UUID], object]) -> ResponseReturnValue:
    """Ask the engine, commit, ring; a request that comes too late leads to where the import stands."""
    change_import(import_id)
    try:
        request_of(db.session(), import_id)
    except (sessions.WrongState, sessions.Refused):
        db.session.rollback()
    else:
        db.session.commit()
        jobs.wake(import_id, settings())
    return redirect(step_url(load_import(import_id)))


@blueprint.post("/imports/<uuid:import_id>/run-again")
@login_required
def run_again(import_id: UUID) -> ResponseReturnValue:
    change_import(import_id)
    try:
        new = sessions.run_again(db.session(), import_id, current_user.id)
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    db.session.commit()
    jobs.wake(new.id, settings())
    return redirect(step_url(new))


@blueprint.get("/imports/<uuid:import_id>/rollback")
@login_required
def confirm_rollback(import_id: UUID) -> ResponseReturnValue:
    found = change_import(import_id)
    if found.state not in ENDED - {State.ROLLED_BACK}:
        return redirect(step_url(found))
    return render_template("imports/rollback.html", found=found, undo=rollback_preview.preview(db.session(), import_id))


@blueprint.get("/imports/<uuid:import_id>/report")
@login_required
def report(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.state not in ENDED:
        return redirect(step_url(found))
    undo = None
    if found.state != State.ROLLED_BACK and found.total is not None:
        undo = rollback_preview.preview(db.session(), import_id)
    until = (found.completed_at or found.created_at) + timedelta(days=settings().retention_days)
    return render_template(
        "imports/report.html", found=found, report=summary.report(db.session(), import_id), undo=undo, until=until
    )


@blueprint.get("/imports/<uuid:import_id>/rows")
@login_required
def rows(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    outcome, differing = request.args.get("outcome") or None, "differing" in request.args
    if outcome and outcome not in list(Outcome):
        abort(404)
    shown = summary.rows(
        db.session(),
        import_id,
        outcome=outcome,
        code=request.args.get("code") or None,
        after=request.args.get("after", 0, int),
        limit=ROWS_A_PAGE + 1,
        differing=differing,
    )
    return render_template(
        "imports/rows.html",
        found=found,
        rows=shown[:ROWS_A_PAGE],
        more=len(shown) > ROWS_A_PAGE,
        outcome=outcome,
        differing=differing,
    )


@blueprint.get("/imports/<uuid:import_id>/report.csv")
@login_required
def report_csv(import_id: UUID) -> ResponseReturnValue:
    return _download(import_id, exports.report_csv, "report")


@blueprint.get("/imports/<uuid:import_id>/rejected.csv")
@login_required
def rejected_csv(import_id: UUID) -> ResponseReturnValue:
    return _download(import_id, exports.rejected_csv, "rejected")


def _download(import_id: UUID, made: Callable[[Session, UUID], Iterator[bytes]], kind: str) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.total is None:
        return redirect(step_url(found))
    return Response(
        stream_with_context(made(db.session(), import_id)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="rowcall-{kind}-{found.created_at:%Y-%m-%d}.csv"'},
    )


@blueprint.get("/imports/<uuid:import_id>/report.pdf")
@login_required
def report_pdf(import_id: UUID) -> ResponseReturnValue:
    """The kept PDF; the first reader asks for it and waits a moment."""
    found = load_import(import_id)
    if found.state not in ENDED:
        return redirect(step_url(found))
    kept = db.session.get(ImportDocument, (import_id, "pdf"))
    if kept is not None and kept.content:
        name = f"rowcall-report-{found.created_at:%Y-%m-%d}.pdf"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(kept.content, mimetype="application/pdf", headers=headers)
    if kept is None or kept.state != "failed":
        jobs.request_pdf(import_id, settings())
    return render_template("imports/pdf.html", found=found, kept=kept), 202
