"""Contacts by hand: the list, and each contact's page with its edit, its deletion and its provenance."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import Select, func, select
from sqlalchemy.exc import NoResultFound

from webapp.engine import journal, recent_changes, searching
from webapp.intake import sentences
from webapp.intake.cleaning import is_same_text, line_feeds
from webapp.intake.validation import Problem
from webapp.models import Contact
from webapp.vocabulary.fields import SEARCHED, is_multiline, label_of, least_lines
from webapp.web import changes, forms
from webapp.web.access import load_import, refuse_viewers, retention_days
from webapp.web.extensions import db

blueprint = Blueprint("contacts", __name__)
A_PAGE = 50
MOST_LINES = 8  # that a field shows at once
BUSY = "An import is writing to this contact at this moment."


def matching(search: str, imported_from: UUID | None) -> Select[Contact]:
    """Contacts in which every word of the search occurs somewhere."""
    wanted = select(Contact)
    columns = [getattr(Contact, name) for name in SEARCHED]
    searched = func.concat_ws("\n", *columns)  # Words hold no line feed, so none is found across two columns.
    for word in search.split():
        wanted = wanted.where(searching.holds(searched, word))
    return wanted.where(Contact.imported_from == imported_from) if imported_from else wanted


@blueprint.get("/contacts")
@login_required
def index() -> str:
    search = forms.search(request.args)
    source = load_import(found) if (found := forms.id_of(request.args, "imported_from")) else None
    after = forms.number(request.args, "after")
    wanted = matching(search, source.id if source else None).where(Contact.id > after)
    rows = list(db.session.scalars(wanted.order_by(Contact.id).limit(A_PAGE + 1)))
    return render_template(
        "contacts/index.html",
        contacts=rows[:A_PAGE],
        more=len(rows) > A_PAGE,
        q=search,
        source=source,
        after=after,
        deleted=changes.known("deleted"),
    )


@blueprint.get("/contacts/<int:contact_id>")
@login_required
def show(contact_id: int) -> str:
    return _page(_load(contact_id), saved=changes.known("saved"), undone=changes.known("undone"))


def _load(contact_id: int) -> Contact:
    return db.session.get(Contact, contact_id) or abort(404)


def _page(contact: Contact, **shown: Any) -> str:
    stored = journal.form_values(contact)
    values = shown.pop("values", None) or stored
    return render_template(
        "contacts/show.html",
        contact=contact,
        stored=stored,
        values=values,
        origins=journal.provenance(db.session(), contact),
        multiline=_lines(values),
        marks={name: journal.mark(text) for name, text in stored.items()},
        days=retention_days(),
        **shown,
    )


def _lines(values: dict[str, str]) -> dict[str, int]:
    """How many lines to show of each field that may have several."""
    lines = {name: line_feeds(text).count("\n") + 1 for name, text in values.items()}
    return {
        name: min(max(count, least_lines(name)), MOST_LINES)
        for name, count in lines.items()
        if is_multiline(name) or count > 1
    }


@blueprint.post("/contacts/<int:contact_id>")
@login_required
def edit(contact_id: int) -> ResponseReturnValue:
    refuse_viewers()
    contact = _load(contact_id)
    values = {name: request.form[name] for name in journal.form_values(contact) if name in request.form}
    version = forms.number(request.form, "version")
    try:
        contact = journal.edit_contact(db.session(), contact_id, version, values, current_user.id)
    except journal.Stale as stale:
        return _stale(stale.contact, values)
    except journal.Invalid as invalid:
        problems = {problem.field: _instruction(problem) for problem in invalid.problems}
        return _again(contact_id, values, "Correct the marked fields. Nothing was saved yet.", 422, problems=problems)
    except journal.Taken:
        words = "Another contact has this e-mail or external ID. Change it here or there, then save again."
        return _again(contact_id, values, words, 409)
    except journal.Busy:
        return _again(contact_id, values, f"{BUSY} Save again in a few seconds.", 409)
    except NoResultFound:
        abort(404)
    db.session.commit()
    saved = recent_changes.newest_of(db.session(), contact_id, current_user.id) if contact.version != version else None
    return redirect(url_for("contacts.show", contact_id=contact_id, saved=saved))


def _instruction(problem: Problem) -> str:
    field = label_of(problem.field).lower() if problem.field else "value"
    return sentences.instruction(problem.code, field=field, value=problem.value, limit="the allowed number of")


def _again(
    contact_id: int, values: dict[str, str], words: str, status: int, **shown: Any
) -> ResponseReturnValue:
    """The page as the person left it: what they typed is still there."""
    db.session.rollback()
    return _page(_load(contact_id), values=values, problem=words, **shown), status


def _stale(contact: Contact, values: dict[str, str]) -> ResponseReturnValue:
    """Another change came first: what was typed stays in the form, with what stands there now beside it.

    The fields that were left alone show what stands there now, or else saving again would take that back.
    """
    stands = journal.form_values(contact)
    typed = {name: text for name, text in values.items() if request.form.get(f"mark:{name}") != journal.mark(text)}
    now = {name: stands.get(name, "") for name in typed if not is_same_text(stands.get(name, ""), typed[name])}
    words = "Somebody changed this contact while you did. Your text is kept below; save again to put it in."
    db.session.rollback()
    return _page(_load(contact.id), values={**stands, **typed}, problem=words, now=now), 409


@blueprint.post("/contacts/<int:contact_id>/delete")
@login_required
def delete(contact_id: int) -> ResponseReturnValue:
    refuse_viewers()
    _load(contact_id)
    try:
        journal.delete_contact(
            db.session(), contact_id, forms.number(request.form, "version"), current_user.id
        )
    except journal.Stale:
        db.session.rollback()
        words = "Somebody changed this contact meanwhile. Look at it again, then delete it if you still want to."
        return _page(_load(contact_id), problem=words), 409
    except journal.Busy:
        return _page(_load(contact_id), problem=f"{BUSY} Delete it again in a few seconds."), 409
    except NoResultFound:
        abort(404)
    db.session.commit()
    deleted = recent_changes.newest_of(db.session(), contact_id, current_user.id)
    return redirect(url_for("contacts.index", deleted=deleted))
