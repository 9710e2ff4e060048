"""The whole wizard in a real browser, against web and worker as the Procfile starts them."""

import csv
import io
import sys
from pathlib import Path

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from psycopg.rows import dict_row

from tests.harness.web import PASSWORD

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "samples"))
import generate  # noqa: E402

pytestmark = pytest.mark.browser
GATE = 7_001
HOLD = f"""CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END $$;
  CREATE TRIGGER hold BEFORE INSERT ON contact_import_results FOR EACH STATEMENT EXECUTE FUNCTION hold()"""


@pytest.fixture
def owner(page, live_server):
    page.goto(f"{live_server}/sign-in")
    page.fill("#email", "owner@example.com")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/imports")
    return page


@pytest.fixture
def conn(settings):
    with psycopg.connect(settings.database_url, autocommit=True, row_factory=dict_row) as opened:
        yield opened


def upload(page, live_server, data: bytes, name: str = "people.csv") -> None:
    page.goto(f"{live_server}/imports/new")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": data})
    page.click("text=Upload >> visible=true >> nth=-1")
    page.wait_for_url("**/columns")


def to_review(page) -> None:
    page.click("text=Check these columns")
    page.wait_for_url("**/review", timeout=60_000)
    page.wait_for_selector("#strategies:not([hx-get])", timeout=60_000)


def run(page, strategy: str) -> str:
    page.click(f"#s-{strategy}")
    page.click("form.review .actions button")
    page.wait_for_url("**/report", timeout=60_000)
    return page.url.split("/")[-2]


def ledger(conn, import_id: str) -> dict[str, int]:
    rows = conn.execute(
        "SELECT outcome::text, count(*) FROM contact_import_results WHERE import_id = %s GROUP BY 1", (import_id,)
    ).fetchall()
    return {row["outcome"]: row["count"] for row in rows}


def legend(page) -> dict[str, int]:
    """The numbers under the outcome bar."""
    found = {}
    for item in page.locator(".legend").first.locator("li").all():
        count, _, word = item.inner_text().strip().partition(" ")
        found[word.strip()] = int(count.replace(",", ""))
    return found


def generated(count: int, **options) -> bytes:
    stream = io.StringIO(newline="")
    generate.write_csv(stream, count, **options)
    return stream.getvalue().encode()


def test_the_sample_takes_four_clicks(owner, live_server, conn):
    owner.goto(f"{live_server}/imports/new")
    owner.click("text=Try it with the sample file")
    owner.wait_for_url("**/columns")
    to_review(owner)
    accessible(owner)
    import_id = run(owner, "skip")
    counts = ledger(conn, import_id)
    assert legend(owner) == {
        "created": counts["created"],
        "duplicates skipped": counts["duplicate_skipped"],
        "invalid": counts["invalid"],
        "conflict": counts["conflict"],
    }
    accessible(owner)
    for path in (f"/imports/{import_id}/rows", f"/imports/{import_id}/problems", "/imports", "/contacts", "/account"):
        owner.goto(live_server + path)
        accessible(owner)
    owner.goto(f"{live_server}/imports/{import_id}/rollback")
    owner.click("main button.danger")
    owner.wait_for_url("**/report", timeout=30_000)
    assert "taken back" in owner.inner_text("h1")
    assert conn.execute("SELECT count(*) FROM contacts").fetchone()["count"] == 0


def accessible(page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_ten_thousand_rows_watched_and_imported_again(owner, live_server, conn, settings):
    data = generated(10_000)
    upload(owner, live_server, data)
    to_review(owner)
    with psycopg.connect(settings.database_url, autocommit=True) as gate:
        gate.execute(HOLD)
        gate.execute("SELECT pg_advisory_lock(%s)", (GATE,))
        owner.click("form.review .actions button")
        owner.wait_for_url("**/progress")
        seen = {owner.inner_text(".percent")}
        for _ in range(4):
            _let_some_batches_through(gate, conn)
            changed = "old => document.querySelector('.percent')?.innerText !== old"
            owner.wait_for_function(changed, arg=max(seen, key=percent))
            seen.add(owner.inner_text(".percent"))
            assert owner.title().startswith(owner.inner_text(".percent"))
        assert len(seen) >= 3, seen
        gate.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
        gate.execute("DROP TRIGGER hold ON contact_import_results")
    owner.wait_for_url("**/report", timeout=60_000)
    first = owner.url.split("/")[-2]
    counts = ledger(conn, first)
    created = counts["created"]
    assert sum(counts.values()) == 10_000
    assert created == conn.execute("SELECT count(*) FROM contacts").fetchone()["count"]
    assert f"{created:,} of 10,000 contacts are in." in owner.inner_text("h1")
    _csv_agrees(owner, live_server, first, counts)

    upload(owner, live_server, data)
    to_review(owner)
    assert "created" not in ledger(conn, run(owner, "skip"))
    upload(owner, live_server, data)
    to_review(owner)
    updated = ledger(conn, run(owner, "update"))
    assert "created" not in updated
    assert updated["unchanged"] >= created - updated.get("updated", 0)
    upload(owner, live_server, generated(10_000, changed=True))
    to_review(owner)
    merged = ledger(conn, run(owner, "merge"))
    assert "created" not in merged


def percent(text: str) -> float:
    return float(text.split(maxsplit=1)[0])


def _let_some_batches_through(gate, conn) -> None:
    before = _checkpoint(conn)
    gate.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
    for _ in range(1000):
        if _checkpoint(conn) > before:
            break
    gate.execute("SELECT pg_advisory_lock(%s)", (GATE,))


def _checkpoint(conn) -> int:
    return conn.execute("SELECT max(last_row) AS at FROM contact_imports").fetchone()["at"]


def _csv_agrees(page, live_server, import_id, counts) -> None:
    answer = page.request.get(f"{live_server}/imports/{import_id}/report.csv")
    rows = list(csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig"), newline="")))
    assert len(rows) == 10_000
    found: dict[str, int] = {}
    for row in rows:
        found[row["Rowcall outcome"]] = found.get(row["Rowcall outcome"], 0) + 1
    assert found == counts
    assert rows[0]["Customer ID"] == "C00000001"


def test_without_javascript(chromium, live_server, conn):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server}/sign-in")
    page.fill("#email", "owner@example.com")
    page.fill("#password", PASSWORD)
    page.click("main button")
    upload(page, live_server, b"Email,Name\nann@example.com,Ann Ash\n")
    page.click("text=Check these columns")
    page.wait_for_url("**/review", timeout=30_000)
    page.wait_for_selector("text=1 created", timeout=30_000)
    page.click("form.review .actions button")
    page.wait_for_url("**/report", timeout=30_000)
    assert page.inner_text("h1") == "The contact is in."
    context.close()
