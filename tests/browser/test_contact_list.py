"""The list of contacts and a contact's card in a browser: in place with a script, and without
one.
"""

import re

import pytest

from tests.browser.steps import sign_in
from tests.browser.test_looks import Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
COUNT = 130


@pytest.fixture
def book(conn):
    conn.execute(
        """INSERT INTO contacts (external_id, email, email_key, first_name, last_name, company, job_title, phone,
             phone_key, city, country, tags, custom, notes)
           SELECT n::text, format('p%%s@example.com', n), format('p%%s@example.com', n),
             (ARRAY['Åsa', 'Ben', 'Chloé', 'Dora'])[n %% 4 + 1], 'Ash' || n,
             CASE WHEN n %% 3 = 0 THEN 'Brontë & Söhne' ELSE 'Acme Logistics' END, 'Buyer',
             '+49 30 1234' || n, NULL, 'Zürich', CASE WHEN n %% 2 = 0 THEN 'CH' ELSE 'DE' END,
             CASE WHEN n %% 3 = 0 THEN '{messe-basel-2025,vip}' ELSE '{fair}' END::text[],
             jsonb_build_object('Shoe size', '42'), 'Met at the fair'
           FROM generate_series(1, %s) n""",
        (COUNT,),
    )


@pytest.mark.usefixtures("book")
def test_filters_orders_and_pages_in_place(page, live_server):
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts")
    page.evaluate("window.unloaded = false")
    page.get_by_role("link", name="Next").click()
    page.get_by_text("51 to 100 of 130").wait_for()
    page.get_by_role("link", name="Name", exact=True).click()
    page.locator("th[aria-sort=ascending]").wait_for()
    assert page.locator("tbody .person a").first.inner_text().startswith("Åsa")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("textbox", name="Tag", exact=True).fill("vip")
    page.locator(".panel:visible").get_by_role("button", name="Show").click()
    page.get_by_role("heading", name="43 contacts of 130").wait_for()
    assert re.search(r"[?&]tag=vip", page.url)
    assert "sort=name" in page.url
    page.get_by_role("link", name="Take off").click()
    page.get_by_role("heading", name="130 contacts").wait_for()
    assert page.evaluate("window.unloaded") is False, "the page was loaded anew"


@pytest.mark.usefixtures("book")
def test_filters_orders_and_pages_without_a_script(chromium, live_server):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("textbox", name="Country").fill("Switzerland")
    page.locator(".panel:visible").get_by_role("button", name="Show").click()
    page.get_by_role("heading", name="65 contacts of 130").wait_for()
    page.locator("summary", has_text="Save view").click()
    page.get_by_label("Name of the view").fill("Swiss leads")
    page.locator(".panel:visible").get_by_role("button", name="Save view").click()
    page.get_by_role("link", name="Swiss leads").wait_for()
    page.get_by_role("link", name="Next").click()
    page.get_by_text("51 to 65 of 65").wait_for()
    context.close()


@pytest.mark.usefixtures("book")
def test_how_they_look(page, live_server):
    sign_in(page, live_server)
    eye = Eye(page, live_server)
    eye.visit("/contacts?tag=vip&country=CH&sort=name", "book-list")
    page.get_by_text("Filter", exact=True).click()
    eye.look("book-filter")
    eye.visit("/contacts?compact=1&columns=country&columns=custom:Shoe+size", "book-compact")
    eye.visit("/contacts/3", "book-card")
    eye.visit("/contacts/new", "book-new")
    assert not eye.found, "\n".join(eye.found)
