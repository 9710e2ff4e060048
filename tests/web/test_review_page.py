"""The review: the sentence, the doors, the choice with its examples, and the plan row by row, on
the messy export of a trade fair.
"""

import re
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete

from tests.web.test_plan_page import rows_of
from webapp.models import Session
from webapp.reports import review as review_of

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "samples"))
import fair

MAPPED = [
    *("full_name", "email", "phone", "company", "job_title", "external_id", "city", "country"),
    *("birthday", "tags", "custom:Newsletter?", "custom:Lead source", "notes", None, None),
]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.fixture
def leads(owner, importer, people):
    """The export, checked and counted, beside the book."""
    importer.user_id = people["owner"]
    importer.run(fair.book())
    found = importer.check(fair.leads(), mapping=MAPPED).id
    importer.work(found)
    return found


def test_every_number_of_a_messy_export(owner, leads):
    page = owner.get(f"/imports/{leads}/review").text
    said = text_of(page)
    assert "545 of 600 rows are ready: 450 new people, 64 you know, 31 repeats." in said
    for words in (
        "44 to fix",
        "22 e-mails, 9 suggested",
        "12 birthdays, 4 suggested",
        "10 without e-mail, phone or name",
        "11 to choose 6 fit two people 5 same e-mail, different ID",
        "64 people you know 61 same name 3 another name",
        "64 people you know, 31 repeats: what should happen?",
        "95 skipped.",
        "91 changed, 4 unchanged.",
        "89 filled, 6 unchanged.",
        "450 rows go in, 150 stay out",
        "545 rows go in, 55 stay out",
        "Fix the 55 now or later.",
        "See all 600 rows",
    ):
        assert words in said, words
    for strategy, first in (("skip", 450), ("update", 545), ("merge", 545)):
        assert f'<span class="for-{strategy}">Import {first} rows</span>' in page
    # The rows that are shown are of as many kinds as there are.
    table = page.partition('<section class="for-merge">')[2].partition("</table>")[0]
    pills = re.findall(r'class="pill[^"]*">([^<]+)<', table)
    assert len(pills) == 6
    assert set(pills) == {"Created", "Merged", "To fix", "To choose", "Unchanged"}


def test_the_people_you_know_are_a_filter_of_the_plan(owner, leads):
    shown = owner.get(f"/imports/{leads}/plan?duplicate_strategy=merge&known=on").text
    rows = rows_of(shown)
    assert len(rows) == 50
    following = re.search(r'href="([^"]*known=on[^"]*after=\d+[^"]*)"', shown)
    assert following is not None
    rows |= rows_of(owner.get(following[1].replace("&amp;", "&")).text)
    assert len(rows) == 64
    assert sum("Your contact:" in row for row in rows.values()) == 3


def test_where_nobody_is_known_there_is_no_choice(owner, importer, people):
    importer.user_id = people["owner"]
    made = importer.check("Email\na@example.com\nb@example.com\n")
    importer.work(made.id)
    page = owner.get(f"/imports/{made.id}/review").text
    said = text_of(page)
    assert "All 2 rows are ready: 2 new people." in said
    assert 'type="radio"' not in page
    assert '<input type="hidden" name="duplicate_strategy" value="skip">' in page
    assert "to fix" not in said
    assert "All 2 rows go in" in said


def test_a_session_that_ends_on_the_review_leads_back_to_it(owner, leads, session):
    review = f"/imports/{leads}/review?duplicate_strategy=merge"
    assert re.search(r'id="s-merge"\s+checked', owner.get(review).text)
    session.execute(delete(Session))
    session.commit()
    sent = owner.post(
        f"/imports/{leads}/execute",
        {"duplicate_strategy": "merge"},
        at="/sign-in",
        headers={"Referer": f"http://localhost{review}"},
    )
    assert sent.location == "/sign-in?next=" + review.replace("=", "%3D")
    elsewhere = owner.post(
        f"/imports/{leads}/execute",
        {},
        at="/sign-in",
        headers={"Referer": "http://example.org/"},
    )
    assert elsewhere.location == "/sign-in"


def test_the_chosen_strategy_is_kept_with_the_import(owner, leads):
    """Also where no script keeps it in the address: on the way to the rows to fix and back."""
    review = f"/imports/{leads}/review"
    assert re.search(r'id="s-skip"\s+checked', owner.get(review).text)
    kept = owner.post(f"/imports/{leads}/strategy", {"duplicate_strategy": "merge"}, at=review)
    assert kept.location == review
    assert re.search(r'id="s-merge"\s+checked', owner.get(review).text)
    asked = owner.get(f"{review}?duplicate_strategy=update").text
    assert re.search(r'id="s-update"\s+checked', asked)
    owner.post(f"/imports/{leads}/strategy", {}, at=review)
    assert re.search(r'id="s-merge"\s+checked', owner.get(review).text)


def test_chips_narrow_the_rows_in_place(owner, leads):
    review = owner.get(f"/imports/{leads}/review").text
    address = f"/imports/{leads}/plan/part?duplicate_strategy=merge"
    assert f'hx-get="{address.replace("?", "?outcome=invalid&amp;")}"' in review
    part = owner.client.get(f"{address}&outcome=invalid").text
    outcomes = re.findall(r'<span class="pill (\w+)"', part)
    assert outcomes == ["invalid"] * 6
    assert "See all 44 rows" in part
    assert f'href="/imports/{leads}/plan?outcome=invalid' in part
    every = owner.client.get(address).text
    assert len(set(re.findall(r'<span class="pill (\w+)"', every))) > 2
    nothing = owner.client.get(f"{address}&outcome=nonsense", headers={"HX-Request": "true"})
    assert nothing.headers["HX-Redirect"] == f"/imports/{leads}/review"


def test_rare_kinds_of_faults_are_counted_together():
    problems = [{"code": f"code_{n}", "rows": 10 - n} for n in range(5)]
    found = review_of.faults(problems)
    assert [one.rows for one in found] == [10, 9, 8 + 7 + 6]
