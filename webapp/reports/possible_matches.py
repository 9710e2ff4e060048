"""New rows beside the contacts that they look like, as pages and programs show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.duplicates.possible_matches import PossibleMatch
from webapp.models import Contact, ImportRow
from webapp.reports import conflicts, duplicates
from webapp.reports.conflicts import Candidate, Line

SIDE_BY_SIDE = (
    *(conflicts.NAME, "birthday", "email", "phone", "company", "job_title"),
    *("street", "postal_code", "city", "external_id"),
)


@dataclass(frozen=True)
class Card:
    """A row and the contact that it looks like."""

    match: PossibleMatch
    row: ImportRow
    contact: Contact

    @property
    def lines(self) -> list[Line]:
        """Field by field, where one of them says something."""
        beside = Candidate(self.contact.id, None, (), self.contact)
        return list(conflicts.compared(self.row, [beside], SIDE_BY_SIDE))

    @property
    def evidence(self) -> list[str]:
        """What speaks for it, in words."""
        return duplicates.in_words(self.match.evidence)

    @property
    def seen(self) -> str:
        """The choice as a form says that it was shown; "" for none."""
        return conflicts.as_seen(self.match.choice)


def cards(session: Session, import_id: UUID, found: Sequence[PossibleMatch]) -> list[Card]:
    """The matches with their rows and contacts: two statements. One whose contact was just deleted
    is left out.
    """
    people = conflicts.contacts(session, (match.contact_id for match in found))
    rows = conflicts.rows(session, import_id, {match.row for match in found})
    return [
        Card(match, rows[match.row], people[match.contact_id])
        for match in found
        if match.row in rows and match.contact_id in people
    ]
