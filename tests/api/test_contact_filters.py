"""Programs filter, sort and page contacts as people do, and export the same."""

import pytest

from tests.harness.imports import table
from webapp.web.forms import LONGEST_FILTER

PEOPLE = table(
    "1,ann@example.com,Ann,Ash,Acme,vip,39",
    "2,,bob,Bay,acme,vip|new,",
    "3,cleo@example.com,Cléo,Cox,,,40",
)
FILTERS = {
    "tag=vip": ["1", "2"],
    "company=ACME&no_email=true": ["2"],
    "no_phone=true": ["1", "2", "3"],
    "custom=Shoe size": ["1", "3"],
    "custom=Shoe size&value=40": ["3"],
    "updated_since=2000-01-01T00:00:00Z&sort=-name": ["3", "2", "1"],
    "updated_since=2999-01-01T00:00:00%2B01:00": [],
    "sort=company": ["1", "2", "3"],
}
REFUSED = {
    "sort=shoe": "sort",
    "updated_since=2025-01-01": "updated_since",
    "updated_since=0.5": "updated_since",
    "no_email=yes": "no_email",
    "tag=%00": "tag",
    "company=" + "x" * 3_000: "company",
    "updated_since=0001-01-01T00:00:00%2B23:59": "updated_since",
    "sort=name&after=nothing": "after",
    "columns=email": "columns",
}


@pytest.fixture
def book(importer):
    return importer.run(PEOPLE)


def found(program, query: str) -> list[str]:
    items = program("viewer").ask("GET", f"/contacts?{query}").json["items"]
    return [item["external_id"] for item in items]


@pytest.mark.usefixtures("book")
def test_filters_and_orders(program):
    for query, numbers in FILTERS.items():
        assert found(program, query) == numbers, query


@pytest.mark.usefixtures("book")
def test_pages_in_an_order(program):
    viewer, seen, after = program("viewer"), [], ""
    while after is not None:
        page = viewer.ask("GET", f"/contacts?sort=-name&limit=1&after={after}").json
        seen += [item["external_id"] for item in page["items"]]
        after = page["next"]
    assert seen == ["3", "2", "1"]


def test_what_is_no_filter_is_named(program):
    viewer = program("viewer")
    for query, name in REFUSED.items():
        answer = viewer.ask("GET", f"/contacts?{query}", status=None)
        assert answer.status_code == 422, query
        assert answer.json["errors"][0]["pointer"].strip("/") == name, query


@pytest.mark.usefixtures("book")
def test_exports_take_the_same(program):
    answer = program("viewer").ask("GET", "/contacts/export.csv?tag=vip&no_email=true")
    assert len(answer.text.splitlines()) == 2
    assert "bob" in answer.text


def test_a_filter_is_as_long_for_programs_as_for_pages(owner_program, owner):
    longest = "x" * LONGEST_FILTER
    owner_program.ask("GET", "/contacts", query_string={"tag": longest})
    owner.get(f"/contacts?tag={longest}")
    owner_program.ask("GET", "/contacts", 422, query_string={"tag": f"{longest}x"})
    assert owner.client.get(f"/contacts?tag={longest}x").status_code == 422
