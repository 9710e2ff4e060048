"""The JSON API: contacts."""

from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from webapp.contacts.search import matching
from webapp.models import Contact
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
