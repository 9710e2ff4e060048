"""What an address of the API takes and gives, declared once at its view: checked here,
described by openapi.py.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError

from webapp.web.forms import sent
from webapp.web.problems import Problem, at_fault, invalid

Model = TypeVar("Model", bound=BaseModel)
View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True)
class Answer:
    """One answer: what it means, and its body as a model or, for anything but JSON, a media type;
    none where that is blank.

    `events` are those of a stream, each with the model of its data.
    """

    meaning: str
    model: type[BaseModel] | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    events: Mapping[str, type[BaseModel]] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """An operation.

    `refuses` are the problems it may answer with beside those of every operation.
    """

    summary: str
    answers: Mapping[int, tuple[Answer, ...]]
    refuses: tuple[int, ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_required: bool = True
    form: type[BaseModel] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def contract(
    summary: str,
    answers: Mapping[int, Answer | tuple[Answer, ...]],
    *,
    refuses: tuple[int, ...] = (),
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    body_required: bool = True,
    form: type[BaseModel] | None = None,
    headers: Mapping[str, str] | None = None,
    links: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[View], View]:
    """Declare a view's contract.

    The checked query and body reach the view as `query` and `body`; where no body is required, one
    that is left out is that of the defaults.
    """
    several = {
        status: answer if isinstance(answer, tuple) else (answer,)
        for status, answer in answers.items()
    }

    def declare(view: View) -> View:
        @functools.wraps(view)
        def checked(**arguments: Any) -> ResponseReturnValue:
            values = _checked_query(query or _NoQuery)
            if query:
                arguments["query"] = values

            if body:
                left_out = not body_required and not request.get_data()
                arguments["body"] = body() if left_out else _checked_body(body)

            return view(**arguments)

        checked.contract = Contract(  # type: ignore[attr-defined]
            summary,
            several,
            refuses,
            query,
            body,
            body_required=body_required,
            form=form,
            headers=headers or {},
            links=links or {},
        )

        return checked

    return declare


def given(model: BaseModel, status: int = 200, **headers: str) -> Response:
    """An answer of the contract as JSON."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(model.model_dump_json(), status, names, mimetype="application/json")


class _NoQuery(BaseModel):
    model_config = {"extra": "forbid"}


def _checked_query(model: type[Model]) -> Model:
    """The query's parameters; a blank one counts as left out, a repeated one is refused."""
    asked = {}
    for name, values in sent.parameters().items():
        if len(values) > 1:
            raise at_fault(name, "repeated", "Give this once")
        if values[0] != "" or name not in model.model_fields:
            asked[name] = values[0]

    try:
        return model.model_validate(asked)
    except ValidationError as error:
        problem = invalid(error, asked)
        for entry in problem.document["errors"]:
            entry["pointer"] = entry["pointer"].removeprefix("/")
        raise problem from None


def _checked_body(model: type[Model]) -> Model:
    """The JSON body, strictly: 415 for another content type, 400 for what is no JSON, 422 for
    the wrong shape.
    """
    if request.mimetype != "application/json":
        raise Problem(415, detail="Send the body as application/json.")

    raw = request.get_data()

    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] == "json_invalid":
            raise Problem(400, "not_json", "Send one JSON document, in UTF-8.") from None
        raise invalid(error, request.get_json(silent=True)) from None
