"""Files made to harm, of each format beside text and .xlsx: a refusal that costs little.

What is asserted is how many bytes were read or held, never a time.
"""

import gzip
import os
import zlib
from contextlib import suppress

import pytest

from tests.corpus.formats import MADE, ods, ods_row, ods_text
from tests.corpus.refusals import zipped
from tests.reading.test_limits import MEBIBYTE, Endless, peak_of
from webapp.limits import HTML_LOOK_BYTES, VCARD_LINES, XML_LOOK_BYTES
from webapp.reading import readers
from webapp.vocabulary.refusals import Refusal

HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


class Counted:
    """A source that counts the bytes it gave."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.given = data, len(data), 0

    def blocks(self, offset: int):
        for begin in range(offset, self.size, 16 * 1024):
            block = self.data[begin : begin + 16 * 1024]
            self.given += len(block)
            yield block


def refused(source, name: str) -> str:
    """The code with which it is refused, by its head or further down."""
    with pytest.raises(Refusal) as found:
        read(source, name)
    return found.value.code


def read(source, name: str) -> None:
    head = readers.inspect(source, name)
    for _ in readers.records(source, head.dialect):
        pass


def ten_gigabytes(line: bytes) -> bytes:
    """A .gz of so much of one line, a thousandth of it in size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(line * (MEBIBYTE // len(line))) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(line * (MEBIBYTE // len(line))) + packer.flush(zlib.Z_FULL_FLUSH)
    return HEADER + first + again * 10_000


@pytest.mark.parametrize("line", [b"\0" * 8, b"a@x.de,b\n"])
def test_ten_gigabytes_in_a_gzip_are_unpacked_only_so_far(line):
    source = Counted(ten_gigabytes(line))
    found = []
    peak = peak_of(lambda: found.append(refused(source, "people.csv.gz")))
    assert found[0] in {"empty_file", "archive_too_large"}
    assert peak < 30 * MEBIBYTE


def test_a_zip_of_zeros_is_unpacked_only_so_far():
    data = zipped({"people.csv": bytes(100 * MEBIBYTE)})
    assert refused(Counted(data), "people.zip") in {"empty_file", "archive_too_large"}
    assert peak_of(lambda: refused(Counted(data), "people.zip")) < 10 * MEBIBYTE


def test_archives_within_archives_are_not_opened():
    data = b"Email\na@example.com\n"
    for _ in range(8):
        data = zipped({"people.csv": data})
    assert refused(Counted(data), "people.zip") == "is_archive"
    assert refused(Counted(gzip.compress(data)), "people.csv.gz") == "is_archive"


def test_a_card_of_one_endless_line_costs_no_memory():
    source = Endless(b"BEGIN:VCARD\nNOTE:", b"x" * 1000, 200 * MEBIBYTE)
    assert peak_of(lambda: refused(source, "people.vcf")) < 60 * MEBIBYTE


def test_a_card_of_endless_folded_lines_costs_no_memory():
    source = Endless(b"BEGIN:VCARD\nNOTE:x\n", b" xxxxxxxxxxxxxxxxxxx\n", 6 * MEBIBYTE)
    dialect = readers.Dialect("vcard", "utf-8", None, None, 0)
    assert peak_of(lambda: list(readers.records(source, dialect))) < 60 * MEBIBYTE


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"BEGIN:VCARD\nNOTE:x\n", b" xxxxxxxxxxxxxxxxxxx\n"),
        (b"BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:x=\n", b"xxxxxxxxxxxxxxxxxxx=\n"),
        (b"BEGIN:VCARD\nFN:Ann\nPHOTO;ENCODING=b:x\n", b" xxxxxxxxxxxxxxxxxxx\n"),
        (b"BEGIN:VCARD\n", b"BEGIN:VCARD\n"),
        (b"BEGIN:VCARD\nFN:Ann\nEND:VCARD\n", b"\n"),
    ],
)
def test_a_card_without_an_end_is_given_up_after_so_many_lines(begin, again):
    """A second reading, for the encoding, takes the whole file."""
    source = Endless(begin, again, 20 * MEBIBYTE)
    assert refused(source, "people.vcf") == "vcard_broken"
    assert source.given < source.size + 2 * (VCARD_LINES * len(again) + MEBIBYTE)


def test_cards_that_say_nothing_are_looked_at_only_so_far():
    source = Endless(b"BEGIN:VCARD\n", b"END:VCARD\nBEGIN:VCARD\n", 20 * MEBIBYTE)
    assert refused(source, "people.vcf") == "vcard_broken"
    assert source.given < source.size + 2 * MEBIBYTE


def test_a_photograph_of_a_card_may_be_large():
    photo = b" " + b"x" * 74 + b"\n"
    data = b"BEGIN:VCARD\nFN:Ann\nPHOTO;ENCODING=b:x\n" + photo * 200_000 + b"END:VCARD\n"
    source = Counted(data)
    head = readers.inspect(source, "people.vcf")
    assert [record.cells for record in readers.records(source, head.dialect)] == [["Ann"]]


def test_a_card_may_not_bring_endless_columns():
    lines = b"".join(b"X-%d:1\n" % number for number in range(50_000))
    source = Counted(b"BEGIN:VCARD\nFN:Ann\n" + lines + b"END:VCARD\n")
    head = readers.inspect(source, "people.vcf")
    assert len(head.columns) == 256
    assert head.columns[-1] == "Further properties"


def test_a_million_repeated_rows_of_opendocument_are_bounded_by_their_text():
    row = ods_row(ods_text("x" * 1000), facts='table:number-rows-repeated="1000000"')
    source = Counted(ods(("A", ods_row(ods_text("Email")) + row)))
    assert peak_of(lambda: refused(source, "people.ods")) < 30 * MEBIBYTE


def test_repeated_cells_of_opendocument_are_bounded_by_columns():
    cell = ods_text("x", 'table:number-columns-repeated="1000000000"')
    source = Counted(ods(("A", ods_row(ods_text("Email")) + ods_row(cell))))
    assert refused(source, "people.ods") == "too_many_columns"


@pytest.mark.parametrize("content", [b"<a " + b"x" * 9 * MEBIBYTE, b"<a>" * 100_000])
def test_opendocument_of_one_endless_piece_is_refused(content):
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    noise = os.urandom(200_000)  # so that it does not pack too well to be looked at
    data = zipped(
        {"mimetype": kind, "content.xml": content, "noise": noise},
        stored=("mimetype", "content.xml"),
    )
    assert refused(Counted(data), "people.ods") == "workbook_too_large"


def test_entities_of_a_workbook_of_2003_are_refused():
    begin = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]>"
    data = (
        begin
        + b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>&x;</Workbook>"
    )
    assert refused(Counted(data), "people.xls") == "workbook_unsafe"


def test_a_web_page_of_one_endless_tag_is_refused():
    data = b"<html><table><tr><td><a " + b"x" * 5 * MEBIBYTE
    assert refused(Counted(data), "people.xls") == "workbook_too_large"


@pytest.mark.parametrize("tag", [b"<tr>", b"<td>", b"<b>", b"<tr></tr>"])
def test_a_web_page_of_blank_rows_is_looked_at_only_so_far(tag):
    source = Counted(b"<html><table>" + tag * (20 * MEBIBYTE // len(tag)))
    with pytest.raises(Refusal) as found:
        readers.inspect(source, "people.xls", encoding="utf-8")
    assert found.value.code == "no_rows_at_the_top"
    assert source.given < 2 * HTML_LOOK_BYTES


@pytest.mark.parametrize("row", [b"<Row/>", b"<Row><Cell/></Row>"])
def test_a_workbook_of_2003_of_blank_rows_is_looked_at_only_so_far(row):
    begin = (
        b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>"
        b"<Worksheet><Table>"
    )
    source = Counted(begin + row * (20 * MEBIBYTE // len(row)))
    with pytest.raises(Refusal) as found:
        readers.inspect(source, "people.xls")
    assert found.value.code == "no_rows_at_the_top"
    assert source.given < 2 * XML_LOOK_BYTES


def test_of_a_long_web_page_the_rows_below_the_look_are_read():
    people = HTML_LOOK_BYTES // 15
    lines = b"<tr><td>a@example.com</td></tr>" * people
    source = Counted(b"<html><table><tr><td>Email</td></tr>" + lines + b"</table></html>")
    head = readers.inspect(source, "people.xls")
    assert [sheet.rows for sheet in head.sheets] == [None]
    assert sum(1 for _ in readers.records(source, head.dialect)) == people


@pytest.mark.parametrize("at", range(512, 5000, 450))
def test_damaged_old_workbooks_end_in_a_sentence(at):
    """A reader may panic or ask for gigabytes: that ends a process of its own, with 512 MB."""
    data = bytearray((MADE / "members.xls").read_bytes())
    data[at : at + 60] = b"\xff" * 60
    with suppress(Refusal):
        read(Counted(bytes(data)), "people.xls")
