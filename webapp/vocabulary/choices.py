"""How a person settles a row in conflict, and whose a field is in a merge: closed lists."""

from enum import StrEnum


class Chosen(StrEnum):
    """Whose row it is, in the order in which a page offers it."""

    CONTACT = "contact"  # this contact, by its number
    OWNER_OF = "owner_of"  # the contact that holds the row's key of a kind when it is run
    NEW = "new"  # a contact of its own
    LEAVE_OUT = "leave_out"  # not imported


class Side(StrEnum):
    """Of which of two contacts that are merged a field is taken."""

    KEPT = "kept"
    OTHER = "other"
