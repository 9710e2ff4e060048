"""The several e-mails and phones of a row: with which label each comes, and which is the main
one.
"""

from collections.abc import Sequence

from webapp.checking.checked_rows import Address, CheckedRow, identity
from webapp.checking.mapping import labelled
from webapp.limits import MOST_ADDRESSES
from webapp.reading.labels import (
    address_label,
    address_label_of,
    is_machine,
    is_second,
    named,
)
from webapp.vocabulary.fields import CUSTOM, SEVERAL, is_target
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_FIELDS, LABEL_COLUMN


class AddressColumns:
    """What the columns of a file say of the addresses in them: by their own labels, and by the
    cells of the columns of labels beside them. Columns are counted from 0.
    """

    def __init__(self, mapping: Sequence[str | None], columns: Sequence[str]) -> None:
        self.labels: dict[int, str] = {}  # by column of addresses
        self.second: set[int] = set()  # columns of addresses that come behind the others
        # Columns of labels, and the column of addresses that each is said of.
        self.labelled = {
            index: address
            for kind in SEVERAL
            for index, address in labelled(
                _indexes(mapping, kind), _indexes(mapping, LABEL_COLUMN[kind])
            ).items()
        }
        self.beside_labels = set(self.labelled.values())
        # What the cells of such columns say, by row and column of addresses.
        self.said: dict[tuple[int, int], str] = {}

        for index, (label, target) in enumerate(zip(columns, mapping, strict=False)):
            if target not in SEVERAL:
                continue
            if said := address_label(label):
                self.labels[index] = said
            if (found := named(label)) and is_second(found.qualifier):
                self.second.add(index)

    def take_label(self, row: CheckedRow, index: int, _target: str, text: str) -> None:
        """What a cell says of the address beside it, which is judged later."""
        if index in self.labelled:
            self.said[row.row, self.labelled[index]] = text

    def label_of(self, row: CheckedRow, index: int, in_cell: str = "") -> str | None:
        """The label of an address in this column, of which the cell itself may say something."""
        beside = self.said.get((row.row, index), "")
        return (
            (address_label(in_cell) if in_cell else None)
            or (address_label_of(beside) if beside else None)
            or self.labels.get(index)
        )

    def is_starred(self, row: CheckedRow, index: int) -> bool:
        """Whether the cell beside an address marks it as the main one, as Google does."""
        return self.said.get((row.row, index), "").startswith("*")

    def took_fax(self, row: CheckedRow, index: int, text: str) -> bool:
        """Take the number of a fax, which the label beside it tells, for a custom field; False
        where it is none.
        """
        said = self.said.get((row.row, index), "").strip("* ")
        if not is_machine(said) or not is_target(CUSTOM + said):
            return False

        held = (row.custom or {}).get(said)
        row.take_custom(CUSTOM + said, f"{held}; {text}" if held else text)
        return True


def add_address(
    row: CheckedRow, kind: str, index: int, new: Address, *, is_first: bool = False
) -> bool | None:
    """Add an e-mail or a phone to a row's: as the main one where there is none yet or it
    `is_first`, else as the last. None where the row has it already, False where it has too many.
    """
    if kind not in row.values:
        _set_main(row, kind, new)
        return True

    further = getattr(row, FURTHER_COLUMN[kind]) or []
    main = _main(row, kind)

    if identity(new) in map(identity, [main, *further]):
        return None
    if len(further) + 1 >= MOST_ADDRESSES:
        row.warn("addresses_exceed", index, kind, new["value"] or "")
        return False

    if is_first:
        _set_main(row, kind, new)
        further = [main, *further]
    else:
        further = [*further, new]

    setattr(row, FURTHER_COLUMN[kind], further)
    return True


def _indexes(mapping: Sequence[str | None], wanted: str) -> list[int]:
    return [index for index, target in enumerate(mapping) if target == wanted]


def _main(row: CheckedRow, kind: str) -> Address:
    return {
        "value": row.values[kind],
        "key": getattr(row, KEY_FIELDS[kind]),
        "label": getattr(row, LABEL_COLUMN[kind]),
    }


def _set_main(row: CheckedRow, kind: str, address: Address) -> None:
    row.values[kind] = str(address["value"])
    setattr(row, KEY_FIELDS[kind], address["key"])
    setattr(row, LABEL_COLUMN[kind], address["label"])
