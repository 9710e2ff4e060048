"""Recent changes by hand: the list of them, and the undo of each."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.contacts import bulk_acts, recent_changes
from webapp.reports import ledger
from webapp.vocabulary.fields import TARGETS
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.web import commands
from webapp.web.access import refuse_viewers, retention_days
from webapp.web.answers import refused_on
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.pages.bulk_acts import words

blueprint = Blueprint("changes", __name__)
A_PAGE = 25
FIELDS = 6  # of a change that are in sight; the others open
LIST = "list"  # where an undo was asked for, if not at the contact


@blueprint.get("/contacts/changes")
@login_required
def index() -> str:
    asked = sent.query(queries.ChangesQuery)
    return _page(asked.before, undone=asked.undone)


def _page(before: int, **shown: Any) -> str:
    found = recent_changes.page(
        db.session(), retention_days(), before=before or None, limit=A_PAGE + 1
    )

    return render_template(
        "contacts/changes.html",
        changes=found[:A_PAGE],
        more=len(found) > A_PAGE,
        before=before,
        days=retention_days(),
        acts=[] if before else bulk_acts.recent(db.session(), retention_days()),
        words_of=words,
        fields_of=_fields_of,
        shown=FIELDS,
        **shown,
    )


def _fields_of(change: recent_changes.RecentChange) -> list[dict[str, Any]]:
    """What changed, as {"field", "before", "after"}, in the order of a contact's page; custom
    fields come last.
    """
    return fields_of(change.before, change.after)


def fields_of(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of an entry of the journal."""
    changed = ledger.changes_of(before, after)
    return sorted(
        changed, key=lambda entry: (_ORDER.get(entry["field"], len(_ORDER)), entry["field"])
    )


_ORDER = {name: place for place, name in enumerate(TARGETS)}


def known(change_id: int) -> recent_changes.RecentChange | None:
    """The change that the address names, for the line that offers to undo it or says that it
    is undone.
    """
    return (
        recent_changes.find(db.session(), retention_days(), change_id) if change_id else None
    )


@blueprint.post("/contacts/changes/<int:change_id>/undo")
@login_required
def undo(change_id: int) -> ResponseReturnValue:
    refuse_viewers()
    where = sent.form(queries.ChangeForm)  # refused before anything is undone

    try:
        undone = commands.undo_change(change_id)
    except Refusal as refusal:
        return _refused(change_id, refusal, where)

    if undone.kept:
        return render_template(
            "contacts/undone.html",
            change=recent_changes.find(db.session(), retention_days(), change_id),
            undone=undone,
            holders={
                kept["field"]: recent_changes.holder(db.session(), kept)
                for kept in undone.kept
            },
        )

    return _back(change_id, undone.contact_id if undone.there else None, where)


def _refused(
    change_id: int, refusal: Refusal, where: queries.ChangeForm
) -> ResponseReturnValue:
    """Why it can't be undone. To undo twice is to undo once."""
    change = recent_changes.find(db.session(), retention_days(), change_id)
    if refusal.kind is Kind.UNKNOWN:
        abort(404)
    if refusal.code == "change_undone" and change:
        return _back(change_id, change.contact_id if change.there else None, where)

    return refused_on(refusal, lambda words: _page(where.before, problem=words))


def _back(
    change_id: int, contact_id: int | None, where: queries.ChangeForm
) -> ResponseReturnValue:
    """To where the undo was asked for, with a line at the place."""
    if contact_id is None or where.at == LIST:
        before = where.before or None
        return redirect(
            url_for(
                "changes.index", before=before, undone=change_id, _anchor=f"change-{change_id}"
            )
        )

    return redirect(url_for("contacts.show", contact_id=contact_id, undone=change_id))
