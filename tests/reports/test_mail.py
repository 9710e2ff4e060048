"""The notice, sent to a real mail server; a dead or silent one leaves the import as it is."""

import email
import email.policy
import socket

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, text

from tests.harness.imports import table
from tests.reports import naughty
from webapp import jobs
from webapp.config import Settings
from webapp.imports import import_commands
from webapp.jobs import queueing
from webapp.models import ContactImport, ImportLog
from webapp.reports import mail

PEOPLE = table("1,ann@example.com,Ann,,,,", "2,nobody,Ben,,,,")
TO = "boss@example.com"


class Box:
    def __init__(self) -> None:
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.letters.append(envelope)
        return "250 OK"


@pytest.fixture
def box(settings, monkeypatch):
    held = Box()
    server = Controller(held, hostname="127.0.0.1", port=0)
    server.port = _free_port()
    server.start()
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{server.port}")
    monkeypatch.setenv("PUBLIC_URL", "https://contacts.example.com")
    yield held
    server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def events(session, import_id) -> list[str]:
    wanted = select(ImportLog.event).where(
        ImportLog.import_id == import_id, ImportLog.event.like("mail%")
    )
    return list(session.scalars(wanted))


def letter(envelope) -> email.message.EmailMessage:
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


def test_the_notice_says_what_became_of_it(importer, session, box):
    found = importer.execute(importer.check(PEOPLE).id, notification_email=TO)
    jobs.notify(str(found.id))
    (envelope,) = box.letters
    assert envelope.rcpt_tos == [TO]
    message = letter(envelope)
    assert message["Subject"] == "1 of 2 contacts are in. 1 row needs you. (people.csv)"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    for part in message.iter_parts():
        content = part.get_content()
        assert f"https://contacts.example.com/imports/{found.id}/report" in content
        assert f"https://contacts.example.com/imports/{found.id}/rollback" in content
        assert "1 created" in content.replace("<b>1</b>", "1")
    assert message["Date"]
    assert message["Message-ID"]
    assert events(session, found.id) == ["mail_sent"]
    assert mail.due(session) == []


def test_the_end_of_an_import_rings_for_its_notice(importer, settings):
    quiet = importer.execute(importer.check(PEOPLE).id)
    found = importer.execute(importer.check(PEOPLE).id, notification_email=TO)
    (job,) = [
        queued
        for queued in jobs.queue(settings.redis_url).jobs
        if queued.id.startswith("mail-")
    ]
    assert job.id.startswith(f"mail-{found.id}")
    assert (job.func_name, job.args, job.timeout) == (
        "webapp.jobs.notify",
        [str(found.id)],
        queueing.LONGEST_MAIL,
    )
    assert quiet.state == found.state == "completed"


def test_one_header_stays_one(importer, session, box):
    with naughty.listener() as (address, calls):
        found = importer.upload(
            naughty.table(address), filename="a\r\nBcc: evil@example.com\r\n\r\n<b>x.csv"
        )
        import_commands.map_columns(session, found.id, found.suggested_mapping)
        session.commit()
        importer.work(found.id)
        importer.execute(found.id, notification_email=TO)
        session.execute(
            text("UPDATE contact_imports SET filename = :name WHERE id = :id"),
            {"name": "a\r\nBcc: evil@example.com\r\n\r\n<b>x.csv", "id": found.id},
        )
        session.commit()
        jobs.notify(str(found.id))
    (envelope,) = box.letters
    message = letter(envelope)
    assert message["Bcc"] is None
    assert envelope.rcpt_tos == [TO]
    assert "\n" not in message["Subject"]
    assert "<b>x.csv" not in message.get_body(["html"]).get_content()
    assert not calls


def test_a_stop_and_a_failure_are_told_too(importer, session, box):
    stopped = importer.check(PEOPLE)
    import_commands.execute(session, stopped.id, strategy="skip", notification_email=TO)
    import_commands.cancel(session, stopped.id)
    session.commit()
    conflicting = importer.check(table("1,a@example.com,,,,,", "2,a@example.com,,,,,"))
    failed = importer.execute(conflicting.id, skip_errors=False, notification_email=TO)
    assert failed.state == "failed"
    session.execute(
        text("UPDATE contact_imports SET completed_at = completed_at - interval '1 minute'")
    )
    session.commit()
    assert set(mail.due(session)) == {stopped.id, failed.id}
    assert jobs.send_notices(Settings()) == 2
    for found in (stopped, failed):
        jobs.notify(str(found.id))
    said = [letter(envelope)["Subject"] for envelope in box.letters]
    assert [subject.split(".")[0] for subject in said] == [
        "Stopped before the end",
        "Stopped at the first bad row",
    ]
    assert mail.due(session) == []


def test_dead_and_silent_servers_leave_the_import_completed(
    importer, session, settings, monkeypatch
):
    found = importer.execute(importer.check(PEOPLE).id, notification_email=TO)
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{_free_port()}")
    jobs.notify(str(found.id))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        jobs.notify(str(found.id))
    assert events(session, found.id) == ["mail_failed", "mail_failed"]
    session.expire_all()
    assert session.get(ContactImport, found.id).state == "completed"
    assert mail.due(session) == []
    for _ in range(mail.TRIES - 2):
        jobs.notify(str(found.id))
    later = text("UPDATE contact_import_logs SET at = at - interval '1 hour'")
    session.execute(
        text("UPDATE contact_imports SET completed_at = completed_at - interval '1 hour'")
    )
    session.execute(later)
    session.commit()
    assert mail.due(session) == [], "five tries are enough"
    session.execute(
        text(
            "DELETE FROM contact_import_logs WHERE id IN (SELECT max(id) FROM contact_import_logs)"
        )
    )
    session.commit()
    assert mail.due(session) == [found.id]


def test_without_a_server_the_form_says_so(owner, importer):
    from tests.web.test_pages import bring, check  # noqa: PLC0415

    import_id = bring(owner)
    check(owner, importer, import_id)
    assert (
        "Mail is not set up on this server" in owner.get(f"/imports/{import_id}/review").text
    )
