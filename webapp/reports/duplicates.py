"""Pairs of contacts that may be one person, as the page shows them side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.contacts import journal
from webapp.contacts.addresses import addresses_of
from webapp.duplicates.pairs import FoundPair
from webapp.models import Contact
from webapp.reports import conflicts, wording
from webapp.vocabulary.catalogue import gettext, gettext_noop
from webapp.vocabulary.fields import SEVERAL, TAGS

UNITED = {*SEVERAL, TAGS.name}  # of these a merge keeps what both have
# What speaks for a pair, by its name in the table of weights.
EVIDENCE_WORDS = {
    "same_given": gettext_noop("same first name"),
    "short_form": gettext_noop("short form of the first name"),
    "spelling_given": gettext_noop("first name in another spelling"),
    "slip_given": gettext_noop("one letter in the first name"),
    "initial": gettext_noop("initial of the first name"),
    "same_family": gettext_noop("same last name"),
    "spelling_family": gettext_noop("last name in another spelling"),
    "slip_family": gettext_noop("one letter in the last name"),
    "part_of_family": gettext_noop("part of the last name"),
    "swapped": gettext_noop("first and last name swapped"),
    "same_phone": gettext_noop("same phone"),
    "phone_of_firm": gettext_noop("same phone"),
    "phone_of_few": gettext_noop("same phone"),
    "phone_of_many": gettext_noop("same phone"),
    "slip_phone": gettext_noop("one digit in the phone"),
    "same_birthday": gettext_noop("same birthday"),
    "slip_birthday": gettext_noop("one digit in the birthday"),
    "slip_email": gettext_noop("one letter in the e-mail"),
    "same_local": gettext_noop("same name before the @"),
    "name_in_local": gettext_noop("same name before the @"),
    "same_address": gettext_noop("same address"),
    "address_of_firm": gettext_noop("same address"),
    "slip_address": gettext_noop("one letter in the street"),
    "same_city": gettext_noop("same city"),
    "slip_city": gettext_noop("one letter in the city"),
    "same_company": gettext_noop("same company"),
    "colleague": gettext_noop("same company"),
    "slip_company": gettext_noop("one letter in the company"),
}
# And what speaks against it, or says nothing: the table of values shows it.
UNSAID = {
    *("prior", "namesakes", "missing_given", "missing_family", "other_middle", "other_given"),
    *("other_family", "other_phone", "other_birthday", "other_email", "other_address"),
    *("other_city", "other_company", "other_suffix", "other_prefix"),
}


@dataclass(frozen=True)
class Line:
    """A field of both contacts. `same` is None where one of them says nothing; of a `united` one
    a merge keeps what both have.
    """

    field: str
    texts: tuple[str, str]
    same: bool | None
    united: bool


@dataclass(frozen=True)
class Card:
    """A pair with its contacts; `lines` are of fields in which one of them says something."""

    pair: FoundPair
    contacts: tuple[Contact, Contact]

    @property
    def evidence(self) -> list[str]:
        """What speaks for it, in words."""
        return in_words(self.pair.evidence)

    @property
    def lines(self) -> list[Line]:
        return list(_compared(*self.contacts))


def in_words(evidence: Iterable[str]) -> list[str]:
    """What speaks for two being one person, each of it once."""
    words = (EVIDENCE_WORDS.get(name) for name in evidence)
    return [gettext(text) for text in dict.fromkeys(filter(None, words))]


def cards(session: Session, found: Sequence[FoundPair]) -> list[Card]:
    """The pairs with their contacts: one statement. A pair of which one was just deleted is left
    out.
    """
    numbers = [number for pair in found for number in (pair.contact_id, pair.other_id)]
    people = conflicts.contacts(session, numbers)
    return [
        Card(pair, (people[pair.contact_id], people[pair.other_id]))
        for pair in found
        if {pair.contact_id, pair.other_id} <= people.keys()
    ]


def _compared(one: Contact, other: Contact) -> Iterable[Line]:
    texts, others = (_said(contact) for contact in (one, other))
    for name in dict.fromkeys([*texts, *others]):
        first, second = texts.get(name, ""), others.get(name, "")
        if first or second:
            same = _folded(first) == _folded(second) if first and second else None
            yield Line(name, (first, second), same, name in UNITED)


def _said(contact: Contact) -> dict[str, str]:
    lists = {kind: wording.shown(addresses_of(contact, kind)) for kind in SEVERAL}
    values = {**journal.form_values(contact), **lists}
    return {name: wording.shown(value, name) for name, value in values.items()}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
