"""Which delimiter and which layout a text file has: the ones in which its head makes most sense.

Sense is: rows of the same number of cells, whole addresses and known labels in cells, and no
quotes left at their edges.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from webapp.reading import plain_lists, quotes
from webapp.reading.labels import named
from webapp.reading.records import Dialect, Record
from webapp.vocabulary.fields import SCALARS, SEVERAL, TARGETS, WHOLE_NAME
from webapp.vocabulary.refusals import Refusal

DELIMITERS = (",", ";", "\t", "|")
# Those that hardly any text holds, and those that need a known label or an address beside them.
RARE, DOUBTFUL = "^~¦§¬\x1f\x1e", ": "
LEAST_CELLS = 3  # in a row of a doubtful delimiter
LABELLED_ROWS = 5  # among which the header is looked for
LONGEST_SEEN = 300  # characters of a cell that are asked what it is

ADDRESS = re.compile(r"(?:mailto:)?[^@\s,;|\"'<>]{1,64}@[^@\s,;|\"'<>]+\.[^@\s.,;|\"'<>]+")
_EDGE = re.compile("^[\"“”„«»‘‚‹]|^'.*'$|[“”»›]$|\\\\\"", re.DOTALL)  # noqa: RUF001

# A line that begins so, or a cell in which a delimiter stands: a spreadsheet's mark of a text is a
# quote too.
_SINGLY_QUOTED = re.compile(
    r"^[ ]?'[^\n]*'[ ]?[,;\t|]|[,;\t|][ ]?'[^'\n]*[,;\t|][^'\n]*'[ ]?(?:[,;\t|]|\r?$)",
    re.MULTILINE,
)
# A cell between two of them: one alone is text.
_CURLY = re.compile(
    r"(?:^|[,;\t|])[ ]?[“”„«»‘‚‹][^\n]*[“”»«›’‘‹][ ]?(?:[,;\t|]|\r?$)",  # noqa: RUF001
    re.MULTILINE,
)
# Rowcall's own list of contacts follows RFC 4180, so signs in its cells are no other layout. Of
# what contacts have several, columns with labels and numbers stand behind the first.
OWN_HEADER = re.compile(
    ",".join(
        rf"{TARGETS[name].english}(?:,{TARGETS[name].english}(?: \d+)?(?: label)?)*"
        if name in SEVERAL
        else TARGETS[name].english
        for name in SCALARS
    )
    + "|"
    + ",".join(TARGETS[name].english for name in WHOLE_NAME)
    + "|First Name,Middle Name,Last Name,Phonetic First Name,.*,Rowcall ID,"
    + "|Title,First Name,Middle Name,Last Name,Suffix,Company,.*,Rowcall ID,"
)
NO_VALUE = re.compile(r"(?:^|\t)\\N(?:\t|\r?$)", re.MULTILINE)

First = Callable[[Dialect], list[Record]]


class Sense(NamedTuple):
    """How much sense a reading makes; the greater, the more."""

    rows: int  # of one width without a doubt, and the cells in them that are recognised
    others: int  # the rows that are not so, negative
    quotes: int  # left in cells, negative
    width: int


def best(dialect: Dialect, given: str | None, seen: Sequence[str], first: First) -> Dialect:
    """The dialect with its delimiter and layout.

    `seen` are the first lines; `first` reads the first records under a dialect; `given` is the
    delimiter where it is known. Raises Refusal where the lines hold columns that nothing
    parts.
    """
    if seen and OWN_HEADER.match(seen[0]):
        return replace(dialect, delimiter=given or ",")

    styles = [dialect.layout + style for style in _styles(seen)]

    def sense_of(delimiter: str, layout: tuple[str, ...]) -> Sense:
        candidate = replace(dialect, delimiter=delimiter, layout=layout)
        return _sense(first(candidate), quotes.NESTED in layout)

    candidates = [(sign, style) for sign in given or DELIMITERS for style in styles]
    found = max(candidates, key=lambda candidate: sense_of(*candidate))
    sense = sense_of(*found)

    if not given:
        rare = list(_rare(seen))
        for sign in rare:
            other = sense_of(sign, dialect.layout)
            is_sure = sign in RARE or (other.width >= LEAST_CELLS and other.rows > len(seen))
            if is_sure and other > sense:
                found, sense = (sign, dialect.layout), other

    if not given and (plain := plain_lists.layout_of(seen, parted=sense.width > 1)):
        sign = next((s for s in ";," if s in seen[0]), found[0]) if seen else found[0]
        return replace(dialect, delimiter=sign, layout=dialect.layout + plain)
    if not given and sense.width <= 1 and plain_lists.has_columns(seen):
        raise Refusal("no_delimiter")

    return replace(dialect, delimiter=found[0], layout=found[1])


def _styles(seen: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The layouts of which the head shows a sign, the plain one first."""
    text = "".join(seen)
    ends = list(_ends(text))
    quoting: list[tuple[str, ...]] = [()]

    if '\\"' in text or "\\N" in text or "\\'" in text:
        quoting.append((quotes.BACKSLASH,))
    if _SINGLY_QUOTED.search(text):
        quoting += [(quotes.SINGLE,), (quotes.SINGLE, quotes.BACKSLASH)]
    if _CURLY.search(text):
        quoting.append((quotes.CURLY,))
    if re.search('[,;\t|][ \t]+"|"[ \t]+[,;\t|]', text):
        quoting.append((quotes.PADDED,))
    if re.search(r'^"[^\r\n]*"[ \t]*\r?$', text, re.MULTILINE):
        quoting.append((quotes.NESTED,))

    # Beside \\N, PostgreSQL's and MySQL's mark of no value, a backslash escapes.
    if NO_VALUE.search(text):
        quoting.reverse()

    yield from quoting
    for end in ends:
        for style in quoting:
            yield (end, quotes.JOINED, *style)


def _ends(text: str) -> Iterator[str]:
    """The line ends that may be the only one, where a file has others besides."""
    crlf = text.count("\r\n")
    bare_cr, bare_lf = text.count("\r") - crlf, text.count("\n") - crlf

    if crlf > 1 and (bare_cr or bare_lf):
        yield "ends_crlf"
    if bare_lf > 1 and bare_cr and not crlf:
        yield "ends_lf"
    if not crlf + bare_cr + bare_lf and text.count("\x85"):
        yield "ends_nel"


def _rare(seen: Sequence[str]) -> Iterator[str]:
    """Delimiters that every line with text has."""
    filled = [line for line in seen if line.strip()][:60]
    for sign in RARE + DOUBTFUL:
        needle = '" "' if sign == " " else sign
        if len(filled) > 1 and all(needle in line for line in filled):
            yield sign


def _sense(found: Sequence[Record], is_nested: bool) -> Sense:
    filled = [record for record in found if any(map(str.strip, record.cells))]
    filled = [record for record in filled if not plain_lists.is_rule(record.cells)]
    counts = Counter(len(record.cells) for record in filled)
    width, _ = max(
        counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 0)
    )
    if width <= 1 or (is_nested and len(filled[0].cells) != width):
        return Sense(0, 0, 0, 1)

    whole = [record for record in filled if len(record.cells) == width and _is_clean(record)]
    recognised = sum(_recognised(record.cells) for record in whole)
    recognised += max(map(_labels, (r.cells for r in filled[:LABELLED_ROWS])), default=0)
    left = sum('"' in cell for record in filled for cell in record.cells)

    doubtful = len(filled) - len(whole)

    return Sense(len(whole) + recognised, -doubtful, -left, width)


DOUBTS = {"unclosed_quote", "quote_repaired", "row_too_long", "cell_too_long"}


def _is_clean(record: Record) -> bool:
    return record.problem not in DOUBTS and not any(
        _EDGE.search(cell[:LONGEST_SEEN].strip()) for cell in record.cells
    )


def _recognised(cells: Sequence[str]) -> int:
    return sum(
        1 for cell in cells if "@" in cell and ADDRESS.fullmatch(cell[:LONGEST_SEEN].strip())
    )


def _labels(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if named(cell[:LONGEST_SEEN]))
