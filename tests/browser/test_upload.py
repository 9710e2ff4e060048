"""The upload page in a real browser: dropping, pasting, watching the bytes travel, and all that can
end an upload early.
"""

import re
from contextlib import closing

import pytest

from tests.browser.steps import accessible, import_id, run, sign_in, to_review
from tests.harness.web import PASSWORD
from webapp.web.accounts import setup_token

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PEOPLE = "Email,Name\nann@example.com,Ann Ash\n"
KILOBYTE = 1024
SLOW = 50 * KILOBYTE  # bytes a second
# Each heading that the person sees while a file travels, with the line below the bar.
WATCH = """() => {
  window.seen = [];
  const look = () => window.seen.push([
    document.querySelector("#sending-heading").textContent,
    document.querySelector("#sending-sent").textContent,
    document.title,
  ]);
  new MutationObserver(look).observe(document.querySelector("#sending-bar"), { attributes: true });
}"""
DROP = """(files) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) carried.items.add(new File([text], name));
  const event = (kind) => new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event("dragenter"));
  window.marked = document.body.classList.contains("dropping");
  document.body.dispatchEvent(event("drop"));
}"""
PASTE = """(text) => {
  const carried = new DataTransfer();
  carried.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true }));
}"""
COUNT = """
  const more = () => sessionStorage.acts = Number(sessionStorage.acts || 0) + 1;
  const pressed = (event) => event.isTrusted && event.target.closest("a, button, label, summary") && more();
  addEventListener("click", pressed, true);
  addEventListener("change", more, true);
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the servers that are started keep their temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def people(size: int) -> bytes:
    return (PEOPLE * (size // len(PEOPLE) + 1)).encode()


def choose(page, data: bytes, name: str = "people.csv") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": data})


def bandwidth(page, up: int, *, offline: bool = False) -> None:
    """Bytes a second that the browser may send; -1 for as many as go."""
    if not hasattr(page, "cdp"):
        page.cdp = page.context.new_cdp_session(page)
        page.cdp.send("Network.enable")
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1}
    page.cdp.send("Network.emulateNetworkConditions", conditions | {"uploadThroughput": up})


def under_way(page, data: bytes) -> None:
    """Choose a file, and wait until some of it has gone."""
    choose(page, data)
    page.wait_for_function("() => Number(document.querySelector('#sending-bar').value) > 0")


def test_a_slow_upload_moves_and_can_be_ended(folder, owner, live_server, conn, settings):
    page = owner
    page.goto(f"{live_server}/imports/new")
    accessible(page)
    page.evaluate(WATCH)
    bandwidth(page, SLOW)
    data = people(700 * KILOBYTE)
    under_way(page, data)
    page.wait_for_function("() => window.seen.some(([, sent]) => sent.includes('a second'))")
    it_moves(page)
    accessible(page)

    page.get_by_role("button", name="Cancel upload").click()
    page.get_by_text("Choose a file", exact=True).wait_for()
    assert page.evaluate("document.activeElement.id") == "file"
    assert page.title() == "New import · Rowcall"
    nothing_is_left(conn, folder)

    under_way(page, data)
    bandwidth(page, SLOW, offline=True)
    page.get_by_text("Connection lost at").wait_for()
    assert page.evaluate("document.activeElement.textContent").startswith("Connection lost")
    accessible(page)
    bandwidth(page, -1)
    page.get_by_role("button", name="Upload again").click()
    page.wait_for_url("**/columns")
    # Whether all had arrived when the line was cut, the browser cannot know.
    assert conn.execute("SELECT count(*) FROM contact_imports").fetchone()["count"] == 1

    page.go_back()
    page.get_by_text("Choose a file", exact=True).wait_for()


def it_moves(page) -> None:
    """The number that is shown: never back, and in steps that stand for less than a second."""
    seen = page.evaluate("window.seen")
    sent = [
        float(re.search(r"[\d.]+", heading)[0]) for heading, *_ in seen if " of " in heading
    ]
    steps = sorted(set(sent))
    assert sent == sorted(sent)
    assert len(steps) > 5, seen
    step = (steps[-1] - steps[0]) / (len(steps) - 1)
    assert step * KILOBYTE * KILOBYTE <= SLOW, steps
    assert "a second" not in seen[0][1]
    assert all(re.match(r"\d+% · New import", title) for *_, title in seen), seen


def nothing_is_left(conn, folder) -> None:
    """Once the server knows that the sender is gone."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%'"
    )
    while conn.execute(waiting).fetchone()["count"]:
        pass
    for table in ("contact_import_files", "contact_imports", "contact_import_leases"):
        assert conn.execute(f"SELECT count(*) FROM {table}").fetchone()["count"] == 0, table
    assert [
        path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > KILOBYTE
    ] == []


def test_every_way_to_bring_rows(owner, live_server, conn):
    page, new = owner, f"{live_server}/imports/new"
    page.goto(new)
    choose(page, b"%PDF-1.7", "people.pdf")
    page.get_by_role("heading", name="This is a PDF").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "This is a PDF"
    accessible(page)
    choose(page, PEOPLE.encode())
    page.wait_for_url("**/columns")

    page.goto(new)
    page.evaluate(DROP, [["one.csv", PEOPLE], ["two.csv", PEOPLE]])
    assert page.evaluate("window.marked")
    page.get_by_text("You dropped 2 files").wait_for()
    accessible(page)
    page.get_by_role("button", name="two.csv").click()
    page.wait_for_url("**/columns")
    assert filename(conn, page) == "two.csv"

    page.goto(new)
    cells = "\n".join(f"ann{n}@example.com\tAnn\tAsh\tAsh & Co" for n in range(25_000))
    page.evaluate(PASTE, f"Email\tFirst name\tLast name\tCompany\n{cells}\n")
    page.get_by_role("button", name="Upload the rows").press("Enter")
    page.wait_for_url("**/columns")
    assert filename(conn, page) == "pasted.txt"

    page.goto(new)
    conn.execute("DELETE FROM sessions")
    choose(page, PEOPLE.encode(), "kept.csv")
    page.get_by_text("You were signed out").wait_for()
    other = page.context.new_page()
    sign_in(other, live_server)
    page.get_by_role("button", name="Upload again").click()
    page.wait_for_url("**/columns")
    assert filename(conn, page) == "kept.csv"

    # Playwright begins to look for choosers in the background: told only now, a key is quicker.
    page.on("filechooser", lambda _: None)
    page.goto(new)
    page.focus("#file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(
        {"name": "keys.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    )
    page.wait_for_url("**/columns")


def filename(conn, page) -> str:
    found = conn.execute(
        "SELECT filename FROM contact_imports WHERE id = %s", (import_id(page),)
    )
    return found.fetchone()["filename"]


def test_without_a_script(chromium, live_server, conn):
    with closing(chromium.new_context(java_script_enabled=False)) as context:
        page = context.new_page()
        sign_in(page, live_server)
        page.goto(f"{live_server}/imports/new")
        assert not page.get_by_text("Drop a file anywhere").is_visible()
        choose(page, PEOPLE.encode())
        page.get_by_role("button", name="Upload", exact=True).click()
        page.wait_for_url("**/columns")
        page.goto(f"{live_server}/imports/new")
        page.get_by_text("Or paste from a spreadsheet").click()
        page.fill("#text", PEOPLE)
        page.get_by_role("button", name="Upload the rows").click()
        page.wait_for_url("**/columns")
        assert filename(conn, page) == "pasted.txt"


def test_twelve_acts_from_the_link_to_the_first_report(page, live_server, app, conn):
    conn.execute("DELETE FROM users")
    with app.app_context():
        link = f"/setup/{setup_token()}"
    page.add_init_script(COUNT)
    page.goto(live_server + link)
    page.fill("#name", "Maria Lopez")
    page.fill("#email", "maria@example.com")
    page.fill("#password", PASSWORD)
    page.click("main form > button")
    page.wait_for_url("**/imports")
    page.get_by_role("button", name="try it with a sample").click()
    page.wait_for_url("**/columns")
    to_review(page)
    run(page, "skip")
    acts = int(page.evaluate("sessionStorage.acts"))
    assert 6 <= acts <= 12, acts
