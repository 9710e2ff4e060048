"""The OpenAPI 3.1 document, made from the contracts at the views and their docstrings.

`make openapi` writes it to openapi.json beside this file, for the web process, which runs without
docstrings and never loads this module.
"""

import inspect
import re
from http import HTTPStatus
from typing import Any, cast

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from webapp.web import forms, problems
from webapp.web.api import schemas
from webapp.web.api.contract import Answer, Contract

ALWAYS = (401, 422, 500, 503)  # problems of every operation of the API
REF = "#/components/schemas/{model}"
HEADERS = {
    "ETag": {
        "description": "The version, or a plan's digest, in quotes.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "The name of the file.",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where the session is.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}},
}
PATH_TYPES = {
    "import_id": {"type": "string", "format": "uuid"},
    "contact_id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "act_id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "mapping_id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "row": {"type": "integer", "minimum": 0, "maximum": 2**53},
    "number": {"type": "integer", "minimum": 0, "maximum": 2**53},
}
# The order in which a program asks, and a reader reads.
FLOW = (
    *(
        "upload_import",
        "map_columns",
        "read_import",
        "preview_import",
        "read_plan",
        "plan_csv",
        "list_problems",
        "list_cells",
        "correct_row",
        "correct_rows",
        "preview_correction",
        "list_corrections",
        "read_correction",
        "undo_correction",
        "undo_corrections",
        "leave_row_out",
        "include_row",
        "list_conflicts",
        "list_possible_matches",
        "choose_contact",
        "take_back_choice",
        "execute_import",
        "approve_import",
        "refuse_import",
        "follow_import",
    ),
    *(
        "read_progress",
        "cancel_import",
        "read_result",
        "list_rows",
        "report_csv",
        "report_pdf",
        "rejected_csv",
    ),
    *(
        "undo_row",
        "retry_import",
        "preview_rollback",
        "roll_back_import",
        "list_imports",
        "list_contacts",
        "export_csv",
        "export_xlsx",
        "export_vcf",
        "read_contact",
        "read_past_contact",
        "change_contact",
        "merge_contact",
        "unmerge_contact",
        "find_duplicates",
        "cancel_duplicates",
        "list_duplicates",
        "answer_duplicate",
        "start_bulk_act",
        "read_bulk_act",
        "stop_bulk_act",
        "undo_bulk_act",
        "list_mappings",
        "save_mapping",
        "change_mapping",
        "delete_mapping",
    ),
)
WEB = "The JSON API of Rowcall: upload a file, map its columns, preview, execute, follow, take back."


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of an app, but for its `servers`."""
    paths: dict[str, dict[str, Any]] = {}
    models: set[type[BaseModel]] = {schemas.ProblemDocument, schemas.Alive, schemas.Ready}

    for rule, contract in _contracts(app):
        operations = paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})).lower()
        operations[method] = _operation(app, rule, contract)
        models |= {
            answer.model
            for answers in contract.answers.values()
            for answer in answers
            if answer.model
        }
        models |= {model for model in (contract.body, contract.form) if model}

    paths |= HEALTH

    return {
        "openapi": "3.1.0",
        "info": {"title": "Rowcall", "version": "1", "description": WEB},
        "paths": paths,
        "components": {
            "schemas": _schemas(models),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _contracts(app: Flask) -> list[tuple[Rule, Contract]]:
    found = [
        (rule, getattr(app.view_functions[rule.endpoint], "contract", None))
        for rule in app.url_map.iter_rules()
    ]
    declared = [(rule, contract) for rule, contract in found if contract]
    return sorted(declared, key=lambda pair: FLOW.index(_name(pair[0])))


def _name(rule: Rule) -> str:
    return str(rule.endpoint).rpartition(".")[2]


def _schemas(models: set[type[BaseModel]]) -> dict[str, Any]:
    asked = {
        *(forms.UploadForm, forms.MappingRequest, forms.ExecuteRequest),
        *(forms.ChoiceRequest, forms.ContactChanges),
    }
    wanted = [(model, "validation" if model in asked else "serialization") for model in models]
    wanted.sort(key=lambda pair: pair[0].__name__)
    _, defined = models_json_schema(wanted, ref_template=REF)  # type: ignore[arg-type]
    return cast("dict[str, Any]", defined["$defs"])


def _operation(app: Flask, rule: Rule, contract: Contract) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _name(rule),
        "summary": contract.summary,
        "security": [{"token": []}],
        "parameters": [
            *_path_parameters(rule),
            *_query_parameters(contract),
            *_header_parameters(contract),
        ],
        "responses": _responses(contract),
    }

    if text := inspect.getdoc(app.view_functions[rule.endpoint]):
        described["description"] = text

    if body := _body(contract):
        described["requestBody"] = body

    return described


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PATH_TYPES[name]}
        for name in sorted(rule.arguments)
    ]


def _query_parameters(contract: Contract) -> list[dict[str, Any]]:
    if contract.query is None:
        return []

    schema = _inlined(contract.query.model_json_schema())
    required = schema.get("required", [])

    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _blank_or(found, name in required),
        }
        for name, found in schema["properties"].items()
    ]


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without references, and without the null that a query cannot hold."""
    definitions = schema.pop("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolve(definitions[part["$ref"].rpartition("/")[2]])

        return {
            key: resolve(value)
            for key, value in part.items()
            if key not in {"title", "description"}
        }

    return cast("dict[str, Any]", resolve(schema))


def _blank_or(schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """An optional parameter may stand there without a value."""
    if required:
        return schema

    branches = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    plain = [
        {key: value for key, value in one.items() if key != "default"} for one in branches
    ]
    return {"anyOf": [*plain, {"type": "string", "maxLength": 0}]}


def _header_parameters(contract: Contract) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[!-~]+$"}
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": meaning,
            "schema": text,
        }
        for name, meaning in contract.headers.items()
    ]


def _body(contract: Contract) -> dict[str, Any] | None:
    if contract.body:
        return {
            "required": contract.body_required,
            "content": {"application/json": {"schema": _reference(contract.body)}},
        }

    if contract.form:
        form = _inlined(contract.form.model_json_schema())
        parts = {
            name: _blank_or(schema, required=False)
            for name, schema in form["properties"].items()
        }
        file = {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "A table: CSV, Excel, OpenDocument, vCard, or one of these in a .gz or .zip.",
        }

        schema: dict[str, Any] = {
            "type": "object",
            "properties": {"file": {**file, "format": "binary"}, **parts},
            "oneOf": [{"required": ["file"]}, {"required": ["text"]}],
            "additionalProperties": False,
        }
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}

    return None


def _responses(contract: Contract) -> dict[str, Any]:
    refuses = {*ALWAYS, *contract.refuses, 429}
    found = {
        str(status): _answer(answers, contract) for status, answers in contract.answers.items()
    }
    return found | {str(status): _problem(status) for status in sorted(refuses)}


def _answer(answers: tuple[Answer, ...], contract: Contract) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": " ".join(answer.meaning for answer in answers),
        "content": {},
    }

    for answer in answers:
        if answer.media_type:
            described["content"][answer.media_type] = {"schema": _answer_schema(answer)}
        if answer.headers:
            described["headers"] = {name: HEADERS[name] for name in answer.headers}

    if contract.links:
        described["links"] = {name: dict(link) for name, link in contract.links.items()}

    return described


def _answer_schema(answer: Answer) -> dict[str, Any]:
    """A model's schema, or that of each event of a stream; any other body is text."""
    if answer.events:
        return {"oneOf": [_event(name, model) for name, model in answer.events.items()]}
    return _reference(answer.model) if answer.model else {"type": "string"}


def _event(name: str, model: type[BaseModel]) -> dict[str, Any]:
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": _reference(model),
    }

    return {
        "type": "object",
        "properties": {"event": {"const": name}, "data": data},
        "required": ["event", "data"],
    }


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=model.__name__)}


def _problem(status: int) -> dict[str, Any]:
    headers = ["Retry-After"] if status in problems.WAIT_SECONDS else []
    if status == HTTPStatus.UNAUTHORIZED:
        headers = ["WWW-Authenticate"]

    return {
        "description": problems.plain_words(status)[1],
        "headers": {name: HEADERS[name] for name in headers},
        "content": {problems.MEDIA_TYPE: {"schema": _reference(schemas.ProblemDocument)}},
    }


def _health(name: str, summary: str, model: str, *also: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": REF.format(model=model)}}}
    answers = {
        str(status): {"description": HTTPStatus(status).phrase, "content": content}
        for status in (200, *also)
    }
    return {
        "get": {"operationId": name, "summary": summary, "security": [], "responses": answers}
    }


HEALTH = {
    "/healthz": _health("healthz", "Whether the web process is alive", "Alive"),
    "/readyz": _health(
        "readyz", "Whether the database, the queue and a worker are there", "Ready", 503
    ),
}
