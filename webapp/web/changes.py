"""Recent changes by hand: the list of them, and the undo of each."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.engine import journal, recent_changes, undo_by_hand
from webapp.intake import sentences
from webapp.reports import ledger
from webapp.vocabulary.fields import TARGETS
from webapp.web import forms
from webapp.web.access import refuse_viewers, retention_days
from webapp.web.extensions import db

blueprint = Blueprint("changes", __name__)
A_PAGE = 25
FIELDS = 6  # of a change that are in sight; the others open
LIST = "list"  # where an undo was asked for, if not at the contact


@blueprint.get("/contacts/changes")
@login_required
def index() -> str:
    return _page()


def _page(**shown: Any) -> str:
    before = forms.number(request.values, "before")
    found = recent_changes.page(db.session(), retention_days(), before=before or None, limit=A_PAGE + 1)
    return render_template(
        "contacts/changes.html",
        changes=found[:A_PAGE],
        more=len(found) > A_PAGE,
        before=before,
        days=retention_days(),
        undone=forms.number(request.args, "undone"),
        fields_of=_fields_of,
        shown=FIELDS,
        **shown,
    )


def _fields_of(change: recent_changes.RecentChange) -> list[dict[str, Any]]:
    """What changed, as {"field", "before", "after"}, in the order of a contact's page; custom fields come last."""
    changed = ledger.changes_of(change.before, change.after)
    return sorted(changed, key=lambda entry: (_ORDER.get(entry["field"], len(_ORDER)), entry["field"]))


_ORDER = {name: place for place, name in enumerate(TARGETS)}


def known(name: str) -> recent_changes.RecentChange | None:
    """The change that the address names, for the line that offers to undo it or says that it is undone."""
    number = forms.number(request.args, name)
    return recent_changes.find(db.session(), retention_days(), number) if number else None


@blueprint.post("/contacts/changes/<int:change_id>/undo")
@login_required
def undo(change_id: int) -> ResponseReturnValue:
    refuse_viewers()
    before = forms.number(request.form, "before") or None  # of the list's page; refused before anything is undone
    try:
        undone = undo_by_hand.undo_change(db.session(), change_id, current_user.id)
    except undo_by_hand.CannotUndo as refusal:
        return _refused(change_id, refusal.code, before)
    except journal.Busy:
        words = "An import is writing to this contact at this moment. Undo it again in a few seconds."
        return _page(problem=words), 409
    db.session.commit()

    if undone.kept:
        return render_template(
            "contacts/undone.html",
            change=recent_changes.find(db.session(), retention_days(), change_id),
            undone=undone,
            holders={kept["field"]: recent_changes.holder(db.session(), kept) for kept in undone.kept},
        )
    return _back(change_id, undone.contact_id if undone.there else None, before)


def _refused(change_id: int, code: str, before: int | None) -> ResponseReturnValue:
    """Why it can't be undone. To undo twice is to undo once."""
    db.session.rollback()
    change = recent_changes.find(db.session(), retention_days(), change_id)
    if code == "change_unknown":
        abort(404)
    if code == "change_undone" and change:
        return _back(change_id, change.contact_id if change.there else None, before)
    return _page(problem=sentences.whole(code)), 409


def _back(change_id: int, contact_id: int | None, before: int | None) -> ResponseReturnValue:
    """To where the undo was asked for, with a line at the place."""
    if contact_id is None or request.form.get("at") == LIST:
        return redirect(url_for("changes.index", before=before, undone=change_id, _anchor=f"change-{change_id}"))
    return redirect(url_for("contacts.show", contact_id=contact_id, undone=change_id))
