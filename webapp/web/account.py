"""Who is who: signing in and out, the first account, users, and tokens for programs.

A signed-in browser is a row of `sessions`: signing out or disabling an account deletes or disregards it, and the
old cookie is worth nothing from then on.
"""

import hashlib
import secrets
import threading
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import ColumnElement, delete, func, select, text, true, union_all, update
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Request

from webapp.intake import emails
from webapp.intake.folding import folded
from webapp.models import ApiToken, Session, User
from webapp.web import attempts
from webapp.web.addresses import own_page
from webapp.web.extensions import db, limiter, login
from webapp.web.forms import LINE_ENDS, UNSTORABLE

blueprint = Blueprint("account", __name__)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000  # hashing a novel would keep the server busy
LONGEST_NAME, LONGEST_TOKEN_NAME = 200, 100  # characters
ROLES = {"admin": "Administrator", "importer": "Imports contacts", "viewer": "Looks only"}
SESSION_DAYS = 30
SEEN_EVERY = timedelta(minutes=10)
SETUP_SECONDS = 24 * 3600
# Of OWASP's equal choices for Argon2id the one with the least memory: 7 MB for each sign-in at a time.
hasher = PasswordHasher(time_cost=5, memory_cost=7 * 1024, parallelism=1)
_one_at_a_time = threading.RLock()  # however many sign in at once
NOBODY = hasher.hash(secrets.token_urlsafe())  # so that an unknown address takes as long as a wrong password


class AccountError(Exception):
    """Something about an account cannot be done; the message says what to do."""


class NotAllowed(AccountError):  # noqa: N818 - an answer; nothing is broken
    """The one who asks is no administrator any more."""


class Identity:
    """The signed-in person as Flask-Login wants them; the rest is the user's row."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, user: User, credential: bytes) -> None:
        self.id, self.email, self.name, self.role = user.id, user.email, user.name, user.role
        self.credential = credential  # the hash of the session's or the API token

    def get_id(self) -> str:
        return str(self.id)


login.session_protection = None  # The session's row is the protection.


@login.request_loader
def identify(incoming: Request) -> Identity | None:
    """The person behind a request: a browser by its session, a program on /api by its token."""
    if incoming.path.startswith("/api/") and (header := incoming.headers.get("Authorization")):
        return _of_token(header)
    return _of_session()


@login.unauthorized_handler
def _send_to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("account.sign_in")}
    following = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.sign_in", next=following))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _of_session() -> Identity | None:
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
    person = Identity(found.User, found.Session.token_hash)  # before the commit, which forgets both rows
    if datetime.now(UTC) - found.Session.seen_at > SEEN_EVERY:
        seen = update(Session).where(Session.token_hash == found.Session.token_hash)
        db.session.execute(seen.values(seen_at=func.now()))  # No row where it was signed out meanwhile.
        db.session.commit()
    return person


def _of_token(header: str) -> Identity | None:
    """The person whose living API token stands in an Authorization header, else None."""
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
    person = Identity(found.User, found.ApiToken.token_hash)
    used = found.ApiToken.last_used_at
    if used is None or datetime.now(UTC) - used > SEEN_EVERY:
        found.ApiToken.last_used_at = func.now()
        db.session.commit()
    return person


def still_valid(credentials: Collection[bytes]) -> dict[bytes, str]:
    """Of these credentials, those that still open something: credential → the person's role. One query."""
    wanted = list(credentials)
    sessions = select(Session.token_hash, User.role).join(User, User.id == Session.user_id)
    tokens = select(ApiToken.token_hash, User.role).join(User, User.id == ApiToken.user_id)
    living = union_all(
        sessions.where(Session.token_hash.in_(wanted), User.active),
        tokens.where(ApiToken.token_hash.in_(wanted), ApiToken.revoked_at.is_(None), User.active),
    )
    return {row[0]: row[1] for row in db.session.execute(living)}


def add_user(email: str, password: str, role: str, name: str = "") -> int:
    """Add an account; its id. Raises AccountError with what to do."""
    return _add(_checked_user(email, password, role, name))


def add_first_user(email: str, password: str, name: str = "") -> int | None:
    """Add the first account, an administrator; its id, or None where there is an account already.

    Raises AccountError with what to do.
    """
    user = _checked_user(email, password, "admin", name)
    _lock_accounts()
    if _any_user():
        db.session.rollback()
        return None
    return _add(user)


def _checked_user(email: str, password: str, role: str, name: str) -> User:
    if UNSTORABLE.search(email) or emails.key_of(email.strip()) is None:
        raise AccountError("Write the e-mail as in name@example.com.")
    if role not in ROLES:
        raise AccountError(f"Choose a role: {', '.join(ROLES)}.")
    name = _name(name, LONGEST_NAME)
    return User(email=email.strip(), name=name, role=role, password_hash=hashed(password))


def _name(name: str, longest: int) -> str:
    """A name as it is kept. Raises AccountError for one that is too long, or of several lines."""
    name = name.strip()
    if len(name) > longest or UNSTORABLE.search(name) or LINE_ENDS.search(name):
        raise AccountError(f"Give a name of at most {longest} characters in one line.")
    return name


def _lock_accounts() -> None:
    """Until the transaction ends, nothing else adds or changes an account; reading goes on."""
    db.session.rollback()  # What was read before the lock says nothing about what is there after it.
    db.session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))


def change_account(
    user_id: int, *, role: str | None = None, active: bool | None = None, by: int | None = None
) -> None:
    """Change an account's role, or whether it works; None leaves that as it is.

    `by` is the administrator who asks, None for the command line. A switched-off account is signed
    out. Raises NotAllowed where `by` is no administrator any more, and AccountError with what to do
    where no administrator who can sign in would remain.
    """
    if role is not None and role not in ROLES:
        raise AccountError(f"Choose a role: {', '.join(ROLES)}.")
    _lock_accounts()
    administrators = set(db.session.scalars(select(User.id).where(User.role == "admin", User.active)))
    if by is not None and by not in administrators:
        db.session.rollback()
        raise NotAllowed("Another administrator changed your own account meanwhile.")
    user = db.session.get_one(User, user_id, populate_existing=True)
    user.role = user.role if role is None else role
    user.active = user.active if active is None else active
    stays = user.role == "admin" and user.active
    if user_id in administrators and not stays and administrators == {user_id}:
        db.session.rollback()
        raise AccountError("This is the last administrator who can sign in. Make another one first.")
    if not user.active:
        db.session.execute(delete(Session).where(Session.user_id == user_id))
    db.session.commit()


def set_password(user_id: int, password: str) -> None:
    """Give an account a new password and sign out its browsers. Raises AccountError with what to do."""
    fresh = hashed(password)
    user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    user.password_hash = fresh
    db.session.execute(delete(Session).where(Session.user_id == user_id))
    db.session.commit()


def _add(user: User) -> int:
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
    if UNSTORABLE.search(password):
        raise AccountError("Choose a password of characters that can be typed.")
    with _one_at_a_time:
        return hasher.hash(password)


def add_token(user_id: int, name: str) -> str:
    """Make an API token; it is shown this once and kept as a hash. Raises AccountError."""
    name = _name(name, LONGEST_TOKEN_NAME)
    token = f"rowcall_{secrets.token_urlsafe(32)}"
    db.session.add(ApiToken(user_id=user_id, name=name, token_hash=_digest(token)))
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


def _start_session(user_id: int, password_hash: str | None = None) -> bool:
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
    db.session.add(Session(token_hash=_digest(token), user_id=user_id))
    db.session.commit()
    return True


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("runs.history"))
    return render_template("account/sign_in.html", first=not _any_user())


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")[: LONGEST_PASSWORD + 1]
    user = user_by_email(email)
    user_id, kept = (user.id, user.password_hash) if user and user.active else (0, NOBODY)
    db.session.rollback()  # No connection is held while others have their passwords looked at.
    if not _verified(kept, password, email) or not _start_session(user_id, kept):
        page = render_template("account/sign_in.html", email=email, problem="The e-mail or the password is not right.")
        return page, 401
    return redirect(own_page(request.args.get("next")) or url_for("runs.history"))


def _verified(kept: str, password: str, email: str) -> bool:
    """Whether the password is right. Raises 429 where it was wrong too often, from here or for this account."""
    with _one_at_a_time:  # from the look at the failures to the count, so that none slips in between
        attempts.refuse_further(email)
        right = _matches(kept, password)
        if not right:
            attempts.count_failure(email)
        return right


def _matches(kept: str, password: str) -> bool:
    try:
        with _one_at_a_time:
            return hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


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
        user_id = add_first_user(form.get("email", ""), form.get("password", ""), form.get("name", ""))
    except AccountError as problem:
        return render_template("account/setup.html", problem=str(problem), form=form), 422
    if user_id is None:
        return redirect(url_for("account.sign_in"))
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
def change_password() -> ResponseReturnValue:
    """A new password signs out every other browser."""
    person = current_user.id
    kept = db.session.scalar(select(User.password_hash).where(User.id == person)) or NOBODY
    db.session.rollback()  # No connection is held while others have their passwords looked at.
    if not _verified(kept, request.form.get("present", "")[: LONGEST_PASSWORD + 1], current_user.email):
        return _account_page(problem="The present password is not right. Nothing was changed."), 422
    try:
        set_password(person, request.form.get("password", ""))
    except AccountError as problem:
        return _account_page(problem=str(problem)), 422
    _start_session(person)
    return _account_page(done="The password is changed. Other browsers are signed out.")


@blueprint.post("/account/tokens")
@login_required
def create_token() -> ResponseReturnValue:
    try:
        made = add_token(current_user.id, request.form.get("name", "") or "Token")
    except AccountError as problem:
        return _account_page(problem=str(problem)), 422
    return _account_page(new_token=made)


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
    """Change the role of another account, and whether it works."""
    _admins_only()
    if user_id == current_user.id:
        return _account_page(problem="Another administrator can change your own account. Nothing was changed."), 422
    try:
        change_account(
            user_id, role=request.form.get("role", ""), active="active" in request.form, by=current_user.id
        )
    except NotAllowed:
        abort(403)
    except AccountError as problem:
        return _account_page(problem=str(problem)), 422
    return redirect(url_for("account.index"))


def _admins_only() -> None:
    if current_user.role != "admin":
        abort(403)
