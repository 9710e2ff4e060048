"""Live progress where no WebSocket gets through: htmx asks for the same fragment every 2
seconds.
"""

from uuid import UUID

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.web import hub
from webapp.web.access import may_see
from webapp.web.answers import step_url
from webapp.web.extensions import db

blueprint = Blueprint("polling", __name__)


@blueprint.get("/imports/<uuid:import_id>/progress/fragment")
@login_required
def fragment(import_id: UUID) -> ResponseReturnValue:
    """The progress card alone.

    Once the step is over it has no trigger, and htmx is told where the story goes on.
    """
    db.session.remove()  # One look at the database serves everyone who polls at this moment.
    now = hub.current().latest(import_id)
    if now is None or not may_see(now.found):
        abort(404)

    headers = {"HX-Redirect": step_url(now.found)} if now.over else {}
    return Response(hub.current().fragment(now, hub.POLLED), headers=headers)
