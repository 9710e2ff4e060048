"""Delimited text: delimiters, line ends, preambles, quotes, and encodings."""

import codecs
from collections.abc import Iterator

from tests.corpus.case import HEADER, PEOPLE, Case, numbered, refused, written

LS, PS, NEL = "\u2028", "\u2029", "\x85"


def cases() -> Iterator[Case]:
    yield from delimiters()
    yield from line_ends()
    yield from headers()
    yield from rows()
    yield from quotes()
    yield from encodings()
    yield from unmarked()
    yield from undecodable()
    yield from layouts()
    yield from lists()
    yield from spoilt()
    yield from empty()


def delimiters() -> Iterator[Case]:
    whole = [HEADER, *PEOPLE]
    for name, sign in (
        ("comma.csv", ","),
        ("semicolon.csv", ";"),
        ("tab.tsv", "\t"),
        ("pipe.txt", "|"),
    ):
        yield Case(
            name, written(whole, delimiter=sign).encode(), numbered(PEOPLE), delimiter=sign
        )
    yield Case(
        "tab_named_tab.tab",
        written(whole, delimiter="\t").encode(),
        numbered(PEOPLE),
        delimiter="\t",
    )
    yield Case(
        "semicolon_named_tsv.tsv",
        written(whole, delimiter=";").encode(),
        numbered(PEOPLE),
        delimiter=";",
    )
    yield Case("CAPITALS.CSV", written(whole).encode(), numbered(PEOPLE))
    decimals = [
        ["Name", "Email", "Sum"],
        ["Ann", "ann@example.com", "1,50"],
        ["Ben", "ben@example.com", "2,75"],
    ]
    yield Case(
        "semicolon_with_decimal_commas.csv",
        written(decimals, delimiter=";").encode(),
        numbered(decimals[1:]),
        delimiter=";",
        columns=decimals[0],
    )
    lists = [
        ["Email", "Tags"],
        ["ann@example.com", "a;b;c"],
        ["ben@example.com", "a;b"],
        ["cy@example.com", "c"],
    ]
    yield Case(
        "comma_with_lists_in_cells.csv",
        written(lists).encode(),
        numbered(lists[1:]),
        columns=lists[0],
    )
    for name, line, sign in (
        ("sep_semicolon.csv", "sep=;\r\n", ";"),
        ("sep_pipe.csv", "SEP=|\n", "|"),
        ("sep_quoted.csv", '"sep=;"\r\n', ";"),
        ("sep_bare_cr.csv", "sep=;\r", ";"),
        ("sep_caret.csv", "sep=^\r\n", "^"),
    ):
        body = written(
            whole,
            delimiter=sign,
            lineterminator=line[-2:] if line.endswith("\r\n") else line[-1],
        )
        yield Case(name, (line + body).encode(), numbered(PEOPLE), delimiter=sign)
    tabbed = "sep=\t\r\n" + written(whole, delimiter="\t")
    yield Case(
        "sep_tab_utf16.csv",
        tabbed.encode("utf-16"),
        numbered(PEOPLE),
        delimiter="\t",
        encoding="utf-16",
    )
    bom = codecs.BOM_UTF8 + ("sep=;\r\n" + written(whole, delimiter=";")).encode()
    yield Case("sep_after_bom.csv", bom, numbered(PEOPLE), delimiter=";", encoding="utf-8-sig")
    yield Case(
        "delimiter_chosen.csv",
        b"a;b,c\n1;2,3\n4;5,6\n",
        [(2, ["1", "2,3"]), (3, ["4", "5,6"])],
        delimiter=";",
        columns=["a", "b,c"],
        choose={"delimiter": ";"},
    )
    single = [["Email"], ["ann@example.com"], ["ben@example.com"]]
    yield Case(
        "one_column.csv", written(single).encode(), numbered(single[1:]), columns=["Email"]
    )


def line_ends() -> Iterator[Case]:
    whole = [HEADER, *PEOPLE]
    for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("bare_cr", "\r")):
        yield Case(
            f"ends_{name}.csv", written(whole, lineterminator=end).encode(), numbered(PEOPLE)
        )
    mixed = "Email,City\r\na@example.com,Rome\nb@example.com,Oslo\rc@example.com,Bern\r\n\nd@example.com,Kyiv"
    found = [["a@example.com", "Rome"], ["b@example.com", "Oslo"], ["c@example.com", "Bern"]]
    yield Case(
        "ends_mixed.csv",
        mixed.encode(),
        [*numbered(found), (6, ["d@example.com", "Kyiv"])],
        columns=["Email", "City"],
    )
    yield Case("ends_without_the_last.csv", written(whole).rstrip().encode(), numbered(PEOPLE))
    apart = f"Email,Notes\na@example.com,one{LS}two{PS}three{NEL}four\x0bfive\x0csix\x1cseven\nb@example.com,next\n"
    cells = ["a@example.com", f"one{LS}two{PS}three{NEL}four\x0bfive\x0csix\x1cseven"]
    yield Case(
        "separators_inside_cells.csv",
        apart.encode(),
        [(2, cells), (3, ["b@example.com", "next"])],
        columns=["Email", "Notes"],
    )
    yield Case(
        "separators_inside_cells_utf16.csv",
        apart.encode("utf-16"),
        [(2, cells), (3, ["b@example.com", "next"])],
        columns=["Email", "Notes"],
        encoding="utf-16",
    )
    nel = "Email,Notes\na@example.com,one…two\nb@example.com,next\n"  # … is the byte 0x85, NEL of ISO 8859-1
    yield Case(
        "ellipsis_cp1252.csv",
        nel.encode("cp1252"),
        [(2, ["a@example.com", "one…two"]), (3, ["b@example.com", "next"])],
        columns=["Email", "Notes"],
        encoding="cp1252",
        certain=False,
    )


def headers() -> Iterator[Case]:
    yield Case(
        "no_header.csv",
        written(PEOPLE).encode(),
        numbered(PEOPLE, 1),
        header_row=0,
        columns=["Column A", "Column B", "Column C", "Column D"],
        mapping=["email", "custom:Column B", "custom:Column C", "custom:Column D"],
    )
    values = [
        ["+49 30 1234567", "ann@example.com", "1985-04-23", "https://ann.example.com"],
        ["+33 1 70 18 99 00", "ben@example.com", "1979-12-01", "https://ben.example.com"],
    ]
    yield Case(
        "no_header_values_tell.csv",
        written(values).encode(),
        numbered(values, 1),
        header_row=0,
        columns=["Column A", "Column B", "Column C", "Column D"],
        mapping=["phone", "email", "birthday", "website"],
    )
    unknown = [
        ["Reach me at", "Ring", "Shoe"],
        ["ann@example.com", "+49 30 1234567", "39"],
        ["ben@example.com", "+33 1 70 18 99 00", "44"],
    ]
    yield Case(
        "unknown_labels_values_tell.csv",
        written(unknown).encode(),
        numbered(unknown[1:]),
        columns=unknown[0],
        mapping=["email", "phone", "custom:Shoe"],
    )
    double = [
        ["Email", "Phone", "Phone", "Phone", "Email"],
        ["a@example.com", "+49301234567", "+49301234568", "+49301234569", "a2@example.com"],
    ]
    yield Case(
        "duplicate_headers.csv",
        written(double).encode(),
        numbered(double[1:]),
        columns=double[0],
        mapping=["email", "phone", "phone", "phone", "email"],
    )
    blank = [["Email", "", " ", "City"], ["a@example.com", "x", "", "Rome"]]
    yield Case(
        "blank_headers.csv",
        written(blank).encode(),
        numbered(blank[1:]),
        columns=["Email", "Column B", "Column C", "City"],
        mapping=["email", "custom:Column B", None, "city"],
    )
    padded = [["  Email ", "First\nname", "'+Phone"], ["a@example.com", "Ann", "+49301234567"]]
    yield Case(
        "padded_headers.csv",
        written(padded).encode(),
        [(2, padded[1])],
        columns=["Email", "First name", "+Phone"],
        mapping=["email", "first_name", "phone"],
    )
    years = [
        ["Email", "Sales 2023-2024", "City"],
        ["a@example.com", "12", "Rome"],
        ["b@example.com", "13", "Oslo"],
    ]
    yield Case(
        "numbers_in_headers.csv",
        written(years).encode(),
        numbered(years[1:]),
        columns=years[0],
    )
    yield Case(
        "nul_in_header.csv",
        b"Em\0ail,City\na@example.com,Rome\nb@example.com,Oslo\n",
        [(2, ["a@example.com", "Rome"]), (3, ["b@example.com", "Oslo"])],
        columns=["Em ail", "City"],
    )
    report = 'Report of 3 May\n\n"Filters: all, active"\n' + written(
        [HEADER, *PEOPLE], lineterminator="\n"
    )
    yield Case("preamble.csv", report.encode(), numbered(PEOPLE, 5), header_row=4)
    wide = "Members;;;\nas of;3 May;;\n" + written(
        [HEADER, *PEOPLE], delimiter=";", lineterminator="\n"
    )
    yield Case(
        "preamble_as_wide_as_the_table.csv",
        wide.encode(),
        numbered(PEOPLE, 4),
        header_row=3,
        delimiter=";",
    )
    narrow = "Email,City\na@example.com,Rome,x\nb@example.com,Oslo,y\n"
    yield Case(
        "header_narrower_than_rows.csv",
        narrow.encode(),
        [(2, ["a@example.com", "Rome", "x"]), (3, ["b@example.com", "Oslo", "y"])],
        columns=["Email", "City", "Column C"],
        mapping=["email", "city", "custom:Column C"],
    )


def rows() -> Iterator[Case]:
    ragged = "Email,First name,Last name,City\na@example.com\nb@example.com,Ben\nc@example.com,Cy,Day,Rome,more\n"
    yield Case(
        "ragged.csv",
        ragged.encode(),
        [
            (2, ["a@example.com"]),
            (3, ["b@example.com", "Ben"]),
            (4, ["c@example.com", "Cy", "Day", "Rome", "more"]),
        ],
    )
    gaps = "\n\nEmail,City\n\na@example.com,Rome\n,\n  ,\t\n\nb@example.com,Oslo\n\n\n"
    yield Case(
        "blank_lines.csv",
        gaps.encode(),
        [(5, ["a@example.com", "Rome"]), (9, ["b@example.com", "Oslo"])],
        header_row=3,
        columns=["Email", "City"],
    )
    yield Case(
        "trailing_delimiters.csv",
        b"Email,City,\na@example.com,Rome,\nb@example.com,Oslo,\n",
        [(2, ["a@example.com", "Rome", ""]), (3, ["b@example.com", "Oslo", ""])],
        columns=["Email", "City", "Column C"],
        mapping=["email", "city", None],
    )
    yield Case(
        "nul_in_a_cell.csv",
        b"Email,City\na@example.com,Ro\0me\nb@example.com,Oslo\n",
        [(2, ["a@example.com", "Ro\0me"]), (3, ["b@example.com", "Oslo"])],
        columns=["Email", "City"],
    )
    spaces = "Email,City\n a@example.com ,\u00a0Rome\n"
    yield Case(
        "spaces_are_kept.csv",
        spaces.encode(),
        [(2, [" a@example.com ", "\u00a0Rome"])],
        columns=["Email", "City"],
    )
    formulas = [["Email", "Phone", "City"], ["a@example.com", "'+49301234567", "=1+1"]]
    yield Case(
        "formulas.csv", written(formulas).encode(), numbered(formulas[1:]), columns=formulas[0]
    )
    ours = [
        ["Rowcall row", "Rowcall reason", "Email", "City"],
        ["7", "Give the e-mail an @.", "a@example.com", "Rome"],
    ]
    yield Case(
        "rejected_rows_again.csv",
        codecs.BOM_UTF8 + written(ours).encode(),
        numbered(ours[1:]),
        encoding="utf-8-sig",
        columns=ours[0],
        mapping=[None, None, "email", "city"],
    )
    yield Case(
        "lost_characters.csv",
        "Email,City\na@example.com,K\ufffdln\nb@example.com,Oslo\n".encode(),
        [(2, ["a@example.com", "K\ufffdln"]), (3, ["b@example.com", "Oslo"])],
        columns=["Email", "City"],
        problems={2: "damaged_characters"},
    )


def quotes() -> Iterator[Case]:
    notes = [
        ["Email", "Notes"],
        ["a@example.com", 'two\nlines, and a "quote"'],
        ["b@example.com", "x\r\ny\rz"],
        ["c@example.com", ""],
    ]
    yield Case(
        "quoted_newlines.csv", written(notes).encode(), numbered(notes[1:]), columns=notes[0]
    )
    yield Case(
        "quoted_newlines_utf16.csv",
        written(notes).encode("utf-16-le"),
        numbered(notes[1:]),
        columns=notes[0],
        encoding="utf-16-le",
    )
    yield Case(
        "quoted_newlines_bare_cr.csv",
        written(notes, lineterminator="\r", quoting=1).encode(),
        numbered(notes[1:]),
        columns=notes[0],
    )
    yield Case(
        "everything_quoted.csv",
        written([HEADER, *PEOPLE], quoting=1).encode(),
        numbered(PEOPLE),
    )
    sloppy = 'Email,Company\na@example.com,"Acme "Best" Ltd"\nb@example.com,5" Pipes\nc@example.com,"x" \n'
    yield Case(
        "sloppy_quotes.csv",
        sloppy.encode(),
        [
            (2, ["a@example.com", 'Acme "Best" Ltd']),
            (3, ["b@example.com", '5" Pipes']),
            (4, ["c@example.com", "x"]),
        ],
        columns=["Email", "Company"],
        problems={2: "quote_repaired"},
    )
    unclosed = (
        'Email,Company\na@example.com,"Acme\nb@example.com,Beta\n'
        'c@example.com,"Gamma, Inc"\nd@example.com,Delta\n'
    )
    yield Case(
        "unclosed_quote.csv",
        unclosed.encode(),
        [
            (2, ["a@example.com", '"Acme']),
            (3, ["b@example.com", "Beta"]),
            (4, ["c@example.com", "Gamma, Inc"]),
            (5, ["d@example.com", "Delta"]),
        ],
        columns=["Email", "Company"],
        problems={2: "unclosed_quote"},
    )
    last = 'Email,Company\na@example.com,Acme\nb@example.com,"Beta\nc@example.com,Gamma\n'
    yield Case(
        "unclosed_quote_to_the_end.csv",
        last.encode(),
        [
            (2, ["a@example.com", "Acme"]),
            (3, ["b@example.com", '"Beta']),
            (4, ["c@example.com", "Gamma"]),
        ],
        columns=["Email", "Company"],
        problems={3: "unclosed_quote"},
    )
    end = 'Email,Company\na@example.com,Acme\nb@example.com,"Beta'
    yield Case(
        "unclosed_quote_last_line.csv",
        end.encode(),
        [(2, ["a@example.com", "Acme"]), (3, ["b@example.com", '"Beta'])],
        columns=["Email", "Company"],
        problems={3: "unclosed_quote"},
    )
    quoted = '"Email","Company"\n"a@example.com","Acme\n"b@example.com","Beta"\n"c@example.com","Gamma"\n'
    yield Case(
        "unclosed_quote_all_quoted.csv",
        quoted.encode(),
        [
            (2, ['"a@example.com"', '"Acme']),
            (3, ["b@example.com", "Beta"]),
            (4, ["c@example.com", "Gamma"]),
        ],
        columns=["Email", "Company"],
        problems={2: "unclosed_quote"},
    )
    long = f"Email,Notes,City\na@example.com,{'x' * 131_073},Rome\nb@example.com,{'y' * 131_072},Oslo\n"
    yield Case(
        "cell_too_long.csv",
        long.encode(),
        [
            (2, ["a@example.com", "x" * 200, "Rome"]),
            (3, ["b@example.com", "y" * 131_072, "Oslo"]),
        ],
        columns=["Email", "Notes", "City"],
        problems={2: "cell_too_long"},
    )


CLUB = [
    ["Member no", "First name", "Email", "Notes"],
    ["12", "Nora", "nora@example.com", 'plays "first" violin, brings\nher own stand'],
    ["13", "Emil", "emil@example.com", "on tour, back in May"],
]


def layouts() -> Iterator[Case]:
    """Ways in which programs write cells that are not the common one."""
    escaped = [
        [cell.replace('"', '\\"').replace("\n", "\\\n") for cell in row] for row in CLUB
    ]
    lines = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in escaped)
    columns = CLUB[0]
    yield Case("layout_backslash.csv", lines.encode(), numbered(CLUB[1:]), columns=columns)
    bare = "id\tname\temail\tnotes\n4\tNora\tnora@example.com\tone\\ttwo\\nthree\n5\tEmil\t\\N\tc:\\\\new\n"
    yield Case(
        "layout_backslash_tabs.txt",
        bare.encode(),
        [
            (2, ["4", "Nora", "nora@example.com", "one\ttwo\nthree"]),
            (3, ["5", "Emil", "\\N", "c:\\new"]),
        ],
        delimiter="\t",
        columns=["id", "name", "email", "notes"],
    )
    marked = [(2, ["Ann", "'ann@example.com"]), (3, ["Ben", "'ben@example.com'"])]
    yield Case(
        "text_marks.csv",
        "".join(
            f"{','.join(cells)}\n" for cells in (["Name", "Email"], marked[0][1], marked[1][1])
        ).encode(),
        marked,
        columns=["Name", "Email"],
    )
    yield Case(
        "mailboxes.csv",
        b'Email,City\nAnn <ann@example.com>,Rome\n"Ash, Ben" <ben@example.com>,Bonn\n',
        [
            (2, ["Ann <ann@example.com>", "Rome"]),
            (3, ["Ash, Ben <ben@example.com>", "Bonn"]),
        ],
        columns=["Email", "City"],
    )
    yield Case(
        "layout_single_quotes.csv",
        written(CLUB, quotechar="'", quoting=1).encode(),
        numbered(CLUB[1:]),
        columns=columns,
    )
    flat = [[cell.replace("\n", " ") for cell in row] for row in CLUB]
    for name, opening, closing in (
        ("english", "“", "”"),
        ("german", "„", "“"),
        ("french", "«", "»"),
    ):
        text = "".join(
            ";".join(f"{opening}{c}{closing}" for c in row) + "\r\n" for row in flat
        )
        yield Case(
            f"layout_curly_{name}.csv",
            text.encode(),
            numbered(flat[1:]),
            delimiter=";",
            columns=columns,
        )
    loose = "".join(
        " , ".join('"' + c.replace('"', '""') + '"' for c in row) + "\n" for row in CLUB
    )
    yield Case("layout_padded.csv", loose.encode(), numbered(CLUB[1:]), columns=columns)
    nested = written([[written([row]).rstrip("\r\n")] for row in CLUB], quoting=1)
    yield Case("layout_nested.csv", nested.encode(), numbered(CLUB[1:]), columns=columns)
    for name, sign in (("caret", "^"), ("tilde", "~"), ("bar", "¦"), ("unit", "\x1f")):
        yield Case(
            f"layout_{name}.txt",
            written([HEADER, *PEOPLE], delimiter=sign).encode(),
            numbered(PEOPLE),
            delimiter=sign,
        )
    comma = (
        "Name, first;Email;Price, EUR\nNora;nora@example.com;1,5\nEmil;emil@example.com;2,25\n"
    )
    yield Case(
        "comma_in_the_header_of_semicolons.csv",
        comma.encode(),
        [(2, ["Nora", "nora@example.com", "1,5"]), (3, ["Emil", "emil@example.com", "2,25"])],
        delimiter=";",
        columns=["Name, first", "Email", "Price, EUR"],
    )
    for name, end, inside in (
        ("crlf", "\r\n", "\n"),
        ("crlf_cr", "\r\n", "\r"),
        ("lf_cr", "\n", "\r"),
    ):
        text = end.join(
            [
                "First name,Email,Notes",
                f"Nora,nora@example.com,first{inside}violin",
                "Emil,emil@example.com,x",
                "",
            ]
        )
        yield Case(
            f"ends_within_bare_cells_{name}.csv",
            text.encode(),
            [
                (2, ["Nora", "nora@example.com", f"first{inside}violin"]),
                (3, ["Emil", "emil@example.com", "x"]),
            ],
            columns=["First name", "Email", "Notes"],
        )


def lists() -> Iterator[Case]:
    """Lists without a delimiter, and with lines drawn between rows."""
    table = "City     Email             Name\nOslo     ann@example.com   Ann Lie\n         bo@example.com    Bo\n"
    yield Case(
        "fixed_width.txt",
        table.encode(),
        [(2, ["Oslo", "ann@example.com", "Ann Lie"]), (3, ["", "bo@example.com", "Bo"])],
        columns=["City", "Email", "Name"],
    )
    ruled = "id email          city\n-- -------------- ----\n 1 anna@example.com Rome\n 2 bo@example.com Oslo\n"
    yield Case(
        "fixed_width_overrun.txt",
        ruled.encode(),
        [(3, ["1", "anna@example.co", "m Rome"]), (4, ["2", "bo@example.com", "Oslo"])],
        columns=["id", "email", "city"],
        problems={3: "column_overrun"},
    )
    yield refused(
        "gaps_without_columns.txt",
        b"Ann   Lie  ann@example.com\nBo  Ek     bo@example.com\nCy      Oz   cy@example.com\n",
        "no_delimiter",
    )
    line = 'To: "Lie, Ann" <ann@example.com>; Bo Ek <bo@example.com>;\n cy@example.com\n'
    yield Case(
        "addresses_in_lines.txt",
        line.encode(),
        [
            (1, ['"Lie, Ann" <ann@example.com>']),
            (2, ["Bo Ek <bo@example.com>"]),
            (3, ["cy@example.com"]),
        ],
        delimiter=";",
        header_row=0,
        columns=["Column A"],
    )
    boxed = (
        "+------+-----------------+\n| name | email           |\n+------+-----------------+\n"
        "| Ann  | ann@example.com |\n| Bo   | bo@example.com  |\n+------+-----------------+\n"
    )
    yield Case(
        "boxed.txt",
        boxed.encode(),
        [
            (4, ["", " Ann  ", " ann@example.com ", ""]),
            (5, ["", " Bo   ", " bo@example.com  ", ""]),
        ],
        delimiter="|",
        header_row=2,
        columns=["Column A", "name", "email", "Column D"],
    )


def spoilt() -> Iterator[Case]:
    """Text that another program spoilt."""
    cells = "Name,Email,Notes\nM&uuml;ller &amp; S&ouml;hne,m@example.com,<p>one</p><p>two<br>three</p>\n"
    yield Case(
        "html_in_cells.csv",
        cells.encode(),
        [(2, ["Müller & Söhne", "m@example.com", "one\ntwo\nthree"])],
        columns=["Name", "Email", "Notes"],
    )
    rows = [(2, ["a@example.com", "if a <b and c> d"]), (3, ["b@example.com", "x <y"])]
    yield Case(
        "less_than.csv",
        written([["Email", "Notes"], *(cells for _, cells in rows)]).encode(),
        rows,
        columns=["Email", "Notes"],
    )
    misread = "Prénom,Email\nChloé,c@example.com\nAnn,a@example.com\n".encode().decode(
        "cp1252"
    )
    rows = [(2, ["ChloÃ©", "c@example.com"]), (3, ["Ann", "a@example.com"])]
    yield Case(
        "misread_left.csv",
        misread.encode(),
        rows,
        columns=["PrÃ©nom", "Email"],
        problems={2: "text_spoilt"},
    )
    yield Case(
        "misread_repaired.csv",
        misread.encode(),
        [(2, ["Chloé", "c@example.com"]), rows[1]],
        columns=["Prénom", "Email"],
        choose={"repair": True},
    )
    two = "Name;City\nJörg;Köln\n".encode("cp1252") + "Zoë;Şile\nAnn;Rome\n".encode()
    yield Case(
        "two_encodings.csv",
        two,
        [(2, ["Jörg", "Köln"]), (3, ["Zoë", "Şile"]), (4, ["Ann", "Rome"])],
        delimiter=";",
        encoding="cp1252",
        certain=False,
        columns=["Name", "City"],
        problems={2: "other_encoding"},
    )
    mainframe = "NAME,EMAIL\nRUTH POE,RUTH@EXAMPLE.COM\n"
    for name, text in (("lf", mainframe), ("nel", mainframe.replace("\n", "\x85"))):
        yield Case(
            f"mainframe_{name}.txt",
            text.encode("cp037"),
            [(2, ["RUTH POE", "RUTH@EXAMPLE.COM"])],
            encoding="cp037",
            certain=False,
            columns=["NAME", "EMAIL"],
        )
    windows = [["氏名", "会社", "Email"], ["髙橋 由美", "①物産㈱", "y@example.com"]]
    yield Case(
        "shift_jis_of_windows.csv",
        written(windows).encode("cp932"),
        numbered(windows[1:]),
        encoding="shift_jis",
        columns=windows[0],
        choose={"encoding": "shift_jis"},
    )


WESTERN = [
    ["Email", "Name", "City"],
    ["jurgen@example.com", "Jürgen Groß", "Köln"],
    ["chloe@example.com", "Chloé Dubois", "Besançon"],
]
CENTRAL = [
    ["Email", "Name", "City"],
    ["zofia@example.com", "Zofia Łukaszewicz", "Gdańsk"],
    ["jiri@example.com", "Jiří Dvořák", "Plzeň"],
]
CYRILLIC = [
    ["Email", "Имя", "Город"],
    ["ivan@example.com", "Иван Петров", "Москва"],
    ["olga@example.com", "Ольга Ёлкина", "Пермь"],
]
UKRAINIAN = [["Email", "Name", "City"], ["yana@example.com", "Їжакевич Яна", "Київ"]]
GREEK = [["Email", "Name", "City"], ["nikos@example.com", "Νίκος Παππάς", "Αθήνα"]]
TURKISH = [["Email", "Name", "City"], ["isil@example.com", "Işıl Şahin", "Eskişehir"]]  # noqa: RUF001
HEBREW = [["Email", "Name", "City"], ["dana@example.com", "דנה לוי", "חיפה"]]
ARABIC = [["Email", "Name", "City"], ["samir@example.com", "سمير حداد", "بيروت"]]
BALTIC = [["Email", "Name", "City"], ["juris@example.com", "Juris Bērziņš", "Rīga"]]
VIETNAMESE = [["Email", "Name", "City"], ["duong@example.com", "Dương", "Đông Hưng"]]
THAI = [["Email", "Name", "City"], ["somchai@example.com", "สมชาย ใจดี", "เชียงใหม่"]]
ROMANIAN = [["Email", "Name", "City"], ["stefan@example.com", "Ștefan Țurcanu", "Iași"]]
CELTIC = [["Email", "Name", "City"], ["sian@example.com", "Siân Ŵyn", "Tŷ Ddewi"]]
NORDIC = [["Email", "Name", "City"], ["aleksi@example.com", "Áleksi Øvre", "Kárášjohka"]]
JAPANESE = [
    ["Email", "名前", "市"],
    ["hanako@example.com", "山田 花子", "東京"],
    ["ken@example.com", "表 健一", "能登"],
]
CHINESE = [
    ["Email", "姓名", "城市"],
    ["li@example.com", "李 小龙", "广州"],
    ["wang@example.com", "王 芳", "北京"],
]
TAIWANESE = [
    ["Email", "姓名", "城市"],
    ["chen@example.com", "陳 功蓋", "台北"],
    ["lin@example.com", "許 育成", "高雄"],
]
KOREAN = [
    ["Email", "이름", "도시"],
    ["kim@example.com", "김 민수", "서울"],
    ["lee@example.com", "이 서연", "부산"],
]
MIXED = [
    ["Email", "Name", "City"],
    ["jurgen@example.com", "Jürgen 😀", "Köln"],
    ["li@example.com", "李小龙", "𠮷野"],
]

CHOSEN = {
    "cp1252": WESTERN,
    "iso8859-1": WESTERN,
    "iso8859-15": WESTERN,
    "mac-roman": WESTERN,
    "cp850": WESTERN,
    "cp437": [["Email", "City"], ["a@example.com", "Köln"]],
    "cp1250": CENTRAL,
    "iso8859-2": CENTRAL,
    "mac-latin2": CENTRAL,
    "cp852": CENTRAL,
    "cp1251": CYRILLIC,
    "iso8859-5": CYRILLIC,
    "koi8-r": CYRILLIC,
    "koi8-u": UKRAINIAN,
    "cp866": CYRILLIC,
    "mac-cyrillic": CYRILLIC,
    "cp1253": GREEK,
    "iso8859-7": GREEK,
    "cp1254": TURKISH,
    "iso8859-9": TURKISH,
    "cp1255": HEBREW,
    "iso8859-8": HEBREW,
    "cp1256": ARABIC,
    "iso8859-6": ARABIC,
    "cp1257": BALTIC,
    "iso8859-13": BALTIC,
    "iso8859-4": BALTIC,
    "cp1258": VIETNAMESE,
    "cp874": THAI,
    "iso8859-11": THAI,
    "iso8859-16": ROMANIAN,
    "iso8859-14": CELTIC,
    "iso8859-10": NORDIC,
    "iso8859-3": [["Email", "City"], ["a@example.com", "Ħamrun"]],
    "shift_jis": JAPANESE,
    "cp932": JAPANESE,
    "euc_jp": JAPANESE,
    "iso2022_jp": JAPANESE,
    "gb18030": CHINESE,
    "gbk": CHINESE,
    "gb2312": CHINESE,
    "big5": TAIWANESE,
    "cp950": TAIWANESE,
    "euc_kr": KOREAN,
    "cp949": KOREAN,
    "johab": KOREAN,
    "cp037": WESTERN,
    "cp1140": WESTERN,
    "cp500": WESTERN,
    "utf-7": MIXED,
}


def encodings() -> Iterator[Case]:
    """Code pages that the person chooses, at a file of quoted newlines where the code page
    allows.
    """
    for codec, table in CHOSEN.items():
        name = codecs.lookup(codec).name
        whole = [*table, ["last@example.com", *["two\nlines"] * (len(table[0]) - 1)]]
        data = written(whole, delimiter=";").encode(codec)
        yield Case(
            f"encoding_{name.replace('-', '_')}.csv",
            data,
            numbered(whole[1:]),
            delimiter=";",
            encoding=codec,
            columns=table[0],
            choose={"encoding": codec},
        )
    data = written(WESTERN).encode("cp1252")
    yield Case(
        "encoding_preset_cp1252.csv",
        data,
        numbered(WESTERN[1:]),
        encoding="cp1252",
        certain=False,
        columns=WESTERN[0],
    )
    yield Case(
        "encoding_utf8.csv", written(MIXED).encode(), numbered(MIXED[1:]), columns=MIXED[0]
    )
    late = [["Email", "City"], *[[f"p{number}@example.com", "Rome"] for number in range(300)]]
    text = written([*late, ["last@example.com", "Köln"]])
    yield Case(
        "encoding_late_cp1252.csv",
        text.encode("cp1252"),
        numbered([*late[1:], ["last@example.com", "Köln"]]),
        encoding="cp1252",
        certain=False,
        columns=late[0],
    )


def unmarked() -> Iterator[Case]:
    """Unicode with and without a byte order mark."""
    marks = {
        "utf-8-sig": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-32-le": codecs.BOM_UTF32_LE,
        "utf-32-be": codecs.BOM_UTF32_BE,
        "gb18030": "\ufeff".encode("gb18030"),
    }
    for table, script in ((WESTERN, "western"), (CHINESE, "chinese"), (MIXED, "mixed")):
        text = written(table, delimiter="\t")
        for codec, mark in marks.items():
            bare = "utf-8" if codec == "utf-8-sig" else codec
            shown = codec if codec in {"utf-8-sig", "gb18030"} else codec[:6]
            yield Case(
                f"bom_{codec.replace('-', '_')}_{script}.csv",
                mark + text.encode(bare),
                numbered(table[1:]),
                delimiter="\t",
                encoding=shown,
                columns=table[0],
            )
            if codec[:6] in {"utf-16", "utf-32"}:
                yield Case(
                    f"no_bom_{codec.replace('-', '_')}_{script}.csv",
                    text.encode(bare),
                    numbered(table[1:]),
                    delimiter="\t",
                    encoding=codec,
                    columns=table[0],
                )


def undecodable() -> Iterator[Case]:
    """A byte that is no character is an error of its own row."""
    good, bad = ["a@example.com", "Zürich"], ["b@example.com", "K\ufffdln"]
    utf8 = (
        "Email,City\na@example.com,Zürich\nb@example.com,K".encode()
        + b"\xf6ln\nc@example.com,Lyon\n"
    )
    yield Case(
        "undecodable_utf8_chosen.csv",
        utf8,
        [(2, good), (3, bad), (4, ["c@example.com", "Lyon"])],
        columns=["Email", "City"],
        choose={"encoding": "utf-8"},
        problems={3: "undecodable"},
    )
    umlauts = "".join(f"p{number}@example.com,Zürich\n" for number in range(40))
    rows = [[f"p{number}@example.com", "Zürich"] for number in range(40)]
    yield Case(
        "cp1252_among_umlauts.csv",
        ("Email,City\n" + umlauts).encode() + b"b@example.com,K\xf6ln\n",
        numbered([*rows, ["b@example.com", "Köln"]]),
        columns=["Email", "City"],
        encoding="cp1252",
        certain=False,
        problems={42: "other_encoding"},
    )
    cp1252 = "Email,City\na@example.com,Zürich\nb@example.com,K".encode("cp1252") + b"\x81ln\n"
    yield Case(
        "undecodable_cp1252.csv",
        cp1252,
        [(2, good), (3, bad)],
        columns=["Email", "City"],
        encoding="cp1252",
        certain=False,
        problems={3: "undecodable"},
    )
    for codec in ("utf-16-le", "utf-16-be"):
        lone = "Email,City\na@example.com,Zürich\nb@example.com,K\ud800ln\n".encode(
            codec, "surrogatepass"
        )
        yield Case(
            f"undecodable_{codec.replace('-', '_')}.csv",
            lone,
            [(2, good), (3, bad)],
            columns=["Email", "City"],
            encoding=codec,
            choose={"encoding": codec},
            problems={3: "undecodable"},
        )
    cut = "Email,City\na@example.com,Zürich\nb@example.com,Kln".encode("utf-16-le") + b"\x00"
    yield Case(
        "undecodable_utf16_cut_off.csv",
        cut,
        [(2, good), (3, ["b@example.com", "Kln\ufffd"])],
        columns=["Email", "City"],
        encoding="utf-16-le",
        choose={"encoding": "utf-16-le"},
        problems={3: "undecodable"},
    )
    wide = (
        "Email,City\na@example.com,Zürich\nb@example.com,K".encode("utf-32-le")
        + b"\xff\xff\xff\x7f"
    )
    yield Case(
        "undecodable_utf_32_le.csv",
        wide + "ln\n".encode("utf-32-le"),
        [(2, good), (3, bad)],
        columns=["Email", "City"],
        encoding="utf-32-le",
        choose={"encoding": "utf-32-le"},
        problems={3: "undecodable"},
    )
    japanese = (
        "Email,City\nb@example.com,".encode("shift_jis")
        + b"\x82\n"
        + "c@example.com,東京\n".encode("shift_jis")
    )
    yield Case(
        "undecodable_shift_jis.csv",
        japanese,
        [(2, ["b@example.com", "\ufffd"]), (3, ["c@example.com", "東京"])],
        columns=["Email", "City"],
        encoding="shift_jis",
        choose={"encoding": "shift_jis"},
        problems={2: "undecodable"},
    )


def empty() -> Iterator[Case]:
    yield refused("empty.csv", b"", "empty_file")
    yield refused("only_blanks.csv", b"\n\r\n  \t\n", "empty_file")
    yield refused("only_delimiters.csv", b",,,\n,,,\n", "empty_file")
    yield refused("only_bom.csv", codecs.BOM_UTF8, "empty_file")
    yield refused("only_header.csv", b"Email,City\n", "only_header")
    yield refused(
        "unknown_encoding.csv",
        b"Email,City\na@example.com,Rome\n",
        "unknown_encoding",
        encoding="klingon",
    )
    yield refused(
        "no_text_encoding.csv",
        b"Email,City\na@example.com,Rome\n",
        "unknown_encoding",
        encoding="rot13",
    )
    yield refused(
        "escapes_as_encoding.csv",
        b"Email\na@example.com\n",
        "unknown_encoding",
        encoding="unicode_escape",
    )
    yield refused(
        "columns_257.csv",
        written([[f"c{n}" for n in range(257)], ["x"] * 257]).encode(),
        "too_many_columns",
    )
