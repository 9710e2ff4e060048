"""The strings that a workbook's cells share, read no further than asked for and kept on disk."""

import os
import re
import tempfile
from array import array
from collections.abc import Sequence
from itertools import accumulate
from struct import Struct
from typing import IO

from webapp.limits import STRING_BYTES, STRING_REMEMBERED_BYTES, STRINGS_AT_HAND_CHARS
from webapp.reading.xlsx_pieces import Pieces, plain
from webapp.reading.xlsx_xml import Element, local
from webapp.vocabulary.refusals import Refusal

LATEST = 5_000
REMEMBERED = 10_000
END_BYTES = 8
ENDS = Struct("=QQ")  # where the string before ends, and this one
PLAIN = re.compile(r"\s*<si>\s*<t(?:\s[^<>]*)?>([^<]*)</t>\s*")
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def text_of(element: Element) -> str:
    """The text of a string: whole, or in runs of different looks, without how a Japanese name
    is read.
    """
    if len(element) == 1 and len(element[0]) == 0:
        return unescaped(element[0].text or "")

    runs = (
        t
        for run in element
        if local(run.tag) != "rPh"
        for t in run.iter()
        if local(t.tag) == "t"
    )
    return unescaped("".join(t.text or "" for t in runs))


def unescaped(text: str) -> str:
    """Characters that XML cannot hold are written _x000D_."""
    return ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    c = chr(int(found[1], 16))
    return found[0] if c == "\0" or "\ud800" <= c <= "\udfff" else c


class SharedStrings:
    """Strings by their number. A cell names one of them; files with millions of them are common.

    They are read as cells ask for them, mostly in order: the latest stay at hand, the others go to
    a file, and where each of them ends to a second one. `longest` characters of each are kept,
    and one more, so that a longer one is told.
    """

    def __init__(self, stream: IO[bytes] | None, longest: int) -> None:
        self.longest = longest
        self.pieces = Pieces(stream, "sst", "si") if stream else None
        self.batches = iter(self.pieces or ())
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.ends = tempfile.TemporaryFile()  # noqa: SIM115 - 8 bytes for each string
        self.ends.write(bytes(END_BYTES))
        self.size = 0
        self.latest: list[str] = []
        self.latest_from = 0
        self.latest_chars = 0
        self.remembered: dict[int, str] = {}

    def close(self) -> None:
        self.file.close()
        self.ends.close()

    def get(self, index: int) -> str:
        """The string with this number. Raises Refusal where there is none."""
        place = index - self.latest_from
        if 0 <= place < len(self.latest):
            return self.latest[place]

        found = self.remembered.get(index)
        if found is not None:
            return found
        if place < 0:
            return self._earlier(index)

        while place >= len(self.latest):
            self._read_on()
            place = index - self.latest_from

        return self.latest[place]

    def _earlier(self, index: int) -> str:
        if index < 0:
            raise Refusal("workbook_broken")

        begin, end = ENDS.unpack(os.pread(self.ends.fileno(), ENDS.size, index * END_BYTES))
        found = os.pread(self.file.fileno(), end - begin, begin).decode()

        if end - begin <= STRING_REMEMBERED_BYTES:
            if len(self.remembered) >= REMEMBERED:
                self.remembered.clear()
            self.remembered[index] = found

        return found

    def _read_on(self) -> None:
        batch, _ = next(self.batches, (None, 0))
        if batch is None or self.pieces is None:
            raise Refusal("workbook_broken")

        texts = self._texts(batch, self.pieces)
        if max(map(len, texts), default=0) > self.longest:
            texts = [text[: self.longest + 1] for text in texts]

        encoded = [text.encode() for text in texts]
        ends = array("Q", accumulate(map(len, encoded), initial=self.size))[1:]
        self.file.write(b"".join(encoded))
        self.file.flush()
        self.ends.write(ends.tobytes())
        self.ends.flush()
        self.size = ends[-1] if ends else self.size
        if self.size > STRING_BYTES:
            raise Refusal("workbook_too_large")

        if len(self.latest) > LATEST or self.latest_chars > STRINGS_AT_HAND_CHARS:
            self.latest_from += len(self.latest)
            self.latest, self.latest_chars = [], 0

        self.latest += texts
        self.latest_chars += sum(map(len, texts))

    def _texts(self, batch: Sequence[str | Element], pieces: Pieces) -> list[str]:
        """The texts of some strings: most are one piece of plain text, and told by a pattern."""
        found = [PLAIN.fullmatch(one) if isinstance(one, str) else None for one in batch]
        return [
            unescaped(plain(match[1]))
            if match
            else text_of(pieces.element(one) if isinstance(one, str) else one)
            for one, match in zip(batch, found, strict=True)
        ]
