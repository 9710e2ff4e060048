"""The counts that speak of people, in session, result, preview, mail and report; and what the
review page says of other names and of rows without any key.
"""

import re
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.api.conftest import table
from tests.harness.web import as_read
from webapp import jobs
from webapp.models import ContactImport
from webapp.reports import mail, summary

BEFORE = table("1,ann@example.com,Ann,Lee,,,", "2,ben@example.com,Ben,Roth,,,")
FILE = table(
    "7,ole@example.com,Ole,Berg,Oslo,,",
    ",OLE@example.com,Ole,Berg,Bergen,,",
    ",ole@example.com,Ole,Berg,Bergen,,",
    "1,,Ann,Lee,Acme,,",
    "1,,Hugo,Silva,Zenith,,",
    "2,,Ben,Roth,,,",
    ",,Nora,Moe,,,",
    ",,nora,MOE,,,",
    ",,Nora,Moe,Acme,,",
)
NAMES = ("contacts_created", "contacts_changed", "repeats_in_file")


def counts(found: dict) -> tuple:
    return tuple(found[name] for name in NAMES)


@pytest.fixture
def ready(owner_program):
    owner_program.run(BEFORE)
    import_id = owner_program.ready(FILE)
    jobs.work(import_id)
    return import_id


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("skip", (3, 0, 4)), ("update", (3, 1, 4)), ("merge", (3, 1, 4))],
)
def test_counts_are_of_people_and_each_is_told(
    owner_program, owner, ready, strategy, expected, session, settings
):
    at = f"/imports/{ready}"
    assert counts(owner_program.ask("GET", at).json) == (None, None, None)
    preview = owner_program.ask("GET", f"{at}/preview?duplicate_strategy={strategy}").json
    assert counts(preview) == expected
    assert (preview["other_names"], preview["keyless_rows"]) == (1, 3)

    owner_program.execute(ready, strategy)
    jobs.work(ready)
    found = owner_program.ask("GET", at).json
    result = owner_program.ask("GET", f"{at}/result").json
    assert counts(found) == counts(result) == expected
    assert found["warnings"] == result["warnings"] == {"other_name": 1}
    rows = owner_program.ask("GET", f"{at}/rows?after=5&limit=1").json["items"]
    assert [warning["code"] for warning in rows[0]["warnings"]] == ["other_name"]

    page = as_read(owner.get(f"{at}/report").text)
    titles = "Rows|New contacts|Existing contacts changed|Rows that repeat an earlier person"
    shown = re.findall(rf"<dt>({titles})</dt>\s*<dd>(\d+)", page)
    assert [int(count) for _, count in shown] == [9, *expected]
    run = session.get_one(ContactImport, UUID(ready))
    letter = mail.compose(settings, session, run).get_body(("plain",)).get_content()
    assert "New contacts: 3" in letter
    assert "Rows that repeat an earlier person: 4" in letter


def test_the_review_page_tells_of_other_names_and_of_keyless_rows(owner, ready):
    page = as_read(owner.get(f"/imports/{ready}/review").text)
    assert "1 row has the e-mail or ID of a contact with another name" in page
    assert "3 rows have neither e-mail, phone nor ID" in page
    assert "2 of them are new" in page
    assert "1 is the same as an earlier row and joins it" in page
    assert "Import 3 rows" in page  # under skip
    held = owner.get(f"/imports/{ready}/review?hold_other_names=on").text
    assert 'id="hold_other_names"' in held


def test_rows_that_are_held_are_counted_in_the_preview(owner_program, ready):
    asked = f"/imports/{ready}/preview?duplicate_strategy=update&hold_other_names=true"
    owner_program.ask("GET", asked, 202)
    jobs.work(ready)
    preview = owner_program.ask("GET", asked).json
    assert (preview["other_names"], preview["outcomes"]["conflict"]) == (1, 1)


@pytest.mark.parametrize(
    ("rows", "strategy", "headline"),
    [
        ((",o@x.org,Ole,,,,", ",O@x.org,Ole,,Oslo,,"), "update", "All 2 rows are in. They are 1 contact."),
        ((",o@x.org,Ole,,,,", ",O@x.org,Ole,,Oslo,,", ",b@x.org,Bo,,,,"), "merge",
         "All 3 rows are in. They are 2 contacts."),
        ((",o@x.org,Ole,,,,", ",O@x.org,Ole,,Oslo,,"), "skip", "1 of 2 rows are in."),
        ((",o@x.org,Ole,,,,", ",b@x.org,Bo,,,,"), "skip", "All 2 contacts are in."),
        ((",o@x.org,Ole,,,,",), "skip", "The contact is in."),
        ((",nobody,Ole,,,,",), "skip", "0 of 1 contact is in. 1 row needs you."),
    ],
)  # fmt: skip
def test_headlines_count_rows_and_people(owner_program, session, rows, strategy, headline):
    import_id = owner_program.ready(table(*rows))
    owner_program.execute(import_id, strategy)
    jobs.work(import_id)
    assert summary.report(session, UUID(import_id)).headline.endswith(headline)


def test_imports_from_before_have_none_and_stay_readable(owner_program, owner, session, ready):
    owner_program.execute(ready, "update")
    jobs.work(ready)
    session.execute(text("UPDATE contact_imports SET people = NULL"))
    session.execute(text("UPDATE contact_import_previews SET people = NULL"))
    session.commit()
    assert counts(owner_program.ask("GET", f"/imports/{ready}/result").json) == (None,) * 3
    assert "New contacts" not in owner.get(f"/imports/{ready}/report").text
    preview = owner_program.ask(
        "GET", f"/imports/{ready}/preview?duplicate_strategy=update"
    ).json
    assert (preview["other_names"], preview["keyless_rows"]) == (None, None)
