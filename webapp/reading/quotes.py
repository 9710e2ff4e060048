"""How the cells of a line are told apart where a program did not follow RFC 4180: backslashes,
typographic quotes, blanks around quotes, a line quoted as a whole, a quote in the wrong place.

All but the last are ways in which a whole file is written: `Dialect.layout` names them. A line is
rewritten by itself for Python's csv, with characters that no text holds in the place of those that
csv must not heed; `restored` puts them back. So reading goes on from any record.
"""

import csv
import re
from collections.abc import Callable

BACKSLASH = "backslash"  # MySQL, PostgreSQL: \" \, \n, and a line end behind a backslash
SINGLE = "single"  # 'a, b'
CURLY = "curly"  # “a, b”
PADDED = "padded"  # "a" , "b"
NESTED = "nested"  # "a,""b"",c": each line is one cell of another file
JOINED = "joined"  # a line end of another kind than the file's belongs to its cell

# Noncharacters of Unicode, "never to be interchanged", each in the place of a character.
STANDINS = {
    '"': "\ufdd0", "'": "\ufdd1", "\\": "\ufdd2", "\n": "\ufdd3",
    "\r": "\ufdd4", "\t": "\ufdd5", "delimiter": "\ufdd6",
}  # fmt: skip
_STANDIN = re.compile("[\ufdd0-\ufdd6]")
_ESCAPE = re.compile(r"\\(\r\n|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_OPENING, _CLOSING = "“”„‟«»", "“”‟«»"
_PAIRS = "[“„]([^“”„]*)[”“]|«([^«»]*)»|‘([^‘’‚]*)’|‚([^‘’‚]*)[‘’]|‹([^‹›]*)›"  # noqa: RUF001

Rewriting = Callable[[str], str]


def rewriting(layout: tuple[str, ...], delimiter: str) -> Rewriting | None:
    """How each line is rewritten before csv cuts it; None where it is left as it is."""
    steps: list[Rewriting] = []
    if JOINED in layout:
        steps.append(_joined)
    if BACKSLASH in layout:
        steps.append(_unescaping(delimiter))
    if CURLY in layout:
        steps.append(_straightening(delimiter))
    if PADDED in layout:
        steps.append(_tightening(delimiter))
    if not steps:
        return None

    def rewritten(line: str) -> str:
        for step in steps:
            line = step(line)
        return line

    return rewritten


def restored(cells: list[str], delimiter: str) -> list[str]:
    """The cells with the characters that `rewriting` had put away."""
    if not _STANDIN.search("".join(cells)):
        return cells
    back = {ord(sign): text for text, sign in STANDINS.items()}
    back[ord(STANDINS["delimiter"])] = delimiter
    return [cell.translate(back) for cell in cells]


def _joined(line: str) -> str:
    """A line end within a line is text; that of a mainframe ends it for csv as well."""
    if line.endswith("\x85"):
        line = f"{line[:-1]}\n"
    body = line.rstrip("\r\n") if line.endswith(("\r", "\n")) else line
    end = line[len(body) :]

    # Only the last line end is the record's own.
    own = "\r\n" if end.endswith("\r\n") else end[-1:]
    body += end[: len(end) - len(own)]

    return body.replace("\r", STANDINS["\r"]).replace("\n", STANDINS["\n"]) + own


def _unescaping(delimiter: str) -> Rewriting:
    def meant(found: re.Match[str]) -> str:
        sign = found[1]
        if sign in {"\n", "\r", "\r\n"}:
            return "\\\n"  # csv reads on behind it
        if sign == delimiter:
            return STANDINS["delimiter"]
        if sign in _ESCAPED:
            return STANDINS.get(_ESCAPED[sign], _ESCAPED[sign])
        if sign.isalnum():
            return STANDINS["\\"] + sign  # \N is no value, and is told apart later
        return STANDINS.get(sign, sign)

    return lambda line: _ESCAPE.sub(meant, line) if "\\" in line else line


def _straightening(delimiter: str) -> Rewriting:
    cut = re.escape(delimiter)
    begin, end = rf"(?:(?<=^)|(?<={cut}))[ \t]*", rf"[ \t]*(?={cut}|[\r\n]*$)"
    inner = re.compile(rf'(?<!^)(?<!{cut})""?+(?!{cut}|[\r\n]*$)')
    opening = re.compile(f"{begin}[{_OPENING}]")
    closing = re.compile(f"[{_CLOSING}]{end}")
    pair = re.compile(f"{begin}(?:{_PAIRS}){end}")

    def straightened(line: str) -> str:
        if line.isascii():
            return line
        line = pair.sub(_as_quoted, line)
        if '"' in line:
            line = inner.sub(STANDINS['"'], line)
        return closing.sub('"', opening.sub('"', line))

    return straightened


def _as_quoted(found: re.Match[str]) -> str:
    text = next((group for group in found.groups() if group), "")
    return f'"{text.replace(chr(34), STANDINS[chr(34)])}"'


def _tightening(delimiter: str) -> Rewriting:
    """Blanks before a quote are csv's own matter (`skipinitialspace`); those behind are not."""
    loose = re.compile(rf'(?<!")"[ \t]+(?={re.escape(delimiter)}|[\r\n]*$)')
    return lambda line: loose.sub('"', line) if '" ' in line or '"\t' in line else line


def unnested(cells: list[str], delimiter: str) -> list[str]:
    """The cells of a line that was quoted as a whole."""
    if len(cells) != 1 or delimiter not in cells[0]:
        return cells

    lines = cells[0].splitlines(keepends=True)
    try:
        inside = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        inside = []

    return inside[0] if len(inside) == 1 else split_loosely(cells[0], delimiter, 0) or cells


def split_loosely(line: str, delimiter: str, width: int, quote: str = '"') -> list[str] | None:
    """The cells of a line with quotes in the wrong places, as a reader takes them: a quote
    closes a cell where a delimiter or the end follows, and is text elsewhere.

    Two quotes before a delimiter may be one that is doubled, or one of the text and one that
    closes; what gives `width` cells is right. None where a cell stays open.
    """
    text = line.rstrip("\r\n")
    doubled = _split(text, delimiter, quote, doubled=True)
    if doubled is not None and len(doubled) == width:
        return doubled

    single = _split(text, delimiter, quote, doubled=False)
    if single is not None and (doubled is None or len(single) == width):
        return single

    return doubled


def _split(text: str, delimiter: str, quote: str, *, doubled: bool) -> list[str] | None:
    # By searching, not by one expression: a hostile line takes no more than its length.
    closing = re.compile(rf"{re.escape(quote)}[ \t]*+(?:{re.escape(delimiter)}|$)")
    mailbox = re.compile(
        rf'"([^"]*+)"([ \t]*+<[^<>"]*+>)[ \t]*+(?:({re.escape(delimiter)})|$)'
    )
    pairs = re.compile(f"{re.escape(quote)}+")
    cells: list[str] = []
    at = 0

    while True:
        begin = _OPENING_BLANKS.match(text, at)
        opened = begin.end() if begin else at
        if not text.startswith(quote, opened):
            end = text.find(delimiter, at)
            cells.append(text[at:] if end < 0 else text[at:end])
            if end < 0:
                return cells
            at = end + len(delimiter)
            continue

        if found := mailbox.match(text, opened):  # "Brandt, Otto" <otto@example.org>
            cells.append(found[1] + found[2])
            if not found[3]:
                return cells
            at = found.end()
            continue

        closed = _closed(text, opened + 1, closing, pairs, doubled=doubled)
        if closed is None:
            return None
        cells.append(text[opened + 1 : closed.start()].replace(quote * 2, quote))
        at = closed.end()
        if not closed[0].endswith(delimiter):
            return cells


_OPENING_BLANKS = re.compile("[ ]*+")


def _closed(
    text: str, begin: int, closing: re.Pattern[str], pairs: re.Pattern[str], *, doubled: bool
) -> re.Match[str] | None:
    """The quote that closes a cell: the last of a run before a delimiter or the end, where the
    run is odd, or doubled quotes are not heeded.
    """
    at = begin
    while run := pairs.search(text, at):
        last = closing.match(text, run.end() - 1)
        if last and (len(run[0]) % 2 or not doubled):
            return last
        at = run.end()

    return None
