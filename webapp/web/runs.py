"""Runs: history, watching, stopping, undo. What became of them is in `results.py`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp import jobs
from webapp.engine import discarding, retention, searching, sessions, undo_preview
from webapp.engine.progress import outcomes_of, progress
from webapp.intake import sentences
from webapp.models import ContactImport, User
from webapp.reports import summary
from webapp.vocabulary.outcomes import sums
from webapp.vocabulary.states import ENDED, PENDING, WORKED_ON, State
from webapp.web import forms, hub
from webapp.web.access import SEES_ALL, change_import, load_import, may_see, retention_days, settings
from webapp.web.extensions import db
from webapp.web.wizard import step_url

blueprint = Blueprint("runs", __name__)
A_PAGE = 25
LAST_PAGE = 10**9  # more imports than that no history has
WAITING = "waiting"  # in the history's filter: every import that was never run


@blueprint.get("/imports")
@login_required
def history() -> str:
    page = max(forms.number(request.args, "page", 1, highest=LAST_PAGE), 1)
    asked = {
        "q": forms.search(request.args),
        "state": forms.one_of(request.args, "state", WAITING, *State) or "",
        "who": str(forms.number(request.args, "who") or ""),
    }
    newest = _matching(**asked).order_by(ContactImport.created_at.desc()).offset((page - 1) * A_PAGE)
    found = db.session.execute(newest.limit(A_PAGE + 1)).all()
    return render_template(
        "imports/history.html",
        items=[_item(row.ContactImport, row.User) for row in found[:A_PAGE]],
        more=len(found) > A_PAGE,
        page=page,
        asked=asked,
        states={WAITING: "not run yet", **{state: state.replace("_", " ") for state in State}},
        people=db.session.scalars(select(User).order_by(User.email)).all() if current_user.role in SEES_ALL else [],
    )


def _matching(q: str = "", state: str = "", who: str = "") -> Select[ContactImport, User]:
    """The imports that this person may see, and whose they are."""
    wanted = select(ContactImport, User).join(User, User.id == ContactImport.created_by)
    if current_user.role not in SEES_ALL:
        wanted = wanted.where(ContactImport.created_by == current_user.id)
    if state:
        wanted = wanted.where(ContactImport.state.in_(PENDING if state == WAITING else [state]))
    if who:
        wanted = wanted.where(ContactImport.created_by == int(who))
    return wanted.where(searching.holds(ContactImport.filename, q)) if q else wanted


def _item(found: ContactImport, person: User) -> dict[str, Any]:
    outcomes = outcomes_of(found)
    return {
        "found": found,
        "person": person.name or person.email,
        "outcomes": outcomes,
        "sums": sums(outcomes),
        "seconds": summary.seconds(found),
        "live": found.state in WORKED_ON,
        "over": undo_is_over(found),
        "discardable": discarding.possible(found),
    }


@blueprint.get("/imports/<uuid:import_id>/row")
@login_required
def history_row(import_id: UUID) -> str:
    """One line of the history, polled while its import moves."""
    found = load_import(import_id)
    return render_template("partials/history_row.html", item=_item(found, db.session.get_one(User, found.created_by)))


@blueprint.get("/imports/<uuid:import_id>")
@login_required
def current(import_id: UUID) -> ResponseReturnValue:
    return redirect(step_url(load_import(import_id)))


@blueprint.get("/imports/<uuid:import_id>/progress")
@login_required
def watch(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.state in PENDING or found.state in ENDED:
        return redirect(step_url(found))
    return render_template("imports/watch.html", found=found, progress=progress(db.session(), import_id), step=4)


@blueprint.get("/imports/<uuid:import_id>/progress/fragment")
@login_required
def fragment(import_id: UUID) -> ResponseReturnValue:
    """The progress card alone. Once the step is over it has no trigger, and htmx is told where the story goes on."""
    db.session.remove()  # One look at the database serves everybody who polls at this moment.
    now = hub.current().latest(import_id)
    if now is None or not may_see(now.found):
        abort(404)
    headers = {"HX-Redirect": step_url(now.found)} if now.over else {}
    return Response(hub.current().fragment(now, hub.POLLED), headers=headers)


@blueprint.post("/imports/<uuid:import_id>/cancel")
@login_required
def cancel(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.cancel)


@blueprint.post("/imports/<uuid:import_id>/discard")
@login_required
def discard(import_id: UUID) -> ResponseReturnValue:
    """Delete an import that was never run; one that ran leads to where it stands."""
    change_import(import_id)
    try:
        discarding.discard(db.session(), import_id)
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    db.session.commit()
    return redirect(url_for("runs.history"))


@blueprint.post("/imports/<uuid:import_id>/retry")
@login_required
def retry(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.retry_failed)


@blueprint.post("/imports/<uuid:import_id>/rollback")
@login_required
def roll_back(import_id: UUID) -> ResponseReturnValue:
    found = change_import(import_id)
    if found.state in WORKED_ON - {State.ROLLING_BACK, State.CHECKING}:
        return _refused("This import is still at work", "Stop it first, then roll it back.")
    return _ask(import_id, sessions.roll_back)


def _ask(import_id: UUID, request_of: Callable[[Session, UUID], object]) -> ResponseReturnValue:
    """Ask the engine, commit, enqueue; a request that comes too late leads to where the import stands."""
    change_import(import_id)
    try:
        request_of(db.session(), import_id)
    except sessions.WrongState:
        db.session.rollback()
    except sessions.Refused as refusal:
        db.session.rollback()
        return _refused(sentences.title(refusal.code), sentences.instruction(refusal.code))
    else:
        db.session.commit()
        jobs.wake(import_id, settings())
    return redirect(step_url(load_import(import_id)))


def _refused(heading: str, advice: str) -> ResponseReturnValue:
    return render_template("errors/error.html", heading=heading, advice=advice), 409


@blueprint.post("/imports/<uuid:import_id>/run-again")
@login_required
def run_again(import_id: UUID) -> ResponseReturnValue:
    change_import(import_id)
    try:
        new = sessions.run_again(db.session(), import_id, current_user.id, settings())
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    except sessions.Refused as refusal:
        db.session.rollback()
        return _refused(sentences.title(refusal.code), sentences.instruction(refusal.code, **refusal.facts))
    db.session.commit()
    jobs.wake(new.id, settings())
    return redirect(step_url(new))


@blueprint.get("/imports/<uuid:import_id>/rollback")
@login_required
def confirm_rollback(import_id: UUID) -> ResponseReturnValue:
    found = change_import(import_id)
    if found.state not in ENDED - {State.ROLLED_BACK} or found.total is None:
        return redirect(step_url(found))
    if undo_is_over(found):
        return _refused(sentences.title("undo_expired"), sentences.instruction("undo_expired"))
    undo = undo_preview.soon(db.session(), import_id)
    if undo is None:
        jobs.request_undo_preview(import_id, settings())
        return render_template("imports/rollback_waiting.html", found=found), 202
    if "HX-Request" in request.headers:  # the waiting page asks whether it is over
        return Response(headers={"HX-Refresh": "true"})
    return render_template("imports/rollback.html", found=found, undo=undo, until=undo_until(found))


def undo_until(found: ContactImport) -> datetime:
    """Until when an ended import can be taken back."""
    return retention.until(found, retention_days())


def undo_is_over(found: ContactImport) -> bool:
    """Whether that time is over."""
    return retention.is_over(found, retention_days())

