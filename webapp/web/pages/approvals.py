"""A request for approval: what would happen, for the person who decides and the one who asked."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.deciding import approval, plan
from webapp.imports import approval_requests
from webapp.models import ContactImport, ImportPreview
from webapp.reports import choices
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State
from webapp.web import commands, forms
from webapp.web.access import import_to_approve, load_import, settings
from webapp.web.answers import refused_on, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("approvals", __name__)


@blueprint.get("/imports/<uuid:import_id>/approval")
@login_required
def show(import_id: UUID) -> ResponseReturnValue:
    """What was asked for; the person who asked can withdraw it here, and another one decide."""
    run = load_import(import_id)
    if run.state != State.AWAITING_APPROVAL:
        return redirect(step_url(run))
    return _page(run)


def _page(run: ContactImport, problem: str | None = None) -> str:
    session = db.session()
    asked = approval_requests.newest(session, run)
    variant = approval.variant_of(run)
    kept = session.get(ImportPreview, (run.id, *variant))
    others = approval.approvers(session, besides=asked.asked_by.id)

    return render_template(
        "imports/approval.html",
        found=run,
        asked=asked,
        above=settings().approval_above,
        others=others,
        decides=current_user.id in {person.id for person in others},
        withdraws=current_user.id in {asked.asked_by.id, run.created_by},
        kept=kept,
        contacts=plan.contacts_changed(session, run.id, variant),
        plan_now=approval.current_plan(session, run),
        choices=choices.choices(run),
        problem=problem,
    )


@blueprint.post("/imports/<uuid:import_id>/approve")
@login_required
def approve(import_id: UUID) -> ResponseReturnValue:
    """Approve the plan that the page has shown; the box says that the person means it."""
    import_to_approve(import_id)
    if not sent.form(queries.SureForm).sure:
        return _again(import_id, Refusal("approval_unsure"))

    try:
        commands.approve(import_id, sent.form(forms.ApprovalRequest))
    except Refusal as refusal:
        return _again(import_id, refusal)

    return redirect(url_for("runs.watch", import_id=import_id))


@blueprint.post("/imports/<uuid:import_id>/refuse")
@login_required
def refuse(import_id: UUID) -> ResponseReturnValue:
    import_to_approve(import_id)
    try:
        commands.refuse(import_id)
    except Refusal as refusal:
        return _again(import_id, refusal)

    return redirect(url_for("runs.history"))


def _again(import_id: UUID, refusal: Refusal) -> ResponseReturnValue:
    """The page with the sentence; that of another step where the import does not wait any more."""
    run = load_import(import_id)
    if run.state != State.AWAITING_APPROVAL:
        raise refusal
    return refused_on(refusal, lambda words: _page(load_import(import_id), words))
