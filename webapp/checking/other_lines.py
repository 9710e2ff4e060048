"""Lines of a file that are no contacts: footers, totals, rules, headers that come again, hints,
rows that go on with the one above, and the tails of notes that were broken without quotes.

They are told among the lines around them, a block at a time; `is_short` keeps those together that
may belong to one another. What a person took in or corrected is a contact's row in any case.
"""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from webapp.checking.blanks import NAMED
from webapp.checking.checked_rows import WARNING, Problem
from webapp.checking.validation import BROKEN
from webapp.folding import folded
from webapp.limits import KEPT_CELL_CHARS
from webapp.reading.records import Record
from webapp.vocabulary.fields import CUSTOM
from webapp.vocabulary.line_words import (
    FOOTERS,
    HINTS,
    QUALIFIERS,
    RECORDS,
    SMALL_WORDS,
    TOTALS,
)

FEW = 3  # filled cells of a line that may be a footer
LONGEST_LINE = 4_000  # characters of a line that is looked at
LONGEST_RUN = 50  # lines that are judged together with the row above them
LONGEST_TAIL = 8  # lines of one broken row
LONGEST_NAME = 5  # words
SENTENCE = 3  # words from which on a cell of its own is no ID
ADDRESS = re.compile(r"\S+@\S+\.\S+")
STARTS = frozenset("([<{-=_*~|")  # of rules and hints
RULE = re.compile(r"[-=_*~+|#.·•\u2013\u2014\s]+")
BRACKETED = re.compile(r"[(\[<{].*[)\]>}]")
NUMBER = re.compile(r"[-+(]?[\d.,'\s\u00a0%€$£¥]+\)?")
NUMBERS = r"[\d.,'\u00a0 ]+"
TOTAL = re.compile(
    rf"[*(\s]*({TOTALS})([\s:=#-]+({RECORDS}))?[\s:=()#-]*({NUMBERS})?[\s%€$£]*({RECORDS})?[).:*\s]*",
    re.IGNORECASE,
)
COUNTED = re.compile(
    rf"\(?\s*({NUMBERS}\s*({RECORDS})(\s+\w+){{0,4}}|({RECORDS})\s*[:=]\s*{NUMBERS})\s*\)?[.:]?",
    re.IGNORECASE,
)
FOOTER = re.compile(FOOTERS, re.IGNORECASE)
GROUP = re.compile(r".+\((?P<behind>[^()]+)\)\s*|(?P<before>[^/:.>]+)\s*[/:.>]\s*\S.*")
NAME = re.compile(r"[^\W\d_][^\d_@/\\:;!?()\[\]{}<>|=+*\"“”„#%&]*")


class OtherLines:
    """Tells the lines of one file under one mapping. A text file, which has a `delimiter`, may
    break a row where a note has a line end.
    """

    def __init__(
        self,
        mapping: Sequence[str | None],
        labels: Sequence[str],
        *,
        delimiter: str | None = ",",
    ) -> None:
        self.mapping, self.width = list(mapping), len(mapping)
        self.labels = [folded(label.strip()) for label in labels]
        self.first_label = labels[0] if labels else None
        self.delimiter = delimiter
        self.names = [index for index, target in enumerate(mapping) if target in NAMED]
        self.id = next(
            (index for index, target in enumerate(mapping) if target == "external_id"), None
        )
        self.email = next(
            (index for index, target in enumerate(mapping) if target == "email"), None
        )
        self.children = _children(labels)
        self.lead = self._lead()
        self.first_row = True  # hints stand below the header
        self.parent: int | None = None  # the last row that is a contact's
        self.every_id = True  # whether each row until now had an ID

    def as_json(self) -> dict[str, Any]:
        """What the rows until now say of those to come."""
        return {"parent": self.parent, "every_id": self.every_id}

    def take(self, kept: Mapping[str, Any]) -> None:
        """Go on behind rows that were judged before."""
        self.parent = kept.get("parent")
        self.every_id = kept.get("every_id", True)
        self.first_row = self.parent is None

    def is_short(self, record: Record) -> bool:
        """Whether a line may belong to the one above it."""
        cells = record.cells
        return record.size <= LONGEST_LINE and (
            len(cells) < self.width or len(cells) - cells.count("") <= 1
        )

    def judge(
        self, records: Sequence[Record], settled: Collection[int] = ()
    ) -> tuple[list[Record], dict[int, Problem]]:
        """The records, with the tails of broken rows joined to them, and what is said of a row, by
        its number: `not_a_contact`, `continues_row`, or a warning of one that stays.
        """
        return _Block(self, list(records), settled).judged()

    def is_plain(self, cells: list[str]) -> bool:
        """Whether a row has too many filled cells to be anything but a contact's."""
        return (
            len(cells) >= self.width
            and len(cells) - cells.count("") > FEW
            and cells[0][:1] not in STARTS
            and cells[0] != self.first_label
            and not self.first_row
        )

    def is_none(self, record: Record, texts: list[str]) -> bool:
        """Whether a line by itself is no contact's: a rule, a header, hints, a total or a
        footer.
        """
        if all(map(RULE.fullmatch, texts)) or self._is_header(record.cells, texts):
            return True
        if self.first_row and len(texts) > 1 and all(map(_is_hint, texts)):
            return True
        return len(texts) <= FEW and self._is_footer(record.cells, texts)

    def _is_header(self, cells: Sequence[str], texts: list[str]) -> bool:
        same = sum(
            folded(cell.strip()) == label
            for cell, label in zip(cells, self.labels, strict=False)
            if cell.strip()
        )
        return same == len(texts) and same >= min(2, self.width)

    def _is_footer(self, cells: list[str], texts: list[str]) -> bool:
        first, *others = texts
        if any(map(ADDRESS.fullmatch, texts)):
            return False
        if all(map(NUMBER.fullmatch, others)) and (
            TOTAL.fullmatch(" ".join(texts)) or COUNTED.fullmatch(" ".join(texts))
        ):
            return True
        # One word is a footer where nothing follows it, or where a comma parted the sentence.
        alone = not others or self._is_unfinished(cells)
        return bool(FOOTER.search(first)) and (alone or len(first.split()) > 1)

    def _is_unfinished(self, cells: list[str]) -> bool:
        return self.delimiter is not None and len(cells) < self.width

    def child_of(self, cells: list[str]) -> bool:
        """Whether only the columns of a list within a row are filled, as programs write further
        entries of the row above.
        """
        if not self.children or self.parent is None or not self.every_id:
            return False
        filled = {index for index, cell in enumerate(cells) if cell.strip()}
        return bool(filled) and filled <= self.children

    def lacks_all(self, cells: list[str]) -> bool:
        """Whether a row has neither ID nor name, where every row above it has an ID."""
        if self.id is None or not self.every_id or self.parent is None or not self.names:
            return False
        return not "".join(cells[self.id : self.id + 1]).strip() and not any(
            cells[index].strip() for index in self.names if index < len(cells)
        )

    def is_contact(self, record: Record) -> None:
        """Remember a row that is a contact's."""
        self.parent, self.first_row = record.row, False
        if self.lead is not None and self.every_id:
            self.every_id = bool("".join(record.cells[self.lead : self.lead + 1]).strip())

    def _lead(self) -> int | None:
        """The column that says of a row of its own that it is one."""
        if self.id is not None or not self.children:
            return self.id
        return next(index for index in range(self.width) if index not in self.children)

    def alone(self, record: Record, text: str) -> str | None:
        """What is said of a line with one filled cell that is no footer: a code, or None."""
        column = next(index for index, cell in enumerate(record.cells) if cell.strip())
        target = self.mapping[column] if column < self.width else None
        unfinished = self._is_unfinished(record.cells)
        words = len(text.split())

        if target in NAMED:
            is_name = reads_as_name(text, strictly=unfinished)
            return "only_a_name" if is_name else "not_a_contact"
        if target in {"email", "phone"}:
            return None
        begins = column == 0 or unfinished
        return "not_a_contact" if begins and words >= SENTENCE else None

    def joined(self, above: list[str], parts: Sequence[list[str]]) -> list[str] | None:
        """The cells of a row with the lines into which it was broken; None where they are no parts
        of it.
        """
        cells, at = list(above), len(above) - 1
        if not above[-1].strip() or not parts[0][0].strip():
            return None

        for part in parts:
            cells[-1:] = [f"{cells[-1]}\n{part[0]}", *part[1:]]

        if len(above) >= self.width:
            whole = self._tail_of_note(above, parts)
        else:
            whole = len(cells) == self.width and self._fits(cells, at, parts)

        if not whole:
            return None
        if len(above) >= self.width:  # What stood behind a delimiter belongs to the note.
            cells = [
                *above[:-1],
                "\n".join([above[-1], *(self.as_text(part) for part in parts)]),
            ]

        return cells

    def as_text(self, part: list[str]) -> str:
        """A line as it stands in the file."""
        return (self.delimiter or " ").join(part)

    def _tail_of_note(self, above: list[str], parts: Sequence[list[str]]) -> bool:
        target = self.mapping[self.width - 1]
        if len(above) > self.width or not _is_text(target):
            return False
        return not any(self._is_row(part) for part in parts)

    def _fits(self, cells: list[str], at: int, parts: Sequence[list[str]]) -> bool:
        """Whether an address comes to stand in its column only once the parts are joined, or a text
        goes on.
        """
        if any(self._has_address(part) for part in parts):
            return False
        if self.email is not None and self.email > at:
            return bool(ADDRESS.fullmatch(cells[self.email].strip()))
        return _is_text(self.mapping[at]) and not self._is_row(parts[0])

    def _has_address(self, part: list[str]) -> bool:
        """Whether an address stands where the file has its addresses."""
        return self.email is not None and any(
            ADDRESS.fullmatch(cell.strip()) for cell in part[self.email : self.email + 1]
        )

    def _is_row(self, part: list[str]) -> bool:
        """Whether the part of a row could be one of its own."""
        named = self.mapping[0] in NAMED
        return any(ADDRESS.fullmatch(cell.strip()) for cell in part) or (
            named and reads_as_name(part[0], strictly=True)
        )


class _Block:
    """The lines of one block on their way to a verdict."""

    def __init__(
        self, lines: OtherLines, records: list[Record], settled: Collection[int]
    ) -> None:
        self.lines, self.records, self.settled = lines, records, settled
        self.said: dict[int, Problem] = {}
        self.above: int | None = None  # the last line that is a row
        self.last_row = 0  # the last line that is a row, or belongs to one
        self.run: list[int] = []  # lines since then that may be none
        self.known: set[int] = set()  # those of them that are none by themselves

    def judged(self) -> tuple[list[Record], dict[int, Problem]]:
        at = 0
        while at < len(self.records):
            at = self._pass_plain(at)
            if at < len(self.records):
                at += self._take(at)

        self._settle()

        return self.records, self.said

    def _pass_plain(self, begin: int) -> int:
        """The place of the next line that has to be looked at. Most of a file is passed over
        here.
        """
        lines, at = self.lines, begin
        width, label, settled = lines.width, lines.first_label, self.settled
        lead = lines.lead if lines.every_id else None
        if lines.first_row or lines.children:
            return begin

        for record in itertools.islice(self.records, begin, None):
            row, cells, problem, _, _ = record
            if (
                problem
                or len(cells) < width
                or len(cells) - cells.count("") <= FEW
                or cells[0][:1] in STARTS
                or cells[0] == label
                or (lead is not None and not cells[lead])
                or row in settled
            ):
                break
            at += 1

        if at > begin:
            self._row(at - 1)

        return at

    def _take(self, at: int) -> int:
        """Judge the line at this place, and those that are joined with it; how many that is."""
        record, lines = self.records[at], self.lines
        cells = record.cells

        if (
            record.row in self.settled
            or record.problem in BROKEN
            or (lines.is_plain(cells) and not lines.child_of(cells))
        ):
            self._row(at)
            return 1

        if lines.child_of(cells):
            self._say(record, "continues_row", str(lines.parent))
            self.last_row = record.row
            return 1

        texts = [cell.strip() for cell in cells if cell.strip()]
        if record.size > LONGEST_LINE or not texts:
            self._row(at)
        elif lines.is_none(record, texts):
            self.run.append(at)
            self.known.add(at)
        elif tails := self._tails(at):
            return tails
        elif len(texts) == 1 and lines.width > 1:
            self.run.append(at)
        else:
            self._row(at)

        return 1

    def _row(self, at: int) -> None:
        """The line is a row."""
        if self.run:
            self._settle()

        record = self.records[at]
        self._ask_of_id(record)
        self.lines.is_contact(record)
        self.above, self.last_row = at, record.row

    def _ask_of_id(self, record: Record) -> None:
        if self.lines.lacks_all(record.cells) and record.row not in self.settled:
            self._say(record, "perhaps_continues", str(self.lines.parent))

    def _tails(self, at: int) -> int:
        """Join the lines from here on to the row above, where they are what it was broken into; how
        many.
        """
        lines, above = self.lines, self.above
        if lines.delimiter is None or above is None or self.run:
            return 0
        if self.records[above].problem in BROKEN:
            return 0

        parts: list[list[str]] = []
        row = self.last_row

        for record in self.records[at : at + LONGEST_TAIL]:
            row += 1
            if record.row != row or len(record.cells) >= lines.width or not record.cells:
                return 0
            if record.row in self.settled or record.problem in BROKEN:
                return 0

            parts.append(record.cells)
            cells = lines.joined(self.records[above].cells, parts)
            if cells is not None:
                self._join(above, at, len(parts), cells)
                return len(parts)

        return 0

    def _join(self, above: int, at: int, count: int, cells: list[str]) -> None:
        parent = self.records[above]
        parts = self.records[at : at + count]
        whole = len(parent.cells) >= self.lines.width
        added = "\n".join(
            self.lines.as_text(part.cells) if whole else part.cells[0] for part in parts
        )

        for part in parts:
            self._say(part, "continues_row", str(parent.row))

        self.last_row = parts[-1].row
        # Where a person corrected the cell, they saw it as a whole.
        if not parent.cells[-1].endswith(f"\n{added}"):
            self.records[above] = parent._replace(cells=cells)

        before = self.said.get(parent.row)
        if before and before.code == "lines_joined":
            added = f"{before.value}\n{added}"
        self._say(parent, "lines_joined", added, len(parent.cells) - 1)

    def _settle(self) -> None:
        """Judge the lines since the last row together: beside a footer, other lines are none."""
        if not self.run:
            return

        begins_apart = (
            self.records[self.run[0]].row > self.last_row + 1 and self.above is not None
        )
        first_known = min(self.known, default=None)

        for at in self.run:
            record = self.records[at]
            beside = first_known is not None and (begins_apart or at > first_known)
            text = next((cell.strip() for cell in record.cells if cell.strip()), "")
            if at in self.known or beside:
                self._say(record, "not_a_contact")
            elif code := self.lines.alone(record, text):
                self._say(record, code, text if code == "only_a_name" else None)
            else:
                self._ask_of_id(record)

            if record.row not in self.said or self.said[record.row].code not in LEFT_OUT:
                self.lines.is_contact(record)
                self.above, self.last_row = at, record.row

        self.run, self.known = [], set()

    def _say(
        self, record: Record, code: str, value: str | None = None, column: int | None = None
    ) -> None:
        target = None if column is None else self.lines.mapping[column]
        shown = None if value is None else value[:KEPT_CELL_CHARS].replace("\0", "")
        self.said[record.row] = Problem(code, column, target, shown, WARNING)


LEFT_OUT = ("not_a_contact", "continues_row")


def reads_as_name(text: str, *, strictly: bool) -> bool:
    """Whether a text may be what a person is called; `strictly`: it begins as names do."""
    words = text.split()
    if not words or len(words) > LONGEST_NAME or ADDRESS.fullmatch(text) or "://" in text:
        return False
    if strictly and not NAME.fullmatch(text):
        return False
    if text[-1] in ",;:" or (text[-1] == "." and len(words) > SENTENCE):
        return False  # Jr. and initials end with a dot, sentences too.
    if any(word in SMALL_WORDS for word in words):
        return False

    return not strictly or any(not word[0].islower() for word in words)


def _is_hint(text: str) -> bool:
    return bool(BRACKETED.fullmatch(text)) or folded(text).strip(" .:*") in HINTS


def _is_text(target: str | None) -> bool:
    """Whether a column holds texts that may have lines."""
    return target is None or target in {"notes", "street"} or target.startswith(CUSTOM)


def _children(labels: Sequence[str]) -> frozenset[int]:
    """The columns of lists within a row: “Email ID (Email IDs)”, “child_ids/email”. None where
    those are all columns.
    """
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(_groups(labels)):
        if name and name not in QUALIFIERS:
            groups.setdefault(name, []).append(index)

    found = frozenset(
        index for columns in groups.values() if len(columns) > 1 for index in columns
    )
    return found if 0 not in found and len(found) < len(labels) else frozenset()


def _groups(labels: Sequence[str]) -> Iterator[str]:
    for label in labels:
        found = GROUP.fullmatch(label.strip())
        yield folded((found["behind"] or found["before"] or "").strip()) if found else ""
