"""The closed lists of states and outcomes, and the table of transitions against what the
engine does.
"""

import ast
import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp.checking.validation import Checker
from webapp.db import driver
from webapp.deciding import approval, ledger_digest, plan
from webapp.executing import execution
from webapp.executing.batches import Turn
from webapp.imports import approval_requests, import_commands, leases, transitions, uploads
from webapp.imports.approval_requests import End
from webapp.models import ContactImport
from webapp.retention import discarding
from webapp.staging import check, corrections
from webapp.undoing import undo as undoing
from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome, sums
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import (
    ENDED,
    TRANSITIONS,
    UNCHECKED,
    WORKED_ON,
    Command,
    State,
    allowing,
)
from webapp.vocabulary.strategies import Strategy, Variant

ROOT = Path(__file__).parent.parent.parent
ROWS = table(
    "1,ann@example.com,Ann,,,,", "2,ben at example.com,Ben,,,,", "3,cid@example.com,Cid,,,,"
)


def test_every_state_is_reachable_and_known():
    assert set(TRANSITIONS) == set(State)
    reachable = {State.UPLOADED}.union(*TRANSITIONS.values())
    assert reachable == set(State)
    assert not ENDED & WORKED_ON
    assert TRANSITIONS[State.ROLLED_BACK] == {}


def test_outcomes_are_summed_once():
    assert sums(dict.fromkeys(Outcome, 1)) == {
        "success": 4, "failed": 2, "skipped": 4, "duplicates": 4, "processed": 10
    }  # fmt: skip
    for outcome in STORED_OUTCOMES:
        told = sums({outcome: 7})
        assert told["success"] + told["failed"] + told["skipped"] == told["processed"] == 7
    assert sums({Outcome.NOT_PROCESSED: 7})["processed"] == 0


@pytest.fixture
def asked(importer, session, settings, people):
    """Each command as a call on an import, by the engine's own function for it."""
    another = people["outsider"]
    mapping = importer.upload(ROWS).suggested_mapping
    session.execute(text("DELETE FROM contact_imports"))
    session.commit()
    return {
        Command.READ_AGAIN: lambda one: uploads.reread(session, one, settings),
        Command.MAP: lambda one: import_commands.map_columns(session, one, mapping),
        Command.CORRECT: lambda one: corrections.correct(
            session, one, 3, {1: "ben@example.com"}
        ),
        Command.EXECUTE: lambda one: import_commands.execute(
            session, one, strategy=Strategy.SKIP
        ),
        Command.APPROVE: lambda one: approval.approve(
            session, one, by=another, plan=plan_of(session, one)
        ),
        Command.REFUSE: lambda one: approval.refuse(session, one, by=another),
        Command.CANCEL: lambda one: import_commands.cancel(session, one),
        Command.RETRY: lambda one: retry(session, one),
        Command.ROLL_BACK: lambda one: import_commands.roll_back(session, one),
        Command.RUN_AGAIN: lambda one: import_commands.run_again(
            session, one, importer.user_id, settings
        ),
        Command.DISCARD: lambda one: discarding.discard(session, one),
    }


def retry(session, import_id) -> None:
    """What failed is run again, or else what is left over."""
    failed = session.get_one(ContactImport, import_id, populate_existing=True).failed
    import_commands.retry(session, import_id, Rerun.FAILED if failed else Rerun.REMAINING)


def put(session, import_id, state: State, **columns) -> None:
    """The import in this state, with the facts that go with it."""
    if state in UNCHECKED:
        columns["total"] = None
    if state is State.FAILED:  # Nothing of it was committed, so that it can be discarded too.
        columns |= {
            "batches_done": 0,
            **dict.fromkeys((outcome.value for outcome in STORED_OUTCOMES), 0),
        }
    if state is State.AWAITING_APPROVAL:
        columns |= {
            "approval": json.dumps(request(session, import_id)),
            "duplicate_strategy": "update",
        }
    columns["state"] = state.value
    assigned = ", ".join(f"{name} = :{name}" for name in columns)
    session.execute(
        text(f"UPDATE contact_imports SET {assigned} WHERE id = :id"),
        {**columns, "id": import_id},
    )
    session.expire_all()


def plan_of(session, import_id) -> str:
    return plan.digest(session, import_id, Variant(Strategy.UPDATE))


def request(session, import_id) -> dict:
    return approval_requests.made(session, 0, plan_of(session, import_id))


def stands(session, import_id) -> tuple[str | None, list[str]]:
    """The state, None where the import is gone, and the events of its log."""
    state = session.scalar(
        text("SELECT state FROM contact_imports WHERE id = :id"), {"id": import_id}
    )
    log = "SELECT event FROM contact_import_logs WHERE import_id = :id ORDER BY id"
    return state, list(session.scalars(text(log), {"id": import_id}))


def walk_commands(session, import_id, asked) -> set[tuple[State, State]]:
    """Ask everything in every state and compare with the lists; which moves were made."""
    made = set()
    for source in State:
        for command in Command:
            with session.begin_nested() as point:
                put(session, import_id, source)
                before = stands(session, import_id)
                try:
                    asked[command](import_id)
                    session.flush()
                except Refusal as refusal:
                    no = refusal.code, refusal.facts.get("state")
                    assert no == ("wrong_state", source), (source, command)
                    assert command not in source.commands | source.repeats, (source, command)
                    point.rollback()
                    continue
                after = stands(session, import_id)
                point.rollback()

            assert command in source.commands | source.repeats, (source, command)
            if command in source.repeats:
                # The request to stop is a fact of its own, noted and logged once.
                noted = ["cancel_requested"] if command is Command.CANCEL else []
                assert after == (source, before[1] + noted), (source, command)
            elif command is Command.DISCARD:
                assert after == (None, []), source
            elif after[0] != source:
                added = after[1][len(before[1]) :]
                (way,) = [
                    way for way, log in ways(source, State(after[0])) if log == added
                ] or [None]
                assert way, (source, command, added)
                made |= way
            else:
                assert command in {Command.CORRECT, Command.RUN_AGAIN, Command.READ_AGAIN}, (
                    source,
                    command,
                )
    return made


def ways(source: State, target: State):
    """Each way from state to state that one command may take, with what the log gets: one move, or
    two where a request for approval is void first.
    """
    if target in TRANSITIONS[source]:
        yield from (({(source, target)}, log) for log in moves(source, target))
    if source is State.AWAITING_APPROVAL and target in TRANSITIONS[State.READY]:
        for log in moves(State.READY, target):
            way = {(source, State.READY), (State.READY, target)}
            yield way, ["approval_voided", *log]


def moves(source: State, target: State) -> list[list[str]]:
    """What the log may get with a move: the event, where the table has one.

    A second run logs its failed rows too; a request for approval ends in three ways.
    """
    event = TRANSITIONS[source][target]
    if (source, target) == (State.AWAITING_APPROVAL, State.READY):
        return [[end.event] for end in End if end is not End.APPROVED]
    return [[event], ["row_failed", event]] if event else [[]]


def walk_worker(session, conn, import_id) -> set[tuple[State, State]]:
    """Each move that a worker makes, by the engine's own function, from every state: only what
    the table has.
    """
    made = set()
    conn.commit()
    steps = [
        lambda lease: check.refuse(conn, lease, Refusal("check_broken_off")),
        lambda lease: check._finish(conn, lease, Checker([])),
        lambda lease: execution.mark_running(conn, lease),
        lambda lease: undoing._checkpoint(conn, lease, undoing.Undone(phase="done")),
        *(
            lambda lease, turn=turn: execution.finish(
                conn, lease, turn, ledger_digest.Ledger(import_id)
            )
            for turn in (Turn.DONE, Turn.CANCELLED, Turn.STOPPED)
        ),
    ]
    for source in State:
        for step in steps:
            put(session, import_id, source, rerun="", rerun_from=None)
            before = stands(session, import_id)
            session.commit()
            lease = leases.claim(conn, import_id, 0)
            try:
                step(lease)
            except execution.Fenced:
                conn.rollback()
            conn.commit()
            session.rollback()
            after = stands(session, import_id)
            session.commit()
            if after[0] == source:
                continue
            added = [event for event in after[1][len(before[1]) :] if event != "resumed"]
            assert added in moves(source, State(after[0])), (source, added)
            made.add((source, State(after[0])))
    return made


def test_every_command_and_every_step_of_a_worker_from_every_state(
    importer, session, conn, asked
):
    session.execute(
        text("""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.external_id = '3' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$""")
    )
    session.execute(
        text(
            "CREATE TRIGGER refuse BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    )
    session.commit()
    found = importer.check(ROWS)
    importer.work(found.id)
    done = importer.execute(found.id)
    assert (done.state, done.created, done.failed, done.invalid) == ("completed", 1, 1, 1)
    import_id = done.id
    made = walk_commands(session, import_id, asked)
    session.rollback()

    # What was queued as a second run goes back to where it was.
    for came_from in allowing(Command.RETRY):
        put(session, import_id, State.QUEUED, rerun="failed", rerun_from=came_from)
        import_commands.cancel(session, import_id)
        assert stands(session, import_id)[0] == came_from
        session.rollback()
        made.add((State.QUEUED, came_from))

    # What has to be approved first waits for that.
    put(session, import_id, State.READY)
    import_commands.execute(
        session,
        import_id,
        strategy="update",
        approval_for=lambda *_: request(session, import_id),
    )
    state, log = stands(session, import_id)
    assert (state, log[-1]) == (State.AWAITING_APPROVAL, "approval_requested")
    session.rollback()
    made.add((State.READY, State.AWAITING_APPROVAL))

    # One that is told to stop before its first batch was begun elsewhere at the same moment.
    put(session, import_id, State.QUEUED)
    assert transitions.move(driver(session), import_id, State.CANCELLING)
    session.rollback()
    made.add((State.QUEUED, State.CANCELLING))

    made |= walk_worker(session, conn, import_id)
    assert made == {
        (source, target) for source, targets in TRANSITIONS.items() for target in targets
    }


def test_nothing_else_writes_the_state_of_an_import():
    writers = set()
    for file in (ROOT / "webapp").rglob("*.py"):
        source = file.read_text()
        tree = ast.parse(source)
        assigns = any(
            isinstance(target, ast.Attribute)
            and target.attr == "state"
            and ast.unparse(target.value) != "self"
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
        )
        orm = re.search(r"update\(ContactImport\)[^:]*?\.values\([^)]*\bstate=", source)
        if assigns or orm or sets_state(source):
            writers.add(str(file.relative_to(ROOT)))
    for file in (ROOT / "webapp/sql").glob("*.sql"):
        for statement in re.split("^-- (?:name|part): ", file.read_text(), flags=re.MULTILINE):
            if sets_state(statement):
                writers.add(f"webapp/sql/{file.name}: {statement.split()[0]}")
    assert writers == {"webapp/sql/imports.sql: move"}
    assert "SQL.move," in (ROOT / "webapp/imports/transitions.py").read_text()


def sets_state(source: str) -> bool:
    """Whether an UPDATE of imports in this text writes `state`, rather than asks for it."""
    sql = re.search(
        r"UPDATE contact_imports\b[^;\"]*?\bSET\b[^;\"]*?\bstate = (?!ANY)", source
    )
    return sql is not None and not sql[0].split("SET")[1].count("WHERE")


def test_the_pages_of_the_states_are_there(app):
    assert {state.page for state in State} <= set(app.view_functions)


def test_the_model_has_a_counter_for_each_outcome():
    assert {outcome.value for outcome in STORED_OUTCOMES} <= set(
        ContactImport.__table__.c.keys()
    )
