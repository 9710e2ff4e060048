"""A contact's e-mails or phones as a person typed them: read as an import would read them, but for
those that were left alone, which stay to the letter.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.checked_rows import ERROR, Address, Problem, identity
from webapp.checking.cleaning import is_same_text
from webapp.checking.validation import LEFT_OUT_OF_LISTS, Checker
from webapp.limits import MOST_ADDRESSES
from webapp.reading.readers import Position, Record
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_FIELDS, UNIQUE_KEYS

SQL = queries.load("addresses")
# {"code", "field", "value"} and, of a list, "at": the place in it, null where it is about the
# whole.
Fault = dict[str, Any]


def as_listed(
    session: Session,
    kind: str,
    held: Sequence[Address],
    given: Sequence[Mapping[str, str | None]],
    country: str | None,
) -> tuple[list[Address], list[Fault]]:
    """The whole list of a kind as it is to be, main first, and what is wrong with it."""
    listed: dict[str, Address] = {}
    places: dict[str, int] = {}
    faults: list[Fault] = []

    for at, one in enumerate(given):
        text = one["value"] or ""
        found, problems = _read(kind, held, text, country)
        faults += [_fault(kind, problem.code, problem.value, at) for problem in problems]
        if found:
            found[0] |= {"label": one.get("label")}
        fresh = {identity(address): address for address in found}
        if fresh.keys() & listed.keys():
            faults.append(_fault(kind, "address_twice", text, at))
        listed |= {known: fresh[known] for known in fresh if known not in listed}
        places |= {known: at for known in fresh if known not in places}

    new = {known: at for known, at in places.items() if known not in map(identity, held)}
    faults += [
        _fault(kind, "address_taken", given[new[other.key]]["value"], new[other.key])
        | {"contact": other.id}
        for other in _holders(session, kind, new)
    ]
    if len(listed) > MOST_ADDRESSES:
        faults.append(_fault(kind, "too_many_addresses", None, None))

    return list(listed.values()), faults


def with_main(
    kind: str, held: Sequence[Address], text: str, country: str | None
) -> tuple[list[Address], list[Fault]]:
    """The list with this text as the main one, in place of the main one that there was.

    A blank text lets the next one move up. Further ones that were typed into the same field come
    last.
    """
    found, problems = _read(kind, held, text, country)
    faults = [{"code": one.code, "field": kind, "value": one.value} for one in problems]
    if found and held:
        own = {identity(one): one["label"] for one in held}
        found[0] |= {"label": own.get(identity(found[0]), held[0]["label"])}

    known = {identity(one) for one in found[:1]}
    behind = [*held[1:], *found[1:]]
    listed = found[:1]
    for one in behind:
        if identity(one) not in known:
            known.add(identity(one))
            listed.append(one)

    if len(listed) > MOST_ADDRESSES:
        faults.append({"code": "too_many_addresses", "field": kind, "value": None})

    return listed, faults


def _holders(session: Session, kind: str, new: Collection[str]) -> Sequence[Any]:
    """The other contacts that have any of these new ones already: key and id.

    The database has the last word, where another one comes first meanwhile.
    """
    if not new or kind not in UNIQUE_KEYS:
        return []
    return db.execute(session, SQL.holders, {"keys": list(new)}).all()


def _read(
    kind: str, held: Sequence[Address], text: str, country: str | None
) -> tuple[list[Address], list[Problem]]:
    """The addresses that a text names, mostly one, and what is wrong with it.

    One that the contact has stays to the letter: an import may have known more of it, such as the
    country from which it is dialled.
    """
    if known := [one for one in held if is_same_text(one["value"], text)]:
        return [dict(known[0])], []

    row = Checker(["country", kind], blank_words=()).check(
        Record(0, [country or "", text], None, Position(0, 0))
    )
    # What a file's row would leave out, a person is asked for.
    problems = [
        problem
        for problem in row.problems
        if problem.field == kind
        and (problem.severity == ERROR or problem.dropped or problem.code in LEFT_OUT_OF_LISTS)
    ]
    if problems or kind not in row.values:
        return [], problems

    main = {"value": row.values[kind], "key": getattr(row, KEY_FIELDS[kind]), "label": None}
    return [main, *(getattr(row, FURTHER_COLUMN[kind]) or [])], []


def _fault(kind: str, code: str, value: str | None, at: int | None) -> Fault:
    return {"code": code, "field": kind, "value": value, "at": at}
