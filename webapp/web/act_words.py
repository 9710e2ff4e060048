"""What a person did to the rows of a file, in one sentence."""

from webapp.models import ContactImport
from webapp.reports.wording import number
from webapp.staging.acts import Act
from webapp.vocabulary.catalogue import gettext, ngettext, ngettext_noop
from webapp.web.problem_rows import label

SHOWN_VALUE = 30  # characters
# By the kind of the act: {field} is the column, {value} what was set or looked for.
WORDS = {
    "cell": ngettext_noop(
        "Changed {field} in {count} row.", "Changed {field} in {count} rows."
    ),
    "use_suggestions": ngettext_noop(
        "Used the suggestion in {count} row.", "Used the suggestions in {count} rows."
    ),
    "set": ngettext_noop(
        "Set {field} to “{value}” in {count} row.", "Set {field} to “{value}” in {count} rows."
    ),
    "clear": ngettext_noop(
        "Cleared {field} in {count} row.", "Cleared {field} in {count} rows."
    ),
    "leave_out": ngettext_noop("Left out {count} row.", "Left out {count} rows."),
    "include": ngettext_noop("Included {count} row again.", "Included {count} rows again."),
    "replace": ngettext_noop(
        "Replaced “{value}” in {count} row.", "Replaced “{value}” in {count} rows."
    ),
    "paste": ngettext_noop(
        "Pasted into {field} in {count} row.", "Pasted into {field} in {count} rows."
    ),
    "earlier": ngettext_noop(
        "Corrected {count} row earlier.", "Corrected {count} rows earlier."
    ),
}


def of_act(run: ContactImport, act: Act) -> str:
    """The sentence of an act."""
    text = ngettext(*WORDS[act.kind], act.rows)
    value = act.asked.get("find" if act.kind == "replace" else "value") or ""
    column = act.asked.get("column")

    return text.format(
        count=number(act.rows),
        field=gettext("cells") if column is None else label(run, column),
        value=value if len(value) <= SHOWN_VALUE else f"{value[:SHOWN_VALUE]}…",
    )
