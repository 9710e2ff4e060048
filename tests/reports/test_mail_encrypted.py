"""What goes over the wire to a mail server: real servers, with TLS and without, and a
certificate made for them.
"""

import logging
import shutil
import socket
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.harness.certificates import make_certificate
from tests.harness.imports import table
from webapp import config, jobs
from webapp.config import Misconfigured, Settings
from webapp.reports import mail

TO = "boss@example.com"
SECRET = "wire/secret@1"
PEOPLE = table("1,ann@example.com,Ann,,,,")


class Server:
    """Keeps which letters and passwords came, and whether they came encrypted."""

    def __init__(self) -> None:
        self.letters: list[object] = []
        self.logins: list[tuple[bytes, bool]] = []

    async def handle_DATA(self, server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.letters.append(
            (envelope.rcpt_tos, server.transport.get_extra_info("ssl_object") is not None)
        )
        return "250 OK"

    def authenticate(self, server, _session, _envelope, _mechanism, data) -> AuthResult:
        encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.logins.append((data.password, encrypted))
        return AuthResult(success=data.password == SECRET.encode(), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory, ci):
    """The certificate of the mail servers, and its key."""
    if shutil.which("openssl") is None:
        assert not ci, "openssl is missing, and CI must run its tests"
        pytest.skip("openssl is not installed: apt-get install openssl")
    return make_certificate(tmp_path_factory.mktemp("mail"), "DNS:localhost", "IP:127.0.0.1")


@pytest.fixture
def start(monkeypatch, settings, certificate):
    """`start(tls=…)` → a server, and its address in SMTP_URL.

    `tls`: "none", "starttls" or "at once".
    """
    running = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def begin(tls: str, *, options: str = "", user: str = "", trusted: bool = True):
        held = Server()
        more = {"tls_context": context} if tls == "starttls" else {}
        more |= {"ssl_context": context} if tls == "at once" else {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(
            held,
            hostname="127.0.0.1",
            port=port,
            authenticator=held.authenticate,
            auth_require_tls=False,
            **more,
        )
        controller.start()
        running.append(controller)
        scheme = "smtps" if tls == "at once" else "smtp"
        monkeypatch.setenv("SMTP_URL", f"{scheme}://{user}127.0.0.1:{port}{options}")
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        else:
            monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        return held

    yield begin
    for controller in running:
        controller.stop()


LOGIN = "ann:wire%2Fsecret%401@"


@pytest.fixture
def notified(importer):
    def send() -> None:
        found = importer.execute(importer.check(PEOPLE).id, notification_email=TO)
        jobs.notify(str(found.id))

    return send


def test_tls_is_used_where_the_server_offers_it(start, notified):
    server = start("starttls", user=LOGIN)
    notified()
    assert server.logins == [(SECRET.encode(), True)]
    assert server.letters == [([TO], True)]
    assert mail.trouble(Settings()) is None


def test_tls_from_the_first_byte_on(start, notified):
    server = start("at once", user=LOGIN)
    notified()
    assert server.logins == [(SECRET.encode(), True)]
    assert server.letters == [([TO], True)]


@pytest.mark.parametrize("tls", ["starttls", "at once"])
def test_a_certificate_of_strangers_is_refused(start, notified, tls, caplog):
    server = start(tls, user=LOGIN, trusted=False)
    with caplog.at_level(logging.WARNING):
        notified()
    assert not server.logins
    assert not server.letters
    assert "certificate is not accepted" in caplog.text
    assert SECRET not in caplog.text
    assert "certificate" in mail.trouble(Settings())


def test_no_password_in_clear_but_to_this_machine(start, notified, monkeypatch, caplog):
    server = start("none", user=LOGIN)
    notified()
    assert server.logins == [(SECRET.encode(), False)]  # over the loopback nobody listens
    monkeypatch.setattr(config.MailServer, "on_this_machine", property(lambda _self: False))
    notified()
    assert len(server.logins) == 1
    assert len(server.letters) == 1
    assert "a password is never sent without it" in caplog.text


def test_tls_can_be_insisted_on(start, notified, caplog):
    server = start("none", options="?tls=required")
    notified()
    assert not server.letters
    assert "offers no TLS" in caplog.text
    server = start("starttls", options="?tls=required")
    notified()
    assert server.letters == [([TO], True)]


def test_a_wrong_password_is_said_without_it(start, notified, caplog):
    start("starttls", user="ann:another-secret@")
    notified()
    assert "does not accept user and password" in caplog.text
    assert "another-secret" not in caplog.text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mail.example.com", "cannot be read"),
        ("http://mail.example.com", "cannot be read"),
        ("smtp://", "cannot be read"),
        ("smtp://mail.example.com:twentyfive", "cannot be read"),
        ("smtp://mail.example.com:99999", "cannot be read"),
        ("smtp://[::1", "cannot be read"),
        ("smtp://ann:pass/word@mail.example.com", "cannot be read"),
        ("smtp://mail.example.com?tls=perhaps", "?tls=required"),
        ("smtp://mail.example.com?ssl=on", "?tls=required"),
        ("smtp://:secret@mail.example.com", "no user"),
    ],
)
def test_a_wrong_address_gets_a_sentence_and_no_start(settings, url, words, make_app):
    with pytest.raises(Misconfigured) as refusal:
        make_app(smtp_url=url)
    assert words in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert "pass" not in str(refusal.value).replace("password", "")
    assert mail.trouble(settings.model_copy(update={"smtp_url": url})) == str(refusal.value)


def test_a_wrong_sender_gets_a_sentence(settings, make_app):
    for sender in ("rowcall", "a@example.com\nBcc: b@example.com", ""):
        with pytest.raises(Misconfigured, match="MAIL_FROM"):
            make_app(smtp_url="smtp://mail.example.com", mail_from=sender)


def test_what_this_machine_is():
    def at(host: str) -> bool:
        return config.mail_server(Settings(smtp_url=f"smtp://{host}")).on_this_machine

    assert all(map(at, ("localhost", "127.0.0.1", "127.1.2.3", "[::1]", "LOCALHOST")))
    assert not any(
        map(at, ("localhost.example.com", "10.0.0.1", "[fe80::1]", "mail", "192.0.2.1"))
    )
