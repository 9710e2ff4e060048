"""Two people in front of two browsers: one asks for a large change, the other lets it run."""

import pytest

from tests.browser.steps import import_id, ledger, press, run, sign_in, to_review, upload
from tests.browser.test_looks import CHANGED, PEOPLE, Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture
def approving(monkeypatch):
    monkeypatch.setenv("APPROVAL_ABOVE", "1")


@pytest.fixture
def owner(approving, page, live_server):
    sign_in(page, live_server)
    return page


@pytest.fixture
def outsider(owner, live_server):
    """Another person's browser."""
    other = owner.context.browser.new_context().new_page()
    sign_in(other, live_server, "outsider@example.com")
    return other


def test_one_asks_and_another_approves(owner, outsider, live_server, conn):
    upload(owner, live_server, PEOPLE)
    to_review(owner)
    run(owner, "skip")
    asks, decides = Eye(owner, live_server), Eye(outsider, live_server)

    upload(owner, live_server, CHANGED, "people-changed.csv")
    to_review(owner)
    owner.click("#s-update")
    asks.look("review-needs-approval")
    owner.get_by_role("button", name="Ask for approval").click()
    owner.wait_for_url("**/approval")
    asks.look("approval-asked")
    asks.visit(f"/imports/{import_id(owner)}/problems", "approval-problems")

    decides.visit("/imports", "history-to-approve")
    outsider.get_by_role("link", name="Decide").click()
    outsider.wait_for_url("**/approval")
    decides.look("approval")
    outsider.get_by_role("button", name="Refuse").click()
    outsider.wait_for_url("**/imports")
    asks.visit(f"/imports/{import_id(owner)}/review", "review-refused")
    owner.wait_for_selector("#strategies:not([hx-get])")
    owner.click("#s-update")
    owner.get_by_role("button", name="Ask for approval").click()
    owner.wait_for_url("**/approval")

    outsider.goto(f"{live_server}/imports/{import_id(owner)}")
    approve = outsider.get_by_role("button", name="Approve and import")
    approve.click()  # The browser itself asks for the box.
    assert outsider.url.endswith("/approval")
    outsider.get_by_label("I have checked what this import would change").check()
    approve.click()
    outsider.wait_for_url("**/report")
    decides.look("report-approved")
    assert ledger(conn, import_id(outsider))["updated"] > 1
    assert not asks.found + decides.found, "\n".join(asks.found + decides.found)


def test_asked_and_approved_by_keyboard_alone(owner, outsider, imports, live_server, conn):
    imports.run(PEOPLE.decode())
    asked = imports.check(CHANGED.decode()).id
    owner.goto(f"{live_server}/imports/{asked}/review")
    owner.wait_for_selector("#strategies:not([hx-get])")
    press(owner, "input[name=duplicate_strategy]", "ArrowRight")
    press(owner, "button[form=review]:has-text('Ask for approval')", "Enter")
    owner.wait_for_url("**/approval")

    outsider.goto(f"{live_server}/imports")
    press(outsider, "a:has-text('Decide')", "Enter")
    outsider.wait_for_url("**/approval")
    press(outsider, "form input[type=checkbox]", "Space")
    press(outsider, "button:has-text('Approve and import')", "Enter")
    outsider.wait_for_url("**/report")
    assert ledger(conn, str(asked))["updated"] > 1


def test_asked_refused_and_withdrawn_without_a_script(
    approving, chromium, imports, live_server, conn
):
    imports.run(PEOPLE.decode())
    asked = imports.check(CHANGED.decode()).id
    with (
        chromium.new_context(java_script_enabled=False) as ours,
        chromium.new_context(java_script_enabled=False) as theirs,
    ):
        page, other = ours.new_page(), theirs.new_page()
        sign_in(page, live_server)
        sign_in(other, live_server, "outsider@example.com")
        ask(page, f"{live_server}/imports/{asked}/review")

        other.goto(f"{live_server}/imports")
        other.get_by_role("link", name="Decide").click()
        other.get_by_role("button", name="Refuse").click()
        other.wait_for_url("**/imports")

        ask(page, f"{live_server}/imports/{asked}/review")
        page.get_by_role("button", name="Withdraw").click()
        page.wait_for_url("**/review")
    assert ledger(conn, str(asked)) == {}


def ask(page, review: str) -> None:
    page.goto(review)
    page.wait_for_selector("button[form=review]:enabled")  # it loads itself until then
    page.click("#s-update")
    page.click("button[form=review]")
    page.wait_for_url("**/approval")
