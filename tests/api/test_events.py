"""Server-Sent Events of real processes, event by event against the contract and the ledger."""

import json
import time

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.api.conftest import people_table
from webapp.web.api import schemas

ROWS = 10_000
SUCCESS = ("created", "updated", "merged", "unchanged")
DUPLICATES = ("updated", "merged", "unchanged", "duplicate_skipped")


def check_progress(data: dict) -> schemas.Progress:
    """One progress event against the contract."""
    now = schemas.Progress.model_validate(data)
    outcomes = data["outcomes"]
    assert now.success + now.failed + now.skipped == now.processed
    assert now.success == sum(outcomes[name] for name in SUCCESS)
    assert now.duplicates == sum(outcomes[name] for name in DUPLICATES)
    assert now.failed == outcomes["failed"] + outcomes["conflict"]
    assert (
        now.skipped
        == outcomes["invalid"] + outcomes["left_out"] + outcomes["duplicate_skipped"]
    )
    assert sum(outcomes.values()) == now.total
    assert now.progress == (
        100 if now.processed == now.total else now.processed * 1000 // now.total / 10
    )
    assert now.current_batch <= now.total_batches
    return now


def ledger(database_url: str, import_id: str) -> dict:
    with psycopg.connect(database_url, row_factory=dict_row) as conn:
        counts = conn.execute(
            "SELECT outcome::text, count(*) AS n FROM contact_import_results WHERE import_id = %s GROUP BY 1",
            (import_id,),
        )
        return {row["outcome"]: row["n"] for row in counts}


def execution(import_id: str, **options) -> dict:
    return {"import_id": import_id, "duplicate_strategy": "update", **options}


def test_events_of_ten_thousand_rows_agree_with_the_ledger(wire, database_url, slow_batches):
    program = wire()
    lines = people_table(ROWS).decode().splitlines()
    lines[500] = "500,no address,,,,,"
    lines[700] = lines[600]  # the same contact again: unchanged
    import_id = program.ready(("\n".join(lines) + "\n").encode())
    slow_batches(0.03)

    with program.open("POST", f"/imports/{import_id}/execute", execution(import_id)) as answer:
        assert answer.status == 200
        assert answer.answer.headers["Content-Type"].startswith("text/event-stream")
        events = list(answer.events())

    *progress, (last_name, last) = events
    assert {name for name, _ in progress} == {"progress"}
    assert last_name == "done"
    found = [check_progress(data) for _, data in progress]
    assert len(found) > 5, "a run of several seconds shows more than its ends"
    assert [now.progress for now in found] == sorted(now.progress for now in found)
    assert [now.processed for now in found] == sorted(now.processed for now in found)
    assert all(now.processed % 100 == 0 for now in found), "only whole batches are seen"
    assert {now.total for now in found} == {ROWS}
    assert {now.total_batches for now in found} == {100}
    assert found[-1].state == "completed"
    assert found[-1].progress == 100

    result = schemas.ImportResult.model_validate(last)
    counted = ledger(database_url, import_id)
    assert {name: count for name, count in last["outcomes"].items() if count} == counted
    assert (result.total_contacts, result.successfully_imported) == (ROWS, ROWS - 1)
    assert result.duplicate_contacts == counted["unchanged"] == 1
    assert [(entry.row, entry.category) for entry in result.error_log] == [(501, "validation")]
    assert program.ask("GET", f"/imports/{import_id}/result")[1] == last


def test_reader_who_drops_out_changes_nothing_and_may_come_back(wire, slow_batches):
    program = wire()
    import_id = program.ready(people_table(2000))
    slow_batches(0.1)
    with program.open("POST", f"/imports/{import_id}/execute", execution(import_id)) as answer:
        next(answer.events())
    with program.open("GET", f"/imports/{import_id}/events") as answer:
        first = next(answer.events())
    assert first[1]["state"] in {"queued", "running"}
    slow_batches(0)
    with program.open("GET", f"/imports/{import_id}/events") as answer:
        *_, (name, result) = answer.events()
    assert (name, result["successfully_imported"]) == ("done", 2000)


def test_many_watchers_joined_at_any_time_see_the_same_end(wire, slow_batches):
    program, viewer = wire(), wire("viewer")
    import_id = program.ready(people_table(500))
    slow_batches(0.2)
    program.start(import_id)
    opened = [
        someone.open("GET", f"/imports/{import_id}/events")
        for someone in [program] * 4 + [viewer] * 4
    ]
    ends = []
    for answer in opened:
        with answer:
            *_, end = answer.events()
            ends.append(end)
    with program.open("GET", f"/imports/{import_id}/events") as late:
        names = [name for name, _ in late.events()]
    assert names == ["progress", "done"]
    assert len({json.dumps(end) for end in ends}) == 1


def test_quiet_stream_is_kept_open_by_comments(wire):
    program = wire()
    import_id = program.ready(people_table(2))
    with program.open("GET", f"/imports/{import_id}/events") as answer:
        began = time.monotonic()
        comment = next(block for block in answer.blocks() if block[0].startswith(":"))
    assert comment
    assert time.monotonic() - began < 15


@pytest.fixture
def short_streams(monkeypatch):
    monkeypatch.setenv("STREAM_SECONDS", "1")


def test_stream_ends_when_its_time_is_up(short_streams, wire):
    program = wire()
    import_id = program.upload(people_table(2))["import_id"]
    with program.open("GET", f"/imports/{import_id}/events") as answer:
        assert answer.read().startswith(b"retry: 2000\n\nevent: progress\n")


def test_check_and_rollback_are_followed_the_same_way(wire):
    program = wire()
    import_id = program.ready(people_table(300))
    program.start(import_id)
    program.wait(import_id, "completed")
    status, answer = program.ask("DELETE", f"/imports/{import_id}/rollback")
    assert status in {200, 202}, answer
    with program.open("GET", f"/imports/{import_id}/events") as answer:
        *_, (name, data) = answer.events()
        assert name == "done"
    assert (
        program.ask("DELETE", f"/imports/{import_id}/rollback")[1]["contacts_removed"] == 300
    )
    assert data["import_id"] == import_id


# What a stream was opened with stops opening anything.
ENDINGS = {
    "revoked": "UPDATE api_tokens SET revoked_at = now() WHERE user_id = {owner}",
    "switched off": "UPDATE users SET active = false WHERE id = {owner}",
}
SOON = 30  # seconds on a busy machine; a stream that nobody ends lasts ten minutes


@pytest.mark.parametrize("how", list(ENDINGS))
def test_a_stream_ends_soon_after_what_opened_it_is_worth_nothing(
    how, wire, people, database_url
):
    owner, admin = wire("owner"), wire("admin")
    import_id = owner.upload(people_table(3))["import_id"]
    path = f"/imports/{import_id}/events"
    with owner.open("GET", path) as answer, admin.open("GET", path) as other:
        assert next(answer.events())[0] == next(other.events())[0] == "progress"
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute(ENDINGS[how].format(owner=people["owner"]))
        until = time.monotonic() + SOON
        for _line in answer.answer:  # a comment every few seconds, as long as it goes on
            assert time.monotonic() < until, "the stream went on"
        assert next(iter(other.answer)), "another person's stream ended too"
    assert owner.ask("GET", path)[0] == 401
