"""Signing in and out, the first account, and the page of one's own account, tokens and users."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select

from webapp.models import ApiToken, User
from webapp.vocabulary import messages
from webapp.vocabulary.refusals import Refusal
from webapp.web import accounts, forms, identity, languages, passwords
from webapp.web.access import refuse_others
from webapp.web.addresses import own_page
from webapp.web.answers import refused_on
from webapp.web.extensions import db, limiter
from webapp.web.forms import queries, sent

blueprint = Blueprint("account", __name__)


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(
            own_page(sent.query(queries.SignInQuery).next) or url_for("runs.history")
        )
    return render_template("account/sign_in.html", first=not accounts.any_user())


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    asked = sent.form(forms.SignIn)
    user = accounts.user_by_email(asked.email)
    user_id, kept = (
        (user.id, user.password_hash) if user and user.active else (0, passwords.UNKNOWN)
    )
    db.session.rollback()  # No connection is held while others have their passwords looked at.
    right = passwords.verified(kept, asked.password, asked.email)

    if not right or not identity.start_session(user_id, kept):
        problem = messages.whole("sign_in_wrong")
        return render_template("account/sign_in.html", email=asked.email, problem=problem), 401

    return redirect(own_page(sent.query(queries.SignInQuery).next) or url_for("runs.history"))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    identity.end_session()
    return redirect(url_for("account.sign_in"))


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"])
def setup(token: str) -> ResponseReturnValue:
    """The first account, by the link that the start prints; gone as soon as there is one."""
    if not accounts.opens_setup(token):
        return render_template("account/setup_over.html", used=False), 404

    used = accounts.any_user()
    if request.method == "GET":
        return render_template(f"account/{'setup_over' if used else 'setup'}.html", used=used)
    if used:
        return redirect(url_for("account.sign_in"))

    try:
        asked = sent.form(forms.FirstAccount)
        user_id = accounts.add_first_user(asked.email, asked.password, asked.name)
    except Refusal as refusal:
        return refused_on(
            refusal,
            lambda words: render_template(
                "account/setup.html", problem=words, form=sent.as_typed()
            ),
        )

    if user_id is None:
        return redirect(url_for("account.sign_in"))

    identity.start_session(user_id)

    return redirect(url_for("runs.history"))


@blueprint.get("/account")
@login_required
def index() -> str:
    return _account_page()


def _account_page(problem: str | None = None, **shown: Any) -> str:
    return render_template(
        "account/index.html",
        tokens=accounts.living_tokens(current_user.id),
        roles=accounts.ROLES,
        languages=languages.offered(),
        problem=problem,
        **shown,
    )


@blueprint.get("/people")
@login_required
def people() -> str:
    """Who may sign in, for administrators."""
    refuse_others("admin")
    return _people_page()


def _people_page(problem: str | None = None, **shown: Any) -> str:
    return render_template(
        "account/people.html",
        accounts=db.session.scalars(select(User).order_by(User.email)).all(),
        roles=accounts.ROLES,
        problem=problem,
        **shown,
    )


@blueprint.post("/account/password")
@login_required
def change_password() -> ResponseReturnValue:
    """A new password signs out every other browser."""
    person = current_user.id
    asked = sent.form(forms.PasswordChange)
    kept = (
        db.session.scalar(select(User.password_hash).where(User.id == person))
        or passwords.UNKNOWN
    )
    db.session.rollback()  # No connection is held while others have their passwords looked at.
    if not passwords.verified(kept, asked.present, current_user.email):
        return _account_page(messages.whole("password_wrong")), 422

    try:
        accounts.set_password(person, asked.password)
    except Refusal as refusal:
        return refused_on(refusal, _account_page)

    identity.start_session(person)

    return _account_page(done=messages.whole("password_changed"))


@blueprint.post("/account/language")
@login_required
def change_language() -> ResponseReturnValue:
    accounts.set_language(current_user.id, sent.form(forms.LanguageChoice).language)
    return redirect(url_for("account.index"))


@blueprint.post("/account/tokens")
@login_required
def create_token() -> ResponseReturnValue:
    try:
        made = accounts.add_token(current_user.id, sent.form(forms.NewToken).name or "Token")
    except Refusal as refusal:
        return refused_on(refusal, _account_page)

    return _account_page(new_token=made)


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@login_required
def revoke_token(token_id: int) -> ResponseReturnValue:
    accounts.revoke(current_user.id, ApiToken.id == token_id)
    return redirect(url_for("account.index"))


@blueprint.post("/account/users")
@login_required
def create_user() -> ResponseReturnValue:
    refuse_others("admin")
    try:
        asked = sent.form(forms.NewAccount)
        accounts.add_user(asked.email, asked.password, asked.role, asked.name)
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _people_page(words, form=sent.as_typed()))

    return redirect(url_for("account.people"))


@blueprint.post("/account/users/<int:user_id>")
@login_required
def change_user(user_id: int) -> ResponseReturnValue:
    """Change the role of another account, and whether it works."""
    refuse_others("admin")
    asked = sent.form(forms.AccountChange)

    try:
        accounts.change_account(
            user_id, role=asked.role, active=asked.active, by=current_user.id
        )
    except Refusal as refusal:
        if refusal.code == "account_not_administrator":
            raise
        return refused_on(refusal, _people_page)

    return redirect(url_for("account.people"))
