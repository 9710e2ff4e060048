"""What a page says when something cannot be done: plain words, what to do, and no details of ours."""

import errno
import logging
import secrets
from urllib.parse import urlsplit

import psycopg
from flask import Flask, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from webapp.web import problems

logger = logging.getLogger(__name__)
SENTENCES = {
    400: ("That request is incomplete", "Go back, reload the page and send it again. Nothing was changed."),
    403: ("Your role does not allow this", "Ask an administrator to give you the right to do it."),
    404: ("There is nothing here", "Check the address, or go to the list of imports."),
    405: ("This address does not take that request", "Go back and use the button on the page."),
    413: ("The file is too large", "Split it into smaller files and upload them one by one."),
    429: ("Too many tries", "Wait a minute, then try again."),
    503: ("The database is out of reach", "Nothing is lost; running imports go on by themselves. Reload in a moment."),
    507: ("The disk is full", "Nothing was stored. Ask the administrator for room, then send it again."),
}


def register(app: Flask) -> None:
    """Answer every error with a page, or, where a program asks, with a problem document."""
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(psycopg.OperationalError, _database_away)
    app.register_error_handler(OSError, _disk_full)
    app.register_error_handler(CSRFError, _form_is_old)
    app.register_error_handler(SecurityError, _not_our_host)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(500, _broken)


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
    return render_template("errors/old_form.html", back=_came_from() or url_for("runs.history")), 400


def _came_from() -> str | None:
    """The page of ours on which the form stood, if it can be opened again."""
    page = urlsplit(request.referrer or "")
    path = page.path.removeprefix(request.script_root)
    ours = page.netloc == request.host and current_app.url_map.bind(request.host).test(path, method="GET")
    return page.path if ours else None


def _not_our_host(_error: SecurityError) -> ResponseReturnValue:
    """A request for a host that is not PUBLIC_URL's; plain, since no link can be built for it."""
    return "This site does not answer under that name.\n", 400, {"Content-Type": "text/plain"}


def _explain(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004 - redirects pass
        return error.get_response()
    if problems.concerns_api():
        return problems.answer(error)
    page, status, headers = _page(error.code)
    return page, status, problems.headers_of(error) | headers


def _database_away(error: OperationalError | psycopg.OperationalError) -> ResponseReturnValue:
    cause = error.orig if isinstance(error, OperationalError) else error
    return _out_of_order(507 if isinstance(cause, psycopg.errors.DiskFull) else 503)


def _disk_full(error: OSError) -> ResponseReturnValue:
    """An upload that waited in a temporary file had no room there."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise error
    return _out_of_order(507)


def _out_of_order(status: int) -> ResponseReturnValue:
    return problems.plain(503) if problems.concerns_api() else _page(status)


def _broken(error: Exception) -> ResponseReturnValue:
    reference = secrets.token_hex(4)
    logger.error("%s: %s", reference, type(getattr(error, "original_exception", error)).__name__, exc_info=error)
    return problems.plain(500, reference) if problems.concerns_api() else _page(500, reference)
