"""The JSON API: mappings that are kept under a name."""

from flask import Response
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.imports import mappings
from webapp.web import commands, forms
from webapp.web.api import schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db

KEPT = Answer("The mapping as it is kept.", schemas.SavedMapping)


@blueprint.get("/mappings")
@contract(
    "Saved mappings, your own and those that others share",
    {200: Answer("At most 100, the last used first.", schemas.SavedMappingList)},
)
def list_mappings() -> ResponseReturnValue:
    """Such a mapping is the `suggested_mapping` of a file with the same columns."""
    found = mappings.saved(db.session(), current_user.id)
    return given(schemas.SavedMappingList(items=[_of(one) for one in found]))


@blueprint.post("/mappings")
@contract(
    "Keep a mapping under a name",
    {201: KEPT},
    body=forms.SavedMappingRequest,
    refuses=(400, 403, 413, 415, 422),
)
def save_mapping(body: forms.SavedMappingRequest) -> ResponseReturnValue:
    """A mapping of yours that has this name is replaced."""
    return given(_of(commands.save_mapping(body)), 201)


@blueprint.patch("/mappings/<int:mapping_id>")
@contract(
    "Rename a saved mapping, or share it",
    {200: KEPT},
    body=forms.SavedMappingPatch,
    refuses=(400, 403, 404, 409, 413, 415, 422),
)
def change_mapping(mapping_id: int, body: forms.SavedMappingPatch) -> ResponseReturnValue:
    """Your own; an administrator may change those that others share."""
    return given(_of(commands.change_mapping(mapping_id, body)))


@blueprint.delete("/mappings/<int:mapping_id>")
@contract(
    "Delete a saved mapping",
    {204: Answer("It is gone.", media_type="")},
    refuses=(403, 404),
)
def delete_mapping(mapping_id: int) -> ResponseReturnValue:
    """Imports that used it keep theirs."""
    commands.forget_mapping(mapping_id)
    return Response(status=204)


def _of(found: mappings.Saved) -> schemas.SavedMapping:
    said = mappings.what_it_says(db.session(), found.id)
    return schemas.SavedMapping(
        id=found.id,
        name=found.name,
        shared=found.shared,
        own=found.own,
        created_by=found.by,
        columns=said.columns,
        mapping=said.targets,
        constants=found.constants,
        tag=found.tag,
        rules=said.choices.get("column_rules", {}),
        used_at=found.used_at,
    )
