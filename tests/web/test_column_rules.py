"""The rule of each column on the pages: chosen, shown again, kept with saved columns; and imports
that only change people who are there.
"""

import pytest

from tests.web.test_pages import bring, check
from webapp.models import Contact, ContactImport, MappingTemplate

PEOPLE = b"Email,Name,Street,City,Opt-out\nann@example.com,Ann Ash,Old 1,Oldtown,yes\n"
CHANGED = (
    b"Email,Name,Street,City,Opt-out\n"
    b"ann@example.com,Bea Box,New 2,Newtown,no\nnew@example.com,New One,,,\n"
)


def rules(page: str) -> list[str]:
    """The rule that is selected for each column, and for addresses."""
    found = {}
    for part in page.split(' name="rule-')[1:]:
        select = part.partition("</select>")[0].partition('" selected')[0]
        hidden = part.partition(">")[0]
        text = hidden if "value=" in hidden else select
        name = part.partition('"')[0]
        found[name] = text.rpartition('value="')[2].partition('"')[0]

    whole = found.pop("address")
    return [*(found[name] for name in sorted(found, key=int)), whole]


@pytest.fixture
def there(owner, importer):
    import_id = bring(owner, PEOPLE)
    check(owner, importer, import_id)
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    importer.work(import_id)


def test_rules_are_chosen_beside_the_columns(owner, importer, session, there):
    import_id = bring(owner, CHANGED)
    page = f"/imports/{import_id}/columns"
    assert rules(owner.get(page).text) == ["", "", "", "", "keep", ""]

    chosen = {f"rule-{n}": rule for n, rule in enumerate(["", "keep", "", "fill", ""])}
    check(owner, importer, import_id, **chosen, save_as="Careful")
    found = session.get_one(ContactImport, import_id)
    assert found.column_rules == {"name": "keep", "city": "fill", "custom:Opt-out": None}
    assert rules(owner.get(page).text) == ["", "keep", "", "fill", "", ""]
    said = "People you have: City: only filled where blank · Name: kept"
    assert said in owner.get(f"/imports/{import_id}/review").text

    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    importer.work(import_id)
    ann = session.query(Contact).filter_by(email="ann@example.com").one()
    assert (ann.last_name, ann.street, ann.city) == ("Ash", "New 2", "Oldtown")
    assert ann.custom == {"Opt-out": "no"}
    assert "Name: kept" in owner.get(f"/imports/{import_id}/report").text

    # The next file with these columns, and another one under the saved name.
    again = bring(owner, CHANGED)
    assert rules(owner.get(f"/imports/{again}/columns").text) == [
        "",
        "keep",
        "",
        "fill",
        "",
        "",
    ]
    saved = session.query(MappingTemplate).filter_by(name="Careful").one()
    other = bring(owner, b"Mail,City\nx@example.com,Here\n")
    asked = owner.get(f"/imports/{other}/columns?saved={saved.id}").text
    assert rules(asked) == ["", "fill", ""]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"rule-2": "keep", "rule-address": "replace"}, "The whole address has one rule"),
        ({"rule-2": "sometimes"}, "Choose for each column: replace, fill or keep."),
        ({"column-1": "first_name", "column-2": "last_name", "rule-1": "keep", "rule-2": "fill"},
         "Choose one rule for all columns matched to the name."),
    ],
)  # fmt: skip
def test_rules_that_do_not_fit_are_refused_and_shown_again(owner, chosen, words):
    import_id = bring(owner, CHANGED)
    page = f"/imports/{import_id}/columns"
    owner.get(page)
    targets = {"column-0": "email", "column-2": "street", "column-3": "city"}
    answer = owner.post(page, {**targets, "rule-3": "fill", **chosen}, status=422)
    assert words in answer.text
    assert rules(answer.text)[3] == "fill"
    assert rules(answer.text)[5] == chosen.get("rule-address", "")


def test_only_people_who_are_there_are_changed(owner, importer, session, there):
    import_id = bring(owner, CHANGED)
    check(owner, importer, import_id)
    review = f"/imports/{import_id}/review"
    assert 'id="s-skip"' in owner.get(review).text
    only = owner.get(f"{review}?only_update=on").text
    assert 'id="s-skip"' not in only
    assert "Counting…" in only
    importer.work(import_id)
    partial = owner.get(f"/imports/{import_id}/preview?only_update=on").text
    assert "new person skipped" in partial
    assert "Import 1 row" in partial

    refused = owner.post(
        f"/imports/{import_id}/execute",
        {"duplicate_strategy": "skip", "only_update": "on"},
        at=review,
        status=422,
    )
    assert "This would change nothing" in refused.text
    owner.post(
        f"/imports/{import_id}/execute", {"duplicate_strategy": "update", "only_update": "on"}
    )
    importer.work(import_id)
    report = owner.get(f"/imports/{import_id}/report").text
    assert "new person skipped" in report
    assert "1 new person</a> was left out, as you asked." in report
    assert session.query(Contact).count() == 1
    rows = owner.get(f"/imports/{import_id}/rows?outcome=new_skipped").text
    assert "New person skipped" in rows
