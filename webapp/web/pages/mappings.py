"""A saved mapping: what it says, its name, and whether others may use it."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.imports import mappings
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands, forms
from webapp.web.access import refuse_viewers
from webapp.web.answers import refused_on
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("mappings", __name__)


@blueprint.get("/mappings/<int:mapping_id>")
@login_required
def show(mapping_id: int) -> str:
    refuse_viewers()
    return _page(mapping_id, is_saved=sent.query(queries.MappingQuery).saved)


def _page(mapping_id: int, problem: str | None = None, *, is_saved: bool = False) -> str:
    session = db.session()
    found = mappings.one_saved(session, current_user.id, mapping_id)
    kept = mappings.what_it_says(session, mapping_id)

    return render_template(
        "imports/mapping.html",
        saved=found,
        pairs=list(zip(kept.columns, kept.targets, strict=True)),
        may=found.own or current_user.role == "admin",
        longest_name=mappings.LONGEST_NAME,
        problem=problem,
        is_saved=is_saved,
    )


@blueprint.post("/mappings/<int:mapping_id>")
@login_required
def change(mapping_id: int) -> ResponseReturnValue:
    """Another name, shared or not."""
    refuse_viewers()
    try:
        asked = sent.form(queries.MappingForm)
        commands.change_mapping(
            mapping_id,
            sent.made(forms.SavedMappingPatch, {"name": asked.name, "shared": asked.shared}),
        )
    except Refusal as refusal:
        if refusal.code == "mapping_unknown":
            raise
        return refused_on(refusal, lambda words: _page(mapping_id, words))

    return redirect(url_for("mappings.show", mapping_id=mapping_id, saved=1))


@blueprint.post("/mappings/<int:mapping_id>/delete")
@login_required
def delete(mapping_id: int) -> ResponseReturnValue:
    commands.forget_mapping(mapping_id)
    return redirect(url_for("wizard.new"))
