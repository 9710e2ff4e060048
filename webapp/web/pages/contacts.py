"""Contacts by hand: the list, and each contact's page with its edit, its deletion and its
provenance.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from werkzeug.exceptions import NotFound

from webapp.checking.checked_rows import identity
from webapp.checking.cleaning import is_same_text, line_feeds
from webapp.contacts import (
    custom_labels,
    filters,
    journal,
    recent_changes,
    search,
    timeline,
    views,
)
from webapp.contacts.addresses import addresses_of
from webapp.contacts.filters import ContactFilter
from webapp.limits import MOST_ADDRESSES
from webapp.models import Contact, ContactImport
from webapp.reports import wording
from webapp.vocabulary.catalogue import gettext, gettext_noop
from webapp.vocabulary.fields import ADDRESS, CUSTOM, NAMES, SEVERAL, is_multiline, least_lines
from webapp.vocabulary.keys import FURTHER_COLUMN
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command, State
from webapp.web import commands, downloads
from webapp.web.access import (
    load_import,
    may_change,
    refuse_viewers,
    retention_days,
    undo_is_over,
)
from webapp.web.answers import instruction, refused_on
from webapp.web.commands import load_contact
from webapp.web.extensions import db
from webapp.web.forms import LONGEST_FILTER, ContactEdit, queries, sent
from webapp.web.pages import changes

blueprint = Blueprint("contacts", __name__)
A_PAGE = 50
FILTER_LABELS = {
    "imported_from": gettext_noop("Import"),
    "tag": gettext_noop("Tag"),
    "company": gettext_noop("Company"),
    "country": gettext_noop("Country"),
    "no_email": gettext_noop("No e-mail"),
    "no_phone": gettext_noop("No phone"),
    "updated_since": gettext_noop("Changed since"),
}
BY_HAND = {"edit", "delete", "merge"}  # events that a person undoes by themselves
MOST_LINES = 8  # that a field shows at once


@blueprint.get("/contacts")
@login_required
def index() -> str:
    asked = sent.query(queries.ContactsQuery)
    source = load_import(asked.imported_from) if asked.imported_from else None
    wanted = asked.filter()
    unknown = search.unknown(db.session()) if wanted.q else 0
    found = filters.page(
        db.session(),
        wanted,
        asked.order,
        descending=asked.descending,
        after=asked.after,
        before=asked.before,
        limit=A_PAGE,
    )
    counted = filters.count(db.session(), wanted)

    return render_template(
        "contacts/index.html",
        asked=asked,
        longest_filter=LONGEST_FILTER,
        found=found,
        counted=counted,
        unknown=unknown,
        in_book=counted if wanted.is_blank else filters.count(db.session(), ContactFilter()),
        first=_first(asked, found, counted),
        columns=asked.columns or queries.USUAL_COLUMNS,
        columns_offered=_offered(asked.columns),
        further=FURTHER_COLUMN,
        a_page=A_PAGE,
        source=source,
        chips=_chips(asked, source),
        views=views.listed(db.session(), current_user.id),
        deleted=changes.known(asked.deleted),
        days=_days(),
    )


def _first(asked: queries.ContactsQuery, found: filters.Page, counted: filters.Count) -> int:
    """The place of the page's first contact in the list, from 1. Who adds contacts meanwhile moves
    it, so that it never says more than there are.
    """
    first = asked.at + 1 if found.before else 1
    return min(first, max(counted.contacts - len(found.contacts) + 1, 1))


def _offered(chosen: Sequence[str]) -> list[str]:
    """The columns that can be chosen, custom fields that imports brought among them."""
    labels = custom_labels.known(db.session())
    custom = [CUSTOM + label for label in labels]
    return list(dict.fromkeys([*queries.LIST_COLUMNS, *custom, *chosen]))


def _chips(
    asked: queries.ContactsQuery, source: ContactImport | None
) -> list[tuple[str, str, str]]:
    """Each filter that is set: the parameter to take off, what it is called, and what it says."""
    shown = asked.parameters()
    shown.pop("q", None)
    value = shown.pop("value", "")
    if source:
        shown["imported_from"] = source.filename

    found = []
    for name, text in shown.items():
        words = {"custom": asked.custom, "no_email": "", "no_phone": ""}.get(name, text)
        label = asked.custom if name == "custom" else gettext(FILTER_LABELS[name])
        told = (value or gettext("any")) if name == "custom" else words
        found.append((name, label, str(told)))

    return found


@blueprint.post("/contacts/views")
@login_required
def save_view() -> ResponseReturnValue:
    asked = sent.query(queries.ContactsQuery)
    commands.save_view(asked, sent.form(queries.ViewForm))
    return redirect(url_for("contacts.index", **asked.view()))


@blueprint.post("/contacts/views/<int:view_id>/delete")
@login_required
def forget_view(view_id: int) -> ResponseReturnValue:
    commands.forget_view(view_id)
    return redirect(url_for("contacts.index"))


@blueprint.get("/contacts/export.<any(csv, xlsx, vcf):extension>")
@login_required
def export(extension: str) -> ResponseReturnValue:
    return downloads.contacts(
        extension, sent.query(queries.ExportQuery).wanted(retention_days())
    )


@blueprint.get("/contacts/<int:contact_id>")
@login_required
def show(contact_id: int) -> ResponseReturnValue:
    """The contact as a card to read, with its history; one that was merged away leads on."""
    if into := commands.merged_into(contact_id):
        return redirect(url_for("contacts.show", contact_id=into))

    asked = sent.query(queries.ContactQuery)
    contact = load_contact(contact_id)
    held = {kind: addresses_of(contact, kind) for kind in SEVERAL}

    return render_template(
        "contacts/show.html",
        contact=contact,
        groups=_groups(contact),
        held=held,
        told={**journal.form_values(contact), **_each_address(contact)},
        origins=_origins(contact, held),
        events=_events(contact),
        saved=changes.known(asked.saved),
        undone=changes.known(asked.undone),
        added=asked.added,
        days=_days(),
    )


@blueprint.get("/contacts/<int:contact_id>/past")
@login_required
def past_day(contact_id: int) -> ResponseReturnValue:
    """The contact as it was when a day ended."""
    day = sent.query(queries.PastQuery).day
    if day is None:
        return redirect(url_for("contacts.show", contact_id=contact_id))

    try:
        contact = commands.contact_on(contact_id, day)
    except (Refusal, NotFound) as error:
        words = error.sentence if isinstance(error, Refusal) else None
        page = _past_page(contact_id, day, None, words)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY if words else HTTPStatus.NOT_FOUND

    return _past_page(contact_id, day, contact)


def _past_page(
    contact_id: int, day: date, contact: Contact | None, problem: str | None = None
) -> str:
    return render_template(
        "contacts/past.html",
        contact_id=contact_id,
        is_there=db.session.get(Contact, contact_id) is not None,
        contact=contact,
        day=day,
        problem=problem,
        days=_days(),
        groups=_groups(contact) if contact else [],
        held={kind: addresses_of(contact, kind) for kind in SEVERAL} if contact else {},
    )


def _days() -> tuple[date, date]:
    """The first and the last day that can be looked at."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=retention_days()), today


# The groups of the card, each with its icon. A field that is in none stands with those of the
# person.
WORK = ("company", "job_title", "department", "external_id")
GROUPS = {
    "contact": ("phone", gettext_noop("Contact"), ("email", "phone", "website")),
    "work": ("building-2", gettext_noop("Work"), WORK),
    "place": ("map-pin", gettext_noop("Place"), ADDRESS),
    "person": ("user", gettext_noop("Personal"), ()),
    "notes": ("file-text", gettext_noop("Notes"), ("notes",)),
}
GROUP_OF = {name: group for group, (_, _, names) in GROUPS.items() for name in names}


def _groups(contact: Contact) -> list[dict[str, Any]]:
    """The filled fields by their groups: [{"icon", "label", "fields": [(name, text)]}]."""
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    shown = journal.form_values(contact)
    for name in (NAMES if contact.called else ()) + ("tags",):
        shown.pop(name)
    for name, text in shown.items():
        if text:
            found[GROUP_OF.get(name, "person")].append((name, text))

    return [
        {"icon": GROUPS[group][0], "label": gettext(GROUPS[group][1]), "fields": fields}
        for group, fields in found.items()
        if fields
    ]


def _events(contact: Contact) -> list[dict[str, Any]]:
    """The contact's history, each with its changed fields and whether this person may undo it."""
    may = current_user.role != "viewer"
    return [
        {
            "event": event,
            "fields": changes.fields_of(event.before, event.after),
            "may_undo": may
            and event.undone_at is None
            and (event.contact_id == contact.id or event.kind == "merge")
            and _may_undo(event),
        }
        for event in timeline.events(db.session(), contact, retention_days())
    ]


def _may_undo(event: timeline.Event) -> bool:
    if event.import_id is None:
        return event.change_id is not None and event.in_time and event.kind in BY_HAND

    run = db.session.get(ContactImport, event.import_id)
    return (
        run is not None
        and event.row is not None
        and may_change(run)
        and State(run.state).allows(Command.ROLL_BACK)
        and not undo_is_over(run)
    )


@blueprint.get("/contacts/new")
@login_required
def new() -> str:
    refuse_viewers()
    return _page(journal.blank_contact())


@blueprint.post("/contacts")
@login_required
def create() -> ResponseReturnValue:
    refuse_viewers()
    asked = sent.contact_edit(list(journal.form_values(journal.blank_contact())))

    try:
        contact = commands.create_contact(asked)
    except Refusal as refusal:
        again = partial(_with_problems, journal.blank_contact(), asked, refusal)
        return refused_on(refusal, again)

    return redirect(url_for("contacts.show", contact_id=contact.id, added="1"))


@blueprint.get("/contacts/<int:contact_id>/edit")
@login_required
def edit_page(contact_id: int) -> ResponseReturnValue:
    if into := commands.merged_into(contact_id):
        return redirect(url_for("contacts.edit_page", contact_id=into))

    return _page(load_contact(contact_id))


def _page(contact: Contact, **shown: Any) -> str:
    stored = journal.form_values(contact)
    values = {**stored, **(shown.pop("values", None) or {})}
    kept = {kind: addresses_of(contact, kind) for kind in SEVERAL}
    lists = {kind: _as_text(listed) for kind, listed in kept.items()}

    return render_template(
        "contacts/edit.html",
        contact=contact,
        values=values,
        multiline=_lines(values),
        marks={name: journal.mark(text) for name, text in {**stored, **lists}.items()},
        addresses={**kept, **shown.pop("addresses", {})},
        numbered=sent.numbered,
        most_addresses=MOST_ADDRESSES,
        days=retention_days(),
        **shown,
    )


def _origins(
    contact: Contact, addresses: Mapping[str, Sequence[Mapping[str, str | None]]]
) -> dict[str, journal.Origin]:
    """Where each value came from. The main address is told once, by its field's name."""
    mains = {f"{kind}:{identity(held[0])}" for kind, held in addresses.items() if held}
    found = journal.provenance(db.session(), contact)
    return {name: origin for name, origin in found.items() if name not in mains}


def _each_address(contact: Contact) -> dict[str, str]:
    """Each e-mail and phone by the name that the journal has for it."""
    return {
        f"{kind}:{identity(one)}": wording.address(one)
        for kind in SEVERAL
        for one in addresses_of(contact, kind)
    }


def _as_text(addresses: Sequence[Mapping[str, str | None]]) -> str:
    """A list of addresses as one text, whose mark tells whether it was left alone."""
    return json.dumps([[one["value"], one["label"]] for one in addresses])


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
        return _stale(contact, asked, words)

    return _with_problems(contact, asked, refusal, words)


def _with_problems(contact: Contact, asked: ContactEdit, refusal: Refusal, words: str) -> str:
    problems = {
        (problem["field"], problem.get("at")): {
            "words": instruction(problem),
            "contact": problem.get("contact"),
        }
        for problem in refusal.facts.get("problems", [])
    }
    typed = {"values": asked.values, "addresses": _listed(asked)}

    return _page(contact, **typed, problem=words, problems=problems)


def _listed(asked: ContactEdit) -> dict[str, list[dict[str, str | None]]]:
    return {
        kind: [one.model_dump() for one in listed] for kind, listed in asked.addresses.items()
    }


def _stale(contact: Contact, asked: ContactEdit, words: str) -> str:
    """Another change came first: what was typed stays in the form, with what stands there now
    beside it.

    The fields that were left alone show what stands there now, or else saving again would take
    that back.
    """
    stands, marks = journal.form_values(contact), sent.marks()
    typed = {
        name: text
        for name, text in asked.values.items()
        if marks.get(name) != journal.mark(text)
    }
    now = {
        name: stands.get(name, "")
        for name in typed
        if not is_same_text(stands.get(name, ""), typed[name])
    }
    lists = {
        kind: listed
        for kind, listed in _listed(asked).items()
        if marks.get(kind) != journal.mark(_as_text(listed))
    }
    for kind, listed in lists.items():
        if _as_text(kept := addresses_of(contact, kind)) != _as_text(listed):
            now[kind] = wording.shown(kept)

    return _page(contact, values={**stands, **typed}, addresses=lists, problem=words, now=now)


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
