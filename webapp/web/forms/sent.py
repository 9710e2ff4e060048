"""What the request at hand sent, as commands and queries.

No other module reads forms and the parameters of addresses. What cannot be used is a Refusal.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from flask import abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict

from webapp.checking import countries
from webapp.imports import mappings
from webapp.limits import LARGEST_BATCH
from webapp.retention import erasure, person_search
from webapp.vocabulary import messages
from webapp.vocabulary.blank_words import BLANK_WORDS
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.refusals import Refusal
from webapp.web import forms
from webapp.web.forms import (
    LAST_HEADER_ROW,
    LINE_ENDS,
    LONGEST_TOKEN,
    digits,
    queries,
)

Model = TypeVar("Model", bound=BaseModel)
SHOWN_CODE = 20  # characters of what was given as a country
TAB = "tab"  # A bare tab would not survive a form.
COLUMN = re.compile("[0-9]{1,6}")  # counted from 0
AS_TYPED = {"password", "present"}
# What the sentence of a field says beside its name.
LIMITS = {
    "batch_size": f"{LARGEST_BATCH}",
    "clear_token": f"{LONGEST_TOKEN}",
    "header_row": f"{LAST_HEADER_ROW:,}",
}


def query(model: type[Model]) -> Model:
    """The parameters of the address."""
    return made(model, _texts(model, request.args))


def form(model: type[Model]) -> Model:
    """The fields of the form."""
    return made(model, _texts(model, request.form))


def _texts(model: type[BaseModel], given: Mapping[str, str]) -> dict[str, Any]:
    """The values of the model's fields that are not blank; a ticked box is a name that is there."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.annotation is bool:
            found[name] = name in given
            continue

        text = given.get(name, "")
        if text := text if name in AS_TYPED else text.strip():
            found[name] = text

    return found


def made(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model of these values, judged as the API judges JSON.

    Raises Refusal for the first fault.
    """
    try:
        return model.model_validate_json(json.dumps(values))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        raise _bad_field(str(found["loc"][0]), found["type"], found.get("ctx") or {}) from None


def _bad_field(name: str, kind: str, facts: Mapping[str, Any]) -> Refusal:
    """The field's own sentence, or else that of its kind."""
    at = f"/{name}"
    if (code := f"bad_{name}") in messages.MESSAGES:
        return Refusal(code, at=at, **({"limit": LIMITS[name]} if name in LIMITS else {}))
    if kind in messages.MESSAGES:
        return Refusal(kind, at=at, **{"what": name.replace("_", " "), **facts})

    return Refusal("bad_option", at=at, what=name.replace("_", " "))


def mapping(columns: int) -> tuple[forms.MappingRequest, str]:
    """What the page of the columns says of so many of them, and the name to keep it under, ""
    for none.
    """
    values: dict[str, Any] = {
        "mapping": chosen_targets(columns),
        "default_country": _country(),
        "clear_token": request.form.get("clear_token", "").strip() or None,
        "date_order": request.form.get("date_order") or None,
        "drop_bad_cells": "drop_bad_cells" in request.form,
        "blank_words": _blank_words(),
        "keep_words": [
            int(column)
            for column in request.form.getlist("keep_words")
            if COLUMN.fullmatch(column)
        ],
    }

    if keys := request.form.getlist("match_keys"):
        values["match_keys"] = keys

    name = request.form.get("save_as", "").strip()
    if len(name) > mappings.LONGEST_NAME or LINE_ENDS.search(name):
        raise Refusal(
            "bad_line", at="/save_as", what=gettext("a name"), limit=mappings.LONGEST_NAME
        )

    return made(forms.MappingRequest, values), " ".join(name.split())


def _blank_words() -> list[str] | None:
    """The usual words, unless the person turned them off, and those that the person adds."""
    more = [word.strip() for word in request.form.get("more_words", "").split(",")]
    own = [word for word in more if word]
    if "keep_all_words" in request.form:
        return own
    return [*BLANK_WORDS, *own] if own else None


def chosen_targets(columns: int) -> list[str | None]:
    """The target of each column as the page has it, for showing the page again."""
    return [request.form.get(f"column-{index}") or None for index in range(columns)]


def _country() -> str | None:
    code = request.form.get("default_country", "").strip().upper()
    if code and code not in countries.CODES:
        raise Refusal("unknown_country", at="/default_country", country=code[:SHOWN_CODE])
    return code or None


HTML_ONLY = "html"  # what is done where nothing is said


def how_to_read() -> forms.UploadForm:
    """How the file is to be read, from the form or, for a look, from the address."""
    given: Mapping[str, str] = request.form if request.method == "POST" else request.args
    values = {
        name: given.get(name) or None
        for name in ("encoding", "delimiter", "sheet", "header_row", "repair")
    }
    if values["repair"] == HTML_ONLY:
        values["repair"] = None
    if values["delimiter"] == TAB:
        values["delimiter"] = "\t"

    return made(forms.UploadForm, values)


def execution(import_id: UUID) -> forms.ExecuteRequest:
    """What the review's form asks for."""
    size = request.form.get("batch_size", "").strip() or "100"
    values = {
        "import_id": str(import_id),
        "duplicate_strategy": request.form.get("duplicate_strategy") or None,
        "skip_errors": "stop_at_errors" not in request.form,
        "batch_size": int(size) if re.fullmatch("[0-9]{1,18}", size) else size,
        "notification_email": request.form.get("notification_email", "").strip() or None,
    }

    return made(forms.ExecuteRequest, values)


def correction() -> forms.CorrectionRequest:
    """The cells that the person typed.

    Columns that are no numbers are no mistake of a person's: 400.
    """
    typed = {
        name.removeprefix("cell-"): text
        for name, text in request.form.items()
        if name.startswith("cell-")
    }

    if not typed or not all(COLUMN.fullmatch(column) for column in typed):
        abort(400)

    values = {int(column): text for column, text in typed.items()}
    alike = None
    if "alike" in request.form:
        alike = form(_Alike).alike

    return made(forms.CorrectionRequest, {"values": values, "alike": alike})


class _Alike(queries.Query):
    alike: queries.Number = 0


def contact_edit(names: list[str]) -> forms.ContactEdit:
    """The contact's fields of these names, to the letter."""
    values = {name: request.form[name] for name in names if name in request.form}
    return made(forms.ContactEdit, {"version": form(_Version).version, "values": values})


def contact_deletion() -> forms.ContactDeletion:
    return made(forms.ContactDeletion, {"version": form(_Version).version})


class _Version(queries.Query):
    version: queries.Number = 0


def marks() -> dict[str, str]:
    """The marks of the fields as the form showed them, by field."""
    prefix = "mark:"
    return {
        name.removeprefix(prefix): text
        for name, text in request.form.items()
        if name.startswith(prefix)
    }


def erased_too() -> forms.Erasure:
    """What was ticked of the rows and files about others. 400 for what the page does not offer."""
    try:
        return forms.Erasure(also=[_ticked(value) for value in request.form.getlist("also")])
    except ValueError:
        abort(400)


WAYS = {erasure.FILE, person_search.PHONE, person_search.NAMED}


def _ticked(value: str) -> tuple[UUID, int | str]:
    import_id, _, what = value.partition(":")
    return UUID(import_id), what if what in WAYS else int(digits(what))


def as_typed() -> MultiDict[str, str]:
    """The form, for showing it again."""
    return request.form


def parameters() -> dict[str, list[str]]:
    """For the API: the address's parameters, each with all its values."""
    return request.args.to_dict(flat=False)


def fields() -> dict[str, list[str]]:
    """For the API: the text fields of a multipart body, each with all its values."""
    return request.form.to_dict(flat=False)


def pasted() -> str:
    """The table that was pasted into a page's form; "" where none was."""
    return request.form.get("text", "")


def the_file() -> FileStorage | None:
    """The file of a page's form; None where none was chosen."""
    file = request.files.get("file")
    return file if file is not None and file.filename else None
