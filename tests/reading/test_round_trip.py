"""What was written is read: tables in any dialect and encoding, from any position on."""

import csv
import io
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest
import xlsxwriter
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.corpus.formats import ods, ods_row, ods_text
from tests.harness.examples import examples
from webapp.reading import encodings, readers
from webapp.vocabulary.refusals import Refusal

CODECS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257", "iso8859-1", "iso8859-2", "iso8859-15", "mac-roman",
    "koi8-r", "koi8-u", "cp850", "shift_jis", "cp932", "euc_jp", "iso2022_jp", "gb18030", "gbk", "big5", "euc_kr",
    "cp037", "cp500",
)  # fmt: skip
SIGNS = list("\",;\t|\r\n'= \u2028\u2029\x85\x0b\x0c\x1c\ufeff\ufffd")


def read_as(codec: str) -> str:
    """The codec by which a file of this encoding is read."""
    return encodings.resolved(encodings.known(codec), b"")[0]


def survives(text: str, codec: str) -> bool:
    """Whether the codec itself gives back what it is given."""
    try:
        return text.encode(codec).decode(read_as(codec)) == text
    except UnicodeError:
        return False


@st.composite
def texts(draw, codec: str) -> str:
    any_character = st.sampled_from(SIGNS) | st.characters(
        min_codepoint=1, exclude_categories=["Cs"]
    )
    cell = draw(st.text(any_character, max_size=8))
    return "".join(c for c in cell if survives(c, codec) and survives(f"a{c}b", codec))


@st.composite
def written(draw) -> tuple[readers.Dialect, list[list[str]], bytes]:
    """A table, how it was written, and the bytes."""
    codec, delimiter = draw(st.sampled_from(CODECS)), draw(st.sampled_from(",;\t|"))
    table = draw(
        st.lists(st.lists(texts(codec), min_size=1, max_size=5), min_size=1, max_size=12)
    )
    ends = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    breaks = any("\r" in cell or "\n" in cell for row in table for cell in row)
    # csv quotes a cell for the characters of its own line end only: a bare CR between LFs would be
    # one.
    quoting = (
        csv.QUOTE_ALL
        if breaks and ends != "\r\n"
        else draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    )
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(
        table
    )
    text = stream.getvalue()
    assume(not text.startswith("\ufeff") and not text.lower().lstrip('"').startswith("sep="))
    assume(survives(text, codec))
    return (
        readers.Dialect("csv", encodings.known(codec), delimiter, None, 0),
        table,
        text.encode(codec),
    )


class InPieces:
    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.size, self.step = data, len(data), step

    def blocks(self, offset: int) -> Iterator[bytes]:
        for begin in range(offset, self.size, self.step):
            yield self.data[begin : begin + self.step]


def with_text(table: list[list[str]]) -> list[tuple[int, list[str]]]:
    return [
        (row, cells)
        for row, cells in enumerate(table, 1)
        if any(cell.strip() for cell in cells)
    ]


@given(written(), st.integers(1, 40))
@settings(max_examples=examples(120, 400), deadline=None)
def test_any_table_in_any_dialect_and_encoding_is_read_back(made, step):
    dialect, table, data = made
    found = list(readers.records(InPieces(data, step), dialect))
    assert [(record.row, record.cells) for record in found] == with_text(table)
    assert {record.problem for record in found} <= {
        None,
        "damaged_characters",
        "text_spoilt",
    }


@given(written(), st.integers(1, 40), st.data())
@settings(max_examples=examples(100, 300), deadline=None)
def test_reading_goes_on_from_any_record(made, step, data):
    dialect, _, content = made
    whole = list(readers.records(InPieces(content, step), dialect))
    assume(whole)
    index = data.draw(st.integers(0, len(whole) - 1))
    rest = readers.records(InPieces(content, step), dialect, start=whole[index].position)
    assert list(rest) == whole[index + 1 :]


@given(
    st.binary(max_size=400),
    st.sampled_from(CODECS),
    st.sampled_from(",;\t|"),
    st.integers(1, 60),
    st.data(),
)
@settings(max_examples=examples(100, 300), deadline=None)
def test_any_bytes_are_read_to_the_end_and_from_any_position(
    content, codec, delimiter, step, data
):
    dialect = readers.Dialect("csv", encodings.known(codec), delimiter, None, 0)
    whole = list(readers.records(readers.BytesSource(content), dialect))
    assert list(readers.records(InPieces(content, step), dialect)) == whole
    assert [record.row for record in whole] == sorted({record.row for record in whole})
    if whole:
        index = data.draw(st.integers(0, len(whole) - 1))
        rest = readers.records(InPieces(content, step), dialect, start=whole[index].position)
        assert list(rest) == whole[index + 1 :]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("behind", [b"\n\0\r", b"a\0\0\0", "\na,b\nc".encode("utf-16-le")])
def test_the_mark_of_utf_8_before_what_a_person_calls_wide(encoding, behind):
    """It is read somehow, as any bytes are, and from each record on as from the beginning."""
    source = readers.BytesSource(b"\xef\xbb\xbf" + behind)
    dialect = readers.Dialect("csv", encoding, ",", None, 0)
    whole = list(readers.records(source, dialect))
    for index, record in enumerate(whole):
        rest = readers.records(source, dialect, start=record.position)
        assert list(rest) == whole[index + 1 :]


@given(st.binary(max_size=300), st.sampled_from(["people.csv", "people.xlsx", "people.txt"]))
@settings(max_examples=examples(100, 300), deadline=None)
def test_any_bytes_are_a_table_or_are_refused(content, name):
    head, refusal = None, ""
    try:
        head = readers.inspect(readers.BytesSource(content), name)
        list(readers.records(readers.BytesSource(content), head.dialect))
    except Refusal as unreadable:
        refusal = unreadable.sentence
    assert (head and head.columns) or refusal
    assert "…" not in refusal
    shown = [*head.columns, *(cell for row in head.sample for cell in row)] if head else []
    assert not any("\0" in text for text in shown)


IN_XML = st.characters(
    min_codepoint=1, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"
)
XML_TEXT = st.text(IN_XML, max_size=12)


@given(st.lists(st.lists(XML_TEXT, max_size=5), min_size=1, max_size=10), st.booleans())
@settings(max_examples=examples(40, 100), deadline=None)
def test_any_table_of_a_workbook_is_read_back(table, in_place):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "constant_memory": in_place}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(table):
            for column, text in enumerate(cells):
                sheet.write_string(number, column, text)
    source = readers.BytesSource(stream.getvalue())
    found = list(readers.records(source, readers.Dialect("xlsx", None, None, None, 0)))
    assert [(record.row, trimmed(record.cells)) for record in found] == [
        (row, trimmed(cells)) for row, cells in with_text(table)
    ]
    for index, record in enumerate(found):
        rest = readers.records(
            source, readers.Dialect("xlsx", None, None, None, 0), start=record.position
        )
        assert [later.row for later in rest] == [later.row for later in found[index + 1 :]]


def trimmed(cells: list[str]) -> list[str]:
    """A sheet has no trailing empty cells."""
    width = max((index for index, cell in enumerate(cells, 1) if cell), default=0)
    return cells[:width]


@given(st.lists(st.lists(XML_TEXT, max_size=5), min_size=1, max_size=10))
@settings(max_examples=examples(30, 60), deadline=None)
def test_any_table_of_opendocument_is_read_back(drawn):
    table = [[as_xml_has_it(cell) for cell in cells] for cells in drawn]
    rows = "".join(ods_row(*(ods_text(paragraphs(cell)) for cell in cells)) for cells in table)
    source = readers.BytesSource(ods(("People", rows)))
    dialect = readers.Dialect("ods", None, None, "People", 0)
    found = list(readers.records(source, dialect))
    assert [(record.row, trimmed(record.cells)) for record in found] == [
        (row, trimmed(cells)) for row, cells in with_text(table)
    ]
    for index, record in enumerate(found):
        rest = readers.records(source, dialect, start=record.position)
        assert [later.row for later in rest] == [later.row for later in found[index + 1 :]]


def paragraphs(text: str) -> str:
    return escape(as_xml_has_it(text)).replace("\n", "</text:p><text:p>")


def as_xml_has_it(text: str) -> str:
    """Without what XML cannot hold; a cell of white space alone is blank."""
    kept = "".join(c if c in "\n\t" or c >= " " else "" for c in text)
    return kept if kept.strip() else ""


@given(
    st.lists(st.tuples(XML_TEXT, XML_TEXT, XML_TEXT), min_size=1, max_size=8),
    st.integers(1, 40),
)
@example([("", "", "data: on paper")], 40)
@settings(max_examples=examples(30, 60), deadline=None)
def test_any_cards_are_read_back(people, step):
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:{n}\r\nN:{kept(last)};{kept(first)};;;\r\nNOTE:{kept(note)}\r\nEND:VCARD\r\n"
        for n, (last, first, note) in enumerate(people, 1)
    )
    folded = re.sub("([^\r\n]{20})(?=[^\r\n])", "\\1\r\n ", cards)
    source = InPieces(folded.encode(), step)
    head = readers.inspect(source, "people.vcf")
    found = [
        dict(zip(head.columns, record.cells, strict=True))
        for record in readers.records(source, head.dialect)
    ]
    for row, (last, first, note) in zip(found, people, strict=True):
        for label, text in (("Last name", last), ("First name", first), ("Notes", note)):
            assert row.get(label, "") == (
                as_card_has_it(text) if as_card_has_it(text).strip() else ""
            )


def as_card_has_it(text: str) -> str:
    """Without control characters; the comma parts several names."""
    return "".join(c for c in text if c == "\n" or c >= " ").replace(",", "")


def kept(text: str) -> str:
    escaped = as_card_has_it(text).replace("\\", "\\\\").replace(";", "\\;")
    return escaped.replace("\n", "\\n")
