"""Who asks: a browser by its session, a program by its token.

A signed-in browser is a row of `sessions`: signing out or disabling an account deletes or
disregards it, and the old cookie is worth nothing from then on.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, func, select, true, union_all, update
from werkzeug.wrappers import Request

from webapp.models import ApiToken, Session, User
from webapp.web import languages
from webapp.web.addresses import page_before
from webapp.web.extensions import db, login

SESSION_DAYS = 30
SEEN_EVERY = timedelta(minutes=10)


class Identity:
    """The signed-in person as Flask-Login wants them; the rest is the user's row."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, user: User, credential: bytes) -> None:
        self.id, self.email, self.name, self.role = user.id, user.email, user.name, user.role
        self.language = user.language
        self.credential = credential  # the hash of the session's or the API token

    def get_id(self) -> str:
        return str(self.id)


login.session_protection = None  # The session's row is the protection.


@login.request_loader
def identify(incoming: Request) -> Identity | None:
    """The person behind a request: a browser by its session, a program on /api by its token."""
    if incoming.path.startswith("/api/") and (header := incoming.headers.get("Authorization")):
        return _of_token(header)

    person = _of_session()
    if person:
        languages.of_account(person.language)

    return person


@login.unauthorized_handler
def _send_to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("account.sign_in", next=_page_before())}

    asked = request.full_path.rstrip("?") if request.method == "GET" else _page_before()
    return redirect(url_for("account.sign_in", next=asked))


def _page_before() -> str | None:
    """The page on which a session ended, to which signing in leads back."""
    page = page_before()
    return page.removeprefix(request.script_root) if page else None


def digest(token: str) -> bytes:
    """A token as it is kept."""
    return hashlib.sha256(token.encode()).digest()


def _of_session() -> Identity | None:
    token = session.get("token")
    if not isinstance(token, str):
        return None

    found = db.session.execute(
        select(User, Session)
        .join(Session, Session.user_id == User.id)
        .where(
            Session.token_hash == digest(token),
            User.active,
            Session.seen_at > func.now() - timedelta(days=SESSION_DAYS),
        )
    ).first()

    if found is None:
        return None

    person = Identity(
        found.User, found.Session.token_hash
    )  # before the commit, which forgets both rows

    if datetime.now(UTC) - found.Session.seen_at > SEEN_EVERY:
        seen = update(Session).where(Session.token_hash == found.Session.token_hash)
        # There is no row where it was signed out meanwhile.
        db.session.execute(seen.values(seen_at=func.now()))
        db.session.commit()

    return person


def _of_token(header: str) -> Identity | None:
    """The person whose living API token stands in an Authorization header, else None."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None

    found = db.session.execute(
        select(User, ApiToken)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(
            ApiToken.token_hash == digest(token.strip()),
            ApiToken.revoked_at.is_(None),
            User.active,
        )
    ).first()

    if found is None:
        return None

    person = Identity(found.User, found.ApiToken.token_hash)
    used = found.ApiToken.last_used_at

    if used is None or datetime.now(UTC) - used > SEEN_EVERY:
        found.ApiToken.last_used_at = func.now()
        db.session.commit()

    return person


def still_valid(credentials: Collection[bytes]) -> dict[bytes, str]:
    """Of these credentials, those that still open something: credential → the person's role.

    One query.
    """
    wanted = list(credentials)
    sessions = select(Session.token_hash, User.role).join(User, User.id == Session.user_id)
    tokens = select(ApiToken.token_hash, User.role).join(User, User.id == ApiToken.user_id)
    living = union_all(
        sessions.where(Session.token_hash.in_(wanted), User.active),
        tokens.where(
            ApiToken.token_hash.in_(wanted), ApiToken.revoked_at.is_(None), User.active
        ),
    )

    return {row[0]: row[1] for row in db.session.execute(living)}


def start_session(user_id: int, password_hash: str | None = None) -> bool:
    """A new session under a new token: a cookie from before signing in is worth nothing after it.

    `password_hash` is the one that the password was held against. False where the account has
    another one by now, or was switched off: the row is locked, so neither can still come between.
    """
    same = User.password_hash == password_hash if password_hash else true()
    unchanged = select(User.id).where(User.id == user_id, User.active, same)

    if db.session.scalar(unchanged.with_for_update(read=True)) is None:
        db.session.rollback()
        return False

    session.clear()
    token = secrets.token_urlsafe(32)
    session["token"] = token
    db.session.add(Session(token_hash=digest(token), user_id=user_id))
    db.session.commit()

    return True


def end_session() -> None:
    """Sign this browser out."""
    if isinstance(token := session.get("token"), str):
        db.session.execute(delete(Session).where(Session.token_hash == digest(token)))
        db.session.commit()
    session.clear()
