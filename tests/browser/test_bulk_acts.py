"""Changing many contacts in a browser: ticks, acts, their progress and undo, with a script and
without.
"""

import pytest

from tests.browser.steps import press, sign_in
from tests.browser.test_looks import Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
COUNT = 130


@pytest.fixture
def book(conn):
    conn.execute(
        """INSERT INTO contacts (external_id, email, email_key, first_name, last_name, company, job_title, city,
             country, tags, custom)
           SELECT n::text, format('p%%s@example.com', n), format('p%%s@example.com', n),
             (ARRAY['Åsa', 'Ben', 'Chloé', 'Dora'])[n %% 4 + 1], 'Ash' || n, 'Acme Logistics', 'Buyer', 'Zürich',
             CASE WHEN n %% 2 = 0 THEN 'CH' ELSE 'DE' END,
             CASE WHEN n %% 3 = 0 THEN '{messe-basel-2025,vip}' ELSE '{fair}' END::text[],
             jsonb_build_object('Shoe size', '42') FROM generate_series(1, %s) n""",
        (COUNT,),
    )


def box(page, number: int):
    return page.locator(f".book input.tick[value='{number}']")


@pytest.mark.usefixtures("book")
def test_ticked_ones_are_tagged_and_undone(page, live_server):
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts")
    bar = page.locator("#ticked-bar")
    assert not bar.is_visible()
    box(page, 2).focus()
    page.keyboard.press("Space")
    box(page, 5).click(modifiers=["Shift"])
    bar.get_by_text("4 contacts ticked").wait_for()
    bar.get_by_role("button", name="Untick").click()
    bar.wait_for(state="hidden")
    box(page, 2).check()
    box(page, 3).check()
    bar.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("heading", name="2 contacts ticked").wait_for()
    page.get_by_label("Tags, with commas between them").first.fill("basel")
    page.get_by_role("button", name="Add tags").click()
    page.get_by_role("heading", name="2 contacts changed").wait_for(timeout=20_000)
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("2 contacts are as they were before.").wait_for(timeout=20_000)


@pytest.mark.usefixtures("book")
def test_all_that_match_are_deleted_and_come_back(page, live_server):
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts?tag=vip")
    page.get_by_role("link", name="Change all 43 contacts that match").click()
    page.get_by_role("button", name="Delete 43 contacts").click()
    page.get_by_role("heading", name="43 contacts changed").wait_for(timeout=20_000)
    page.goto(f"{live_server}/contacts/changes")
    page.get_by_role("button", name="Undo Delete contacts").click()
    page.get_by_text("43 contacts are as they were before.").wait_for(timeout=20_000)
    page.goto(f"{live_server}/contacts?tag=vip")
    page.get_by_role("heading", name="43 contacts of 130").wait_for()


@pytest.mark.usefixtures("book")
def test_acts_without_a_script(chromium, live_server):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts")
    box(page, 7).check()
    bar = page.locator("#ticked-bar")
    assert bar.is_visible()
    assert not bar.get_by_role("button", name="Untick").is_visible()
    bar.get_by_role("button", name="Set a field").click()
    page.get_by_label("Field", exact=True).select_option("department")
    page.get_by_label("New value; blank empties the field").fill("Sales")
    page.get_by_role("button", name="Set the field").click()
    for _ in range(40):
        page.reload()
        if page.get_by_role("heading", name="1 contact changed").count():
            break
        page.wait_for_timeout(250)
    page.goto(f"{live_server}/contacts/7")
    page.get_by_text("Sales").first.wait_for()
    context.close()


@pytest.mark.usefixtures("book")
def test_an_act_and_its_undo_by_keyboard_alone(page, live_server):
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts?q=p7@example.com")
    press(page, ".book input.tick[value='7']", "Space")
    press(page, "#ticked-bar button:text-is('Tag')", "Enter")
    page.get_by_role("heading", name="1 contact ticked").wait_for()
    press(page, "input[name=tags] >> nth=0", "Control+A")
    page.keyboard.type("basel")
    press(page, "button:text-is('Add tags')", "Enter")
    page.get_by_role("heading", name="1 contact changed").wait_for(timeout=20_000)
    press(page, "button:has-text('Undo')", "Enter")
    page.get_by_text("1 contact is as it was before.").wait_for(timeout=20_000)


@pytest.mark.usefixtures("book")
def test_tags_and_custom_fields(page, live_server):
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts")
    page.get_by_text("Tags and fields").click()
    page.get_by_role("link", name="Tags", exact=True).click()
    fair = page.locator(".names li", has_text="fair")
    fair.locator("summary").click()
    fair.get_by_label("New name, or that of another tag").fill("vip")
    fair.locator("form").first.get_by_role("button", name="Rename").click()
    page.get_by_role("heading", name="87 contacts changed").wait_for(timeout=20_000)
    page.goto(f"{live_server}/contacts/tags")
    page.get_by_text("130 contacts").wait_for()
    page.goto(f"{live_server}/contacts/fields")
    page.locator("summary", has_text="Move").click()
    page.get_by_label("Into this field").select_option("department")
    page.locator(".panel:visible").get_by_role("button", name="Move").click()
    page.get_by_role("heading", name="130 contacts changed").wait_for(timeout=20_000)


@pytest.mark.usefixtures("book")
def test_how_they_look(page, live_server, conn):
    sign_in(page, live_server)
    eye = Eye(page, live_server)
    page.goto(f"{live_server}/contacts?tag=vip")
    box(page, 3).check()
    box(page, 6).check()
    eye.look("bulk-ticked")
    eye.visit("/contacts/acts/new?all=1&tag=vip", "bulk-new")
    page.get_by_label("Tags, with commas between them").first.fill("basel")
    page.get_by_role("button", name="Add tags").click()
    page.get_by_role("heading", name="43 contacts changed").wait_for(timeout=20_000)
    eye.look("bulk-done")
    eye.visit("/contacts/changes", "bulk-recent")
    eye.visit("/contacts/tags", "bulk-tags")
    eye.visit("/contacts/fields", "bulk-fields")
    conn.execute(
        "UPDATE contact_acts SET state = 'undoing', through = 12, moved_at = now() + interval '1 hour'"
    )
    eye.visit("/contacts/acts/1", "bulk-undoing")
    assert not eye.found, "\n".join(eye.found)
