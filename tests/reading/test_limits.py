"""What is too large or made to harm costs little and is told in a sentence (checklist items 3
to 9, 12 to 14, 22).
"""

import io
import socket
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator

import pytest

from tests.corpus.workbooks import MAIN, OFFICE, PACKAGE, inline, raw
from webapp.checking import dates, emails, names, phones
from webapp.checking.validation import LONGEST_LISTS, Checker
from webapp.limits import MOST_ADDRESSES, ROW_BYTES
from webapp.reading import readers
from webapp.reading.csv_records import SNIFFED_BYTES
from webapp.vocabulary.refusals import Refusal

MEBIBYTE = 1024 * 1024


class Endless:
    """`begin`, then `again` until there are `size` bytes, of which `given` have been asked for."""

    def __init__(self, begin: bytes, again: bytes, size: int) -> None:
        self.begin, self.size, self.given = begin, size, 0
        self.block = again * (256 * 1024 // len(again) + 1)
        self.period = len(again)

    def blocks(self, offset: int) -> Iterator[bytes]:
        at = offset
        if at < len(self.begin):
            yield self.begin[at:]
            at = len(self.begin)
        while at < self.size:
            shift = (at - len(self.begin)) % self.period
            block = self.block[shift:][: self.size - at]
            self.given += len(block)
            at += len(block)
            yield block


def refusal(
    data: bytes, name: str = "people.csv", limits: readers.Limits | None = None
) -> Refusal:
    with pytest.raises(Refusal) as found:
        readers.inspect(readers.BytesSource(data), name, limits=limits)
    return found.value


def peak_of(work: Callable[[], object]) -> int:
    """Bytes that Python held at most while doing the work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [257, 1_000_000])
def test_too_many_columns_are_refused_with_their_number(count):
    head = ",".join(["c"] * count).encode() + b"\n"
    found = refusal(head + b"x" + b",x" * 256 + b"\n")
    assert found.code == "too_many_columns"
    assert f"{count:,}" in found.sentence
    assert "256" in found.sentence


def test_of_a_wide_file_a_bounded_part_is_looked_at():
    source = Endless("é\n".encode(), b"c," * 500_000 + b"\n", 100 * MEBIBYTE)
    with pytest.raises(Refusal):
        readers.inspect(source, "people.csv")
    assert source.given < 20 * MEBIBYTE


def test_as_many_columns_as_allowed_are_read():
    head = readers.inspect(
        readers.BytesSource(
            (",".join(f"c{n}" for n in range(256)) + "\n" + "x," * 256).encode()
        ),
        "people.csv",
    )
    assert len(head.columns) == 256


def test_a_row_of_a_million_cells_is_an_error_of_that_row():
    data = b"Email,City\na@example.com," + b"x," * 1_000_000 + b"\nb@example.com,Oslo\n"
    dialect = readers.Dialect("csv", "utf-8", ",", None, 1)
    wide, good = readers.records(readers.BytesSource(data), dialect)
    assert (wide.row, wide.problem, len(wide.cells)) == (2, "too_many_cells", 256)
    assert (good.row, good.cells) == (3, ["b@example.com", "Oslo"])


@pytest.mark.parametrize(("line", "read"), [(b"x,y\n", 8), (b"word " * 20_000 + b"\n", 16)])
def test_an_unclosed_quote_at_the_beginning_of_two_gigabytes(line, read):
    """It is told at its own row, without the file being read or held."""
    source = Endless(b'Email,City\na@example.com,"Rome\n', line, 2 * 1024 * MEBIBYTE)
    head = readers.inspect(source, "people.csv", encoding="utf-8")
    first = next(readers.records(source, head.dialect))
    assert (first.row, first.cells, first.problem) == (
        2,
        ["a@example.com", '"Rome'],
        "unclosed_quote",
    )
    assert source.given < read * MEBIBYTE
    assert peak_of(lambda: next(readers.records(source, head.dialect))) < 16 * MEBIBYTE


def test_an_unclosed_quote_before_a_line_without_end():
    source = Endless(b'Email,City\na@example.com,"Rome\n', b"word ", 60 * MEBIBYTE)
    dialect = readers.Dialect("csv", "utf-8", ",", None, 1)
    found = list(readers.records(source, dialect))
    assert [(record.row, record.problem) for record in found] == [
        (2, "unclosed_quote"),
        (3, "row_too_long"),
    ]
    assert peak_of(lambda: list(readers.records(source, dialect))) < 32 * MEBIBYTE


def test_a_line_without_end_is_told_once_and_passed_over():
    begin = b"Email,City\na@example.com,Rome\nlong@example.com,"
    source = Endless(begin, b"x" * 1000, 60 * MEBIBYTE)
    dialect = readers.Dialect("csv", "utf-8", ",", None, 1)
    found = list(readers.records(source, dialect))
    assert [(record.row, record.problem) for record in found] == [
        (2, None),
        (3, "row_too_long"),
    ]
    assert found[1].cells[0] == "long@example.com"
    assert sum(map(len, found[1].cells)) < 20_000
    assert found[1].position == (source.size, 3)
    assert peak_of(lambda: list(readers.records(source, dialect))) < 32 * MEBIBYTE


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-32-be", "cp037"])
def test_reading_goes_on_behind_a_line_that_is_too_long(codec):
    text = "Email,City\nlong@example.com," + "é" * (5 * MEBIBYTE) + "\nb@example.com,Oslo\n"
    source = readers.BytesSource(text.encode(codec))
    dialect = readers.Dialect("csv", codec, ",", None, 1)
    long, good = readers.records(source, dialect)
    assert (long.row, long.problem, good.cells) == (
        2,
        "row_too_long",
        ["b@example.com", "Oslo"],
    )
    assert list(readers.records(source, dialect, start=long.position)) == [good]


def test_a_quote_in_every_line_costs_no_more_than_the_lines():
    """Each line opens a quote that the next one closes wrongly: no line is read more than a
    few times.
    """
    count = 20_000
    source = readers.BytesSource(b"Email\n" + b'"a\n' * count)
    dialect = readers.Dialect("csv", "utf-8", ",", None, 1)
    found: list[readers.Record] = []
    calls = calls_of(lambda: found.extend(readers.records(source, dialect)))
    assert len(found) == count
    assert calls < 60 * count


def test_a_cell_that_is_too_long_is_told_at_its_row():
    data = (
        f"Email,Notes\na@example.com,{'x' * 131_073}\nb@example.com,{'x' * 131_072}\n".encode()
    )
    long, good = readers.records(
        readers.BytesSource(data), readers.Dialect("csv", "utf-8", ",", None, 1)
    )
    assert (long.row, long.problem, good.problem) == (2, "cell_too_long", None)


def test_rows_past_the_limit_are_refused():
    data = b"Email\n" + b"a@example.com\n" * 11
    dialect = readers.Dialect("csv", "utf-8", ",", None, 1)
    limits = readers.Limits(max_rows=10)
    with pytest.raises(Refusal, match="too_many_rows") as found:
        list(readers.records(readers.BytesSource(data), dialect, limits=limits))
    assert "10 rows" in found.value.sentence


def test_a_sheet_that_unpacks_to_200_megabytes_is_refused_unopened():
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w") as member:
            for _ in range(200):
                member.write(bytes(MEBIBYTE))
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("_rels/.rels", "<Relationships/>")
    data = sheet.getvalue()
    peak = peak_of(lambda: refusal(data, "people.xlsx"))
    assert refusal(data, "people.xlsx").code == "workbook_too_large"
    assert peak < 2 * MEBIBYTE + len(data)


def test_a_cell_in_the_last_corner_takes_no_room():
    data = raw("<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>")
    assert len(data) < 4096
    assert refusal(data, "people.xlsx").code == "too_many_columns"
    assert peak_of(lambda: refusal(data, "people.xlsx")) < MEBIBYTE


@pytest.mark.parametrize(
    "sheet",
    [
        "<row r='1'><c r='A1' t='inlineStr'><is><t>"
        + "x" * (20 * MEBIBYTE)
        + "</t></is></c></row>",
        "<row r='1'>" + "<c r='A1'><v>1</v></c>" * 300_000 + "</row>",
        "<row r='1'>" + "<c>" * 700_000 + "</c>" * 700_000 + "</row>",
        "<row r='1'>" + " " * (20 * MEBIBYTE) + "</row>",
    ],
    ids=["long string", "many cells", "deep", "white space"],
)
def test_one_row_cannot_fill_the_memory(sheet):
    data = raw(
        sheet + inline((2, ["Email"]), (3, ["a@example.com"])),
        **{"xl/media/noise": bytes(range(256)) * 800},
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sum(member.file_size for member in archive.infolist()) < 64 * MEBIBYTE
    # The ratio alone would refuse most of these; the reader itself must not rely on it.
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from webapp.reading import readers, xlsx_package\n"
        "from webapp.vocabulary.refusals import Refusal\n"
        "xlsx_package.PACKED_RATIO = 10**9\n"
        "data = sys.stdin.buffer.read()\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
        "before = peak()\n"
        "try: readers.inspect(readers.BytesSource(data), 'people.xlsx')\n"
        "except Refusal as refusal: print(refusal.code)\n"
        "print((peak() - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, check=True, timeout=60
    )
    code, grown = done.stdout.decode().split()
    assert code == "workbook_too_large"
    assert int(grown) < 80


def test_entities_reach_nobody_and_unfold_to_nothing():
    """A listener that a workbook's entity and document type name hears nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        heard: list[object] = []
        thread = threading.Thread(target=lambda: heard.extend(accepted(listener)))
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        for prolog in (
            f"<!DOCTYPE worksheet [<!ENTITY x SYSTEM '{address}'>]>",
            f"<!DOCTYPE worksheet SYSTEM '{address}'>",
            f"<!DOCTYPE worksheet [<!ENTITY % x SYSTEM '{address}'> %x;]>",
        ):
            data = raw(inline((1, ["&x;"])), prolog=prolog)
            assert refusal(data, "people.xlsx").code == "workbook_unsafe"
        thread.join()
    assert heard == []


def accepted(listener: socket.socket) -> list[object]:
    try:
        return [listener.accept()[1]]
    except TimeoutError:
        return []


def test_members_outside_are_written_nowhere(tmp_path, monkeypatch):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    data = raw(
        inline((1, ["Email"]), (2, ["a@example.com"])),
        **{"../../escaped.xml": b"<x/>", "../escaped": b"x"},
    )
    head = readers.inspect(readers.BytesSource(data), "people.xlsx")
    assert head.columns == ["Email"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_relations_to_outside_are_not_followed():
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = (
        f"<Relationships xmlns='{package}'>"
        f"<Relationship Id='r1' Type='{office}/worksheet' Target='../../../../etc/passwd'/>"
        f"<Relationship Id='r2' Type='{office}/worksheet' Target='http://127.0.0.1:9/' TargetMode='External'/>"
        "</Relationships>"
    )
    data = raw("", **{"xl/_rels/workbook.xml.rels": relations.encode()})
    assert refusal(data, "people.xlsx").code == "empty_file"


def calls_of(work: Callable[[], object]) -> int:
    """How many functions were called, of Python's own as well: work, measured without a clock."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


MILLION = 1_000_000
LONG = [
    "x" * MILLION,
    '"' * MILLION,
    "@" * MILLION,
    "a." * MILLION,
    "1" * MILLION,
    "(" * MILLION,
    "é" * MILLION,
]


@pytest.mark.parametrize("text", LONG, ids=[text[:2] for text in LONG])
@pytest.mark.timeout(20)
def test_a_long_value_is_not_looked_at(text):
    for judge in (
        emails.key_of,
        lambda value: phones.read(value, "DE"),
        lambda value: dates.read(value, None),
        phones.region_of,
    ):
        judge("warm up")
        assert calls_of(lambda judge=judge: judge(text)) < 1_000


@pytest.mark.parametrize("text", LONG, ids=[text[:2] for text in LONG])
@pytest.mark.parametrize(
    "target",
    ["email", "phone", "birthday", "country", "full_name", "tags", "notes", "custom:x"],
)
@pytest.mark.timeout(20)
def test_a_long_cell_is_one_problem(target, text):
    record = readers.Record(2, [text], None, readers.Position(0, 2))
    found = Checker([target]).check(record)
    assert [problem.code for problem in found.problems] == ["too_long"]
    assert len(found.problems[0].value or "") <= 200


def nested(sign: str, count: int) -> str:
    return (sign * count)[:count]


@pytest.mark.parametrize(
    "sign", ["a.", "a-", "-", "(", "a@", '"', "xn--", "é", "\u0660", "\uff11"]
)
@pytest.mark.timeout(20)
def test_the_longest_values_that_are_looked_at_cost_little(sign):
    """No pattern goes back and forth over what it has matched: the clock of the test run would
    stop it.
    """
    for _ in range(20):
        emails.key_of(nested(sign, 200) + "@" + nested(sign, 53))
        emails.key_of(nested(sign, 254))
        phones.read(nested(sign, 64), "DE")
        dates.read(nested(sign, 64), None)
        names.read(nested(sign, 400))


@pytest.mark.parametrize(
    "sign",
    [" ", "\t", ";", " ;", ",", "/ 1", ";1", " +49", "@", "a@", "<a@b", "x, ", " o ", "\n"],
)
@pytest.mark.timeout(20)
def test_the_longest_lists_of_addresses_cost_little(sign):
    """No piece of a list makes the rest of it be read again and again."""
    for target, begin in (("email", "a@example.com;"), ("phone", "030 1234567;")):
        longest = LONGEST_LISTS[target] - len(begin) - 1
        cells = [f"{begin}{nested(sign, longest)}x", f"{nested(sign, longest)}x"]
        for _ in range(5):
            for cell in cells:
                found = Checker([target], default_country="DE").check(
                    readers.Record(2, [cell], None, readers.Position(0, 2))
                )
                assert len(found.problems) <= 2 * MOST_ADDRESSES


def test_the_head_is_read_only_so_far():
    source = Endless(
        "Email,City\na@example.com,Köln\n".encode(), b"b@example.com,Oslo\n", 500 * MEBIBYTE
    )
    readers.inspect(source, "people.csv")
    assert source.given < 8 * SNIFFED_BYTES + 4 * MEBIBYTE


def book_of(sheets: list[str]) -> bytes:
    """A workbook with these sheets; each is what stands inside of sheetData."""
    kind = f"Type='{OFFICE}/worksheet'"
    relations = "".join(
        f"<Relationship Id='r{n}' {kind} Target='s{n}.xml'/>" for n in range(len(sheets))
    )
    names = "".join(
        f"<sheet name='S{n}' sheetId='{n + 1}' r:id='r{n}'/>" for n in range(len(sheets))
    )
    book = f"<workbook xmlns='{MAIN}' xmlns:r='{OFFICE}'><sheets>{names}</sheets></workbook>"
    return raw(
        "",
        **{
            "xl/workbook.xml": book.encode(),
            "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{PACKAGE}'>{relations}</Relationships>".encode(),
            **{
                f"xl/s{n}.xml": f"<worksheet xmlns='{MAIN}'><sheetData>{sheet}</sheetData></worksheet>".encode()
                for n, sheet in enumerate(sheets)
            },
        },
    )


def test_a_look_at_empty_rows_goes_only_so_far():
    """However many there are, and in however many sheets."""
    few, many = (book_of(["<row/>" * rows] * 8) for rows in (20_000, 200_000))
    assert refusal(few, "people.xlsx").code == "no_rows_at_the_top"
    costs = [calls_of(lambda data=data: refusal(data, "people.xlsx")) for data in (few, many)]
    assert costs[1] < 1.5 * costs[0], costs


def test_empty_rows_above_the_table_are_read():
    data = book_of(
        [
            "<row/>" * 1000,
            "<row/>" * 10_000 + inline((10_001, ["Email"]), (10_002, ["a@example.com"])),
        ]
    )
    assert readers.inspect(readers.BytesSource(data), "people.xlsx").columns == ["Email"]


def rows_naming(text: str, columns: int, rows: int) -> bytes:
    """A workbook whose cells all name one shared text, below a header."""
    cells = "".join("<c t='s'><v>0</v></c>" for _ in range(columns))
    return raw(
        inline((1, ["Email"])) + f"<row>{cells}</row>" * rows, shared=f"<si><t>{text}</t></si>"
    )


def read_whole(data: bytes) -> list[readers.Record]:
    return list(
        readers.records(
            readers.BytesSource(data), readers.Dialect("xlsx", None, None, None, 1)
        )
    )


def test_a_row_of_a_workbook_has_only_so_much_text():
    found = read_whole(rows_naming("x" * 131_000, 250, 6))
    assert {record.problem for record in found} == {"row_too_long"}
    assert max(len("".join(record.cells)) for record in found) < 60_000
    (whole,) = read_whole(rows_naming("x" * 131_000, 30, 1))
    assert (whole.problem, whole.size) == (None, 30 * 131_000)


def test_a_small_workbook_gives_only_so_much_text():
    data = rows_naming("x" * 131_000, 31, 20)
    with pytest.raises(Refusal) as found:
        read_whole(data)
    assert found.value.code == "workbook_too_large"


def test_a_table_of_contents_that_is_too_long_is_not_read():
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        for number in range(12_000):
            archive.writestr(f"{number:060}", b"")
    assert refusal(out.getvalue(), "people.xlsx").code == "workbook_too_large"
    assert peak_of(lambda: refusal(out.getvalue(), "people.xlsx")) < 6 * MEBIBYTE


def test_what_stands_behind_the_rows_is_not_read():
    links = "".join(f"<hyperlink ref='A{n}' location='{n * 7919}'/>" for n in range(150_000))
    rows = inline((1, ["Email"]), (2, ["a@example.com"]))
    data = raw(f"{rows}</sheetData><hyperlinks>{links}</hyperlinks><sheetData>")
    assert readers.inspect(readers.BytesSource(data), "people.xlsx").sample == [
        ["a@example.com"]
    ]


@pytest.mark.parametrize("line", [b"a line of text\n", b"\n", b"a line of text " * 60 + b"\n"])
def test_a_row_of_many_lines_has_only_so_much_text(line):
    cell = b'"' + line * (100_000 // len(line)) + b'"'
    data = b"Email,City\n" + b",".join([cell] * 45) + b"\nb@example.com,Oslo\n"
    assert len(data) > ROW_BYTES
    dialect = readers.Dialect("csv", "utf-8", ",", None, 1)
    found = []
    peak = peak_of(lambda: found.extend(readers.records(readers.BytesSource(data), dialect)))
    long, good = found
    assert (long.row, long.problem, good.cells) == (
        2,
        "row_too_long",
        ["b@example.com", "Oslo"],
    )
    assert good.position.offset == len(data)
    assert peak < 40 * MEBIBYTE
