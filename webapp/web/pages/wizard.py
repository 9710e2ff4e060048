"""The wizard: upload, check, review. Each step is a page, gated by the state of the import."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required
from sqlalchemy import select

from webapp.checking.other_lines import LEFT_OUT
from webapp.deciding import preview as previews
from webapp.imports import import_commands
from webapp.imports.progress import ProgressTracker
from webapp.models import ContactImport, ImportPreview, ImportRow
from webapp.reports import summary
from webapp.staging import problem_list
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.vocabulary.states import State
from webapp.vocabulary.strategies import Strategy
from webapp.web import commands, forms
from webapp.web.access import (
    change_import,
    load_import,
    refuse_viewers,
    retention_days,
    settings,
)
from webapp.web.answers import elsewhere, refused_on, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("wizard", __name__)
SHOWN_LINES = 5  # that are left out, on the review
SAMPLE = Path(__file__).parents[3] / "samples" / "contacts.csv"


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
    file = sent.the_file()
    if file is None:
        return _pasted(sent.pasted())
    return _open(file.filename or "", cast("BinaryIO", file.stream))


def _pasted(text: str) -> ResponseReturnValue:
    if not text.strip():
        return _refused(Refusal("no_file"))

    try:
        found = commands.paste(forms.UploadForm(text=text))
    except Refusal as refusal:
        return _refused(refusal)

    return redirect(url_for("columns.show", import_id=found.id))


@blueprint.post("/imports/sample")
@login_required
def sample() -> ResponseReturnValue:
    refuse_viewers()
    with SAMPLE.open("rb") as stream:
        return _open(SAMPLE.name, stream)


def _open(filename: str, stream: BinaryIO) -> ResponseReturnValue:
    try:
        found = commands.upload(filename, stream, forms.UploadForm())
    except Refusal as refusal:
        return _refused(refusal)

    return redirect(url_for("columns.show", import_id=found.id))


def _refused(refusal: Refusal) -> ResponseReturnValue:
    """The form again; where too many imports wait for this person, with a link to them."""
    waiting, limit = refusal.kind is Kind.TOO_MANY, settings().max_upload_mb

    return refused_on(
        refusal,
        lambda words: render_template(
            "imports/new.html", limit=limit, problem=words, waiting=waiting
        ),
    )


@blueprint.post("/imports/<uuid:import_id>/dates")
@login_required
def choose_dates(import_id: UUID) -> ResponseReturnValue:
    """The one answer to all dates like 03/04/2024: the check runs again with it."""
    run = change_import(import_id)
    order = sent.form(queries.DatesForm).date_order
    if order is None:
        return redirect(step_url(run))

    commands.choose_dates(import_id, order)
    return redirect(url_for("wizard.checking", import_id=import_id))


@blueprint.post("/imports/<uuid:import_id>/words")
@login_required
def choose_words(import_id: UUID) -> ResponseReturnValue:
    """What a column's words for nothing, or its repeated value, mean: the check runs again."""
    run = change_import(import_id)
    asked = sent.form(queries.WordsForm)
    if asked.keep is None and asked.blank is None:
        return redirect(step_url(run))

    commands.choose_words(import_id, keep=asked.keep, blank=asked.blank)
    return redirect(url_for("wizard.checking", import_id=import_id))


@blueprint.get("/imports/<uuid:import_id>/checking")
@login_required
def checking(import_id: UUID) -> ResponseReturnValue:
    run = load_import(import_id)
    if run.state != State.CHECKING:
        return redirect(step_url(run))

    progress = ProgressTracker(db.session(), import_id).progress()
    return render_template("imports/watch.html", found=run, progress=progress, step=2)


@blueprint.get("/imports/<uuid:import_id>/review")
@login_required
def review(import_id: UUID) -> ResponseReturnValue:
    run = load_import(import_id)
    if run.state != State.READY:
        return redirect(step_url(run))
    return _review_page(run)


def _review_page(run: ContactImport, problem: str | None = None) -> str:
    return render_template(
        "imports/review.html",
        **_cards(run),
        problem=problem,
        blanked=_blanked(run),
        left_out=LEFT_OUT,
        first_lines=_first_lines(run),
        repeated=summary.told_of_columns(run, "value_repeated"),
        invalid=import_commands.invalid_rows(db.session(), run.id),
        mail=bool(settings().smtp_url),
    )


def _blanked(run: ContactImport) -> list[dict[str, Any]]:
    """The columns in which words were read as blank: `column`, `cells`, and which `words`."""
    columns: dict[int, dict[str, Any]] = {}
    for told in summary.told_of_columns(run, "read_as_blank"):
        index = told["column"]
        column = columns.setdefault(index, {"column": index, "cells": 0, "words": []})
        column["cells"] += told["cells"]
        column["words"].append(told["value"])

    for column in columns.values():
        column["words"] = ", ".join(f"“{word}”" if word else "…" for word in column["words"])

    return list(columns.values())


def _first_lines(run: ContactImport) -> list[ImportRow]:
    """Some of the lines that are left out as no contacts, by row."""
    found = [
        row
        for code in LEFT_OUT
        for row in problem_list.problem_rows(
            db.session(), run.id, code=code, after=0, limit=SHOWN_LINES
        )
    ]
    return sorted(found, key=lambda row: row.row)[:SHOWN_LINES]


def _cards(run: ContactImport) -> dict[str, object]:
    """What the strategy cards show."""
    rows = db.session.scalars(select(ImportPreview).where(ImportPreview.import_id == run.id))

    return {
        "found": run,
        "previews": {row.strategy: row for row in rows},
        "strategies": list(Strategy),
        "until": datetime.now(UTC) + timedelta(days=retention_days()),
        "given_up": previews.given_up(db.session(), run),
    }


@blueprint.get("/imports/<uuid:import_id>/preview")
@login_required
def preview(import_id: UUID) -> ResponseReturnValue:
    """The strategy cards, polled until every preview is there."""
    run = load_import(import_id)
    if run.state != State.READY:
        return elsewhere(step_url(run))

    return render_template(
        "partials/strategies.html",
        **_cards(run),
    )


@blueprint.post("/imports/<uuid:import_id>/execute")
@login_required
def execute(import_id: UUID) -> ResponseReturnValue:
    change_import(import_id)
    try:
        commands.execute(import_id, sent.execution(import_id))
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _review_page(load_import(import_id), words))

    return redirect(url_for("runs.watch", import_id=import_id))
