"""The rules of accounts: adding and changing them, their tokens, and the link to the first one."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple, cast

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from webapp.checking import emails
from webapp.folding import folded
from webapp.models import ApiToken, Session, User
from webapp.vocabulary.catalogue import gettext_noop
from webapp.vocabulary.refusals import Refusal
from webapp.web import languages
from webapp.web.extensions import db
from webapp.web.forms import LINE_ENDS, UNSTORABLE
from webapp.web.identity import digest
from webapp.web.passwords import hashed

LONGEST_NAME, LONGEST_TOKEN_NAME = 200, 100  # characters


class Role(NamedTuple):
    """What a role is called, and what a person of it may do, in English."""

    name: str
    may: str


ROLES = {
    "admin": Role(
        gettext_noop("Administrator"),
        gettext_noop("Sees and changes every import, and adds people."),
    ),
    "importer": Role(
        gettext_noop("Imports contacts"),
        gettext_noop("Imports files and edits contacts. Sees their own imports."),
    ),
    "viewer": Role(
        gettext_noop("View only"),
        gettext_noop("Sees every import and contact, and changes nothing."),
    ),
}
SETUP_SECONDS = 24 * 3600


def add_user(email: str, password: str, role: str, name: str = "") -> int:
    """Add an account; its id. Raises Refusal."""
    return _add(_checked_user(email, password, role, name))


def add_first_user(email: str, password: str, name: str = "") -> int | None:
    """Add the first account, an administrator; its id, or None where there is an account already.

    Raises Refusal.
    """
    user = _checked_user(email, password, "admin", name)
    _lock_accounts()

    if any_user():
        db.session.rollback()
        return None

    return _add(user)


def _checked_user(email: str, password: str, role: str, name: str) -> User:
    if UNSTORABLE.search(email) or emails.key_of(email.strip()) is None:
        raise Refusal("account_email_invalid", at="/email")
    if role not in ROLES:
        raise Refusal("account_role_unknown", at="/role", roles=", ".join(ROLES))

    name = _name(name, LONGEST_NAME)
    return User(email=email.strip(), name=name, role=role, password_hash=hashed(password))


def _name(name: str, longest: int) -> str:
    """A name as it is kept. Raises Refusal for one that is too long, or of several lines."""
    name = name.strip()
    if len(name) > longest or UNSTORABLE.search(name) or LINE_ENDS.search(name):
        raise Refusal("account_name_invalid", at="/name", limit=longest)
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
    out. Raises Refusal: account_not_administrator where `by` is none any more, account_own where it
    is `by`'s own account, and account_last_administrator where none who can sign in would remain.
    """
    if role is not None and role not in ROLES:
        raise Refusal("account_role_unknown", at="/role", roles=", ".join(ROLES))
    if by == user_id:
        raise Refusal("account_own")

    _lock_accounts()
    administrators = set(
        db.session.scalars(select(User.id).where(User.role == "admin", User.active))
    )

    if by is not None and by not in administrators:
        db.session.rollback()
        raise Refusal("account_not_administrator")

    user = db.session.get_one(User, user_id, populate_existing=True)
    user.role = user.role if role is None else role
    user.active = user.active if active is None else active
    stays = user.role == "admin" and user.active

    if user_id in administrators and not stays and administrators == {user_id}:
        db.session.rollback()
        raise Refusal("account_last_administrator")

    if not user.active:
        db.session.execute(delete(Session).where(Session.user_id == user_id))

    db.session.commit()


def set_password(user_id: int, password: str) -> None:
    """Give an account a new password and sign out its browsers. Raises Refusal."""
    fresh = hashed(password)
    user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    user.password_hash = fresh
    db.session.execute(delete(Session).where(Session.user_id == user_id))
    db.session.commit()


def set_language(user_id: int, code: str) -> None:
    """Have pages and mails speak this language; "" as the browser says. Raises Refusal."""
    if code and not languages.known(code):
        raise Refusal("bad_language", at="/language")

    db.session.execute(update(User).where(User.id == user_id).values(language=code))
    db.session.commit()


def _add(user: User) -> int:
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Refusal("account_email_taken", at="/email") from None

    return user.id


def user_by_email(email: str) -> User | None:
    """The account with this address, whichever case it is typed in."""
    return db.session.scalar(select(User).where(User.email_key == folded(email.strip())))


def add_token(user_id: int, name: str) -> str:
    """Make an API token; it is shown this once and kept as a hash. Raises Refusal."""
    name = _name(name, LONGEST_TOKEN_NAME)
    token = f"rowcall_{secrets.token_urlsafe(32)}"
    db.session.add(ApiToken(user_id=user_id, name=name, token_hash=digest(token)))
    db.session.commit()
    return token


def living_tokens(user_id: int) -> Sequence[ApiToken]:
    """A person's tokens that are not revoked, oldest first."""
    living = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return db.session.scalars(living.order_by(ApiToken.id)).all()


def revoke(user_id: int, which: ColumnElement[bool]) -> int:
    """Revoke those of a person's living tokens; how many there were."""
    living = update(ApiToken).where(
        ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None), which
    )
    revoked = db.session.scalars(
        living.values(revoked_at=func.now()).returning(ApiToken.id)
    ).all()
    db.session.commit()
    return len(revoked)


def setup_token() -> str | None:
    """What the link to the first account carries; None once there is an account."""
    return None if any_user() else _setup_signer().dumps("first account")


def opens_setup(token: str) -> bool:
    """Whether a link to the first account is one of ours, and not too old."""
    try:
        _setup_signer().loads(token, max_age=SETUP_SECONDS)
    except BadSignature:
        return False

    return True


def _setup_signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(cast("str", current_app.secret_key), salt="setup")


def any_user() -> bool:
    """Whether there is an account already."""
    return db.session.scalar(select(User.id).limit(1)) is not None
