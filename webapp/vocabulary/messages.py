"""What each code says to a person: a title and an instruction, from the catalogue.

Only codes and facts are stored and passed on; they become words here, as late as they can. The
sentences are in `row_messages.py` and `request_messages.py`.
"""

from collections.abc import Mapping
from typing import Any

from webapp.vocabulary.catalogue import gettext, gettext_noop
from webapp.vocabulary.fields import LONGEST_CUSTOM_VALUE, TARGETS, label_of
from webapp.vocabulary.request_messages import REQUEST_MESSAGES
from webapp.vocabulary.row_messages import ROW_MESSAGES

MESSAGES = ROW_MESSAGES | REQUEST_MESSAGES


def title(code: str, **facts: Any) -> str:
    """The problem in a few words; an unknown code speaks for itself."""
    return _filled_in(MESSAGES[code].title, facts) if code in MESSAGES else code


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
        facts |= {"field": label_of(name).lower(), "limit": f"{longest:,}"}

    return instruction(problem["code"], **facts)


def whole(code: str, **facts: Any) -> str:
    """What is wrong and what to do, in one or two sentences; an unknown code speaks for itself."""
    if code not in MESSAGES:
        return code
    return ". ".join(filter(None, (title(code, **facts), instruction(code, **facts))))


class _Facts(dict[str, Any]):
    """Facts for a sentence.

    Where one is missing, the sentence speaks of all the rows that it may be about.
    """

    def __missing__(self, key: str) -> str:
        if key == "where" and "row" in self:
            return gettext("row {row}").format(row=self["row"])
        if key == "standing" and "state" in self:
            return gettext(str(self["state"]).replace("_", " "))

        return gettext(OF_MANY[key]) if key in OF_MANY else "…"


OF_MANY = {
    "where": gettext_noop("these rows"),
    "value": gettext_noop("each date"),
    "field": gettext_noop("value"),
    "limit": gettext_noop("the allowed number of"),
}
