"""The plan on a page: every row as it would be."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.deciding import plan
from webapp.deciding import preview as previews
from webapp.models import ContactImport
from webapp.reports import review as review_of
from webapp.reports.plan_rows import plan_rows
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.vocabulary.states import PREVIEWED, State
from webapp.vocabulary.strategies import Strategy, Variant
from webapp.web import commands, downloads
from webapp.web.access import checked_import, load_import
from webapp.web.answers import elsewhere, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent

blueprint = Blueprint("plans", __name__)
ROWS_A_PAGE = 50


@blueprint.get("/imports/<uuid:import_id>/plan")
@login_required
def show(import_id: UUID) -> ResponseReturnValue:
    """Some rows of the plan of a variant, by outcome, from a row on."""
    run = checked_import(import_id)
    asked = sent.query(queries.PlanQuery)
    if asked.outcome and asked.outcome not in STORED_OUTCOMES:
        abort(404)

    variant = _variant(run, asked)
    kept = commands.preview(import_id, variant)
    lines = plan.lines(
        db.session(),
        import_id,
        variant,
        after=asked.row - 1 if asked.row else asked.after,
        limit=ROWS_A_PAGE + 1,
        outcome=asked.outcome,
        known=asked.known,
    )

    return render_template(
        "imports/plan.html",
        found=run,
        kept=kept,
        coming=kept is None and _will_come(run),
        variant=variant,
        asked=asked,
        rows=plan_rows(db.session(), import_id, lines[:ROWS_A_PAGE], variant.strategy),
        more=len(lines) > ROWS_A_PAGE,
        of_variant=asked.of_variant(variant),
        met=any(kept.outcomes.get(one, 0) for one in STORED_OUTCOMES if one.duplicate)
        if kept
        else False,
        outcomes=[one for one in STORED_OUTCOMES if kept and kept.outcomes.get(one)],
    )


@blueprint.get("/imports/<uuid:import_id>/plan/part")
@login_required
def part(import_id: UUID) -> ResponseReturnValue:
    """The rows that the review shows of the plan of a variant, of one outcome or of as many as
    there are.
    """
    run = checked_import(import_id)
    asked = sent.query(queries.PlanQuery)
    variant = _variant(run, asked)
    kept = commands.preview(import_id, variant)
    if kept is None or (asked.outcome and not kept.outcomes.get(asked.outcome)):
        return elsewhere(step_url(run))

    return render_template(
        "partials/plan_part.html",
        found=run,
        kept=kept,
        strategy=variant.strategy,
        variant=asked.of_variant(variant),
        one=Outcome(asked.outcome) if asked.outcome else None,
        outcomes=STORED_OUTCOMES,
        rows=review_of.specimens(
            db.session(), run, variant, kept, Outcome(asked.outcome) if asked.outcome else None
        ),
    )


@blueprint.get("/imports/<uuid:import_id>/plan.csv")
@login_required
def download(import_id: UUID) -> ResponseReturnValue:
    asked = sent.query(queries.PlanQuery)
    variant = _variant(load_import(import_id), asked)
    kept = commands.preview(import_id, variant)
    if kept is None:
        chosen: dict[str, Any] = asked.of_variant(variant)
        return redirect(url_for("plans.show", import_id=import_id, **chosen))

    return downloads.plan_csv(import_id, variant, kept.plan_digest)


def _variant(run: ContactImport, asked: queries.PlanQuery) -> Variant:
    """What the address asks for; what was run, where it asks for nothing."""
    if asked.duplicate_strategy is None and run.duplicate_strategy:
        return Variant(Strategy(run.duplicate_strategy), run.create_new, run.hold_other_names)

    offered = asked.variants()
    chosen = [one for one in offered if one.strategy is asked.duplicate_strategy]
    return [*chosen, *offered][0]


def _will_come(run: ContactImport) -> bool:
    awaited = run.state in PREVIEWED | {State.CHECKING}
    return awaited and not previews.given_up(db.session(), run)
