"""Possible duplicates in a browser: looked for, and answered by keyboard, by pointer and without a
script.
"""

import pytest

from tests.browser.steps import accessible, sign_in
from tests.browser.test_looks import Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
BOOK = """ID,Email,First name,Last name,Company,Phone,Birthday,City,Tags
1,soren.jones@oresund.example,Soren,Jones,Acme Logistics,+45 33 12 34 56,1957-07-16,Kobenhavn,press
2,s.jones@oresund.example,Soeren,Jones,Acme Logistics A/S,+45 33 12 34 56,,Copenhagen,vip
3,renee@example.com,Renee,Okafor,Okafor & Co,,1980-01-02,Lagos,
4,renee.okafor@example.org,Renee,Okafor,Okafor & Co,,1980-01-02,Lagos,
5,bob@example.com,Robert,Milner,,+44 113 200 0001,,Leeds,
6,bob.milner@example.org,Bob,Milner,,+44 113 200 0001,,Leeds,
7,zoe@example.com,Zoe,Quist,,,,,
"""


LEFT = "left => (document.querySelector('nav .count')?.innerText ?? '') === left"


@pytest.fixture
def unsearched(imports, owner, live_server):
    """The page of duplicates, in a book with three pairs."""
    imports.run(BOOK)
    owner.goto(f"{live_server}/contacts")
    owner.get_by_role("link", name="Duplicates").click()
    owner.wait_for_selector("h1 >> text=Duplicates")
    return owner


@pytest.fixture
def searched(unsearched):
    """The pairs that were looked for by the button."""
    unsearched.get_by_role("button", name="Look for duplicates").click()
    unsearched.wait_for_selector("h1 >> text=Are these two the same person?", timeout=60_000)
    return unsearched


def test_pairs_are_answered_by_keyboard(searched, live_server):
    page = searched
    accessible(page)
    assert page.title().startswith("Are these two the same person? 1 of 3")
    assert page.locator("nav .count").inner_text() == "3"
    assert "differs:" in page.get_by_role("row", name="E-mail").first.inner_text()

    first = page.locator(".compared thead").inner_text()
    page.keyboard.press("2")
    page.wait_for_selector("[role=status] >> text=are not the same")
    assert page.locator(".compared thead").inner_text() != first
    assert page.locator("nav .count").inner_text() == "2"
    page.locator("[role=status]").get_by_role("button", name="Undo").press("Enter")
    page.wait_for_selector("h1 >> text=1 of 3")
    assert page.locator(".compared thead").inner_text() == first

    page.keyboard.press("3")
    page.wait_for_selector("[role=status] >> text=later")
    page.keyboard.press("2")
    page.wait_for_selector("[role=status] >> text=are not the same")
    page.keyboard.press("2")
    page.wait_for_selector("h1 >> text=1 of 1")
    assert page.locator(".compared thead").inner_text() == first, "the one for later"
    page.keyboard.press("2")
    page.wait_for_selector("h1 >> text=No duplicates found")
    accessible(page)

    page.get_by_role("button", name="Look again").click()
    page.wait_for_selector("h1 >> text=No duplicates found")
    page.goto(f"{live_server}/contacts")
    assert page.locator("nav .count").count() == 0


def test_two_contacts_become_one_field_by_field_and_two_again(searched, live_server, conn):
    page = searched
    page.goto(f"{live_server}/duplicates?after=0_99.00_0_0")
    page.get_by_role("link", name="Soren Jones and Soeren Jones").click()
    page.wait_for_selector("h1 >> text=3 of 3")
    company = page.get_by_role("row", name="Company")
    assert company.locator(".stays").inner_text().strip() == "Acme Logistics"
    company.get_by_label("Acme Logistics A/S").check()
    assert company.locator(".stays").inner_text().strip() == "Acme Logistics A/S"
    accessible(page)
    page.keyboard.press("1")
    page.wait_for_selector("[role=status] >> text=Merged into Soren Jones.")

    (kept,) = conn.execute("SELECT * FROM contacts WHERE last_name = 'Jones'").fetchall()
    assert (kept["first_name"], kept["company"]) == ("Soren", "Acme Logistics A/S")
    assert (kept["birthday"], sorted(kept["tags"])) == ("1957-07-16", ["press", "vip"])
    assert [one["value"] for one in kept["further_emails"]] == ["s.jones@oresund.example"]
    assert page.locator("nav .count").inner_text() == "2"
    page.locator("[role=status]").get_by_role("button", name="Undo").click()
    page.wait_for_url("**/contacts/*")
    found = conn.execute("SELECT company FROM contacts WHERE last_name = 'Jones' ORDER BY id")
    assert [one["company"] for one in found] == ["Acme Logistics", "Acme Logistics A/S"]


def test_pairs_are_answered_without_a_script(chromium, searched, live_server):
    plain = chromium.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/duplicates")
    page.get_by_role("button", name="Later").click()
    page.wait_for_selector("[role=status] >> text=later")
    page.get_by_role("button", name="Not the same").click()
    page.wait_for_selector("h1 >> text=of 2")
    page.get_by_role("link", name="See them as a list").click()
    page.wait_for_selector("h1 >> text=2 pairs")
    plain.close()


def test_it_looks_as_it_should(request, unsearched, live_server):
    eye = Eye(unsearched, live_server)
    eye.look("duplicates-unsearched")
    searched = request.getfixturevalue("searched")
    eye.visit("/duplicates", "duplicates")
    eye.visit("/duplicates?after=0_99.00_0_0", "duplicates-list")
    searched.goto(f"{live_server}/duplicates")
    for left in ("2", "1", ""):
        searched.keyboard.press("2")
        searched.wait_for_function(LEFT, arg=left)
    eye.visit("/duplicates", "duplicates-none")
    assert eye.found == []
