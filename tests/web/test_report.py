"""The report page and the history: the numbers that they show, and running failed rows again
from there.
"""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from tests.executing.test_faults import refuse
from tests.web.test_pages import bring, check
from webapp import db, jobs
from webapp.executing import batches
from webapp.imports import deadlines
from webapp.models import Contact, ContactImport, ImportLog
from webapp.reports import summary, wording
from webapp.vocabulary import messages
from webapp.vocabulary.outcomes import STORED_OUTCOMES

HEAD = "ID,Email,First name\n"
MIXED = (
    HEAD
    + "".join(f"{n},p{n}@example.com,P{n}\n" for n in range(1, 24))
    + "24,nobody,A\n25,nowhere,B\n"
)


def run(
    browser, importer, file: str, *, name: str = "people.csv", batch_size: int = 10
) -> UUID:
    import_id = bring(browser, file.encode(), name)
    check(browser, importer, import_id)
    asked = {"duplicate_strategy": "skip", "batch_size": str(batch_size)}
    browser.post(f"/imports/{import_id}/execute", asked)
    importer.work(UUID(import_id))
    return UUID(import_id)


@pytest.fixture
def troubled(owner, importer, session):
    """25 rows: two without an address, one that the database refuses, and a batch that was
    tried again.
    """
    session.execute(text("CREATE SEQUENCE tries"))
    again = "IF NEW.external_id = '15' AND nextval('tries') = 1 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF"
    refuse(
        session,
        "NEW.external_id = '7'",
        f"RAISE EXCEPTION 'no sevens'; END IF; {again}; IF false THEN NULL",
    )
    return run(owner, importer, MIXED)


def test_the_report_page_adds_up(owner, troubled):
    page = owner.get(f"/imports/{troubled}/report").text
    assert "22 new contacts</a> are in." in page
    assert "3 rows</a> are not in yet." in page
    bar = re.search(r'<svg class="bar".*?</svg>', page, re.DOTALL)[0]
    assert 'aria-label="22 created, 2 to fix, 1 failed"' in bar
    pieces = re.findall(r'fill-(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"', bar)
    assert pieces == [
        ("rest", "0", "1000"), ("created", "0.0", "880.0"), ("invalid", "880.0", "80.0"), ("failed", "960.0", "40.0")
    ]  # fmt: skip
    legend = re.search(r'<ul class="legend">.*?</ul>', page, re.DOTALL)[0]
    assert re.findall(r"<b>(\d+)</b> (.+?)\s*</li>", legend) == [
        ("22", "created"),
        ("2", "to fix"),
        ("1", "failed"),
    ]
    assert "Rows over time" not in page, "three batches are no chart"
    assert "3 batches of 5 to 10 rows, 2 retries." in page
    troubles = re.findall(r'<td data-label="What happened">(.*?)</td>', page)
    assert troubles == ["no sevens, tried again", "40001, tried again"]


def test_from_twenty_batches_on_a_chart_shows_the_pace(owner, importer):
    page = owner.get(f"/imports/{run(owner, importer, MIXED, batch_size=1)}/report").text
    chart = re.search(r'<svg class="chart".*?</svg>', page, re.DOTALL)[0]
    assert chart.count("<rect") == summary.BARS
    heights = [float(height) for height in re.findall(r'height="([\d.]+)"', chart)]
    assert max(heights) == 60
    assert sum(height > 0 for height in heights) > 1
    assert "Rows over time, from the first batch to the last" in page
    assert "25 batches of 1 row, no retries." in page


def test_each_problem_has_its_rows_what_to_do_and_a_way_there(owner, troubled):
    page = owner.get(f"/imports/{troubled}/report").text
    listed = re.search(r'<ul class="faults">.*?</ul>', page, re.DOTALL)[0]
    said = [
        (count, title, re.sub("<[^>]*>", "", told).split(), link)
        for link, count, title, told in re.findall(
            r'href="([^"]+)"><b>(\d+)</b> (.*?)</a>\s*<p[^>]*>(.*?)</p>',
            listed,
            re.DOTALL,
        )
    ]
    wanted = [("2", "invalid", "email_no_at"), ("1", "failed", "database_error")]
    assert [(count, link.replace("&amp;", "&")) for count, _, _, link in said] == [
        (count, f"/imports/{troubled}/rows?outcome={outcome}&code={code}")
        for count, outcome, code in wanted
    ]
    for (count, title, told, link), (_, outcome, code) in zip(said, wanted, strict=True):
        assert title == messages.counted(code, int(count))
        # The values at fault, or where there are none, what to do.
        values = ["nobody", "nowhere"]
        assert told == (values if outcome == "invalid" else messages.instruction(code).split())
        rows = owner.get(link.replace("&amp;", "&")).text
        assert (
            re.findall(r'id="row-(\d+)"', rows)
            == {"invalid": ["25", "26"], "failed": ["8"]}[outcome]
        )
    assert f'href="/imports/{troubled}/rejected.csv"' in page


def test_failed_rows_are_run_again_from_the_report(owner, importer, session, troubled):
    page = owner.get(f"/imports/{troubled}/report").text
    assert "Try 1 row again</button>" in page
    action = re.search(r'action="([^"]+/retry)"', page)[1]
    session.execute(text("DROP TRIGGER refuse ON contacts"))
    session.commit()
    owner.post(action, {}, at=f"/imports/{troubled}/report")
    assert (
        "running again" in owner.get(f"/imports/{troubled}/row").text
        or "queued" in owner.get("/imports").text
    )
    done = importer.work(troubled)
    assert (done.state, done.created, done.failed) == ("completed", 23, 0)
    page = owner.get(f"/imports/{troubled}/report").text
    assert "2 rows</a> are not in yet." in page
    assert "Try 1 row again" not in page
    kept = session.scalars(select(ImportLog).where(ImportLog.event == "row_failed")).one()
    assert (kept.first_row, kept.result, kept.message) == (8, "database_error", "no sevens")


@pytest.mark.parametrize("begun", [False, True], ids=["queued", "running"])
def test_a_second_run_that_is_stopped_is_completed_with_rows_still_failed(
    owner, importer, session, monkeypatch, begun
):
    refuse(session, "NEW.external_id::int > 3")
    import_id = run(
        owner,
        importer,
        HEAD + "".join(f"{n},p{n}@example.com,P\n" for n in range(1, 10)),
        batch_size=1,
    )
    assert importer.work(import_id).failed == 6
    session.execute(text("DROP TRIGGER refuse ON contacts"))
    session.commit()
    owner.post(f"/imports/{import_id}/retry", {})
    if begun:
        monkeypatch.setattr(batches, "LOOP_SECONDS", 0)
        jobs.stop_request.told = True  # One batch, then room is made.
        try:
            importer.work(import_id)
        finally:
            jobs.stop_request.told = False
    owner.post(f"/imports/{import_id}/cancel", {})
    stopped = importer.work(import_id)
    assert (stopped.state, stopped.rerun) == ("completed", "")
    assert 0 < stopped.failed < 6 if begun else stopped.failed == 6
    assert stopped.created + stopped.failed == 9
    page = owner.get(f"/imports/{import_id}/report").text
    assert f"Try {stopped.failed} row" in page
    owner.post(f"/imports/{import_id}/retry", {})
    assert importer.work(import_id).failed == 0


def test_an_undo_stands_among_the_origins_of_a_value(owner, importer, session):
    run(owner, importer, HEAD + "1,ann@example.com,Ann\n", name="first.csv")
    second = bring(owner, (HEAD + "1,ann@example.com,Anna\n").encode(), "second.csv")
    check(owner, importer, second)
    owner.post(f"/imports/{second}/execute", {"duplicate_strategy": "update"})
    importer.work(UUID(second))
    owner.post(f"/imports/{second}/rollback", {})
    importer.work(UUID(second))
    ann = session.scalars(select(Contact)).one()
    page = owner.get(f"/contacts/{ann.id}").text
    name = page[page.index('data-label="Field">First name') :].partition("</tr>")[0]
    assert f'undo of <a href="/imports/{second}">second.csv</a>' in name
    assert "Anna" in name, "what stood there before"


def test_the_history_says_who_when_and_how_long_page_by_page(owner, viewer, importer, session):
    import_id = run(owner, importer, HEAD + "1,ann@example.com,Ann\n")
    session.execute(
        text(
            """UPDATE contact_imports SET created_at = '2026-05-04 13:02:01+00', started_at = '2026-05-04 13:02:02+00',
                 completed_at = '2026-05-04 13:05:22+00'"""
        )
    )
    older = "INSERT INTO contact_imports ({0}) SELECT {1} FROM contact_imports, generate_series(1, 25) n WHERE id = :id"
    columns = [
        column.name for column in ContactImport.__table__.columns if column.name != "id"
    ]
    values = {
        "filename": "'f' || n || '.csv'",
        "created_at": "created_at - n * interval '1 minute'",
    }
    session.execute(
        text(
            older.format(
                ", ".join(columns), ", ".join(values.get(name, name) for name in columns)
            )
        ),
        {"id": import_id},
    )
    session.commit()
    first, second = (owner.get(f"/imports?page={page}").text for page in (1, 2))
    assert re.findall(r">(f\d+|people)\.csv</a>", first) == [
        "people",
        *(f"f{n}" for n in range(1, 25)),
    ]
    assert re.findall(r">(f\d+|people)\.csv</a>", second) == ["f25"]
    assert re.search(r'href="/imports\?page=2"[^>]*>Older<', first)
    assert ">Newer<" not in first
    assert re.search(r'href="/imports\?page=1"[^>]*>Newer<', second)
    assert ">Older<" not in second
    row = owner.get(f"/imports/{import_id}/row").text
    assert "4 May 2026, 13:02 UTC" in row
    assert "took 3 min 20 s" in row
    assert "<span>Owner</span>" in row
    assert datetime.fromisoformat(re.search(r'datetime="([^"]+)"', row)[1]).year == 2026
    session.execute(
        text(
            "UPDATE contact_imports SET completed_at = now(), started_at = now() - interval '4 seconds'"
        )
    )
    session.commit()
    assert f'href="/imports/{import_id}/rollback"' in owner.get("/imports").text
    seen = viewer.get("/imports").text
    assert f'href="/imports/{import_id}/report"' in seen
    for word in ("Undo</a>", "Run again", "Discard", "Stop<"):
        assert word not in seen


def test_until_when_it_can_be_taken_back_goes_by_the_days_set(owner, importer, session):
    deadlines.keep_days(session, 7)
    session.commit()
    import_id = run(owner, importer, HEAD + "1,ann@example.com,Ann\n")
    for age, said in (
        (timedelta(days=7, hours=-1), "Later edits are kept. Possible until"),
        (timedelta(days=7), "Undo ended on"),
    ):
        ended = datetime.now(UTC) - age
        session.execute(
            text("UPDATE contact_imports SET completed_at = :ended"), {"ended": ended}
        )
        session.commit()
        day = wording.day(ended + timedelta(days=7))
        assert f"{said} {day}." in owner.get(f"/imports/{import_id}/report").text


def test_the_chart_costs_as_many_looks_as_there_were_batches(session):
    """Not the square of them; nobody has gathered statistics of a log that has just been
    written.
    """
    import_id = uuid4()
    batches = """INSERT INTO contact_import_logs (import_id, event, result, rows, at)
                 SELECT :id, 'batch', 'done', 100, now() + n * interval '1 second' FROM generate_series(1, 2000) n"""
    session.execute(text(batches), {"id": import_id})
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {summary.SQL.throughput}"
    asked = {"id": import_id, "bars": summary.BARS}
    [(plan,)] = db.driver(session).execute(explain, asked)
    assert 2000 <= looks(plan[0]["Plan"]) < 20_000


def looks(node: dict) -> int:
    """The most rows that one step of a plan passes on, over all its repetitions."""
    return max(
        [node["Actual Rows"] * node["Actual Loops"], *map(looks, node.get("Plans", []))]
    )


def test_the_colours_of_the_page_are_those_of_the_list(owner):
    address = re.search(r'href="(/vocabulary\.css\?v=[0-9a-f]+)"', owner.get("/imports").text)[
        1
    ]
    answer = owner.client.get(address)
    assert (answer.mimetype, answer.cache_control.max_age) == ("text/css", 24 * 3600)
    for outcome in STORED_OUTCOMES:
        assert f"--{outcome}: {outcome.colour.light};" in answer.text
        assert f"--{outcome}: {outcome.colour.dark};" in answer.text
        assert f".fill-{outcome} {{ fill: var(--{outcome}); }}" in answer.text
    assert "body:has(#s-update:checked) :is(.for-skip, .for-merge)" in answer.text


def test_imports_stand_under_the_readers_own_days(owner, importer, session):
    """At 23:30 in UTC it is tomorrow in Tokyo already, and still today in Lisbon's winter."""
    import_id = run(owner, importer, MIXED)
    at = (datetime.now(UTC) - timedelta(days=3)).replace(hour=23, minute=30)
    session.execute(
        text("UPDATE contact_imports SET created_at = :at WHERE id = :id"),
        {"at": at, "id": import_id},
    )
    session.commit()

    def days() -> list[str]:
        return re.findall(
            r'<h3 class="day">.*?<span class="rest">([^<]+)</span>',
            owner.get("/imports").text,
            re.DOTALL,
        )

    here, tomorrow = wording.day(at), wording.day(at + timedelta(days=1))
    assert days() == [here]
    owner.client.set_cookie("zone", "Asia/Tokyo")
    assert days() == [tomorrow]
    for no_zone in ("Nowhere/Land", "../../etc/passwd", "x" * 3000, "é"):
        owner.client.set_cookie("zone", no_zone)
        assert days() == [here]


def test_who_undid_an_import_is_said_also_when_that_account_is_gone(owner, importer, session):
    import_id = run(owner, importer, MIXED)
    owner.post(f"/imports/{import_id}/rollback", {}, at=f"/imports/{import_id}/rollback")
    importer.work(import_id)
    found = session.get_one(ContactImport, import_id, populate_existing=True)
    assert summary.undone_by(session, found) == "Owner"
    found.rolled_back_by = 999_999
    session.commit()
    assert summary.undone_by(session, found) is None
    assert "Undone" in owner.get(f"/imports/{import_id}/report").text
    assert re.search(r"Undone on \d+ \w+\.", owner.get("/imports").text)
