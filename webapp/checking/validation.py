"""Mapped records → checked rows: clean values, keys, and a code for each cell that is not right.

A row is judged by itself; only dates look further, since 03/04/2024 can be told apart by the other
rows of its column. Such rows are noted as ambiguous, and judged again once the whole column was
seen. Rows are taken in blocks, one column after the other, so that what holds for a whole column is
asked once and not for each cell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from webapp.checking import dates, emails, names, phones, suggestions
from webapp.checking.blanks import DIFFERING, BlankWords, spellings
from webapp.checking.checked_rows import ERROR, WARNING, Address, CheckedRow, Problem
from webapp.checking.cleaning import (
    LINES_AND_TABS,
    cleaned_column,
    column_of_digits,
)
from webapp.checking.names import FAMILY_FIRST, GIVEN_FIRST
from webapp.checking.row_addresses import AddressColumns, add_address
from webapp.checking.seen_columns import SeenColumns
from webapp.checking.tags import split_tags, united_tags
from webapp.folding import folded
from webapp.limits import KEPT_CELL_CHARS, RECORD_CELL_CHARS
from webapp.reading.labels import named
from webapp.reading.records import Record
from webapp.vocabulary.fields import (
    CALLING_CODE,
    CUSTOM,
    FULL_NAME,
    FULL_NAMES,
    HOUSE_NUMBER,
    IDENTITY,
    LONGEST_CUSTOM_VALUE,
    NAMES,
    SEVERAL,
    TARGETS,
    is_multiline,
    label_of,
)
from webapp.vocabulary.keys import LABEL_COLUMN

NUMBERED = {"external_id", "postal_code"}  # digits that are no amount
# A line end may stand between two values.
SEVERAL_IN_A_CELL = {"email", "phone", "tags"}
LONGEST_LISTS = {"email": 4_000, "phone": 1_000}  # characters of a cell with several
# Cells without which a row is still a contact, and what may be said of them that a person can
# settle for all rows at once: those are asked for.
DROPPABLE = {"email", "birthday"}
# What is left out of a row that has others of the kind.
LEFT_OUT_OF_LISTS = {"email_further_invalid", "addresses_exceed"}
ASKED_FOR = {"date_ambiguous", "undecodable"}
# Records that could not be cut into cells: what their cells hold says nothing.
BROKEN = {"unclosed_quote", "cell_too_long", "row_too_long"}
# What reading says of a record that it could read all the same.
RECORD_WARNINGS = {
    *("damaged_characters", "quote_repaired", "text_spoilt", "other_encoding"),
    *("cell_error", "row_hidden"),
}


@dataclass(frozen=True, slots=True)
class _Column:
    """How the cells of one column are judged: settled once for a file."""

    index: int
    target: str
    longest: int
    kept: str  # control characters that may stay
    judge: (
        Callable[[CheckedRow, int, str, str], None] | None
    )  # None: the text itself is the value
    blank: frozenset[str]  # folded words that are read as blank
    told: frozenset[str]  # and those that stay, with a warning
    words: frozenset[str]  # both in their usual spellings
    fills: str | None = None  # the field that takes its value where it has none of its own
    is_second: bool = False  # its label says that it is not the first of several


class Checker:
    """Judges the records of one file under one mapping. `columns` are the labels of the file's
    columns, which say of addresses what they are for.
    """

    def __init__(
        self,
        mapping: Sequence[str | None],
        *,
        columns: Sequence[str] = (),
        default_country: str | None = None,
        date_order: str | None = None,
        clear_token: str | None = None,
        drop_bad_cells: bool = False,
        blank_words: Sequence[str] | None = None,
        keep_words: Sequence[int] = (),
        of_all: CheckedRow | None = None,
    ) -> None:
        """`of_all` is what every row begins with: values for fields that the file lacks, and
        tags.
        """
        self.of_all = of_all
        self.mapping = list(mapping)
        self.width = len(self.mapping)
        self.default_country = default_country
        self.date_order = date_order
        self.clear_token = None if clear_token is None else folded(clear_token)
        self.drop_bad_cells = drop_bad_cells
        self.blank_words = BlankWords(blank_words, clear_token)
        self.keep_words = set(keep_words)
        self.seen = SeenColumns()  # of the file until now
        self._block = SeenColumns()  # of the block at hand
        # A whole name is one value: it says all of these, also those that it lacks.
        self.parts_of_names = [part for part in names.PARTS if part not in self.mapping]
        self.names_cleared = [
            part for part in names.PARTS if part in NAMES or part in self.parts_of_names
        ]
        self.said_by_names = [f"name:{part}" for part in self.parts_of_names]
        self.has_whole_names = not FULL_NAMES.isdisjoint(self.mapping)
        self.has_calling_codes = "calling_code" in self.mapping

        self.addresses = AddressColumns(mapping, columns)

        # The country tells how a phone is read, and the names whether a full name is needed, or
        # the name beside an address: those come last.
        self.columns = [
            self._column(index, target) for index, target in enumerate(mapping) if target
        ]
        self.columns.sort(key=_place)
        self._find_main_columns()

    def _column(self, index: int, target: str) -> _Column:
        judges = {
            "email": self._judge_email,
            "phone": self._judge_phone,
            "full_name": self._judge_full_name,
            "full_name_family_first": self._judge_full_name,
            "birthday": self._judge_birthday,
            "tags": self._judge_tags,
            HOUSE_NUMBER.name: self._judge_house_number,
            **dict.fromkeys(LABEL_COLUMN.values(), self.addresses.take_label),
        }

        if target.startswith(CUSTOM):
            further = self._fills(target)
            judge = self._take_custom if further is None else self._filling(further)
            return _Column(
                *(index, target, LONGEST_CUSTOM_VALUE, LINES_AND_TABS, judge),
                *self._words(index, target),
                fills=further,
            )

        longest = LONGEST_LISTS.get(target, TARGETS[target].max_length)
        kept = LINES_AND_TABS if is_multiline(target) else "\n" * (target in SEVERAL_IN_A_CELL)

        return _Column(
            *(index, target, longest, kept, judges.get(target)),
            *self._words(index, target),
            is_second=index in self.addresses.second,
        )

    def _find_main_columns(self) -> None:
        """The first column of each kind of address, the others, and the kinds that have such."""
        kinds = [column for column in self.columns if column.target in SEVERAL]
        self.main_columns = {column.target: column.index for column in reversed(kinds)}
        self.further_columns = {column.index for column in kinds}.difference(
            self.main_columns.values()
        )
        self.several = {self.mapping[index] for index in self.further_columns}

    def _words(
        self, index: int, target: str
    ) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """The words for nothing in this column: blank, told, and both as they are spelled."""
        nothing: frozenset[str] = frozenset()
        blank, told = (
            (nothing, nothing)
            if index in self.keep_words
            else self.blank_words.of("custom" if target.startswith(CUSTOM) else target)
        )

        return blank, told, spellings(blank | told)

    def _fills(self, target: str) -> str | None:
        """The field that a custom field's column fills in rows where its own column is blank: the
        mobile number is a phone number.
        """
        found = named(label_of(target))
        main = found.target if found and not found.half else None
        return main if main in SEVERAL and main in self.mapping else None

    def _filling(self, main: str) -> Callable[[CheckedRow, int, str, str], None]:
        judge_main = {"email": self._judge_email, "phone": self._judge_phone}[main]

        def judge(row: CheckedRow, index: int, target: str, text: str) -> None:
            if main in row.values or main in (row.clears or ()) or not _reads(main, text):
                row.take_custom(target, text)
            else:
                judge_main(row, index, main, text)

        return judge

    def proven_date_order(self) -> str | None:
        """The order of day and month, if the column proves exactly one."""
        orders = self.seen.date_orders
        return next(iter(orders)) if len(orders) == 1 else None

    def check(self, record: Record) -> CheckedRow:
        """Clean and judge one record."""
        return self.check_block([record])[0]

    def check_block(self, records: Sequence[Record]) -> list[CheckedRow]:
        """Clean and judge the file's next records together, each as if it were alone."""
        rows, seen = self.judge_block(records)
        self.seen.add(seen)
        return rows

    def judge_block(self, records: Sequence[Record]) -> tuple[list[CheckedRow], SeenColumns]:
        """The same, of records anywhere in the file; what they say of the columns is given and not
        added.
        """
        self._block = SeenColumns.knowing(self.seen.frequent())
        rows = [self._begun(record.row) for record in records]
        cells = [self._cells(row, record) for row, record in zip(rows, records, strict=True)]

        for column in self.columns:
            texts = cleaned_column(map(itemgetter(column.index), cells), column.kept)
            if column.target in NUMBERED:
                texts = column_of_digits(texts)
            if not column.words.isdisjoint(texts):
                texts = self._without_words(column, rows, texts)
            if column.target in DIFFERING:
                self._block.of(column.index).see(texts)

            self._judge_column(column, rows, texts)

        for row, record in zip(rows, records, strict=True):
            self._conclude(row, record)

        self.addresses.said.clear()
        return rows, self._block

    def _begun(self, number: int) -> CheckedRow:
        of_all = self.of_all
        if of_all is None:
            return CheckedRow(number)

        custom = dict(of_all.custom) if of_all.custom else None
        return CheckedRow(number, values=dict(of_all.values), tags=of_all.tags, custom=custom)

    def _cells(self, row: CheckedRow, record: Record) -> list[str]:
        """A cell for each column of the file; what is wrong with the record as a whole is noted."""
        _, cells, problem, _, _ = record
        if problem:
            self._judge_record(row, cells, problem)
            if problem in BROKEN:
                return [""] * self.width

        if len(cells) == self.width:
            return cells
        if any(map(str.strip, cells[self.width :])):
            row.problems.append(Problem("too_many_cells", self.width))

        return cells[: self.width] + [""] * (self.width - len(cells))

    def _without_words(
        self, column: _Column, rows: list[CheckedRow], texts: list[str]
    ) -> list[str]:
        """The column's cells, blank where they hold a word for nothing, which is counted."""
        counts, left = self._block.of(column.index), []

        for row, text in zip(rows, texts, strict=True):
            word = folded(text) if text in column.words else ""
            if word in column.told:
                row.warn("word_in_name", column.index, column.target, text)
            if is_blank := word in column.blank:
                counts.blank(text)
            left.append("" if is_blank else text)

        return left

    def _judge_column(self, column: _Column, rows: list[CheckedRow], texts: list[str]) -> None:
        """One column's cells, a row's each; blank ones say nothing."""
        target, longest, judge, clear_token = (
            column.target,
            column.longest,
            column.judge,
            self.clear_token,
        )

        for row, text in zip(rows, texts, strict=True):
            if not text:
                continue

            if clear_token is not None and folded(text) == clear_token:
                if column.index in self.further_columns:
                    row.warn("clear_ignored", column.index, target, text)
                else:
                    row.clears = [*(row.clears or []), *self._cleared_by(target)] or None
            elif len(text) > longest:
                severity = WARNING if column.index in self.further_columns else ERROR
                shown = text[:KEPT_CELL_CHARS]
                row.problems.append(Problem("too_long", column.index, target, shown, severity))
            elif judge is None:
                row.values[target] = text
            else:
                judge(row, column.index, target, text)

    def _cleared_by(self, target: str) -> Sequence[str]:
        """The contact's fields that a clear token in such a column empties."""
        if target in FULL_NAMES:
            return self.names_cleared
        return () if target in BESIDE_CELLS else (target,)

    def _judge_record(self, row: CheckedRow, cells: list[str], code: str) -> None:
        """What reading found: at the damaged cells where they can be told, else at the row."""
        severity = WARNING if code in RECORD_WARNINGS else ERROR
        damaged = (
            [index for index, cell in enumerate(cells) if "\ufffd" in cell]
            if code in _DAMAGES
            else []
        )

        for index in damaged:
            target = self.mapping[index] if index < self.width else None
            shown = cells[index][:KEPT_CELL_CHARS].replace("\0", "")
            row.problems.append(Problem(code, index, target, shown, severity))

        if not damaged:
            row.problems.append(Problem(code, severity=severity))

    @staticmethod
    def _take_custom(row: CheckedRow, _index: int, target: str, text: str) -> None:
        row.take_custom(target, text)

    def _judge_email(self, row: CheckedRow, index: int, target: str, text: str) -> None:
        address = emails.read(text)

        if address.key:
            if suggestions.is_misspelt(address.key):
                row.warn("email_misspelt", index, target, text)
            is_plain = index not in self.addresses.beside_labels and not address.kind
            if row.email_key is None and is_plain:
                row.values["email"], row.email_key = str(address.shown), address.key
                row.email_label = self.addresses.labels.get(index)
            else:
                is_first = self.addresses.is_starred(row, index)
                self._add_email(row, index, address, is_first=is_first)
            if address.further:
                self._add_emails(row, index, address.further)
            if address.name and row.values.keys().isdisjoint(NAMES):
                self._judge_full_name(row, index, target, address.name)
        elif index in self.further_columns:
            row.warn("email_further_invalid", index, target, text)
        elif address.exchange:
            row.drop("email_exchange", index, target, text)
        elif len(text) > TARGETS["email"].max_length:
            row.problems.append(Problem("too_long", index, target, text[:KEPT_CELL_CHARS]))
        else:
            code = "email_invalid" if "@" in text else "email_no_at"
            row.problems.append(Problem(code, index, target, text))

    def _add_emails(self, row: CheckedRow, index: int, pieces: Sequence[str]) -> None:
        """The addresses in a cell behind its first one."""
        invalid = []

        for piece in pieces:
            address = emails.read(piece)
            if address.key is None:
                invalid.append(piece)
                continue

            if self._add_email(row, index, address) is False:
                break

        if invalid:
            row.warn("email_further_invalid", index, "email", "; ".join(invalid))

    def _add_email(
        self, row: CheckedRow, index: int, address: emails.Address, *, is_first: bool = False
    ) -> bool | None:
        label = self.addresses.label_of(row, index, address.kind)
        new: Address = {"value": address.shown, "key": address.key, "label": label}
        return add_address(row, "email", index, new, is_first=is_first)

    def _judge_phone(self, row: CheckedRow, index: int, target: str, text: str) -> None:
        is_labelled = index in self.addresses.beside_labels
        if is_labelled and self.addresses.took_fax(row, index, text):
            return

        code = row.values.get("calling_code") if self.has_calling_codes else None
        number = (
            phones.read(text, self._region(row)) if code is None else phones.under(text, code)
        )

        if number.shortened:
            leave = row.warn if index in self.further_columns else row.drop
            leave("phone_shortened", index, target, text)
        elif "phone" in row.values or is_labelled:
            is_first = self.addresses.is_starred(row, index)
            self._add_phone(row, index, number, is_first=is_first)
        elif self._fits(row, index, number):
            row.values["phone"], row.phone_key = number.shown, number.key
            row.phone_label = self.addresses.labels.get(index)
            if number.key is None:
                row.warn("phone_unreadable", index, target, text)

        if number.further:
            for further in phones.behind(number, self._region(row)):
                if not self._add_phone(row, index, further):
                    break

    def _add_phone(
        self, row: CheckedRow, index: int, number: phones.Number, *, is_first: bool = False
    ) -> bool:
        """One of several numbers; False where the row has too many."""
        if not self._fits(row, index, number):
            return True

        label = self.addresses.label_of(row, index)
        new: Address = {"value": number.shown, "key": number.key, "label": label}
        added = add_address(row, "phone", index, new, is_first=is_first)
        if added and number.key is None:
            row.warn("phone_unreadable", index, "phone", number.shown)

        return added is not False

    @staticmethod
    def _fits(row: CheckedRow, index: int, number: phones.Number) -> bool:
        """Whether the number is short enough; if not, a row that has another does without it."""
        if len(number.shown) <= TARGETS["phone"].max_length:
            return True

        severity = WARNING if "phone" in row.values else ERROR
        shown = number.shown[:KEPT_CELL_CHARS]
        row.problems.append(Problem("too_long", index, "phone", shown, severity))
        return False

    def _region(self, row: CheckedRow) -> str | None:
        """Where the row's phone is dialled. A country that we don't know is not the usual one."""
        country = row.values.get("country")
        return phones.region_of(country) if country else self.default_country

    def _judge_full_name(self, row: CheckedRow, index: int, target: str, text: str) -> None:
        """Split where the row has neither name; beside them it is kept only where it says
        something else.
        """
        if not row.values.keys().isdisjoint(NAMES):
            if _says_more(text, row):
                row.take_custom(f"{CUSTOM}{FULL_NAME.label}", text)
        elif names.is_company(text):
            self._take_company(row, text)
        else:
            order = FAMILY_FIRST if target == "full_name_family_first" else GIVEN_FIRST
            self._take_name(row, index, target, text, names.read(text, order))

    def _take_company(self, row: CheckedRow, text: str) -> None:
        """A company in the column of names goes to the company, where that is blank."""
        if "company" not in row.values and len(text) <= TARGETS["company"].max_length:
            row.values["company"] = text
        elif row.values.get("company") != text:
            row.take_custom(f"{CUSTOM}{FULL_NAME.label}", text)

    def _take_name(
        self, row: CheckedRow, index: int, target: str, text: str, name: names.Name
    ) -> None:
        if any(len(getattr(name, part)) > TARGETS[part].max_length for part in names.PARTS):
            row.problems.append(Problem("too_long", index, target, text[:KEPT_CELL_CHARS]))
            return

        values = row.values
        taken = False

        for part, value in zip(names.PARTS, name, strict=False):
            if value and part not in values:
                values[part] = value
            elif value and value != values[part]:
                taken = True

        row.clears = [*(row.clears or []), *self.said_by_names] or None

        if name.nickname:
            taken |= self._differs(row, "Nickname", name.nickname)
        if name.birth_name:
            taken |= self._differs(row, "Birth name", name.birth_name)
        if taken:  # The file says otherwise elsewhere: no word is to be lost.
            row.take_custom(f"{CUSTOM}{FULL_NAME.label}", text)

    def _differs(self, row: CheckedRow, label: str, text: str) -> bool:
        """Take a custom field; whether the row has another value there."""
        held = (row.custom or {}).get(label)
        if held is None:
            row.take_custom(f"{CUSTOM}{label}", text)

        return held is not None and held != text

    def _judge_birthday(self, row: CheckedRow, index: int, target: str, text: str) -> None:
        found = dates.read(text, self.date_order)
        if found.proves:
            self._block.date_orders.add(found.proves)

        if found.value:
            row.values["birthday"] = found.value

        if found.told == "date_incomplete":
            row.drop(found.told, index, target, text)
        elif found.told == "date_zone":
            row.warn(found.told, index, target, text)
        elif not found.value and not found.blank:
            code = found.told or ("date_ambiguous" if found.ambiguous else "date_unreadable")
            row.problems.append(Problem(code, index, target, text))

    def _judge_house_number(
        self, row: CheckedRow, index: int, _target: str, text: str
    ) -> None:
        """The number joins the street, before or behind it as their columns stand."""
        street = row.values.get("street", "")
        if not street or text in street.split():
            return

        behind = self.mapping.index("street") < index
        joined = f"{street} {text}" if behind else f"{text} {street}"
        if len(joined) > TARGETS["street"].max_length:
            row.problems.append(Problem("too_long", index, "street", joined[:KEPT_CELL_CHARS]))
        else:
            row.values["street"] = joined

    def _judge_tags(self, row: CheckedRow, _index: int, _target: str, text: str) -> None:
        row.tags = list(united_tags(split_tags(text), row.tags or ())) or None

    def _conclude(self, row: CheckedRow, record: Record) -> None:
        """Whether the row is valid, once all its cells are judged."""
        if self.has_calling_codes:
            row.values.pop("calling_code", None)
        if self.several and row.clears:
            self._keep_given(row)
        if self.has_whole_names and IDENTITY.isdisjoint(row.values):
            self._call_by_company(row, record)
        is_known = not IDENTITY.isdisjoint(row.values)
        if not is_known and not row.has_error:
            # Something must say who the contact is; a cell that is wrong in itself is complaint
            # enough.
            row.problems.append(Problem("no_identity"))

        if row.problems:
            row.problems = [self._with_suggestion(row, record, one) for one in row.problems]
            if self.drop_bad_cells and is_known:
                row.problems = _without_bad_cells(row.problems)

            row.record = kept_cells(record)
            if row.has_error:
                row.status = "invalid"

    def _with_suggestion(self, row: CheckedRow, record: Record, problem: Problem) -> Problem:
        """The problem with what the cell was probably meant to say, where a rule tells."""
        column = problem.column
        if column is None or problem.code not in suggestions.CODES:
            return problem

        region = self._region(row) if problem.field == "phone" else None
        around = suggestions.Row(record.cells, self.mapping, self.date_order, region)
        found = suggestions.suggested(problem.code, column, around)
        if found is None:
            return problem

        mark = (found.begin, found.end)
        return replace(problem, suggestion=found.value, mark=mark, also=found.also or None)

    def _keep_given(self, row: CheckedRow) -> None:
        """Where a row gives an address, the word in another column clears none."""
        for kind in self.several:
            if kind in row.values and kind in (row.clears or []):
                row.clears = [name for name in row.clears or [] if name != kind] or None
                row.warn(
                    "clear_ignored", self.main_columns[kind], kind, self.clear_token or ""
                )

    def _call_by_company(self, row: CheckedRow, record: Record) -> None:
        """A company in the column of names, alone in its row, is the contact's name as well."""
        company = row.values.get("company")
        named = {
            cell.strip()
            for cell, target in zip(record.cells, self.mapping, strict=False)
            if target in FULL_NAMES
        }
        if company in named:
            row.values["first_name"] = str(company)


def _says_more(text: str, row: CheckedRow) -> bool:
    """Whether a whole name has words that are in none of the parts that the row names."""
    known = " ".join(row.values.get(part, "") for part in names.PARTS)
    return not set(_bare_words(text)) <= set(_bare_words(known))


def _bare_words(text: str) -> list[str]:
    return [word.strip(".,;") for word in text.split()]


_LAST = {
    "phone": 1,
    "full_name": 1,
    "full_name_family_first": 1,
    HOUSE_NUMBER.name: 1,
    "email": 2,
}
BESIDE_CELLS = {HOUSE_NUMBER.name, CALLING_CODE.name, *LABEL_COLUMN.values()}
_DAMAGES = {"undecodable", "damaged_characters"}


def _place(column: _Column) -> tuple[int, bool]:
    """Columns with a higher one are judged later: what fills another field's gaps comes last."""
    return _FILLING if column.fills else _LAST.get(column.target, 0), column.is_second


_FILLING = 3


def _reads(main: str, text: str) -> bool:
    """Whether a further column's cell holds what the field takes; else it stays as it is."""
    return (
        emails.read(text).key is not None if main == "email" else any(map(str.isdigit, text))
    )


def kept_cells(record: Record) -> list[str]:
    """A record's cells as they are staged, to be shown and corrected."""
    return [_kept(cell) for cell in record.cells]


def _kept(cell: str) -> str:
    """A cell beside its problem. What is cut off, no field would take."""
    if len(cell) > RECORD_CELL_CHARS:
        cell = cell.strip()[:RECORD_CELL_CHARS]
    return cell.replace("\0", "")


def _without_bad_cells(problems: list[Problem]) -> list[Problem]:
    """The problems once bad cells are left out, where nothing else is wrong with the row."""
    errors = [problem for problem in problems if problem.severity == ERROR]
    if not all(
        problem.field in DROPPABLE and problem.code not in ASKED_FOR for problem in errors
    ):
        return problems

    return [
        replace(problem, code="cell_dropped", severity=WARNING, dropped=True)
        if problem.severity == ERROR
        else problem
        for problem in problems
    ]
