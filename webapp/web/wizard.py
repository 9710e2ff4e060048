"""The wizard: upload, check, review. Each step is a page, gated by the state of the import."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select

from webapp import jobs
from webapp.engine import preview as previews
from webapp.engine import sessions, uploads
from webapp.engine.progress import progress
from webapp.engine.staging import TooLarge
from webapp.intake import sentences
from webapp.intake.reading import Unreadable
from webapp.models import ContactImport, ImportPreview
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy
from webapp.web import forms
from webapp.web.access import change_import, load_import, refuse_viewers, retention_days, settings
from webapp.web.extensions import db

blueprint = Blueprint("wizard", __name__)
SAMPLE = Path(__file__).parent.parent.parent / "samples" / "contacts.csv"
STEPS = {
    State.UPLOADED: "columns.show",
    State.CHECKING: "wizard.checking",
    State.READY: "wizard.review",
    State.QUEUED: "runs.watch",
    State.RUNNING: "runs.watch",
    State.CANCELLING: "runs.watch",
    State.ROLLING_BACK: "runs.watch",
}


def step_url(found: ContactImport) -> str:
    """The page of the step at which an import stands."""
    return url_for(STEPS.get(State(found.state), "runs.report"), import_id=found.id)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("runs.history"))


@blueprint.get("/imports/new")
@login_required
def new() -> str:
    refuse_viewers()
    return render_template("imports/new.html", limit=settings().max_upload_mb)


@blueprint.post("/imports/new")
@login_required
def upload() -> ResponseReturnValue:
    """Take a file; `receiving` has settled before who may bring one, and how often."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _refuse_upload(sentences.whole("no_file"))
    return _open(file.filename, cast("BinaryIO", file.stream))


@blueprint.post("/imports/sample")
@login_required
def sample() -> ResponseReturnValue:
    refuse_viewers()
    with SAMPLE.open("rb") as stream:
        return _open(SAMPLE.name, stream)


def _open(filename: str, stream: BinaryIO) -> ResponseReturnValue:
    try:
        found = uploads.create(db.session(), current_user.id, filename, stream, settings())
    except Unreadable as refusal:
        return _refuse_upload(refusal.sentence)
    except sessions.Refused as refusal:
        return _refuse_upload(sentences.whole(refusal.code, **refusal.facts), 429, waiting=True)
    except TooLarge:
        return _refuse_upload(sentences.whole("too_large", limit_mb=settings().max_upload_mb), 413)
    db.session.commit()
    return redirect(url_for("columns.show", import_id=found.id))


def _refuse_upload(problem: str, status: int = 422, *, waiting: bool = False) -> ResponseReturnValue:
    """The form again; with `waiting`, a link to the imports that wait for this person."""
    db.session.rollback()  # Nothing of a refused file stays.
    page = render_template("imports/new.html", limit=settings().max_upload_mb, problem=problem, waiting=waiting)
    return page, status


@blueprint.post("/imports/<uuid:import_id>/dates")
@login_required
def choose_dates(import_id: UUID) -> ResponseReturnValue:
    """The one answer to all dates like 03/04/2024: the check runs again with it."""
    found = change_import(import_id)
    order = forms.one_of(request.form, "date_order", "dmy", "mdy")
    if order is None:
        return redirect(step_url(found))
    try:
        sessions.map_columns(
            db.session(),
            import_id,
            list(found.mapping or []),
            default_country=found.default_country,
            match_keys=found.match_keys,
            clear_token=found.clear_token,
            date_order=order,
        )
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    db.session.commit()
    jobs.wake(import_id, settings())
    return redirect(url_for("wizard.checking", import_id=import_id))


@blueprint.get("/imports/<uuid:import_id>/checking")
@login_required
def checking(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.state != State.CHECKING:
        return redirect(step_url(found))
    return render_template("imports/watch.html", found=found, progress=progress(db.session(), import_id), step=2)


@blueprint.get("/imports/<uuid:import_id>/review")
@login_required
def review(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.state != State.READY:
        return redirect(step_url(found))
    return _review_page(found)


def _review_page(found: ContactImport, problem: str | None = None) -> str:
    return render_template(
        "imports/review.html",
        **_cards(found),
        problem=problem,
        invalid=sessions.invalid_rows(db.session(), found.id),
        mail=bool(settings().smtp_url),
    )


def _cards(found: ContactImport) -> dict[str, object]:
    """What the strategy cards show."""
    rows = db.session.scalars(select(ImportPreview).where(ImportPreview.import_id == found.id))
    return {
        "found": found,
        "previews": {row.strategy: row for row in rows},
        "strategies": list(Strategy),
        "until": datetime.now(UTC) + timedelta(days=retention_days()),
        "given_up": previews.given_up(db.session(), found),
    }


@blueprint.get("/imports/<uuid:import_id>/preview")
@login_required
def preview(import_id: UUID) -> ResponseReturnValue:
    """The strategy cards, polled until every preview is there."""
    found = load_import(import_id)
    if found.state != State.READY:
        return _elsewhere(step_url(found))
    return render_template(
        "partials/strategies.html",
        **_cards(found),
    )


def _elsewhere(url: str) -> Response:
    """Tell htmx to leave the page."""
    return Response(status=200, headers={"HX-Redirect": url})


@blueprint.post("/imports/<uuid:import_id>/execute")
@login_required
def execute(import_id: UUID) -> ResponseReturnValue:
    found = change_import(import_id)
    try:
        asked = _execution(import_id)
        sessions.execute(
            db.session(),
            import_id,
            strategy=asked.duplicate_strategy,
            skip_errors=asked.skip_errors,
            batch_size=asked.batch_size,
            notification_email=asked.notification_email,
            site_url=settings().site_url,
        )
    except forms.Mistake as mistake:
        return _review_page(found, mistake.sentence), 422
    except sessions.Refused as refusal:
        db.session.rollback()
        words = sentences.whole(refusal.code, **refusal.facts)
        return _review_page(load_import(import_id), words), 409
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    db.session.commit()
    jobs.wake(import_id, settings())
    return redirect(url_for("runs.watch", import_id=import_id))


def _execution(import_id: UUID) -> forms.ExecuteRequest:
    """What the review's form asks for. Raises forms.Mistake."""
    strategy = forms.one_of(request.form, "duplicate_strategy", *Strategy)
    size = request.form.get("batch_size", "100").strip()
    values = {
        "import_id": import_id,
        "duplicate_strategy": strategy and Strategy(strategy),
        "skip_errors": "stop_at_errors" not in request.form,
        "batch_size": size if size == "auto" else forms.number(request.form, "batch_size", 100),
        "notification_email": request.form.get("notification_email", "").strip() or None,
    }
    return forms.command(forms.ExecuteRequest, values)
