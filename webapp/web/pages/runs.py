"""Runs: history, watching, stopping, undo. What became of them is in `results.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import Select, select

from webapp import jobs
from webapp.contacts import search
from webapp.imports.progress import ProgressTracker, outcomes_of
from webapp.models import ContactImport, User
from webapp.reports import attention, ledger, summary
from webapp.retention import discarding
from webapp.undoing import undo_preview
from webapp.vocabulary.catalogue import gettext, gettext_noop
from webapp.vocabulary.outcomes import Outcome, sums
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import PENDING, WORKED_ON, Command, State, Work, asked_for
from webapp.web import commands, forms, zones
from webapp.web.access import (
    SEES_ALL,
    change_import,
    load_import,
    may_change,
    retention_days,
    seen,
    settings,
    undo_is_over,
    undo_until,
)
from webapp.web.answers import step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("runs", __name__)
A_PAGE = 25
A_WEEK = 7  # days
EARLIER = gettext_noop("Earlier")
CALLED = {0: gettext_noop("Today"), 1: gettext_noop("Yesterday")}
NAMED = 3  # of the people whom an undo is about


@blueprint.get("/imports")
@login_required
def history() -> str:
    wanted = sent.query(queries.HistoryQuery)
    page = max(wanted.page, 1)
    asked = {"q": wanted.q, "state": wanted.state or "", "who": str(wanted.who or "")}
    newest = (
        _matching(**asked)
        .order_by(ContactImport.created_at.desc())
        .offset((page - 1) * A_PAGE)
    )
    found = db.session.execute(newest.limit(A_PAGE + 1)).all()
    items = [_item(row.ContactImport, row.User) for row in found[:A_PAGE]]
    first = page == 1 and not any(asked.values())
    live = [item for item in items if item["live"]] if first else []

    return render_template(
        "imports/history.html",
        live=live,
        days=_by_day([item for item in items if item not in live]),
        any=bool(items),
        more=len(found) > A_PAGE,
        page=page,
        asked=asked,
        states={
            queries.WAITING: gettext("not run yet"),
            **{state: state.label for state in State},
        },
        people=db.session.scalars(select(User).order_by(User.email)).all()
        if current_user.role in SEES_ALL
        else [],
        undo_days=retention_days(),
        **(_top() if first else {}),
    )


def _top() -> dict[str, Any]:
    """What stands above the list: what waits for the person at hand, and what all imports came
    to.
    """
    found, count = attention.waiting(db.session(), current_user, retention_days())
    return {
        "waiting": found,
        "waiting_count": count,
        "standing": attention.standing(db.session(), seen()),
    }


def _by_day(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items, newest first, under the reader's days: `day`, `called` and `items`; all that is
    older than a week is one.
    """
    zone = zones.of_reader()
    today = datetime.now(zone).date()
    days: list[dict[str, Any]] = []
    for item in items:
        at = item["found"].created_at.astimezone(zone)
        ago = (today - at.date()).days
        called = CALLED.get(ago, "" if ago < A_WEEK else EARLIER)
        key = EARLIER if called == EARLIER else at.date()
        if not days or days[-1]["key"] != key:
            days.append(
                {
                    "key": key,
                    "day": at.date(),
                    "called": gettext(called) if called else "",
                    "items": [],
                }
            )
        days[-1]["items"].append(item)

    return days


def _matching(q: str = "", state: str = "", who: str = "") -> Select[ContactImport, User]:
    """The imports that this person may see, and whose they are."""
    wanted = select(ContactImport, User).join(User, User.id == ContactImport.created_by)
    wanted = wanted.where(seen())
    if state:
        wanted = wanted.where(
            ContactImport.state.in_(
                PENDING if state == queries.WAITING else asked_for(State(state))
            )
        )

    if who:
        wanted = wanted.where(ContactImport.created_by == int(who))

    return wanted.where(search.holds(ContactImport.filename, q)) if q else wanted


def _item(run: ContactImport, person: User) -> dict[str, Any]:
    outcomes = outcomes_of(run)

    return {
        "found": run,
        "person": person.name or person.email,
        "outcomes": outcomes,
        "undone_by": summary.undone_by(db.session(), run),
        "sums": sums(outcomes),
        "seconds": summary.seconds(run),
        "live": run.state in WORKED_ON,
        "over": undo_is_over(run),
        "until": undo_until(run),
        "discardable": discarding.possible(run),
        "may": may_change(run),
    }


@blueprint.get("/imports/<uuid:import_id>/row")
@login_required
def history_row(import_id: UUID) -> str:
    """One line of the history, polled while its import moves."""
    run = load_import(import_id)
    return render_template(
        "partials/history_row.html",
        item=_item(run, db.session.get_one(User, run.created_by)),
        as_day=False,
    )


@blueprint.get("/imports/<uuid:import_id>")
@login_required
def current(import_id: UUID) -> ResponseReturnValue:
    return redirect(step_url(load_import(import_id)))


@blueprint.get("/imports/<uuid:import_id>/progress")
@login_required
def watch(import_id: UUID) -> ResponseReturnValue:
    run = load_import(import_id)
    if State(run.state).page != "runs.watch":
        return redirect(step_url(run))

    progress = ProgressTracker(db.session(), import_id).progress()
    return render_template("imports/watch.html", found=run, progress=progress, step=4)


@blueprint.post("/imports/<uuid:import_id>/cancel")
@login_required
def cancel(import_id: UUID) -> ResponseReturnValue:
    commands.cancel(import_id)
    return redirect(step_url(load_import(import_id)))


@blueprint.post("/imports/<uuid:import_id>/discard")
@login_required
def discard(import_id: UUID) -> ResponseReturnValue:
    """Delete an import that was never run; one that ran leads to where it stands."""
    commands.discard(import_id)
    return redirect(url_for("runs.history"))


@blueprint.post("/imports/<uuid:import_id>/retry")
@login_required
def retry(import_id: UUID) -> ResponseReturnValue:
    commands.retry(import_id, sent.form(forms.RetryRequest))
    return redirect(step_url(load_import(import_id)))


@blueprint.post("/imports/<uuid:import_id>/rollback")
@login_required
def roll_back(import_id: UUID) -> ResponseReturnValue:
    run = change_import(import_id)
    if State(run.state).work is Work.EXECUTE:
        raise Refusal("import_at_work")

    commands.roll_back(import_id)
    return redirect(step_url(load_import(import_id)))


@blueprint.post("/imports/<uuid:import_id>/run-again")
@login_required
def run_again(import_id: UUID) -> ResponseReturnValue:
    return redirect(step_url(commands.run_again(import_id)))


@blueprint.get("/imports/<uuid:import_id>/rollback")
@login_required
def confirm_rollback(import_id: UUID) -> ResponseReturnValue:
    run = change_import(import_id)
    if not State(run.state).allows(Command.ROLL_BACK):
        return redirect(step_url(run))
    if undo_is_over(run):
        raise Refusal("undo_expired")

    undo = undo_preview.soon(db.session(), import_id)

    if undo is None:
        jobs.request_undo_preview(import_id, settings())
        return render_template("imports/rollback_waiting.html", found=run), 202

    if "HX-Request" in request.headers:  # the waiting page asks whether it is over
        return Response(headers={"HX-Refresh": "true"})

    session = db.session()
    return render_template(
        "imports/rollback.html",
        found=run,
        undo=undo,
        until=undo_until(run),
        created=ledger.first_people(session, import_id, Outcome.CREATED, NAMED),
        changed=ledger.first_people(session, import_id, ledger.CHANGED, NAMED),
        names=ledger.called(session, [one["contact_id"] for one in undo.conflicts]),
    )
