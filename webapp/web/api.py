"""The JSON API: imports. Each view declares its contract; the rooms below do the work.

`api_contacts.py` has the contacts, `api_streams.py` the event streams, `openapi.py` the description of it all.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, cast
from uuid import UUID

import redis
from flask import Blueprint, Response, current_app, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp import jobs
from webapp.config import MEBIBYTE
from webapp.engine import rollback, sessions
from webapp.engine.progress import progress
from webapp.engine.staging import TooLarge
from webapp.engine.states import ENDED, State
from webapp.intake import sentences
from webapp.intake.mapping import BadMapping
from webapp.intake.reading import Unreadable
from webapp.models import ContactImport, ImportDocument, ImportPreview
from webapp.reports import exports
from webapp.web import api_schemas as schemas
from webapp.web import api_values, hub
from webapp.web.access import SEES_ALL, change_import, load_import, refuse_viewers, settings
from webapp.web.api_streams import reserve, stream
from webapp.web.contract import Answer, contract, given
from webapp.web.extensions import csrf, db, limiter
from webapp.web.problems import Problem, invalid

blueprint = Blueprint("api", __name__, url_prefix="/api")
csrf.exempt(blueprint)  # A token is proof enough; browser sessions that write are checked below.
READS = {"GET", "HEAD", "OPTIONS"}
OPEN = {"api.openapi_document", "api.documentation"}
LONGEST_KEY = 200  # of an idempotency key, in characters
ROLLBACK_SECONDS = 3.0  # waited for before a rollback is answered with 202
SESSION = Answer("The import session.", schemas.ImportSession)
STREAM = Answer("`progress` events, and `done` with the ImportResult at the end.", media_type="text/event-stream")
FROM_SESSION = {"import_id": "$response.body#/import_id"}


@blueprint.before_request
def _who() -> None:
    """401 without a living token or session; a browser session that writes shows that its own page asked."""
    if request.endpoint in OPEN:
        return
    if not current_user.is_authenticated:
        raise Problem(401)
    if request.method not in READS:
        if "Authorization" not in request.headers:
            _came_from_our_page()
        if request.mimetype == "application/json":
            request.max_content_length = MEBIBYTE


def _came_from_our_page() -> None:
    try:
        csrf.protect()
    except CSRFError:
        raise Problem(400, "csrf", "Send the page's CSRF token in the header X-CSRFToken, or use a token.") from None


UPLOAD_LINKS = {
    "read": {"operationId": "read_import", "parameters": FROM_SESSION},
    "map": {
        "operationId": "map_columns",
        "parameters": FROM_SESSION,
        "requestBody": {"mapping": "$response.body#/suggested_mapping"},
    },
    "follow": {"operationId": "read_progress", "parameters": FROM_SESSION},
}
RUN_LINKS = {
    "read": {"operationId": "read_import", "parameters": FROM_SESSION},
    "preview": {"operationId": "preview_import", "parameters": FROM_SESSION},
    "execute": {
        "operationId": "execute_import",
        "parameters": FROM_SESSION,
        "requestBody": {"import_id": "$response.body#/import_id", "duplicate_strategy": "skip"},
    },
    "rows": {"operationId": "list_rows", "parameters": FROM_SESSION},
    "result": {"operationId": "read_result", "parameters": FROM_SESSION},
    "cancel": {"operationId": "cancel_import", "parameters": FROM_SESSION},
    "roll_back": {"operationId": "roll_back_import", "parameters": FROM_SESSION},
}


@blueprint.post("/imports")
@contract(
    "Upload a file",
    {201: Answer("The file is stored and its head is read.", schemas.ImportSession, headers=("Location",))},
    form=schemas.UploadForm,
    refuses=(400, 403, 413, 415, 422),
    headers={"Idempotency-Key": "The same key with the same bytes gives the first import again; other bytes: 422."},
    links=UPLOAD_LINKS,
)
def upload_import() -> ResponseReturnValue:
    refuse_viewers()
    with limiter.limit(f"{settings().uploads_per_minute}/minute", key_func=lambda: str(current_user.id)):
        pass
    if request.mimetype != "multipart/form-data":
        raise Problem(415, detail="Send the file as multipart/form-data, in the part named file.")
    form, key = _upload_form(), _idempotency_key()
    file = request.files["file"]
    stream_ = cast("BinaryIO", file.stream)
    found = (_first_answer(key, stream_) if key else None) or _create(file.filename or "", stream_, key, form)
    answer = api_values.session_of(db.session(), found)
    return given(answer, 201, Location=url_for("api.read_import", import_id=found.id))


def _upload_form() -> schemas.UploadForm:
    """The text fields, checked; exactly one file."""
    files = request.files.getlist("file")
    if len(files) != 1 or not files[0].filename or list(request.files) != ["file"]:
        detail = sentences.instruction("no_file")
        raise Problem(422, errors=[{"pointer": "/file", "code": "no_file", "detail": detail}])
    for name, values in request.form.lists():
        if len(values) > 1:
            raise Problem(422, errors=[{"pointer": f"/{name}", "code": "repeated", "detail": "Give this once"}])
    values = {name: value for name, value in request.form.items() if value or name not in schemas.UploadForm.model_fields}
    try:
        return schemas.UploadForm.model_validate(values)
    except ValidationError as error:
        raise invalid(error, values) from None


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        detail = f"Give 1 to {LONGEST_KEY} printable ASCII characters"
        raise Problem(422, errors=[{"pointer": "Idempotency-Key", "code": "bad_key", "detail": detail}])
    return key


def _first_answer(key: str, stream_: BinaryIO) -> ContactImport | None:
    """The import that this person made with this key, if the bytes are the same; other bytes are refused."""
    wanted = select(ContactImport).where(ContactImport.created_by == current_user.id, ContactImport.upload_key == key)
    first = db.session.scalar(wanted)
    if first is None:
        return None
    stream_.seek(0)
    sent = hashlib.file_digest(stream_, "sha256").hexdigest()
    if sent != first.sha256:
        detail = "This key came with other bytes before. Use a new key for a new file."
        raise Problem(422, "key_used_before", errors=[{"pointer": "Idempotency-Key", "code": "key_used_before", "detail": detail}])
    return first


def _create(filename: str, stream_: BinaryIO, key: str | None, form: schemas.UploadForm) -> ContactImport:
    try:
        found = sessions.create(
            db.session(), current_user.id, filename, stream_, settings(), upload_key=key, **form.model_dump()
        )
        db.session.commit()
    except Unreadable as refusal:
        raise _unreadable(refusal.code, refusal.sentence) from None
    except UnicodeError:  # A codec of Python's that is none for text, such as `undefined`.
        raise _unreadable("unknown_encoding", Unreadable("unknown_encoding", encoding=form.encoding).sentence) from None
    except TooLarge:
        refusal = Unreadable("too_large", limit_mb=settings().max_upload_mb)
        raise Problem(413, "too_large", refusal.sentence) from None
    except IntegrityError:  # The same key at the same moment: the other request was first.
        db.session.rollback()
        first = _first_answer(key, stream_) if key else None
        if first is None:
            raise
        return first
    return found


def _unreadable(code: str, sentence: str) -> Problem:
    db.session.rollback()  # Nothing of a refused file stays.
    pointer = {"unknown_encoding": "/encoding", "unknown_sheet": "/sheet"}.get(code, "/file")
    return Problem(422, code, sentence, errors=[{"pointer": pointer, "code": code, "detail": sentence}])


@blueprint.get("/imports")
@contract("List imports, newest first", {200: Answer("A page.", schemas.ImportList)}, query=schemas.ImportsQuery, refuses=(422,))
def list_imports(query: schemas.ImportsQuery) -> ResponseReturnValue:
    wanted = select(ContactImport)
    if current_user.role not in SEES_ALL:
        wanted = wanted.where(ContactImport.created_by == current_user.id)
    if query.state:
        wanted = wanted.where(ContactImport.state == query.state)
    if query.after:
        wanted = wanted.where(tuple_(ContactImport.created_at, ContactImport.id) < _position(query.after))
    newest = wanted.order_by(ContactImport.created_at.desc(), ContactImport.id.desc()).limit(query.limit + 1)
    found = list(db.session.scalars(newest))
    items = [api_values.session_of(db.session(), one) for one in found[: query.limit]]
    following = _cursor(found[query.limit - 1]) if len(found) > query.limit else None
    return given(schemas.ImportList(items=items, next=following))


def _cursor(last: ContactImport) -> str:
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def _position(cursor: str) -> tuple[datetime, UUID]:
    with suppress(ValueError):
        moment, _, import_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo:
            return at, UUID(import_id)
    raise bad_cursor()


def bad_cursor() -> Problem:
    """A 422 for what is none of our cursors."""
    detail = "Give the value of next as it came"
    return Problem(422, errors=[{"pointer": "after", "code": "bad_cursor", "detail": detail}])


@blueprint.get("/imports/<uuid:import_id>")
@contract("Read an import", {200: SESSION}, refuses=(404,))
def read_import(import_id: UUID) -> ResponseReturnValue:
    return _session(import_id)


def _session(import_id: UUID, status: int = 200, **headers: str) -> Response:
    db.session.expire_all()
    return given(api_values.session_of(db.session(), load_import(import_id)), status, **headers)


@blueprint.put("/imports/<uuid:import_id>/mapping")
@contract(
    "Say which column is what; the check starts",
    {202: Answer("The session, in state checking.", schemas.ImportSession)},
    body=schemas.MappingRequest,
    refuses=(400, 403, 404, 409, 413, 415, 422),
    links=RUN_LINKS,
)
def map_columns(import_id: UUID, body: schemas.MappingRequest) -> ResponseReturnValue:
    choices = body.model_dump(exclude={"mapping"})
    return _ask(import_id, lambda session, found: sessions.map_columns(session, found, body.mapping, **choices))


def _ask(import_id: UUID, request_of: Callable[[Session, UUID], object]) -> Response:
    _requested(import_id, request_of)
    return _session(import_id, 202)


def _requested(import_id: UUID, request_of: Callable[[Session, UUID], object]) -> None:
    """Ask the engine, commit, ring for a worker. What the engine refuses becomes a problem; nothing was changed then."""
    change_import(import_id)
    _queue_within_reach()
    try:
        request_of(db.session(), import_id)
    except sessions.WrongState as wrong:
        db.session.rollback()
        raise _wrong_state(wrong.state) from None
    except sessions.Refused as refusal:
        db.session.rollback()
        raise _refused(load_import(import_id).state, refusal) from None
    except BadMapping as refusal:
        db.session.rollback()
        raise _bad_mapping(refusal) from None
    db.session.commit()
    jobs.wake(import_id, settings())


def _queue_within_reach() -> None:
    """503 rather than a request that nobody hears; writing shows a queue that is full or read-only too."""
    try:
        jobs.queue(settings().redis_url).connection.set("rowcall-api", 1, ex=10)
    except redis.RedisError:
        raise Problem(503, detail="The queue is out of reach. Nothing was changed; try again in a moment.") from None


def _wrong_state(state: str) -> Problem:
    return Problem(409, detail=f"The import is {state.replace('_', ' ')}; this cannot be asked of it now.", state=state)


def _refused(state: str, refusal: sessions.Refused) -> Problem:
    words = f"{sentences.title(refusal.code, **refusal.facts)}. {sentences.instruction(refusal.code, **refusal.facts)}"
    return Problem(409, refusal.code, words, state=state, **refusal.facts)


def _bad_mapping(refusal: BadMapping) -> Problem:
    words = f"{sentences.title(refusal.code, **refusal.facts)}. {sentences.instruction(refusal.code, **refusal.facts)}"
    pointer = "/mapping" if refusal.index is None else f"/mapping/{refusal.index}"
    return Problem(422, refusal.code, words, errors=[{"pointer": pointer, "code": refusal.code, "detail": words}])


@blueprint.get("/imports/<uuid:import_id>/preview")
@contract(
    "What the execution would produce",
    {
        200: Answer("All ten outcomes.", schemas.Preview),
        202: Answer("Still being computed.", schemas.Preview, headers=("Retry-After",)),
    },
    query=schemas.PreviewQuery,
    refuses=(404, 409, 422),
)
def preview_import(import_id: UUID, query: schemas.PreviewQuery) -> ResponseReturnValue:
    found = load_import(import_id)
    kept = db.session.get(ImportPreview, (import_id, query.duplicate_strategy.value))
    if kept is not None:
        return given(schemas.Preview(outcomes=schemas.Outcomes(**kept.outcomes), computed_at=kept.computed_at))
    if found.state not in {State.CHECKING, State.READY}:
        raise _wrong_state(found.state)
    return given(schemas.Preview(outcomes=None, computed_at=None), 202, Retry_After="1")


@blueprint.post("/imports/<uuid:import_id>/execute")
@contract(
    "Run the import",
    {200: STREAM, 202: Answer("With Accept: application/json, the session at once.", schemas.ImportSession)},
    body=schemas.ExecuteRequest,
    refuses=(400, 403, 404, 406, 409, 413, 415, 422),
    links=RUN_LINKS,
)
def execute_import(import_id: UUID, body: schemas.ExecuteRequest) -> ResponseReturnValue:
    change_import(import_id)
    if body.import_id != import_id:
        detail = "Give the import_id of the address"
        raise Problem(422, errors=[{"pointer": "/import_id", "code": "other_import", "detail": detail}])
    kind = request.accept_mimetypes.best_match(["text/event-stream", "application/json"]) if request.accept_mimetypes else "text/event-stream"
    if kind is None:
        raise Problem(406)
    if kind == "application/json":
        return _ask(import_id, _execution(body))
    place = reserve()
    try:
        _requested(import_id, _execution(body))
    except BaseException:
        place.close()
        raise
    return stream(import_id, place)


def _execution(body: schemas.ExecuteRequest) -> Callable[[Session, UUID], object]:
    def execute(session: Session, import_id: UUID) -> object:
        return sessions.execute(
            session,
            import_id,
            strategy=body.duplicate_strategy,
            skip_errors=body.skip_errors,
            batch_size=body.batch_size,
            notification_email=body.notification_email,
        )

    return execute


@blueprint.get("/imports/<uuid:import_id>/events")
@contract("Follow the import", {200: STREAM}, refuses=(404,))
def follow_import(import_id: UUID) -> ResponseReturnValue:
    load_import(import_id)
    return stream(import_id, reserve())


@blueprint.get("/imports/<uuid:import_id>/progress")
@contract("Where the import is", {200: Answer("The progress.", schemas.Progress)}, refuses=(404,))
def read_progress(import_id: UUID) -> ResponseReturnValue:
    load_import(import_id)
    return given(api_values.progress_of(progress(db.session(), import_id)))


@blueprint.post("/imports/<uuid:import_id>/cancel")
@contract("Stop the import", {202: SESSION}, refuses=(403, 404, 409), links=RUN_LINKS)
def cancel_import(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.cancel)


@blueprint.post("/imports/<uuid:import_id>/retry")
@contract("Run the rows that failed again", {202: SESSION}, refuses=(403, 404, 409), links=RUN_LINKS)
def retry_import(import_id: UUID) -> ResponseReturnValue:
    return _ask(import_id, sessions.retry_failed)


@blueprint.get("/imports/<uuid:import_id>/rollback")
@contract("What a rollback would do", {200: Answer("Read-only.", schemas.RollbackPreview)}, refuses=(404, 409))
def preview_rollback(import_id: UUID) -> ResponseReturnValue:
    found = load_import(import_id)
    if found.state not in api_values.TAKEN_BACK_FROM:
        raise _wrong_state(found.state)
    return given(api_values.rollback_of(rollback.preview(db.session(), import_id)))


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
    _requested(import_id, sessions.roll_back)
    db.session.remove()  # Nothing is held while waiting.
    for snapshot in hub.of(current_app).watch(import_id, ROLLBACK_SECONDS, ROLLBACK_SECONDS):
        if snapshot is not None and snapshot.found.state == State.ROLLED_BACK:
            return given(api_values.undone_of(snapshot.found))
    return _session(import_id, 202, Location=url_for("api.read_import", import_id=import_id))


@blueprint.get("/imports/<uuid:import_id>/result")
@contract("What became of the import", {200: Answer("The result.", schemas.ImportResult)}, refuses=(404, 409))
def read_result(import_id: UUID) -> ResponseReturnValue:
    _ended(import_id)
    return given(api_values.result_of(db.session(), import_id))


def _ended(import_id: UUID) -> ContactImport:
    found = load_import(import_id)
    if found.state not in ENDED:
        raise _wrong_state(found.state)
    return found


@blueprint.get("/imports/<uuid:import_id>/rows")
@contract(
    "Ledger rows in file order",
    {200: Answer("A page; `next` is the row to go on after.", schemas.RowList)},
    query=schemas.RowsQuery,
    refuses=(404, 422),
)
def list_rows(import_id: UUID, query: schemas.RowsQuery) -> ResponseReturnValue:
    load_import(import_id)
    rows = api_values.rows_of(db.session(), import_id, query.outcome, query.after, query.limit + 1)
    following = str(rows[query.limit - 1].row) if len(rows) > query.limit else None
    return given(schemas.RowList(items=rows[: query.limit], next=following))


CSV = {200: Answer("UTF-8 with a byte order mark.", media_type="text/csv")}


@blueprint.get("/imports/<uuid:import_id>/report.csv")
@contract("Every row with its outcome", CSV, refuses=(404, 409))
def report_csv(import_id: UUID) -> ResponseReturnValue:
    return _download(import_id, exports.report_csv, "report")


@blueprint.get("/imports/<uuid:import_id>/rejected.csv")
@contract("The rows that did not get in, to be corrected", CSV, refuses=(404, 409))
def rejected_csv(import_id: UUID) -> ResponseReturnValue:
    return _download(import_id, exports.rejected_csv, "rejected")


def _download(import_id: UUID, made: Callable[[Session, UUID], Iterator[bytes]], kind: str) -> Response:
    found = load_import(import_id)
    if found.total is None:
        raise _wrong_state(found.state)
    return Response(
        stream_with_context(made(db.session(), import_id)),
        mimetype="text/csv",
        headers=_attachment(found, kind, "csv"),
    )


def _attachment(found: ContactImport, kind: str, extension: str) -> dict[str, str]:
    name = f"rowcall-{kind}-{found.created_at:%Y-%m-%d}.{extension}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


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
    found = _ended(import_id)
    kept = db.session.get(ImportDocument, (import_id, "pdf"))
    if kept is not None and kept.content:
        return Response(kept.content, mimetype="application/pdf", headers=_attachment(found, "report", "pdf"))
    if kept is not None and kept.state == "failed":
        raise Problem(503, "pdf_failed", kept.message or "The PDF cannot be made. The CSV report has it all.")
    jobs.request_pdf(import_id, settings())
    return _session(import_id, 202, Retry_After="2")
