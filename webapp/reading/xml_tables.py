"""XML that is a table from its beginning to its end, given to handlers as it is parsed."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from webapp.limits import XML_BLOCK_BYTES, XML_DEPTH, XML_ELEMENT_BYTES
from webapp.reading.records import Record
from webapp.reading.tables import Builder
from webapp.reading.xlsx_xml import local, parser
from webapp.vocabulary.refusals import Refusal


class Handler(Protocol):
    """What makes cells of elements. Names are local; attributes by their local names."""

    builder: Builder

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None: ...


class _Calls:
    """Passes elements on, and notes that there were some, and how deep they nest."""

    def __init__(self, handler: Handler) -> None:
        self.handler, self.depth, self.calls = handler, 0, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.calls += 1
        self.depth += 1
        if self.depth > XML_DEPTH:
            raise Refusal("workbook_too_large")
        self.handler.start(local(name), {local(key): said for key, said in attributes.items()})

    def text(self, text: str) -> None:
        self.calls += 1
        self.handler.text(text)

    def end(self, name: str) -> None:
        self.calls += 1
        self.depth -= 1
        self.handler.end(local(name))


def rows(blocks: Iterable[bytes], handler: Handler) -> Iterator[tuple[str, Record]]:
    """The rows of all tables in a document. Raises Refusal for a document type, and for one piece
    of it that is larger than any real one; expat's errors are the caller's.
    """
    found, calls = parser(), _Calls(handler)
    found.StartElementHandler, found.EndElementHandler = calls.start, calls.end
    found.CharacterDataHandler = calls.text
    found.buffer_text = True
    silent = 0

    for block in blocks:
        for begin in range(0, len(block), XML_BLOCK_BYTES):
            piece = block[begin : begin + XML_BLOCK_BYTES]
            before = calls.calls
            found.Parse(piece, False)
            silent = silent + len(piece) if calls.calls == before else 0
            if silent > XML_ELEMENT_BYTES:
                raise Refusal("workbook_too_large")
            handler.builder.offset += len(piece)
            yield from handler.builder.ready()

    found.Parse(b"", True)
    yield from handler.builder.ready()
