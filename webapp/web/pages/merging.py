"""Merging two contacts: the other one is searched for, both are seen side by side, and the person
chooses field by field.
"""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.contacts import filters, journal, merging, search
from webapp.contacts.addresses import addresses_of
from webapp.models import Contact
from webapp.reports import wording
from webapp.vocabulary.choices import Side
from webapp.vocabulary.fields import SEVERAL, TAGS
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands, forms
from webapp.web.access import refuse_viewers
from webapp.web.answers import refused_on
from webapp.web.commands import load_contact
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("merging", __name__)
SHOWN = 10  # contacts that a search for the other one finds


@dataclass(frozen=True)
class Line:
    """A field of both contacts, and what it is to be.

    `chosen` says whose it is, of a field in which they differ; null where both have the same, and
    where both are kept, as of tags.
    """

    field: str
    kept: str
    other: str
    chosen: Side | None


@blueprint.get("/contacts/<int:contact_id>/merge")
@login_required
def choose(contact_id: int) -> ResponseReturnValue:
    """The search for the other contact, or, once it is chosen, both side by side."""
    refuse_viewers()
    if into := commands.merged_into(contact_id):
        return redirect(url_for("merging.choose", contact_id=into))

    asked = sent.query(queries.MergeQuery)
    contact = load_contact(contact_id)
    if asked.other and asked.other != contact_id:
        if into := commands.merged_into(asked.other):
            return redirect(url_for("merging.choose", contact_id=contact_id, other=into))
        return _compare(contact, load_contact(asked.other))

    return _search(contact, asked.q)


def _search(contact: Contact, q: str, problem: str | None = None) -> str:
    found = _found(contact, q) if q.strip() else []
    unknown = search.unknown(db.session()) if q.strip() else 0
    return render_template(
        "contacts/merge_with.html",
        contact=contact,
        q=q,
        found=found,
        unknown=unknown,
        problem=problem,
    )


def _found(contact: Contact, q: str) -> list[Contact]:
    page = filters.page(db.session(), filters.ContactFilter(q=q), limit=SHOWN + 1)
    return [one for one in page.contacts if one.id != contact.id][:SHOWN]


def _compare(
    contact: Contact,
    other: Contact,
    choices: merging.Choices | None = None,
    problem: str | None = None,
) -> str:
    return render_template(
        "contacts/merge.html",
        contact=contact,
        other=other,
        lines=_lines(contact, other, choices or {}),
        problem=problem,
    )


def _lines(contact: Contact, other: Contact, choices: merging.Choices) -> list[Line]:
    """The fields that either of them has, as a merge would take them."""
    stands, theirs = journal.form_values(contact), journal.form_values(other)
    names = [name for name in dict.fromkeys([*stands, *theirs]) if name not in SEVERAL]
    names[1:1] = SEVERAL
    found = []

    for name in names:
        kept, second = (_text(one, name) for one in (contact, other))
        if kept or second:
            chosen = choices.get(name) or merging.default_side(kept)
            united = name == TAGS.name or kept == second
            found.append(Line(name, kept, second, None if united else chosen))

    return found


def _text(contact: Contact, name: str) -> str:
    if name in SEVERAL:
        return wording.shown(addresses_of(contact, name))
    return journal.form_values(contact).get(name, "")


@blueprint.post("/contacts/<int:contact_id>/merge")
@login_required
def merge(contact_id: int) -> ResponseReturnValue:
    refuse_viewers()
    load_contact(contact_id)
    asked = sent.merge()

    try:
        merged = commands.merge_contacts(contact_id, asked)
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _again(contact_id, asked, words))

    return redirect(url_for("contacts.show", contact_id=contact_id, saved=merged.change_id))


def _again(contact_id: int, asked: forms.Merge, words: str) -> str:
    """Both as they are now, with what was chosen; where one of them is gone, the search."""
    contact, other = (db.session.get(Contact, one) for one in (contact_id, asked.other_id))
    if contact is None:
        raise Refusal("merge_gone")
    if other is None or other is contact:
        return _search(contact, "", words)

    return _compare(contact, other, asked.fields, words)
