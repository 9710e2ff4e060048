"""What each code says to a person: a title and an instruction, from the catalogue.

Only codes and facts are stored and passed on; they become words here, as late as they can. The
sentences are in `row_messages.py` and `request_messages.py`.
"""

import re
from collections.abc import Mapping
from typing import Any

from webapp.vocabulary.catalogue import gettext, gettext_noop, ngettext, within, written
from webapp.vocabulary.fields import LONGEST_CUSTOM_VALUE, TARGETS, label_of
from webapp.vocabulary.request_messages import REQUEST_MESSAGES
from webapp.vocabulary.row_messages import ROW_MESSAGES
from webapp.vocabulary.states import State

MESSAGES = ROW_MESSAGES | REQUEST_MESSAGES


def title(code: str, **facts: Any) -> str:
    """The problem in a few words; an unknown code speaks for itself."""
    return _filled_in(MESSAGES[code].title, facts) if code in MESSAGES else code


def counted(code: str, rows: int) -> str:
    """The title behind the number of rows that share the problem, without the number: `e-mails
    have no @`, or `rows: ` before a title that is the same for any number.
    """
    forms = MESSAGES[code].counted if code in MESSAGES else None
    if forms:
        return ngettext(*forms, rows)
    return ngettext("row: {title}", "rows: {title}", rows).format(title=title(code, rows=rows))


def instruction(code: str, **facts: Any) -> str:
    """What to do about it, with the facts filled in."""
    return _filled_in(MESSAGES[code].instruction, facts) if code in MESSAGES else code


def _filled_in(text: str, facts: Mapping[str, Any]) -> str:
    return gettext(text).format_map(_Facts(facts))


def of_problem(problem: Mapping[str, Any], row: int) -> str:
    """What to do about a problem that the check found in this row: `code`, and `value` and
    `field` where known.
    """
    facts: dict[str, Any] = {"row": row}
    if value := problem.get("value"):
        facts["value"] = value

    if name := problem.get("field"):
        longest = TARGETS[name].max_length if name in TARGETS else LONGEST_CUSTOM_VALUE
        facts |= {"field": within(label_of(name)), "limit": f"{longest:,}"}

    code = problem["code"]
    fault = MESSAGES[code].fault if code in MESSAGES and value else ""
    return " ".join(filter(None, (_filled_in(fault, facts), instruction(code, **facts))))


def whole(code: str, **facts: Any) -> str:
    """What is wrong and what to do, in one or two sentences; an unknown code speaks for itself."""
    if code not in MESSAGES:
        return code
    return ". ".join(filter(None, (title(code, **facts), instruction(code, **facts))))


# Of these, numbers are kept as text with commas, since they are members of the API's problems.
NUMBERS = {"above", "contacts", "found", "limit", "looked_at", "rows", "total"}
GROUPED = re.compile("[0-9]{1,3}(,[0-9]{3})+")


class _Facts(dict[str, Any]):
    """Facts for a sentence.

    Where one is missing, the sentence speaks of all the rows that it may be about.
    """

    def __getitem__(self, key: str) -> Any:
        fact = super().__getitem__(key)
        if key in NUMBERS and isinstance(fact, str) and GROUPED.fullmatch(fact):
            return written(fact)

        return fact

    def __missing__(self, key: str) -> str:
        if key == "where" and "row" in self:
            return gettext("row {row}").format(row=self["row"])
        if key == "standing" and "state" in self:
            return State(self["state"]).label

        return gettext(OF_MANY[key]) if key in OF_MANY else "…"


OF_MANY = {
    "where": gettext_noop("these rows"),
    "value": gettext_noop("each date"),
    "field": gettext_noop("value"),
    "limit": gettext_noop("the allowed number of"),
}
