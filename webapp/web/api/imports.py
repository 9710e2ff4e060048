"""The JSON API: who may ask, and running imports.

Each view declares its contract; the rooms below do the work.

`api_uploads.py` has uploads and lists, `api_reports.py` results and downloads, `api_contacts.py`
the contacts, `api_streams.py` the event streams, `openapi.py` the description of it all.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import redis
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from webapp import jobs
from webapp.imports.progress import ProgressTracker
from webapp.limits import JSON_BYTES
from webapp.models import ContactImport, ImportPreview, RerunPreview
from webapp.reports import summary
from webapp.undoing import undo_preview
from webapp.vocabulary import messages
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import Command, State
from webapp.vocabulary.strategies import Variant
from webapp.web import commands, forms, hub
from webapp.web.access import (
    change_import,
    import_to_approve,
    load_import,
    settings,
    undo_is_over,
)
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.streams import Reserved, stream
from webapp.web.extensions import csrf, db
from webapp.web.problems import Problem, at_fault

blueprint = Blueprint("api", __name__, url_prefix="/api")
csrf.exempt(
    blueprint
)  # A token is proof enough; browser sessions that write are checked below.
READS = {"GET", "HEAD", "OPTIONS"}
OPEN = {"api.openapi_document", "api.documentation"}
ROLLBACK_SECONDS = 3.0  # waited for before a rollback is answered with 202
SESSION = Answer("The import session.", schemas.ImportSession)
STREAM = Answer(
    "Events: progress as it changes, and done with the result at the end. Where the import waits"
    " for approval, the stream ends with that state and without done.",
    media_type="text/event-stream",
    events={"progress": schemas.Progress, "done": schemas.ImportResult},
)
SAME_IMPORT = {"import_id": "$request.path.import_id"}


@blueprint.before_request
def _who() -> None:
    """401 without a living token or session; a browser session that writes shows that its own
    page asked.
    """
    if request.endpoint in OPEN:
        return
    if not current_user.is_authenticated:
        raise Problem(401)

    if request.method not in READS:
        if "Authorization" not in request.headers:
            _came_from_our_page()
        if request.mimetype == "application/json":
            request.max_content_length = JSON_BYTES


def _came_from_our_page() -> None:
    try:
        csrf.protect()
    except CSRFError:
        raise Problem(
            400,
            "csrf",
            "Send the page's CSRF token in the header X-CSRFToken, or use a token.",
        ) from None


def _leads_to(**operations: str) -> dict[str, dict[str, Any]]:
    """Links to operations on the import that was asked about."""
    return {
        name: {"operationId": operation, "parameters": SAME_IMPORT}
        for name, operation in operations.items()
    }


CHECKED_LINKS = {
    **_leads_to(preview="preview_import"),
    "execute": {
        "operationId": "execute_import",
        "parameters": SAME_IMPORT,
        "requestBody": {
            "import_id": "$request.path.import_id",
            "duplicate_strategy": "skip",
            "skip_errors": True,
        },
    },
}
RUN_LINKS = _leads_to(
    follow="follow_import",
    stop="cancel_import",
    rows="list_rows",
    result="read_result",
    report="report_csv",
    pdf="report_pdf",
    rejected="rejected_csv",
    retry="retry_import",
    foresee="preview_rollback",
    roll_back="roll_back_import",
)


def session_answer(import_id: UUID, status: int = 200, **headers: str) -> Response:
    """The session as it stands now."""
    db.session.expire_all()
    return given(
        representations.session_of(db.session(), load_import(import_id)), status, **headers
    )


@blueprint.put("/imports/<uuid:import_id>/mapping")
@contract(
    "Say which column is what; the check starts",
    {202: Answer("The session, in state checking.", schemas.ImportSession)},
    body=forms.MappingRequest,
    refuses=(400, 403, 404, 409, 413, 415, 422),
    links=CHECKED_LINKS,
)
def map_columns(import_id: UUID, body: forms.MappingRequest) -> ResponseReturnValue:
    _heard(import_id)
    commands.map_columns(import_id, body)
    return session_answer(import_id, 202)


def _heard(import_id: UUID, right: Callable[[UUID], ContactImport] = change_import) -> None:
    """503 rather than a request that no worker hears, once it is sure that this person may ask.

    Writing shows a queue that is full or read-only too.
    """
    right(import_id)
    try:
        jobs.queue(settings().redis_url).connection.set("rowcall-api", 1, ex=10)
    except redis.RedisError:
        raise Problem(503, detail=messages.whole("queue_away")) from None


@blueprint.get("/imports/<uuid:import_id>/preview")
@contract(
    "What the execution would produce",
    {
        200: Answer("All outcomes.", schemas.Preview),
        202: Answer("Still being computed.", schemas.Preview, headers=("Retry-After",)),
    },
    query=schemas.PreviewQuery,
    refuses=(404, 409, 422),
)
def preview_import(import_id: UUID, query: schemas.PreviewQuery) -> ResponseReturnValue:
    """Ask again while the answer is 202.

    A 409 with the code preview_given_up says that there will be none.
    """
    run = load_import(import_id)
    if query.rows:
        again = commands.rerun_preview(import_id, Rerun(query.rows))
        kept = _as_preview(again) if again else None
    elif query.duplicate_strategy is None:
        raise at_fault("duplicate_strategy", "missing", "Give this, or rows")
    else:
        asked = Variant(query.duplicate_strategy, query.create_new, query.hold_other_names)
        kept = commands.awaited_preview(import_id, asked)

    if kept is not None:
        return given(_preview(run, kept))

    unknown = schemas.Preview(**dict.fromkeys(schemas.Preview.model_fields))
    return given(unknown, 202, Retry_After="1")


def _as_preview(kept: RerunPreview) -> ImportPreview:
    return ImportPreview(
        outcomes=kept.outcomes, people=kept.people, cleared=0, computed_at=kept.computed_at
    )


def _preview(run: ContactImport, kept: ImportPreview) -> schemas.Preview:
    cleared = kept.cleared if run.clear_token else None
    people = kept.people or {}

    return schemas.Preview(
        outcomes=schemas.Outcomes(**kept.outcomes),
        cleared=cleared,
        computed_at=kept.computed_at,
        **summary.people_of(kept),
        other_names=people.get("held", 0) + (people.get("warnings") or {}).get("other_name", 0)
        if people
        else None,
        keyless_rows=(people.get("keyless") or {}).get("rows"),
    )


@blueprint.post("/imports/<uuid:import_id>/execute")
@contract(
    "Run the import",
    {
        200: STREAM,
        202: Answer(
            "With Accept: application/json, the session at once.", schemas.ImportSession
        ),
    },
    body=forms.ExecuteRequest,
    refuses=(400, 403, 404, 406, 409, 413, 415, 422),
    links=RUN_LINKS,
)
def execute_import(import_id: UUID, body: forms.ExecuteRequest) -> ResponseReturnValue:
    """Where the server has large changes approved, the import may be awaiting_approval then.

    A 409 with the code plan_pending says that it is not known yet how large it is: ask again.
    """
    _heard(import_id)
    if _wants_json():
        commands.execute(import_id, body)
        return session_answer(import_id, 202)

    place = Reserved()

    try:
        commands.execute(import_id, body)
    except BaseException:
        place.close()
        raise

    return stream(import_id, place)


@blueprint.post("/imports/<uuid:import_id>/approve")
@contract(
    "Approve an import that awaits it",
    {202: Answer("The session, in state queued.", schemas.ImportSession)},
    body=forms.ApprovalRequest,
    refuses=(400, 403, 404, 409, 413, 415, 422),
    links=RUN_LINKS,
)
def approve_import(import_id: UUID, body: forms.ApprovalRequest) -> ResponseReturnValue:
    """For an importer or administrator other than who asked; `plan` is approval.plan of the
    session. A 409 with the code plan_changed says that it is another one by now.
    """
    _heard(import_id, import_to_approve)
    commands.approve(import_id, body)
    return session_answer(import_id, 202)


@blueprint.post("/imports/<uuid:import_id>/refuse")
@contract("Refuse an import that awaits approval", {200: SESSION}, refuses=(403, 404, 409))
def refuse_import(import_id: UUID) -> ResponseReturnValue:
    """It is ready again then, for its owner to go on with."""
    commands.refuse(import_id)
    return session_answer(import_id)


def _wants_json() -> bool:
    """Whether the answer is to be JSON; a client that accepts anything gets the stream."""
    if not request.accept_mimetypes:
        return False

    wanted = request.accept_mimetypes.best_match(["text/event-stream", "application/json"])
    if wanted is None:
        raise Problem(406)

    return wanted == "application/json"


@blueprint.get("/imports/<uuid:import_id>/events")
@contract("Follow the import", {200: STREAM}, refuses=(404,))
def follow_import(import_id: UUID) -> ResponseReturnValue:
    load_import(import_id)
    return stream(import_id, Reserved())


@blueprint.get("/imports/<uuid:import_id>/progress")
@contract(
    "Where the import is", {200: Answer("The progress.", schemas.Progress)}, refuses=(404,)
)
def read_progress(import_id: UUID) -> ResponseReturnValue:
    load_import(import_id)
    return given(
        representations.progress_of(ProgressTracker(db.session(), import_id).progress())
    )


@blueprint.post("/imports/<uuid:import_id>/cancel")
@contract("Stop the import", {202: SESSION}, refuses=(403, 404, 409))
def cancel_import(import_id: UUID) -> ResponseReturnValue:
    # The worker sees the request in the database, with or without the queue.
    commands.cancel(import_id)
    return session_answer(import_id, 202)


@blueprint.patch("/imports/<uuid:import_id>/rows/<int:row>")
@contract(
    "Correct cells of a row; it is judged again",
    {200: Answer("The row as it is judged now.", schemas.JudgedRow)},
    body=forms.RowPatch,
    refuses=(400, 403, 404, 409, 413, 415, 422),
)
def correct_row(import_id: UUID, row: int, body: forms.RowPatch) -> ResponseReturnValue:
    """Of an import that is ready. After it has run, of rows that were invalid, in conflict or
    left out, or have no outcome yet; `POST …/retry` runs them.
    """
    _heard(import_id)
    rows = max(commands.patch_row(import_id, row, body).rows, 1)
    db.session.expire_all()
    return given(representations.judged_row(db.session(), load_import(import_id), row, rows))


@blueprint.delete("/imports/<uuid:import_id>/rows/<int:row>")
@contract("Leave a row out", {200: SESSION}, refuses=(403, 404, 409))
def leave_row_out(import_id: UUID, row: int) -> ResponseReturnValue:
    _heard(import_id)
    commands.leave_out(import_id, row, out=True)
    return session_answer(import_id)


@blueprint.post("/imports/<uuid:import_id>/rows/<int:row>/include")
@contract("Take a row in that is left out", {200: SESSION}, refuses=(403, 404, 409))
def include_row(import_id: UUID, row: int) -> ResponseReturnValue:
    """The session is in state checking where the file has to be checked again for it. After the
    import has run, `POST …/retry` runs the row.
    """
    _heard(import_id)
    commands.leave_out(import_id, row, out=False)
    return session_answer(import_id)


@blueprint.post("/imports/<uuid:import_id>/retry")
@contract(
    "Run rows again in the same import",
    {202: SESSION},
    body=forms.RetryRequest,
    body_required=False,
    refuses=(400, 403, 404, 409, 413, 415, 422),
)
def retry_import(import_id: UUID, body: forms.RetryRequest) -> ResponseReturnValue:
    """Of one that is completed, cancelled or failed; the rows that failed, where nothing else is
    asked.
    """
    _heard(import_id)
    commands.retry(import_id, body)
    return session_answer(import_id, 202)


@blueprint.get("/imports/<uuid:import_id>/rollback")
@contract(
    "What a rollback would do",
    {
        200: Answer("Read-only.", schemas.RollbackPreview),
        202: Answer(
            "It is being counted: ask again.", schemas.ImportSession, headers=("Retry-After",)
        ),
    },
    refuses=(404, 409),
    links=_leads_to(roll_back="roll_back_import"),
)
def preview_rollback(import_id: UUID) -> ResponseReturnValue:
    run = load_import(import_id)
    if not State(run.state).allows(Command.ROLL_BACK):
        raise Refusal("wrong_state", state=run.state)
    if undo_is_over(run):
        raise Refusal("undo_expired", state=run.state)

    until = time.monotonic() + ROLLBACK_SECONDS
    would = undo_preview.soon(db.session(), import_id)
    if would is None:
        jobs.request_undo_preview(import_id, settings())

    while would is None and time.monotonic() < until:
        db.session.remove()  # Nothing is held while waiting.
        time.sleep(0.2)
        would = undo_preview.kept(db.session(), import_id)

    if would is None:
        return session_answer(import_id, 202, **{"Retry-After": "2"})

    return given(representations.rollback_of(would))


@blueprint.delete("/imports/<uuid:import_id>/rollback")
@contract(
    "Take the import back",
    {
        200: Answer("It is rolled back.", schemas.RollbackResult),
        202: Answer("It is being rolled back.", schemas.ImportSession, headers=("Location",)),
    },
    refuses=(403, 404, 409),
)
def roll_back_import(import_id: UUID) -> ResponseReturnValue:
    _heard(import_id)
    commands.roll_back(import_id)
    db.session.remove()  # Nothing is held while waiting.

    for snapshot in hub.current().watch(import_id, ROLLBACK_SECONDS, ROLLBACK_SECONDS):
        if snapshot is not None and snapshot.found.state == State.ROLLED_BACK:
            return given(representations.undone_of(snapshot.found))

    return session_answer(
        import_id, 202, Location=url_for("api.read_import", import_id=import_id)
    )
