"""Text that another program spoilt before it came here: HTML in cells, and UTF-8 that was read
as a code page and written again (`MÃ¼ller`).

What a whole file is like stands in `Dialect.layout`, by the names below.
"""

import html
import re
from collections.abc import Iterable

ENTITIES = "entities"  # &amp; for &
TAGS = "tags"  # <p>text</p>
MISREAD = "misread"  # Ã¼ for ü
REPAIRABLE = (ENTITIES, TAGS, MISREAD)

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
# Those that shape a text. A file that has others (an image, a script) is left as it stands.
_TAG_NAMES = (
    "a abbr address b big blockquote br center dd div dl dt em font h1 h2 h3 h4 h5 h6 hr i li mark "
    "ol p pre q s small span strong sub sup table tbody td th thead tr tt u ul"
)
# Attributes have a value: "a <b and c> d" is text.
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*\s*/?"""
_TAG = re.compile(
    rf"</?(?:{_TAG_NAMES.replace(' ', '|')}){_ATTRIBUTES}>|<!--.*?-->",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_TAG = re.compile(
    rf"</?(?!(?:{_TAG_NAMES.replace(' ', '|')})[\s/>])[a-z][a-z0-9]*(?=[\s/>])", re.IGNORECASE
)
# What ends a line when a browser shows it.
_BLOCKS = "p|div|li|tr|h[1-6]|hr|blockquote|address|dd|dt|table|ul|ol"
_BREAKING = re.compile(
    rf"\s*(?:<br{_ATTRIBUTES}>|</(?:{_BLOCKS})>(?:\s*<(?:{_BLOCKS}){_ATTRIBUTES}>)?|"
    rf"<(?:{_BLOCKS}){_ATTRIBUTES}>)\s*",
    re.IGNORECASE,
)
# The characters that cp1252 and ISO 8859-1 make of the bytes 0x80 to 0xBF.
_TRAIL = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # noqa: RUF001
# Of the first bytes of UTF-8, those that its common letters begin with: Latin, Cyrillic, Greek,
# Hebrew, Arabic, CJK, pictures.
_MISREAD = re.compile(
    f"[\xc2-\xdf][{_TRAIL}]|[\xe0-\xef][{_TRAIL}]{{2}}|[\xf0-\xf4][{_TRAIL}]{{3}}"
)
# Of the characters that follow: a letter of this kind behind a capital with an accent is hardly
# ever meant, a quote or a dash may be.
_TELLING = re.compile(
    "[\xc3\xc2][\x80-\xa0\xa1-\xa9\xab-\xb9\xbc-\xbf€ƒ„†‡ˆ‰Š‹ŒŽ•˜™šœžŸ]"  # noqa: RUF001
    f"|[\xc4-\xdf][\xa1-\xa9\xab-\xb9\xbc-\xbf€ƒ„†‡ˆ‰Š‹ŒŽ•˜™šœžŸ][\xc4-\xdf][{_TRAIL}]"  # noqa: RUF001
    f"|[\xc4-\xc6][\xa1-\xa9\xab-\xb9\xbc-\xbf€ƒ„†‡ˆ‰‹•˜™](?=[a-z])"  # noqa: RUF001
    "|\xe2\u20ac[\x80-\xbf™œ˜¦“”]"  # noqa: RUF001
    f"|[\xe3-\xed][{_TRAIL}]{{2}}[\xe3-\xed][{_TRAIL}]{{2}}|\xf0\u0178[{_TRAIL}]{{2}}"
)
# In each of these stands one such character, which most texts lack; it is looked for five times as
# quickly.
_TRAILING = re.compile(f"[{_TRAIL}]")
AGAIN = 3  # Ã¼ may have been spoilt once more, to ÃƒÂ¼


def is_spoilt(text: str) -> bool:
    """Whether a text holds what UTF-8 looks like when it is read as a code page."""
    if text.isascii() or not _TRAILING.search(text):
        return False
    return _TELLING.search(text) is not None


def html_in(texts: Iterable[str]) -> tuple[str, ...]:
    """What of HTML there is in cells or lines."""
    whole = "\n".join(texts)
    entities = (ENTITIES,) if "&" in whole and _ENTITY.search(whole) else ()
    tags = "<" in whole and _TAG.search(whole) and not _OTHER_TAG.search(whole)
    return entities + ((TAGS,) if tags else ())


def repaired(cells: list[str], layout: tuple[str, ...]) -> list[str]:
    """The cells as they were before another program spoilt them."""
    if MISREAD in layout:
        cells = [cell if cell.isascii() else _reread(cell) for cell in cells]
    if TAGS in layout:
        cells = [_untagged(cell) if "<" in cell else cell for cell in cells]
    if ENTITIES in layout:
        cells = [_ENTITY.sub(_unescaped, cell) if "&" in cell else cell for cell in cells]

    return cells


def _unescaped(found: re.Match[str]) -> str:
    return html.unescape(found[0])


def _untagged(cell: str) -> str:
    if not _TAG.search(cell):
        return cell
    return _TAG.sub("", _BREAKING.sub("\n", cell)).strip()


def _reread(cell: str) -> str:
    for _ in range(AGAIN):
        again = _MISREAD.sub(_as_utf8, cell)
        if again == cell:
            break
        cell = again

    return cell


def _as_utf8(found: re.Match[str]) -> str:
    try:
        return b"".join(map(_byte, found[0])).decode()
    except UnicodeDecodeError:
        return found[0]


def _byte(sign: str) -> bytes:
    """The byte that a program read as this character."""
    return sign.encode("latin-1") if sign <= "\xff" else sign.encode("cp1252")
