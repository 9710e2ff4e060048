"""The JSON API: rows in conflict, and what a person chooses for them."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from webapp.web import commands, forms
from webapp.web.access import checked_import
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db

SETTLED = Answer("How many rows that is.", schemas.Settled)


@blueprint.get("/imports/<uuid:import_id>/conflicts")
@contract(
    "Rows in conflict, with the contacts that they may mean",
    {200: Answer("A page; next is the row to go on after.", schemas.ConflictList)},
    query=schemas.ConflictsQuery,
    refuses=(404, 409, 422),
)
def list_conflicts(import_id: UUID, query: schemas.ConflictsQuery) -> ResponseReturnValue:
    """Before the run those of all its previews, also the settled ones; they are there once a
    preview is. After the run those that are left.
    """
    run = checked_import(import_id)
    found = representations.conflicts_of(db.session(), run, query.after, query.limit + 1)
    following = str(found[query.limit - 1].row) if len(found) > query.limit else None
    return given(schemas.ConflictList(items=found[: query.limit], next=following))


@blueprint.put("/imports/<uuid:import_id>/rows/<int:row>/choice")
@contract(
    "Say which contact a row means",
    {200: SETTLED},
    body=forms.ChoiceRequest,
    refuses=(400, 403, 404, 409, 413, 415, 422),
)
def choose_contact(
    import_id: UUID, row: int, body: forms.ChoiceRequest
) -> ResponseReturnValue:
    """Of a row in conflict, or of a new one that looks like a contact. With `alike`, the same for
    all rows that are in conflict in the same way. The previews are computed anew.
    """
    return given(schemas.Settled(rows=commands.choose(import_id, row, body)))


@blueprint.delete("/imports/<uuid:import_id>/rows/<int:row>/choice")
@contract(
    "Take back what was chosen for a row",
    {200: SETTLED},
    refuses=(403, 404, 409),
)
def take_back_choice(import_id: UUID, row: int) -> ResponseReturnValue:
    return given(schemas.Settled(rows=commands.take_back_choice(import_id, row)))
