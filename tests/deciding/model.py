"""The row decision as plain sequential Python: what the SQL must agree with, row by row,
whatever the batch size.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce

MATCHED = ("external_id", "email", "phone")  # strongest first
UNIQUE = ("external_id", "email")
SEVERAL = ("email", "phone")  # of these a contact can have several: the main one, and a list
MOST = 20  # of a kind a contact
BESIDE = ("status", "clears", "problems")  # of the row, not of the contact
NAMES = ("prefix", "first_name", "middle_name", "last_name", "suffix")
ADDRESS = ("street", "city")
IDENTIFY = (*MATCHED, "first_name", "last_name")  # a row needs one of these
PLAIN = (*NAMES, "company", *ADDRESS)
PRESET = {"skip": "keep", "update": "replace", "merge": "fill"}
PERSON = (*NAMES, "company", *ADDRESS)
DONE = {"update": "updated", "merge": "merged"}


@dataclass
class Book:
    """Contacts by number; the row that made each, 0 for those before; the ledger as (outcome,
    number, code) by row; the rows of which not all addresses could be added, and those that come
    with a warning of another name.

    Of rows with a choice which kinds of keys were left out; of conflicts who holds which key.
    """

    contacts: dict[int, dict] = field(default_factory=dict)
    made: dict[int, int] = field(default_factory=dict)
    ledger: dict[int, tuple[str, int | None, str | None]] = field(default_factory=dict)
    exceeding: set[int] = field(default_factory=set)
    left_out: dict[int, list[str]] = field(default_factory=dict)  # keys, by row
    candidates: dict[int, dict[str, list[int]]] = field(default_factory=dict)  # of conflicts
    other_names: set[int] = field(default_factory=set)

    def owners(self, key: str, row: dict) -> list[int]:
        return [
            number
            for number, contact in self.contacts.items()
            if keys(key, row) & keys(key, contact)
        ]

    def same_persons(self, row: dict) -> list[int]:
        return [
            number
            for number, contact in self.contacts.items()
            if any(person(row)) and person(contact) == person(row)
        ]


def addresses(kind: str, of: dict) -> list[dict]:
    """The e-mails or phones of a contact or a row, the main one first."""
    columns = {"value": kind, "key": f"{kind}_key", "label": f"{kind}_label"}
    main = {name: of.get(column) for name, column in columns.items()}
    return [main] * (main["value"] is not None) + (of.get(f"further_{kind}s") or [])


def as_columns(kind: str, listed: list[dict]) -> dict:
    main = listed[0] if listed else {"value": None, "key": None, "label": None}
    return {
        kind: main["value"],
        f"{kind}_key": main["key"],
        f"{kind}_label": main["label"],
        f"further_{kind}s": listed[1:],
    }


def keys(key: str, of: dict) -> set[str]:
    found = [one["key"] for one in addresses(key, of)] if key in SEVERAL else [of.get(key)]
    return {*found} - {None}


def person(row: dict) -> tuple[str, ...]:
    """What tells a person that has no key, but for upper and lower case and blanks."""
    return tuple(" ".join((row.get(name) or "").lower().split()) for name in PERSON)


def has_other_name(row: dict, contact: dict) -> bool:
    """Whether two names have nothing in common; there are no short forms among those tried."""
    (mine, my_family), (theirs, their_family) = (
        (
            words(side.get("first_name")) | words(side.get("middle_name")),
            words(side["last_name"]),
        )
        for side in ({"last_name": None} | row, contact)
    )
    if not mine or not theirs:
        mine, theirs = mine | my_family, theirs | their_family
    swapped = mine & their_family and (not my_family or my_family & theirs)
    return bool(mine and theirs) and not mine & theirs and not swapped


def words(name: str | None) -> set[str]:
    return set((name or "").lower().split())


def take(
    book: Book,
    number: int,
    row: dict,
    strategy: str,
    match_keys: tuple[str, ...],
    *,
    create_new: bool = True,
    rules: dict[str, str] | None = None,
    hold_other_names: bool = False,
    choice: dict | None = None,
) -> None:
    if row.get("status", "valid") != "valid":
        book.ledger[number] = (row["status"], None, row["status"])
        return
    owners = {key: book.owners(key, row) for key in MATCHED}
    looked_up = [key for key in MATCHED if key in UNIQUE or key in match_keys]
    if choice:
        settled = take_chosen(book, number, row, choice, owners, looked_up)
    else:
        settled = take_by_keys(
            book, number, row, owners, match_keys, hold_other_names=hold_other_names
        )
    if settled is None:
        if book.ledger[number][0] == "conflict":
            book.candidates[number] = {key: owners[key] for key in looked_up if owners[key]}
        return
    owner, row = settled
    if owner is None and not create_new and not choice:
        book.ledger[number] = ("new_skipped", None, None)
    elif owner is None:
        new = max(book.contacts, default=0) + 1
        blank = {"tags": [], "custom": {}, **dict.fromkeys(("external_id", *PLAIN))}
        said = {name: value for name, value in row.items() if name not in BESIDE}
        for kind in SEVERAL:
            said |= as_columns(kind, addresses(kind, row))
        book.contacts[new] = blank | said
        book.made[new] = number
        book.ledger[number] = ("created", new, None)
    else:
        before = book.contacts[owner]
        if strategy == "skip":
            book.left_out.pop(number, None)  # Nothing of the row is written.
        else:
            book.contacts[owner], exceeds = changed(before, row, strategy, rules or {})
            book.exceeding |= {number} if exceeds else set()
        outcome = "duplicate_skipped" if strategy == "skip" else "unchanged"
        outcome = outcome if book.contacts[owner] == before else DONE[strategy]
        book.ledger[number] = (outcome, owner, "joins_row" if book.made[owner] else None)


def take_by_keys(
    book: Book,
    number: int,
    row: dict,
    owners: dict,
    match_keys: tuple[str, ...],
    *,
    hold_other_names: bool,
) -> tuple[int | None, dict] | None:
    """Whom the row belongs to, None for a new contact, and the row; None where it is in
    conflict.
    """
    if not any(row.get(key) for key in MATCHED):
        owner = min(book.same_persons(row), default=None)
    else:
        owner = next(
            (found[0] for key, found in owners.items() if key in match_keys and found), None
        )
    other = any(owners[key] for key in UNIQUE if key in match_keys) and has_other_name(
        row, book.contacts[owner]
    )
    if code := conflict(book, row, owners, owner, match_keys):
        book.ledger[number] = ("conflict", None, code)
    elif other and hold_other_names:
        book.ledger[number] = ("conflict", None, "other_name")
    else:
        if other:
            book.other_names.add(number)
        return owner, row
    return None


def take_chosen(
    book: Book, number: int, row: dict, choice: dict, owners: dict, looked_up: list[str]
) -> tuple[int | None, dict] | None:
    """The same where a person chose: `chosen`, `contact` and `by`, the kinds of keys."""
    chosen, by = choice["chosen"], [key for key in choice["by"] or () if key in looked_up]
    owner = None
    if chosen == "leave_out":
        book.ledger[number] = ("left_out", None, "left_out")
        return None
    if chosen == "contact":
        is_like = choice["by"] is None and choice["contact"] in book.contacts
        holds = any(choice["contact"] in owners[key] for key in by)
        owner = choice["contact"] if is_like or holds else None
    elif chosen == "owner_of":
        owner = owners[by[0]][0] if by and len(owners[by[0]]) == 1 else None
    if owner is None and chosen != "new":
        book.ledger[number] = ("conflict", None, "choice_gone")
        return None

    held = {
        key: {
            one
            for other in owners[key]
            if other != owner
            for one in keys(key, book.contacts[other])
        }
        & keys(key, row)
        for key in looked_up
    }
    left = dict(row)
    if held["external_id"]:
        del left["external_id"]
    for kind in [kind for kind in SEVERAL if held.get(kind)]:
        left |= as_columns(
            kind, [one for one in addresses(kind, row) if one["key"] not in held[kind]]
        )
    if chosen == "new" and not any(left.get(name) for name in IDENTIFY):
        book.ledger[number] = ("conflict", None, "key_taken")
        return None
    if kinds := [key for key in looked_up if held[key]]:
        book.left_out[number] = kinds
    return owner, left


def conflict(
    book: Book, row: dict, owners: dict, owner: int | None, match_keys: tuple[str, ...]
) -> str | None:
    if len({number for key in match_keys for number in owners[key]}) > 1:
        return "two_contacts"
    if any(
        number != owner for key in UNIQUE if key not in match_keys for number in owners[key]
    ):
        return "key_taken"
    for key in MATCHED:  # A stronger key that both have, and of which they share none.
        if owner is None or (key in match_keys and owners[key]):
            return None
        if key in match_keys and keys(key, row) and keys(key, book.contacts[owner]):
            return "stronger_key_differs"
    return None


def changed(
    contact: dict, row: dict, strategy: str, rules: dict[str, str]
) -> tuple[dict, bool]:
    """The contact afterwards: each column by its own rule, or else by the strategy's; and whether
    it comes to more addresses than it can have.

    What replaces lets the row win, what fills gives what is blank, what keeps does nothing.
    """
    after = {name: None for name in row if name not in BESIDE} | contact

    def rule(name: str) -> str:
        named = "name" if name in NAMES else name
        if name in ADDRESS and "address" in rules:
            named = "address"
        return rules.get(named, PRESET[strategy])

    for name, value in row.items():
        if name == "tags":
            after["tags"] = tags(contact["tags"], value, rule("tags"))
        elif name == "custom":
            after["custom"] = custom(contact["custom"], value, rule)
        elif name in ("external_id", *PLAIN) and comes(contact.get(name), rule(name)):
            after[name] = value

    after |= name_of(contact, row, rule("first_name"))
    if "address" in rules:
        after |= address_of(contact, row, rules["address"])

    said = row.get("clears") or ()
    empties = [name for name in said if strategy == "update" or rule(name) == "replace"]
    after = reduce(cleared, empties, after)

    lists = {
        kind: together(
            addresses(kind, contact)[kind in empties :], addresses(kind, row), rule(kind)
        )
        for kind in SEVERAL
    }
    for kind, listed in lists.items():
        after |= as_columns(kind, listed[:MOST])
    return after, any(len(listed) > MOST for listed in lists.values())


def comes(there: str | None, rule: str) -> bool:
    return rule == "replace" or (rule == "fill" and there is None)


def custom(has: dict, says: dict, rule: Callable[[str], str]) -> dict:
    come = {key for key in says if comes(has.get(key), rule(f"custom:{key}"))}
    return has | {key: says[key] for key in come}


def together(has: list[dict], says: list[dict], rule: str) -> list[dict]:
    """The addresses of a contact and those of a row, were there no limit. What cannot be read takes
    no other's place, and is not added to others.
    """
    if rule == "keep" or not has:
        return has if rule == "keep" else says
    after = list(has)
    if rule == "replace" and says and not held(says[0], has):
        after[0] = says[0] if says[0]["key"] or not has[0]["key"] else has[0]
    return after + [one for one in says if one["key"] and not held(one, after)]


def held(one: dict, among: list[dict]) -> bool:
    """Compared by key, and a phone that cannot be read by its text."""
    return (one["key"] or one["value"]) in {other["key"] or other["value"] for other in among}


def tags(has: list[str], says: list[str], rule: str) -> list[str]:
    same = {}  # by folded tag, as the contact has it
    for tag in has:
        same.setdefault(tag.lower(), tag)
    if rule == "replace":
        return [tag if tag in has else same.get(tag.lower(), tag) for tag in says]
    return has + [tag for tag in says if tag.lower() not in same] if rule == "fill" else has


def folded(value: str | None) -> str | None:
    return value.lower() if value else None


def agree(contact: dict, row: dict, fields: tuple[str, ...]) -> bool:
    """Whether all that both have is the same."""
    both = [name for name in fields if contact.get(name) and row.get(name)]
    return all(folded(contact[name]) == folded(row[name]) for name in both)


def name_of(contact: dict, row: dict, rule: str) -> dict:
    """The parts of the name, where they are not each for itself."""
    if rule == "fill":
        lacking = [name for name in NAMES if row.get(name) and not contact.get(name)]
        come = row if agree(contact, row, NAMES) else contact
        return {name: come.get(name) for name in lacking}

    said = [name for name in NAMES if f"name:{name}" in (row.get("clears") or ())]
    if rule == "keep" or not said:
        return {}
    if any(
        folded(contact.get(name)) != folded(row.get(name))
        for name in ("first_name", "last_name")
    ):
        return {name: row.get(name) for name in said}
    titles = [name for name in ("prefix", "suffix") if name in said and contact.get(name)]
    return {name: contact[name] for name in titles}


def address_of(contact: dict, row: dict, rule: str) -> dict:
    """An address that goes together: it is the same if a part is, and no other part differs."""
    says = {name: row.get(name) for name in ADDRESS}
    has = {name: contact.get(name) for name in ADDRESS}
    shared = [name for name in ADDRESS if says[name] and has[name]]
    same = bool(shared) and agree(contact, row, ADDRESS)
    if rule == "keep" or not any(says.values()):
        return has
    if rule == "fill" and any(has.values()) and not same:
        return has
    first, then = (has, says) if rule == "fill" else (says, has)
    return {name: first[name] or then[name] for name in ADDRESS} if same else says


def cleared(contact: dict, name: str) -> dict:
    if name.startswith("name:"):
        return contact
    if name.startswith("custom:"):
        kept = {key: value for key, value in contact["custom"].items() if key != name[7:]}
        return contact | {"custom": kept}
    return contact | {name: [] if name == "tags" else None}
