"""The one place that wires everything."""

import logging
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from flask import Flask, Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import cli, db
from webapp.config import MEBIBYTE, Misconfigured, Settings, refuse_open_queue
from webapp.web import (
    account,
    columns,
    contacts,
    erasing,
    health,
    live,
    mend,
    openapi,
    presenting,
    problems,
    results,
    wizard,
)
from webapp.web.extensions import csrf, limiter, login
from webapp.web.extensions import db as orm

ROOT = Path(__file__).parent.parent
SHORTEST_KEY = 32
CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
)
logger = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Raises Misconfigured where a start would be unsafe."""
    settings = settings or Settings()
    _refuse_unsafe(settings)
    app = Flask("webapp", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(_flask_settings(settings))
    app.extensions["rowcall"] = settings
    if settings.public_url:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.before_request(_cap_body)  # before the extensions read any form
    for extension in (orm, login, csrf, limiter):
        extension.init_app(app)
    for room in (account, columns, contacts, erasing, health, mend, live, openapi, results, wizard):
        app.register_blueprint(room.blueprint)
    cli.register(app)
    presenting.register(app)
    live.register(app)
    app.after_request(_protect)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(psycopg.OperationalError, _database_away)
    app.register_error_handler(CSRFError, _form_is_old)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(500, _broken)
    return app


def _refuse_unsafe(settings: Settings) -> None:
    if len(settings.secret_key) < SHORTEST_KEY:
        raise Misconfigured(f"Set SECRET_KEY to at least {SHORTEST_KEY} random characters.")
    if not settings.database_url or not settings.redis_url:
        raise Misconfigured("Set DATABASE_URL and REDIS_URL, or start Rowcall with make run.")
    refuse_open_queue(settings)


def _flask_settings(settings: Settings) -> dict[str, object]:
    secure = settings.public_url.startswith("https://")
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": db.sqlalchemy_url(settings.database_url),
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True, "connect_args": {"connect_timeout": 3}},
        "SESSION_COOKIE_NAME": "__Host-rowcall" if secure else "rowcall",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,  # The session ends the token; an hour's pause in the wizard loses nothing.
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes + MEBIBYTE,
        "MAX_FORM_MEMORY_SIZE": MEBIBYTE,
        "MAX_FORM_PARTS": 1000,
        "RATELIMIT_STORAGE_URI": settings.redis_url.replace("unix://", "redis+unix://"),
        "RATELIMIT_HEADERS_ENABLED": True,
    }


UPLOADS = {"wizard.upload", "api.upload_import"}


def _cap_body() -> None:
    """Only an upload may be large, and only as a file: everything else is held in memory."""
    if request.endpoint not in UPLOADS or request.mimetype != "multipart/form-data":
        request.max_content_length = MEBIBYTE


def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


SENTENCES = {
    400: ("That request is incomplete", "Go back, reload the page and send it again. Nothing was changed."),
    403: ("Your role does not allow this", "Ask an administrator to give you the right to do it."),
    404: ("There is nothing here", "Check the address, or go to the list of imports."),
    405: ("This address does not take that request", "Go back and use the button on the page."),
    413: ("The file is too large", "Split it into smaller files and upload them one by one."),
    429: ("Too many tries", "Wait a minute, then try again."),
    503: ("The database is out of reach", "Nothing is lost; running imports go on by themselves. Reload in a moment."),
}


def _page(status: int, reference: str = "") -> tuple[str, int, dict[str, str]]:
    heading, advice = SENTENCES.get(status, ("Something went wrong on our side", "Nothing was changed. Try it again."))
    facts = {"heading": heading, "advice": advice, "reference": reference}
    if status < 500:  # noqa: PLR2004
        return render_template("errors/error.html", **facts), status, {}
    # Flask would first ask who reads the page, and that may be what fails.
    page = current_app.jinja_env.get_template("errors/error.html").render(facts, plain=True)
    return page, status, {"Retry-After": "5"} if status == 503 else {}  # noqa: PLR2004


def _form_is_old(_error: CSRFError) -> ResponseReturnValue:
    """The form is from before a sign-out or a new sign-in: its page, loaded anew, has what is needed."""
    if request.headers.get("HX-Request"):
        return "", 400, {"HX-Refresh": "true"}
    came_from = urlsplit(request.referrer or "")
    back = came_from.path if came_from.netloc == request.host else url_for("runs.history")
    return render_template("errors/old_form.html", back=back), 400


def _explain(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004 - redirects pass
        return error.get_response()
    if problems.concerns_api():
        return problems.answer(error)
    page, status, headers = _page(error.code)
    return page, status, problems.headers_of(error) | headers


def _database_away(_error: OperationalError | psycopg.OperationalError) -> ResponseReturnValue:
    return problems.plain(503) if problems.concerns_api() else _page(503)


def _broken(error: Exception) -> ResponseReturnValue:
    reference = secrets.token_hex(4)
    logger.error("%s: %s", reference, type(getattr(error, "original_exception", error)).__name__, exc_info=error)
    return problems.plain(500, reference) if problems.concerns_api() else _page(500, reference)
