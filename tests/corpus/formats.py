"""Formats beside text and .xlsx: vCard, OpenDocument, old workbooks, what is called .xls,
archives.
"""

# ruff: noqa: E501 - lines of other programs' files

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.corpus.case import HEADER, PEOPLE, Case, numbered, refused, written
from tests.corpus.refusals import zipped
from tests.corpus.workbooks import TABLE, raw

MADE = (
    Path(__file__).parent / "made"
)  # by xlwt and pyxlsbwriter, which are no part of the tests
OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def read(
    name: str, data: bytes, form: str, rows: list[tuple[int, list[str]]], **facts: Any
) -> Case:
    """A file that is read."""
    return Case(
        name, data, rows, format=form, **{"encoding": None, "delimiter": None, **facts}
    )


def cases() -> Iterator[Case]:
    yield from cards()
    yield from opendocument()
    yield from old_workbooks()
    yield from called_xls()
    yield from archives()


CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:B=C3=B6hm;J=C3=BCrgen;;Dr.;
TEL;CELL;VOICE:+49 171 5550101
TEL;WORK;FAX:+49 351 5550102
ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;Am Ufer=
 5;Pirna;;01796;Germany
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQ
 AAAQABAAD/2wBDAAgGBg

BDAY:19790611
END:VCARD

BEGIN:VCARD
VERSION:3.0
N:Nkosi;Thandi;Grace;;
FN:Thandi Nkosi
ORG:Nkosi\\, Dube & Co;Sales
item1.EMAIL;type=INTERNET;type=pref:thandi@example.com
item1.X-ABLabel:_$!<Work>!$_
item2.TEL:+27 21 555 0103
item2.X-ABLabel:Boat
NOTE:likes\\ntea\\, and c
 offee
CATEGORIES:crew,press
BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Lars Holm
TEL;VALUE=uri;TYPE="voice,home":tel:+45-55-501-04
UID:urn:uuid:holm
X-SHOE-SIZE:42
END:VCARD
"""
CARD_COLUMNS = [
    "External ID", "Full name", "Last name", "First name", "Middle name", "Prefix", "Company", "Department",
    "Email", "Email label", "Phone", "Phone label", "Phone (work fax)", "Street (home)", "City (home)",
    "Postal code (home)", "Country (home)", "Birthday", "Tags", "Notes", "Shoe size",
]  # fmt: skip


def card(**cells: str) -> list[str]:
    """A row of the cards; `_` stands for blanks and brackets."""
    plain = {name.replace("_", " "): text for name, text in cells.items()}
    return [plain.get(label.replace("(", "").replace(")", ""), "") for label in CARD_COLUMNS]


def cards() -> Iterator[Case]:
    rows = [
        (1, card(Last_name="Böhm", First_name="Jürgen", Prefix="Dr.", Phone="+49 171 5550101", Phone_label="mobile",
                 Phone_work_fax="+49 351 5550102", Street_home="Am Ufer 5", City_home="Pirna", Postal_code_home="01796",
                 Country_home="Germany", Birthday="1979-06-11")),
        (2, card(Last_name="Nkosi", First_name="Thandi", Middle_name="Grace", Company="Nkosi, Dube & Co", Department="Sales",
                 Email="thandi@example.com", Email_label="work", Phone="+27 21 555 0103", Phone_label="Boat", Notes="likes\ntea, and coffee",
                 Tags="crew, press", Birthday="--02-29")),
        (3, card(Full_name="Lars Holm", Phone="+45-55-501-04", Phone_label="home", External_ID="urn:uuid:holm", Shoe_size="42")),
    ]  # fmt: skip
    for name, text in (("cards", CARDS), ("cards_crlf", CARDS.replace("\n", "\r\n"))):
        yield read(
            f"{name}.vcf",
            text.encode(),
            "vcard",
            rows,
            encoding="utf-8",
            header_row=0,
            columns=CARD_COLUMNS,
        )
    mac = "BEGIN:VCARD\rN:Sørby;Åse\rTEL:1\rEND:VCARD\r"
    yield read(
        "cards_cr.vcf", mac.encode("utf-16"), "vcard", [(1, ["Sørby", "Åse", "1"])], encoding="utf-16",
        header_row=0, columns=["Last name", "First name", "Phone"],
    )  # fmt: skip
    torn = (
        b"BEGIN:VCARD\nFN:Ann Lee\nno property\nBEGIN:VCARD\nFN:Bo Ek\nEMAIL:bo@example.com\n"
    )
    yield read(
        "cards_without_end.vcf", torn, "vcard", [(1, ["Ann Lee", ""]), (2, ["Bo Ek", "bo@example.com"])],
        encoding="utf-8", header_row=0, columns=["Full name", "Email"],
    )  # fmt: skip


def ods(*tables: tuple[str, str], **more: bytes) -> bytes:
    """An OpenDocument sheet: names, and what stands inside of the tables."""
    inside = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in tables
    )
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{OASIS}:office:1.0" '
        f'xmlns:table="{OASIS}:table:1.0" xmlns:text="{OASIS}:text:1.0" xmlns:calc="urn:calc"><office:body>'
        f"<office:spreadsheet>{inside}</office:spreadsheet></office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(
        {"mimetype": kind, "content.xml": content.encode(), **more}, stored=("mimetype",)
    )


def ods_row(*cells: str, facts: str = "") -> str:
    return f"<table:table-row {facts}>{''.join(cells)}</table:table-row>"


def ods_text(text: str, facts: str = "") -> str:
    return f'<table:table-cell office:value-type="string" {facts}><text:p>{text}</text:p></table:table-cell>'


def ods_value(kind: str, facts: str, shown: str) -> str:
    return f'<table:table-cell office:value-type="{kind}" {facts}><text:p>{shown}</text:p></table:table-cell>'


def opendocument() -> Iterator[Case]:
    header = ods_row(*map(ods_text, ["Company", "Email", "Phone", "Zip", "Born", "Sum"]))
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    rows = [
        ods_row(
            ods_text("Ames Ltd", 'table:number-rows-spanned="2"'), ods_text("a@example.com<office:annotation/>"),
            ods_value("float", 'office:value="442079460099"', "+44 2079460099"),
            ods_value("float", 'office:value="1067"', "01067"),
            ods_value("date", 'office:date-value="1985-04-23"', "23.04.85"),
            ods_value("float", 'office:value="1234567"', "1.234.567"), empty,
        ),
        ods_row("<table:covered-table-cell/>", ods_text("b@example.com<text:s text:c='2'/>x"), facts='table:visibility="filter"'),
        ods_row(ods_text("Lund AS"), ods_value("string", 'calc:value-type="error" table:formula="of:=NA()"', "#N/A"),
                ods_text("1"), facts='table:number-rows-repeated="2"'),
        ods_row(empty, facts='table:number-rows-repeated="1048000"'),
    ]  # fmt: skip
    seen = [
        (2, ["Ames Ltd", "a@example.com", "+44 2079460099", "01067", "1985-04-23", "1234567"]),
        (3, ["Ames Ltd", "b@example.com  x"]),
        (4, ["Lund AS", "", "1"]),
        (5, ["Lund AS", "", "1"]),
    ]
    data = ods(
        ("Cover", ods_row(ods_text("Our members"))), ("Members", header + "".join(rows))
    )
    yield read(
        "members.ods", data, "ods", seen, sheet="Members", columns=["Company", "Email", "Phone", "Zip", "Born", "Sum"],
        problems={3: "row_hidden", 4: "cell_error", 5: "cell_error"},
    )  # fmt: skip
    yield refused("empty.ods", ods(("Empty", "")), "empty_file")
    yield refused(
        "torn.ods",
        zipped(
            {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"},
            stored=("mimetype",),
        ),
        "workbook_broken",
    )
    locked = {"META-INF/manifest.xml": b"<manifest><encryption-data/></manifest>"}
    yield refused("locked.ods", ods(("A", header), **locked), "is_protected")


def old_workbooks() -> Iterator[Case]:
    yield read(
        "members.xls", (MADE / "members.xls").read_bytes(), "xls",
        [(5, ["anna@example.com", "Anna", "1985-04-23", "17"]), (6, ["jörg@example.com", "Jörg", "1985-04-23", "18"])],
        sheet="Members", header_row=3, columns=["Email", "First name", "Born", "Member no"],
    )  # fmt: skip
    yield read(
        "members.xlsb", (MADE / "members.xlsb").read_bytes(), "xls",
        [(2, ["anna@example.com", "Anna", "17"]), (3, ["jörg@example.com", "Jörg", "18"])],
        sheet="Members", columns=["Email", "First name", "Member no"],
    )  # fmt: skip
    yield read(
        "formats.xls", (MADE / "formats.xls").read_bytes(), "xls",
        [
            (2, ["C-0042", "anna@example.com", "01067", "+491701234567", "1985-04-23", "2020-01-02 03:04:05", "TRUE", "Berlin", "12.5"]),
            (3, ["C-0043", "bruno@example.com", "69001", "+33123456789", "1999-12-31", "2021-06-07", "FALSE", "Berlin", "-3"]),
            (4, ["C-0044", "carla@example.com", "43121", "+390521234567", "1960-02-29", "08:30:00", "TRUE", "Parma", "0"]),
            (5, ["", "dora@example.com"]),
            (6, ["", "emil@example.com"]),
        ],
        sheet="Members", problems={5: "row_hidden", 6: "cell_error"},
        columns=["Number", "Email", "Postal code", "Phone", "Birthday", "Joined at", "Active", "City", "Balance"],
    )  # fmt: skip
    whole = (MADE / "members.xls").read_bytes()
    yield refused("cut_off.xls", whole[:1500], "is_old_excel")


def called_xls() -> Iterator[Case]:
    named = 'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    cells = (
        "<Row><Cell><Data ss:Type='String'>Email</Data></Cell><Cell ss:Index='3'><Data ss:Type='String'>Born</Data></Cell>"
        "<Cell><Data ss:Type='String'>City</Data></Cell></Row>"
        "<Row ss:Index='4'><Cell><Data ss:Type='String'>a@example.com</Data></Cell><Cell/>"
        "<Cell><Data ss:Type='DateTime'>1985-04-23T00:00:00.000</Data></Cell>"
        "<Cell ss:MergeDown='1'><Data ss:Type='String'>Rome &amp; Oslo</Data></Cell></Row>"
        "<Row ss:Hidden='1'><Cell><Data ss:Type='String'>b@example.com</Data></Cell><Cell><Data ss:Type='Number'>17</Data></Cell></Row>"
    )
    xml = f"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook {named}><Worksheet ss:Name='P'><Table>{cells}</Table></Worksheet></Workbook>"
    yield read(
        "excel_2003.xls", xml.encode(), "spreadsheetml",
        [(4, ["a@example.com", "", "1985-04-23", "Rome & Oslo"]), (5, ["b@example.com", "17", "", "Rome & Oslo"])],
        sheet="P", columns=["Email", "Column B", "Born", "City"], problems={5: "row_hidden"},
    )  # fmt: skip
    page = (
        "<html><head><meta charset=windows-1252><style>td {}</style></head><body><table><tr><th>Email<th>City</tr>"
        "<tr><td>a@example.com<td rowspan=2>K&ouml;ln<br>S\xfcd</tr><tr><td><b>b@example.com</b></td></tr></table></body></html>"
    )
    yield read(
        "web_page.xls", page.encode("latin-1"), "html",
        [(2, ["a@example.com", "Köln\nSüd"]), (3, ["b@example.com", "Köln\nSüd"])],
        encoding="cp1252", sheet="Table 1", columns=["Email", "City"],
    )  # fmt: skip
    yield Case(
        "tabs.xls",
        written([HEADER, *PEOPLE], delimiter="\t").encode(),
        numbered(PEOPLE),
        delimiter="\t",
    )


def archives() -> Iterator[Case]:
    text = written([HEADER, *PEOPLE]).encode()
    yield Case("packed.csv.gz", gzip.compress(text, mtime=0), numbered(PEOPLE))
    two = gzip.compress(text[:50], mtime=0) + gzip.compress(text[50:], mtime=0)
    yield Case("packed_twice.csv.gz", two, numbered(PEOPLE))
    several = zipped({
        "__MACOSX/people.csv": b"x" * 900, "lists/cleaned.csv": b"Email,City\nc@example.com,Lyon\n",
        "lists/subscribed.csv": text, "read me.txt": b"Exported for you",
    })  # fmt: skip
    yield Case("lists.zip", several, numbered(PEOPLE), sheet="lists/subscribed.csv")
    yield Case(
        "lists_chosen.zip", several, numbered([["c@example.com", "Lyon"]]), sheet="lists/cleaned.csv",
        columns=["Email", "City"], choose={"sheet": "lists/cleaned.csv"},
    )  # fmt: skip
    yield refused("lists_unknown.zip", several, "unknown_sheet", sheet="nowhere.csv")
    yield read(
        "workbook.zip", zipped({"people.xlsx": raw(TABLE)}), "xlsx",
        [(2, ["a@example.com", "Rome"]), (3, ["b@example.com", "Oslo"])], sheet="people.xlsx", columns=["Email", "City"],
    )  # fmt: skip
