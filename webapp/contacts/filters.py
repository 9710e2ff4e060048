"""Which contacts a page, a program or a file is about: filters that combine, orders, and pages that
begin behind a contact, however far down it stands.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    collate,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session

from webapp import db, folding
from webapp.checking import countries
from webapp.contacts import search, sort_keys
from webapp.models import Contact, ContactWords
from webapp.vocabulary.refusals import Refusal

COUNTED = (
    10_000  # contacts that are counted one by one; of more it is said that there are more
)
COLUMNS = Contact.__table__.c
KEPT = ContactWords.__table__.c
# Contacts are looked up one by one, in the order in which the index lists them.
WALKING = dict.fromkeys(
    ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_sort"), "off"
)


@dataclass(frozen=True)
class ContactFilter:
    """Filters that combine: a contact is meant that fits all that are not blank.

    `tag` is one of its tags, to the letter. `company`, and the `value` of the field `custom`, are
    compared without case; without a `value` the contact has any in that field. `country` finds each
    spelling of a country that is known. `ids` are the numbers of some contacts.
    """

    q: str = ""
    imported_from: UUID | None = None
    tag: str = ""
    company: str = ""
    country: str = ""
    no_email: bool = False
    no_phone: bool = False
    updated_since: datetime | None = None
    custom: str = ""
    value: str = ""
    ids: tuple[int, ...] = ()

    def select(self, *, walking: bool = False) -> Select[Contact]:
        """The contacts, in no order; `walking`: as `search.condition` has it."""
        found = search.matching(self.q, self.imported_from, walking=walking)
        return found.where(*self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.tag:
            found.append(Contact.tags.contains([self.tag]))
        if self.company:
            found.append(_is_text(COLUMNS.company, self.company))
        if self.country:
            found.append(
                sort_keys.without_accents(COLUMNS.country).in_(spellings(self.country))
            )
        if self.no_email:
            found.append(COLUMNS.email.is_(None))
        if self.no_phone:
            found.append(COLUMNS.phone.is_(None))
        if self.updated_since:
            found.append(Contact.updated_at >= self.updated_since)
        if self.custom:
            found.append(Contact.custom.has_key(self.custom))
        if self.custom and self.value:
            found.append(_is_text(Contact.custom[self.custom].astext, self.value))
        if self.ids:
            found.append(Contact.id.in_(self.ids))

        return found

    @property
    def is_blank(self) -> bool:
        """Whether it means the whole book."""
        return self == ContactFilter()


def as_json(wanted: ContactFilter) -> dict[str, Any]:
    """The filters that are not blank, to be kept."""
    given = asdict(wanted)
    if wanted.updated_since:
        given["updated_since"] = wanted.updated_since.isoformat()
    if wanted.imported_from:
        given["imported_from"] = str(wanted.imported_from)
    return {name: value for name, value in given.items() if value}


def of_json(kept: dict[str, Any]) -> ContactFilter:
    """The filter that `as_json` wrote."""
    wanted = ContactFilter(**kept)
    if wanted.imported_from:
        wanted = replace(wanted, imported_from=UUID(str(wanted.imported_from)))
    if wanted.updated_since:
        since = datetime.fromisoformat(str(wanted.updated_since))
        wanted = replace(wanted, updated_since=since)
    return wanted


def _is_text(column: SQLColumnExpression[Any], sought: str) -> ColumnElement[bool]:
    """Whether the column holds this text, in upper or lower case."""
    return collate(column, "C").regexp_match(f"^{folding.pattern(sought)}$")


def spellings(country: str) -> list[str]:
    """What means the same country as this text, as `sort_keys.without_accents` writes it."""
    code = countries.code_of(country)
    typed = folding.without_accents(country, "NFKD").lower()
    return [typed] if code is None else [typed, *countries.names_of(code)]


class Order(StrEnum):
    """By what contacts are listed; with "-" before it the other way round."""

    ADDED = "added"
    NAME = "name"
    COMPANY = "company"
    CHANGED = "changed"

    @property
    def expression(self) -> ColumnElement[Any]:
        """What is compared, of the contact itself."""
        if self is Order.NAME:
            return sort_keys.name()
        if self is Order.COMPANY:
            return sort_keys.company()

        return COLUMNS.updated_at if self is Order.CHANGED else literal(0)

    @property
    def kept(self) -> ColumnElement[Any] | None:
        """The same as the search index keeps it; None where it does not."""
        return {Order.NAME: KEPT.name, Order.COMPANY: KEPT.company}.get(self)


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind this contact, or, for the page before, ahead of it."""

    key: Any
    number: int

    @property
    def cursor(self) -> str:
        key = self.key.isoformat() if isinstance(self.key, datetime) else self.key
        if key == 0:
            return str(self.number)
        return base64.urlsafe_b64encode(json.dumps([key, self.number]).encode()).decode()


def place_of(cursor: str, order: Order) -> Place:
    """The place that a cursor names. Raises Refusal("bad_cursor") for one of another order."""
    try:
        if order is Order.ADDED:
            if not (cursor.isascii() and cursor.isdigit()) or int(cursor) >= 2**63:
                raise ValueError  # noqa: TRY301 - told as each other fault of it
            return Place(0, int(cursor))

        key, number = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if not isinstance(key, str) or type(number) is not int or not 0 <= number < 2**63:
            raise ValueError  # noqa: TRY301
        if "\0" in key:
            raise ValueError  # noqa: TRY301
        return Place(datetime.fromisoformat(key) if order is Order.CHANGED else key, number)
    except (ValueError, TypeError, binascii.Error):
        raise Refusal("bad_cursor", at="/after") from None


@dataclass(frozen=True)
class Page:
    """Contacts in their order, and the cursors of the pages before and behind; null where none
    is.
    """

    contacts: Sequence[Contact]
    before: str | None
    after: str | None


def page(
    session: Session,
    wanted: ContactFilter,
    order: Order = Order.ADDED,
    *,
    descending: bool = False,
    after: str = "",
    before: str = "",
    limit: int = 50,
) -> Page:
    """A page of contacts, behind `after` or ahead of `before`.

    Raises Refusal("bad_cursor").
    """
    backwards = bool(before)
    falling = descending is not backwards
    start = before or after
    place = place_of(start, order) if start else None
    rows = _first(session, wanted, _InOrder(order, place, falling=falling), limit + 1)
    more, shown = len(rows) > limit, list(rows[:limit])
    if backwards:
        shown.reverse()

    first, last = _cursors(rows=shown)
    return Page(
        [row[0] for row in shown],
        first if (more if backwards else after) else None,
        last if backwards or more else None,
    )


@dataclass(frozen=True)
class _InOrder:
    """An order from a place on."""

    order: Order
    place: Place | None
    falling: bool

    def live(self, found: Select[Any]) -> Select[Any]:
        """The contacts in this order, with the `key` that they are compared by."""
        return self._sorted(found, self.order.expression, COLUMNS.id)

    def kept(self, found: Select[Any]) -> Select[Any]:
        """The same by the keys of the search index, with which the contacts are joined."""
        key: Any = self.order.kept
        return self._sorted(found, key, KEPT.contact_id)

    def _sorted(
        self, found: Select[Any], key: ColumnElement[Any], number: ColumnElement[Any]
    ) -> Select[Any]:
        if self.place:
            beyond = _beyond(key, number, self.place, self.order, falling=self.falling)
            found = found.where(beyond)
        ends = [number] if self.order is Order.ADDED else [key, number]
        found = found.add_columns(key.label("key"))
        return found.order_by(*(end.desc() if self.falling else end for end in ends))


def _first(
    session: Session, wanted: ContactFilter, listed: _InOrder, limit: int
) -> Sequence[Row[Any]]:
    """The first contacts that fit, each with its key.

    The keys that are kept lead to them unless contacts are pending. Filters are asked of the first
    contacts in the order alone: where few of these fit, it is quicker to look for those that do.
    """
    others = replace(wanted, q="")
    if listed.order.kept is not None and search.unknown(session) == 0:
        if others.is_blank:
            whole = select(Contact).join(ContactWords, KEPT.contact_id == COLUMNS.id)
            return search.first(session, listed.kept(whole), wanted.q, limit)
        if not wanted.q.strip():
            rows = _walked(session, others, listed, limit)
            if len(rows) == limit:
                return rows

    return search.first(session, listed.live(others.select()), wanted.q, limit)


def _walked(
    session: Session, wanted: ContactFilter, listed: _InOrder, limit: int
) -> Sequence[Row[Any]]:
    """Those that fit of the first contacts in an order, at most so many."""
    numbers = listed.kept(select(KEPT.contact_id)).limit(search.WALKED)
    walked = numbers.subquery("walked")
    found = wanted.select().join(walked, walked.c.contact_id == COLUMNS.id)
    ends = walked.c.key, walked.c.contact_id
    found = found.order_by(*(end.desc() if listed.falling else end for end in ends))
    with db.planned(session, **WALKING):
        return session.execute(found.add_columns(walked.c.key).limit(limit)).all()


def _cursors(rows: Sequence[Row[Any]]) -> tuple[str | None, str | None]:
    """The cursors of the first and the last contact of a page."""
    if not rows:
        return None, None

    first, last = (Place(row.key, row[0].id).cursor for row in (rows[0], rows[-1]))
    return first, last


def _beyond(
    key: ColumnElement[Any],
    number: ColumnElement[Any],
    place: Place,
    order: Order,
    *,
    falling: bool,
) -> ColumnElement[bool]:
    if order is Order.ADDED:
        return number < place.number if falling else number > place.number

    here = tuple_(literal(place.key), place.number)
    there = tuple_(key, number)
    return there < here if falling else there > here


@dataclass(frozen=True)
class Count:
    """How many contacts there are; where `exact` is false, at least so many."""

    contacts: int
    exact: bool = True


def count(session: Session, wanted: ContactFilter) -> Count:
    """Of so many contacts as are counted; of the whole book what the database estimates."""
    if wanted.q.strip() and wanted == ContactFilter(q=wanted.q):
        found = search.count(session, wanted.q, COUNTED + 1)
    else:
        ids = wanted.select().with_only_columns(Contact.id).limit(COUNTED + 1)
        found = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    if found <= COUNTED:
        return Count(found)

    estimated = session.scalar(text(ESTIMATE)) if wanted.is_blank else 0
    return Count(max(int(estimated or 0), COUNTED), exact=False)


# As of the last analysis, grown with the table since.
ESTIMATE = """SELECT CASE WHEN relpages > 0
  THEN reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::int) END
FROM pg_class WHERE oid = 'contacts'::regclass"""
