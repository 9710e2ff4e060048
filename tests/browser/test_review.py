"""The review: chips that narrow the rows in place, and the strategy that stays, also without
scripts.
"""

import sys
from pathlib import Path

import pytest

from tests.browser.steps import accessible, import_id, sign_in, to_review, upload

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "samples"))
import fair

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def review(owner, live_server, imports) -> str:
    """The address of the review of a messy export, part of whose people are known."""
    imports.run(fair.book())
    upload(owner, live_server, fair.leads().encode("cp1252"))
    to_review(owner)
    return f"{live_server}/imports/{import_id(owner)}/review"


def test_rows_are_narrowed_in_place_and_the_strategy_stays(owner, review, chromium, conn):
    kept = "SELECT duplicate_strategy FROM contact_imports WHERE id = %s"
    number = (import_id(owner),)
    with owner.expect_response("**/strategy") as answer:
        owner.click("#s-merge")
    assert answer.value.status == 204
    assert conn.execute(kept, number).fetchone()["duplicate_strategy"] == "merge"

    rows = owner.locator("#plan-merge")
    chip = rows.get_by_role("link", name="To fix 44")
    chip.focus()
    owner.keyboard.press("Enter")
    rows.get_by_role("link", name="See all 44 rows").wait_for()
    assert owner.url.startswith(review)
    assert {text.strip() for text in rows.locator(".pill").all_inner_texts()} == {"To fix"}
    assert chip.get_attribute("aria-current") == "true"
    assert chip.evaluate("at => at === document.activeElement")
    accessible(owner)
    rows.get_by_role("link", name="All 600").click()
    rows.get_by_role("link", name="See all 600 rows").wait_for()

    plain = chromium.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, review.split("/imports/")[0])
    page.goto(review)
    assert page.is_checked("#s-merge")
    page.check("#s-update")
    page.get_by_role("button", name="Keep this choice").click()
    page.wait_for_url(review)
    assert page.is_checked("#s-update")
    page.locator("#plan-update").get_by_role("link", name="To fix 44").click()
    page.wait_for_url("**/plan?**outcome=invalid**")
    plain.close()
