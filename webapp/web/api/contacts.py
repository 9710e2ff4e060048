"""The JSON API: contacts."""

import re
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from webapp.contacts import filters, search
from webapp.models import Contact
from webapp.vocabulary.fields import CUSTOM
from webapp.vocabulary.refusals import Refusal
from webapp.web import commands, downloads, forms
from webapp.web.access import load_import, retention_days
from webapp.web.answers import instruction
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db
from webapp.web.problems import BAD_CURSOR, Problem, at_fault

VERSION = re.compile(r'(?:W/)?"([0-9]{1,18})"')


@blueprint.get("/contacts")
@contract(
    "List and search contacts",
    {200: Answer("A page.", schemas.ContactList)},
    query=schemas.ContactsQuery,
    refuses=(404, 422),
)
def list_contacts(query: schemas.ContactsQuery) -> ResponseReturnValue:
    wanted = query.filter()
    if wanted.imported_from:
        load_import(wanted.imported_from)
    unknown = search.unknown(db.session()) if wanted.q else 0

    try:
        found = filters.page(
            db.session(),
            wanted,
            filters.Order(query.sort.removeprefix("-")),
            descending=query.sort.startswith("-"),
            after=query.after or "",
            limit=query.limit,
        )
    except Refusal as refusal:
        if refusal.code == BAD_CURSOR[0]:
            raise at_fault("after", *BAD_CURSOR) from None
        raise

    items = [representations.contact_of(contact) for contact in found.contacts]
    return given(schemas.ContactList(items=items, next=found.after, unknown=unknown))


def _file(media_type: str) -> Answer:
    return Answer(
        "What the search finds, to be kept or uploaded again.",
        media_type=media_type,
        headers=("Content-Disposition",),
    )


@blueprint.get("/contacts/export.csv")
@contract(
    "Export contacts as CSV",
    {200: _file("text/csv")},
    query=schemas.CsvQuery,
    refuses=(404, 422, 429),
)
def export_csv(query: schemas.CsvQuery) -> ResponseReturnValue:
    return downloads.contacts("csv", query.wanted(retention_days()))


@blueprint.get("/contacts/export.xlsx")
@contract(
    "Export contacts as a workbook",
    {200: _file(downloads.XLSX)},
    query=schemas.TableQuery,
    refuses=(404, 422, 429),
)
def export_xlsx(query: schemas.TableQuery) -> ResponseReturnValue:
    return downloads.contacts("xlsx", query.wanted(retention_days()))


@blueprint.get("/contacts/export.vcf")
@contract(
    "Export contacts as vCards",
    {200: _file("text/vcard")},
    query=schemas.ExportQuery,
    refuses=(404, 422, 429),
)
def export_vcf(query: schemas.ExportQuery) -> ResponseReturnValue:
    return downloads.contacts("vcf", query.wanted(retention_days()))


@blueprint.get("/contacts/<int:contact_id>")
@contract(
    "Read a contact, with where its values came from",
    {
        200: Answer("The contact.", schemas.ContactWithProvenance, headers=("ETag",)),
        301: Answer(
            "It was merged into another contact, for as long as that is not undone.",
            media_type="",
            headers=("Location",),
        ),
    },
    refuses=(404,),
)
def read_contact(contact_id: int) -> ResponseReturnValue:
    if into := commands.merged_into(contact_id):
        where = url_for("api.read_contact", contact_id=into)
        # The merge may be undone, so no one may keep the answer.
        return Response(status=301, headers={"Location": where, "Cache-Control": "no-store"})

    return _answer(commands.load_contact(contact_id))


@blueprint.get("/contacts/<int:contact_id>/past")
@contract(
    "Read a contact as it was when a day ended",
    {200: Answer("The contact as it was.", schemas.PastContact)},
    query=schemas.PastQuery,
    refuses=(404, 422),
)
def read_past_contact(contact_id: int, query: schemas.PastQuery) -> ResponseReturnValue:
    """404 where it was not in the book then; also one that was deleted since is found."""
    contact = commands.contact_on(contact_id, query.day)
    return given(representations.past_contact(contact, query.day))


def _answer(contact: Contact) -> ResponseReturnValue:
    told = representations.contact_with_provenance(db.session(), contact)
    return given(told, ETag=f'"{contact.version}"')


@blueprint.patch("/contacts/<int:contact_id>")
@contract(
    "Change a contact",
    {
        200: Answer(
            "The contact as it is now.", schemas.ContactWithProvenance, headers=("ETag",)
        )
    },
    body=forms.ContactChanges,
    headers={"If-Match": "The version that was read, as in ETag; 412 where it moved on."},
    refuses=(400, 403, 404, 409, 412, 413, 415, 422),
)
def change_contact(contact_id: int, body: forms.ContactChanges) -> ResponseReturnValue:
    """What the body names is changed, and the journal keeps what stood there before."""
    contact = commands.load_contact(contact_id)
    seen = _seen(request.headers.get("If-Match"))
    if seen not in (None, contact.version):
        raise Problem(412)

    try:
        commands.edit_contact(contact_id, body.edit(contact.version))
    except Refusal as refusal:
        if refusal.code == "contact_invalid":
            raise _invalid(refusal) from None
        if refusal.code == "contact_changed" and seen is not None:
            raise Problem(412) from None
        raise

    return _answer(commands.load_contact(contact_id))


@blueprint.post("/contacts/<int:contact_id>/merge")
@contract(
    "Merge another contact into this one",
    {200: Answer("The contact that both are now.", schemas.MergedContact, headers=("ETag",))},
    body=forms.Merge,
    headers={"If-Match": "The version that was read, as in ETag; 412 where it moved on."},
    refuses=(400, 403, 404, 409, 412, 413, 415, 422),
)
def merge_contact(contact_id: int, body: forms.Merge) -> ResponseReturnValue:
    """E-mails, phones and tags of both are kept. The number of the other contact leads to this one
    until the merge is undone.
    """
    contact = commands.load_contact(contact_id)
    seen = _seen(request.headers.get("If-Match"))
    if seen not in (None, contact.version):
        raise Problem(412)

    asked = body if seen is None else body.model_copy(update={"version": seen})
    merged = commands.merge_contacts(contact_id, asked)
    told = representations.contact_with_provenance(db.session(), merged.contact)
    answer = schemas.MergedContact(
        change_id=merged.change_id, other_id=body.other_id, contact=told
    )

    return given(answer, ETag=f'"{merged.contact.version}"')


@blueprint.post("/contacts/<int:contact_id>/unmerge")
@contract(
    "Undo the merge of another contact into this one",
    {200: Answer("What came back, and what stays.", schemas.Unmerged)},
    body=forms.Unmerge,
    refuses=(400, 403, 404, 409, 413, 415, 422),
)
def unmerge_contact(contact_id: int, body: forms.Unmerge) -> ResponseReturnValue:
    """What was changed since the merge stays, and is listed. A contact that an undone import
    created does not come back.
    """
    undone = commands.unmerge_contacts(contact_id, body.other_id)
    return given(representations.unmerged_of(undone))


def _seen(header: str | None) -> int | None:
    """The version that an If-Match names; None where it names none, or any."""
    if header in (None, "*"):
        return None
    if not (found := VERSION.fullmatch(header or "")):
        raise Problem(412)
    return int(found[1])


def _invalid(refusal: Refusal) -> Problem:
    """Each fault with its place in the body."""
    problems = refusal.facts["problems"]
    errors = [
        {"pointer": _pointer(found), "code": found["code"], "detail": instruction(found)}
        for found in problems
    ]
    return Problem(422, refusal.code, refusal.sentence, errors=errors)


def _pointer(found: dict[str, Any]) -> str:
    field, at = found["field"] or "", found.get("at")
    if field.startswith(CUSTOM):
        label = field.removeprefix(CUSTOM).replace("~", "~0").replace("/", "~1")
        return f"/custom/{label}"

    return f"/{field}" if at is None else f"/{field}s/{at}"
