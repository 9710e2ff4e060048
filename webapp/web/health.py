"""Whether the parts are there: /healthz for a restart, /readyz for traffic."""

import redis
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp import jobs
from webapp.web.access import settings
from webapp.web.extensions import db, limiter

blueprint = Blueprint("health", __name__)
limiter.exempt(blueprint)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    parts = {"database": _database(), **queue_and_worker()}
    return jsonify(parts), 200 if all(part == "ok" for part in parts.values()) else 503


def _database() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "out of reach"
    return "ok"


def queue_and_worker() -> dict[str, str]:
    """Whether the queue answers, and whether a worker listens to it."""
    try:
        workers = jobs.workers(settings())
    except redis.RedisError:
        return {"queue": "out of reach", "worker": "unknown"}
    return {"queue": "ok", "worker": "ok" if workers else "none"}
