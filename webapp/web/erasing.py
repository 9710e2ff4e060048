"""Erasing a person, for administrators: what that means is shown before it is done."""

from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy.exc import NoResultFound

from webapp.engine import erasure, finding, journal, sessions
from webapp.intake import sentences
from webapp.models import Contact
from webapp.web.extensions import db
from webapp.web.forms import digits

blueprint = Blueprint("erasing", __name__)
WAYS = {erasure.FILE, finding.PHONE, finding.NAMED}


def _load(contact_id: int) -> Contact:
    if current_user.role != "admin":
        abort(403)
    return db.session.get(Contact, contact_id) or abort(404)


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
        erasure.erase(db.session(), contact_id, _also())
    except sessions.Refused as refusal:
        return _not_yet(contact_id, sentences.whole(refusal.code, **refusal.facts))
    except journal.Busy:
        return _not_yet(contact_id, sentences.whole("erase_busy"))
    except NoResultFound:  # Somebody else deleted or erased them while they were looked for.
        abort(404)
    db.session.commit()
    return redirect(url_for("contacts.index"))


def _also() -> set[tuple[UUID, int | str]]:
    """What was ticked of the rows and files that may be about somebody else."""
    try:
        return {_ticked(value) for value in request.form.getlist("also")}
    except ValueError:
        abort(400)


def _ticked(value: str) -> tuple[UUID, int | str]:
    import_id, _, what = value.partition(":")
    return UUID(import_id), what if what in WAYS else int(digits(what))


def _not_yet(contact_id: int, words: str) -> ResponseReturnValue:
    """The page again, with everything that holds the person by now."""
    db.session.rollback()
    return _page(_load(contact_id), words), 409
