"""XML as it is pulled from a workbook: a stream of elements, and nothing that refers to
anything outside.

A workbook's parts have no document type, so one that brings it is refused: without it there
are no entities, neither external ones nor those that unfold. That is what defusedxml does too,
but its parsers build every element in Python, which takes five times as long.
"""

from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat

from webapp.limits import (
    XML_BLOCK_BYTES,
    XML_DEPTH,
    XML_ELEMENT_BYTES,
    XML_ELEMENTS,
    XML_LARGE_BYTES,
    XML_PROLOG_BYTES,
)
from webapp.vocabulary.refusals import Refusal

__all__ = [
    "ERRORS",
    "Element",
    "ParseError",
    "children",
    "elements",
    "local",
    "parser",
    "prolog",
]

ERRORS = (expat.ExpatError, ParseError)


def elements(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """The elements of a small part in the order in which they begin: local name, attributes by
    local name.
    """
    found: list[tuple[str, dict[str, str]]] = []
    reader = parser()
    reader.StartElementHandler = lambda name, attributes: found.append(
        (local(name), {local(key): value for key, value in attributes.items()})
    )

    while block := stream.read(XML_BLOCK_BYTES):
        reader.Parse(block, False)
        yield from found
        found.clear()

    reader.Parse(b"", True)


def local(name: str) -> str:
    """A name without its namespace: files write `c`, `x:c`, and in two namespaces."""
    return name.rpartition("}")[2]


def children(stream: IO[bytes], container: str) -> Iterator[tuple[list[Element], int]]:
    """The children of the element with this local name, in lists as they are complete, and the
    bytes read so far.

    The document's own elements above and beside it are few and stay. Raises Refusal for a
    document type, and for a child that is larger than any real one.
    """
    block = prolog(stream)
    builder = TreeBuilder()

    # An element of our own around the document shows what is built before the document ends.
    around = builder.start("around", {})
    reader = XMLParser(target=builder)  # noqa: S314 - prolog let no document type in
    parent: Element | None = None
    read = pending = 0

    while block:
        reader.feed(block)
        read += len(block)
        pending += len(block)
        if parent is None:
            parent = next(
                (found for found in around.iter() if local(found.tag) == container), None
            )

        if parent is not None and (whole := parent[:-1]):
            del parent[:-1]
            pending = 0
            yield whole, read

        if _is_large(around, pending) or _is_deep(around):
            raise Refusal("workbook_too_large")
        if parent is not None and _is_over(around, parent):
            break

        block = stream.read(XML_BLOCK_BYTES)
    else:
        builder.end("around")
        reader.close()

    if parent is not None:
        yield list(parent), read


def _is_large(around: Element, pending: int) -> bool:
    """Whether what is being built takes more memory than any real row or string."""
    if pending <= XML_LARGE_BYTES:
        return False
    return pending > XML_ELEMENT_BYTES or sum(1 for _ in around.iter()) > XML_ELEMENTS


def _is_over(around: Element, container: Element) -> bool:
    """Whether the container has ended: what stands behind it is of no interest, and may be long."""
    root = around[0]
    return (
        bool(len(root))
        and root[-1] is not container
        and any(child is container for child in root)
    )


def _is_deep(element: Element) -> bool:
    """Whether the element that is being built stands deeper than any real one."""
    for _ in range(XML_DEPTH):
        if not len(element):
            return False
        element = element[-1]

    return True


def prolog(stream: IO[bytes]) -> bytes:
    """The bytes up to the root element at least, read once by a parser that refuses a document
    type.
    """
    found, read, begun = parser(), b"", []
    found.StartElementHandler = lambda *element: begun.append(element)

    while not begun and (block := stream.read(XML_BLOCK_BYTES)):
        read += block
        found.Parse(block, False)
        if len(read) > XML_PROLOG_BYTES:
            raise Refusal("workbook_too_large")

    return read


def parser() -> expat.XMLParserType:
    """A parser that refuses a document type, and joins namespace and name by a brace."""
    found = expat.ParserCreate(namespace_separator="}")
    found.StartDoctypeDeclHandler = _refuse
    return found


def _refuse(*_declaration: object) -> None:
    raise Refusal("workbook_unsafe")
