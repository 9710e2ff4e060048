"""What the request at hand sent, as commands and queries.

No other module reads forms and the parameters of addresses. What cannot be used is a Refusal.
"""

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin
from uuid import UUID

from flask import abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict

from webapp.checking import constants
from webapp.checking.tags import split_tags
from webapp.contacts.filters import as_json
from webapp.limits import LARGEST_BATCH
from webapp.retention import erasure, person_search
from webapp.staging.problem_list import WHOLE_ROW
from webapp.staging.row_choices import Choice
from webapp.vocabulary import messages
from webapp.vocabulary.fields import CUSTOM, SEVERAL, TAGS
from webapp.vocabulary.keys import LABEL_COLUMN
from webapp.vocabulary.refusals import Refusal
from webapp.web import forms
from webapp.web.forms import (
    LAST_HEADER_ROW,
    LONGEST_TOKEN,
    digits,
    queries,
)
from webapp.web.forms.columns import COLUMN, ColumnsForm

Model = TypeVar("Model", bound=BaseModel)
TAB = "tab"  # A bare tab would not survive a form.
AS_TYPED = {"password", "present", "find", "replace_with"}
# What the sentence of a field says beside its name.
LIMITS = {
    "batch_size": f"{LARGEST_BATCH}",
    "clear_token": f"{LONGEST_TOKEN}",
    "constants": f"{constants.MOST}",
    "header_row": f"{LAST_HEADER_ROW:,}",
    "tag": f"{TAGS.max_length:,}",
}


def query(model: type[Model]) -> Model:
    """The parameters of the address."""
    return made(model, _texts(model, request.args))


def form(model: type[Model]) -> Model:
    """The fields of the form."""
    return made(model, _texts(model, request.form))


def _texts(model: type[BaseModel], given: MultiDict[str, str]) -> dict[str, Any]:
    """The values of the model's fields that are not blank; a ticked box is a name that is there,
    and a list has each value of a name.
    """
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.annotation is bool:
            found[name] = name in given
            continue
        if get_origin(field.annotation) is list:
            found[name] = [text for text in given.getlist(name) if text.strip()]
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
        limit = facts.get("limit", LIMITS.get(name))
        return Refusal(code, at=at, **({"limit": limit} if name in LIMITS else {}))
    if kind in messages.MESSAGES:
        return Refusal(kind, at=at, **{"what": name.replace("_", " "), **facts})

    return Refusal("bad_option", at=at, what=name.replace("_", " "))


def bulk_act() -> forms.BulkActRequest:
    """What a page asks of many contacts.

    Raises Refusal: bulk_none_ticked, bulk_no_tag, bulk_no_field, bulk_no_name, or that of a value.
    """
    asked = form(queries.BulkActForm)
    if not (asked.ids or asked.all):
        raise Refusal("bulk_none_ticked")

    tags = list(split_tags(asked.tags))
    to = f"{CUSTOM}{asked.new_label}" if asked.new_label else asked.to
    given = {
        "tags": (tags, "bulk_no_tag"),
        "tag": (asked.old_tag, "bulk_no_tag"),
        "to": (to, "bulk_no_name"),
        "field": (asked.field, "bulk_no_field"),
        "value": (asked.new_value, ""),
    }
    values: dict[str, Any] = {"kind": asked.kind}
    for name in forms.BULK_PARAMETERS[asked.kind]:
        value, code = given[name]
        if code and not value:
            raise Refusal(code, at=f"/{name}")
        values[name] = value

    which = {"contact_ids": asked.ids} if asked.ids else {"filter": as_json(asked.filter())}
    return made(forms.BulkActRequest, values | which)


def columns(width: int) -> ColumnsForm:
    """The form of the columns of a file that has so many."""
    return ColumnsForm(request.form, width)


def mapping(form: ColumnsForm) -> forms.MappingRequest:
    """The command that the form of the columns asks for. Raises Refusal."""
    return made(forms.MappingRequest, form.request())


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
        "create_new": "only_update" not in request.form,
        "hold_other_names": "hold_other_names" in request.form,
        "skip_errors": "stop_at_errors" not in request.form,
        "batch_size": int(size) if re.fullmatch("[0-9]{1,18}", size) else size,
        "notification_email": request.form.get("notification_email", "").strip() or None,
    }

    return made(forms.ExecuteRequest, values)


def variants() -> queries.VariantQuery:
    """Which previews the review is to show: as the form that was refused says, or the address."""
    return (form if request.method == "POST" else query)(queries.VariantQuery)


TAKEN = "take:"  # before the name of a field, in the form of two contacts


def pair_merge(other_id: int, asked: queries.PairForm) -> forms.Merge:
    """The merge that the form of a pair asks for."""
    versions = {"version": asked.version, "other_version": asked.other_version}
    return made(forms.Merge, {"other_id": other_id, "fields": _named(TAKEN), **versions})


def correction() -> forms.CorrectionRequest:
    """The cells that the person typed.

    Columns that are no numbers are no mistake of a person's: 400.
    """
    typed = _named("cell-")

    if not typed or not all(COLUMN.fullmatch(column) for column in typed):
        abort(400)

    values = {int(column): text for column, text in typed.items()}
    alike = None
    if "alike" in request.form:
        alike = form(_Alike).alike

    seen_before = {
        int(column): request.form[f"was-{column}"]
        for column in typed
        if f"was-{column}" in request.form
    }
    return made(
        forms.CorrectionRequest,
        {"values": values, "alike": alike, "seen": seen_before or None},
    )


MOST_SHOWN = 200  # rows that a page can have sent anew
SHOWN = re.compile(r"([0-9]{1,9}):((?:[0-9]{1,6}(?:\.[0-9]{1,6})*)?)")


def shown() -> dict[int, list[int]]:
    """The rows that a page shows, each with the columns of which it shows the cells."""
    found = {}
    for part in request.values.get("shown", "").split(",")[:MOST_SHOWN]:
        if match := SHOWN.fullmatch(part):
            found[int(match[1])] = [int(column) for column in match[2].split(".") if column]

    return found


def groups() -> list[int]:
    """The groups of which a page shows the heads."""
    return [int(group) for group in request.values.getlist("head") if COLUMN.fullmatch(group)]


def fix(listed: Mapping[str, Any]) -> forms.FixRequest:
    """One act on many rows. `listed` is the filter of the page, for all rows that it lists."""
    values: dict[str, Any] = {"act": request.form.get("act", "")}
    if "group" in request.form:
        values["group"] = form(_Group).group
    elif "listed" in request.form:
        values["filter"] = _filtered(listed)
    else:
        values["rows"] = [
            int(row) for row in request.form.getlist("rows") if ROW_NUMBER.fullmatch(row)
        ]

    if values["act"] in {"set", "clear", "use_suggestions"} and "column" in request.form:
        values["column"] = form(_Column).column
    if values["act"] == "set":
        values["value"] = request.form.get("value", "")

    return made(forms.FixRequest, values)


def replacement(asked: queries.ProblemsQuery) -> forms.FixRequest:
    """What find and replace asks for: in the rows that are listed, or in all of the file."""
    listed = asked.filter()
    where = {"everything": True} if asked.all else {"filter": _filtered(listed)}
    return made(
        forms.FixRequest,
        {
            "act": "replace",
            "find": asked.find,
            "replace_with": asked.replace_with,
            "match_case": asked.match_case,
            "column": asked.in_column,
            **where,
        },
    )


def find_and_replace(listed: queries.ProblemsQuery) -> queries.ProblemsQuery:
    """The same page with what the panel asks for."""
    asked = form(queries.ProblemsQuery)
    panel = asked.model_dump(include={"find", "replace_with", "in_column", "match_case"})
    return listed.model_copy(update={**panel, "panel": True})


def writes() -> bool:
    """Whether the button was pressed that replaces, not the one that shows what would change."""
    return "write" in request.form


def pasted_column() -> tuple[forms.FixRequest, int]:
    """The cells that were pasted, by row, and how many the clipboard held."""
    asked = form(_Pasted)
    cells = [
        {"row": int(row), "value": value}
        for row, value in zip(
            request.form.getlist("row"), request.form.getlist("value"), strict=False
        )
        if ROW_NUMBER.fullmatch(row)
    ]
    if not cells:
        abort(400)

    values = {"act": "paste", "column": asked.column, "cells": cells}
    return made(forms.FixRequest, values), asked.given


ROW_NUMBER = re.compile("[0-9]{1,9}")


def _filtered(listed: Mapping[str, Any]) -> dict[str, Any]:
    """A page's filter as the API takes it."""
    found = {name: listed[name] for name in ("kind", "code", "q") if name in listed}
    if "column" in listed:
        column = listed["column"]
        found["column"] = WHOLE_ROW if column == queries.ROW else int(column)

    return found


class _Group(queries.Query):
    group: queries.Number = 0


class _Column(queries.Query):
    column: queries.Number = 0


class _Pasted(queries.Query):
    column: queries.Number = 0
    given: queries.Number = 0


class _Alike(queries.Query):
    alike: queries.Number = 0


def contact_edit(names: list[str]) -> forms.ContactEdit:
    """The contact's fields of these names, to the letter; of e-mails and phones the whole lists."""
    listed = {kind: _addresses(kind) for kind in SEVERAL if LABEL_COLUMN[kind] in request.form}
    values = {
        name: request.form[name]
        for name in names
        if name in request.form and name not in listed
    }

    return made(
        forms.ContactEdit,
        {"version": form(_Version).version, "values": values, "addresses": listed},
    )


def _addresses(kind: str) -> list[dict[str, str | None]]:
    """The lines of the form that are filled and are not to go, the main one first."""
    gone = {*request.form.getlist(f"{kind}_remove")}
    main = request.form.get(f"{kind}_main", "1")
    found: list[dict[str, str | None]] = []

    for number in itertools.count(1):
        name, label = numbered(kind, number), numbered(LABEL_COLUMN[kind], number)
        if name not in request.form:
            return found
        if request.form[name].strip() and str(number) not in gone:
            line = {"value": request.form[name], "label": request.form.get(label) or None}
            found.insert(0 if str(number) == main else len(found), line)

    return found


def numbered(name: str, number: int) -> str:
    """What a form calls the field of one of several lines, from 1."""
    return name if number == 1 else f"{name}-{number}"


CHOICE = re.compile("(contact):([0-9]{1,18}):([a-z_]*)|(owner_of):([a-z_]+)|(new)|(leave_out)")


def choice(asked: queries.ChoiceForm) -> forms.ChoiceRequest:
    """What the button that was pressed says of a row in conflict.

    For all rows alike, a contact is the one that has the same key of each row.
    """
    return _choice(asked.choice, alike=asked.alike)


def seen(asked: queries.ChoiceForm) -> Choice | None:
    """What the page showed as chosen."""
    return _choice(asked.seen).choice() if asked.seen else None


def _choice(text: str, *, alike: bool = False) -> forms.ChoiceRequest:
    found = CHOICE.fullmatch(text)
    if found is None:
        raise Refusal("bad_choice", at="/choice")

    contact, number, by, owner, key = found.group(1, 2, 3, 4, 5)
    values: dict[str, Any] = {"alike": alike}
    if owner or (contact and by and alike):
        values["owner_of"] = key or by
    elif contact:
        values["contact_id"] = int(number)
    else:
        values[text] = True

    return made(forms.ChoiceRequest, values)


def contact_deletion() -> forms.ContactDeletion:
    return made(forms.ContactDeletion, {"version": form(_Version).version})


def merge() -> forms.Merge:
    """The two contacts, and whose each field is, as `side:<field>`."""
    return made(
        forms.Merge, {**form(queries.MergeForm).model_dump(), "fields": _named("side:")}
    )


def _named(prefix: str) -> dict[str, str]:
    """What was chosen in the fields whose names begin so, by the rest of the name."""
    return {
        name.removeprefix(prefix): said
        for name, said in request.form.items()
        if name.startswith(prefix)
    }


class _Version(queries.Query):
    version: queries.Number = 0


def marks() -> dict[str, str]:
    """The marks of the fields as the form showed them, by field."""
    return _named("mark:")


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


LONGEST_KEY = 200  # of an idempotency key, in characters


def upload_key() -> str | None:
    """The key under which the page's script sends a file; None where there is none that can be
    used.
    """
    key = request.headers.get("Idempotency-Key", "")
    is_fit = 0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
    return key if is_fit else None


def pasted() -> str:
    """The table that was pasted into a page's form; "" where none was."""
    return request.form.get("text", "")


def the_file() -> FileStorage | None:
    """The file of a page's form; None where none was chosen."""
    file = request.files.get("file")
    return file if file is not None and file.filename else None
