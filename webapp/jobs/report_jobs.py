"""The jobs that render a report and mail a notice. Their trouble never touches the import."""

import os
import resource
import signal
from contextlib import suppress
from uuid import UUID

from sqlalchemy.exc import OperationalError

from webapp import db
from webapp.config import Settings
from webapp.imports import leases
from webapp.jobs.queueing import BaseTimeoutException
from webapp.jobs.work_horses import die_with_parent
from webapp.limits import MEBIBYTE
from webapp.reports.reporter import ImportReporter
from webapp.vocabulary.catalogue import ENGLISH


def render_pdf(import_id: str, language: str = ENGLISH) -> None:
    """Render the report in a language and keep it.

    A report that takes too long or too much memory ends its own process only.
    """
    from webapp.reports import pdf  # noqa: PLC0415 - WeasyPrint's libraries may be missing, and cost memory

    die_with_parent()
    settings = Settings()

    if os.environ.get("RQ_WORKER_ID"):
        resource.setrlimit(resource.RLIMIT_AS, (settings.pdf_memory_mb * MEBIBYTE,) * 2)

        # The end of the process, not an exception: WeasyPrint would take that for a broken picture
        # and go on.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(settings.pdf_seconds)

    maker = leases.worker_name(os.getpid())
    pdf.render_and_keep(settings, UUID(import_id), maker, language)


# The alarm when the time is over, and how the libraries end a process that gets no more memory.
OVER_THE_LIMITS = {
    signal.SIGALRM,
    signal.SIGABRT,
    signal.SIGTRAP,
    signal.SIGSEGV,
    signal.SIGBUS,
}


def no_pdf(settings: Settings, import_id: UUID, pid: int, status: int) -> None:
    """The process that rendered it is lost: say that the report is too much for paper, if that
    was why.

    Otherwise it was killed from outside, and the next request has it made anew; but the
    system, too, kills what takes all of its memory, so that is done a few times only.
    """
    from webapp.reports import documents  # noqa: PLC0415 - only where a PDF went wrong

    is_too_much = os.WIFSIGNALED(status) and os.WTERMSIG(status) in OVER_THE_LIMITS

    with suppress(OperationalError), db.session(settings.database_url) as session:
        documents.lose_pdf(session, import_id, leases.worker_name(pid), too_much=is_too_much)


def notify(import_id: str) -> None:
    """Mail the notice. Mail trouble is logged and never touches the import."""
    from webapp.reports import mail  # noqa: PLC0415 - only this job needs it

    die_with_parent()
    settings = Settings()

    try:
        with db.session(settings.database_url) as session:
            ImportReporter(session, UUID(import_id)).send_completion_notification(settings)
    except BaseTimeoutException:
        with db.session(settings.database_url) as session:
            mail.note_failure(session, UUID(import_id), "timeout")
        raise
