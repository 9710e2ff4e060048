"""Contacts by hand: the list, and each contact's page with its edit, its deletion and its
provenance.
"""

from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.checking.cleaning import is_same_text, line_feeds
from webapp.contacts import journal, recent_changes
from webapp.contacts.search import matching
from webapp.models import Contact
from webapp.vocabulary import messages
from webapp.vocabulary.fields import LISTED, is_multiline, label_of, least_lines
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands, downloads
from webapp.web.access import load_import, refuse_viewers, retention_days
from webapp.web.answers import refused_on
from webapp.web.commands import load_contact
from webapp.web.extensions import db
from webapp.web.forms import ContactEdit, queries, sent
from webapp.web.pages import changes

blueprint = Blueprint("contacts", __name__)
A_PAGE = 50
MOST_LINES = 8  # that a field shows at once


@blueprint.get("/contacts")
@login_required
def index() -> str:
    asked = sent.query(queries.ContactsQuery)
    source = load_import(asked.imported_from) if asked.imported_from else None
    wanted = matching(asked.q, source.id if source else None).where(Contact.id > asked.after)
    rows = list(db.session.scalars(wanted.order_by(Contact.id).limit(A_PAGE + 1)))

    return render_template(
        "contacts/index.html",
        contacts=rows[:A_PAGE],
        listed=LISTED,
        more=len(rows) > A_PAGE,
        q=asked.q,
        source=source,
        after=asked.after,
        deleted=changes.known(asked.deleted),
    )


@blueprint.get("/contacts/export.csv")
@login_required
def export_csv() -> ResponseReturnValue:
    asked = sent.query(queries.ExportQuery)
    return downloads.contacts_csv(asked.q, asked.imported_from)


@blueprint.get("/contacts/export.xlsx")
@login_required
def export_xlsx() -> ResponseReturnValue:
    asked = sent.query(queries.ExportQuery)
    return downloads.contacts_xlsx(asked.q, asked.imported_from)


@blueprint.get("/contacts/export.vcf")
@login_required
def export_vcf() -> ResponseReturnValue:
    asked = sent.query(queries.ExportQuery)
    return downloads.contacts_vcf(asked.q, asked.imported_from)


@blueprint.get("/contacts/<int:contact_id>")
@login_required
def show(contact_id: int) -> str:
    asked = sent.query(queries.ContactQuery)
    return _page(
        load_contact(contact_id),
        saved=changes.known(asked.saved),
        undone=changes.known(asked.undone),
    )


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
    asked = sent.contact_edit(list(journal.form_values(load_contact(contact_id))))

    try:
        contact = commands.edit_contact(contact_id, asked)
    except Refusal as refusal:
        return refused_on(refusal, partial(_again, contact_id, asked, refusal))

    changed = contact.version != asked.version
    saved = (
        recent_changes.newest_of(db.session(), contact_id, current_user.id)
        if changed
        else None
    )

    return redirect(url_for("contacts.show", contact_id=contact_id, saved=saved))


def _again(contact_id: int, asked: ContactEdit, refusal: Refusal, words: str) -> str:
    """The page as the person left it: what they typed is still there."""
    contact = load_contact(contact_id)
    if refusal.code == "contact_changed":
        return _stale(contact, asked.values, words)

    problems = {
        problem["field"]: _instruction(problem)
        for problem in refusal.facts.get("problems", [])
    }

    return _page(contact, values=asked.values, problem=words, problems=problems)


def _instruction(problem: dict[str, Any]) -> str:
    named = {"field": label_of(problem["field"]).lower()} if problem["field"] else {}
    return messages.instruction(problem["code"], value=problem["value"], **named)


def _stale(contact: Contact, values: dict[str, str], words: str) -> str:
    """Another change came first: what was typed stays in the form, with what stands there now
    beside it.

    The fields that were left alone show what stands there now, or else saving again would take
    that back.
    """
    stands, marks = journal.form_values(contact), sent.marks()
    typed = {
        name: text for name, text in values.items() if marks.get(name) != journal.mark(text)
    }
    now = {
        name: stands.get(name, "")
        for name in typed
        if not is_same_text(stands.get(name, ""), typed[name])
    }

    return _page(contact, values={**stands, **typed}, problem=words, now=now)


@blueprint.post("/contacts/<int:contact_id>/delete")
@login_required
def delete(contact_id: int) -> ResponseReturnValue:
    try:
        commands.delete_contact(contact_id, sent.contact_deletion())
    except Refusal as refusal:
        return refused_on(
            refusal, lambda words: _page(load_contact(contact_id), problem=words)
        )

    deleted = recent_changes.newest_of(db.session(), contact_id, current_user.id)
    return redirect(url_for("contacts.index", deleted=deleted))
