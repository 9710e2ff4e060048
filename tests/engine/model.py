"""The row decision as plain sequential Python: what the SQL must agree with, row by row, whatever the batch size."""

from dataclasses import dataclass, field

KEYS = {"external_id": "external_id", "email": "email_key"}


@dataclass
class Book:
    """Contacts by number, and the ledger as (outcome, contact number or None) by row."""

    contacts: dict[int, dict] = field(default_factory=dict)
    ledger: dict[int, tuple[str, int | None]] = field(default_factory=dict)

    def owner(self, key: str, value: str | None) -> int | None:
        return next((n for n, c in self.contacts.items() if value is not None and c.get(key) == value), None)


def take(book: Book, number: int, row: dict, strategy: str, match_keys: tuple[str, ...]) -> None:
    owners = {name: book.owner(column, row.get(column)) for name, column in KEYS.items()}
    matched = [owners[name] for name in KEYS if name in match_keys]
    owner = next((found for found in matched if found is not None), None)
    if conflict(book, row, owners, owner, match_keys):
        book.ledger[number] = ("conflict", None)
    elif owner is None:
        new = max(book.contacts, default=0) + 1
        book.contacts[new] = {"tags": [], "custom": {}, **row}
        book.ledger[number] = ("created", new)
    elif strategy == "skip":
        book.ledger[number] = ("duplicate_skipped", owner)
    else:
        after = changed(book.contacts[owner], row, strategy)
        done = {"update": "updated", "merge": "merged"}[strategy]
        book.ledger[number] = ("unchanged" if after == book.contacts[owner] else done, owner)
        book.contacts[owner] = after


def conflict(book, row, owners, owner, match_keys) -> bool:
    if len({found for name, found in owners.items() if found is not None and name in match_keys}) > 1:
        return True
    if any(found not in (None, owner) for name, found in owners.items() if name not in match_keys):
        return True
    if owner is None or "external_id" not in match_keys or owners["external_id"] is not None:
        return False
    theirs, mine = book.contacts[owner].get("external_id"), row.get("external_id")
    return theirs is not None and mine is not None and theirs != mine


def changed(contact: dict, row: dict, strategy: str) -> dict:
    after = dict(contact)
    for name, value in row.items():
        if name == "tags":
            old = contact["tags"]
            after["tags"] = value if strategy == "update" else old + [tag for tag in value if tag not in old]
        elif name == "custom":
            mine = contact["custom"]
            after["custom"] = {**mine, **value} if strategy == "update" else {**value, **mine}
        elif name != "email_key" and (strategy == "update" or contact.get(name) is None):
            after[name] = value
            if name == "email":
                after["email_key"] = row["email_key"]
    return after
