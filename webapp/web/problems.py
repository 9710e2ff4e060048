"""Problems of the JSON API, as `application/problem+json` (RFC 9457), and the words for each
status.
"""

import json
from typing import Any

from flask import Response, has_request_context, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from webapp.vocabulary import messages
from webapp.vocabulary.refusals import Kind, Refusal
from webapp.vocabulary.states import State

MEDIA_TYPE = "application/problem+json"
# Status → code. The words are those of the messages `api_…`; a raised Problem may say something
# more exact.
CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "wrong_state",
    412: "changed_meanwhile",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many",
    500: "broken",
    503: "unavailable",
}
WAIT_SECONDS = {429: 10, 503: 5}
BIGGEST_LIST = 50  # of errors in one answer


class Problem(HTTPException):
    """An answer that says no.

    `errors` are {"pointer", "code", "detail"}; `facts` become members of the document.
    """

    def __init__(
        self,
        status: int,
        code: str = "",
        detail: str = "",
        *,
        title: str = "",
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        **facts: Any,
    ) -> None:
        plain_code, plain_title, plain_detail = plain_words(status)
        super().__init__(detail or plain_detail)
        self.code = status
        self.document = document(
            status, code or plain_code, title or plain_title, detail or plain_detail
        )
        if errors:
            self.document["errors"] = errors

        self.document.update(facts)
        self.headers = headers or {}


def plain_words(status: int) -> tuple[str, str, str]:
    """Code, title and what to do, as far as a status alone says it."""
    key = f"api_{status}"
    return CODES[status], messages.title(key), messages.instruction(key)


def document(status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    """The members that every problem has."""
    root = request.script_root if has_request_context() else ""

    return {
        "type": f"{root}/api/docs#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }


def concerns_api() -> bool:
    """Whether the request at hand is one of the API, so that its errors are JSON."""
    return request.path.startswith("/api/") and request.path != "/api/docs"


def answer(error: HTTPException) -> Response:
    """Any HTTP error as a problem document, with the headers that the error brings along."""
    status = error.code if error.code in CODES else 500 if (error.code or 500) >= 500 else 400  # noqa: PLR2004
    found = (
        error.document
        if isinstance(error, Problem)
        else document(status, *plain_words(status))
    )
    response = Response(json.dumps(found), found["status"], mimetype=MEDIA_TYPE)
    response.headers.update(headers_of(error))
    if isinstance(error, Problem):
        response.headers.update(error.headers)

    if status == 401:  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = "Bearer"

    if status in WAIT_SECONDS:
        response.headers.setdefault("Retry-After", str(WAIT_SECONDS[status]))

    return response


def headers_of(error: HTTPException) -> dict[str, str]:
    """What an error says beside its body, such as Allow and Retry-After."""
    of_body = {"content-type", "content-length"}
    return {name: value for name, value in error.get_headers() if name.lower() not in of_body}


def plain(status: int, reference: str = "") -> Response:
    """The problem that a status alone describes; `reference` is what the log has it under."""
    return answer(Problem(status, reference=reference) if reference else Problem(status))


BAD_CURSOR = ("bad_cursor", "Give the value of next as it came")


def at_fault(pointer: str, code: str, detail: str) -> Problem:
    """A 422 for one field or parameter."""
    return Problem(
        422,
        code,
        f"{detail.rstrip('.')}.",
        errors=[{"pointer": pointer, "code": code, "detail": detail}],
    )


STATUS = {
    Kind.UNUSABLE: 422,
    Kind.NOT_NOW: 409,
    Kind.UNKNOWN: 404,
    Kind.NOT_ALLOWED: 403,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
}
ROOM_SECONDS = "60"  # It takes a person to make room.
# What a form or an address holds is told under the code of its status.
OF_FIELDS = ("bad_", "unstorable_")


def of_refusal(refusal: Refusal) -> Problem:
    """A refusal as the API answers it: a field at fault with its place, anything else with its
    facts.
    """
    if state := refusal.facts.get("state"):
        refusal.facts["state"] = State(state).public.value

    if refusal.kind is Kind.UNUSABLE:
        code = "invalid" if refusal.code.startswith(OF_FIELDS) else refusal.code
        return at_fault(refusal.at, code, refusal.sentence)

    status = STATUS[refusal.kind]
    headers = {"Retry-After": ROOM_SECONDS} if refusal.kind is Kind.TOO_MANY else {}
    facts = refusal.facts if refusal.kind is Kind.NOT_NOW else {}

    return Problem(status, refusal.code, refusal.sentence, headers=headers, **facts)


def invalid(error: ValidationError, value: Any, prefix: str = "") -> Problem:
    """A 422 from pydantic's findings, one entry for each place; `value` is what was sent."""
    found: dict[str, dict[str, str]] = {}
    for finding in error.errors(include_url=False, include_context=False, include_input=False):
        pointer = prefix + _pointer(finding["loc"], value)
        detail = finding["msg"].removeprefix("Value error, ")

        if pointer in found:  # The branches of a union each had their say.
            found[pointer]["detail"] += f", or: {detail}"
        else:
            found[pointer] = {"pointer": pointer, "code": finding["type"], "detail": detail}

    return Problem(422, errors=list(found.values())[:BIGGEST_LIST])


def _pointer(location: tuple[int | str, ...], value: Any) -> str:
    """A JSON pointer (RFC 6901) to the place at fault; pydantic's own names for a union's
    branches are left out.
    """
    parts, here = [], value
    for step in location:
        if isinstance(here, dict) and isinstance(step, str):
            parts.append(step)
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            parts.append(str(step))
            here = here[step] if step < len(here) else None
        else:
            break

    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
