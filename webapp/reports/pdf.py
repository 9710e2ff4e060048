"""The report on paper.

The only importer of WeasyPrint, which is slow to load and needs system libraries.

Nothing is ever fetched: not from the network, not from a file, not from a data URL.
"""

import logging
import os
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db
from webapp.config import Settings
from webapp.reports import choices, documents, ledger, plan_results, summary
from webapp.reports.wording import environment
from webapp.staging import problem_list
from webapp.vocabulary.catalogue import ENGLISH, speaking
from webapp.vocabulary.refusals import Refusal

logger = logging.getLogger(__name__)
LISTED = 200


def render_and_keep(
    settings: Settings, import_id: UUID, maker: str, language: str = ENGLISH
) -> None:
    """Render the requested report and keep it, or keep why there is none."""
    with db.session(settings.database_url) as session:
        since = documents.begin_pdf(session, import_id, maker, language)

    if since is None:
        return

    with db.session(settings.database_url) as session:
        keep = partial(documents.keep_pdf, session, import_id, since, language=language)
        try:
            with speaking(language):
                content = render(session, import_id, settings.page_size)
            keep(content=content)
        except Refusal as refusal:
            keep(code=refusal.code)
        except MemoryError:
            os.abort()  # Nothing can be written any more; the worker says that it was too much.
        except Exception as problem:  # noqa: BLE001 - for every error, the person must not wait for ever
            logger.warning("no PDF of %s: %s", import_id, type(problem).__name__)
            keep(code=documents.TOO_MUCH)


def render(session: Session, import_id: UUID, page_size: str = "A4") -> bytes:
    """The report as a tagged PDF (PDF/UA-1): summary, chart, choices, problems, first 200 problem
    rows, digest.

    Raises Refusal where its libraries are missing.
    """
    try:
        from weasyprint import CSS, HTML  # noqa: PLC0415 - see the module's head
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as problem:
        raise Refusal("pdf_without_pango") from problem

    block = URLFetcher(
        allowed_protocols=frozenset(), allow_redirects=False, fail_on_errors=False
    )
    html = page(session, import_id)
    style = environment().get_template("pdf/report.css").render(page_size=page_size)
    document = HTML(string=html, base_url=None, url_fetcher=block)
    styles = [CSS(string=style, url_fetcher=block)]

    return bytes(
        document.write_pdf(stylesheets=styles, pdf_variant="pdf/ua-1", finisher=_head_columns)
        or b""
    )


def _head_columns(_document: object, written: Any) -> None:
    """Say of each header cell that it heads a column: WeasyPrint leaves the `scope` of the page's
    cells out.
    """
    for element in written.objects:
        if isinstance(element, dict) and element.get("S") == "/TH":
            element["A"]["Scope"] = "/Column"


def page(session: Session, import_id: UUID) -> str:
    """The HTML that is put on paper."""
    found = summary.report(session, import_id)

    return (
        environment()
        .get_template("pdf/report.html")
        .render(
            report=found,
            found=found.found,
            choices=choices.choices(found.found),
            rows=ledger.problem_rows(session, import_id, LISTED),
            listed=LISTED,
            differences=plan_results.differences(session, import_id, limit=LISTED),
            without_a_cell=problem_list.problem_rows(
                session, import_id, code="cell_dropped", after=0, limit=LISTED
            ),
        )
    )
