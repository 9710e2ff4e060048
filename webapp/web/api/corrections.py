"""The JSON API: rows with problems, the cells of any row, and corrections of many rows at once."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from webapp.imports import locks
from webapp.staging import acts, file_rows, problem_list
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command
from webapp.web import commands, forms
from webapp.web.access import checked_import, load_import
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db

CORRECTION = Answer("The correction.", schemas.Correction)
UNDONE = Answer("What was put back.", schemas.CorrectionUndone)


@blueprint.get("/imports/<uuid:import_id>/problems")
@contract(
    "Rows with problems, in the order that costs least",
    {200: Answer("A page; next is the cursor to go on after.", schemas.ProblemRows)},
    query=schemas.ProblemsQuery,
    refuses=(404, 409, 422),
)
def list_problems(import_id: UUID, query: schemas.ProblemsQuery) -> ResponseReturnValue:
    """Those with a suggestion first, then equal values, most rows first, then single ones."""
    run = checked_import(import_id)
    wanted = problem_list.Filter(
        problem_list.Kind(query.kind), query.code, query.column, query.q, query.group
    )
    found = problem_list.page(db.session(), run, wanted, query.after, query.limit)
    counts = problem_list.counts(db.session(), run)
    db.session.commit()

    return given(representations.problem_rows(found, counts))


@blueprint.get("/imports/<uuid:import_id>/cells")
@contract(
    "The cells of every row of the file",
    {200: Answer("A page; next is the row to go on after.", schemas.CellRows)},
    query=schemas.CellsQuery,
    refuses=(404, 409, 422),
)
def list_cells(import_id: UUID, query: schemas.CellsQuery) -> ResponseReturnValue:
    """As they are corrected; those of rows without problems are read from the file. With `q` a
    page may have fewer rows than there are: go on while there is a next.
    """
    run = checked_import(import_id)
    found = file_rows.page(db.session(), run, query.after, query.q, query.limit)
    items = [schemas.RowCells(**representations.row_cells(line)) for line in found.lines]
    return given(
        schemas.CellRows(items=items, next=None if found.next is None else str(found.next))
    )


@blueprint.get("/imports/<uuid:import_id>/corrections")
@contract(
    "What was corrected, the newest first",
    {200: Answer("A page; next is what to give as before.", schemas.CorrectionList)},
    query=schemas.CorrectionsQuery,
    refuses=(404, 422),
)
def list_corrections(import_id: UUID, query: schemas.CorrectionsQuery) -> ResponseReturnValue:
    """Undone ones stay on the list."""
    load_import(import_id)
    found = acts.listed(db.session(), import_id, query.before, query.limit + 1)
    shown = [representations.correction_of(act) for act in found[: query.limit]]
    following = str(shown[-1].number) if len(found) > query.limit else None
    return given(schemas.CorrectionList(items=shown, next=following))


@blueprint.post("/imports/<uuid:import_id>/corrections")
@contract(
    "Correct many rows at once",
    {
        201: CORRECTION,
        202: Answer("A worker goes on with it.", schemas.Correction, headers=("Retry-After",)),
    },
    body=forms.FixRequest,
    refuses=(400, 403, 404, 409, 413, 415, 422),
)
def correct_rows(import_id: UUID, body: forms.FixRequest) -> ResponseReturnValue:
    """Where no row changes: 409 with the code no_rows."""
    made = commands.fix(import_id, body)
    if made.rows < made.total:
        return given(_correction(import_id, made.number), 202, Retry_After="2")
    return given(_correction(import_id, made.number), 201)


@blueprint.post("/imports/<uuid:import_id>/corrections/preview")
@contract(
    "What a find and replace would do",
    {200: Answer("Nothing is changed.", schemas.Replacements)},
    body=forms.FixRequest,
    refuses=(400, 404, 409, 413, 415, 422),
)
def preview_correction(import_id: UUID, body: forms.FixRequest) -> ResponseReturnValue:
    """For the act replace."""
    if body.act != "replace":
        raise Refusal("bad_option", at="/act", what="act")

    locks.require(checked_import(import_id), Command.CORRECT)
    found = commands.preview_replace(import_id, body)
    first = [schemas.Replacement(**one._asdict()) for one in found.first]
    return given(schemas.Replacements(rows=found.rows, complete=found.complete, first=first))


@blueprint.get("/imports/<uuid:import_id>/corrections/<int:number>")
@contract("A correction", {200: CORRECTION}, refuses=(404,))
def read_correction(import_id: UUID, number: int) -> ResponseReturnValue:
    load_import(import_id)
    return given(_correction(import_id, number))


@blueprint.delete("/imports/<uuid:import_id>/corrections/<int:number>")
@contract("Undo a correction", {200: UNDONE}, refuses=(403, 404, 409))
def undo_correction(import_id: UUID, number: int) -> ResponseReturnValue:
    """In any order: cells on which a later one stands keep what that one says. The session is in
    state checking where the file has to be checked again for it.
    """
    found = commands.undo_fix(import_id, number)
    return given(schemas.CorrectionUndone(cells=found.cells, stayed=found.stayed))


@blueprint.delete("/imports/<uuid:import_id>/corrections")
@contract("Undo every correction", {200: UNDONE}, refuses=(403, 404, 409))
def undo_corrections(import_id: UUID) -> ResponseReturnValue:
    found = commands.undo_all_fixes(import_id)
    return given(schemas.CorrectionUndone(cells=found.cells, stayed=found.stayed))


def _correction(import_id: UUID, number: int) -> schemas.Correction:
    found = acts.one(db.session(), import_id, number)
    if found is None:
        raise Refusal("act_unknown")
    return representations.correction_of(found)
