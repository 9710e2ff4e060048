"""How a page answers a command that is refused, and which page shows where an import stands."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.limits import MOST_ADDRESSES
from webapp.models import ContactImport
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import within
from webapp.vocabulary.fields import label_of
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import State
from webapp.web.access import load_import
from webapp.web.problems import STATUS


def step_url(run: ContactImport) -> str:
    """The page of the step at which an import stands."""
    return url_for(State(run.state).page, import_id=run.id)


def elsewhere(url: str) -> ResponseReturnValue:
    """Lead to another page, also where htmx asked for a part of one."""
    return (
        ("", 200, {"HX-Redirect": url}) if request.headers.get("HX-Request") else redirect(url)
    )


def refused_on(refusal: Refusal, page: Callable[[str], str]) -> ResponseReturnValue:
    """The page on which it was asked, with the sentence.

    What only says that the import moved on is raised again.
    """
    if refusal.code == "wrong_state":
        raise refusal
    return page(refusal.sentence), STATUS[refusal.kind]


def instruction(problem: Mapping[str, Any]) -> str:
    """What to do about a value of a contact that cannot be kept."""
    named = {"field": within(label_of(problem["field"]))} if problem["field"] else {}
    facts = {"value": problem["value"], "most": MOST_ADDRESSES, **named}
    return messages.instruction(problem["code"], **facts)


def moved_on(refusal: Refusal) -> ResponseReturnValue | None:
    """The step at which the import stands, where that is the answer."""
    import_id = (request.view_args or {}).get("import_id")
    if refusal.code in {"wrong_state", "correction_under_way"} and isinstance(import_id, UUID):
        return elsewhere(step_url(load_import(import_id)))
    return None
