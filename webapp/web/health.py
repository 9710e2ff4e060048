"""Whether the parts are there: /healthz for a restart, /readyz for traffic."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from webapp import readiness
from webapp.web.access import settings
from webapp.web.extensions import db, limiter

blueprint = Blueprint("health", __name__)
limiter.exempt(blueprint)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    parts = readiness.parts(db.session(), settings())
    return jsonify(parts), 200 if all(part == "ok" for part in parts.values()) else 503
