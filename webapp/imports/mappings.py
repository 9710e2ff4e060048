"""Mappings as people keep them: the last one for each header by itself, and those saved under a
name, which can be shared with everyone who signs in.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking import column_rules, mapping
from webapp.checking import constants as of_all
from webapp.models import ContactImport, MappingTemplate, User
from webapp.reading.records import column_names
from webapp.vocabulary.fields import REPEATABLE, TAGS
from webapp.vocabulary.refusals import Refusal

SQL = queries.load("imports")
LONGEST_NAME = 80
MOST_OFFERED = 100
# Where labels of custom fields are looked for.
LATEST_CONTACTS, LATEST_IMPORTS, MOST_LABELS = 1_000, 200, 2_000
LARGEST_ID = 2**63 - 1  # PostgreSQL's bigint
UNKNOWN = ""  # no target is called that
# What is kept with a mapping beside its targets: columns of an import.
KEPT = ("constants", "tag", "column_rules")


@dataclass(frozen=True)
class Saved:
    """A mapping that has a name.

    `own` says whether it is this person's; `by` is the name, or else the e-mail, of whose it is.
    `columns` counts those that go somewhere. `tag` and `constants` are for all rows.
    """

    id: int
    name: str
    shared: bool
    own: bool
    by: str
    columns: int
    tag: str | None
    constants: dict[str, str]
    used_at: datetime


@dataclass(frozen=True)
class Kept:
    """What a person chose for a file with such columns: a target or None for each, what goes with
    them by name (`KEPT`), and when it was used last; the saved mapping that says so, if one does.
    """

    targets: list[str | None]
    choices: dict[str, Any]
    used_at: datetime
    saved: int | None = None


@dataclass(frozen=True)
class Said:
    """What a saved mapping says: a target or None for each column of these labels, and what goes
    with them by name (`KEPT`).
    """

    columns: list[str]
    targets: list[str | None]
    choices: dict[str, Any]


def choices_kept(run: ContactImport) -> dict[str, Any]:
    """What was chosen for an import and is kept with its mapping; without what says nothing."""
    chosen = {name: getattr(run, name) for name in KEPT}
    chosen["column_rules"] = column_rules.own(
        run.column_rules or {}, [*(run.mapping or []), *chosen["constants"]]
    )
    return {name: value for name, value in chosen.items() if value}


def suggested(
    session: Session, columns: Sequence[str], sample: Sequence[Sequence[str]]
) -> list[str | None]:
    """A target for each column, by its label and its values; custom fields are called as in the
    book, where it has them in another case.
    """
    return mapping.suggest(columns, sample, known_labels(session))


def known_labels(session: Session) -> list[str]:
    """Labels of custom fields that the book has, the newest first."""
    limits = {"contacts": LATEST_CONTACTS, "imports": LATEST_IMPORTS, "labels": MOST_LABELS}
    return [row.label for row in db.execute(session, SQL.custom_labels, limits)]


def remember(session: Session, run: ContactImport) -> None:
    """Keep an import's mapping, and what goes with it, for the next file with its header."""
    _keep(session, run.created_by, None, run)


def forget_last(session: Session, user_id: int, columns: Sequence[str]) -> None:
    """Have the next file with this header get what is suggested."""
    session.execute(delete(MappingTemplate).where(*_last_for(user_id, columns)))


def save(
    session: Session, user_id: int, name: str, run: ContactImport, *, shared: bool = False
) -> None:
    """Keep an import's mapping, and what goes with it, under a name; one of that name is replaced.

    The first 80 characters of the name count.
    """
    _keep(session, user_id, name[:LONGEST_NAME], run, shared=shared)


def _keep(
    session: Session,
    user_id: int,
    name: str | None,
    run: ContactImport,
    *,
    shared: bool = False,
) -> None:
    kept = {
        "columns": list(run.columns),
        "mapping": list(run.mapping or []),
        "choices": choices_kept(run),
        "header_hash": header_hash(run.columns),
        "shared": shared,
    }
    _put(session, user_id, name, kept)


def create(session: Session, user_id: int, name: str, said: Said, *, shared: bool) -> Saved:
    """Keep a mapping under a name, without an import; one of that name is replaced.

    Raises Refusal for targets that fit no such columns, for what cannot hold for all rows, and for
    rules of what no column is.
    """
    constants, tag = said.choices.get("constants") or {}, said.choices.get("tag")
    mapping.check(said.targets, said.columns)
    of_all.check(said.targets, constants, tag)
    ruled = [*said.targets, *constants, TAGS.name if tag else None]
    rules = column_rules.checked(said.choices.get("column_rules") or {}, ruled)
    given = {
        "constants": constants,
        "tag": tag,
        "column_rules": column_rules.own(rules, ruled),
    }
    kept = {
        "columns": said.columns,
        "mapping": said.targets,
        "choices": {key: value for key, value in given.items() if value},
        "header_hash": header_hash(said.columns),
        "shared": shared,
    }

    return _shown(session, user_id, _put(session, user_id, name, kept))


def _put(session: Session, user_id: int, name: str | None, kept: dict[str, Any]) -> int:
    new = insert(MappingTemplate).values(user_id=user_id, name=name, **kept)
    by = "header_hash" if name is None else "name"
    where = (
        MappingTemplate.name.is_(None) if name is None else MappingTemplate.name.is_not(None)
    )
    put = new.on_conflict_do_update(
        index_elements=["user_id", by],
        index_where=where,
        set_={**kept, "used_at": func.now()},
    )
    return int(session.scalars(put.returning(MappingTemplate.id)).one())


def change(
    session: Session,
    user_id: int,
    template_id: int,
    *,
    name: str | None = None,
    shared: bool | None = None,
    of_all_people: bool = False,
) -> Saved:
    """Give a saved mapping another name, or share it, or no longer; None: as it was.

    `of_all_people`: an administrator may change what others share. Raises Refusal:
    mapping_unknown, mapping_of_other and mapping_name_taken.
    """
    found = _to_change(session, user_id, template_id, of_all_people=of_all_people)
    if name is not None and name != found.name:
        taken = select(MappingTemplate.id).where(
            MappingTemplate.user_id == found.user_id, MappingTemplate.name == name
        )
        if session.scalar(taken) is not None:
            raise Refusal("mapping_name_taken", at="/name", name=name)
        found.name = name[:LONGEST_NAME]
    if shared is not None:
        found.shared = shared
    session.flush()

    return _shown(session, user_id, template_id)


def forget(
    session: Session, user_id: int, template_id: int, *, of_all_people: bool = False
) -> None:
    """Delete a saved mapping; imports that used it keep theirs. Raises Refusal as `change` does."""
    session.delete(_to_change(session, user_id, template_id, of_all_people=of_all_people))
    session.flush()


def _to_change(
    session: Session, user_id: int, template_id: int, *, of_all_people: bool
) -> MappingTemplate:
    found = _usable(session, user_id, template_id)
    if found is None:
        raise Refusal("mapping_unknown")
    if found.user_id != user_id and not of_all_people:
        raise Refusal("mapping_of_other")
    return found


def use(session: Session, user_id: int, template_id: int) -> None:
    """Note that a saved mapping was used now; one that is gone is not missed."""
    if found := _usable(session, user_id, template_id):
        found.used_at = func.now()


def remembered(session: Session, user_id: int, columns: Sequence[str]) -> Kept | None:
    """The mapping for a file with this header: the last one that this person gave, or else one that
    is saved under a name, their own before those of others; our own lists of rows have that of the
    file from which the rows are.

    None where no column has a label: those of another file may hold anything.
    """
    if list(columns) == column_names(len(columns)):
        return None

    theirs = [label for label in columns if not mapping.is_ours(label)]
    for header in dict.fromkeys((tuple(columns), tuple(theirs))):
        last = session.scalar(select(MappingTemplate).where(*_last_for(user_id, header)))
        named = session.scalar(_named_for(user_id, header).limit(1))
        for found in filter(None, (last, named)):
            if _fits(found.mapping, header):
                return Kept(
                    _with_ours(found.mapping, header, columns),
                    found.choices,
                    found.used_at,
                    named.id if named and _says_the_same(found, named) else None,
                )

    return None


def _named_for(user_id: int, header: Sequence[str]) -> Select[MappingTemplate]:
    """Saved mappings with this header, those first that are taken first."""
    own = MappingTemplate.user_id == user_id
    return (
        select(MappingTemplate)
        .where(
            MappingTemplate.header_hash == header_hash(header),
            MappingTemplate.name.is_not(None),
            or_(own, MappingTemplate.shared),
        )
        .order_by(own.desc(), MappingTemplate.used_at.desc(), MappingTemplate.id)
    )


def _says_the_same(one: MappingTemplate, other: MappingTemplate) -> bool:
    return (one.mapping, one.choices) == (other.mapping, other.choices)


def has_named(session: Session, user_id: int, columns: Sequence[str]) -> bool:
    """Whether a saved mapping would be taken for this header."""
    return session.scalar(_named_for(user_id, columns).limit(1)) is not None


def _with_ours(
    targets: Sequence[str | None], header: Sequence[str], columns: Sequence[str]
) -> list[str | None]:
    """The targets of a header on all columns, where our own stand among them."""
    if len(header) == len(columns):
        return list(targets)

    left = iter(targets)
    return [None if mapping.is_ours(label) else next(left) for label in columns]


def _last_for(user_id: int, columns: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """The row that keeps the last mapping for this header."""
    return (
        MappingTemplate.user_id == user_id,
        MappingTemplate.header_hash == header_hash(columns),
        MappingTemplate.name.is_(None),
    )


def saved(session: Session, user_id: int) -> list[Saved]:
    """The mappings that have a name, this person's and those that others share, the last used
    first.
    """
    newest = _offered(user_id).order_by(MappingTemplate.used_at.desc(), MappingTemplate.name)
    found = session.execute(newest.limit(MOST_OFFERED))
    return [_as_saved(template, user, user_id) for template, user in found]


def one_saved(session: Session, user_id: int, template_id: int) -> Saved:
    """A saved mapping that this person may use. Raises Refusal("mapping_unknown")."""
    if _usable(session, user_id, template_id) is None:
        raise Refusal("mapping_unknown")
    return _shown(session, user_id, template_id)


def what_it_says(session: Session, template_id: int) -> Said:
    """What a saved mapping says, for one who may use it."""
    found = session.get_one(MappingTemplate, template_id)
    return Said(list(found.columns), list(found.mapping), found.choices)


def _shown(session: Session, user_id: int, template_id: int) -> Saved:
    found = session.execute(_offered(user_id).where(MappingTemplate.id == template_id)).one()
    return _as_saved(found[0], found[1], user_id)


def _offered(user_id: int) -> Select[MappingTemplate, User]:
    return (
        select(MappingTemplate, User)
        .join(User, User.id == MappingTemplate.user_id)
        .where(
            MappingTemplate.name.is_not(None),
            or_(MappingTemplate.user_id == user_id, MappingTemplate.shared),
        )
    )


def _as_saved(template: MappingTemplate, user: User, user_id: int) -> Saved:
    return Saved(
        template.id,
        str(template.name),
        template.shared,
        template.user_id == user_id,
        user.name or user.email,
        sum(1 for target in template.mapping if target),
        template.choices.get("tag"),
        dict(template.choices.get("constants", {})),
        template.used_at,
    )


def applied(
    session: Session,
    user_id: int,
    template_id: int,
    columns: Sequence[str],
    otherwise: Sequence[str | None],
) -> Kept | None:
    """A saved mapping on these columns, column by column by its label; None where there is none of
    that number.

    Columns that it does not know keep what `otherwise` says, unless that field is taken and has
    room for one column only.
    """
    found = _usable(session, user_id, template_id)
    if found is None:
        return None

    known: dict[str, list[str | None]] = defaultdict(list)

    for label, target in zip(found.columns, found.mapping, strict=True):
        known[label].append(target)

    targets = [known[label].pop(0) if known[label] else UNKNOWN for label in columns]

    chosen = [
        target
        if target != UNKNOWN
        else None
        if other in targets and other not in REPEATABLE
        else other
        for target, other in zip(targets, otherwise, strict=True)
    ]

    # A field that a column goes to here has no value for all rows.
    constants = {
        target: text
        for target, text in found.choices.get("constants", {}).items()
        if target not in chosen
    }

    rules = column_rules.fitting(
        found.choices.get("column_rules", {}),
        [*chosen, *constants, TAGS.name if found.choices.get("tag") else None],
    )
    given = {**found.choices, "constants": constants, "column_rules": rules}

    return Kept(chosen, given, found.used_at, found.id)


def _usable(session: Session, user_id: int, template_id: int) -> MappingTemplate | None:
    """A saved mapping, if it is this person's or shared."""
    if template_id > LARGEST_ID:
        return None

    found = session.get(MappingTemplate, template_id)
    is_offered = (
        found and found.name is not None and (found.user_id == user_id or found.shared)
    )
    return found if is_offered else None


def _fits(targets: Sequence[str | None], columns: Sequence[str]) -> bool:
    """Whether a kept mapping is one still: fields may have been added or taken away since."""
    try:
        mapping.check(targets, columns)
    except Refusal:
        return False

    return True


def header_hash(columns: Sequence[str]) -> str:
    """SHA-256 of the column labels."""
    return hashlib.sha256("\x1f".join(columns).encode()).hexdigest()
