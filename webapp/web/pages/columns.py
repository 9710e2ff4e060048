"""The second step: how the file is read, with a look at it before anything is kept, and which
column is what.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select

from webapp.checking import constants
from webapp.checking.profiles import Profile
from webapp.db import driver
from webapp.imports import mappings, uploads
from webapp.limits import LOOKS_AT_ONCE, READS_PER_MINUTE
from webapp.models import Contact, ContactImport
from webapp.reading import encodings, plain_lists, spoilt
from webapp.reports import column_cards
from webapp.reports.wording import (
    DELIMITERS,
    REPAIRS,
    RULES,
    RULES_OF_ADDRESSES,
    RULES_OF_TAGS,
)
from webapp.staging import judging
from webapp.vocabulary.country_names import COUNTRIES
from webapp.vocabulary.fields import CUSTOM, LONGEST_CUSTOM_LABEL, LONGEST_CUSTOM_VALUE
from webapp.vocabulary.keys import KEYS
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State
from webapp.web import commands
from webapp.web.access import change_import, load_import, settings
from webapp.web.answers import refused_on, step_url
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db, limiter
from webapp.web.forms import columns as columns_form
from webapp.web.forms import queries, sent
from webapp.web.forms.columns import ColumnsForm

blueprint = Blueprint("columns", __name__)
OPEN = {State.UPLOADED, State.READY}
SHOWN_COLUMNS, SHOWN_ROWS = 12, 5  # of the decoded sample
LEAST_LINES, SPARE_LINES = 3, 2  # for values of all rows: at least, and beyond those filled
MOST_LABELS = 200  # of custom fields that the search of fields offers
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

    asked = sent.query(queries.ColumnsQuery)
    problem = None
    if asked.suggest:
        return _page(run, _suggested(run))
    if asked.saved:
        form = _saved(run, asked.saved)
        if form:
            return _page(run, form)
        problem = Refusal("mapping_unknown").sentence

    return _page(run, _standing(run), problem)


def _suggested(run: ContactImport) -> ColumnsForm:
    """What the labels and the values say."""
    targets = mappings.suggested(db.session(), run.columns, run.sample)
    return _with_guesses(run, columns_form.of_import(run, targets, {}))


def _saved(run: ContactImport, number: int) -> ColumnsForm | None:
    """What a mapping says that is kept under a name; None where it is gone."""
    suggested = mappings.suggested(db.session(), run.columns, run.sample)
    kept = mappings.applied(db.session(), current_user.id, number, run.columns, suggested)
    if kept is None:
        return None
    form = columns_form.of_import(run, kept.targets, kept.choices, kept.saved)
    return _with_guesses(run, form)


def _standing(run: ContactImport) -> ColumnsForm:
    """The form as it was left; else as it was given; else as it was the last time, or is
    suggested.
    """
    if run.draft:
        return columns_form.of_draft(run.draft, len(run.columns))
    if run.mapping:
        return columns_form.of_import(
            run, run.mapping, mappings.choices_kept(run)
        ).answered_all()

    before = run.head.get("choices_before", {})
    form = columns_form.of_import(
        run, run.suggested_mapping, before, run.head.get("saved_before")
    )
    return _with_guesses(run, form)


def _with_guesses(run: ContactImport, form: ColumnsForm) -> ColumnsForm:
    """The form with what the file's evidence speaks for, until a person says it."""
    found = column_cards.guessed(run.columns, uploads.profile_of(run), form.targets)
    return form.with_guesses(found)


def _page(run: ContactImport, form: ColumnsForm, problem: str | None = None) -> str:
    session = db.session()
    given = form.constants

    return render_template(
        "imports/columns.html",
        problem=problem,
        seen=form.get("seen") or columns_form.mark_of(run),
        sheets=uploads.sheets_of(run),
        saved=mappings.saved(session, current_user.id),
        used=_name_of(form.used),
        corrected=judging.any_corrections(driver(session), run.id),
        given=given,
        blank_lines=max(LEAST_LINES - len(given), SPARE_LINES),
        offered=constants.OFFERED,
        longest_name=mappings.LONGEST_NAME,
        longest_value=LONGEST_CUSTOM_VALUE,
        longest_label=LONGEST_CUSTOM_LABEL,
        match_keys=KEYS,
        address_rules=RULES_OF_ADDRESSES,
        familiar=encodings.FAMILIAR,
        others=encodings.OTHERS,
        delimiters=DELIMITERS,
        unparted=plain_lists.is_one(tuple(run.head.get("layout", ()))),
        repairing=REPAIRS,
        repaired=_repaired(run),
        **_shown(run, form),
        **_before(run, form),
        **_table(run.columns, run.sample),
    )


def _shown(run: ContactImport, form: ColumnsForm) -> dict[str, Any]:
    """What the cards are made of, on the page and where a part of it is shown anew."""
    profile = uploads.profile_of(run)
    known = mappings.known_labels(db.session())
    cards = column_cards.Cards(run.columns, profile, form.chosen(), known).all()
    kinds = {asked.kind for card in cards for asked in card.asked}

    return {
        "found": run,
        "form": form,
        "profile": profile,
        "cards": cards,
        "kinds": kinds,
        "custom": CUSTOM,
        "own_labels": known[:MOST_LABELS],
        "rows_of_file": _rows_of(run, profile),
        "has_book": _has_book(),
        "column_rules": RULES,
        "tag_rules": RULES_OF_TAGS,
        "countries": COUNTRIES,
        "dialled": column_cards.dialled,
        "names_people": column_cards.names_people(form.targets),
    }


def _before(run: ContactImport, form: ColumnsForm) -> dict[str, Any]:
    """When the person gave these columns last, as long as those are the ones that stand there."""
    before = run.head.get("mapped_before")
    stands = before and not form.used and form.targets == run.suggested_mapping
    return {"before": datetime.fromisoformat(before) if before and stands else None}


def _name_of(number: int) -> mappings.Saved | None:
    """The saved mapping that the columns come from, if it is still there."""
    try:
        return mappings.one_saved(db.session(), current_user.id, number) if number else None
    except Refusal:
        return None


def _rows_of(run: ContactImport, profile: Profile) -> int | None:
    """How many rows the file has, where that is known before the check."""
    if profile.is_whole:
        return profile.rows
    return next(
        (sheet.rows for sheet in uploads.sheets_of(run) if sheet.name == run.sheet), None
    )


def _has_book() -> bool:
    """Whether there are contacts that a column could change."""
    return db.session().scalar(select(Contact.id).limit(1)) is not None


def _repaired(run: ContactImport) -> str:
    """Which of REPAIRS holds; "" where nothing of the file is spoilt."""
    layout = run.head.get("layout", ())
    if spoilt.MISREAD in layout:
        return "true"
    if spoilt.ENTITIES in layout or spoilt.TAGS in layout:
        return "html"
    return "false" if run.head.get("is_spoilt") else ""


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
    form = sent.columns(len(run.columns))

    try:
        _refuse_other_tab(run, form)
        commands.map_columns(
            import_id,
            sent.mapping(form),
            form.name(),
            shared=form.has("shared"),
            used=form.used,
        )
    except Refusal as refusal:
        return refused_on(
            refusal, lambda words: _page(load_import(import_id), form.answering_none(), words)
        )

    return redirect(url_for("wizard.checking", import_id=import_id))


def _refuse_other_tab(run: ContactImport, form: ColumnsForm) -> None:
    """The columns were checked in another tab since this page was shown: the person says which
    stand.
    """
    if form.has("seen") and form.get("seen") != columns_form.mark_of(run):
        raise Refusal("columns_chosen_elsewhere")


@blueprint.post("/imports/<uuid:import_id>/columns/draft")
@login_required
def draft(import_id: UUID) -> ResponseReturnValue:
    """Keep the form as it stands, before it is sent; the answer shows what changed by it."""
    run = change_import(import_id)
    before = _shown(run, _standing(run))["cards"]
    form = sent.columns(len(run.columns)).pressed()
    commands.keep_draft(import_id, form.draft())

    if not request.headers.get("HX-Request"):
        return redirect(url_for("columns.show", import_id=import_id))

    shown = _shown(load_import(import_id), form)
    changed = [card for card, old in zip(shown["cards"], before, strict=True) if card != old]
    return render_template(
        "partials/columns_changed.html",
        changed=changed,
        is_pressed=sent.columns(0).has_pressed,
        **shown,
    )


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
        return refused_on(refusal, lambda words: _page(run, _standing(run), words))

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
