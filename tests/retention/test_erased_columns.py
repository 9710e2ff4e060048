"""Erasing a person: what is theirs goes from every column there is, and what may be somebody
else's stays.
"""

from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from tests.harness.imports import table
from tests.retention.test_forgetting import dump, ticked
from webapp.contacts import journal
from webapp.models import (
    DERIVED,
    Base,
    Contact,
    ContactImport,
    ImportFileChunk,
    ImportRow,
    ListedCell,
    personal_columns,
)
from webapp.retention import erased_columns, erasure
from webapp.retention.person_search import NAMED, PHONE

MARK = "zebedee@example.com"
ROOTS = {"contacts", "contact_imports", "contact_acts", "mapping_templates", "contact_views"}
LINKS = {"contact_id", "import_id", "change_id"}
ROW = 2
# What only some texts may be.
SAID = {
    "kind": "edit",
    "chosen": "contact",
    "rerun": "failed",
    "event": "row_failed",
    "state": "completed",
    "contact_import_match_searches.state": "done",
}


def holds_people(of: Table) -> bool:
    """Whether the table is about contacts or rows of files, and not about accounts or the
    installation.
    """
    about = of.name in ROOTS or bool(LINKS & {*of.c.keys()})
    return about and of.info != DERIVED


def marked(column: Column[Any]) -> Any:
    """The person's address, in the shape that the column has."""
    if isinstance(column.type, LargeBinary):
        return MARK.encode()
    if isinstance(column.type, ARRAY):
        return [MARK]
    if isinstance(column.type, JSONB):
        (model,) = [
            mapper.class_
            for mapper in Base.registry.mappers
            if mapper.local_table is column.table
        ]
        said = str(model.__annotations__[column.name])
        return {"a": [MARK], MARK: 1} if "dict[" in said else [MARK]
    return MARK


def filled(of: Table, links: dict[str, Any]) -> dict[str, Any]:
    """A row of the table about the person, with the mark wherever anything of them may stand."""
    row = {column.name: marked(column) for column in personal_columns(of)}
    for column in of.c:
        needed = not (column.nullable or column.server_default is not None or column.identity)
        said = SAID.get(f"{of.name}.{column.name}") or SAID.get(column.name)
        if column.name in links:
            row[column.name] = links[column.name]
        elif said and column.name not in row and not is_number(column):
            row[column.name] = said
        elif needed and column.name not in row:
            row[column.name] = of_type(column)
    return row


def is_number(column: Column[Any]) -> bool:
    return isinstance(column.type, Integer | Float)


def of_type(column: Column[Any]) -> Any:
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    if isinstance(column.type, DateTime):
        return func.now()
    if isinstance(column.type, ARRAY):
        return []
    return 1 if is_number(column) else "x"


def test_nothing_of_a_person_is_left_in_any_column(session, someone):
    """Whatever table or column comes to the models is filled here, and must be empty of them
    afterwards.
    """
    links: dict[str, Any] = {
        "user_id": someone,
        "created_by": someone,
        "row": ROW,
        "first_row": ROW,
    }
    keys = {
        "contacts": "contact_id",
        "contact_imports": "import_id",
        "contact_acts": "act_id",
        "contact_changes": "change_id",
    }
    people = [of for of in Base.metadata.sorted_tables if holds_people(of)]
    for of in sorted(people, key=lambda of: [*keys, of.name].index(of.name)):
        known = links | {"state": "completed"} if of.name == "contact_imports" else links
        made = session.execute(
            insert(of).values(filled(of, known)).returning(*of.primary_key)
        ).one()
        if of.name in keys:
            links[keys[of.name]] = made[0]
    session.commit()
    before = dump(session)
    assert before.count("zebedee") > 60
    erasure.erase(session, links["contact_id"])
    session.commit()
    assert "zebedee" not in dump(session)
    assert session.get(ImportRow, (links["import_id"], ROW), populate_existing=True)
    assert session.scalar(select(func.count()).select_from(ListedCell)) == 0, "it has a hash"
    assert session.get(ContactImport, links["import_id"], populate_existing=True)


def test_a_new_column_of_a_staged_row_is_emptied_by_itself():
    fresh = erased_columns.ROWS.to_metadata(MetaData())
    fresh.append_column(Column("shoe_size", Text))
    assert "shoe_size = NULL" in erased_columns.emptied(fresh)


STAFF = 133
COLLEAGUES = "".join(
    f"{n},p{n}@example.com,Ada,Number{n},+49 30 1234567\n" for n in range(2, STAFF + 2)
)
SWITCHBOARD = "ID,Email,First name,Last name,Phone\n"


def test_colleagues_on_one_switchboard_stay_unless_they_are_ticked(importer, session):
    """Their rows share no more than the phone with the one who is erased."""
    mine = importer.run(
        f"{SWITCHBOARD}1,zebedee@example.com,Zebedee,Quill,+49 30 1234567\n{COLLEAGUES}"
    ).id
    theirs = importer.run(SWITCHBOARD + COLLEAGUES.replace("Ada", "Eda"), "update").id
    named = importer.run(
        "Email,Notes\nbo@example.com,ask Quill, Zebedee\n".replace(
            "ask Quill, Z", "ask Quill Z"
        )
    ).id
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one().id
    found = erasure.traces(session, whom)
    assert found.rows == [(mine, 2)]
    assert [one.id for one in found.imports] == [mine]
    assert {(other.import_id, *other.counts.items()) for other in found.others} == {
        (mine, (PHONE, STAFF)),
        (theirs, (PHONE, STAFF)),
        (named, (NAMED, 1)),
    }
    assert sum(len(other.rows) for other in found.others) == erasure.LISTED
    erasure.erase(session, whom, {(theirs, 5)})
    session.commit()
    assert "zebedee@example.com" not in dump(session)
    kept = select(func.count()).where(ImportRow.email.is_not(None))
    assert session.scalar(kept.where(ImportRow.import_id == mine)) == STAFF
    assert session.scalar(kept.where(ImportRow.import_id == theirs)) == STAFF - 1
    assert session.query(Contact).count() == STAFF + 1
    assert set(session.scalars(select(ImportFileChunk.import_id))) == {named}
    assert (
        session.get_one(ImportRow, (named, 2), populate_existing=True).notes
        == "ask Quill Zebedee"
    )


@pytest.mark.parametrize(
    "filename", ["zebedee@example.com.csv", "Quill, Zebedee.csv", "CV_Zebedee_Quill.csv"]
)
def test_the_labels_of_other_peoples_imports_are_blanked(importer, session, filename):
    """Its file's name, the address for its notice, the text that clears a field, the key of
    its upload.
    """
    importer.run(table("1,zebedee@example.com,Zebedee,Quill,,,"))
    other = importer.run(table("2,eve@example.com,Eve,Elm,,,"))
    other.filename, other.notification_email, other.upload_key = (
        filename,
        "Zebedee@Example.com",
        "zebedee@example.com",
    )
    other.clear_token = "zebedee@example.com"
    session.commit()
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one().id
    found = erasure.traces(session, whom)
    assert (found.labelled, ticked(found)) == ([filename], set())
    erasure.erase(session, whom)
    session.commit()
    assert "zebedee" not in dump(session)
    kept = session.get_one(ContactImport, other.id, populate_existing=True)
    assert (kept.filename, kept.file_gone, kept.created) == ("erased", False, 1)


def test_a_person_is_known_by_every_address_that_they_have_or_had(importer, session):
    """Rows with their second e-mail are theirs, as main one or behind it; with their second phone
    they may be.
    """
    importer.run(f"{SWITCHBOARD}1,zebedee@example.com,Zebedee,Quill,\n")
    whom = session.scalars(select(Contact).where(Contact.external_id == "1")).one()
    emails = [
        {"value": value, "label": "home"}
        for value in ("zebedee@example.com", "second@example.net")
    ]
    phones = [{"value": value, "label": None} for value in ("+49301234567", "+49301112223")]
    for lists in ({"email": emails, "phone": phones}, {"email": emails[:1], "phone": []}):
        journal.edit_contact(
            session, whom.id, whom.version, {}, importer.user_id, addresses=lists
        )
        session.commit()

    main = importer.run("Email,First name\nsecond@example.net,Q\n").id
    behind = importer.run("Email,E-mail 2\neve@example.net,Second@example.net\n").id
    phone = importer.run("Email,Phone,Phone 2\nbo@example.net,+49309876543,+49301112223\n").id
    found = erasure.traces(session, whom.id)
    assert set(found.rows) >= {(main, 2), (behind, 2)}
    assert {(other.import_id, *other.counts.items()) for other in found.others} == {
        (phone, (PHONE, 1))
    }
    erasure.erase(session, whom.id)
    session.commit()
    for import_id in (main, behind):
        row = session.get_one(ImportRow, (import_id, 2), populate_existing=True)
        assert (row.email, row.further_emails, row.record) == (None, None, None)
