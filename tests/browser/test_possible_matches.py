"""New rows that look like contacts, in a browser: they come to the review by themselves, and a
row is joined or not by pointer and by keyboard.
"""

import pytest

from tests.browser.steps import accessible, ledger, run, to_review, upload
from tests.browser.test_looks import Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HEAD = b"Email,First name,Last name,Company,Phone,Birthday,City\n"
BOOK = HEAD + (
    b"soren.jones@oresund.example,Soren,Jones,Acme Logistics,+45 33 12 34 56,1957-07-16,Kobenhavn\n"
    b"renee@example.com,Renee,Okafor,Okafor & Co,,1980-01-02,Lagos\n"
    b"bob@example.com,Robert,Milner,,+44 113 200 0001,,Leeds\n"
)
NEW = HEAD + (
    b"s.jones@oresund.example,Soeren,Jones,Acme Logistics A/S,+45 33 12 34 56,1957-07-16,Copenhagen\n"
    b"renee.okafor@example.org,Renee,Okafor,Okafor & Co,,1980-01-02,Lagos\n"
    b"bob.milner@example.org,Bob,Milner,,+44 113 200 0001,,Leeds\n"
    b"zoe@example.com,Zoe,Quist,,,,\n"
)


def test_rows_are_joined_from_the_review(owner, live_server, conn):
    page = owner
    upload(page, live_server, BOOK)
    to_review(page)
    run(page, "skip")
    upload(page, live_server, NEW)
    to_review(page)
    part = page.locator("#possible-matches")
    part.get_by_role("heading", name="3 new rows look like people you already have").wait_for()
    accessible(page)

    row = page.get_by_role("article", name="Row 3")
    assert "differs:" in row.get_by_role("row", name="E-mail").inner_text()
    row.get_by_role("button", name="Same person: use this contact").click()
    part.get_by_role("heading", name="2 new rows look like people you already have").wait_for()
    page.wait_for_selector("#strategies:not([hx-get])")
    page.get_by_role("article", name="Row 4").get_by_role(
        "button", name="Someone else: a new contact"
    ).press("Enter")
    part.get_by_role(
        "heading", name="1 new row looks like a person you already have"
    ).wait_for()
    page.wait_for_selector("#strategies:not([hx-get])")

    part.get_by_role("link", name="See all 3").click()
    page.wait_for_selector("h1 >> text=2 of 3 chosen")
    accessible(page)
    page.get_by_role("button", name="Undo the choice for row 4").click()
    page.wait_for_selector("h1 >> text=1 of 3 chosen")
    eye = Eye(page, live_server)
    eye.look("possible-matches")
    page.get_by_role("link", name="Back to review").click()
    page.wait_for_selector("#strategies:not([hx-get])")
    eye.look("review-possible-matches")
    assert eye.found == []

    done = run(page, "update")
    assert ledger(conn, done) == {"updated": 1, "created": 3}
    found = conn.execute(
        "SELECT email, further_emails FROM contacts WHERE first_name = 'Renee'"
    ).fetchall()
    assert [one["email"] for one in found] == ["renee.okafor@example.org"]
