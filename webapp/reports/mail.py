"""The completion notice. Mail trouble is noted in the log and never touches the import."""

import logging
import smtplib
import ssl
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.config import MailServer, Misconfigured, Settings, mail_server
from webapp.imports import locks
from webapp.models import ContactImport, User
from webapp.reports import summary
from webapp.reports.wording import environment
from webapp.vocabulary.catalogue import ENGLISH, speaking
from webapp.vocabulary.states import RUN_ENDED

SQL = queries.load("mail")

TIMEOUT_SECONDS = 10
TRIES = 5
# Seconds until a lost or failed notice is tried again; each failure doubles it.
FIRST_WAIT = 30
logger = logging.getLogger(__name__)


def send_notice(settings: Settings, session: Session, import_id: UUID) -> bool:
    """Send the notice that was asked for; false when it could not be sent, which the log
    then says.
    """
    run = session.get_one(ContactImport, import_id)
    if not settings.smtp_url or not run.notification_email:
        return False

    try:
        with in_language_of(session, run):
            message = compose(settings, session, run)
        _send(settings, message)
    except TROUBLE as problem:
        note_failure(session, import_id, reason(problem))
        return False

    locks.log(session, import_id, "mail_sent")

    return True


def in_language_of(session: Session, run: ContactImport) -> AbstractContextManager[None]:
    """The language that the account chose which imported: no browser is there to ask."""
    person = session.get_one(User, run.created_by)
    return speaking(person.language or ENGLISH)


def note_failure(session: Session, import_id: UUID, kind: str) -> None:
    """Leave word of a try that failed; the next one is due a while later."""
    logger.warning("notice for %s not sent: %s", import_id, kind)
    locks.log(session, import_id, "mail_failed", kind)


def due(session: Session) -> list[UUID]:
    """Ended imports of the last day whose notice is still to be sent, and not just being tried."""
    ended = [state.value for state in RUN_ENDED]
    asked = {"tries": TRIES, "wait": FIRST_WAIT, "ended": ended}
    return list(db.execute(session, SQL.due, asked).scalars())


def compose(settings: Settings, session: Session, run: ContactImport) -> EmailMessage:
    """The notice as plain text and HTML, in the language in use, with links to the report and to
    the page that undoes the import.
    """
    report = summary.report(session, run.id)
    base = run.site_url or settings.site_url
    facts = {
        "report": report,
        "found": run,
        "report_url": f"{base}/imports/{run.id}/report",
    }
    facts["rollback_url"] = f"{base}/imports/{run.id}/rollback"
    message = EmailMessage()

    # A file's name is a stranger's text: one line, with any content.
    message["Subject"] = _one_line(f"{report.headline} ({run.filename})")
    message["From"] = settings.mail_from
    message["To"] = _one_line(run.notification_email or "")
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid("rowcall", urlsplit(base).hostname)
    message["Auto-Submitted"] = "auto-generated"
    templates = environment()
    message.set_content(templates.get_template("mail/notice.txt").render(facts))
    message.add_alternative(
        templates.get_template("mail/notice.html").render(facts), subtype="html"
    )

    return message


def _one_line(words: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:300]


class Unsafe(Exception):  # noqa: N818 - the mail is not sent, and the log says why
    """The connection is not encrypted, and what would be sent must not be read on the way."""


TROUBLE = (OSError, smtplib.SMTPException, ValueError, Misconfigured, Unsafe)


def _send(settings: Settings, message: EmailMessage) -> None:
    """Hand the message to the server of SMTP_URL. Raises TROUBLE."""
    server = mail_server(settings)
    if server is not None:
        with _connected(server) as connection:
            connection.send_message(message)


def _connected(server: MailServer) -> smtplib.SMTP:
    """A connection that is encrypted as the setting asks, and signed in where it names a user."""
    if server.tls == "at once":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host,
            server.port,
            timeout=TIMEOUT_SECONDS,
            context=ssl.create_default_context(),
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)

    try:
        _secure(connection, server)
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise

    return connection


def _secure(connection: smtplib.SMTP, server: MailServer) -> None:
    """Encrypt where the server offers it. What it offers is known only after the greeting, EHLO."""
    connection.ehlo_or_helo_if_needed()
    if server.tls == "at once":
        return

    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()  # What was offered in clear may have been put there by a stranger.
    elif server.tls == "required":
        raise Unsafe("The mail server offers no TLS, and SMTP_URL asks for it")
    elif server.user and not server.on_this_machine:
        raise Unsafe("The mail server offers no TLS, and a password is never sent without it")


def trouble(settings: Settings) -> str | None:
    """Connect, encrypt and sign in, and send nothing: None where that works, else a sentence.

    For `doctor`.
    """
    try:
        server = mail_server(settings)
        if server is None:
            return (
                "Set SMTP_URL (smtp://user:password@host:port); only notices by mail are off"
            )

        with _connected(server):
            return None
    except TROUBLE as problem:
        return reason(problem)


def reason(trouble: Exception) -> str:
    """Why no mail was sent: no text of the server's, which may quote an address."""
    if isinstance(trouble, Unsafe | Misconfigured):
        return str(trouble)
    if isinstance(trouble, ssl.SSLCertVerificationError):
        text = "The mail server's certificate is not accepted ({reason})"
        return text.format(reason=trouble.verify_message)
    if isinstance(trouble, smtplib.SMTPAuthenticationError):
        return "The mail server does not accept user and password"
    if isinstance(trouble, smtplib.SMTPNotSupportedError):
        return (
            "The mail server does not support what is needed, "
            "such as signing in or addresses beyond ASCII"
        )

    text = "The mail server cannot be used ({reason})"
    return text.format(reason=type(trouble).__name__)
