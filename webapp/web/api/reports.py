"""The JSON API: what became of an import, row by row and as files."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from webapp import jobs
from webapp.models import ContactImport
from webapp.reports import documents
from webapp.vocabulary import messages
from webapp.web import commands, downloads
from webapp.web.access import ended_import, load_import, settings
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint, session_answer
from webapp.web.extensions import db
from webapp.web.problems import Problem


@blueprint.get("/imports/<uuid:import_id>/result")
@contract(
    "What became of the import",
    {200: Answer("The result.", schemas.ImportResult)},
    refuses=(404, 409),
)
def read_result(import_id: UUID) -> ResponseReturnValue:
    ended_import(import_id)
    return given(representations.result_of(db.session(), import_id))


@blueprint.get("/imports/<uuid:import_id>/rows")
@contract(
    "Ledger rows in file order",
    {200: Answer("A page; next is the row to go on after.", schemas.RowList)},
    query=schemas.RowsQuery,
    refuses=(404, 422),
)
def list_rows(import_id: UUID, query: schemas.RowsQuery) -> ResponseReturnValue:
    load_import(import_id)
    rows = representations.rows_of(db.session(), import_id, query, query.limit + 1)
    following = str(rows[query.limit - 1].row) if len(rows) > query.limit else None
    return given(schemas.RowList(items=rows[: query.limit], next=following))


@blueprint.post("/imports/<uuid:import_id>/rows/<int:row>/undo")
@contract(
    "Undo what one row did",
    {200: Answer("What came back, and what stays.", schemas.RowUndone)},
    refuses=(403, 404, 409),
)
def undo_row(import_id: UUID, row: int) -> ResponseReturnValue:
    """Of an import that has ended: the contact that the row created is deleted, or the fields
    that it changed come back. What was changed since stays and is listed. A row cannot be
    imported again afterwards.
    """
    return given(representations.row_undone_of(commands.undo_row(import_id, row)))


CSV = {200: Answer("UTF-8 with a byte order mark.", media_type="text/csv")}


@blueprint.get("/imports/<uuid:import_id>/report.csv")
@contract("Every row with its outcome", CSV, refuses=(404, 409))
def report_csv(import_id: UUID) -> ResponseReturnValue:
    return downloads.report_csv(import_id)


@blueprint.get("/imports/<uuid:import_id>/rejected.csv")
@contract("The rows that did not get in, to be corrected", CSV, refuses=(404, 409))
def rejected_csv(import_id: UUID) -> ResponseReturnValue:
    return downloads.rejected_csv(import_id)


@blueprint.get("/imports/<uuid:import_id>/report.pdf")
@contract(
    "The report on paper",
    {
        200: Answer("The report.", media_type="application/pdf"),
        202: Answer("Being made: ask again.", schemas.ImportSession, headers=("Retry-After",)),
    },
    refuses=(404, 409),
)
def report_pdf(import_id: UUID) -> ResponseReturnValue:
    run = ended_import(import_id)
    kept = documents.pdf_of(db.session(), run)
    if kept is not None and kept.content:
        return downloads.report_pdf(run, kept.content)
    if kept is not None and kept.state == "failed":
        raise Problem(503, "pdf_failed", messages.whole(kept.code or "pdf_failed"))
    if kept is None:
        _make_pdf(run)

    return session_answer(import_id, 202, Retry_After="2")


def _make_pdf(run: ContactImport) -> None:
    """Ask for it, unless two are being made already: 429."""
    if not documents.reserve_pdf(db.session(), run):
        raise Problem(429, "pdf_busy", messages.whole("pdf_busy"))
    db.session.commit()
    jobs.request_pdf(run.id, settings())
