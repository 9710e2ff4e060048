"""Which encoding a text is in: byte order mark, strict UTF-8, else the person's choice,
pre-set to the one that `guessing` finds likeliest.
"""

import codecs
import encodings
import pkgutil
import re
from collections.abc import Iterable
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache

from webapp.reading import guessing
from webapp.reading.lines import UTF8_LINES
from webapp.vocabulary.catalogue import gettext_noop
from webapp.vocabulary.refusals import Refusal

FAMILIAR = {
    "utf-8": gettext_noop("Unicode (UTF-8)"),
    "utf-16": gettext_noop("Unicode (UTF-16)"),
    "cp1252": gettext_noop("Western European (Windows)"),
    "iso8859-1": gettext_noop("Western European (ISO 8859-1)"),
    "iso8859-15": gettext_noop("Western European with € (ISO 8859-15)"),
    "mac-roman": gettext_noop("Western European (Mac)"),
    "cp850": gettext_noop("Western European (DOS)"),
    "cp1250": gettext_noop("Central European (Windows)"),
    "iso8859-2": gettext_noop("Central European (ISO 8859-2)"),
    "cp1251": gettext_noop("Cyrillic (Windows)"),
    "koi8-r": gettext_noop("Cyrillic (KOI8-R)"),
    "koi8-u": gettext_noop("Cyrillic (KOI8-U)"),
    "cp1253": gettext_noop("Greek (Windows)"),
    "cp1254": gettext_noop("Turkish (Windows)"),
    "cp1255": gettext_noop("Hebrew (Windows)"),
    "cp1256": gettext_noop("Arabic (Windows)"),
    "cp1257": gettext_noop("Baltic (Windows)"),
    "cp1258": gettext_noop("Vietnamese (Windows)"),
    "cp874": gettext_noop("Thai (Windows)"),
    "shift_jis": gettext_noop("Japanese (Shift JIS)"),
    "euc_jp": gettext_noop("Japanese (EUC)"),
    "gb18030": gettext_noop("Chinese, simplified (GB 18030)"),
    "big5": gettext_noop("Chinese, traditional (Big5)"),
    "euc_kr": gettext_noop("Korean (EUC)"),
}
# Every other encoding that Python has, by its own name of it. To ask Python for all of them would
# load a hundred modules, 3 MB, into a process that only lists them.
OTHERS = (
    "ascii", "big5hkscs", "cp037", "cp1026", "cp1125", "cp1140", "cp273", "cp424", "cp437",
    "cp500", "cp775", "cp852", "cp855", "cp857", "cp858", "cp860", "cp861", "cp862", "cp863",
    "cp864", "cp865", "cp866", "cp869", "cp932", "cp949", "cp950", "euc_jis_2004",
    "euc_jisx0213", "gb2312", "gbk", "hp-roman8", "hz", "iso2022_jp", "iso2022_jp_1",
    "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr",
    "iso8859-10", "iso8859-11", "iso8859-13", "iso8859-14", "iso8859-16", "iso8859-3",
    "iso8859-4", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "johab",
    "kz1048", "mac-cyrillic", "mac-greek", "mac-iceland", "mac-latin2", "mac-turkish",
    "ptcp154", "shift_jis_2004", "shift_jisx0213", "tis-620", "utf-16-be", "utf-16-le",
    "utf-32", "utf-32-be", "utf-32-le", "utf-7",
)  # fmt: skip
# (mark, name, the codec that reads on after the mark); UTF-32 first, since its mark begins with
# UTF-16's.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030", "gb18030"),
)
WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
NOT_FOR_FILES = {
    "charmap",
    "idna",
    "punycode",
    "undefined",
    "unicode_escape",
    "raw_unicode_escape",
    "mbcs",
    "oem",
}
# No text has these; the left out are white space and what code pages of Japan and of old machines
# use.
CONTROLS = [bytes((number,)) for number in (*range(1, 9), *range(14, 26), 28, 127)]
STRAY_CONTROLS = 20
# One zero byte in a hundred is a damaged cell; more of them, and it is no text.
STRAY_ZEROS = 100
# What tells an encoding that switches: to two bytes a sign, and back.
SWITCHES = (
    (b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"), (b"~{", "hz"),
)  # fmt: skip
EBCDIC, EBCDIC_PERCENT = "cp037", 90
# What Windows writes under a name that once meant less: with ①, ㈱ and 髙, and all of Unicode.
AS_WINDOWS_DOES = {
    "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "big5": "cp950",
}  # fmt: skip


def known(encoding: str) -> str:
    """Python's name of an encoding that a person chose. Raises Refusal for what is none."""
    name = normalize_encoding(encoding).lower()
    if name not in _names():
        raise Refusal("unknown_encoding", at="/encoding", encoding=encoding[:40])

    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise Refusal("unknown_encoding", at="/encoding", encoding=encoding[:40]) from None

    # The mark of a text codec is private, and the only way to tell one from rot13 and zip.
    if not found._is_text_encoding or found.name.replace("-", "_") in NOT_FOR_FILES:  # noqa: SLF001
        raise Refusal("unknown_encoding", at="/encoding", encoding=encoding[:40])

    return found.name


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Every name that Python's own encodings go by.

    Python keeps each name that it was ever asked for.
    """
    modules = (module.name for module in pkgutil.iter_modules(encodings.__path__))
    return frozenset((*aliases, *modules)) - NOT_FOR_FILES


Found = tuple[str, bool, tuple[str, ...]]  # encoding, whether it is certain, layout of lines


def detect(head: bytes, following: Iterable[bytes]) -> Found:
    """The encoding, whether it is certain, and what its lines are.

    `following` is read on only while everything is plain ASCII.
    """
    for mark, name, _codec in MARKS:
        if head.startswith(mark):
            return name, True, ()

    if b"\0" in head and (wide := _wide(head)):
        return wide, True, ()
    if found := _switching(head) or _ebcdic(head):
        return found
    if sum(map(head.count, CONTROLS)) * STRAY_CONTROLS > len(head):
        raise Refusal("not_text")

    for block in (head, *()) if not head.isascii() else _blocks(head, following):
        if not block.isascii():
            return _utf8_or_not(block)

    return "utf-8", True, ()


def _switching(head: bytes) -> Found | None:
    """Encodings that are ASCII throughout and switch by escapes."""
    for sign, name in SWITCHES:
        if sign in head and head.isascii():
            return name, False, ()
    return None


def _ebcdic(head: bytes) -> Found | None:
    """A mainframe's text: read as ASCII it has no line, as EBCDIC letters and lines."""
    if head.isascii() or b"\n" in head or b"\r" in head:
        return None

    text = head.decode(EBCDIC)
    plain = sum(1 for c in text if (c.isascii() and c.isprintable()) or c in "\n\x85\r")
    if plain * 100 < len(text) * EBCDIC_PERCENT or not re.search("[\n\r\x85]", text):
        return None
    if not re.search("[A-Za-z]{3}", text):
        return None

    return EBCDIC, False, ()


def _blocks(head: bytes, following: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks, each with the last bytes of the one before, so that no character is cut at
    an edge.
    """
    last = head[-4:]
    for block in following:
        yield last + block
        last = block[-4:]


def _utf8_or_not(block: bytes) -> Found:
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(block)
    bad = text.count("\ufffd") - block.count("\ufffd".encode())
    if bad == 0:
        return "utf-8", guessing.is_likely(text), ()

    # Two programs may have written a file, each its lines.
    whole = [line for line in block.splitlines() if not line.isascii()]
    by_itself = [line for line in whole if not _is_utf8(line)]
    others = len(whole) - len(by_itself)
    if others and guessing.is_likely(
        b"\n".join(line for line in whole if _is_utf8(line)).decode(), also_short=False
    ):
        return guessing.best(b"\n".join(by_itself)), False, (UTF8_LINES,)

    return guessing.best(block), False, ()


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark; a zero byte here and there in ASCII is a cell's
    problem, not the file's.
    """
    for codec in WIDE:
        if _reads_as(codec, head):
            return codec

    if head.count(0) * STRAY_ZEROS > len(head) and head.count(0) > 3:  # noqa: PLR2004
        raise Refusal("not_text")

    return None


def _reads_as(codec: str, head: bytes) -> bool:
    """Whether the head decodes strictly to lines of text without control characters."""
    whole = head[: len(head) // 4 * 4 if "32" in codec else len(head) // 2 * 2]
    try:
        text = codecs.getincrementaldecoder(codec)().decode(whole)
    except UnicodeDecodeError:
        return False

    # Read with the bytes swapped, line breaks and commas would be ਍, ਀ and Ⰰ: no ASCII is left.
    signs = sum(text.count(sign) for sign in "\r\n,;\t|")
    swapped = sum(text.count(sign) for sign in "\u0d00\u0a00\u2c00\u3b00\u0900\u7c00")

    return "\0" not in text and signs > swapped


def resolved(encoding: str, first: bytes) -> tuple[str, int]:
    """The codec that reads on after a byte order mark, and the mark's length; `first` is the
    file's beginning.
    """
    # The mark of UTF-8 says nothing of signs of two and four bytes: there it is three bytes of
    # text.
    is_wide = encoding.startswith(("utf-16", "utf-32"))

    for mark, name, codec in MARKS:
        is_known = name == "utf-8-sig" and not is_wide
        if first.startswith(mark) and (is_known or encoding.startswith(name)):
            return (codec if encoding.startswith(name[:5]) else encoding), len(mark)

    if encoding in {"utf-16", "utf-32"}:
        guesses = [
            codec for codec in WIDE if codec.startswith(encoding) and _reads_as(codec, first)
        ]
        return (guesses or [f"{encoding}-le"])[0], 0

    return ("utf-8" if encoding == "utf-8-sig" else AS_WINDOWS_DOES.get(encoding, encoding)), 0
