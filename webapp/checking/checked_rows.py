"""A row of a file as it is checked: its clean values, and what is not right with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.limits import KEPT_CELL_CHARS
from webapp.vocabulary.fields import label_of

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is not right with a cell or row.

    `column` counts from 0; `severity` is error or warning. `dropped`: the cell is left out, so
    that the contact's value stays. `suggestion` is what the cell was probably meant to say;
    `mark`, where the fault stands in it; and `also`, what other cells say with it, by column.
    """

    code: str
    column: int | None = None
    field: str | None = None
    value: str | None = None
    severity: str = ERROR
    dropped: bool = False
    suggestion: str | None = None
    mark: tuple[int, int] | None = None
    also: dict[int, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is staged; what is suggested, only where something is."""
        found: dict[str, Any] = {
            "code": self.code,
            "column": self.column,
            "field": self.field,
            "value": self.value,
            "severity": self.severity,
            "dropped": self.dropped,
        }
        if self.suggestion is not None:
            found |= {"suggestion": self.suggestion, "mark": self.mark}
        if self.also:
            found["also"] = self.also

        return found


# One of several e-mails or phones: `value`, a text, and `key` and `label`, texts or None.
Address = dict[str, Any]


def identity(address: Mapping[str, Any]) -> str:
    """What an address is known by within its kind: its key, or, where nothing can read it, its
    text.
    """
    return str(address["key"] or address["value"])


@dataclass(slots=True)
class CheckedRow:
    """A row as it is staged.

    `record` holds the cells of the file, only where there are problems.
    """

    row: int
    status: str = "valid"
    values: dict[str, str] = field(default_factory=dict)
    tags: list[str] | None = None
    custom: dict[str, str] | None = None
    email_key: str | None = None
    phone_key: str | None = None
    email_label: str | None = None
    phone_label: str | None = None
    further_emails: list[Address] | None = None  # behind the main one, in order
    further_phones: list[Address] | None = None
    clears: list[str] | None = None
    problems: list[Problem] = field(default_factory=list)
    record: list[str] | None = None

    def warn(self, code: str, column: int, target: str, text: str) -> None:
        """Tell of a cell that is taken all the same."""
        self.problems.append(Problem(code, column, target, text[:KEPT_CELL_CHARS], WARNING))

    def drop(self, code: str, column: int, target: str, text: str) -> None:
        """Leave a cell out, with a warning: the contact keeps what it has."""
        self.problems.append(
            Problem(code, column, target, text[:KEPT_CELL_CHARS], WARNING, dropped=True)
        )

    def take_custom(self, target: str, text: str) -> None:
        """Take a text for a custom field, `custom:` and its label."""
        if self.custom is None:
            self.custom = {}
        self.custom[label_of(target).strip()] = text

    @property
    def has_error(self) -> bool:
        return any(problem.severity == ERROR for problem in self.problems)
