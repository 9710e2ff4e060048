"""The second step: how the file is read, with a look at it before anything is kept, and which
column is what.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.checking.blanks import NAMED, usual_word
from webapp.db import driver
from webapp.imports import mappings, uploads
from webapp.limits import LOOKS_AT_ONCE, READS_PER_MINUTE
from webapp.models import ContactImport
from webapp.reading import encodings, plain_lists, spoilt
from webapp.reports.wording import DELIMITERS, REPAIRS
from webapp.staging import judging
from webapp.vocabulary.blank_words import BLANK_WORDS
from webapp.vocabulary.fields import CUSTOM
from webapp.vocabulary.keys import KEYS
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State
from webapp.web import commands
from webapp.web.access import change_import, load_import, settings
from webapp.web.answers import refused_on, step_url
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db, limiter
from webapp.web.forms import queries, sent

blueprint = Blueprint("columns", __name__)
OPEN = {State.UPLOADED, State.READY}
SHOWN_VALUES = 3  # of a column, beside its name
SHOWN_COLUMNS, SHOWN_ROWS = 12, 5  # of the decoded sample
_looks = ConcurrencyLimit(LOOKS_AT_ONCE, LOOKS_AT_ONCE)


@blueprint.get("/imports/<uuid:import_id>/columns")
@login_required
def show(import_id: UUID) -> ResponseReturnValue:
    """The page; `saved` takes a mapping that has a name, `suggest` what the labels and values
    say.
    """
    run = load_import(import_id)
    if run.state not in OPEN:
        return redirect(step_url(run))

    suggested = mappings.suggested(db.session(), run.columns, run.sample)
    asked = sent.query(queries.ColumnsQuery)
    if asked.suggest:
        return _page(run, suggested)

    wanted = asked.saved
    chosen = wanted and mappings.applied(
        db.session(), current_user.id, wanted, run.columns, suggested
    )

    return _page(
        run,
        chosen or run.mapping or run.suggested_mapping,
        used=wanted if chosen else None,
    )


def _page(
    run: ContactImport,
    chosen: list[Any],
    problem: str | None = None,
    used: int | None = None,
) -> str:
    before = run.head.get("mapped_before")

    return render_template(
        "imports/columns.html",
        found=run,
        sheets=uploads.sheets_of(run),
        chosen=chosen,
        samples=_samples(run),
        words=[
            usual_word(row[index] for row in run.sample if index < len(row))
            for index in range(len(run.columns))
        ],
        more_words=[word for word in run.blank_words or [] if word not in BLANK_WORDS],
        custom=CUSTOM,
        named=NAMED,
        match_keys=KEYS,
        problem=problem,
        saved=mappings.saved(db.session(), current_user.id),
        used=used,
        # Only as long as those are the columns that stand there.
        before=datetime.fromisoformat(before)
        if before and chosen == run.suggested_mapping
        else None,
        corrected=judging.any_corrections(driver(db.session()), run.id),
        longest_name=mappings.LONGEST_NAME,
        familiar=encodings.FAMILIAR,
        others=encodings.others(),
        delimiters=DELIMITERS,
        unparted=plain_lists.is_one(tuple(run.head.get("layout", ()))),
        repairing=REPAIRS,
        repaired=_repaired(run),
        **_table(run.columns, run.sample),
    )


def _repaired(run: ContactImport) -> str:
    """Which of REPAIRS holds; "" where nothing of the file is spoilt."""
    layout = run.head.get("layout", ())
    if spoilt.MISREAD in layout:
        return "true"
    if spoilt.ENTITIES in layout or spoilt.TAGS in layout:
        return "html"
    return "false" if run.head.get("is_spoilt") else ""


def _samples(run: ContactImport) -> list[list[str]]:
    return [
        [row[index] for row in run.sample if index < len(row) and row[index].strip()][
            :SHOWN_VALUES
        ]
        for index in range(len(run.columns))
    ]


def _table(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The corner of the file that is shown as a table."""
    width = min(len(columns), SHOWN_COLUMNS)
    rows = [[*row[:width], *[""] * (width - len(row))] for row in sample[:SHOWN_ROWS]]
    return {"labels": columns[:width], "rows": rows, "more": len(columns) - width}


@blueprint.post("/imports/<uuid:import_id>/columns")
@login_required
def choose(import_id: UUID) -> ResponseReturnValue:
    """Take the columns, keep them under a name where one is given, and start the check."""
    run = change_import(import_id)
    width = len(run.columns)

    try:
        asked, name = sent.mapping(width)
        commands.map_columns(import_id, asked, name)
    except Refusal as refusal:
        return refused_on(
            refusal,
            lambda words: _page(load_import(import_id), sent.chosen_targets(width), words),
        )

    return redirect(url_for("wizard.checking", import_id=import_id))


@blueprint.post("/imports/<uuid:import_id>/columns/forget")
@login_required
def forget(import_id: UUID) -> ResponseReturnValue:
    """Delete a saved mapping of this person's."""
    commands.forget_mapping(import_id, sent.form(queries.SavedForm).saved)
    return redirect(url_for("columns.show", import_id=import_id))


@blueprint.get("/imports/<uuid:import_id>/reading")
@login_required
def look(import_id: UUID) -> ResponseReturnValue:
    """How the file would look, read with these choices; nothing is kept."""
    run = load_import(import_id)
    if run.state not in OPEN:
        return "", 200, {"HX-Redirect": step_url(run)}

    try:
        how = sent.how_to_read().model_dump(exclude={"default_country", "text"})
        with _reading():
            head = uploads.look(db.session(), run, settings(), **how)
    except Refusal as refusal:
        # The file itself, read in a way that does not fit it, is an answer to the question; htmx
        # shows no other.
        status = 422 if refusal.code.startswith("bad_") else 200
        return render_template("partials/sample.html", refusal=refusal.sentence), status

    return render_template("partials/sample.html", **_table(head.columns, head.sample))


@blueprint.post("/imports/<uuid:import_id>/reading")
@login_required
def reread(import_id: UUID) -> ResponseReturnValue:
    """Read the file with these choices from now on."""
    change_import(import_id)
    try:
        how = sent.how_to_read()
        with _reading():
            commands.read_again(import_id, how)
    except Refusal as refusal:
        run = load_import(import_id)
        return refused_on(refusal, lambda words: _page(run, run.suggested_mapping, words))

    return redirect(url_for("columns.show", import_id=import_id))


@contextmanager
def _reading() -> Iterator[None]:
    """Reading a file costs processor time, for which everybody waits: 429 for one who asks for
    much of it.
    """
    per_minute = f"{READS_PER_MINUTE}/minute"
    with (
        limiter.limit(per_minute, key_func=lambda: str(current_user.id)),
        _looks.place(current_user.id),
    ):
        yield
