"""The whole wizard in a real browser, against web and worker as the Procfile starts them."""

import csv
import io
import re
from collections import Counter

import pytest

from tests.browser.steps import (
    Gate,
    accessible,
    generated,
    import_id,
    ledger,
    legend,
    press,
    promised,
    run,
    sign_in,
    to_review,
    upload,
)
from tests.harness.browser import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
WORDS = {
    "duplicates skipped": "duplicate_skipped",
    "to fix": "invalid",
    "to choose": "conflict",
    "left out": "left_out",
}
COUNT_CLICKS = "addEventListener('click', () => sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1, true)"


def test_the_sample(owner, live_server, conn):
    owner.goto(f"{live_server}/imports/new")
    owner.click("text=Try a sample")
    owner.wait_for_url("**/columns")
    to_review(owner)
    said = promised(owner, "skip")
    done = run(owner, "skip")
    assert said == legend(owner)
    report_agrees(owner, live_server, conn, done)
    owner.click("button.danger")
    owner.wait_for_selector("h1 >> text=This import was undone")
    assert conn.execute("SELECT count(*) FROM contacts").fetchone()["count"] == 0


def test_two_clicks_from_the_upload_to_the_report(owner, live_server, conn):
    owner.add_init_script(COUNT_CLICKS)
    upload(owner, live_server, generated(20, invalid=0, duplicates=0))
    to_review(owner)
    done = run(owner, "merge")
    # Check 20 rows, Import 20 rows: nobody is known, so there is nothing else to choose.
    assert owner.evaluate("sessionStorage.clicks") == "2"
    assert ledger(conn, done) == {"created": 20}
    # Back, and the review's own address, lead to what became of it, and run nothing again.
    owner.go_back()
    owner.wait_for_url("**/report")
    owner.goto(f"{live_server}/imports/{done}/review")
    owner.wait_for_url("**/report")
    assert ledger(conn, done) == {"created": 20}


def test_ten_thousand_rows_watched_and_imported_again(owner, live_server, conn, settings):
    data = generated(10_000)
    valid = [row for row in records(data) if "@" in row["Email"]]
    people = {row["Customer ID"] for row in valid}
    invalid = 10_000 - len(valid)

    upload(owner, live_server, data)
    to_review(owner)
    with Gate(settings.database_url, "contact_import_results") as gate:
        owner.click("button[form=review]")
        watch_it_move(owner, gate)
    owner.wait_for_url("**/report")
    first = import_id(owner)
    report_agrees(owner, live_server, conn, first)
    twice = len(valid) - len(people)
    assert ledger(conn, first) == {
        "created": len(people),
        "duplicate_skipped": twice,
        "invalid": invalid,
    }
    assert contacts(conn) == len(people)

    before = digest(conn)
    assert again(owner, live_server, conn, data, "skip") == {
        "duplicate_skipped": len(valid),
        "invalid": invalid,
    }
    assert again(owner, live_server, conn, data, "update") == {
        "unchanged": len(valid),
        "invalid": invalid,
    }
    assert digest(conn) == before
    filled = {row["Customer ID"] for row in valid[::3]}
    merged = again(owner, live_server, conn, with_notes(data, filled), "merge")
    assert merged == {
        "merged": len(filled),
        "unchanged": len(valid) - len(filled),
        "invalid": invalid,
    }
    assert contacts(conn) == len(people)
    noted = conn.execute(
        "SELECT external_id, company FROM contacts WHERE notes = 'Met in May'"
    ).fetchall()
    assert {row["external_id"] for row in noted} == filled
    assert not any(
        row["company"].endswith("Limited") for row in noted
    )  # a merge overwrites nothing


def watch_it_move(page, gate: Gate) -> None:
    """The bar through five values, each led by the tab's title; every number on the card fits
    the others.
    """
    page.wait_for_url("**/progress")
    seen = [page.inner_text(".percent")]
    for _ in range(4):
        gate.let_through("SELECT max(last_row) FROM contact_imports")
        moved = "old => document.querySelector('.percent').innerText !== old"
        page.wait_for_function(moved, arg=seen[-1])
        settled = (
            "() => document.title.startsWith(document.querySelector('.percent').innerText)"
        )
        page.wait_for_function(settled)
        seen.append(page.inner_text(".percent"))
        card_adds_up(page)
    values = [float(text.removesuffix("%")) for text in seen]
    assert values == sorted(set(values)), seen
    assert 0 < values[-1] < 100


def card_adds_up(page) -> None:
    """Read in one go, since the card is redrawn at any moment."""
    text = page.evaluate("document.querySelector('#progress').innerText")
    processed, total = (
        whole(found) for found in re.search(r"([\d,]+) of ([\d,]+) rows", text).groups()
    )
    success, skipped, failed = (
        whole(re.search(rf"([\d,]+)\s+{word}", text)[1])
        for word in ("imported", "skipped\n|skipped$", "failed")
    )
    assert success + skipped + failed == processed, text
    percent = f"{processed / total * 100:.1f}" if processed else "0"
    assert f"{percent}%" in text


def report_agrees(page, address: str, conn, of_import: str) -> None:
    """Every number on the report and on the rollback's page, and every row of the CSV, against
    the database.
    """
    counts = ledger(conn, of_import)
    need = sum(counts.get(word, 0) for word in ("invalid", "conflict", "failed"))
    assert {WORDS.get(word, word): count for word, count in legend(page).items()} == counts
    page.click("#technical > summary")
    shown = page.inner_text("main")
    heading = " ".join(page.inner_text("h1").split())
    assert f"{counts['created']:,} new contacts are in." in heading
    assert f"{need:,} rows are not in yet." in heading
    assert " · Owner · " in " ".join(shown.split())
    done = "SELECT count(*) FROM contact_import_logs WHERE import_id = %s AND event = 'batch' AND result = 'done'"
    batches = conn.execute(done, (of_import,)).fetchone()["count"]
    assert f"{batches:,} batch" in shown
    assert problems_on(page) == problems_in(conn, of_import)
    answer = page.request.get(f"{address}/imports/{of_import}/report.csv")
    assert Counter(row["Rowcall outcome"] for row in records(answer.body())) == counts
    page.goto(f"{address}/imports/{of_import}/rollback")
    removed = conn.execute(
        "SELECT count(*) FROM contacts WHERE imported_from = %s", (of_import,)
    ).fetchone()["count"]
    assert [whole(number) for number in page.locator(".faults b").all_inner_texts()] == [
        removed
    ]


def problems_on(page) -> list[int]:
    """But for warnings, which stand in a section of their own."""
    found = page.locator("section[aria-labelledby=not-in] .faults b")
    return sorted(whole(text) for text in found.all_inner_texts())


def problems_in(conn, of_import: str) -> list[int]:
    rows = conn.execute(
        "SELECT count(*) FROM contact_import_results WHERE import_id = %s"
        " AND outcome IN ('invalid', 'conflict', 'failed') GROUP BY outcome, code ORDER BY 1",
        (of_import,),
    )
    return [row["count"] for row in rows]


def again(page, address: str, conn, data: bytes, strategy: str) -> dict[str, int]:
    """Import the data; what the review promised is what the report shows and the ledger holds."""
    upload(page, address, data)
    to_review(page)
    said = promised(page, strategy)
    counts = ledger(conn, run(page, strategy))
    assert legend(page) == said
    assert {WORDS.get(word, word): count for word, count in said.items()} == counts
    return counts


def with_notes(data: bytes, people: set[str]) -> bytes:
    """A changed copy: another company for all, and a note for some, which they had not."""
    rows = records(data)
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, rows[0].keys())
    writer.writeheader()
    for row in rows:
        note = "Met in May" if row["Customer ID"] in people else ""
        writer.writerow({**row, "Company": f"{row['Company']} Limited", "Notes": note})
    return stream.getvalue().encode()


def records(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def whole(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def contacts(conn) -> int:
    return conn.execute("SELECT count(*) FROM contacts").fetchone()["count"]


def digest(conn) -> str:
    return conn.execute(
        "SELECT md5(string_agg(c::text, '' ORDER BY id)) AS it FROM contacts c"
    ).fetchone()["it"]


def test_without_javascript(chromium, live_server):
    with chromium.new_context(java_script_enabled=False) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        sign_in(page, live_server)
        page.goto(f"{live_server}/imports/new")
        data = b"Email,Name\nann@example.com,Ann Ash\n"
        page.set_input_files(
            "#file", {"name": "people.csv", "mimeType": "text/csv", "buffer": data}
        )
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/columns")
        page.click("button[form=columns]")
        page.wait_for_url("**/review")
        page.wait_for_selector("text=1 created")
        page.click("button[form=review]")
        page.wait_for_url("**/report")
        assert page.inner_text("h1") == "1 new contact is in."
        page.click("text=Undo this import")
        page.get_by_role("button", name="Undo this import").click()
        page.wait_for_selector("text=This import was undone")


def test_with_the_keyboard_alone(owner, live_server, conn):
    owner.goto(f"{live_server}/imports/new")
    file = {
        "name": "a.csv",
        "mimeType": "text/csv",
        "buffer": b"Email,Name\nann@example.com,Ann\nann@example.com,Ann\n",
    }
    owner.set_input_files("#file", file)
    owner.wait_for_url("**/columns")
    press(owner, "select[name=column-0]", "Tab")
    press(owner, "button[form=columns]", "Enter")
    owner.wait_for_url("**/review")
    owner.wait_for_selector("#strategies:not([hx-get])")
    press(owner, "input[name=duplicate_strategy]", "ArrowRight")
    assert owner.is_checked("#s-update")
    press(owner, "button[form=review]", "Enter")
    owner.wait_for_url("**/report")
    assert ledger(conn, import_id(owner)) == {"created": 1, "unchanged": 1}
    accessible(owner)
    press(owner, "a[href$='/rollback']", "Enter")
    owner.wait_for_url("**/rollback")
    press(owner, "button:has-text('Undo this import')", "Enter")
    owner.wait_for_selector("h1 >> text=This import was undone")
