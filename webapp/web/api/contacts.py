"""The JSON API: contacts."""

from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from webapp.contacts.search import matching
from webapp.models import Contact
from webapp.web import downloads
from webapp.web.access import load_import
from webapp.web.api import representations, schemas
from webapp.web.api.contract import Answer, contract, given
from webapp.web.api.imports import blueprint
from webapp.web.extensions import db
from webapp.web.problems import BAD_CURSOR, at_fault

LARGEST_ID = 2**63 - 1


@blueprint.get("/contacts")
@contract(
    "List and search contacts",
    {200: Answer("A page.", schemas.ContactList)},
    query=schemas.ContactsQuery,
    refuses=(404, 422),
)
def list_contacts(query: schemas.ContactsQuery) -> ResponseReturnValue:
    source = load_import(query.imported_from).id if query.imported_from else None
    wanted = matching(query.q or "", source).where(Contact.id > _after(query.after))
    found = list(db.session.scalars(wanted.order_by(Contact.id).limit(query.limit + 1)))
    items = [representations.contact_of(contact) for contact in found[: query.limit]]
    following = str(items[-1].id) if len(found) > query.limit else None
    return given(schemas.ContactList(items=items, next=following))


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor) > LARGEST_ID:
        raise at_fault("after", *BAD_CURSOR)

    return int(cursor)


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
    query=schemas.ExportQuery,
    refuses=(404, 422, 429),
)
def export_csv(query: schemas.ExportQuery) -> ResponseReturnValue:
    return downloads.contacts_csv(query.q or "", query.imported_from)


@blueprint.get("/contacts/export.xlsx")
@contract(
    "Export contacts as a workbook",
    {200: _file(downloads.XLSX)},
    query=schemas.ExportQuery,
    refuses=(404, 422, 429),
)
def export_xlsx(query: schemas.ExportQuery) -> ResponseReturnValue:
    return downloads.contacts_xlsx(query.q or "", query.imported_from)


@blueprint.get("/contacts/export.vcf")
@contract(
    "Export contacts as vCards",
    {200: _file("text/vcard")},
    query=schemas.ExportQuery,
    refuses=(404, 422, 429),
)
def export_vcf(query: schemas.ExportQuery) -> ResponseReturnValue:
    return downloads.contacts_vcf(query.q or "", query.imported_from)


@blueprint.get("/contacts/<int:contact_id>")
@contract(
    "Read a contact, with where its values came from",
    {200: Answer("The contact.", schemas.ContactWithProvenance)},
    refuses=(404,),
)
def read_contact(contact_id: int) -> ResponseReturnValue:
    contact = db.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound
    return given(representations.contact_with_provenance(db.session(), contact))
