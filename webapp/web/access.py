"""Who may see and change which import: one door for every route."""

from datetime import datetime
from typing import cast
from uuid import UUID

from flask import abort, current_app, g
from flask_login import current_user
from sqlalchemy import ColumnElement, or_, true

from webapp.config import Settings
from webapp.imports import deadlines
from webapp.models import ContactImport
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import ENDED, UNCHECKED, State
from webapp.web.extensions import db

SEES_ALL = {"admin", "viewer"}


def settings() -> Settings:
    """The settings of the running app."""
    return cast("Settings", current_app.extensions["rowcall"])


def load_import(import_id: UUID) -> ContactImport:
    """The import, for a person who may see it; for all others there is no such import (404)."""
    run = db.session.get(ContactImport, import_id)
    if run is None or not may_see(run):
        abort(404)
    return run


def may_see(run: ContactImport) -> bool:
    """Whether the person at hand may see this import: their own, and each that was to be approved,
    since they might have to do it.
    """
    return bool(may_change(run) or current_user.role == "viewer" or run.approval)


def may_change(run: ContactImport) -> bool:
    """Whether the person at hand may change this import."""
    return current_user.role == "admin" or (
        current_user.role == "importer" and bool(run.created_by == current_user.id)
    )


def seen() -> ColumnElement[bool]:
    """As a condition of a query: `may_see`."""
    if current_user.role in SEES_ALL:
        return true()
    return or_(
        ContactImport.created_by == current_user.id, ContactImport.approval.is_not(None)
    )


def change_import(import_id: UUID) -> ContactImport:
    """The import, for one who may change it: others who see it only read it (403)."""
    run = load_import(import_id)
    if not may_change(run):
        abort(403)
    return run


def import_to_approve(import_id: UUID) -> ContactImport:
    """The import, for one who may be asked to approve it: viewers read it (403)."""
    run = load_import(import_id)
    refuse_viewers()
    return run


def ended_import(import_id: UUID) -> ContactImport:
    """The import, once it has ended. Raises Refusal("wrong_state") before."""
    return _unless(load_import(import_id), frozenset(State) - ENDED)


def checked_import(import_id: UUID) -> ContactImport:
    """The import, once its file is checked.

    Raises Refusal("wrong_state") before, and where the file was refused.
    """
    return _unless(load_import(import_id), UNCHECKED)


def _unless(run: ContactImport, states: frozenset[State]) -> ContactImport:
    if run.state in states:
        raise Refusal("wrong_state", state=run.state)
    return run


def refuse_viewers() -> None:
    """403 for those who only read."""
    if current_user.role == "viewer":
        abort(403)


def refuse_others(role: str) -> None:
    """403 for everybody who has not this role."""
    if current_user.role != role:
        abort(403)


def uploads_limit() -> str:
    """How often one person may bring a file, as Flask-Limiter writes it."""
    return f"{settings().uploads_per_minute}/minute"


def retention_days() -> int:
    """How many days an import can be undone; asked once a request."""
    if "retention_days" not in g:
        g.retention_days = deadlines.days(db.session())
    return cast("int", g.retention_days)


def undo_until(run: ContactImport) -> datetime:
    """Until when an ended import can be taken back."""
    return deadlines.until(run, retention_days())


def undo_is_over(run: ContactImport) -> bool:
    """Whether that time is over."""
    return deadlines.is_over(run, retention_days())
