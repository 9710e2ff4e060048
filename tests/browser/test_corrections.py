"""Correcting with the keyboard alone, on the review's list of problem rows."""

import pytest

from tests.browser.steps import accessible, ledger, run, to_review, upload
from webapp.vocabulary import messages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PEOPLE = b"""Email,First name,Birthday
ann@example.com,Ann,
ben at example.com,Ben,
nobody,Cid,
nobody,Dan,
eve@example.com,Eve,03/04/1990
"""


def test_keyboard_only(owner, live_server, conn):
    upload(owner, live_server, PEOPLE)
    to_review(owner)
    import_id = owner.url.split("/")[-2]
    owner.focus(f"a[aria-label*='{messages.title('email_no_at')}']")
    owner.keyboard.press("Enter")
    owner.wait_for_url("**/problems?**")
    accessible(owner)
    owner.locator(".correction input[aria-invalid]").first.focus()
    owner.keyboard.press("Control+A")
    owner.keyboard.type("ben@example")
    owner.keyboard.press("Enter")
    owner.wait_for_selector("#row-3 >> text=not yet right")
    assert owner.evaluate("document.activeElement.id") == "r3c0"
    owner.keyboard.press("Control+A")
    owner.keyboard.type("ben@example.com")
    owner.keyboard.press("Enter")
    owner.wait_for_selector("#row-3 >> text=fixed")
    assert owner.evaluate("document.activeElement.id") == "r4c0"
    owner.keyboard.press("Control+A")
    owner.keyboard.type("both@example.com")
    owner.keyboard.press("Tab")
    owner.keyboard.press("Tab")
    assert "wherever" in owner.evaluate("document.activeElement.innerText")
    owner.keyboard.press("Enter")
    owner.wait_for_selector("text=Nothing is left to fix here")
    owner.goto(f"{live_server}/imports/{import_id}/review")
    owner.click("text=Day first")
    owner.wait_for_url("**/review")
    owner.wait_for_selector("#strategies:not([hx-get])")
    assert "need you" not in owner.inner_text("main")
    done = run(owner, "skip")
    assert ledger(conn, done) == {"created": 4, "duplicate_skipped": 1}
    assert (
        conn.execute("SELECT birthday FROM contacts WHERE first_name = 'Eve'").fetchone()[
            "birthday"
        ]
        == "1990-04-03"
    )
