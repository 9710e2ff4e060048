"""The completion notice. Mail trouble is noted in the log and never touches the import."""

import logging
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.engine import sessions
from webapp.models import ContactImport
from webapp.reports import summary
from webapp.reports.wording import environment

TIMEOUT_SECONDS = 10
TRIES = 5
FIRST_WAIT = 30  # seconds until a lost or failed notice is tried again; each failure doubles it
logger = logging.getLogger(__name__)


def send_notice(settings: Settings, session: Session, import_id: UUID) -> bool:
    """Send the notice that was asked for; false when it could not be sent, which the log then says."""
    found = session.get_one(ContactImport, import_id)
    if not settings.smtp_url or not found.notification_email:
        return False
    try:
        _send(settings, compose(settings, session, found))
    except (OSError, smtplib.SMTPException, ValueError) as trouble:
        note_failure(session, import_id, type(trouble).__name__)
        return False
    sessions.log(session, import_id, "mail_sent")
    return True


def note_failure(session: Session, import_id: UUID, kind: str) -> None:
    """Leave word of a try that failed; the next one is due a while later."""
    logger.warning("notice for %s not sent: %s", import_id, kind)
    sessions.log(session, import_id, "mail_failed", kind)


def due(session: Session) -> list[UUID]:
    """Ended imports of the last day whose notice is still to be sent, and not just being tried."""
    return list(session.scalars(text(_DUE), {"tries": TRIES, "wait": FIRST_WAIT}))


_DUE = """
    SELECT i.id FROM contact_imports i CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE event = 'mail_failed') AS failures, max(at) AS last,
        count(*) FILTER (WHERE event = 'mail_sent') AS sent
      FROM contact_import_logs l
      WHERE l.import_id = i.id AND l.event IN ('mail_failed', 'mail_sent') AND l.at >= i.completed_at) l
    WHERE i.notification_email IS NOT NULL AND i.state IN ('completed', 'cancelled', 'failed')
      AND i.completed_at > clock_timestamp() - interval '1 day' AND l.sent = 0 AND l.failures < :tries
      AND COALESCE(l.last, i.completed_at) < clock_timestamp() - make_interval(secs => :wait * 2 ^ l.failures)"""


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
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid("rowcall", urlsplit(base).hostname)
    message["Auto-Submitted"] = "auto-generated"
    templates = environment()
    message.set_content(templates.get_template("mail/notice.txt").render(facts))
    message.add_alternative(templates.get_template("mail/notice.html").render(facts), subtype="html")
    return message


def _one_line(words: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:300]


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
