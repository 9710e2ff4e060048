"""Kinds of files that are no table of contacts, told by their bytes and their names."""

import re
from pathlib import PurePath

from webapp.vocabulary.refusals import Refusal

EXTENSIONS = {
    ".csv", ".tsv", ".tab", ".txt",
    ".xlsx", ".xlsm", ".xltx", ".xltm", ".xls", ".xlsb", ".ods", ".ots",
    ".vcf", ".vcard",
    ".gz", ".zip",
}  # fmt: skip
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
    (b"7z\xbc\xaf", "is_archive"),
    (b"Rar!\x1a", "is_archive"),
    (b"BZh", "is_archive"),
    (b"\xfd7zXZ", "is_archive"),
    (b"\x28\xb5\x2f\xfd", "is_archive"),
    (b"SQLite format 3\0", "is_program"),
    (b"PAR1", "not_text"),
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
# Names of streams, by which files of Office's old container are told apart.
OLE_KINDS = (
    ("EncryptedPackage", "is_protected"),
    ("__substg1.0_", "is_outlook"),
    ("WordDocument", "is_document"),
    ("PowerPoint Document", "is_document"),
)
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


def refuse_markup(head: bytes) -> None:
    """Raise Refusal for web pages and XML; asked where no format has claimed the file."""
    if begins_with_any(head, MARKUP):
        raise Refusal("is_html")


def by_content(head: bytes) -> None:
    """Raise Refusal for documents, pictures, programs and archives, under any name."""
    code = _by_magic(head)
    if code:
        raise Refusal(code)

    if head[4:8] == b"ftyp":
        raise Refusal("is_image")

    beginning = _beginning(head)
    if JSON.match(beginning):
        raise Refusal("is_json")
    if LDIF.match(beginning):
        raise Refusal("is_ldif")


def _by_magic(head: bytes) -> str | None:
    for words, code in OLE_KINDS if head.startswith(OLE) else ():
        if words.encode("utf-16-le") in head:
            return code

    found = [code for magic, code in MAGIC if head.startswith(magic)]
    if b"\0" in head[:64]:
        found += [code for magic, code in BINARY_MAGIC if head.startswith(magic)]

    return next(iter(found), None)


def begins_with(head: bytes, words: bytes) -> bool:
    """Whether the first letters are these, in lower case; in UTF-16 as well."""
    return _beginning(head).startswith(words)


def begins_with_any(head: bytes, words: tuple[bytes, ...]) -> bool:
    """Whether the first letters are any of these."""
    return _beginning(head).startswith(words)


def extension_of(filename: str) -> str:
    """How a file's name ends, in lower case, with its dot."""
    return PurePath(filename.replace("\\", "/")).suffix.lower()


def _beginning(head: bytes) -> bytes:
    """The first letters in lower case, of UTF-16 as well."""
    return head[:400].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()


def by_name(filename: str) -> None:
    """Raise Refusal unless the name ends like a table's."""
    extension = extension_of(filename)
    if extension in OTHERS:
        raise Refusal(OTHERS[extension])
    if extension not in EXTENSIONS:
        shown = "".join(c for c in extension if c.isprintable())[:20]
        raise Refusal("wrong_name", extension=shown or "without an ending")
