"""Two contacts are merged in a browser without a script, and are two again."""

import os

import pytest

from tests.browser.steps import press, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture
def both(conn):
    conn.execute(
        """INSERT INTO contacts (email, email_key, first_name, last_name, company, city, tags, notes, phone)
           VALUES ('ann@example.com', 'ann@example.com', 'Ann', 'Ash', 'Acme', NULL, '{fair}', 'Met', NULL),
             ('anne@example.com', 'anne@example.com', 'Anne', 'Ash', 'Brontë & Söhne', 'Zürich', '{vip}',
              NULL, '+49 30 123456')"""
    )
    found = conn.execute("SELECT id FROM contacts ORDER BY id").fetchall()
    return [row["id"] for row in found]


@pytest.mark.parametrize("script", [True, False])
def test_a_merge_field_by_field_and_its_undo(chromium, live_server, both, script):
    ann, anne = both
    context = chromium.new_context(java_script_enabled=script)
    page = context.new_page()
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts/{ann}")
    page.get_by_role("link", name="Merge with…").click()
    page.get_by_role("heading", name="Merge Ann Ash with…").wait_for()
    page.goto(f"{live_server}/contacts/{ann}/merge?other={anne}")
    if (folder := os.environ.get("PICTURES")) and script:
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"{folder}/merge-{width}-{scheme}.png", full_page=True)
    page.get_by_label("Brontë & Söhne (Anne Ash)").check()
    page.get_by_role("button", name="Merge", exact=True).click()
    page.get_by_text("Anne Ash was merged into this contact.").wait_for()
    page.get_by_role("button", name="Undo", exact=True).click()
    page.get_by_text("is a contact of its own again.").wait_for()
    context.close()


def test_a_merge_and_its_undo_by_keyboard_alone(page, live_server, both):
    ann, anne = both
    sign_in(page, live_server)
    page.goto(f"{live_server}/contacts/{ann}/merge?other={anne}")
    press(page, "input[name='side:company']", "ArrowDown")
    press(page, "button:text-is('Merge')", "Enter")
    page.get_by_text("Anne Ash was merged into this contact.").wait_for()
    page.get_by_text("Brontë & Söhne").first.wait_for()
    press(page, "button:text-is('Undo')", "Enter")
    page.get_by_text("is a contact of its own again.").wait_for()
