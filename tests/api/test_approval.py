"""Approval: a change of many contacts runs when another person has let it, and not before."""

import json
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.api.conftest import Program, table
from webapp import jobs
from webapp.deciding import approval
from webapp.imports import import_commands
from webapp.models import ContactImport
from webapp.retention import erasure
from webapp.staging import corrections, row_choices
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.web import accounts

ABOVE = 2
THERE = table(*[f"{n},p{n}@example.com,Ada {n},,,," for n in range(1, 6)])
LARGE = table(*[f"{n},p{n}@example.com,Eve {n},,,," for n in range(1, 6)])
SMALL = table(*[f"{n},p{n}@example.com,Eve {n},,,," for n in range(1, ABOVE + 1)])
MANY_ROWS = table(
    "1,p1@example.com,Eve,,,,",
    "2,p2@example.com,Eve,,,,",
    *[f"{n},new{n}@example.com,New,,,," for n in range(20, 25)],
)


@pytest.fixture
def app(make_app):
    return make_app(approval_above=ABOVE)


@pytest.fixture
def there(owner_program):
    return owner_program.run(THERE)


@pytest.fixture
def ready(owner_program, there):
    """Checked and previewed: it would update five contacts."""
    return prepared(owner_program)


@pytest.fixture
def waiting(owner_program, ready):
    owner_program.execute(ready, "update")
    return ready


@pytest.fixture
def approver(program):
    return program("outsider")


def prepared(program, content: bytes = LARGE) -> str:
    import_id = program.ready(content)
    jobs.work(import_id)
    return import_id


def read(program, import_id: str) -> dict:
    return program.ask("GET", f"/imports/{import_id}").json


def approve(program, import_id: str, status: int = 202, **body):
    given = {"plan": (read(program, import_id)["approval"] or {}).get("plan"), **body}
    return program.ask("POST", f"/imports/{import_id}/approve", status, json=given).json


def refuse(program, import_id: str, status: int = 200):
    return program.ask("POST", f"/imports/{import_id}/refuse", status).json


def events(session, import_id: str) -> list[tuple[str, str | None]]:
    session.rollback()
    log = """SELECT event, message FROM contact_import_logs
      WHERE import_id = :id AND (event LIKE 'appro%' OR event IN ('queued', 'completed')) ORDER BY id"""
    return [tuple(row) for row in session.execute(text(log), {"id": import_id})]


def names(session) -> set[str]:
    session.rollback()
    return set(session.scalars(text("SELECT split_part(first_name, ' ', 1) FROM contacts")))


def test_a_large_change_runs_once_another_person_has_approved_it(
    owner_program, approver, ready, session
):
    before = read(owner_program, ready)
    assert (before["approval"], before["approval_reason"]) == (None, None)
    said = owner_program.execute(ready, "update", batch_size=3).json
    assert (said["state"], said["approval_reason"]) == ("awaiting_approval", "large_change")
    assert said["approval"]["asked_by"] == "owner@example.com"
    assert said["options"]["duplicate_strategy"] == "update"
    jobs.work(ready)
    assert names(session) == {"Ada"}

    said = approve(approver, ready, asked_at=said["approval"]["asked_at"])
    assert (said["state"], said["approval_reason"]) == ("queued", None)
    jobs.work(ready)
    assert names(session) == {"Eve"}

    end = read(owner_program, ready)
    assert (end["state"], end["options"]["batch_size"]) == ("completed", 3)
    assert end["approval"]["end"] == "approved"
    assert end["approval"]["ended_by"] == "outsider@example.com"
    assert events(session, ready) == [
        ("approval_requested", "owner@example.com"),
        ("approved", "outsider@example.com"),
        ("completed", None),
    ]


@pytest.mark.parametrize(
    ("content", "strategy", "options"),
    [
        (SMALL, "update", {}),
        (MANY_ROWS, "update", {}),
        (LARGE, "skip", {}),
        (LARGE, "merge", {}),  # fills blanks, and there are none
    ],
)
def test_what_changes_few_contacts_runs_at_once(
    content, strategy, options, owner_program, there
):
    import_id = prepared(owner_program, content)
    assert owner_program.execute(import_id, strategy, **options).json["state"] == "queued"


def test_without_the_setting_nothing_waits(make_app, program, people, token_of, there):
    owner = Program(make_app().test_client(), token_of("owner"))
    import_id = prepared(owner)
    assert owner.execute(import_id, "update").json["state"] == "queued"


def test_nothing_runs_before_it_is_known_how_large_it_is(owner_program, there):
    """Also of a variant that no import has unasked: asking for its execution has it worked out."""
    import_id = owner_program.ready(LARGE)
    for _ in range(2):
        said = owner_program.execute(import_id, "update", 409, create_new=False).json
        assert (said["code"], said["state"]) == ("plan_pending", "ready")
    jobs.work(import_id)
    said = owner_program.execute(import_id, "update", create_new=False).json
    assert said["state"] == "awaiting_approval"


def test_what_can_never_be_known_does_not_run(owner_program, there, session):
    import_id = owner_program.ready(LARGE)
    session.execute(text("UPDATE contact_import_leases SET deaths = 3"))
    session.commit()
    said = owner_program.execute(import_id, "update", 409).json
    assert said["code"] == "plan_missing"
    assert owner_program.execute(import_id, "skip").json["state"] == "queued"


def test_the_stream_tells_the_state_and_ends_without_done(owner_program, ready):
    body = {"import_id": ready, "duplicate_strategy": "update"}
    answer = owner_program.ask("POST", f"/imports/{ready}/execute", 200, json=body)
    followed = owner_program.ask("GET", f"/imports/{ready}/events")
    for stream in (answer, followed):
        assert "event: done" not in stream.text
        told = [line[6:] for line in stream.text.splitlines() if line.startswith("data: ")]
        assert [json.loads(data)["state"] for data in told] == ["awaiting_approval"]


def test_who_may_decide(owner_program, program, waiting, people, app, session):
    owner, viewer, admin = owner_program, program("viewer"), program("admin")
    assert approve(owner, waiting, 403)["code"] == "own_request"
    assert refuse(owner, waiting, 403)["code"] == "own_request"
    for ask in (approve, refuse):
        assert ask(viewer, waiting, 403)["code"] == "not_allowed"

    # Another token of the person who asked is that person.
    assert approve(program("owner"), waiting, 403)["code"] == "own_request"

    # Where an administrator asks for it, it is the owner who may decide.
    owner.ask("POST", f"/imports/{waiting}/cancel", 202)
    admin.execute(waiting, "update")
    assert approve(admin, waiting, 403)["code"] == "own_request"
    assert approve(owner, waiting)["state"] == "queued"


def test_an_account_that_was_switched_off_decides_nothing(
    owner_program, approver, waiting, people, app
):
    with app.app_context():
        accounts.change_account(people["outsider"], active=False)
    plan = read(owner_program, waiting)["approval"]["plan"]
    approver.ask("POST", f"/imports/{waiting}/approve", 401, json={"plan": plan})
    assert read(owner_program, waiting)["state"] == "awaiting_approval"


def test_an_account_that_becomes_a_viewer_meanwhile_decides_nothing(waiting, people, session):
    """As it is between the look at the role and the lock."""
    session.execute(
        text("UPDATE users SET role = 'viewer' WHERE id = :id"), {"id": people["outsider"]}
    )
    run = session.get_one(ContactImport, waiting)
    for ask in (
        lambda: approval.approve(
            session, run.id, by=people["outsider"], plan=run.approval["plan"]
        ),
        lambda: approval.refuse(session, run.id, by=people["outsider"]),
    ):
        with pytest.raises(Refusal, match="may_not_approve"):
            ask()


def test_where_no_other_person_could_approve_it_is_said(
    owner_program, ready, people, app, session
):
    with app.app_context():
        for name in ("admin", "outsider"):
            session.execute(
                text("UPDATE users SET active = false WHERE id = :id"), {"id": people[name]}
            )
    session.commit()
    said = owner_program.execute(ready, "update", 409).json
    assert (said["code"], said["contacts"], said["above"]) == ("no_approver", "5", "2")
    assert read(owner_program, ready)["state"] == "ready"


def test_refused_withdrawn_and_asked_for_again(owner_program, approver, waiting, session):
    said = refuse(approver, waiting)
    assert (said["state"], said["approval"]["end"]) == ("ready", "refused")
    assert approve(approver, waiting, 409)["code"] == "wrong_state"
    assert refuse(approver, waiting, 409)["code"] == "wrong_state"

    owner_program.execute(waiting, "update")
    said = owner_program.ask("POST", f"/imports/{waiting}/cancel", 202).json
    assert (said["state"], said["approval"]["end"]) == ("ready", "withdrawn")

    owner_program.execute(waiting, "update")
    assert approve(approver, waiting)["state"] == "queued"
    assert [event for event, _ in events(session, waiting)] == [
        *("approval_requested", "approval_refused"),
        *("approval_requested", "approval_withdrawn"),
        *("approval_requested", "approved"),
    ]


def test_a_mapping_voids_the_request(owner_program, approver, waiting):
    asked = read(owner_program, waiting)
    owner_program.ask(
        "PUT",
        f"/imports/{waiting}/mapping",
        202,
        json={"mapping": asked["suggested_mapping"]},
    )
    said = approve(approver, waiting, 409)
    assert (said["code"], said["state"]) == ("plan_changed", "checking")
    assert read(approver, waiting)["approval"]["end"] == "voided"


def test_a_choice_voids_the_request(owner_program, approver, there, session):
    conflict = LARGE + b"1,p2@example.com,Two,,,,\n"
    import_id = prepared(owner_program, conflict)
    owner_program.execute(import_id, "update")
    choice = Choice(Chosen.LEAVE_OUT)
    row_choices.choose(session, UUID(import_id), 7, choice)
    session.commit()
    said = approve(approver, import_id, 409)
    assert (said["code"], said["state"]) == ("plan_changed", "ready")
    jobs.work(import_id)
    owner_program.execute(import_id, "update")
    assert approve(approver, import_id)["state"] == "queued"


def test_a_second_run_takes_no_more_changed_rows_than_may_run_unapproved(
    owner_program, there, session
):
    """Rows left out of the first run change no contact in it."""
    several = table(*[f"{n},p{n}@example.com,Eve,,,," for n in range(1, 6)])
    import_id = prepared(owner_program, several)
    for row in range(2, 7):
        session.execute(
            text("""INSERT INTO contact_import_corrections (import_id, row, left_out)
              VALUES (:id, :row, true)"""),
            {"id": import_id, "row": row},
        )
    session.commit()
    mapping = {"mapping": read(owner_program, import_id)["suggested_mapping"]}
    owner_program.ask("PUT", f"/imports/{import_id}/mapping", 202, json=mapping)
    jobs.work(import_id)
    jobs.work(import_id)
    owner_program.execute(import_id, "update")
    jobs.work(import_id)
    assert read(owner_program, import_id)["outcomes"]["left_out"] == 5

    for row in range(2, 7):
        corrections.leave_out(session, UUID(import_id), row, out=False)
    session.commit()
    with pytest.raises(Refusal, match="second_run_large"):
        import_commands.retry(session, UUID(import_id), Rerun.CORRECTED, above=4)
    session.rollback()
    import_commands.retry(session, UUID(import_id), Rerun.CORRECTED, above=5)
    session.rollback()
    import_commands.retry(session, UUID(import_id), Rerun.CORRECTED)


def test_an_erasure_takes_what_waits_with_it(owner_program, approver, waiting, session):
    one = session.scalar(text("SELECT id FROM contacts WHERE external_id = '3'"))
    session.rollback()
    erasure.erase(session, one)
    session.commit()
    owner_program.ask("GET", f"/imports/{waiting}", 404)
    approver.ask("POST", f"/imports/{waiting}/approve", 404, json={"plan": "0" * 64})


def test_another_option_asks_for_something_else(owner_program, approver, waiting, session):
    first = read(owner_program, waiting)["approval"]
    # The same again is the same request.
    owner_program.execute(waiting, "update")
    assert read(owner_program, waiting)["approval"] == first

    owner_program.execute(waiting, "update", batch_size=1)
    second = read(owner_program, waiting)["approval"]
    assert second["plan"] == first["plan"]
    assert second["asked_at"] > first["asked_at"]
    said = approve(approver, waiting, 409, asked_at=first["asked_at"])
    assert said["code"] == "plan_changed"

    # What would not change much runs at once, and takes the request's place.
    assert owner_program.execute(waiting, "skip").json["state"] == "queued"
    assert read(owner_program, waiting)["approval"] is None
    assert [event for event, _ in events(session, waiting)] == [
        *("approval_requested", "approval_voided", "approval_requested", "approval_voided"),
        "queued",
    ]


def test_another_plan_is_not_approved(owner_program, approver, waiting, session):
    other = "0" * 64
    assert approve(approver, waiting, 409, plan=other)["code"] == "plan_changed"
    assert approve(approver, waiting, 422, plan="nonsense")["code"] == "invalid"

    # Previews that are made anew while it waits: the digest says whether it is the same.
    session.execute(text("DELETE FROM contact_import_previews"))
    session.commit()
    assert approve(approver, waiting, 409)["code"] == "plan_pending"
    jobs.work(waiting)
    assert approve(approver, waiting)["state"] == "queued"


def test_a_plan_that_came_out_otherwise_has_to_be_asked_for_again(
    owner_program, approver, waiting, session
):
    """The book is another one, and the previews were made anew."""
    session.execute(text("UPDATE contacts SET first_name = 'Eve 1' WHERE external_id = '1'"))
    session.execute(text("DELETE FROM contact_import_previews"))
    session.commit()
    jobs.work(waiting)
    assert approve(approver, waiting, 409)["code"] == "plan_changed"
    owner_program.execute(waiting, "update")
    assert approve(approver, waiting)["state"] == "queued"


def test_an_edit_of_the_book_voids_nothing(owner_program, approver, waiting, session):
    session.execute(text("UPDATE contacts SET first_name = 'Eve 1' WHERE external_id = '1'"))
    session.commit()
    assert approve(approver, waiting)["state"] == "queued"
    jobs.work(waiting)
    found = read(owner_program, waiting)
    assert (found["outcomes"]["updated"], found["outcomes"]["unchanged"]) == (4, 1)


def test_others_find_and_read_it_and_change_nothing(
    owner_program, approver, waiting, app, session
):
    """An importer sees another person's import from its request on."""
    mine = owner_program.run(table("9,nine@example.com,Nine,,,,"))
    listed = approver.ask("GET", "/imports?state=awaiting_approval").json["items"]
    assert [one["import_id"] for one in listed] == [waiting]
    assert [one["import_id"] for one in approver.ask("GET", "/imports").json["items"]] == [
        waiting
    ]
    approver.ask("GET", f"/imports/{mine}", 404)

    preview = f"/imports/{waiting}/preview?duplicate_strategy=update"
    assert approver.ask("GET", preview).json["outcomes"]["updated"] == 5
    approver.ask("GET", f"/imports/{waiting}/progress")
    for method, path, body in (
        ("POST", "execute", {"import_id": waiting, "duplicate_strategy": "skip"}),
        ("PUT", "mapping", {"mapping": read(approver, waiting)["suggested_mapping"]}),
        ("POST", "cancel", None),
        ("POST", "retry", None),
        ("DELETE", "rollback", None),
        ("POST", "rows/2/include", None),
    ):
        more = {"json": body} if body else {}
        approver.ask(method, f"/imports/{waiting}/{path}", 403, **more)
    assert read(owner_program, waiting)["state"] == "awaiting_approval"

    approve(approver, waiting)
    jobs.work(waiting)
    assert approver.ask("GET", f"/imports/{waiting}/result").json["successfully_imported"] == 5
    approver.ask("DELETE", f"/imports/{waiting}/rollback", 403)


def test_it_counts_as_pending(make_app, token_of, owner_program, waiting):
    full = Program(make_app(pending_uploads=1).test_client(), token_of("owner"))
    assert full.upload(SMALL, status=429)["code"] == "too_many_pending"
