"""The new rows that look like contacts of the book: side by side, each with its two answers."""

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.duplicates import possible_matches
from webapp.models import ContactImport
from webapp.reports import possible_matches as shown
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State
from webapp.web import commands
from webapp.web.access import change_import, load_import, may_change
from webapp.web.answers import elsewhere, refused_on, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("possible_matches", __name__)
A_PAGE = 25
FIRST = 3  # that the review itself shows


@blueprint.get("/imports/<uuid:import_id>/possible-matches")
@login_required
def show(import_id: UUID) -> ResponseReturnValue:
    """A page of them: those without an answer first, the most certain before the others."""
    run = load_import(import_id)
    if run.state != State.READY:
        return redirect(step_url(run))
    return _page(run, sent.query(queries.MatchesQuery).after)


@blueprint.get("/imports/<uuid:import_id>/possible-matches/first")
@login_required
def first(import_id: UUID) -> ResponseReturnValue:
    """The part of the review, polled until the search has told."""
    run = load_import(import_id)
    if run.state != State.READY:
        return elsewhere(step_url(run))
    return render_template("partials/possible_matches.html", found=run, **part(run))


@blueprint.post("/imports/<uuid:import_id>/possible-matches/<int:row>")
@login_required
def choose(import_id: UUID, row: int) -> ResponseReturnValue:
    """What the pressed button says of the row; a blank one takes back what was said."""
    run = change_import(import_id)
    if run.state != State.READY:
        return redirect(step_url(run))
    asked = sent.form(queries.MatchForm)
    seen = sent.seen(asked)

    try:
        if asked.choice:
            commands.choose(import_id, row, sent.choice(asked), seen=seen)
        else:
            commands.take_back_choice(import_id, row, seen=seen)
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _page(load_import(import_id), "", words))

    if asked.back == "review":
        return redirect(
            url_for("wizard.review", import_id=import_id, _anchor="possible-matches")
        )
    return redirect(url_for("possible_matches.show", import_id=import_id))


def part(run: ContactImport) -> dict[str, Any]:
    """What the review shows of them: how many there are, and the first."""
    standing = possible_matches.standing(db.session(), run)
    counts = possible_matches.counts(db.session(), run.id)
    found = _listed(run, possible_matches.TOP, FIRST) if counts.left else []
    return {
        "matches": [card for card in _cards(run, found) if card.match.choice is None],
        "match_counts": counts,
        "match_search": standing,
    }


def _page(run: ContactImport, after: str, problem: str | None = None) -> str:
    place = possible_matches.place_of(after) if after else possible_matches.TOP
    found = _listed(run, place, A_PAGE + 1)
    return render_template(
        "imports/possible_matches.html",
        found=run,
        cards=_cards(run, found[:A_PAGE]),
        counts=possible_matches.counts(db.session(), run.id),
        standing=possible_matches.standing(db.session(), run),
        next_after=found[A_PAGE - 1].place.cursor if len(found) > A_PAGE else None,
        may=may_change(run) and not run.correcting,
        problem=problem,
    )


def _listed(
    run: ContactImport, after: possible_matches.Place, limit: int
) -> list[possible_matches.PossibleMatch]:
    return possible_matches.listed(db.session(), run.id, after, limit)


def _cards(
    run: ContactImport, found: list[possible_matches.PossibleMatch]
) -> list[shown.Card]:
    return shown.cards(db.session(), run.id, found)
