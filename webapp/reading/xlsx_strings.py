"""The strings that a workbook's cells share, read no further than asked for and kept on disk."""

import os
import re
import tempfile
from array import array
from functools import lru_cache
from itertools import accumulate
from typing import IO

from webapp.limits import SHARED_STRINGS, STRING_REMEMBERED_BYTES, STRINGS_AT_HAND_CHARS
from webapp.reading.xlsx_xml import Element, children, local
from webapp.vocabulary.refusals import Refusal

LATEST = 5_000
REMEMBERED = 10_000
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
    """Strings by their number. A cell names one of them; files with a million of them are common.

    They are read as cells ask for them, mostly in order: the latest stay at hand, the others go to
    a file. `longest` characters of each are kept, and one more, so that a longer one is told.
    """

    def __init__(self, stream: IO[bytes] | None, longest: int) -> None:
        self.longest = longest
        self.batches = children(stream, "sst") if stream else iter(())
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.ends = array("I", [0])  # where each string ends in the file, as UTF-8
        self.latest: list[str] = []
        self.latest_from = 0
        self.latest_chars = 0
        self._earlier = lru_cache(maxsize=REMEMBERED)(self._from_file)

    def close(self) -> None:
        self.file.close()

    def get(self, index: int) -> str:
        """The string with this number. Raises Refusal where there is none."""
        place = index - self.latest_from
        if place < 0:
            return self._earlier(index) if self._is_short(index) else self._from_file(index)

        while place >= len(self.latest):
            self._read_on()
            place = index - self.latest_from

        return self.latest[place]

    def _is_short(self, index: int) -> bool:
        return index < 0 or self.ends[index + 1] - self.ends[index] <= STRING_REMEMBERED_BYTES

    def _from_file(self, index: int) -> str:
        if index < 0:
            raise Refusal("workbook_broken")
        begin, end = self.ends[index], self.ends[index + 1]
        return os.pread(self.file.fileno(), end - begin, begin).decode()

    def _read_on(self) -> None:
        batch, _ = next(self.batches, (None, 0))
        if batch is None:
            raise Refusal("workbook_broken")

        texts = [text_of(element) for element in batch]
        if max(map(len, texts), default=0) > self.longest:
            texts = [text[: self.longest + 1] for text in texts]

        encoded = [text.encode() for text in texts]
        self.file.write(b"".join(encoded))
        self.file.flush()
        self.ends.extend(list(accumulate(map(len, encoded), initial=self.ends[-1]))[1:])
        if len(self.ends) > SHARED_STRINGS:
            raise Refusal("workbook_too_large")

        if len(self.latest) > LATEST or self.latest_chars > STRINGS_AT_HAND_CHARS:
            self.latest_from += len(self.latest)
            self.latest, self.latest_chars = [], 0

        self.latest += texts
        self.latest_chars += sum(map(len, texts))
