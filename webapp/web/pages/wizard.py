"""The wizard: upload, check, review. Each step is a page, gated by the state of the import."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select

from webapp.checking.other_lines import LEFT_OUT
from webapp.contacts import workbooks
from webapp.deciding import approval
from webapp.deciding import preview as previews
from webapp.imports import approval_requests, import_commands, mappings, uploads
from webapp.imports.progress import ProgressTracker
from webapp.models import ContactImport, ImportPreview, ImportRow
from webapp.reports import choices, conflicts, summary
from webapp.reports import review as review_of
from webapp.reports.plan_rows import PlanRow
from webapp.staging import problem_list, row_choices
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.vocabulary.states import NEVER_RUN, State
from webapp.vocabulary.strategies import Strategy, Variant
from webapp.web import commands, forms
from webapp.web.access import (
    change_import,
    load_import,
    refuse_viewers,
    retention_days,
    settings,
)
from webapp.web.answers import elsewhere, refused_on, step_url
from webapp.web.downloads import XLSX
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.pages import possible_matches

blueprint = Blueprint("wizard", __name__)
OPEN = {State.UPLOADED, State.READY}  # its file may be read in another way
MOMENT = timedelta(minutes=10)
LISTED_AT_ONCE = 5_000  # rows to fix of which the review counts the suggestions
SHOWN_LINES = 5  # that are left out, on the review
SAMPLE = Path(__file__).parents[3] / "samples" / "contacts.csv"


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("runs.history"))


@blueprint.get("/imports/new")
@login_required
def new() -> str:
    refuse_viewers()
    return _upload_page(open=_left_open())


def _left_open() -> ContactImport | None:
    """The import that this person brought last, where it is a moment ago and waits for them: who
    comes back to this page may mean it.
    """
    last = (
        select(ContactImport)
        .where(
            ContactImport.created_by == current_user.id,
            ContactImport.created_at > datetime.now(UTC) - MOMENT,
        )
        .order_by(ContactImport.created_at.desc())
        .limit(1)
    )
    found = db.session.scalar(last)
    return found if found and found.state in NEVER_RUN else None


def _upload_page(**facts: Any) -> str:
    limit = settings().max_upload_mb
    return render_template(
        "imports/new.html",
        limit=limit,
        days=retention_days(),
        mappings=mappings.saved(db.session(), current_user.id),
        too_large=[
            messages.title("too_large", limit_mb=limit),
            messages.instruction("too_large", limit_mb=limit),
        ],
        **facts,
    )


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
        found = commands.paste(forms.UploadForm(text=text), sent.upload_key())
    except Refusal as refusal:
        return _refused(refusal, pasted=text)

    return _go_on(found)


@blueprint.post("/imports/sample")
@login_required
def sample() -> ResponseReturnValue:
    refuse_viewers()
    with SAMPLE.open("rb") as stream:
        return _open(SAMPLE.name, stream)


def _open(filename: str, stream: BinaryIO) -> ResponseReturnValue:
    try:
        found = commands.upload(filename, stream, forms.UploadForm(), sent.upload_key())
    except Refusal as refusal:
        return _refused(refusal)

    return _go_on(found)


def _go_on(run: ContactImport) -> ResponseReturnValue:
    """To the choice among the tables of the file, where there are several, else to its columns."""
    several = len([table for table in uploads.sheets_of(run) if table.rows != 0]) > 1
    page = "wizard.sheet" if several else "columns.show"
    return elsewhere(url_for(page, import_id=run.id))


def _refused(refusal: Refusal, **shown: Any) -> ResponseReturnValue:
    """The form again, with why; where too many imports wait for this person, with a link
    to them.
    """
    problem = {
        "title": messages.title(refusal.code, **refusal.facts),
        "instruction": messages.instruction(refusal.code, **refusal.facts),
        "waiting": refusal.kind is Kind.TOO_MANY,
    }

    return refused_on(refusal, lambda _words: _upload_page(problem=problem, **shown))


@blueprint.get("/imports/template.xlsx")
@login_required
def template() -> ResponseReturnValue:
    """An empty workbook with the fields of a contact as its columns."""
    refuse_viewers()
    return send_file(
        BytesIO(workbooks.template()),
        mimetype=XLSX,
        as_attachment=True,
        download_name=gettext("contacts") + ".xlsx",
    )


@blueprint.get("/imports/<uuid:import_id>/sheet")
@login_required
def sheet(import_id: UUID) -> ResponseReturnValue:
    """The tables of the file, to choose one."""
    run = change_import(import_id)
    if run.state not in OPEN or not uploads.sheets_of(run):
        return redirect(step_url(run))
    return _sheet_page(run)


def _sheet_page(run: ContactImport, problem: str | None = None) -> str:
    return render_template(
        "imports/sheet.html",
        found=run,
        sheets=uploads.sheets_of(run),
        archive=run.filename.lower().endswith(".zip"),
        problem=problem,
    )


@blueprint.post("/imports/<uuid:import_id>/sheet")
@login_required
def choose_sheet(import_id: UUID) -> ResponseReturnValue:
    run = change_import(import_id)
    asked = sent.how_to_read()

    try:
        if asked.sheet and asked.sheet != run.sheet:
            commands.read_again(import_id, asked)
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _sheet_page(load_import(import_id), words))

    return redirect(url_for("columns.show", import_id=import_id))


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
        **possible_matches.part(run),
        of_all=choices.of_all_rows(run),
        own_rules=choices.rules(run),
        blanked=_blanked(run),
        left_out=LEFT_OUT,
        first_lines=_first_lines(run),
        repeated=summary.told_of_columns(run, "value_repeated"),
        mail=bool(settings().smtp_url),
        approval=approval_requests.of(db.session(), run),
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
    """What the review shows of the variants, as far as they are counted."""
    asked = sent.variants()
    offered = asked.variants()
    found = {variant.strategy: commands.preview(run.id, variant) for variant in offered}
    kept = {strategy: preview for strategy, preview in found.items() if preview}
    strategies, in_conflict = list(found), conflicts.counts(db.session(), run)
    chosen = asked.duplicate_strategy or run.duplicate_strategy
    chosen = Strategy(chosen) if chosen in strategies else strategies[0]
    given_up = previews.given_up(db.session(), run)
    counted = given_up or len(kept) == len(strategies)
    standings = {one: review_of.standing(run, preview) for one, preview in kept.items()}
    # Where the file meets no one there is nothing to choose.
    choice = not standings or in_conflict.rows or any(one.met for one in standings.values())

    return {
        "found": run,
        "previews": kept,
        "standings": standings,
        "strategies": strategies,
        "choice": choice,
        "shown_strategies": strategies if choice else [chosen],
        "counted": counted,
        "chosen": chosen,
        "asked": asked,
        "shown_for": asked.parameters(),
        "until": datetime.now(UTC) + timedelta(days=retention_days()),
        "in_conflict": in_conflict,
        "given_up": given_up,
        "large": approval.large(db.session(), run, offered, above=settings().approval_above),
        "above": settings().approval_above,
        "outcomes": STORED_OUTCOMES,
        **_left_to_do(run, counted=counted),
        "specimens": _specimens(run, offered, kept) if counted else {},
    }


def _left_to_do(run: ContactImport, *, counted: bool) -> dict[str, object]:
    """What stands behind the doors."""
    problems = run.check_summary.get("problems", [])
    errors = [problem for problem in problems if problem["severity"] == "error"]
    invalid = import_commands.invalid_rows(db.session(), run.id)
    suggested = {}

    if counted and 0 < invalid <= LISTED_AT_ONCE:
        columns = problem_list.counts(db.session(), run).columns
        db.session.commit()  # the list that was made for it
        suggested = review_of.suggested(columns, run.mapping or [])

    return {
        "invalid": invalid,
        "faults": review_of.faults(errors, suggested),
        "suggestions": sum(suggested.values()),
        "to_choose": review_of.choices(row_choices.kinds(db.session(), run)),
    }


def _specimens(
    run: ContactImport, offered: list[Variant], kept: dict[Strategy, ImportPreview]
) -> dict[Strategy, list[PlanRow]]:
    """Some rows of each plan."""
    return {
        variant.strategy: review_of.specimens(
            db.session(), run, variant, kept[variant.strategy]
        )
        for variant in offered
        if variant.strategy in kept
    }


@blueprint.get("/imports/<uuid:import_id>/preview")
@login_required
def preview(import_id: UUID) -> ResponseReturnValue:
    """The strategy cards as they are asked for, polled until every preview is there."""
    run = load_import(import_id)
    if run.state != State.READY:
        return elsewhere(step_url(run))

    return render_template(
        "partials/review_parts.html",
        **_cards(run),
    )


@blueprint.post("/imports/<uuid:import_id>/strategy")
@login_required
def choose_strategy(import_id: UUID) -> ResponseReturnValue:
    """Keep what is chosen for people who are known, without running it."""
    change_import(import_id)
    strategy = sent.form(queries.VariantQuery).duplicate_strategy
    if strategy is not None:
        commands.choose_strategy(import_id, strategy)
    if request.headers.get("HX-Request"):
        return "", 204

    return redirect(step_url(load_import(import_id)))


@blueprint.post("/imports/<uuid:import_id>/execute")
@login_required
def execute(import_id: UUID) -> ResponseReturnValue:
    change_import(import_id)
    try:
        commands.execute(import_id, sent.execution(import_id))
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _review_page(load_import(import_id), words))

    return redirect(url_for("runs.watch", import_id=import_id))
