"""What became of an import: its report, its rows, its downloads, and what an undo kept."""

from typing import Any
from uuid import UUID

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp import jobs
from webapp.imports import reruns
from webapp.imports.progress import outcomes_of
from webapp.models import ContactImport, RerunPreview
from webapp.reports import (
    choices,
    conflicts,
    documents,
    faults,
    ledger,
    row_search,
    summary,
)
from webapp.reports.reporter import ImportReporter
from webapp.undoing import undo, undo_by_row
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext, language
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import Command, State
from webapp.web import commands, downloads
from webapp.web.access import (
    change_import,
    ended_import,
    load_import,
    may_change,
    settings,
    undo_is_over,
    undo_until,
)
from webapp.web.answers import refused_on, step_url
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.pages.runs import blueprint

ROWS_A_PAGE = 50
FACES = 6  # of people of the import, on its report
PDF_WAIT = "5"  # seconds


@blueprint.get("/imports/<uuid:import_id>/report")
@login_required
def report(import_id: UUID) -> ResponseReturnValue:
    run = ended_import(import_id)
    over = undo_is_over(run)
    may_run_again = State(run.state).allows(Command.RETRY) and not over

    again = reruns.counts(db.session(), run) if may_run_again else None
    would = _would(run) if again and again[Rerun.CORRECTED] else None

    return render_template(
        "imports/report.html",
        found=run,
        again=again,
        would=would,
        of_all=choices.of_all_rows(run),
        own_rules=choices.rules(run),
        report=ImportReporter(db.session(), import_id).generate_summary_report(),
        changed=_changed(run),
        people=_faces(run),
        faults=faults.faults(db.session(), import_id),
        unclear=_first_unclear(run),
        in_conflict=_left_in_conflict(run),
        undone_rows=undo_by_row.count(db.session(), import_id),
        until=undo_until(run),
        over=over,
        gone=undo.gone(db.session(), import_id),
        undoable=State(run.state).allows(Command.ROLL_BACK) and not over,
    )


def _changed(run: ContactImport) -> int:
    """How many contacts that were there got new details; of imports from before, how many rows
    gave them some.
    """
    counted = summary.people_of(run)["contacts_changed"]
    if counted is not None:
        return counted

    outcomes = outcomes_of(run)
    return outcomes[Outcome.UPDATED] + outcomes[Outcome.MERGED]


def _faces(run: ContactImport) -> list[dict[str, Any]]:
    which = Outcome.CREATED if outcomes_of(run)[Outcome.CREATED] else ledger.CHANGED
    return ledger.first_people(db.session(), run.id, which, FACES)


def _first_unclear(run: ContactImport) -> dict[str, Any] | None:
    """The first row in conflict, and whom it may mean: `row` and `people`."""
    if not outcomes_of(run)[Outcome.CONFLICT]:
        return None

    found = ledger.rows(db.session(), run.id, outcome=Outcome.CONFLICT, limit=1)
    names = list(filter(None, ledger.names_of(db.session(), found).values()))
    if len(names) < 2:  # noqa: PLR2004 - one person alone is no question
        return None

    people = gettext("{one} or {other}?").format(one=names[0], other=names[1])
    return {"row": found[0].row, "people": people}


def _would(run: ContactImport) -> RerunPreview | None:
    """What a run of the corrected rows would do; None while or where that is not known."""
    if run.correcting:
        return None

    try:
        return commands.rerun_preview(run.id, Rerun.CORRECTED)
    except Refusal:
        return None


def _left_in_conflict(run: ContactImport) -> conflicts.Counts | None:
    """The rows that a second run could take; None where there is none."""
    if not State(run.state).allows(Command.CORRECT) or undo_is_over(run):
        return None
    return conflicts.counts(db.session(), run)


@blueprint.get("/imports/<uuid:import_id>/rows")
@login_required
def rows(import_id: UUID) -> ResponseReturnValue:
    """Ledger entries by outcome, reason, row number or text, a page at a time from a row on."""
    return _rows_page(import_id)


def _rows_page(import_id: UUID, problem: str | None = None) -> str:
    run = load_import(import_id)
    wanted = sent.query(queries.RowsQuery)
    if wanted.outcome and wanted.outcome not in {*Outcome, *ledger.GROUPS}:
        abort(404)

    unknown = row_search.unknown(db.session(), run) if wanted.q else 0
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
        unknown=unknown,
        names=ledger.names_of(db.session(), shown),
        more=len(shown) > ROWS_A_PAGE,
        asked=asked,
        after=wanted.after,
        problem=problem,
        undone=wanted.undone,
        outcomes=outcomes_of(run),
        undone_rows=undo_by_row.count(db.session(), import_id),
        undoable=may_change(run)
        and State(run.state).allows(Command.ROLL_BACK)
        and not undo_is_over(run),
    )


@blueprint.post("/imports/<uuid:import_id>/rows/<int:row>/undo")
@login_required
def undo_row(import_id: UUID, row: int) -> ResponseReturnValue:
    """Undo what a row did; to undo twice is to undo once."""
    wanted = sent.query(queries.RowsQuery)
    back = wanted.model_dump(exclude_defaults=True)
    url = url_for(
        "runs.rows", import_id=import_id, **{**back, "undone": row}, _anchor=f"row-{row}"
    )

    try:
        done = commands.undo_row(import_id, row)
    except Refusal as refusal:
        if refusal.kind is Kind.UNKNOWN:
            abort(404)
        if refusal.code == "row_undone":
            return redirect(url)
        return refused_on(refusal, lambda words: _rows_page(import_id, words))

    if not done.kept:
        return redirect(url)

    run = load_import(import_id)
    names = ledger.called(db.session(), [done.contact_id])
    return render_template(
        "imports/row_undone.html", found=run, done=done, names=names, back=url
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
        undone_by=summary.undone_by(db.session(), run),
        kept=kept[:ROWS_A_PAGE],
        names=ledger.called(db.session(), [one.contact_id for one in kept]),
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
    kept = documents.pdf_of(db.session(), run, language())
    if kept is not None and kept.content:
        return downloads.report_pdf(run, kept.content)

    if kept is None and not documents.reserve_pdf(db.session(), run, language()):
        words = messages.whole("pdf_busy_here")
        return (
            render_template("imports/pdf.html", found=run, kept=None, busy=words),
            429,
            {"Retry-After": PDF_WAIT},
        )

    db.session.commit()
    if kept is None:
        jobs.request_pdf(import_id, settings(), language())

    return render_template("imports/pdf.html", found=run, kept=kept), 202


@blueprint.post("/imports/<uuid:import_id>/report.pdf")
@login_required
def try_pdf_again(import_id: UUID) -> ResponseReturnValue:
    """Forget that the PDF could not be made, and ask for it anew."""
    change_import(import_id)
    documents.forget_pdf(db.session(), import_id, "failed", language())
    db.session.commit()
    return redirect(url_for("runs.report_pdf", import_id=import_id))
