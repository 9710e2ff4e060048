"""Bytes → lines of text, each with its size in bytes, so that reading can be resumed at any of
them.

Where the bytes of a line break mean nothing else, lines are cut on the bytes and decoded one
by one. UTF-16, UTF-32 and EBCDIC are decoded first and cut then. CR, LF and CRLF end a line,
or only that which a file's layout names; U+2028 and its like are text.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Protocol

from webapp.limits import KEPT_LINE_CHARS, ROW_BYTES
from webapp.reading.spoilt import is_spoilt

BAD_UNIT = "\udfff"
REPLACEMENT = "\ufffd"
UNDECODABLE, DAMAGED, TOO_LONG = "undecodable", "damaged_characters", "row_too_long"
SPOILT, OTHER_ENCODING = "text_spoilt", "other_encoding"
# Of a file's layout: the one line end where others stand in cells, and lines that are UTF-8 by
# themselves among lines of the file's encoding.
ENDS = {"ends_crlf": "\r\n", "ends_lf": "\n", "ends_nel": "\x85"}
UTF8_LINES = "utf8_lines"

Line = tuple[str, int, str | None]
"""Text with its line end, size in bytes, and the code of what is wrong with it."""


class Blocks(Protocol):
    """What lines are read from; `reading.Source` is one."""

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` to the end, in blocks of any size."""
        ...


def cut(
    source: Blocks,
    offset: int,
    codec: str,
    longest: int = ROW_BYTES,
    layout: tuple[str, ...] = (),
) -> Iterator[Line]:
    """The lines from `offset` on.

    A line of more than `longest` bytes is told with its beginning only.
    """
    blocks = source.blocks(offset)
    end = next((ENDS[name] for name in layout if name in ENDS), None)
    if not _breaks_are_ascii(codec):
        return _cut_text(blocks, codec, longest, end)

    decoded = _decoded_by_itself if UTF8_LINES in layout else _decoded
    return _cut_bytes(blocks, codec, longest, end.encode() if end else None, decoded)


@cache
def _breaks_are_ascii(codec: str) -> bool:
    signs = '\r\n",;\t|'
    return signs.encode(codec) == signs.encode("ascii")


def _cut_bytes(
    blocks: Iterator[bytes],
    codec: str,
    longest: int,
    end: bytes | None,
    decoded: Callable[[bytes, str, int], Line],
) -> Iterator[Line]:
    rest, dropped = b"", 0
    for block in blocks:
        if end is None:
            lines = (rest + block).splitlines(keepends=True)

            # A CR at a block's edge waits for the LF that may follow.
            rest = b"" if not lines or lines[-1].endswith(b"\n") else lines.pop()
        else:
            *whole, rest = (rest + block).split(end)
            lines = [line + end for line in whole]

        for line in lines:
            yield decoded(line, codec, dropped)
            dropped = 0

        if len(rest) > longest and not rest.endswith(b"\r"):
            dropped += len(rest) - KEPT_LINE_CHARS
            rest = rest[:KEPT_LINE_CHARS]

    if rest:
        yield decoded(rest, codec, dropped)


def _decoded(raw: bytes, codec: str, dropped: int) -> Line:
    try:
        line = raw.decode(codec)
    except UnicodeDecodeError:
        return (
            raw.decode(codec, "replace"),
            len(raw) + dropped,
            TOO_LONG if dropped else UNDECODABLE,
        )

    if dropped:
        return line, len(raw) + dropped, TOO_LONG
    if line.isascii():
        return line, len(raw), None
    if codec == LOOSE and SURROGATE.search(line):
        return SURROGATE.sub(REPLACEMENT, line), len(raw), UNDECODABLE

    return line, len(raw), _doubt(line)


def _decoded_by_itself(raw: bytes, codec: str, dropped: int) -> Line:
    """A line of a file that two programs wrote: UTF-8 if it can be, and said if it is not."""
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        text, size, problem = _decoded(raw, codec, dropped)
        return text, size, problem or OTHER_ENCODING

    return line, len(raw) + dropped, TOO_LONG if dropped else _doubt(line)


def _doubt(line: str) -> str | None:
    """What shows that the text was damaged before it came here."""
    if line.isascii():
        return None
    if REPLACEMENT in line:
        return DAMAGED
    return SPOILT if is_spoilt(line) else None


LOOSE = "utf-7"  # Python's decoder lets halves of a pair through, which no other one does.
TEXT_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
SURROGATE = re.compile("[\ud800-\udfff]")


def _cut_text(
    blocks: Iterator[bytes], codec: str, longest: int, end: str | None
) -> Iterator[Line]:
    rest, dropped = "", 0
    for text in _texts(blocks, codec):
        if end is None:
            lines = TEXT_LINE.findall(rest + text)
            rest = "" if not lines or lines[-1].endswith("\n") else lines.pop()
        else:
            *whole, rest = (rest + text).split(end)
            lines = [line + end for line in whole]

        for line in lines:
            yield _measured(line, codec, dropped)
            dropped = 0

        if len(rest) > longest and not rest.endswith("\r"):
            dropped += _size(rest[KEPT_LINE_CHARS:], codec)
            rest = rest[:KEPT_LINE_CHARS]

    if rest:
        yield _measured(rest, codec, dropped)


def _texts(blocks: Iterator[bytes], codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)(errors="rowcall-bad-unit")
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _measured(line: str, codec: str, dropped: int) -> Line:
    size = _size(line, codec) + dropped
    problem = TOO_LONG if dropped else None

    if not line.isascii():
        line, bad = SURROGATE.subn(REPLACEMENT, line)
        problem = problem or (UNDECODABLE if bad else _doubt(line))

    return line, size, problem


def _size(line: str, codec: str) -> int:
    """How many bytes the text took: exact, since a bad unit is kept as one character."""
    if not codec.startswith("utf-16"):
        return len(line) * _unit(codec)
    return 2 * len(line) if line.isascii() else len(line.encode("utf-16-le", "surrogatepass"))


def _unit(codec: str) -> int:
    return 1 if not codec.startswith("utf") else 4 if "32" in codec else 2


def _keep_bad_unit(error: UnicodeError) -> tuple[str, int]:
    """A code unit that decodes to nothing becomes one lone surrogate, which nothing else can
    become.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD_UNIT, min(error.start + _unit(error.encoding), len(error.object))


codecs.register_error("rowcall-bad-unit", _keep_bad_unit)
