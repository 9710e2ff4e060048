"""The completion notice. Mail trouble is noted in the log and never touches the import."""

import logging
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.engine import sessions
from webapp.models import ContactImport
from webapp.reports import summary
from webapp.reports.wording import environment

TIMEOUT_SECONDS = 10
logger = logging.getLogger(__name__)


def send_notice(settings: Settings, session: Session, import_id: UUID) -> bool:
    """Send the notice that was asked for; false when it could not be sent, which the log then says."""
    found = session.get_one(ContactImport, import_id)
    if not settings.smtp_url or not found.notification_email:
        return False
    try:
        _send(settings, compose(settings, session, found))
    except (OSError, smtplib.SMTPException, ValueError) as trouble:
        logger.warning("notice for %s not sent: %s", import_id, type(trouble).__name__)
        sessions.log(session, import_id, "mail_failed", type(trouble).__name__)
        return False
    sessions.log(session, import_id, "mail_sent")
    return True


def compose(settings: Settings, session: Session, found: ContactImport) -> EmailMessage:
    """The notice as plain text and HTML, with links to the report and to the rollback."""
    report = summary.report(session, found.id)
    base = (settings.public_url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    facts = {"report": report, "found": found, "report_url": f"{base}/imports/{found.id}/report"}
    facts["rollback_url"] = f"{base}/imports/{found.id}/rollback"
    message = EmailMessage()
    # A file's name is a stranger's text: one line, whatever stands in it.
    message["Subject"] = _one_line(f"{report.headline} ({found.filename})")
    message["From"] = settings.mail_from
    message["To"] = _one_line(found.notification_email or "")
    templates = environment()
    message.set_content(templates.get_template("mail/notice.txt").render(facts))
    message.add_alternative(templates.get_template("mail/notice.html").render(facts), subtype="html")
    return message


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _send(settings: Settings, message: EmailMessage) -> None:
    """Hand the message to the server of SMTP_URL: smtp://[user:password@]host[:port] or smtps://…."""
    url = urlsplit(settings.smtp_url)
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, url.port or 465, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=TIMEOUT_SECONDS)
    with server:
        if url.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)
