"""The JSON API: bulk acts, which change many contacts at once."""

from flask import url_for
from flask.typing import ResponseReturnValue

from webapp.contacts import bulk_acts
from webapp.web import commands, forms
from webapp.web.access import retention_days
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db

ACT = Answer("The act.", schemas.BulkAct)
STARTED = Answer("The act, which a worker does next.", schemas.BulkAct, headers=("Location",))


def _answer(act_id: int, status: int = 200, **headers: str) -> ResponseReturnValue:
    db.session.expire_all()
    act = commands.load_bulk_act(act_id)
    kept = bulk_acts.kept(db.session(), act_id)
    told = representations.bulk_act_of(act, kept, retention_days())
    return given(told, status, **headers)


@blueprint.post("/contacts/acts")
@contract(
    "Change many contacts at once",
    {202: STARTED},
    body=forms.BulkActRequest,
    refuses=(400, 403, 404, 413, 415, 422),
)
def start_bulk_act(body: forms.BulkActRequest) -> ResponseReturnValue:
    """Each contact that is changed has an entry in the journal, and the act is undone as one."""
    act_id = commands.start_bulk_act(body)
    where = url_for("api.read_bulk_act", act_id=act_id)
    return _answer(act_id, 202, Location=where)


@blueprint.get("/contacts/acts/<int:act_id>")
@contract("See how far a bulk act, or its undo, is", {200: ACT}, refuses=(404,))
def read_bulk_act(act_id: int) -> ResponseReturnValue:
    return _answer(act_id)


@blueprint.post("/contacts/acts/<int:act_id>/stop")
@contract("Stop a bulk act; what is done stays", {200: ACT}, refuses=(400, 403, 404))
def stop_bulk_act(act_id: int) -> ResponseReturnValue:
    """One that has ended stays as it is."""
    commands.stop_bulk_act(act_id)
    return _answer(act_id)


@blueprint.post("/contacts/acts/<int:act_id>/undo")
@contract(
    "Undo a bulk act",
    {202: Answer("The act, in state undoing or undone.", schemas.BulkAct)},
    refuses=(400, 403, 404, 409),
)
def undo_bulk_act(act_id: int) -> ResponseReturnValue:
    """A value that was changed since stays, and is listed. Asking twice is one undo."""
    commands.undo_bulk_act(act_id)
    return _answer(act_id, 202)
