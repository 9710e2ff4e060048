"""Kinds of files that are no table of contacts, told by their bytes and their names."""

import re
from pathlib import PurePath

from webapp.vocabulary.refusals import Refusal

EXTENSIONS = {".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xltx", ".xltm"}
MAGIC = (
    (b"%PDF", "is_pdf"),
    (b"%!PS", "is_pdf"),
    (b"{\\rtf", "is_document"),
    (b"\x89PNG", "is_image"),
    (b"\xff\xd8\xff", "is_image"),
    (b"GIF87a", "is_image"),
    (b"GIF89a", "is_image"),
    (b"II*\0", "is_image"),
    (b"MM\0*", "is_image"),
    (b"\0\0\1\0", "is_image"),
    (b"\x7fELF", "is_program"),
    (b"\xca\xfe\xba\xbe", "is_program"),
    (b"\xcf\xfa\xed\xfe", "is_program"),
    (b"#!/", "is_program"),
    (b"\x1f\x8b", "is_archive"),
    (b"7z\xbc\xaf", "is_archive"),
    (b"Rar!\x1a", "is_archive"),
    (b"BZh", "is_archive"),
    (b"\xfd7zXZ", "is_archive"),
    (b"\x28\xb5\x2f\xfd", "is_archive"),
    (b"SQLite format 3\0", "is_program"),
    (b"PAR1", "not_text"),
    (b"BEGIN:VCARD", "is_vcard"),
    (b"!BDN", "is_outlook"),
    (b"\0\1\0\0Standard ", "is_database"),
)
# Exports of address books that are no tables, by how the file is named.
OTHERS = {
    ".json": "is_json",
    ".jsonl": "is_json",
    ".ndjson": "is_json",
    ".ldif": "is_ldif",
    ".ldi": "is_ldif",
    ".numbers": "is_numbers",
    ".pst": "is_outlook",
    ".ost": "is_outlook",
    ".olm": "is_outlook",
    ".msg": "is_outlook",
    ".accdb": "is_database",
    ".mdb": "is_database",
}
JSON = re.compile(rb"\s*(?:\{|\[\s*[\[{])\s*[\"}\]]")
LDIF = re.compile(rb"(?:\s|#[^\n]*\n)*(?:version:\s*1\s+)?(?:#[^\n]*\n)*dn::? ", re.IGNORECASE)
# These begin like text; zero bytes soon after tell them apart from a table whose first label begins
# so.
BINARY_MAGIC = (
    (b"MZ", "is_program"),
    (b"BM", "is_image"),
    (b"RIFF", "is_image"),
    (b"BZh", "is_archive"),
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MARKUP = (
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<table",
    b"<?xml",
    b"<script",
    b"<svg",
    b"<!--",
    b"<meta",
)


def by_content(head: bytes) -> None:
    """Raise Refusal for documents, pictures, programs and archives, under any name."""
    if head.startswith(OLE):
        raise Refusal("is_protected" if ENCRYPTED in head else "is_old_excel")

    for magic, code in MAGIC:
        if head.startswith(magic):
            raise Refusal(code)

    for magic, code in BINARY_MAGIC:
        if head.startswith(magic) and b"\0" in head[:64]:
            raise Refusal(code)

    if head[4:8] == b"ftyp":
        raise Refusal("is_image")

    beginning = _beginning(head)
    if beginning.startswith(MARKUP):
        raise Refusal("is_html")
    if JSON.match(beginning):
        raise Refusal("is_json")
    if LDIF.match(beginning):
        raise Refusal("is_ldif")


def _beginning(head: bytes) -> bytes:
    """The first letters in lower case, of UTF-16 as well."""
    return head[:400].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()


def by_name(filename: str) -> None:
    """Raise Refusal unless the name ends like a table's."""
    extension = PurePath(filename.replace("\\", "/")).suffix.lower()
    if extension in OTHERS:
        raise Refusal(OTHERS[extension])
    if extension not in EXTENSIONS:
        shown = "".join(c for c in extension if c.isprintable())[:20]
        raise Refusal("wrong_name", extension=shown or "without an ending")
