"""Each field goes the whole way. What these tests ask for grows with the list of fields."""

import csv
import io
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.harness.web import Form
from webapp import jobs
from webapp.retention import erasure
from webapp.vocabulary.fields import FIELDS, NAMES, SCALARS, SEARCHED, SEVERAL
from webapp.vocabulary.keys import DERIVED_KEYS, KEY_COLUMN, LABEL_COLUMN, UNIQUE_KEYS
from webapp.web.api import imports

MARK = "zebedee"
# Fields that don't take any text, and what stands in the contact.
FORMS = {
    "email": MARK + "{n}@example.com",
    "phone": "+4930123456{n}",
    "birthday": "1985-04-2{n}",
}


def value(name: str, number: int) -> str:
    return FORMS.get(name, f"{MARK}-{name}-{number}").format(n=number)


def person(number: int, **other: str) -> dict[str, str]:
    """A value for every field, another one for each number."""
    return {**{name: value(name, number) for name in SCALARS}, **other}


def file_of(values: dict[str, str]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([field.label for field in FIELDS])
    writer.writerow([values[field.name] for field in FIELDS])
    return buffer.getvalue().encode()


class Way:
    """The imports of one contact that has every field, by a program."""

    def __init__(self, program, session) -> None:
        self.program, self.session = program, session

    def run(self, values: dict[str, str], strategy: str, key: str) -> str:
        import_id = self.program.ready(file_of(values), match_keys=[key])
        self.program.execute(import_id, strategy)
        jobs.work(import_id)
        return import_id

    def undo(self, import_id: str) -> None:
        self.program.ask("DELETE", f"/imports/{import_id}/rollback", 202)
        jobs.work(import_id)

    def contact(self) -> dict:
        (found,) = self.program.ask("GET", "/contacts").json["items"]
        return self.program.ask("GET", f"/contacts/{found['id']}").json

    def stands(self) -> dict[str, str]:
        found = self.contact()
        return {name: found[name] for name in SCALARS}

    def journal(self, import_id: str) -> tuple[dict, dict]:
        found = self.session.execute(
            text("SELECT before, after FROM contact_changes WHERE import_id = :id"),
            {"id": import_id},
        ).one()
        return found.before, found.after


@pytest.fixture
def way(owner_program, session, monkeypatch):
    monkeypatch.setattr(imports, "ROLLBACK_SECONDS", 0)
    return Way(owner_program, session)


def test_each_field_is_mapped_created_changed_journalled_and_undone(way, owner):
    """All of a contact's fields change, its own key the last, since that is what it is found by."""
    first = person(1)
    second = person(2, external_id=first["external_id"])
    third = {**second, "external_id": value("external_id", 3)}
    assert way.program.upload(file_of(first))["suggested_mapping"] == list(SCALARS)

    created = way.run(first, "skip", "external_id")
    assert way.stands() == first
    assert {origin["import_id"] for origin in way.contact()["provenance"].values()} == {
        created
    }
    # Each e-mail and phone is told beside the field that holds the main one: `email:<key>`.
    told = way.contact()["provenance"]
    assert {name.partition(":")[0] for name in told} == {*SCALARS}
    assert len(told) == len(SCALARS) + len(SEVERAL)

    updated = way.run(second, "update", "external_id")
    renamed = way.run(third, "update", "email")
    assert way.stands() == third
    journalled: dict[str, tuple] = {}
    for import_id in (updated, renamed):
        before, after = way.journal(import_id)
        journalled |= {name: (before[name], after[name]) for name in before}
    assert journalled.keys() == {*SCALARS, *DERIVED_KEYS}
    assert {name: journalled[name] for name in SCALARS} == {
        name: (first[name], third[name]) for name in SCALARS
    }

    way.undo(renamed)
    assert way.stands() == second
    way.undo(updated)
    assert way.stands() == first
    page = owner.get(f"/contacts/{way.contact()['id']}/edit").text
    assert {
        name: Form(page, f"/contacts/{way.contact()['id']}").values[name] for name in SCALARS
    } == first
    way.undo(created)
    assert way.program.ask("GET", "/contacts").json["items"] == []


def test_each_field_fills_a_blank_in_a_merge_and_each_is_checked_for_its_length(way):
    way.run(
        {**dict.fromkeys(SCALARS, ""), "external_id": value("external_id", 1)},
        "skip",
        "external_id",
    )
    way.run(person(1), "merge", "external_id")
    assert way.stands() == person(1)
    way.run(person(2, external_id=value("external_id", 1)), "merge", "external_id")
    assert way.stands() == person(1)

    # Mapped by name: a column of nothing but long texts would not be suggested as a prefix.
    long = {field.name: "x" * (field.max_length + 1) for field in FIELDS}
    import_id = way.program.ready(file_of(long), mapping=[field.name for field in FIELDS])
    staged = text("SELECT problems FROM contact_import_rows WHERE import_id = :id")
    problems = way.session.scalar(staged, {"id": import_id})
    assert {(problem["field"], problem["code"]) for problem in problems} == {
        (name, "too_long") for name in SCALARS
    }


def test_each_field_is_edited_kept_by_an_undo_and_told_in_the_exports(way, owner):
    first, mine = person(1), person(3)
    created = way.run(first, "skip", "external_id")
    updated = way.run(person(2, external_id=first["external_id"]), "update", "external_id")
    contact = way.contact()
    page = f"/contacts/{contact['id']}"
    owner.post(page, {**mine, "version": str(contact["version"])}, at=page)
    assert way.stands() == mine
    # The addresses that the import replaced are told, too, as its doing.
    told = way.contact()["provenance"]
    assert {told[name]["kind"] for name in SCALARS} == {"edit"}

    report = way.program.ask("GET", f"/imports/{created}/report.csv").data.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(report))
    assert {field.name: row[field.label] for field in FIELDS} == first | {
        "phone": row["Phone"]
    }

    way.undo(updated)
    assert way.stands() == mine
    kept = owner.get(f"/imports/{updated}/rollback.csv").data.decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(kept))
    told = {row["Field"]: (row["Value before the import"], row["Value kept"]) for row in rows}
    changed = [name for name in SCALARS if name != "external_id"]
    assert told.keys() == {*changed}
    assert {name: told[name] for name in changed if name != "phone"} == {
        name: (first[name], mine[name]) for name in changed if name != "phone"
    }


def test_each_searchable_field_is_found_in_the_book_and_in_a_report(way, owner):
    created = way.run(person(1), "skip", "external_id")
    way.run(person(2), "skip", "external_id")
    for name in SEARCHED:
        found = way.program.ask("GET", "/contacts", query_string={"q": value(name, 2)}).json[
            "items"
        ]
        assert [contact[name] for contact in found] == [value(name, 2)], name
        for number, shown in ((1, True), (2, False)):
            page = owner.get(
                f"/imports/{created}/rows?q={value(name, number).replace('+', '%2B')}"
            ).text
            assert ('<li id="row-' in page) is shown, (name, number)
    # A whole name is found, whatever a contact has between its parts.
    whole = " ".join(value(name, 1) for name in NAMES)
    assert '<li id="row-' in owner.get(f"/imports/{created}/rows?q={whole}").text


# Text in any shape, of every table there is: the database is asked, not the models.
COLUMNS = text(
    """SELECT table_name, column_name, data_type FROM information_schema.columns
       JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
         AND data_type IN ('text', 'character varying', 'ARRAY', 'jsonb', 'json', 'bytea')"""
)


def holding(session, wanted: str) -> set[tuple[str, str]]:
    """The columns, as (table, column), that hold this text in any row."""
    found = set()
    for table, column, kind in session.execute(COLUMNS).all():
        said = f"encode({column}, 'escape')" if kind == "bytea" else f"CAST({column} AS text)"
        query = text(
            f'SELECT EXISTS (SELECT FROM "{table}" WHERE position(:wanted IN lower({said})) > 0)'
        )
        if session.scalar(query, {"wanted": wanted}):
            found.add((table, column))
    return found


def test_no_column_of_any_table_holds_anything_of_an_erased_person(way, session):
    created = way.run(person(1), "skip", "external_id")
    way.run(person(2, external_id=value("external_id", 1)), "update", "external_id")
    told = [
        MARK,
        value("phone", 1),
        value("phone", 2),
        value("birthday", 1),
        value("birthday", 2),
    ]
    before = holding(session, MARK)
    assert before >= {
        (table, name) for table in ("contacts", "contact_import_rows") for name in MARKED
    }
    assert ("contact_changes", "before") in before
    erasure.erase(session, way.contact()["id"])
    session.commit()
    assert {wanted: holding(session, wanted) for wanted in told} == {
        wanted: set() for wanted in told
    }
    row = session.execute(
        text("SELECT to_jsonb(r) FROM contact_import_rows r WHERE import_id = :id"),
        {"id": UUID(created)},
    ).scalar_one()
    assert {name: row[name] for name in (*SCALARS, *DERIVED_KEYS)} == dict.fromkeys(
        (*SCALARS, *DERIVED_KEYS)
    )


MARKED = [name for name in SCALARS if MARK in value(name, 1)]


def test_the_tables_have_the_columns_of_the_list_and_keys_are_unique_as_it_says(session):
    for table in ("contacts", "contact_import_rows"):
        found = {
            column
            for of, column, kind in session.execute(COLUMNS)
            if of == table and kind == "text"
        }
        beside = {"status", *LABEL_COLUMN.values()}
        assert found - beside == {*SCALARS, *DERIVED_KEYS}, table
    unique = session.scalars(
        text(
            "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'contact%' AND indexdef LIKE 'CREATE UNIQUE%'"
        )
    ).all()
    assert {
        name
        for name, column in KEY_COLUMN.items()
        if any(".contacts " in index and f"({column})" in index for index in unique)
    } == {*UNIQUE_KEYS}
