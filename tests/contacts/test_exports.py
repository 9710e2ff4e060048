"""What is exported comes back as it was: any contacts that an import can make, in each format."""

import csv
import io
from collections import namedtuple
from collections.abc import Iterator

import pytest
import vobject
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from tests.reading.test_formulas import runs
from webapp.checking import mapping
from webapp.checking.checked_rows import CheckedRow
from webapp.checking.column_sets import ColumnSet, columns_of
from webapp.checking.validation import Checker
from webapp.contacts import exporting, vcards, workbooks
from webapp.contacts.addresses import addresses_of
from webapp.contacts.export_columns import MOMENTS, all_columns
from webapp.reading import readers
from webapp.reading.records import Position, Record
from webapp.vocabulary.fields import (
    ADDRESS_LABELS,
    CUSTOM,
    FIELDS,
    SCALARS,
    SEVERAL,
    is_target,
)
from webapp.vocabulary.keys import FURTHER_COLUMN, LABEL_COLUMN

EXAMPLES = examples(20, 1000)
BESIDE = (*LABEL_COLUMN.values(), *FURTHER_COLUMN.values())
ENTRY = [name for name in exporting.COLUMNS if name not in MOMENTS.values()]
Entry = namedtuple("Entry", ENTRY, defaults=[None] * len(BESIDE))  # noqa: PYI024 - made of the list


class Given(exporting.Selection):
    """These contacts, instead of those of a database."""

    def __init__(self, entries: list[Entry], column_set: ColumnSet | None = None) -> None:
        self.entries = entries
        labels = sorted({label for entry in entries for label in entry.custom})
        addresses = {kind: self._columns_of(None, kind) for kind in SEVERAL}
        self.is_for_program, self.moment = column_set is not None, None
        self.columns = (
            columns_of(column_set, addresses, labels)
            if column_set
            else all_columns(addresses, labels)
        )

    def _columns_of(self, _session: object, kind: str) -> tuple[int, bool]:
        lists = [addresses_of(entry, kind) for entry in self.entries]
        labelled = any(one["label"] for held in lists for one in held)
        return max([1, *map(len, lists)]), labelled

    def pages(self, _session: object) -> Iterator[list[Entry]]:
        yield self.entries


FORMATS = {"csv": exporting.as_csv, "xlsx": workbooks.as_xlsx, "vcf": vcards.as_vcards}
SIGNS = st.sampled_from(
    [*"'\"=+-@;,|\n\t\\:#[]{}()/*_ ax1Zé", "\u200b", "\u2028", "\U0001f600", "\uffff", "字"]
)
TEXT = st.text(SIGNS, min_size=1, max_size=10) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10
)
ODD = st.sampled_from(
    ["=1+1", "'=1+1", "''=1", '="01067"', "'=\"01067\"", "O'Brien", "-", "+49 30 1234567", "@acme", "a;=b", "'a",
     "two\nlines", "a\t'=b", "_x0041_", "\\n", "N/A", "NULL", "x" * 80, "字" * 40, "1.5", "1E5", "001", "true"]
)  # fmt: skip
ANY = TEXT | ODD
SITE = "https://example.org/a"
# The columns of a file with two e-mails and two phones, each with its label.
ADDRESSED = [target for target, _ in mapping.exported(dict.fromkeys(SEVERAL, (2, True)))]
KINDS = st.sampled_from(list(ADDRESS_LABELS))
VALUES = {
    "email_label": KINDS,
    "phone_label": KINDS,
    "email": st.sampled_from(["ann@example.com", "ann@home.example", "Ann@EXAMPLE.org",
         "O'Neil+x@example.org", "=a@example.com", "Bo <bo@example.com>"])
    | st.integers(1, 999).map("a{}@example.com".format),
    "phone": st.sampled_from(
        ["+4930123456", "030 1234", "+44 20 7946 0958 ext 5", "evenings", "+4930123456; +4930123457", "12",
         "030 12345 / 67890", "+4930123456; 12; x"]
    ),
    "birthday": st.sampled_from(["1985-04-23", "--02-29", "1.3.1970", "May 4", "2001-12-31"]),
    "country": st.sampled_from(["Germany", "DE", "Namibia", "NA", "Atlantis", "us"]),
    "tags": st.lists(ANY, min_size=1, max_size=4).map("; ".join)
    | st.sampled_from(['["a, b", "c"]', '["x;y"]', "a, b, c"]),
}  # fmt: skip
LABELS = st.sampled_from(
    ["Shoe size", "shoe size", "Work phone", "E-mail 2", "Title", "Name", "Rowcall row", "Column B", "custom:x", "=x",
     "'=x", "E-mail (further)", "Tags", "Ünïcode \U0001f600", "Assistant's phone", "x" * 100, "Notes", 'a,b;c"d']
) | TEXT.filter(lambda label: is_target(CUSTOM + label) and label == " ".join(label.split()))  # fmt: skip


WORDS = st.text(st.characters(categories=["L"]), min_size=2, max_size=10) | st.sampled_from(
    ["O'Brien", "two\nlines", "a;=b", "a, b; c\\d", "=x", "'=x", "Zoë 🌻"]
)


@st.composite
def contacts(draw, texts=ANY) -> list[Entry]:
    """Contacts as imports make them of such cells."""
    labels = draw(st.lists(LABELS, unique_by=str.casefold, max_size=3))
    targets = [*ADDRESSED, *(CUSTOM + label for label in labels)]
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    place: VALUES.get(target, texts) for place, target in enumerate(targets)
                },
            ),
            min_size=1,
            max_size=3,
        )
    )
    checker = Checker(targets)
    made = [
        checker.check(_record(number, [row.get(place, "") for place in range(len(targets))]))
        for number, row in enumerate(rows, 1)
    ]
    valid = [row for row in made if row.status == "valid"]
    assume(valid)
    entries = [entry_of(row) for row in valid]
    keys = [one["key"] for entry in entries for one in addresses_of(entry, "email")]
    assume(len(set(keys)) == len(keys))  # as in a book
    return entries


def _record(row: int, cells: list[str]) -> Record:
    return Record(row, cells, None, Position(0, row))


def entry_of(row: CheckedRow) -> Entry:
    values = {name: row.values.get(name) for name in SCALARS}
    beside = {name: getattr(row, name) for name in BESIDE}
    return Entry(id=row.row, **values, tags=row.tags or [], custom=row.custom or {}, **beside)


def said(entry: Entry) -> dict[str, object]:
    """All that is said of a contact, but for its number."""
    return {name: value for name, value in entry._asdict().items() if name != "id" and value}


def read_back(content: bytes, filename: str) -> list[Entry]:
    """The contacts of a file under the mapping that is suggested."""
    source = readers.BytesSource(content)
    # Of a row or two of odd signs the delimiter may be another one, too.
    given = "," if filename.endswith("csv") else None
    head = readers.inspect(source, filename, delimiter=given)
    checker = Checker(mapping.suggest(head.columns, head.sample), columns=head.columns)
    rows = [checker.check(record) for record in readers.records(source, head.dialect)]
    assert [row.problems for row in rows if row.status != "valid"] == []
    return [entry_of(row) for row in rows]


def there_and_back(
    kind: str, entries: list[Entry], column_set: ColumnSet | None = None
) -> None:
    content = b"".join(FORMATS[kind](None, Given(entries, column_set)))
    assert list(map(said, read_back(content, f"contacts.{kind}"))) == list(map(said, entries))


@given(contacts())
@settings(max_examples=EXAMPLES, deadline=None)
def test_contacts_come_back_from_a_csv(entries):
    there_and_back("csv", entries)


@given(contacts(), st.sampled_from(ColumnSet))
@settings(max_examples=EXAMPLES, deadline=None)
def test_contacts_come_back_from_the_columns_of_a_program(entries, column_set):
    there_and_back("csv", entries, column_set)


@given(contacts())
@settings(max_examples=examples(10, 25), deadline=None)
def test_contacts_come_back_from_a_workbook(entries):
    there_and_back("xlsx", entries)


@given(contacts(WORDS))
@settings(max_examples=examples(10, 25), deadline=None)
def test_contacts_come_back_from_cards(entries):
    """Cards have no header by which they are known as ours, so values tell what some columns are,
    and the label of a custom field is a label like any other.
    """
    given = [
        each._replace(
            website=each.website and SITE,
            custom={label: text for label, text in each.custom.items() if label[0].isalnum()},
        )
        for each in entries
    ]
    there_and_back("vcf", given)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("number", ["1024.0", "'1024", "01067", "'s"])
def test_numbers_that_a_book_holds_come_back_as_they_are(kind, number):
    """Also those that an upload of before took with a program's decimals."""
    values = dict.fromkeys(SCALARS) | {"external_id": number, "postal_code": number}
    there_and_back(kind, [Entry(id=1, **values, tags=[], custom={})])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("tags", [["/"], ["N/A"], ["-", "VIP"], ["a, b", "c"]])
def test_tags_that_are_words_for_nothing_come_back(kind, tags):
    there_and_back(kind, [Entry(1, "7", *[None] * (len(SCALARS) - 1), tags=tags, custom={})])


@given(contacts())
@settings(max_examples=examples(15, 40), deadline=None)
def test_no_cell_of_a_csv_runs_as_a_formula(entries):
    content = b"".join(exporting.as_csv(None, Given(entries)))
    assert content.startswith(exporting.BOM)
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        assert [cell for cell in row if runs(cell)] == []


@given(contacts())
@settings(max_examples=examples(15, 40), deadline=None)
def test_cards_say_to_another_program_what_the_contacts_say(entries):
    """But for commas of an address, at which that program parts it."""
    entries = [each._replace(website=each.website and SITE) for each in entries]
    cards = parsed(b"".join(vcards.as_vcards(None, Given(entries))))
    assert len(cards) == len(entries)
    for card, entry in zip(cards, entries, strict=True):
        assert card.version.value == "4.0"
        assert {name: text for name, text in of_card(card).items() if text} == of_entry(entry)


def parsed(content: bytes) -> list:
    """The cards, read by vobject. It takes a character that ends lines elsewhere for such an end,
    and drops one that begins a file.
    """
    return list(vobject.readComponents(content.decode().replace("\u2028", " ")))


OF_PROPERTY = {
    field.vcard: field.name for field in FIELDS if ":" not in field.vcard and field.vcard != "BDAY"
}  # fmt: skip


def of_card(card) -> dict[str, str]:
    """What a card says, by field; of our own properties the labels."""
    found = {
        name: card.contents[key.lower()][0].value
        for key, name in OF_PROPERTY.items()
        if key.lower() in card.contents
    }
    name = card.n.value
    found |= {
        "first_name": name.given,
        "last_name": name.family,
        "middle_name": name.additional,
    }
    found |= {"prefix": name.prefix, "suffix": name.suffix}
    if "bday" in card.contents:
        found["birthday"] = card.bday.value
    if "adr" in card.contents:
        at = card.adr.value
        found |= {"street": at.street, "city": at.city, "region": at.region}
        found |= {"postal_code": at.code, "country": at.country}
    if "org" in card.contents:
        found |= dict(zip(("company", "department"), card.org.value, strict=False))
    return found


def of_entry(entry: Entry) -> dict[str, str]:
    found = {
        name: exporting.as_taken(value) for name in SCALARS if (value := getattr(entry, name))
    }
    if "birthday" in found:
        found["birthday"] = found["birthday"].replace("-", "").rjust(8, "-")[-8:]
        if found["birthday"].startswith("----"):
            found["birthday"] = found["birthday"][2:]
    if not vcards._is_uri(found.get("website", "")):
        found.pop("website", None)
    return found


def test_a_card_to_the_letter():
    values = dict.fromkeys(SCALARS)
    values |= {
        "prefix": "Dr.", "first_name": "Ada", "middle_name": "King", "last_name": "Lovelace; Byron", "suffix": "Jr.",
        "company": "Acme, Inc.", "department": "Engines", "birthday": "--12-10", "notes": "one\ntwo\\",
        "external_id": "7", "phone": "+4930123456", "city": "London", "website": "https://example.com/a,b;c",
    }  # fmt: skip
    tags, custom = ["a, b", "c"], {"Shoe size": "39;5", "Work phone": "=1"}
    entry = Entry(id=1, **values, tags=tags, custom=custom)
    text = b"".join(vcards.as_vcards(None, Given([entry]))).decode()
    assert text.split("\r\n") == [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "FN:Dr. Ada King Lovelace\\; Byron Jr.",
        "N:Lovelace\\; Byron;Ada;King;Dr.;Jr.",
        "UID;VALUE=text:7",
        "TEL:+4930123456",
        "ORG:Acme\\, Inc.;Engines",
        "ADR:;;;London;;;",
        "URL:https://example.com/a,b;c",
        "BDAY:--1210",
        "NOTE:one\\ntwo\\\\",
        "CATEGORIES:a\\, b,c",
        "X-ROWCALL-FIELD:Shoe size;39\\;5",
        "X-ROWCALL-FIELD:custom:Work phone;=1",
        "END:VCARD",
        "",
    ]


def several() -> Entry:
    """A contact with two e-mails and three phones, one of which no one can dial."""
    further = {
        "further_emails": [{"value": "ann@home.example", "key": "ann@home.example", "label": "home"}],
        "further_phones": [
            {"value": "+4930123457", "key": "+4930123457", "label": "other"},
            {"value": "evenings", "key": None, "label": None},
        ],
    }  # fmt: skip
    main = {"email": "ann@example.com", "phone": "+49170123456", "phone_label": "mobile"}
    return Entry(id=1, **{**dict.fromkeys(SCALARS), **main}, tags=[], custom={}, **further)


def test_a_card_with_several_addresses():
    text = b"".join(vcards.as_vcards(None, Given([several()]))).decode()
    found = [line for line in text.split("\r\n") if line.startswith(("EMAIL", "TEL"))]
    assert found == [
        "EMAIL;PREF=1:ann@example.com",
        "EMAIL;PREF=2;TYPE=home:ann@home.example",
        "TEL;PREF=1;TYPE=cell:+49170123456",
        "TEL;PREF=2;TYPE=other:+4930123457",
        "TEL;PREF=3:evenings",
    ]


def test_a_table_has_as_many_columns_of_addresses_as_are_wanted():
    plain = Entry(
        id=2, **{**dict.fromkeys(SCALARS), "phone": "+4930123459"}, tags=[], custom={}
    )
    content = b"".join(exporting.as_csv(None, Given([several(), plain])))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    wanted = {
        "E-mail": "ann@example.com", "E-mail label": "", "E-mail 2": "ann@home.example", "E-mail 2 label": "home",
        "Phone": "+49170123456", "Phone label": "mobile", "Phone 2": "+4930123457", "Phone 2 label": "other",
        "Phone 3": "evenings", "Phone 3 label": "",
    }  # fmt: skip
    assert {
        name: text.lstrip("'") for name, text in rows[0].items() if name in wanted
    } == wanted
    assert [name for name in rows[0] if "-mail" in name or "Phone" in name] == list(wanted)
    assert {name for name, text in rows[1].items() if text} == {"Phone"}
    (alone,) = csv.reader([Given([plain]).headings[2] + ",x"])
    assert alone[0] == "Prefix"  # no column more than the contacts need


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("count", [1, 2, 20])
def test_an_export_is_known_by_its_header(count, labelled):
    columns = mapping.exported({"email": (count, labelled), "phone": (2, not labelled)})
    headings = [*(label for _, label in columns), "custom:Phone 2 label", "Shoe size"]
    targets = [*(target for target, _ in columns), "custom:Phone 2 label", "custom:Shoe size"]
    assert mapping.suggest(headings, []) == targets


def test_every_line_of_a_card_is_short_and_whole():
    values = {
        **dict.fromkeys(SCALARS),
        "notes": "é字\U0001f600 " * 200,
        "last_name": "x" * 300,
    }
    entry = Entry(id=1, **values, tags=[], custom={})
    content = b"".join(vcards.as_vcards(None, Given([entry])))
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= vcards.LINE_BYTES
    assert all(line.decode() == line.decode(errors="strict") for line in lines)
    (card,) = parsed(content)
    assert (card.note.value, card.n.value.family) == (values["notes"], values["last_name"])


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_has_a_place_in_a_card(field):
    entry = Entry(
        id=1, **{**dict.fromkeys(SCALARS), field.name: "zebedee"}, tags=[], custom={}
    )
    assert "zebedee" in b"".join(vcards.as_vcards(None, Given([entry]))).decode()


@pytest.mark.parametrize(
    "label",
    [
        "Shoe size",
        "Work phone",
        "E-mail 2",
        "Phone 2 label",
        "Title",
        "Rowcall row",
        "Column C",
        "custom:x",
    ],
)
def test_a_custom_field_keeps_its_name_whatever_it_is(label):
    headings = Given(
        [Entry(id=1, **dict.fromkeys(SCALARS), tags=[], custom={label: "x"})]
    ).headings
    filled = [["" for _ in headings[:-1]] + ["030 123456"]]
    assert mapping.suggest(headings, filled) == [*SCALARS, "tags", CUSTOM + label]


def test_a_full_sheet_goes_on_in_a_further_one(monkeypatch):
    from webapp.contacts import workbook_process  # noqa: PLC0415 - it brings XlsxWriter

    monkeypatch.setattr(workbook_process, "SHEET_ROWS", 3)
    rows = [b'["ID", "E-mail"]', *(f'["{n}", "p{n}@example.com"]'.encode() for n in range(5))]
    workbook = io.BytesIO()
    workbook_process.write(rows, workbook)
    source = readers.BytesSource(workbook.getvalue())
    found = []
    for sheet in ("Contacts", "Contacts 2", "Contacts 3"):
        head = readers.inspect(source, "contacts.xlsx", sheet=sheet)
        assert head.columns == ["ID", "E-mail"]
        found += [record.cells[0] for record in readers.records(source, head.dialect)]
    assert found == ["0", "1", "2", "3", "4"]
