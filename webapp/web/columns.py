"""The second step: how the file is read, with a look at it before anything is kept, and which column is what."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp import jobs
from webapp.engine import mappings, mending, sessions, uploads
from webapp.intake import countries, encodings, mapping, sentences
from webapp.intake.reading import Unreadable
from webapp.limits import LOOKS_AT_ONCE, READS_PER_MINUTE
from webapp.models import ContactImport
from webapp.reports.wording import DELIMITERS
from webapp.vocabulary.fields import CUSTOM
from webapp.vocabulary.keys import KEYS
from webapp.vocabulary.states import State
from webapp.web import forms
from webapp.web.access import change_import, load_import, settings
from webapp.web.concurrency import ConcurrencyLimit
from webapp.web.extensions import db, limiter
from webapp.web.wizard import step_url

blueprint = Blueprint("columns", __name__)
OPEN = {State.UPLOADED, State.READY}
SHOWN_VALUES = 3  # of a column, beside its name
SHOWN_COLUMNS, SHOWN_ROWS = 12, 5  # of the decoded sample
SHOWN_CODE = 20  # characters of what was given as a country
_looks = ConcurrencyLimit(LOOKS_AT_ONCE, LOOKS_AT_ONCE)
TAB = "tab"  # A bare tab would not survive a form.


@blueprint.get("/imports/<uuid:import_id>/columns")
@login_required
def show(import_id: UUID) -> ResponseReturnValue:
    """The page; `saved` takes a mapping that has a name, `suggest` what the labels and values say."""
    found = load_import(import_id)
    if found.state not in OPEN:
        return redirect(step_url(found))
    suggested = mapping.suggest(found.columns, found.sample)
    if "suggest" in request.args:
        return _page(found, suggested)
    wanted = forms.number(request.args, "saved")
    chosen = wanted and mappings.applied(db.session(), current_user.id, wanted, found.columns, suggested)
    return _page(found, chosen or found.mapping or found.suggested_mapping, used=wanted if chosen else None)


def _page(found: ContactImport, chosen: list[Any], problem: str | None = None, used: int | None = None) -> str:
    before = found.head.get("mapped_before")
    return render_template(
        "imports/columns.html",
        found=found,
        chosen=chosen,
        samples=_samples(found),
        custom=CUSTOM,
        match_keys=KEYS,
        problem=problem,
        saved=mappings.saved(db.session(), current_user.id),
        used=used,
        # Only as long as those are the columns that stand there.
        before=datetime.fromisoformat(before) if before and chosen == found.suggested_mapping else None,
        corrected=mending.any_corrections(sessions.driver(db.session()), found.id),
        longest_name=mappings.LONGEST_NAME,
        familiar=encodings.FAMILIAR,
        others=encodings.others(),
        delimiters=DELIMITERS,
        **_table(found.columns, found.sample),
    )


def _samples(found: ContactImport) -> list[list[str]]:
    return [
        [row[index] for row in found.sample if index < len(row) and row[index].strip()][:SHOWN_VALUES]
        for index in range(len(found.columns))
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
    found = change_import(import_id)
    chosen = [request.form.get(f"column-{index}") or None for index in range(len(found.columns))]
    country = request.form.get("default_country", "").strip().upper()
    if country and country not in countries.CODES:
        return _page(found, chosen, sentences.whole("unknown_country", country=country[:SHOWN_CODE])), 422
    try:
        name = _name()
        asked = _mapping(chosen, country)
        sessions.map_columns(db.session(), import_id, chosen, **asked.model_dump(exclude={"mapping"}))
    except forms.Mistake as mistake:
        return _page(found, chosen, mistake.sentence), 422
    except mapping.BadMapping as refusal:
        db.session.rollback()
        return _page(found, chosen, sentences.whole(refusal.code, **refusal.facts)), 422
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    if name:
        mappings.save(db.session(), current_user.id, name, found.columns, chosen)
    db.session.commit()
    jobs.wake(import_id, settings())
    return redirect(url_for("wizard.checking", import_id=import_id))


def _mapping(chosen: list[str | None], country: str) -> forms.MappingRequest:
    """What the form says of the columns. Raises forms.Mistake."""
    values: dict[str, Any] = {
        "mapping": chosen,
        "default_country": country or None,
        "clear_token": request.form.get("clear_token", "").strip() or None,
        "date_order": request.form.get("date_order") or None,
    }
    if keys := request.form.getlist("match_keys"):
        values["match_keys"] = keys
    return forms.command(forms.MappingRequest, values)


def _name() -> str:
    """The name under which the mapping is to be kept, "" for none. Raises forms.Mistake."""
    return " ".join(forms.line(request.form, "save_as", mappings.LONGEST_NAME, "a name").split())


@blueprint.post("/imports/<uuid:import_id>/columns/forget")
@login_required
def forget(import_id: UUID) -> ResponseReturnValue:
    """Delete a saved mapping of this person's."""
    change_import(import_id)
    mappings.forget(db.session(), current_user.id, forms.number(request.form, "saved"))
    db.session.commit()
    return redirect(url_for("columns.show", import_id=import_id))


@blueprint.get("/imports/<uuid:import_id>/reading")
@login_required
def look(import_id: UUID) -> ResponseReturnValue:
    """How the file would look, read with these choices; nothing is kept."""
    found = load_import(import_id)
    if found.state not in OPEN:
        return "", 200, {"HX-Redirect": step_url(found)}
    try:
        with _reading():
            head = uploads.look(db.session(), found, settings(), **_choices(request.args))
    except Unreadable as refusal:
        return render_template("partials/sample.html", refusal=refusal.sentence)
    except forms.Mistake as mistake:
        return render_template("partials/sample.html", refusal=mistake.sentence), 422
    return render_template("partials/sample.html", **_table(head.columns, head.sample))


@blueprint.post("/imports/<uuid:import_id>/reading")
@login_required
def reread(import_id: UUID) -> ResponseReturnValue:
    """Read the file with these choices from now on."""
    found = change_import(import_id)
    try:
        with _reading():
            uploads.reread(db.session(), import_id, settings(), **_choices(request.form))
    except (Unreadable, forms.Mistake) as refusal:
        db.session.rollback()
        return _page(found, found.suggested_mapping, refusal.sentence), 422
    except sessions.WrongState:
        db.session.rollback()
        return redirect(step_url(load_import(import_id)))
    db.session.commit()
    return redirect(url_for("columns.show", import_id=import_id))


@contextmanager
def _reading() -> Iterator[None]:
    """Reading a file costs processor time, for which everybody waits: 429 for one who asks for much of it."""
    per_minute = f"{READS_PER_MINUTE}/minute"
    with limiter.limit(per_minute, key_func=lambda: str(current_user.id)), _looks.place(current_user.id):
        yield


def _choices(given: Mapping[str, str]) -> dict[str, Any]:
    """How the file is to be read, as `uploads.look` takes it. Raises forms.Mistake."""
    values = {name: given.get(name) or None for name in ("encoding", "delimiter", "sheet", "header_row")}
    if values["delimiter"] == TAB:
        values["delimiter"] = "\t"
    return forms.command(forms.UploadForm, values).model_dump(exclude={"default_country"})
