"""The rows of a sheet, and the strings that cells share, cut out of the XML as text.

Nearly every workbook is written in one way: no prefixes, no comments, UTF-8. There `</row>` can
stand nowhere but at a row's end, and patterns read what is between three times as fast as a
parser builds elements. What is written in another way goes through the parser: one row, or
from the first comment on all of them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import IO, cast
from xml.etree.ElementTree import fromstring

from webapp.limits import XML_BLOCK_BYTES, XML_ELEMENT_BYTES, XML_PROLOG_BYTES
from webapp.reading.xlsx_xml import Element, ParseError, children, prolog
from webapp.vocabulary.refusals import Refusal

DECLARED = re.compile(rb"""xmlns(?::[\w.-]+)?=(?:"[^"<>]*"|'[^'<>]*')""")
UTF8 = re.compile(rb"""encoding=["'](?:utf-?8|us-ascii)["']""", re.IGNORECASE)
REFERENCE = re.compile("&(#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7}|[a-z]+);|&")
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def plain(text: str) -> str:
    """The text between two tags as XML means it: references replaced, line ends as line feeds."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return REFERENCE.sub(_referred, text) if "&" in text else text


def _referred(found: re.Match[str]) -> str:
    name = found[1]
    if name and name[0] == "#":
        number = int(f"0{name[1:]}", 0) if name[1] == "x" else int(name[1:])
        if number in {9, 10, 13} or 32 <= number < 0xD800 or 0xE000 <= number < 0x110000:  # noqa: PLR2004 - what XML calls characters
            return chr(number)
    elif name in NAMED:
        return NAMED[name]

    raise ParseError(f"undefined entity {found[0]}")


class Pieces:
    """The children of `container` in lists, each child as text without its end tag, or as an
    element, and the bytes read so far.

    Raises Refusal for a document type, and for a child that is larger than any real one.
    """

    def __init__(self, stream: IO[bytes], container: str, child: str) -> None:
        self.stream, self.container = stream, container
        self.begin = re.compile(f"<{container}(?:\\s[^<>]*[^</>])?>".encode())
        self.end, self.child_end = f"</{container}>".encode(), f"</{child}>".encode()
        self.empty = re.compile(f"(?:\\s*<{child}(?:\\s[^<>]*)?/>)+".encode())
        self.declared = ""

    def element(self, piece: str) -> Element:
        """The last element in a piece, which says more than the patterns know."""
        end = self.child_end.decode()
        return fromstring(f"<around {self.declared}>{piece}{end}</around>")[-1]  # noqa: S314 - no document type is let in

    def __iter__(self) -> Iterator[tuple[Sequence[str | Element], int]]:
        head = prolog(self.stream)
        while not (begun := self.begin.search(head)) and len(head) < XML_PROLOG_BYTES:
            block = self.stream.read(XML_BLOCK_BYTES)
            head += block
            if not block:
                break

        if begun is None or not _is_usual(head[: begun.end()]):
            yield from children(_chained(head, self.stream), self.container)
            return

        self.declared = b" ".join(DECLARED.findall(head[: begun.end()])).decode()
        yield from self._cut(head[: begun.end()], head[begun.end() :])

    def _cut(self, head: bytes, rest: bytes) -> Iterator[tuple[Sequence[str | Element], int]]:
        read = len(head) + len(rest)

        while True:
            if b"<!" in rest or b"<?" in rest:
                yield from children(_chained(head + rest, self.stream), self.container)
                return

            end = rest.find(self.end)
            whole = rest if end < 0 else rest[:end]
            cut = whole.rfind(self.child_end) + len(self.child_end)

            if cut >= len(self.child_end):
                pieces = whole[:cut].decode().split(self.child_end.decode())
                pieces.pop()
                yield pieces, read
                rest, whole = rest[cut:], whole[cut:]

            if empty := self.empty.match(whole):
                yield [whole[: empty.end()].decode()], read
                rest, whole = rest[empty.end() :], whole[empty.end() :]

            if end >= 0:
                if whole.strip():
                    raise ParseError("an element does not end")
                return
            if len(rest) > XML_ELEMENT_BYTES:
                raise Refusal("workbook_too_large")

            block = self.stream.read(XML_BLOCK_BYTES)
            if not block:
                raise ParseError("no element found")
            rest += block
            read += len(block)


def _is_usual(head: bytes) -> bool:
    """Whether a part begins as patterns can read on: in UTF-8, without comments."""
    named = b"encoding=" in head[:200]
    return b"<!" not in head and (not named or bool(UTF8.search(head[:200])))


def _chained(read: bytes, stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", _Chained(read, stream))


class _Chained:
    """A stream whose beginning was read already."""

    def __init__(self, begin: bytes, stream: IO[bytes]) -> None:
        self.begin, self.stream = begin, stream

    def read(self, size: int) -> bytes:
        if not self.begin:
            return self.stream.read(size)
        block, self.begin = self.begin[:size], self.begin[size:]
        return block
