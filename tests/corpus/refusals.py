"""What is no table: documents, pictures, programs and archives, under any name."""

import gzip
import io
import zipfile
from collections.abc import Iterator

from tests.corpus.case import Case, refused
from webapp.reading.file_kinds import OTHERS

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
WHEN = (2024, 1, 1, 0, 0, 0)
BEGINNINGS = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "is_pdf"),
    "postscript": (b"%!PS-Adobe-3.0\n%%Title: contacts\n", "is_pdf"),
    "html": (b"\n <!DOCTYPE html><html><body><table><tr><td>a</td></tr></table>", "is_html"),
    "html_table": (b"<table border=1>\n<tr><td>Email</td></tr>\n", "is_html"),
    "html_utf16": ("\ufeff<html><body>a</body></html>".encode("utf-16-le"), "is_html"),
    "xml": (b'<?xml version="1.0"?><contacts><contact/></contacts>', "is_html"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is_html"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is_image"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "is_image"),
    "gif": (b"GIF89a\x01\0\x01\0", "is_image"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "is_image"),
    "bmp": (b"BM\x36\0\0\0\0\0\0\0", "is_image"),
    "tiff": (b"II*\0\x08\0\0\0", "is_image"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "is_image"),
    "exe": (b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff", "is_program"),
    "elf": (b"\x7fELF\x02\x01\x01\0", "is_program"),
    "script": (b"#!/bin/sh\nrm -r ~\n", "is_program"),
    "gzip_cut_off": (b"\x1f\x8b\x08\0\0\0\0\0", "archive_broken"),
    "rar": (b"Rar!\x1a\x07\x01\0", "is_archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "is_archive"),
    "rtf": (rb"{\rtf1\ansi Email}", "is_document"),
    "vcard_empty": (b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", "vcard_broken"),
    "json": (b' [\n {"email": "ann@example.com"}]', "is_json"),
    "json_object": (b'{ "contacts": [] }', "is_json"),
    "ldif": (b"# people\nversion: 1\n\ndn: cn=Ann,o=Acme\ncn: Ann\n", "is_ldif"),
    "outlook_folder": (b"!BDN\0\0\0\0SM\x17\0", "is_outlook"),
    "access": (b"\0\1\0\0Standard ACE DB\0", "is_database"),
    "old_excel": (OLE, "is_old_excel"),
    "protected_excel": (OLE + "EncryptedPackage".encode("utf-16-le"), "is_protected"),
    "random": (
        bytes((number * 7919 + number // 3) % 256 for number in range(600)),
        "not_text",
    ),
}


def zipped(members: dict[str, bytes], stored: tuple[str, ...] = ()) -> bytes:
    """A zip archive, the same bytes every time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, WHEN), data, kind)
    return stream.getvalue()


def cases() -> Iterator[Case]:
    for name, (data, code) in BEGINNINGS.items():
        yield refused(f"{name}_as.csv", data, code)
    for name in ("pdf", "png", "exe", "old_excel", "protected_excel"):
        data, code = BEGINNINGS[name]
        yield refused(f"{name}_as.xlsx", data, code)
    yield refused("contacts.pdf", BEGINNINGS["pdf"][0], "is_pdf")
    yield refused("contacts.xls", OLE, "is_old_excel")
    for extension, code in OTHERS.items():
        yield refused(
            f"contacts{extension}.bin",
            b"Email\na@example.com\n",
            code,
            upload_as=f"contacts{extension}",
        )
    yield from names()
    yield from archives()


def names() -> Iterator[Case]:
    good = b"Email,City\na@example.com,Rome\n"
    for number, name in enumerate(
        (
            "contacts.doc",
            "contacts.xlsq",
            "contacts.csv.exe",
            "contacts",
            "contacts.",
            ".csv",
            "contacts.csv\0.exe",
            "contacts.\u202evsc",
            "../../etc/passwd",
            "contacts.xml",
            "contacts.\x1b[31mcsv",
        ),
        1,
    ):
        yield refused(f"name_{number}.bin", good, "wrong_name", upload_as=name)
    rows = [(2, ["a@example.com", "Rome"])]
    for number, name in enumerate(
        (
            "../../etc/contacts.csv",
            "C:\\people\\contacts.csv",
            "con.csv",
            "a" * 300 + ".csv",
            "a\r\nb.csv",
            "\u202egepj.csv",
            "contacts.CSV",
            "contacts.xlsx",
        ),
        1,
    ):
        yield Case(
            f"name_good_{number}.bin", good, rows, upload_as=name, columns=["Email", "City"]
        )


def archives() -> Iterator[Case]:
    nested = zipped({"contacts.zip": zipped({"contacts.csv": b"Email\na@example.com\n"})})
    yield refused("zip_of_a_zip.zip", nested, "is_archive")
    hidden = zipped({"contacts.csv": zipped({"contacts.csv": b"Email\na@example.com\n"})})
    yield refused("zip_of_a_hidden_zip.zip", hidden, "is_archive")
    packed = gzip.compress(gzip.compress(b"Email\na@example.com\n", mtime=0), mtime=0)
    yield refused("gzip_of_a_gzip.csv.gz", packed, "is_archive")
    yield refused(
        "zip_of_pictures.zip", zipped({"a.png": b"x", "__MACOSX/a.csv": b"x"}), "is_archive"
    )
    yield refused("zip_of_a_line.zip", zipped({"readme.txt": b"hello"}), "only_header")
    yield refused("numbers_packed.zip", zipped({"Index/Document.iwa": b"x"}), "is_numbers")
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    yield refused(
        "opendocument.xlsx",
        zipped({"mimetype": kind, "content.xml": b"<x/>"}),
        "is_opendocument",
    )
    word = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b"<Relationships/>",
        "word/document.xml": b"<x/>",
    }
    yield refused("word.xlsx", zipped(word), "is_document")
    binary = {"_rels/.rels": b"<Relationships/>", "xl/workbook.bin": b"x"}
    yield refused("binary_workbook.xlsx", zipped(binary), "is_old_excel")
    yield refused(
        "zip_cut_off.xlsx", zipped({"xl/workbook.xml": b"<x/>" * 500})[:-30], "workbook_broken"
    )
    yield refused("zip_beginning_only.xlsx", b"PK\x03\x04" + bytes(100), "archive_broken")
