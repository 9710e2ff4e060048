"""The row decision as plain sequential Python: what the SQL must agree with, row by row,
whatever the batch size.
"""

from dataclasses import dataclass, field

KEYS = {
    "external_id": "external_id",
    "email": "email_key",
    "phone": "phone_key",
}  # strongest first
UNIQUE = ("external_id", "email")
BESIDE = ("status", "clears", "problems")  # of the row, not of the contact
PLAIN = ("first_name", "company")
DONE = {"update": "updated", "merge": "merged"}


@dataclass
class Book:
    """Contacts by number; the row that made each, 0 for those before; the ledger as (outcome,
    number, code) by row.
    """

    contacts: dict[int, dict] = field(default_factory=dict)
    made: dict[int, int] = field(default_factory=dict)
    ledger: dict[int, tuple[str, int | None, str | None]] = field(default_factory=dict)

    def owners(self, key: str, row: dict) -> list[int]:
        column, value = KEYS[key], row.get(KEYS[key])
        return [
            number
            for number, contact in self.contacts.items()
            if value is not None and contact[column] == value
        ]


def take(
    book: Book, number: int, row: dict, strategy: str, match_keys: tuple[str, ...]
) -> None:
    if row.get("status", "valid") != "valid":
        book.ledger[number] = (row["status"], None, row["status"])
        return
    owners = {key: book.owners(key, row) for key in KEYS}
    owner = next(
        (found[0] for key, found in owners.items() if key in match_keys and found), None
    )
    if code := conflict(book, row, owners, owner, match_keys):
        book.ledger[number] = ("conflict", None, code)
    elif owner is None:
        new = max(book.contacts, default=0) + 1
        blank = {"tags": [], "custom": {}, **dict.fromkeys((*KEYS, *KEYS.values(), *PLAIN))}
        book.contacts[new] = blank | {
            name: value for name, value in row.items() if name not in BESIDE
        }
        book.made[new] = number
        book.ledger[number] = ("created", new, None)
    else:
        before = book.contacts[owner]
        book.contacts[owner] = before if strategy == "skip" else changed(before, row, strategy)
        outcome = "duplicate_skipped" if strategy == "skip" else "unchanged"
        outcome = outcome if book.contacts[owner] == before else DONE[strategy]
        book.ledger[number] = (outcome, owner, "joins_row" if book.made[owner] else None)


def conflict(
    book: Book, row: dict, owners: dict, owner: int | None, match_keys: tuple[str, ...]
) -> str | None:
    if len({number for key in match_keys for number in owners[key]}) > 1:
        return "two_contacts"
    if any(
        number != owner for key in UNIQUE if key not in match_keys for number in owners[key]
    ):
        return "key_taken"
    for key, column in KEYS.items():  # A stronger key that both have and that differs.
        if owner is None or (key in match_keys and owners[key]):
            return None
        mine, theirs = row.get(column), book.contacts[owner][column]
        if key in match_keys and None not in {mine, theirs} and mine != theirs:
            return "stronger_key_differs"
    return None


def changed(contact: dict, row: dict, strategy: str) -> dict:
    """The contact afterwards.

    An update lets what the row says win, a merge fills in what is blank.
    """
    after = {name: None for name in row if name not in BESIDE} | contact
    clears = (row.get("clears") or ()) if strategy == "update" else ()
    wins = {name for name in row if strategy == "update" or contact.get(name) is None}
    for name, value in row.items():
        if name == "tags":
            old = contact["tags"]
            same = {}  # by folded tag, as the contact has it
            for tag in old:
                same.setdefault(tag.lower(), tag)
            after["tags"] = (
                [tag if tag in old else same.get(tag.lower(), tag) for tag in value]
                if strategy == "update"
                else old + [tag for tag in value if tag.lower() not in same]
            )
        elif name == "custom":
            mine = contact["custom"]
            after["custom"] = {**mine, **value} if strategy == "update" else {**value, **mine}
        elif name in wins and name in KEYS:  # The key that is derived from it comes with it.
            key = row.get(KEYS[name])
            if contact[KEYS[name]] is None or key not in {None, contact[KEYS[name]]}:
                after |= {name: value, KEYS[name]: key}
        elif name in wins and name in PLAIN:
            after[name] = value
    for name in clears:
        if name.startswith("custom:"):
            after["custom"] = {
                key: value for key, value in after["custom"].items() if key != name[7:]
            }
        else:
            after |= {name: [] if name == "tags" else None} | (
                {KEYS[name]: None} if name in KEYS else {}
            )
    return after
