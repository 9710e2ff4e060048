"""The pairs that a search of the book found: listed, judged again where a contact was changed
since, and answered.

A pair of a contact that is gone, or that is likely no more, is dropped as soon as it would be
shown. Pairs are in one order: those without an answer first, the most certain before the others,
then those for later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.duplicates import counting, people
from webapp.duplicates.people import COLUMNS, Person
from webapp.duplicates.weights import LISTED_FROM
from webapp.vocabulary.refusals import Refusal

SQL = queries.load("duplicates", columns=", ".join(COLUMNS))
Likelihood = Literal["very_likely", "likely", "possible"]
Answer = Literal["not_the_same", "later"]
VERY_LIKELY, LIKELY = 10.0, 5.0  # bits of log-odds: one of 1,000 is wrong, one of 30
COUNTED = 1_000  # pairs that are counted one by one where the number stands beside a word


class Place(NamedTuple):
    """Where a pair stands in the order; TOP is before all."""

    later: bool
    score: float
    contact_id: int
    other_id: int

    @property
    def cursor(self) -> str:
        """As text, for an address."""
        return f"{self.later:d}_{self.score:.2f}_{self.contact_id}_{self.other_id}"


TOP = Place(later=False, score=float("inf"), contact_id=0, other_id=0)
CURSOR = re.compile(r"([01])_(-?[0-9]{1,6}\.[0-9]{2})_([0-9]{1,18})_([0-9]{1,18})")


def place_of(cursor: str) -> Place:
    """The place that a text names. Raises Refusal("bad_cursor")."""
    found = CURSOR.fullmatch(cursor)
    if not found:
        raise Refusal("bad_cursor")

    return Place(found[1] == "1", float(found[2]), int(found[3]), int(found[4]))


@dataclass(frozen=True)
class FoundPair:
    """Two contacts that may be one person, the smaller number first; `score` in bits."""

    contact_id: int
    other_id: int
    score: float
    evidence: tuple[str, ...]
    answer: str | None

    @property
    def place(self) -> Place:
        return Place(self.answer is not None, self.score, self.contact_id, self.other_id)

    @property
    def likelihood(self) -> Likelihood:
        return likelihood(self.score)


def likelihood(score: float) -> Likelihood:
    """How likely one person is, for a score in bits."""
    if score >= VERY_LIKELY:
        return "very_likely"
    return "likely" if score >= LIKELY else "possible"


@dataclass(frozen=True)
class Levels:
    """How many pairs are open, together and by likelihood."""

    pairs: int
    very_likely: int
    likely: int
    possible: int


def listed(session: Session, after: Place, limit: int) -> list[FoundPair]:
    """The open pairs behind a place, each as its contacts are now. Writes where it judges again."""
    judge = _Judge(session)
    found: list[FoundPair] = []

    while len(found) < limit:
        asked = {**after._asdict(), "limit": limit - len(found)}
        rows = db.execute(session, SQL.listed, asked).mappings().all()
        judge.learn([row for row in rows if not row["is_fresh"]])
        found += [pair for row in rows if (pair := judge.as_it_is(row))]
        if len(rows) < asked["limit"]:
            break
        after = _pair(rows[-1]).place

    # What was judged again may stand elsewhere.
    return sorted(found, key=lambda pair: _order(pair.place))


def _order(place: Place) -> tuple[bool, float, int, int]:
    return place.later, -place.score, place.contact_id, place.other_id


def one(session: Session, contact_id: int, other_id: int) -> FoundPair | None:
    """A pair, with or without an answer, judged by its contacts as they are now. None where
    it would not be listed.
    """
    asked = {"contact_id": contact_id, "other_id": other_id}
    row = db.execute(session, SQL.one, asked).mappings().one_or_none()
    if row is None:
        return None

    judge = _Judge(session)
    judge.learn([] if row["is_fresh"] else [row])
    return judge.as_it_is(row)


def before(session: Session, place: Place) -> tuple[int, tuple[int, int] | None]:
    """How many open pairs stand before a place, and the numbers of the last of them."""
    row = db.execute(session, SQL.before, place._asdict()).one_or_none()
    return (row.pairs, (row.contact_id, row.other_id)) if row else (0, None)


def count(session: Session) -> int:
    """The open pairs, at most COUNTED."""
    return int(db.execute(session, SQL.count, {"most": COUNTED}).scalar_one())


def levels(session: Session) -> Levels:
    """All open pairs by likelihood."""
    asked = {"very_likely": VERY_LIKELY, "likely": LIKELY}
    return Levels(**db.execute(session, SQL.levels, asked).mappings().one())


def answer(
    session: Session, contact_id: int, other_id: int, given: Answer | None, user_id: int
) -> None:
    """Keep what a person says of a pair; None takes back what was said.

    Raises Refusal("pair_unknown").
    """
    low, high = sorted((contact_id, other_id))
    asked = {"contact_id": low, "other_id": high, "answer": given, "user_id": user_id}
    if db.execute(session, SQL.answer, asked).one_or_none() is None:
        raise Refusal("pair_unknown")


def drop_of(session: Session, contact_id: int) -> None:
    """Drop the open pairs of a contact that is no more."""
    db.execute(session, SQL.drop_of, {"contact_id": contact_id})


class _Judge:
    """Judges pairs again whose contacts were changed since, by the counts of the last search."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.counts: counting.Counts | None = None
        self.people: dict[int, tuple[Person, int]] = {}  # with their versions

    def learn(self, changed: Sequence[Any]) -> None:
        """Read what is needed for these pairs."""
        if not changed:
            return

        kept = db.execute(self.session, SQL.counted).one_or_none()
        if kept and kept.counts and self.counts is None:
            self.counts = counting.unpacked(kept.counts, kept.contacts)

        ids = sorted({row[name] for row in changed for name in ("contact_id", "other_id")})
        for row in db.execute(self.session, SQL.people, {"ids": ids}):
            self.people[row[0]] = people.person(row[:-1]), row[-1]

    def as_it_is(self, row: Any) -> FoundPair | None:
        """The pair, judged again where it has to be; None where it is dropped.

        Without counts, since a person was erased, no pair can be judged.
        """
        if row["is_fresh"]:
            return _pair(row)

        numbers = {"contact_id": row["contact_id"], "other_id": row["other_id"]}
        both = [self.people.get(number) for number in numbers.values()]
        if self.counts is None or None in both:
            db.execute(self.session, SQL.drop, numbers)
            return None

        from webapp.duplicates import scoring  # noqa: PLC0415 - 3 MB that few requests need

        (one, version), (other, other_version) = (each for each in both if each)
        score, evidence = scoring.score(one, other, self.counts)
        if score < LISTED_FROM:
            db.execute(self.session, SQL.drop, numbers)
            return None

        judged = {"score": round(score, 2), "evidence": evidence}
        versions = {"version": version, "other_version": other_version}
        db.execute(self.session, SQL.judge, {**numbers, **judged, **versions})
        return _pair({**row, **judged})


def _pair(row: Any) -> FoundPair:
    return FoundPair(
        row["contact_id"],
        row["other_id"],
        row["score"],
        tuple(row["evidence"]),
        row["answer"],
    )
