"""The one exception for what is asked for and cannot be done, and the kind of each code."""

from enum import StrEnum
from typing import Any

from webapp.vocabulary import messages


class Kind(StrEnum):
    """What a refusal means for the one who asked. The web answers each kind with one status."""

    UNUSABLE = "unusable"  # What was sent cannot be used: a file, a mapping, a value.
    NOT_NOW = "not_now"  # It could be done at another time, or in another state.
    UNKNOWN = "unknown"  # What it is about is not there.
    NOT_ALLOWED = "not_allowed"  # The person has not the right.
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"  # This person has as many as one may have.


class Refusal(Exception):  # noqa: N818 - an answer; nothing is broken
    """What was asked for cannot be done, and nothing was changed.

    `code` is a key of `messages.MESSAGES`; `facts` fill its sentences in, and can be stored as
    JSON. `at` is the place at fault in what was asked: a JSON pointer into the command, or the name
    of a parameter; "" where there is none.
    """

    def __init__(self, code: str, /, *, at: str = "", **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.at = at
        self.facts = facts

    @property
    def kind(self) -> Kind:
        return KINDS.get(self.code, Kind.UNUSABLE)

    @property
    def sentence(self) -> str:
        """What is wrong and what to do."""
        return messages.whole(self.code, **self.facts)


# Every other code is of the kind UNUSABLE.
KINDS = {
    "too_many_views": Kind.TOO_MANY,
    "view_unknown": Kind.UNKNOWN,
    "bulk_unknown": Kind.UNKNOWN,
    "bulk_at_work": Kind.NOT_NOW,
    "bulk_changed_nothing": Kind.NOT_NOW,
    "act_unknown": Kind.UNKNOWN,
    "act_undone": Kind.NOT_NOW,
    "act_too_old": Kind.NOT_NOW,
    "no_rows": Kind.NOT_NOW,
    "rows_far_down": Kind.NOT_NOW,
    "account_not_administrator": Kind.NOT_ALLOWED,
    "candidate_gone": Kind.NOT_NOW,
    "change_too_old": Kind.NOT_NOW,
    "change_undone": Kind.NOT_NOW,
    "change_unknown": Kind.UNKNOWN,
    "choice_changed": Kind.NOT_NOW,
    "choice_taken_back": Kind.NOT_NOW,
    "columns_chosen_elsewhere": Kind.NOT_NOW,
    "contact_busy": Kind.NOT_NOW,
    "contact_changed": Kind.NOT_NOW,
    "contact_changed_on_delete": Kind.NOT_NOW,
    "contact_gone": Kind.NOT_NOW,
    "contact_key_taken": Kind.NOT_NOW,
    "contact_merged": Kind.NOT_NOW,
    "correction_under_way": Kind.NOT_NOW,
    "erase_busy": Kind.NOT_NOW,
    "erase_meanwhile": Kind.NOT_NOW,
    "erase_while_running": Kind.NOT_NOW,
    "file_gone": Kind.NOT_NOW,
    "import_at_work": Kind.NOT_NOW,
    "invalid_rows_block_start": Kind.NOT_NOW,
    "mapping_name_taken": Kind.NOT_NOW,
    "mapping_of_other": Kind.NOT_ALLOWED,
    "mapping_unknown": Kind.UNKNOWN,
    "merge_changed": Kind.NOT_NOW,
    "merge_gone": Kind.NOT_NOW,
    "may_not_approve": Kind.NOT_ALLOWED,
    "no_approver": Kind.NOT_NOW,
    "nothing_corrected": Kind.NOT_NOW,
    "nothing_failed": Kind.NOT_NOW,
    "nothing_remaining": Kind.NOT_NOW,
    "own_request": Kind.NOT_ALLOWED,
    "pair_unknown": Kind.UNKNOWN,
    "plan_changed": Kind.NOT_NOW,
    "plan_missing": Kind.NOT_NOW,
    "plan_pending": Kind.NOT_NOW,
    "preview_given_up": Kind.NOT_NOW,
    "refused_on_undo": Kind.NOT_NOW,
    "row_changed_nothing": Kind.NOT_NOW,
    "row_is_in": Kind.NOT_NOW,
    "row_not_in_conflict": Kind.NOT_NOW,
    "row_undo_while_running": Kind.NOT_NOW,
    "row_undone": Kind.NOT_NOW,
    "row_unknown": Kind.UNKNOWN,
    "second_run_large": Kind.NOT_NOW,
    "too_large": Kind.TOO_LARGE,
    "too_many_pending": Kind.TOO_MANY,
    "undo_expired": Kind.NOT_NOW,
    "undo_under_way": Kind.NOT_NOW,
    "wrong_state": Kind.NOT_NOW,
}
