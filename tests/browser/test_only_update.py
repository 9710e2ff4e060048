"""A tick beside the strategies shows what happens without new people, and a rule stands beside each
column.
"""

import pytest

from tests.browser.steps import ledger, promised, run, to_review, upload
from tests.browser.test_looks import Eye

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HEADER = b"ID,Email,First name,Last name,City,Tags,Do not call\n"
THERE = (
    HEADER + b"1,ann@example.com,Ann,Ash,Oldtown,fair,yes\n2,ben@example.com,Ben,Birch,,,\n"
)
FILE = HEADER + (
    b"1,ann@example.com,Anna,Ash,Newtown,vip,no\n2,ben@example.com,Ben,Birch,,,\n"
    b"3,cid@example.com,Cid,Cedar,Newtown,vip,\n4,dora@example.com,Dora,Dogwood,,,\n"
)


def test_new_people_are_left_out_at_a_tick(owner, live_server, conn):
    eye = Eye(owner, live_server)
    upload(owner, live_server, THERE)
    to_review(owner)
    run(owner, "skip")

    upload(owner, live_server, FILE)
    assert owner.locator("select[name=rule-6]").input_value() == "keep"
    owner.select_option("select[name=rule-4]", "fill")
    owner.get_by_text("More choices").click()
    eye.look("columns-rules")
    to_review(owner)

    owner.get_by_text("More choices").click()
    owner.check("#only_update")
    owner.wait_for_selector("#strategies:not([hx-get]) #s-update:checked")
    assert owner.locator("#s-skip").count() == 0
    assert promised(owner, "update") == {"updated": 1, "unchanged": 1, "new people skipped": 2}
    owner.click("#s-merge")
    eye.look("review-only-update")

    owner.uncheck("#only_update")
    owner.wait_for_selector("#s-skip")
    assert owner.locator("#s-merge").is_checked()
    owner.check("#only_update")
    owner.wait_for_selector("#s-skip", state="detached")
    done = run(owner, "update")
    eye.look("report-only-update")
    assert ledger(conn, done) == {"updated": 1, "unchanged": 1, "new_skipped": 2}
    ann = conn.execute("SELECT city, custom FROM contacts WHERE external_id = '1'").fetchone()
    assert ann == {"city": "Oldtown", "custom": {"Do not call": "yes"}}
    assert not eye.found, "\n".join(eye.found)
