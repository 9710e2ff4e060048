"""Two people in front of two browsers: one asks for a large change, the other lets it run."""

import pytest

from tests.browser.steps import import_id, ledger, run, sign_in, to_review, upload
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
