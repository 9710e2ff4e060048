"""The JSON API: what an execution would do, row by row, before anything is written."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from webapp.deciding import plan
from webapp.models import ImportPreview
from webapp.web import commands, downloads
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint, session_answer
from webapp.web.extensions import db


@blueprint.get("/imports/<uuid:import_id>/plan.csv")
@contract(
    "What the execution would do, row by row",
    {
        200: Answer(
            "UTF-8 with a byte order mark; the SHA-256 of these bytes is the plan's digest.",
            media_type="text/csv",
            headers=("ETag",),
        ),
        202: Answer(
            "Still being computed: ask again.", schemas.ImportSession, headers=("Retry-After",)
        ),
        304: Answer("It is the plan that you have.", media_type="", headers=("ETag",)),
    },
    query=schemas.VariantQuery,
    headers={"If-None-Match": "The ETag of the plan that you have."},
    refuses=(404, 409),
)
def plan_csv(import_id: UUID, query: schemas.VariantQuery) -> ResponseReturnValue:
    """Columns: row, outcome, contact_id, code, joins_row, changed; the options stand behind them in
    the first line. A contact that does not exist yet has no number: joins_row names the row that
    makes it. `changed` names fields, with | between them.

    A 409 with the code preview_given_up says that there will be none.
    """
    variant = query.variant()
    kept = commands.awaited_preview(import_id, variant)
    if kept is None:
        return session_answer(import_id, 202, Retry_After="1")

    return downloads.plan_csv(import_id, variant, kept.plan_digest)


@blueprint.get("/imports/<uuid:import_id>/plan")
@contract(
    "The same as JSON, a page at a time",
    {
        200: Answer("A page; next is the row to go on after.", schemas.Plan),
        202: Answer("Still being computed.", schemas.Plan, headers=("Retry-After",)),
    },
    query=schemas.PlanQuery,
    refuses=(404, 409),
)
def read_plan(import_id: UUID, query: schemas.PlanQuery) -> ResponseReturnValue:
    """Ask again while the answer is 202, as for the preview."""
    kept = commands.awaited_preview(import_id, query.variant())
    if kept is None:
        return given(
            schemas.Plan(**dict.fromkeys(schemas.Plan.model_fields)), 202, Retry_After="1"
        )

    return given(_page(kept, query))


def _page(kept: ImportPreview, query: schemas.PlanQuery) -> schemas.Plan:
    found = plan.lines(
        db.session(),
        kept.import_id,
        query.variant(),
        after=query.after,
        limit=query.limit + 1,
        outcome=query.outcome,
    )
    shown = found[: query.limit]

    return schemas.Plan(
        digest=kept.plan_digest,
        outcomes=schemas.Outcomes(**kept.outcomes),
        contacts_changed=plan.contacts_changed(db.session(), kept.import_id, query.variant()),
        items=[representations.plan_row_of(line) for line in shown],
        next=str(shown[-1].row) if len(found) > query.limit else None,
    )
