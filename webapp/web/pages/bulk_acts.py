"""Changes of many contacts at once: what to do with those that are ticked or match, how far it is,
and the pages of tags and of custom fields.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.contacts import bulk_acts, custom_labels, filters, tag_counts
from webapp.contacts.bulk_acts import AT_WORK, SETTABLE, UNDOABLE, Kind, State
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.fields import CUSTOM, label_of
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands
from webapp.web.access import load_import, refuse_viewers, retention_days
from webapp.web.answers import refused_on
from webapp.web.extensions import db
from webapp.web.forms import LONGEST_FILTER, queries, sent

blueprint = Blueprint("bulk_acts", __name__)
LISTED = 100  # of what an act left as it was
PATIENCE = timedelta(seconds=10)  # after which an act that did not move waits for a worker


@blueprint.get("/contacts/acts/new")
@login_required
def new() -> str:
    """What to do with the ticked contacts, or with all that match."""
    refuse_viewers()
    return _ask(sent.query(queries.BulkActQuery))


def _ask(asked: queries.BulkActQuery, **shown: Any) -> str:
    if asked.imported_from:
        load_import(asked.imported_from)
    count = (
        filters.Count(len(set(asked.ids)))
        if asked.ids
        else filters.count(db.session(), asked.filter())
    )
    labels = [CUSTOM + label for label in custom_labels.known(db.session())]

    return render_template(
        "contacts/act_new.html",
        asked=asked,
        count=count,
        meant=bool(asked.ids or asked.all),
        settable=[*SETTABLE, *labels],
        days=retention_days(),
        **shown,
    )


@blueprint.post("/contacts/acts")
@login_required
def start() -> ResponseReturnValue:
    refuse_viewers()
    try:
        act_id = commands.start_bulk_act(sent.bulk_act())
    except Refusal as refusal:
        return refused_on(refusal, _again)

    return redirect(url_for("bulk_acts.show", act_id=act_id))


def _again(words: str) -> str:
    """The page on which the act was asked for, with the sentence."""
    at = sent.form(queries.BulkActPlace).at
    if at == "tags":
        return _tags(problem=words)
    if at == "fields":
        return _fields(problem=words)
    return _ask(sent.form(queries.BulkActQuery), problem=words)


@blueprint.get("/contacts/acts/<int:act_id>")
@login_required
def show(act_id: int) -> str:
    return render_template("contacts/act.html", **_shown(act_id))


@blueprint.get("/contacts/acts/<int:act_id>/progress")
@login_required
def progress(act_id: int) -> str:
    """How far it is, for the page that asks every two seconds."""
    return render_template("partials/act_progress.html", **_shown(act_id))


def _shown(act_id: int) -> dict[str, Any]:
    act = commands.load_bulk_act(act_id)
    kept = bulk_acts.kept(db.session(), act_id, limit=LISTED + 1)
    at_work = act.state in {*AT_WORK, State.UNDOING}

    return {
        "act": act,
        "words": words(act.kind, act.parameters),
        "at_work": at_work,
        "waits": at_work and act.moved_at < datetime.now(UTC) - PATIENCE,
        "may_undo": act.state in UNDOABLE and act.in_time and act.touched > 0,
        "kept": kept[:LISTED],
        "more": len(kept) > LISTED,
        "days": retention_days(),
    }


@blueprint.post("/contacts/acts/<int:act_id>/stop")
@login_required
def stop(act_id: int) -> ResponseReturnValue:
    commands.stop_bulk_act(act_id)
    return redirect(url_for("bulk_acts.show", act_id=act_id))


@blueprint.post("/contacts/acts/<int:act_id>/undo")
@login_required
def undo(act_id: int) -> ResponseReturnValue:
    try:
        commands.undo_bulk_act(act_id)
    except Refusal as refusal:
        return refused_on(
            refusal,
            lambda words: render_template(
                "contacts/act.html", **_shown(act_id), problem=words
            ),
        )

    return redirect(url_for("bulk_acts.show", act_id=act_id))


@blueprint.get("/contacts/tags")
@login_required
def tags() -> str:
    return _tags()


def _tags(**shown: Any) -> str:
    found = tag_counts.tags(db.session())
    return render_template("contacts/tags.html", names=found, longest=LONGEST_FILTER, **shown)


@blueprint.get("/contacts/fields")
@login_required
def fields() -> str:
    return _fields()


def _fields(**shown: Any) -> str:
    found = tag_counts.labels(db.session())
    return render_template("contacts/fields.html", names=found, settable=SETTABLE, **shown)


def words(kind: str, parameters: dict[str, Any]) -> str:
    """What an act does, in a few words."""
    name = label_of(parameters.get("field") or "")
    to = parameters.get("to") or ""
    tags = ", ".join(parameters.get("tags") or ())
    value = parameters.get("value")

    texts = {
        Kind.TAG: lambda: gettext("Add the tags: {tags}").format(tags=tags),
        Kind.UNTAG: lambda: gettext("Remove the tags: {tags}").format(tags=tags),
        Kind.RENAME_TAG: lambda: gettext("Rename the tag {tag} to {to}").format(
            tag=parameters.get("tag", ""), to=to
        ),
        Kind.SET: lambda: (
            gettext("Empty the field {field}").format(field=name)
            if value is None
            else gettext("Set {field} to {value}").format(field=name, value=value)
        ),
        Kind.MOVE: lambda: gettext("Move {field} to {to}").format(field=name, to=label_of(to)),
        Kind.DELETE: lambda: gettext("Delete contacts"),
    }
    return texts[Kind(kind)]()
