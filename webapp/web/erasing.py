"""Erasing a person, for administrators: what that means is shown before it is done."""

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.engine import erasure, sessions
from webapp.intake import sentences
from webapp.models import Contact
from webapp.web.extensions import db

blueprint = Blueprint("erasing", __name__)


def _load(contact_id: int) -> Contact:
    if current_user.role != "admin":
        abort(403)
    found = db.session.get(Contact, contact_id) if contact_id < 2**63 else None
    return found or abort(404)


@blueprint.get("/contacts/<int:contact_id>/erase")
@login_required
def confirm(contact_id: int) -> str:
    return _page(_load(contact_id))


def _page(contact: Contact, problem: str | None = None) -> str:
    traces = erasure.traces(db.session(), contact.id)
    return render_template("contacts/erase.html", contact=contact, traces=traces, problem=problem)


@blueprint.post("/contacts/<int:contact_id>/erase")
@login_required
def erase(contact_id: int) -> ResponseReturnValue:
    _load(contact_id)
    try:
        erasure.erase(db.session(), contact_id)
    except sessions.Refused as refusal:
        db.session.rollback()
        return _page(_load(contact_id), sentences.whole(refusal.code, **refusal.facts)), 409
    db.session.commit()
    return redirect(url_for("contacts.index"))
