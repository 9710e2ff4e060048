"""The JSON API: new rows of an import that look like contacts of the book."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from webapp.duplicates import possible_matches
from webapp.reports import possible_matches as shown
from webapp.vocabulary.refusals import Refusal
from webapp.web.access import checked_import
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db
from webapp.web.problems import BAD_CURSOR, at_fault


@blueprint.get("/imports/<uuid:import_id>/possible-matches")
@contract(
    "New rows that look like contacts",
    {200: Answer("A page; next is where to go on.", schemas.PossibleMatchList)},
    query=schemas.PossibleMatchesQuery,
    refuses=(404, 409, 422),
)
def list_possible_matches(
    import_id: UUID, query: schemas.PossibleMatchesQuery
) -> ResponseReturnValue:
    """Rows that become new contacts, each with the contact that it looks like most. A worker
    compares them with the book once the previews are there; `PUT …/rows/{row}/choice` with
    `contact_id` or `new` says whether it is this contact. For none of them an answer is needed.
    """
    run = checked_import(import_id)
    try:
        after = possible_matches.place_of(query.after) if query.after else possible_matches.TOP
    except Refusal:
        raise at_fault("after", *BAD_CURSOR) from None

    session = db.session()
    found = possible_matches.listed(session, run.id, after, query.limit + 1)
    page = found[: query.limit]
    counts = possible_matches.counts(session, run.id)
    standing = possible_matches.standing(session, run)

    return given(
        schemas.PossibleMatchList(
            items=[_of(card) for card in shown.cards(session, run.id, page)],
            next=page[-1].place.cursor if len(found) > query.limit else None,
            total=counts.rows,
            chosen=counts.settled,
            state=standing.state,
            rows_compared=standing.rows,
        )
    )


def _of(card: shown.Card) -> schemas.PossibleMatch:
    match = card.match
    return schemas.PossibleMatch(
        row=match.row,
        name=card.row.called or None,
        score=match.score,
        likelihood=match.likelihood,
        evidence=list(match.evidence),
        contact=representations.contact_of(card.contact),
        choice=representations.choice_of(match.choice) if match.choice else None,
    )
