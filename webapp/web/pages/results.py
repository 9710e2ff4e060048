"""What became of an import: its report, its rows, its downloads, and what an undo kept."""

from uuid import UUID

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp import jobs
from webapp.reports import documents, ledger
from webapp.reports.reporter import ImportReporter
from webapp.undoing import undo
from webapp.vocabulary import messages
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.states import Command, State
from webapp.web import downloads
from webapp.web.access import (
    change_import,
    ended_import,
    load_import,
    settings,
    undo_is_over,
    undo_until,
)
from webapp.web.answers import step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.pages.runs import blueprint

ROWS_A_PAGE = 100
PDF_WAIT = "5"  # seconds


@blueprint.get("/imports/<uuid:import_id>/report")
@login_required
def report(import_id: UUID) -> ResponseReturnValue:
    run = ended_import(import_id)

    return render_template(
        "imports/report.html",
        found=run,
        report=ImportReporter(db.session(), import_id).generate_summary_report(),
        until=undo_until(run),
        over=undo_is_over(run),
        gone=undo.gone(db.session(), import_id),
        undoable=State(run.state).allows(Command.ROLL_BACK) and not undo_is_over(run),
    )


@blueprint.get("/imports/<uuid:import_id>/rows")
@login_required
def rows(import_id: UUID) -> ResponseReturnValue:
    """Ledger entries by outcome, reason, row number or text, a page at a time from a row on."""
    run = load_import(import_id)
    wanted = sent.query(queries.RowsQuery)
    if wanted.outcome and wanted.outcome not in list(Outcome):
        abort(404)

    shown = ledger.rows(
        db.session(),
        import_id,
        outcome=wanted.outcome,
        code=wanted.code,
        after=wanted.row - 1 if wanted.row else wanted.after,
        limit=ROWS_A_PAGE + 1,
        search=wanted.q or None,
        differing=wanted.differing,
    )

    asked = {
        "outcome": wanted.outcome,
        "code": wanted.code,
        "q": wanted.q or None,
        "differing": 1 if wanted.differing else None,
    }

    return render_template(
        "imports/rows.html",
        found=run,
        rows=shown[:ROWS_A_PAGE],
        names=ledger.names_of(db.session(), shown),
        more=len(shown) > ROWS_A_PAGE,
        asked=asked,
    )


@blueprint.get("/imports/<uuid:import_id>/rolled-back")
@login_required
def rolled_back(import_id: UUID) -> ResponseReturnValue:
    """What an undo did, and field by field what it kept."""
    run = load_import(import_id)
    if run.state != State.ROLLED_BACK:
        return redirect(step_url(run))

    after = sent.query(queries.AfterQuery).after
    kept = undo.kept(db.session(), import_id, after=after, limit=ROWS_A_PAGE + 1)

    return render_template(
        "imports/rolled_back.html",
        found=run,
        kept=kept[:ROWS_A_PAGE],
        more=len(kept) > ROWS_A_PAGE,
    )


@blueprint.get("/imports/<uuid:import_id>/report.csv")
@login_required
def report_csv(import_id: UUID) -> ResponseReturnValue:
    return downloads.report_csv(import_id)


@blueprint.get("/imports/<uuid:import_id>/rejected.csv")
@login_required
def rejected_csv(import_id: UUID) -> ResponseReturnValue:
    return downloads.rejected_csv(import_id)


@blueprint.get("/imports/<uuid:import_id>/rollback.csv")
@login_required
def rollback_csv(import_id: UUID) -> ResponseReturnValue:
    return downloads.undo_csv(import_id)


@blueprint.get("/imports/<uuid:import_id>/report.pdf")
@login_required
def report_pdf(import_id: UUID) -> ResponseReturnValue:
    """The kept PDF; the first reader asks for it and waits a moment."""
    run = ended_import(import_id)
    kept = documents.pdf_of(db.session(), run)
    if kept is not None and kept.content:
        return downloads.report_pdf(run, kept.content)

    if kept is None and not documents.reserve_pdf(db.session(), run):
        words = messages.whole("pdf_busy_here")
        return (
            render_template("imports/pdf.html", found=run, kept=None, busy=words),
            429,
            {"Retry-After": PDF_WAIT},
        )

    db.session.commit()
    if kept is None:
        jobs.request_pdf(import_id, settings())

    return render_template("imports/pdf.html", found=run, kept=kept), 202


@blueprint.post("/imports/<uuid:import_id>/report.pdf")
@login_required
def try_pdf_again(import_id: UUID) -> ResponseReturnValue:
    """Forget that the PDF could not be made, and ask for it anew."""
    change_import(import_id)
    documents.forget_pdf(db.session(), import_id, "failed")
    db.session.commit()
    return redirect(url_for("runs.report_pdf", import_id=import_id))
