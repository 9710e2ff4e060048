"""Who is who: signing in and out, the first account, users, and tokens for programs.

A signed-in browser is a row of `sessions`: signing out or disabling an account deletes or disregards it, and the
old cookie is worth nothing from then on.
"""

import hashlib
import secrets
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Request

from webapp.intake import emails
from webapp.intake.folding import folded
from webapp.models import ApiToken, Session, User
from webapp.web.extensions import db, limiter, login

blueprint = Blueprint("account", __name__)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000  # hashing a novel would keep the server busy
ROLES = {"admin": "Administrator", "importer": "Imports contacts", "viewer": "Looks only"}
SESSION_DAYS = 30
SEEN_EVERY = timedelta(minutes=10)
SETUP_SECONDS = 24 * 3600
# Of OWASP's equal choices for Argon2id the one with the least memory: 7 MB for each sign-in at a time.
hasher = PasswordHasher(time_cost=5, memory_cost=7 * 1024, parallelism=1)
_one_at_a_time = threading.Lock()  # however many sign in at once
NOBODY = hasher.hash(secrets.token_urlsafe())  # so that an unknown address takes as long as a wrong password


class AccountError(Exception):
    """Something about an account cannot be done; the message says what to do."""


class Identity:
    """The signed-in person as Flask-Login wants them; the rest is the user's row."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, user: User) -> None:
        self.id, self.email, self.name, self.role = user.id, user.email, user.name, user.role

    def get_id(self) -> str:
        return str(self.id)


login.session_protection = None  # The session's row is the protection.


@login.request_loader
def identify(incoming: Request) -> Identity | None:
    """The person behind a request: a browser by its session, a program on /api by its token."""
    if incoming.path.startswith("/api/") and (header := incoming.headers.get("Authorization")):
        user = token_user(header)
    else:
        user = _session_user()
    return Identity(user) if user else None


@login.unauthorized_handler
def _send_to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("account.sign_in")}
    following = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.sign_in", next=following))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _session_user() -> User | None:
    token = session.get("token")
    if not isinstance(token, str):
        return None
    found = db.session.execute(
        select(User, Session).join(Session, Session.user_id == User.id).where(
            Session.token_hash == _digest(token),
            User.active,
            Session.seen_at > func.now() - timedelta(days=SESSION_DAYS),
        )
    ).first()
    if found is None:
        return None
    if datetime.now(UTC) - found.Session.seen_at > SEEN_EVERY:
        found.Session.seen_at = func.now()
        db.session.commit()
    return cast("User", found.User)


def token_user(header: str) -> User | None:
    """The user whose living API token stands in an Authorization header, else None."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    found = db.session.execute(
        select(User, ApiToken).join(ApiToken, ApiToken.user_id == User.id).where(
            ApiToken.token_hash == _digest(token.strip()), ApiToken.revoked_at.is_(None), User.active
        )
    ).first()
    if found is None:
        return None
    used = found.ApiToken.last_used_at
    if used is None or datetime.now(UTC) - used > SEEN_EVERY:
        found.ApiToken.last_used_at = func.now()
        db.session.commit()
    return cast("User", found.User)


def add_user(email: str, password: str, role: str, name: str = "") -> int:
    """Add an account; its id. Raises AccountError with what to do."""
    if emails.key_of(email.strip()) is None:
        raise AccountError("Write the e-mail as in name@example.com.")
    if role not in ROLES:
        raise AccountError(f"Choose a role: {', '.join(ROLES)}.")
    user = User(email=email.strip(), name=name.strip()[:200], role=role, password_hash=hashed(password))
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise AccountError("There is an account with this e-mail already. Use another address.") from None
    return user.id


def user_by_email(email: str) -> User | None:
    """The account with this address, whichever case it is typed in."""
    return db.session.scalar(select(User).where(User.email_key == folded(email.strip())))


def hashed(password: str) -> str:
    """The password as argon2 keeps it. Raises AccountError for one that is too short or too long."""
    if len(password) < SHORTEST_PASSWORD:
        raise AccountError(f"Choose a password of at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise AccountError(f"Choose a password of at most {LONGEST_PASSWORD} characters.")
    with _one_at_a_time:
        return hasher.hash(password)


def add_token(user_id: int, name: str) -> str:
    """Make an API token; it is shown this once and kept as a hash."""
    token = f"rowcall_{secrets.token_urlsafe(32)}"
    db.session.add(ApiToken(user_id=user_id, name=name.strip()[:100], token_hash=_digest(token)))
    db.session.commit()
    return token


def living_tokens(user_id: int) -> Sequence[ApiToken]:
    """A person's tokens that are not revoked, oldest first."""
    living = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return db.session.scalars(living.order_by(ApiToken.id)).all()


def revoke(user_id: int, which: ColumnElement[bool]) -> int:
    """Revoke those of a person's living tokens; how many there were."""
    living = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None), which)
    revoked = db.session.scalars(living.values(revoked_at=func.now()).returning(ApiToken.id)).all()
    db.session.commit()
    return len(revoked)


def setup_token() -> str | None:
    """What the link to the first account carries; None once there is an account."""
    return None if _any_user() else _setup_signer().dumps("first account")


def _setup_signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(cast("str", current_app.secret_key), salt="setup")


def _any_user() -> bool:
    return db.session.scalar(select(User.id).limit(1)) is not None


def _start_session(user_id: int) -> None:
    """A new session under a new token: a cookie from before signing in is worth nothing after it."""
    session.clear()
    token = secrets.token_urlsafe(32)
    session["token"] = token
    db.session.add(Session(token_hash=_digest(token), user_id=user_id))
    db.session.commit()


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("runs.history"))
    return render_template("account/sign_in.html", first=not _any_user())


@blueprint.post("/sign-in")
@limiter.limit("10/minute")
def enter() -> ResponseReturnValue:
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")[: LONGEST_PASSWORD + 1]
    user = user_by_email(email)
    right = _verified(user.password_hash if user else NOBODY, password)
    if user is None or not right or not user.active:
        page = render_template("account/sign_in.html", email=email, problem="The e-mail or the password is not right.")
        return page, 401
    _start_session(user.id)
    following = _local(request.args.get("next"))
    return redirect(request.script_root + following if following else url_for("runs.history"))


def _verified(kept: str, password: str) -> bool:
    try:
        with _one_at_a_time:
            return hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def _local(target: str | None) -> str | None:
    """A path of our own to go on to; anything else is nobody's business."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        return target
    return None


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    if isinstance(token := session.get("token"), str):
        db.session.execute(delete(Session).where(Session.token_hash == _digest(token)))
        db.session.commit()
    session.clear()
    return redirect(url_for("account.sign_in"))


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"])
def setup(token: str) -> ResponseReturnValue:
    """The first account, by the link that the start prints; gone as soon as there is one."""
    try:
        _setup_signer().loads(token, max_age=SETUP_SECONDS)
    except BadSignature:
        abort(404)
    if _any_user():
        return redirect(url_for("account.sign_in"))
    if request.method == "GET":
        return render_template("account/setup.html")
    form = request.form
    try:
        user_id = add_user(form.get("email", ""), form.get("password", ""), "admin", form.get("name", ""))
    except AccountError as problem:
        return render_template("account/setup.html", problem=str(problem), form=form), 422
    _start_session(user_id)
    return redirect(url_for("runs.history"))


@blueprint.get("/account")
@login_required
def index() -> str:
    return _account_page()


def _account_page(**shown: Any) -> str:
    everyone = db.session.scalars(select(User).order_by(User.email)).all() if current_user.role == "admin" else []
    return render_template(
        "account/index.html",
        tokens=living_tokens(current_user.id),
        users=everyone,
        roles=ROLES,
        **shown,
    )


@blueprint.post("/account/password")
@login_required
@limiter.limit("10/minute")
def change_password() -> ResponseReturnValue:
    """A new password signs out every other browser."""
    user = db.session.get_one(User, current_user.id)
    if not _verified(user.password_hash, request.form.get("present", "")[: LONGEST_PASSWORD + 1]):
        return _account_page(problem="The present password is not right. Nothing was changed."), 422
    try:
        user.password_hash = hashed(request.form.get("password", ""))
    except AccountError as problem:
        return _account_page(problem=str(problem)), 422
    db.session.execute(delete(Session).where(Session.user_id == user.id))
    _start_session(user.id)
    return _account_page(done="The password is changed. Other browsers are signed out.")


@blueprint.post("/account/tokens")
@login_required
def create_token() -> ResponseReturnValue:
    return _account_page(new_token=add_token(current_user.id, request.form.get("name", "") or "Token"))


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@login_required
def revoke_token(token_id: int) -> ResponseReturnValue:
    revoke(current_user.id, ApiToken.id == token_id)
    return redirect(url_for("account.index"))


@blueprint.post("/account/users")
@login_required
def create_user() -> ResponseReturnValue:
    _admins_only()
    form = request.form
    try:
        add_user(form.get("email", ""), form.get("password", ""), form.get("role", ""), form.get("name", ""))
    except AccountError as problem:
        return _account_page(problem=str(problem), form=form), 422
    return redirect(url_for("account.index"))


@blueprint.post("/account/users/<int:user_id>")
@login_required
def change_user(user_id: int) -> ResponseReturnValue:
    """Role and whether the account works. Nobody shuts out themselves, so an administrator always remains."""
    _admins_only()
    role = request.form.get("role", "")
    if user_id == current_user.id or role not in ROLES:
        return _account_page(problem="Another administrator can change your own account. Nothing was changed."), 422
    user = db.session.get(User, user_id) or abort(404)
    user.role, user.active = role, "active" in request.form
    if not user.active:
        db.session.execute(delete(Session).where(Session.user_id == user_id))
    db.session.commit()
    return redirect(url_for("account.index"))


def _admins_only() -> None:
    if current_user.role != "admin":
        abort(403)
