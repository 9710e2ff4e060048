"""Contacts that may be one person: a pair at a time side by side, the most certain first."""

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from webapp.duplicates import pairs, searches
from webapp.duplicates.pairs import FoundPair
from webapp.reports import duplicates
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands, forms
from webapp.web.access import retention_days
from webapp.web.answers import refused_on
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.pages import changes

blueprint = Blueprint("duplicates", __name__)
A_PAGE = 25
BEHIND = 5  # pairs that come next, told under the one at hand
Numbers = tuple[int, int]


def open_pairs() -> int:
    """How many pairs are open, for the navigation; asked once a request."""
    if "open_pairs" not in g:
        g.open_pairs = pairs.count(db.session())
    return int(g.open_pairs)


@blueprint.app_context_processor
def for_navigation() -> dict[str, Any]:
    """What the top of every page asks."""
    return {"open_pairs": open_pairs}


@blueprint.get("/duplicates")
@login_required
def index() -> ResponseReturnValue:
    """The first pair, or, behind a place, a page of the list of them."""
    asked = sent.query(queries.DuplicatesQuery)
    if asked.after:
        return _list(asked)

    found = _listed(pairs.TOP, 1 + BEHIND)
    return _compare(found, asked) if found else _empty(asked)


@blueprint.get("/duplicates/<int:contact_id>/<int:other_id>")
@login_required
def show(contact_id: int, other_id: int) -> ResponseReturnValue:
    asked = sent.query(queries.DuplicatesQuery)
    found = _one(contact_id, other_id)
    if found is None:
        return redirect(url_for("duplicates.index"))

    return _compare([found, *_listed(found.place, BEHIND)], asked)


@blueprint.post("/duplicates/<int:contact_id>/<int:other_id>")
@login_required
def answer(contact_id: int, other_id: int) -> ResponseReturnValue:
    """What the pressed button says, and then the next pair; a blank one takes back what
    was said.
    """
    asked = sent.form(queries.PairForm)
    found = _one(contact_id, other_id)
    following = _listed(found.place, 1) if found else []

    try:
        said = _settled(contact_id, other_id, asked)
    except Refusal as refusal:
        return refused_on(refusal, lambda words: _refused(contact_id, other_id, words))

    if asked.answer is None:
        return redirect(_address(contact_id, other_id))
    if following:
        return redirect(_address(following[0].contact_id, following[0].other_id, **said))

    return redirect(url_for("duplicates.index", **said))


def _settled(contact_id: int, other_id: int, asked: queries.PairForm) -> dict[str, Any]:
    """Do what was asked; what the next page has to say of it, as parameters."""
    if asked.answer == "merge":
        done = commands.merge_contacts(contact_id, sent.pair_merge(other_id, asked))
        return {"merged": done.change_id}

    said = {"contact_id": contact_id, "other_id": other_id, "answer": asked.answer}
    commands.answer_pair(sent.made(forms.PairAnswer, said))
    return {"answered": f"{contact_id}.{other_id}"}


def _address(contact_id: int, other_id: int, **said: Any) -> str:
    return url_for("duplicates.show", contact_id=contact_id, other_id=other_id, **said)


@blueprint.post("/duplicates/find")
@login_required
def find() -> ResponseReturnValue:
    commands.find_duplicates()
    return redirect(url_for("duplicates.index"))


@blueprint.post("/duplicates/cancel")
@login_required
def cancel() -> ResponseReturnValue:
    commands.cancel_duplicates()
    return redirect(url_for("duplicates.index"))


@blueprint.get("/duplicates/search")
@login_required
def search() -> ResponseReturnValue:
    """How far the search is, for the page to show; at its end the page itself."""
    newest = searches.latest(db.session())
    if newest is None or not newest.is_open:
        return "", 200, {"HX-Refresh": "true"}
    return render_template("duplicates/search.html", newest=newest, may=_may())


def _one(contact_id: int, other_id: int) -> FoundPair | None:
    if not 0 < contact_id < other_id <= forms.LARGEST_CURSOR:
        abort(404)
    found = pairs.one(db.session(), contact_id, other_id)
    db.session.commit()
    return found


def _listed(after: pairs.Place, limit: int) -> list[FoundPair]:
    found = pairs.listed(db.session(), after, limit)
    db.session.commit()
    return found


def _compare(
    found: list[FoundPair], asked: queries.DuplicatesQuery, problem: str | None = None
) -> str:
    """The first of these pairs side by side, and which come next."""
    cards = duplicates.cards(db.session(), found)
    if not cards:
        return _empty(asked)

    here = cards[0].pair
    before, previous = pairs.before(db.session(), here.place)
    return render_template(
        "duplicates/pair.html",
        **_facts(asked),
        card=cards[0],
        next_cards=cards[1:],
        place=before + 1,
        previous=previous,
        problem=problem,
    )


def _list(asked: queries.DuplicatesQuery) -> str:
    found = _listed(pairs.place_of(asked.after), A_PAGE + 1)
    return render_template(
        "duplicates/list.html",
        **_facts(asked),
        cards=duplicates.cards(db.session(), found[:A_PAGE]),
        next_after=found[A_PAGE - 1].place.cursor if len(found) > A_PAGE else None,
    )


def _empty(asked: queries.DuplicatesQuery, problem: str | None = None) -> str:
    return render_template("duplicates/none.html", **_facts(asked), problem=problem)


def _refused(contact_id: int, other_id: int, words: str) -> str:
    """The pair as it is now, or else the first one, with why nothing was done."""
    here = _one(contact_id, other_id)
    place = here.place if here else pairs.TOP
    found = [*([here] if here else []), *_listed(place, 1 + BEHIND)]
    asked = queries.DuplicatesQuery()
    return _compare(found, asked, words) if found else _empty(asked, words)


def _facts(asked: queries.DuplicatesQuery) -> dict[str, Any]:
    return {
        "levels": pairs.levels(db.session()),
        "newest": searches.latest(db.session()),
        "done": _answered(asked.answered),
        "merged": changes.known(asked.merged),
        "days": retention_days(),
        "may": _may(),
    }


def _answered(numbers: str) -> duplicates.Card | None:
    """The pair that was answered just now."""
    one, _, other = numbers.partition(".")
    if not one or not other:
        return None

    found = pairs.one(db.session(), int(one), int(other))
    cards = duplicates.cards(db.session(), [found] if found and found.answer else [])
    return cards[0] if cards else None


def _may() -> bool:
    return bool(current_user.role != "viewer")
