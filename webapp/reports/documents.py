"""Kept reports: rendered once for each language, served from then on, and made anew when the import
went on after that.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.limits import PDFS_AT_ONCE
from webapp.models import ContactImport, ImportDocument
from webapp.vocabulary.catalogue import ENGLISH

TOO_MUCH = "pdf_too_much"
LONGEST = timedelta(
    seconds=90
)  # after which one in the making is taken for lost, and a failure is no answer any more
TRIES = 3  # a process that is killed may be one too large for the machine, which no error says


def _kind(language: str) -> str:
    """What the PDF in a language is kept as."""
    return "pdf" if language == ENGLISH else f"pdf-{language}"


def pdf_of(
    session: Session, run: ContactImport, language: str = ENGLISH
) -> ImportDocument | None:
    """The PDF of the import as it stands: ready, failed or in the making; None where it has to be
    asked for.
    """
    kept = session.get(ImportDocument, (run.id, _kind(language)), populate_existing=True)
    if (
        kept is None
        or kept.state == "lost"
        or (kept.state != "ready" and _now(session) - kept.made_at > LONGEST)
    ):
        return None

    ended = max(
        filter(None, (run.completed_at, run.rolled_back_at, run.purged_at)),
        default=run.created_at,
    )

    return kept if kept.made_at >= ended else None


def _now(session: Session) -> datetime:
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def reserve_pdf(session: Session, run: ContactImport, language: str = ENGLISH) -> bool:
    """Note that the PDF is in the making; false while as many as may be are.

    The caller commits and asks for it.
    """
    waiting = select(func.count()).where(
        ImportDocument.state == "rendering",
        ImportDocument.import_id != run.id,
        ImportDocument.made_at > func.clock_timestamp() - LONGEST,
    )

    if (session.scalar(waiting) or 0) >= PDFS_AT_ONCE:
        return False

    fresh = {
        "state": "rendering",
        "content": None,
        "code": None,
        "maker": None,
        "made_at": func.clock_timestamp(),
    }
    made = insert(ImportDocument).values(import_id=run.id, kind=_kind(language), **fresh)
    tries = case(
        (ImportDocument.state.in_(["rendering", "lost"]), ImportDocument.tries), else_=0
    )
    session.execute(
        made.on_conflict_do_update(
            index_elements=["import_id", "kind"], set_={**fresh, "tries": tries}
        )
    )

    return True


def begin_pdf(
    session: Session, import_id: UUID, maker: str, language: str = ENGLISH
) -> datetime | None:
    """Note who makes the PDF, and one try more: since when it is waited for, or None where it is
    not to be made.

    The caller commits before it renders. Where even the worker was lost each time, it could not be
    said before now.
    """
    begun = session.execute(
        update(ImportDocument)
        .where(*_in_the_making(import_id, language))
        .values(maker=maker, tries=ImportDocument.tries + 1)
        .returning(ImportDocument.made_at, ImportDocument.tries)
        .execution_options(synchronize_session=False)
    ).first()

    if begun is None or begun.tries <= TRIES:
        return begun and begun.made_at

    keep_pdf(session, import_id, begun.made_at, language=language, code=TOO_MUCH)

    return None


def _in_the_making(import_id: UUID, language: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ImportDocument.import_id == import_id,
        ImportDocument.kind == _kind(language),
        ImportDocument.state == "rendering",
    )


def forget_pdf(session: Session, import_id: UUID, state: str, language: str = ENGLISH) -> None:
    """Forget the PDF if it is in this state, so that the next request has it made anew."""
    kept = (
        ImportDocument.import_id == import_id,
        ImportDocument.kind == _kind(language),
        ImportDocument.state == state,
    )

    session.execute(
        delete(ImportDocument).where(*kept).execution_options(synchronize_session=False)
    )


def lose_pdf(session: Session, import_id: UUID, maker: str, *, too_much: bool) -> None:
    """The process that made the PDF is lost: the next request has it made anew, unless that has no
    prospect.

    Where it was asked for again in the meantime, another process makes it, or will.
    """
    hopeless = (ImportDocument.tries >= TRIES) | literal(too_much)
    session.execute(
        update(ImportDocument)
        .where(
            ImportDocument.import_id == import_id,
            ImportDocument.state == "rendering",
            ImportDocument.maker == maker,
        )
        .values(
            state=case((hopeless, "failed"), else_="lost"), code=case((hopeless, TOO_MUCH))
        )
        .execution_options(synchronize_session=False)
    )


def keep_pdf(
    session: Session,
    import_id: UUID,
    since: datetime,
    *,
    language: str = ENGLISH,
    content: bytes | None = None,
    code: str | None = None,
) -> None:
    """Keep the PDF that was in the making since then, or why there is none.

    Retention and erasure delete a PDF in the making too; then nothing is kept.
    """
    session.execute(
        update(ImportDocument)
        .where(*_in_the_making(import_id, language), ImportDocument.made_at == since)
        .values(state="ready" if content else "failed", content=content, code=code)
        .execution_options(synchronize_session=False)
    )
