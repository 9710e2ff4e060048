"""What a page says when something cannot be done: plain words, what to do, and no details of
ours.
"""

import errno
import logging
import secrets
from contextlib import suppress
from typing import Any

import psycopg
from flask import Flask, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from psycopg.errors import DiskFull, ForeignKeyViolation
from sqlalchemy.exc import DBAPIError, NoResultFound, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import BadHost, HTTPException, NotFound, SecurityError

from webapp.limits import MEBIBYTE, PASTED_BYTES
from webapp.logs import describe
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.web import access, answers, languages, problems
from webapp.web.addresses import own_page, page_before
from webapp.web.extensions import db

logger = logging.getLogger(__name__)
# What the engine asked for was deleted by another request after this one had looked.
GONE = (NoResultFound, StaleDataError, ObjectDeletedError)
# The database ended the session. PostgreSQL counts two of its time-outs among internal errors.
ENDED = {"25P03", "25P04"}
# What was asked may work in a moment.
PASSING = {429, 500, 503}
PASTED_MB = PASTED_BYTES // MEBIBYTE


def register(app: Flask) -> None:
    """Answer every error with a page, or, where a program asks, with a problem document."""
    app.register_error_handler(DBAPIError, _refused_by_database)
    app.register_error_handler(psycopg.Error, _refused_by_database)

    for gone in GONE:
        app.register_error_handler(gone, _gone)

    app.register_error_handler(PoolTimeout, _pool_is_full)
    app.register_error_handler(OSError, _disk_full)
    app.register_error_handler(CSRFError, _form_is_old)

    for unknown in (BadHost, SecurityError):
        app.register_error_handler(unknown, _not_our_host)

    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(500, _broken)
    app.teardown_appcontext(_end_session)


def _end_session(_error: BaseException | None) -> None:
    """Give the connection back, before Flask-SQLAlchemy does.

    Where the database has ended the session, the roll-back fails. By then the answer may be ready,
    and no handler would see the error. SQLAlchemy has noted that the connection is lost, and the
    second call throws it away.
    """
    try:
        db.session.remove()
    except (SQLAlchemyError, psycopg.Error) as error:
        logger.warning("The database ended a session: %s", type(error).__name__)
        db.session.remove()


def _page(
    status: int,
    reference: str = "",
    *,
    heading: str = "",
    advice: str = "",
    onward: tuple[str, str] | None = None,
) -> tuple[str, int, dict[str, str]]:
    key = f"page_{status}" if f"page_{status}" in messages.MESSAGES else "page_500"
    if status < 500:  # noqa: PLR2004
        with suppress(SQLAlchemyError, psycopg.Error):
            languages.know_reader()

    facts = {
        "heading": heading or messages.title(key),
        "advice": advice or messages.instruction(key),
        "reference": reference,
        "onward": onward or _onward(status),
    }
    headers = {"Retry-After": "5"} if status == 503 else {}  # noqa: PLR2004

    if status < 500:  # noqa: PLR2004
        with suppress(SQLAlchemyError, psycopg.Error):
            return render_template("errors/error.html", **facts), status, headers

    return _plain_page("errors/error.html", **facts), status, headers


def _onward(status: int) -> tuple[str, str]:
    """What leads on from the page: its words and its address."""
    if status == 413:  # noqa: PLR2004
        return gettext("Choose another file"), url_for("wizard.new")
    if status in PASSING:
        asked = own_page(request.full_path) if request.method == "GET" else page_before()
        return gettext("Try again"), asked or url_for("runs.history")

    return gettext("Go to imports"), url_for("runs.history")


def _plain_page(template: str, **facts: Any) -> str:
    """The page without who reads it: Flask would ask the database first, which may be what
    fails.
    """
    return current_app.jinja_env.get_template(template).render(facts, plain=True)


def _form_is_old(_error: CSRFError) -> ResponseReturnValue:
    """The form is from before a sign-out or a new sign-in: its page, loaded anew, has what is
    needed.
    """
    if request.headers.get("HX-Request"):
        return "", 400, {"HX-Refresh": "true"}

    back = page_before() or url_for("runs.history")

    with suppress(SQLAlchemyError, psycopg.Error):
        return render_template("errors/old_form.html", back=back), 400

    return _plain_page("errors/old_form.html", back=back), 400


def _not_our_host(_error: HTTPException) -> ResponseReturnValue:
    """The Host is no name, or not ours. Plain text, since no link can be built for it."""
    return f"{messages.whole('other_host')}\n", 400, {"Content-Type": "text/plain"}


def _refused(refusal: Refusal) -> ResponseReturnValue:
    """What no view answers in a way of its own. Nothing of it was kept."""
    if problems.concerns_api():
        return problems.answer(problems.of_refusal(refusal))
    if moved := answers.moved_on(refusal):
        return moved
    if refusal.kind is Kind.UNUSABLE:
        return _page(422, advice=refusal.sentence)

    heading = messages.title(refusal.code, **refusal.facts)
    advice = messages.instruction(refusal.code, **refusal.facts)

    return _page(
        problems.STATUS[refusal.kind],
        heading=heading,
        advice=advice,
        onward=_leads_to(refusal),
    )


def _leads_to(refusal: Refusal) -> tuple[str, str] | None:
    """The words and the address of what the refusal names instead."""
    if refusal.code != "contact_merged":
        return None
    kept = url_for("contacts.show", contact_id=refusal.facts["into"])
    return gettext("Go to the contact that was kept"), kept


def _gone(_error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    return _explain(NotFound())


def _explain(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004 - redirects pass
        return error.get_response()
    if problems.concerns_api():
        return problems.answer(error)

    page, status, headers = _page(error.code, advice=_of_limits(error.code))
    return page, status, problems.headers_of(error) | headers


def _of_limits(status: int) -> str:
    """What may be sent, where an upload was too much."""
    if status != 413 or request.endpoint != "wizard.upload":  # noqa: PLR2004
        return ""

    limit = access.settings().max_upload_mb
    return messages.instruction("upload_too_large", limit_mb=limit, pasted_mb=PASTED_MB)


def _refused_by_database(error: DBAPIError | psycopg.Error) -> ResponseReturnValue:
    """503 where the database is away or ended the session, 507 where its disk is full, else 500."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, DiskFull):
        return _out_of_order(507)

    ended = getattr(cause, "sqlstate", None) in ENDED or getattr(
        error, "connection_invalidated", False
    )
    if ended or isinstance(cause, psycopg.OperationalError):
        return _out_of_order(503)
    if isinstance(cause, ForeignKeyViolation):
        return _gone(error)  # What the new row belongs to.

    raise error


def _pool_is_full(_error: PoolTimeout) -> ResponseReturnValue:
    """More is asked at this moment than there are database connections for."""
    return _out_of_order(503)


def _disk_full(error: OSError) -> ResponseReturnValue:
    """An upload that waited in a temporary file had no room there."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise error
    return _out_of_order(507)


def _out_of_order(status: int) -> ResponseReturnValue:
    return problems.plain(503) if problems.concerns_api() else _page(status)


def _broken(error: Exception) -> ResponseReturnValue:
    reference = secrets.token_hex(4)
    logger.error(
        "%s:\n%s", reference, describe(getattr(error, "original_exception", None) or error)
    )
    return problems.plain(500, reference) if problems.concerns_api() else _page(500, reference)
