"""The list of contacts: filters that combine, orders, pages, columns, and views under a name."""

import html
import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from tests.web.test_contacts import names_on

PEOPLE = [
    # name, company, country, e-mail, phone, tags, shoe size
    ("Åsa", "Acme", "Schweiz", "asa@example.com", None, ["vip", "a,b"], "42"),
    ("ben", "ACME", "CH", None, "+41446681818", ["vip"], None),
    ("Chloé", "Acme Ltd", "Switzerland", "chloe@example.com", None, [], "38"),
    ("Đorđe", None, "Österreich", None, None, ["Vip"], "42"),
    ("", None, None, "zoe@example.com", None, [], None),
]
FILTERS = {
    "tag=vip": "Åsa ben",
    "tag=a,b": "Åsa",
    "company=acme": "Åsa ben",
    "country=Swiss": "Åsa ben Chloé",
    "country=austria": "Đorđe",
    "country=Nowhere": "",
    "no_email=1": "ben Đorđe",
    "no_email=1&no_phone=1": "Đorđe",
    "custom=Shoe size": "Åsa Chloé Đorđe",
    "custom=Shoe size&value=42": "Åsa Đorđe",
    "custom=Shoe size&value=42&country=CH": "Åsa",
    "updated_since=2025-06-01": "Chloé Đorđe",
    "updated_since=2025-06-01T00:00:01%2B00:00": "Đorđe",
    "q=acme&tag=vip": "Åsa ben",
}
ORDERS = {
    "added": "Åsa ben Chloé Đorđe zoe@example.com",
    "-added": "zoe@example.com Đorđe Chloé ben Åsa",
    "name": "Åsa ben Chloé zoe@example.com Đorđe",
    "company": "Åsa ben Chloé Đorđe zoe@example.com",
    "-company": "zoe@example.com Đorđe Chloé ben Åsa",
    "changed": "Åsa ben zoe@example.com Chloé Đorđe",
    "-changed": "Đorđe Chloé zoe@example.com ben Åsa",
}


@pytest.fixture
def book(session):
    for number, person in enumerate(PEOPLE, 1):
        name, company, country, email, phone, tags, shoe = person
        session.execute(
            text(
                """INSERT INTO contacts (first_name, company, country, email, email_key, phone, tags, custom,
                     updated_at)
                   VALUES (NULLIF(:name, ''), :company, :country, :email, :email, :phone, :tags,
                     jsonb_strip_nulls(jsonb_build_object('Shoe size', CAST(:shoe AS text))),
                     '2025-06-01T00:00Z'::timestamptz + make_interval(secs => :later))"""
            ),
            {
                "name": name,
                "company": company,
                "country": country,
                "email": email,
                "phone": phone,
                "tags": tags,
                "shoe": shoe,
                "later": {3: 0, 4: 60}.get(number, number - 60),
            },
        )
    session.commit()


def shown(browser, query: str) -> str:
    return " ".join(names_on(browser.get(f"/contacts?{query}").text))


@pytest.mark.usefixtures("book")
def test_filters_combine(viewer):
    for query, names in FILTERS.items():
        page = viewer.get(f"/contacts?{query}").text
        assert " ".join(names_on(page)) == names, query
        count = len(names.split())
        said = f"{count} contact{'s' if count != 1 else ''}"
        assert f"<h1>{said}" in page, query
        assert "of 5" in page


@pytest.mark.usefixtures("book")
def test_each_order_goes_both_ways(viewer):
    for order, names in ORDERS.items():
        assert shown(viewer, f"sort={order}") == names, order


@pytest.mark.usefixtures("book")
def test_pages_go_on_and_back_in_each_order(viewer, monkeypatch):
    monkeypatch.setattr("webapp.web.pages.contacts.A_PAGE", 2)
    for order, names in ORDERS.items():
        seen, path, pages = [], f"/contacts?sort={order}", []
        while path:
            page = viewer.get(path).text
            pages.append(names_on(page))
            seen += pages[-1]
            path = link(page, "Next")
        assert " ".join(seen) == names, order
        assert "5 to 5 of 5" in page
        back = viewer.get(link(page, "Previous")).text
        assert names_on(back) == pages[-2], order
        assert "3 to 4 of 5" in back
        first = viewer.get(link(back, "Previous")).text
        assert names_on(first) == pages[0]
        assert link(first, "Previous") is None
        assert link(first, "Next")


def link(page: str, words: str) -> str | None:
    found = re.search(rf'href="([^"]+)">{words}<', page)
    return found and html.unescape(found[1])


@pytest.mark.usefixtures("book")
def test_columns_are_chosen(viewer):
    page = viewer.get("/contacts?columns=country&columns=custom:Shoe+size&compact=1").text
    assert '<td data-label="Country" class="of-country">Schweiz' in page
    assert '<td data-label="Shoe size" class="of-custom">42' in page
    assert 'data-label="Company"' not in page
    assert "book compact" in page


REFUSED = {
    "columns=nonsense": "Choose at most 12 columns from the list.",
    "columns=custom:": "Choose at most 12 columns from the list.",
    "&".join(f"columns=custom:{n}" for n in range(13)): "Choose at most 12 columns",
    "sort=shoe": "Choose an order from the list.",
    "updated_since=yesterday": "Give a day such as 2025-11-26.",
    "updated_since=20250601": "Give a day such as 2025-11-26.",
    "sort=name&after=x": "Go back to the first page of the list.",
    "sort=name&after=WzEsMl0=": "Go back to the first page of the list.",
    "sort=changed&after=WyJ4IiwyXQ==": "Go back to the first page of the list.",
    "after=x": "Go back to the first page of the list.",
    "tag=" + "x" * 10_000: "600 characters",
    "company=" + "x" * 10_000: "600 characters",
    "updated_since=0001-01-01T00:00:00%2B23:59": "Give a day such as 2025-11-26.",
    "company=a%0Ab": "one line",
    "imported_from=7": "",
}


def test_what_is_no_filter_is_told_in_a_sentence(viewer):
    for query, words in REFUSED.items():
        answer = viewer.get(f"/contacts?{query}", status=422)
        assert words in html.unescape(answer.text), query
    for name in (
        "q",
        "tag",
        "company",
        "country",
        "custom",
        "value",
        "sort",
        "columns",
        "after",
    ):
        answer = viewer.client.get(f"/contacts?{name}=%00")
        assert answer.status_code in (400, 422), name


@pytest.mark.usefixtures("book")
def test_exports_take_the_same_filters(viewer):
    page = viewer.get("/contacts?country=CH&tag=vip").text
    paths = re.findall(r'href="(/contacts/export\.csv[^"]*)"', page)
    assert len(paths) == 4  # everything, the columns shown, Google, Outlook
    for path in paths:
        rows = viewer.get(html.unescape(path)).text.splitlines()
        assert len(rows) == 3, path
        assert "asa@example.com" in rows[1], path


@pytest.mark.usefixtures("book")
def test_a_view_of_another_person_is_exported_by_who_may_see_what_it_names(
    owner, outsider, viewer, importer
):
    at = "/contacts?tag=vip"
    owner.post("/contacts/views?tag=vip", {"name": "Guests", "shared": "1"}, at=at)
    for reader in (outsider, viewer):
        named = re.search(r'href="([^"]+)"[^>]*>Guests', reader.get("/contacts").text)
        page = reader.get(html.unescape(named[1])).text
        export = html.unescape(re.search(r'href="(/contacts/export\.csv[^"]*)"', page)[1])
        assert "asa@example.com" in reader.get(export).text

    done = importer.run("Email\neve@example.com\n").id
    mine = f"imported_from={done}"
    owner.post(f"/contacts/views?{mine}", {"name": "Of mine", "shared": "1"}, at=at)
    assert "eve@example.com" in viewer.get(f"/contacts/export.csv?{mine}").text
    refused = outsider.get(f"/contacts/export.csv?{mine}", 404).text
    assert "eve@example.com" not in refused
    assert "Page not found" in refused


@pytest.mark.usefixtures("book")
def test_a_view_is_kept_and_shared(owner, outsider, viewer):
    query = "tag=vip&sort=-name&columns=country"
    owner.post(f"/contacts/views?{query}", {"name": "Guests"}, at="/contacts?tag=vip")
    owner.post(
        f"/contacts/views?{query}",
        {"name": "All of us", "shared": "1"},
        at="/contacts?tag=vip",
    )
    page = owner.get("/contacts").text
    assert [
        html.unescape(path) for path in re.findall(r'href="([^"]+)"[^>]*>Guests', page)
    ] == ["/contacts?" + urlencode({"tag": "vip", "sort": "-name", "columns": "country"})]
    others = outsider.get("/contacts").text
    assert "All of us" in others
    assert "Guests" not in others
    shared = outsider.get(f"/contacts?{query}").text
    assert "Delete the view" not in shared  # it is the owner's
    outsider.post("/contacts/views/2/delete", {}, at="/account", status=404)
    outsider.post("/contacts/views/1/delete", {}, at="/account", status=404)
    viewer.post(
        "/contacts/views?tag=vip", {"name": "Mine", "shared": "1"}, at="/account", status=403
    )
    viewer.post("/contacts/views?tag=vip", {"name": "Mine"}, at="/account")
    owner.post("/contacts/views/1/delete", {}, at=f"/contacts?{query}")
    assert "Guests" not in owner.get("/contacts").text
    owner.post("/contacts/views?tag=vip", {"name": ""}, at="/account", status=422)
    owner.post("/contacts/views?tag=vip", {"name": "x" * 81}, at="/account", status=422)
