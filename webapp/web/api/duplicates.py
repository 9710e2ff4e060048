"""The JSON API: contacts that may be one person, and what is answered about them."""

from dataclasses import asdict

from flask import Response
from flask.typing import ResponseReturnValue

from webapp.duplicates import pairs, searches
from webapp.reports import conflicts
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands, forms
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db
from webapp.web.problems import BAD_CURSOR, at_fault


@blueprint.get("/duplicates")
@contract(
    "Contacts that may be one person",
    {200: Answer("A page; next is where to go on.", schemas.DuplicateList)},
    query=schemas.DuplicatesQuery,
    refuses=(422,),
)
def list_duplicates(query: schemas.DuplicatesQuery) -> ResponseReturnValue:
    """As the last search found them. A pair of which a contact was changed since is
    judged again.
    """
    try:
        after = pairs.place_of(query.after) if query.after else pairs.TOP
    except Refusal:
        raise at_fault("after", *BAD_CURSOR) from None

    session = db.session()
    found = pairs.listed(session, after, query.limit + 1)
    session.commit()
    page = found[: query.limit]
    people = conflicts.contacts(
        session, (number for pair in page for number in (pair.contact_id, pair.other_id))
    )
    items = [
        schemas.DuplicatePair(
            **asdict(pair),
            likelihood=pair.likelihood,
            contacts=[
                representations.contact_of(people[number])
                for number in (pair.contact_id, pair.other_id)
            ],
        )
        for pair in page
        if {pair.contact_id, pair.other_id} <= people.keys()  # else deleted at this moment
    ]
    newest = searches.latest(session)

    return given(
        schemas.DuplicateList(
            items=items,
            next=page[-1].place.cursor if len(found) > query.limit else None,
            total=pairs.count(session),
            search=_of(newest) if newest else None,
        )
    )


@blueprint.post("/duplicates/answers")
@contract(
    "Say whether two contacts are one person",
    {204: Answer("It is kept.", media_type="")},
    body=forms.PairAnswer,
    refuses=(400, 403, 404, 413, 415, 422),
)
def answer_duplicate(body: forms.PairAnswer) -> ResponseReturnValue:
    """Of a pair that a search found; `not_the_same` is remembered also after the next one."""
    commands.answer_pair(body)
    return Response(status=204)


@blueprint.post("/duplicates/find")
@contract(
    "Search the book for possible duplicates",
    {202: Answer("The search, which a worker does.", schemas.DuplicateSearch)},
    refuses=(403,),
)
def find_duplicates() -> ResponseReturnValue:
    """Where one waits or runs, it is the one. `GET /api/duplicates` says how far it is."""
    return given(_of(commands.find_duplicates()), 202)


@blueprint.post("/duplicates/cancel")
@contract(
    "End the search for possible duplicates",
    {204: Answer("None waits or runs.", media_type="")},
    refuses=(403,),
)
def cancel_duplicates() -> ResponseReturnValue:
    """The pairs that were found before stay."""
    commands.cancel_duplicates()
    return Response(status=204)


def _of(run: searches.SearchRun) -> schemas.DuplicateSearch:
    return schemas.DuplicateSearch(**asdict(run))
