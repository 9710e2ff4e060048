"""The columns of a list of contacts as other programs import it, and as an upload takes them back.

A program has no column for some of what a contact holds, or takes part of it only. What its columns
do not hold to the letter stands behind them in columns of ours: they are taken back, and the
program's passes them by.

Sources: Google Contacts' own export (2024 and later); Outlook's own export, of which its import
takes each column.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from webapp.vocabulary.fields import CUSTOM, SEVERAL
from webapp.vocabulary.keys import LABEL_COLUMN

# How many columns e-mails and phones take, and whether those of labels are wanted, by kind.
Addresses = Mapping[str, tuple[int, bool]]


class ColumnSet(StrEnum):
    """Whose import a list is made for."""

    GOOGLE = "google"
    OUTLOOK = "outlook"


@dataclass(frozen=True)
class Column:
    """One column. `target` is what an upload takes it for: null where another one says it better.

    `holds` names what stands in it: a field, `tags`, `custom`, or a name of the set's own; blank
    for a column that stays empty. `number` is its place where a contact has several, from 0, and
    `of` says more of what it is: the label of a custom field, the kind of an address, the heading.
    """

    heading: str
    target: str | None = None
    holds: str = ""
    number: int = 0
    of: str = ""


def columns_of(chosen: ColumnSet, addresses: Addresses, labels: Sequence[str]) -> list[Column]:
    """The columns of a program's list of contacts that have so many addresses and these custom
    fields.
    """
    of_program = _google if chosen is ColumnSet.GOOGLE else _outlook
    return [
        *of_program(addresses, labels),
        Column("Rowcall ID", "external_id", "external_id"),
        Column("Rowcall tags", "tags", "tags"),
        *(Column(CUSTOM + label, CUSTOM + label, CUSTOM, of=label) for label in labels),
    ]


def targets_of(headings: Sequence[str]) -> list[str | None] | None:
    """What an upload takes the columns of such a list for; null where these are no such columns."""
    labels = [one.removeprefix(CUSTOM) for one in headings if one.startswith(CUSTOM)]
    for chosen, patterns in COUNTED.items():
        addresses = {kind: _counted(headings, patterns[kind]) for kind in SEVERAL}
        columns = columns_of(chosen, addresses, labels)
        if [column.heading for column in columns] == list(headings):
            return [column.target for column in columns]

    return None


def _counted(headings: Sequence[str], pattern: re.Pattern[str]) -> tuple[int, bool]:
    found = [match for heading in headings if (match := pattern.fullmatch(heading))]
    return max((int(match[1]) for match in found), default=1), any(match[2] for match in found)


# By which the columns of e-mails and phones are counted: their number, and whether it is a label.
COUNTED = {
    ColumnSet.GOOGLE: {
        "email": re.compile(r"E-mail (\d{1,2}) - (?:Value|(Label))"),
        "phone": re.compile(r"Phone (\d{1,2}) - (?:Value|(Label))"),
    },
    ColumnSet.OUTLOOK: {
        "email": re.compile(r"Rowcall e-mail (\d{1,2})( label)?"),
        "phone": re.compile(r"Rowcall phone (\d{1,2})( label)?"),
    },
}


def _named(text: str, held: Mapping[str, str]) -> list[Column]:
    """Columns by their headings, with the fields that some hold."""
    return [
        Column(heading, held.get(heading), held.get(heading, ""))
        for heading in text.split(",")
    ]


GOOGLE_PERSON = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,"
    "Phonetic Last Name,Name Prefix,Name Suffix,Nickname,File As,Organization Name,"
    "Organization Title,Organization Department,Birthday,Notes,Photo"
)
GOOGLE_PLACE = (
    "Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,"
    "Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,"
    "Address 1 - Extended Address,Website 1 - Label,Website 1 - Value"
)
GOOGLE_FIELDS = {
    "First Name": "first_name",
    "Middle Name": "middle_name",
    "Last Name": "last_name",
    "Name Prefix": "prefix",
    "Name Suffix": "suffix",
    "Organization Name": "company",
    "Organization Title": "job_title",
    "Organization Department": "department",
    "Birthday": "birthday",
    "Notes": "notes",
    "Address 1 - Street": "street",
    "Address 1 - City": "city",
    "Address 1 - Region": "region",
    "Address 1 - Postal Code": "postal_code",
    "Address 1 - Country": "country",
    "Website 1 - Value": "website",
}
GOOGLE_ADDRESSES = {"email": "E-mail", "phone": "Phone"}


def _google(addresses: Addresses, labels: Sequence[str]) -> list[Column]:
    found = [*_named(GOOGLE_PERSON, GOOGLE_FIELDS), Column("Labels", None, "google_labels")]
    for kind, heading in GOOGLE_ADDRESSES.items():
        label = LABEL_COLUMN[kind]
        for number in range(addresses[kind][0]):
            said = f"{heading} {number + 1}"
            found.append(Column(f"{said} - Label", label, "google_label", number, kind))
            found.append(Column(f"{said} - Value", kind, kind, number))

    found += _named(GOOGLE_PLACE, GOOGLE_FIELDS)
    for number, label in enumerate(labels, 1):
        name = f"Custom Field {number}"
        found.append(Column(f"{name} - Label", None, "google_custom_label", of=label))
        found.append(Column(f"{name} - Value", None, CUSTOM, of=label))

    return found


OUTLOOK = (
    "Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,"
    "Business Street,Business Street 2,Business Street 3,Business City,Business State,"
    "Business Postal Code,Business Country/Region,Home Street,Home Street 2,Home Street 3,"
    "Home City,Home State,Home Postal Code,Home Country/Region,Other Street,Other Street 2,"
    "Other Street 3,Other City,Other State,Other Postal Code,Other Country/Region,"
    "Assistant's Phone,Business Fax,Business Phone,Business Phone 2,Callback,Car Phone,"
    "Company Main Phone,Home Fax,Home Phone,Home Phone 2,ISDN,Mobile Phone,Other Fax,Other Phone,"
    "Pager,Primary Phone,Radio Phone,TTY/TDD Phone,Telex,Account,Anniversary,Assistant's Name,"
    "Billing Information,Birthday,Business Address PO Box,Categories,Children,Directory Server,"
    "E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,E-mail 2 Type,"
    "E-mail 2 Display Name,E-mail 3 Address,E-mail 3 Type,E-mail 3 Display Name,Gender,"
    "Government ID Number,Hobby,Home Address PO Box,Initials,Internet Free Busy,Keywords,Language,"
    "Location,Manager's Name,Mileage,Notes,Office Location,Organizational ID Number,"
    "Other Address PO Box,Priority,Private,Profession,Referred By,Sensitivity,Spouse,User 1,User 2,"
    "User 3,User 4,Web Page"
)
OUTLOOK_FIELDS = {
    "Title": "prefix",
    "First Name": "first_name",
    "Middle Name": "middle_name",
    "Last Name": "last_name",
    "Suffix": "suffix",
    "Company": "company",
    "Department": "department",
    "Job Title": "job_title",
    "Business Street": "street",
    "Business City": "city",
    "Business State": "region",
    "Business Postal Code": "postal_code",
    "Business Country/Region": "country",
    "Notes": "notes",
    "Web Page": "website",
}
OUTLOOK_EMAILS = ("E-mail Address", "E-mail 2 Address", "E-mail 3 Address")
# Where a phone goes by its label, as far as there is room; else to the first of REST that is free.
OUTLOOK_PHONES = {
    "work": ("Business Phone", "Business Phone 2"),
    "home": ("Home Phone", "Home Phone 2"),
    "mobile": ("Mobile Phone",),
    "other": ("Other Phone",),
    None: ("Primary Phone",),
}
OUTLOOK_REST = ("Other Phone", "Primary Phone", "Business Phone 2", "Home Phone 2")


def _outlook(addresses: Addresses, _labels: Sequence[str]) -> list[Column]:
    return [
        *map(_of_outlook, _named(OUTLOOK, OUTLOOK_FIELDS)),
        Column("Rowcall birthday", "birthday", "birthday"),
        *(column for kind in SEVERAL for column in _told_again(kind, *addresses[kind])),
    ]


def _of_outlook(column: Column) -> Column:
    """The column with what stands in it for Outlook alone."""
    heading = column.heading
    if heading in OUTLOOK_EMAILS:
        return Column(heading, None, "email", OUTLOOK_EMAILS.index(heading))
    if heading == "Categories":
        return Column(heading, None, "outlook_categories")
    if heading == "Birthday":
        return Column(heading, None, "outlook_birthday")
    if heading in OUTLOOK_REST or any(heading in some for some in OUTLOOK_PHONES.values()):
        return Column(heading, None, "outlook_phone", of=heading)

    return column


def _told_again(kind: str, count: int, labelled: bool) -> list[Column]:
    """Each e-mail or phone in its order, with its label: Outlook has fewer places, and no order."""
    name = {"email": "e-mail", "phone": "phone"}[kind]
    found = []
    for number in range(count):
        heading = f"Rowcall {name} {number + 1}"
        found.append(Column(heading, kind, kind, number))
        if labelled:
            label = LABEL_COLUMN[kind]
            found.append(Column(f"{heading} label", label, label, number))

    return found


def outlook_phones(held: Sequence[Mapping[str, str | None]]) -> dict[str, str]:
    """Which of Outlook's columns each phone goes to, by heading; none where all places
    are taken.
    """
    found: dict[str, str] = {}
    for one in held:
        places = (*OUTLOOK_PHONES[one["label"]], *OUTLOOK_REST)
        free = next((place for place in places if place not in found), None)
        if free:
            found[free] = one["value"] or ""

    return found
