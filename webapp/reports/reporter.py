"""ImportReporter: what is told of an import that has ended, as a page, as a CSV and by mail."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.reading.readers import Limits
from webapp.reports import exports, summary
from webapp.reports.summary import Report


class ImportReporter:
    """The reports on one import, from its ledger. `webapp.reports.pdf` makes the page as a PDF."""

    def __init__(self, session: Session, import_id: UUID) -> None:
        self.session = session
        self.import_id = import_id

    def generate_summary_report(self) -> Report:
        """Counts, problems, batches and what to do next: what the report's page shows."""
        return summary.report(self.session, self.import_id)

    def generate_detailed_log(self, limits: Limits | None = None) -> Iterator[bytes]:
        """Every row with its outcome as a CSV, in chunks; the cells are read within `limits`."""
        return exports.report_csv(self.session, self.import_id, limits)

    def send_completion_notification(self, settings: Settings) -> bool:
        """Mail the notice that was asked for; False where it could not be sent, which the
        log says.
        """
        from webapp.reports import mail  # noqa: PLC0415 - the web process does without smtplib

        return mail.send_notice(settings, self.session, self.import_id)
