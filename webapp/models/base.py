"""What all tables share: types, the columns of a contact's fields, and what an erasure empties."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Enum,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql.operators import OperatorClass

from webapp.vocabulary.fields import CALLED, NAMES, SCALARS
from webapp.vocabulary.keys import DERIVED_KEYS, LABEL_COLUMN
from webapp.vocabulary.outcomes import STORED_OUTCOMES

# What an erasure leaves alone: text that only the program writes, such as codes and the names of
# its processes.
CODE = {"erasure": "code"}
# A table that triggers keep in step with another: what is erased there goes here.
DERIVED = {"erasure": "derived"}
# What describes a file and goes with it.
OF_FILE = {"erasure": "file"}
OUTCOME = Enum(*[outcome.value for outcome in STORED_OUTCOMES], name="outcome")


def cells_of_file(left: str) -> dict[str, str]:
    """The mark of a column that holds cells of a file; `left` is the SQL of what stays of it where
    the file is deleted.
    """
    return {**OF_FILE, "left": left}


class Base(DeclarativeBase):
    """Plain SQLAlchemy, so that jobs can use the tables without Flask."""

    type_annotation_map: ClassVar = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
        list[int]: ARRAY(BigInteger),
    }


class Allowed(DOMAIN):
    """Text that is one of a few. SQLAlchemy has yet to say that it compares as text does."""

    operator_classes = OperatorClass.STRING


def one_of(name: str, *values: str) -> Allowed:
    """A type of its own.

    A constraint of the table is read and checked anew by each batch, for each of its writes.
    """
    allowed = ", ".join(f"'{value}'" for value in values)
    return Allowed(name, Text, constraint_name=f"{name}_known", check=f"VALUE IN ({allowed})")


class Fields:
    """The columns that a contact and a staged row share: the fields, the keys made from them, and
    the labels of the main addresses.
    """

    @property
    def called(self) -> str | None:
        """The name, or else the address, ID or phone."""
        name = " ".join(filter(None, (getattr(self, part) for part in NAMES)))
        return name or next(filter(None, (getattr(self, other) for other in CALLED)), None)


for _name in SCALARS:
    setattr(Fields, _name, mapped_column(Text))
for _key in DERIVED_KEYS:
    setattr(Fields, _key, mapped_column(Text(collation="C")))
for _label in LABEL_COLUMN.values():
    setattr(Fields, _label, mapped_column(Text))


def personal_columns(table: Table) -> list[Column[Any]]:
    """The columns that may hold something of a person: texts, JSON and bytes, unless only the
    program writes them.
    """
    closed = Enum, DOMAIN
    holding = Text, JSONB, ARRAY, LargeBinary

    return [
        column
        for column in table.c
        if isinstance(column.type, holding)
        and not isinstance(column.type, closed)
        and not _is_of_numbers(column)
        and column.info != CODE
    ]


def _is_of_numbers(column: Column[Any]) -> bool:
    return isinstance(column.type, ARRAY) and isinstance(column.type.item_type, BigInteger)
