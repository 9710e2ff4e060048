"""The JSON API: uploading, listing and reading imports."""

import base64
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, cast
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from sqlalchemy import select, tuple_

from webapp.models import ContactImport
from webapp.vocabulary import messages
from webapp.vocabulary.states import asked_for
from webapp.web import commands, forms
from webapp.web.access import seen
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import SESSION, blueprint, session_answer
from webapp.web.extensions import db
from webapp.web.forms import sent
from webapp.web.problems import BAD_CURSOR, Problem, at_fault, invalid

FROM_SESSION = {"import_id": "$response.body#/import_id"}
UPLOAD_LINKS = {
    "read": {"operationId": "read_import", "parameters": FROM_SESSION},
    "progress": {"operationId": "read_progress", "parameters": FROM_SESSION},
    "map": {
        "operationId": "map_columns",
        "parameters": FROM_SESSION,
        "requestBody": {"mapping": "$response.body#/suggested_mapping"},
    },
}


@blueprint.post("/imports")
@contract(
    "Upload a file",
    {
        201: Answer(
            "The file is stored and its head is read.",
            schemas.ImportSession,
            headers=("Location",),
        )
    },
    form=forms.UploadForm,
    refuses=(400, 403, 413, 415, 422),
    headers={
        "Idempotency-Key": "The same key with the same bytes gives the first import again; other bytes: 422."
    },
    links=UPLOAD_LINKS,
)
def upload_import() -> ResponseReturnValue:
    if request.mimetype != "multipart/form-data":
        raise Problem(
            415, detail="Send the file as multipart/form-data, in the part named file."
        )

    form, key = _upload_form(), _idempotency_key()
    file = request.files.get("file")
    found = (
        commands.upload(file.filename or "", cast("BinaryIO", file.stream), form, key)
        if file
        else commands.paste(form, key)
    )
    answer = representations.session_of(db.session(), found)

    return given(answer, 201, Location=url_for("api.read_import", import_id=found.id))


def _upload_form() -> forms.UploadForm:
    """The text fields, checked; exactly one file, or a pasted table in its place."""
    files = request.files.getlist("file")
    pasted = sent.pasted().strip() and not request.files
    is_one = len(files) == 1 and files[0].filename and list(request.files) == ["file"]
    if not pasted and (not is_one or sent.pasted()):
        raise at_fault("/file", "no_file", messages.instruction("no_file"))

    known = forms.UploadForm.model_fields
    given_fields = {}

    for name, values in sent.fields().items():
        if len(values) > 1:
            raise at_fault(f"/{name}", "repeated", "Give this once")
        if values[0] or name not in known:
            given_fields[name] = values[0]

    try:
        return forms.UploadForm.model_validate(given_fields)
    except ValidationError as error:
        raise invalid(error, given_fields) from None


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (
        0 < len(key) <= sent.LONGEST_KEY and key.isascii() and key.isprintable()
    ):
        raise at_fault(
            "Idempotency-Key",
            "bad_key",
            f"Give 1 to {sent.LONGEST_KEY} printable ASCII characters",
        )

    return key


@blueprint.get("/imports")
@contract(
    "List imports, newest first",
    {200: Answer("A page.", schemas.ImportList)},
    query=schemas.ImportsQuery,
)
def list_imports(query: schemas.ImportsQuery) -> ResponseReturnValue:
    wanted = select(ContactImport).where(seen())
    if query.state:
        wanted = wanted.where(ContactImport.state.in_(asked_for(query.state)))

    if query.after:
        wanted = wanted.where(
            tuple_(ContactImport.created_at, ContactImport.id) < _position(query.after)
        )

    newest = wanted.order_by(ContactImport.created_at.desc(), ContactImport.id.desc()).limit(
        query.limit + 1
    )
    found = list(db.session.scalars(newest))
    items = [representations.session_of(db.session(), one) for one in found[: query.limit]]
    following = _cursor(found[query.limit - 1]) if len(found) > query.limit else None

    return given(schemas.ImportList(items=items, next=following))


def _cursor(last: ContactImport) -> str:
    return base64.urlsafe_b64encode(
        f"{last.created_at.isoformat()} {last.id}".encode()
    ).decode()


def _position(cursor: str) -> tuple[datetime, UUID]:
    with suppress(ValueError):
        moment, _, import_id = (
            base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        )
        at = datetime.fromisoformat(moment)
        if at.tzinfo:
            return at, UUID(import_id)

    raise at_fault("after", *BAD_CURSOR)


@blueprint.get("/imports/<uuid:import_id>")
@contract("Read an import", {200: SESSION}, refuses=(404,))
def read_import(import_id: UUID) -> ResponseReturnValue:
    return session_answer(import_id)
