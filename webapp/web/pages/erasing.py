"""Erasing a person, for administrators: what that means is shown before it is done."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.models import Contact
from webapp.retention import erasure
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands
from webapp.web.access import refuse_others
from webapp.web.answers import refused_on
from webapp.web.commands import load_contact
from webapp.web.extensions import db
from webapp.web.forms import sent

blueprint = Blueprint("erasing", __name__)


@blueprint.get("/contacts/<int:contact_id>/erase")
@login_required
def confirm(contact_id: int) -> ResponseReturnValue:
    """With one that was merged away, the contact goes that it leads to."""
    refuse_others("admin")
    if into := commands.merged_into(contact_id):
        return redirect(url_for("erasing.confirm", contact_id=into))

    return _page(load_contact(contact_id))


def _page(contact: Contact, problem: str | None = None) -> str:
    traces = erasure.traces(db.session(), contact.id)
    return render_template(
        "contacts/erase.html", contact=contact, traces=traces, problem=problem
    )


@blueprint.post("/contacts/<int:contact_id>/erase")
@login_required
def erase(contact_id: int) -> ResponseReturnValue:
    """Refused, the page again with everything that holds the person by now."""
    refuse_others("admin")
    load_contact(contact_id)

    try:
        commands.erase_contact(contact_id, sent.erased_too())
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _page(load_contact(contact_id), words))

    return redirect(url_for("contacts.index"))
