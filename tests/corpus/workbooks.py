"""Excel workbooks: what Excel, LibreOffice and others write, what is broken, and what is made
to harm.
"""

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import xlsxwriter

from tests.corpus.case import HEADER, PEOPLE, Case, numbered, refused
from tests.corpus.refusals import zipped

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
ALWAYS = datetime(2024, 1, 1)  # noqa: DTZ001 - a workbook's time has no zone


class Written:
    """A workbook by xlsxwriter, the same bytes every time."""

    def __init__(self, **options: Any) -> None:
        self.stream = io.BytesIO()
        self.book = xlsxwriter.Workbook(self.stream, {"in_memory": True, **options})
        self.book.set_properties({"created": ALWAYS})

    def sheet(self, name: str, rows: list[list[Any]], first: int = 0) -> Any:
        found = self.book.add_worksheet(name)
        for number, cells in enumerate(rows, first):
            for column, value in enumerate(cells):
                found.write(number, column, value)
        return found

    def data(self) -> bytes:
        self.book.close()
        return self.stream.getvalue()


def raw(
    sheet: str,
    *,
    shared: str | None = None,
    prolog: str = "",
    styles: str = "",
    book: str = "",
    **more: bytes,
) -> bytes:
    """A workbook put together by hand: `sheet` is what stands inside of sheetData."""
    members = {
        "[Content_Types].xml": b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        "_rels/.rels": f"<Relationships xmlns='{PACKAGE}'><Relationship Id='r1' Type='{OFFICE}/officeDocument'"
        " Target='xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{OFFICE}'>{book}<sheets>"
        "<sheet name='People' sheetId='1' r:id='r1'/></sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{PACKAGE}'>"
        f"<Relationship Id='r1' Type='{OFFICE}/worksheet' Target='worksheets/sheet1.xml'/>"
        f"<Relationship Id='r2' Type='{OFFICE}/sharedStrings' Target='/xl/sharedStrings.xml'/>"
        f"<Relationship Id='r3' Type='{OFFICE}/styles' Target='styles.xml'/></Relationships>",
        "xl/worksheets/sheet1.xml": f"{prolog}<worksheet xmlns='{MAIN}'><sheetData>{sheet}</sheetData></worksheet>",
    }
    if shared is not None:
        members["xl/sharedStrings.xml"] = f"<sst xmlns='{MAIN}'>{shared}</sst>"
    if styles:
        members["xl/styles.xml"] = f"<styleSheet xmlns='{MAIN}'>{styles}</styleSheet>"
    whole = {
        name: data.encode() if isinstance(data, str) else data
        for name, data in members.items()
    }
    return zipped({**whole, **more})


def inline(*rows: tuple[int, list[str]]) -> str:
    """Rows with their strings in place."""
    return "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{chr(65 + column)}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            for column, text in enumerate(cells)
        )
        + "</row>"
        for number, cells in rows
    )


TABLE = inline(
    (1, ["Email", "City"]), (2, ["a@example.com", "Rome"]), (3, ["b@example.com", "Oslo"])
)
FOUND = [(2, ["a@example.com", "Rome"]), (3, ["b@example.com", "Oslo"])]


def workbook(name: str, data: bytes, rows: list[tuple[int, list[str]]], **facts: Any) -> Case:
    """A workbook that is read."""
    facts = {"sheet": "People", "columns": ["Email", "City"], **facts}
    return Case(
        f"{name}.xlsx", data, rows, format="xlsx", encoding=None, delimiter=None, **facts
    )


def cases() -> Iterator[Case]:
    yield from tables()
    yield from sheets()
    yield from values()
    yield from told()
    yield from unusual()
    yield from broken()
    yield from harmful()


def tables() -> Iterator[Case]:
    whole = Written()
    whole.sheet("People", [HEADER, *PEOPLE])
    data = whole.data()
    yield workbook("plain", data, numbered(PEOPLE), columns=HEADER)
    yield Case(
        "workbook_named.csv",
        data,
        numbered(PEOPLE),
        format="xlsx",
        encoding=None,
        delimiter=None,
        sheet="People",
        columns=HEADER,
    )
    flat = Written(constant_memory=True)
    flat.sheet("People", [HEADER, *PEOPLE])
    yield workbook("strings_in_place", flat.data(), numbered(PEOPLE), columns=HEADER)
    lower = Written()
    lower.sheet("People", [["Members as of 3 May"], [], HEADER, *PEOPLE], first=2)
    yield workbook("preamble", lower.data(), numbered(PEOPLE, 6), header_row=5, columns=HEADER)
    none = Written()
    none.sheet("People", PEOPLE)
    yield workbook(
        "no_header",
        none.data(),
        numbered(PEOPLE, 1),
        header_row=0,
        columns=["Column A", "Column B", "Column C", "Column D"],
    )
    gaps = Written()
    gaps.sheet(
        "People", [["Email", "City"], [], ["a@example.com", "Rome"], ["", " "], [None, "Oslo"]]
    )
    yield workbook("gaps", gaps.data(), [(3, ["a@example.com", "Rome"]), (5, ["", "Oslo"])])
    wide = Written()
    wide.sheet(
        "People",
        [
            ["Email", "City"],
            ["a@example.com", "Rome", *["x"] * 300],
            ["b@example.com", "Oslo"],
        ],
    )
    yield workbook(
        "row_of_302_cells",
        wide.data(),
        [(2, ["a@example.com", "Rome", *["x"] * 254]), FOUND[1]],
        problems={2: "too_many_cells"},
    )


def sheets() -> Iterator[Case]:
    other = [["Email", "City"], ["c@example.com", "Lyon"]]
    several = Written()
    several.sheet("Empty", [])
    hidden = several.sheet("Hidden", other)
    several.sheet("People & Co", [HEADER, *PEOPLE])
    several.sheet("More", other)
    hidden.hide()
    data = several.data()
    yield workbook(
        "several_sheets", data, numbered(PEOPLE), sheet="People & Co", columns=HEADER
    )
    yield workbook(
        "sheet_chosen", data, numbered(other[1:]), sheet="More", choose={"sheet": "More"}
    )
    yield workbook(
        "hidden_sheet_chosen",
        data,
        numbered(other[1:]),
        sheet="Hidden",
        choose={"sheet": "Hidden"},
    )
    yield refused("sheet_unknown.xlsx", data, "unknown_sheet", sheet="Nowhere")
    yield refused("sheet_empty_chosen.xlsx", data, "empty_file", sheet="Empty")
    blank = Written()
    blank.sheet("People", [["Email", "City"]])
    yield refused("workbook_only_header.xlsx", blank.data(), "only_header")


def values() -> Iterator[Case]:
    book = Written()
    date = book.book.add_format({"num_format": "dd.mm.yyyy"})
    moment = book.book.add_format({"num_format": 22})
    clock = book.book.add_format({"num_format": "hh:mm"})
    zip_code = book.book.add_format({"num_format": "00000"})
    money = book.book.add_format({"num_format": '#,##0.00 "days"'})
    sheet = book.sheet(
        "People",
        [
            [
                "Email",
                "Born",
                "Seen",
                "At",
                "Zip",
                "Phone",
                "Sum",
                "Money",
                "Yes",
                "Wrong",
                "Told",
            ]
        ],
    )
    sheet.write(1, 0, "a@example.com")
    sheet.write_datetime(1, 1, datetime(1985, 4, 23), date)  # noqa: DTZ001
    sheet.write_datetime(1, 2, datetime(2024, 5, 1, 13, 30), moment)  # noqa: DTZ001
    sheet.write(1, 3, 0.5625, clock)
    sheet.write(1, 4, 1067, zip_code)
    sheet.write(1, 5, 491701234567)
    sheet.write(1, 6, 0.1 + 0.2)
    sheet.write(1, 7, -12.5, money)
    sheet.write(1, 8, True)
    sheet.write_formula(1, 9, "=NA()", None, "#N/A")
    sheet.write_formula(1, 10, '="x"&"y"', None, "xy")
    seen = [
        "a@example.com",
        "1985-04-23",
        "2024-05-01 13:30:00",
        "13:30:00",
        "01067",
        "491701234567",
        "0.3",
        "-12.5",
        "TRUE",
        "",
        "xy",
    ]
    columns = [
        "Email",
        "Born",
        "Seen",
        "At",
        "Zip",
        "Phone",
        "Sum",
        "Money",
        "Yes",
        "Wrong",
        "Told",
    ]
    yield workbook(
        "kinds_of_values",
        book.data(),
        [(2, seen)],
        columns=columns,
        problems={2: "cell_error"},
    )
    since_1904 = Written(date_1904=True)
    form = since_1904.book.add_format({"num_format": 14})
    since_1904.sheet("People", [["Email", "Born"], ["a@example.com"]]).write_datetime(
        1,
        1,
        datetime(1985, 4, 23),  # noqa: DTZ001 - a cell has no zone
        form,
    )
    yield workbook(
        "dates_since_1904",
        since_1904.data(),
        [(2, ["a@example.com", "1985-04-23"])],
        columns=["Email", "Born"],
    )
    styles = "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='46'/></cellXfs>"
    odd = (
        "<row r='1'><c r='A1' t='inlineStr'><is><t>Email</t></is></c><c r='B1' t='inlineStr'><is><t>Born</t></is></c>"
        "</row><row r='2'><c r='A2' t='str'><v>a@example.com</v></c><c r='B2' s='1'><v>59</v></c></row>"
        "<row r='3'><c r='A3' t='str'><v>b@example.com</v></c><c r='B3' s='1'><v>1e300</v></c></row>"
        "<row r='4'><c r='A4' t='str'><v>c@example.com</v></c><c r='B4' t='d'><v>1985-04-23T00:00:00</v></c></row>"
        "<row r='5'><c r='A5' t='str'><v>d@example.com</v></c><c r='B5' s='9'><v>1.0E2</v></c></row>"
    )
    yield workbook(
        "odd_values",
        raw(odd, styles=styles),
        [
            (2, ["a@example.com", "1900-02-28"]),
            (3, ["b@example.com", "1e+300"]),
            (4, ["c@example.com", "1985-04-23"]),
            (5, ["d@example.com", "100"]),
        ],
        columns=["Email", "Born"],
    )
    uncomputed = (
        TABLE
        + "<row r='4'><c r='A4' t='str'><v>c@example.com</v></c><c r='B4'><f>UPPER(\"x\")</f></c></row>"
        "<row r='5'><c r='A5' t='str'><f>A4</f><v>c@example.com</v></c>"
        "<c r='B5' t='str'><f>B4</f><v></v></c></row>"
    )
    yield workbook(
        "formula_without_value",
        raw(uncomputed),
        [*FOUND, (4, ["c@example.com"]), (5, ["c@example.com"])],
        problems={4: "formula_without_value"},
    )


def told() -> Iterator[Case]:
    """What a spreadsheet shows otherwise than it keeps it: formats, hidden rows, merged cells."""
    book = Written()
    forms = [
        book.book.add_format({"num_format": code})
        for code in ('"+"0', "\\+44\\ 0000\\ 000000", "00000\\-0000", '"KD-"000000', '0#" "##" "##" "##" "##',
                     "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", "0.00", '"none";-0')
    ]  # fmt: skip
    columns = [
        "Email",
        "Phone",
        "Mobile",
        "Zip",
        "Customer no",
        "Fax",
        "Home",
        "Share",
        "Points",
    ]
    sheet = book.sheet("People", [columns, ["a@example.com"]])
    for column, (value, form) in enumerate(
        zip((393331234567, 2079460022, 73015512, 815, 612345678, 5551234567, 2.5, -3), forms, strict=True), 1
    ):  # fmt: skip
        sheet.write(1, column, value, form)
    seen = [
        "a@example.com", "+393331234567", "+44 2079 460022", "07301-5512", "KD-000815", "06 12 34 56 78",
        "(555) 123-4567", "2.5", "-3",
    ]  # fmt: skip
    yield workbook("formats_with_text", book.data(), [(2, seen)], columns=columns)

    hidden = Written()
    sheet = hidden.sheet("People", [HEADER, *PEOPLE])
    sheet.autofilter(0, 0, 3, 3)
    sheet.filter_column(0, "x == anna*")
    for row in (2, 3):
        sheet.set_row(row, options={"hidden": True})
    yield workbook(
        "filtered_rows", hidden.data(), numbered(PEOPLE), columns=HEADER,
        problems={3: "row_hidden", 4: "row_hidden"},
    )  # fmt: skip

    merged = Written()
    sheet = merged.sheet(
        "People",
        [
            ["Company", "Email"],
            ["", "a@example.com"],
            ["", "b@example.com"],
            ["Lund AS", "c@example.com"],
        ],
    )
    sheet.merge_range(1, 0, 2, 0, "Ames Ltd")
    sheet.merge_range(5, 0, 8, 1, "All rights reserved")
    yield workbook(
        "merged_downwards", merged.data(),
        [(2, ["Ames Ltd", "a@example.com"]), (3, ["Ames Ltd", "b@example.com"]), (4, ["Lund AS", "c@example.com"]),
         (6, ["All rights reserved"])],
        columns=["Company", "Email"],
    )  # fmt: skip

    cover = Written()
    cover.sheet(
        "Read me", [["Our members"], ["Ask Ann before you send this on"], ["Thank you"]]
    )
    cover.sheet("Numbers", [["Year", "Sum"], [2023, 17], [2024, 21]])
    cover.sheet("Members", [HEADER, *PEOPLE])
    yield workbook(
        "cover_sheet", cover.data(), numbered(PEOPLE), sheet="Members", columns=HEADER
    )

    blank = (
        TABLE
        + "<row r='4'><c r='A4' t='s'/><c r='B4' t='s'><v/></c><c r='C4' t='s'><v> </v></c>"
        "<c r='D4' t='str'><v>x</v></c></row>"
    )
    yield workbook(
        "strings_without_number", raw(blank, shared="<si><t>unused</t></si>"),
        [*FOUND, (4, ["", "", "", "x"])], problems={},
    )  # fmt: skip
    macros = {"xl/vbaProject.bin": b"\xd0\xcf"}
    yield Case(
        "with_macros.xlsm", raw(TABLE, **macros), FOUND, format="xlsx", encoding=None, delimiter=None,
        sheet="People", columns=["Email", "City"],
    )  # fmt: skip
    comments = TABLE.replace("</row>", "</row><!-- <row r='9'><c/></row> -->")
    yield workbook("with_comments", raw(comments), FOUND)
    escaped = (
        '<row r="4"><c r="A4" t="str"><v>a&amp;b&#64;x &lt;&#x263A;&gt;</v></c>'
        '<c r="B4" t="inlineStr"><is><t>one\r\ntwo&#13;_x000D_</t></is></c></row>'
    )
    yield workbook(
        "with_references", raw(TABLE + escaped), [*FOUND, (4, ["a&b@x <☺>", "one\ntwo\r\r"])]
    )


def unusual() -> Iterator[Case]:
    """What other programs write: prefixes, no references, rich text, phonetic readings,
    escapes, strict files.
    """
    yield workbook("by_hand", raw(TABLE), FOUND)
    shared = (
        "<si><t>Email</t></si><si><r><rPr><b/></rPr><t>Ci</t></r><r><t>ty</t></r></si><si><t>a@example.com</t></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
        "<si><t xml:space='preserve'>two_x000D_\nlines _x0041_</t></si>"
    )
    cells = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>"
    cells += "<row r='2'><c r='A2' t='s'><v>2</v></c><c r='B2' t='s'><v>3</v></c></row>"
    cells += "<row r='3'><c r='A3' t='s'><v>2</v></c><c r='B3' t='s'><v>4</v></c></row>"
    yield workbook(
        "shared_strings",
        raw(cells, shared=shared),
        [(2, ["a@example.com", "東京"]), (3, ["a@example.com", "two\r\nlines A"])],
    )
    bare = re.sub(' r="[A-Z]*[0-9]+"', "", TABLE)
    yield workbook("without_references", raw(bare), FOUND)
    prefixed = TABLE.replace("<", "<x:").replace("<x:/", "</x:")
    members = f"<x:worksheet xmlns:x='{MAIN}'><x:sheetData>{prefixed}</x:sheetData></x:worksheet>".encode()
    yield workbook("with_prefixes", raw("", **{"xl/worksheets/sheet1.xml": members}), FOUND)
    strict = f"<worksheet xmlns='{STRICT}'><sheetData>{TABLE}</sheetData></worksheet>".encode()
    yield workbook("strict", raw("", **{"xl/worksheets/sheet1.xml": strict}), FOUND)
    sheet = f"<worksheet xmlns='{MAIN}'><sheetData>{TABLE}</sheetData></worksheet>"
    utf16 = f"<?xml version='1.0' encoding='utf-16'?>{sheet}"
    yield workbook(
        "utf16_parts", raw("", **{"xl/worksheets/sheet1.xml": utf16.encode("utf-16")}), FOUND
    )
    far = TABLE + "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"
    yield workbook(
        "last_cell_of_all",
        raw(far),
        [*FOUND, (1_048_576, [""] * 256)],
        problems={1_048_576: "too_many_cells"},
    )
    outside = {
        "../../../tmp/escaped.xml": b"<x/>",
        "..\\escaped.xml": b"<x/>",
        "/etc/escaped": b"<x/>",
    }
    yield workbook("members_outside", raw(TABLE, **outside), FOUND)
    long = inline(
        (1, ["Email", "City"]),
        (2, ["a@example.com", "x" * 131_073]),
        (3, ["b@example.com", "Oslo"]),
    )
    yield workbook(
        "cell_too_long",
        raw(long),
        [(2, ["a@example.com", "x" * 200]), FOUND[1]],
        problems={2: "cell_too_long"},
    )
    shared_long = f"<si><t>{'x' * 131_073}</t></si>"
    cell = "<row r='4'><c r='A4' t='str'><v>c@example.com</v></c><c r='B4' t='s'><v>0</v></c></row>"
    yield workbook(
        "shared_string_too_long",
        raw(TABLE + cell, shared=shared_long),
        [*FOUND, (4, ["c@example.com", "x" * 200])],
        problems={4: "cell_too_long"},
    )


def broken() -> Iterator[Case]:
    good = raw(TABLE)
    yield refused("workbook_cut_off.xlsx", good[: len(good) // 2], "workbook_broken")
    yield refused("workbook_torn_xml.xlsx", raw(TABLE[:-20]), "workbook_broken")
    string = "<row r='1'><c r='A1' t='s'><v>7</v></c></row>"
    yield refused(
        "workbook_unknown_string.xlsx",
        raw(string, shared="<si><t>a</t></si>"),
        "workbook_broken",
    )
    yield refused("workbook_without_strings.xlsx", raw(string), "workbook_broken")
    negative = "<row r='1'><c r='A1' t='s'><v>-1</v></c></row>"
    yield refused(
        "workbook_negative_string.xlsx",
        raw(negative, shared="<si><t>a</t></si>"),
        "workbook_broken",
    )
    back = inline((1, ["Email"]), (3, ["a@example.com"]), (2, ["b@example.com"]))
    yield refused("workbook_rows_backwards.xlsx", raw(back), "workbook_broken")
    high = inline((1, ["Email"]), (1_048_577, ["a@example.com"]))
    yield refused("workbook_row_too_high.xlsx", raw(high), "workbook_broken")
    strange = "<row r='1'><c r='ÄÖ1' t='inlineStr'><is><t>Email</t></is></c></row>"
    yield refused("workbook_strange_reference.xlsx", raw(strange), "workbook_broken")
    torn = bytearray(good)
    torn[torn.index(b"xl/worksheets/sheet1.xml") + 60] ^= 0xFF
    yield refused("workbook_flipped_bit.xlsx", bytes(torn), "workbook_broken")
    yield refused(
        "workbook_no_sheets.xlsx",
        raw("", **{"xl/_rels/workbook.xml.rels": b"<Relationships/>"}),
        "empty_file",
    )


def harmful() -> Iterator[Case]:
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 9))
    bomb = f"<!DOCTYPE worksheet [<!ENTITY l0 'lol'>{laughs}]>"
    yield refused(
        "entity_expansion.xlsx", raw(inline((1, ["&l8;"])), prolog=bomb), "workbook_unsafe"
    )
    external = "<!DOCTYPE worksheet [<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>]>"
    yield refused(
        "external_entity.xlsx", raw(inline((1, ["&x;"])), prolog=external), "workbook_unsafe"
    )
    dtd = "<!DOCTYPE worksheet SYSTEM 'file:///etc/passwd'>"
    yield refused("external_dtd.xlsx", raw(TABLE, prolog=dtd), "workbook_unsafe")
    utf16 = (
        f"<?xml version='1.0' encoding='utf-16'?>{external}<worksheet xmlns='{MAIN}'/>".encode(
            "utf-16"
        )
    )
    yield refused(
        "external_entity_utf16.xlsx",
        raw("", **{"xl/worksheets/sheet1.xml": utf16}),
        "workbook_unsafe",
    )
    strings = f"{external}<sst xmlns='{MAIN}'><si><t>&x;</t></si></sst>".encode()
    cell = "<row r='1'><c r='A1' t='s'><v>0</v></c></row>"
    yield refused(
        "external_entity_in_strings.xlsx",
        raw(cell, shared="", **{"xl/sharedStrings.xml": strings}),
        "workbook_unsafe",
    )
    names = f"{external}<workbook xmlns='{MAIN}'/>".encode()
    yield refused(
        "external_entity_in_workbook.xlsx",
        raw(TABLE, **{"xl/workbook.xml": names}),
        "workbook_unsafe",
    )
    inflated = {"xl/media/image1.png": bytes(2_000_000)}
    yield refused("ratio.xlsx", raw(TABLE, **inflated), "workbook_too_large")
    many = {f"xl/media/image{number}.png": b"" for number in range(2_000)}
    yield refused("members.xlsx", raw(TABLE, **many), "workbook_too_large")
    deep = "<row r='1'>" + "<c>" * 700_000 + "</c>" * 700_000 + "</row>"
    yield refused("deeply_nested.xlsx", raw(deep), "workbook_too_large")
