"""The form of the columns page: as it was sent, as a draft keeps it, or as an import says it.

All three are the same fields by name, so that the page is made from one thing.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from webapp.checking import column_rules, countries
from webapp.imports import mappings
from webapp.models import ContactImport
from webapp.reports import column_cards
from webapp.reports.column_cards import Chosen
from webapp.vocabulary.blank_words import BLANK_WORDS
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.fields import CUSTOM, is_target, label_of
from webapp.vocabulary.refusals import Refusal
from webapp.web.forms import LINE_ENDS

SHOWN_CODE = 20  # characters of what was given as a country, or for all rows
COLUMN = re.compile("[0-9]{1,6}")  # counted from 0
NOT_KEPT = {
    "csrf_token",
    "seen",
    "use",
    "keep",
    "change",
    "done",
}  # of a draft: what was pressed


@dataclass(frozen=True)
class ColumnsForm:
    """The fields of the form of a file that has so many columns."""

    values: MultiDict[str, str]
    width: int

    # What the page shows ------------------------------------------------------------------------

    def get(self, name: str, otherwise: str = "") -> str:
        """The text of a field."""
        return self.values.get(name, otherwise)

    def has(self, name: str) -> bool:
        """Whether a box is ticked."""
        return name in self.values

    @property
    def has_pressed(self) -> bool:
        """Whether a button gave a column another target."""
        return self.has("use") or self.has("change")

    @property
    def targets(self) -> list[str | None]:
        """The target of each column."""
        return [self.values.get(f"column-{index}") or None for index in range(self.width)]

    @property
    def rules(self) -> list[str | None]:
        """The rule of each column; "" for what the strategy says, None where the form has none."""
        return [self.values.get(f"rule-{index}") for index in range(self.width)]

    @property
    def keep_words(self) -> list[int]:
        """The columns in which words for nothing stay."""
        given = self.values.getlist("keep_words")
        return [int(column) for column in given if COLUMN.fullmatch(column)]

    @property
    def match_keys(self) -> list[str]:
        return self.values.getlist("match_keys")

    @property
    def answered(self) -> set[str]:
        """The questions that were answered."""
        return set(self.values.getlist("answered"))

    @property
    def constants(self) -> list[tuple[str, str]]:
        """Field and value of each filled line of the values for all rows."""
        lines = zip(
            self.values.getlist("constant_field"),
            self.values.getlist("constant_name"),
            self.values.getlist("constant_value"),
            strict=False,
        )
        named = [
            (target + name.strip() if target == CUSTOM else target, text.strip())
            for target, name, text in lines
        ]

        return [(target, text) for target, text in named if target or text]

    @property
    def tag(self) -> str | None:
        return self.get("tag").strip() or None

    @property
    def blank_words(self) -> list[str] | None:
        """The usual words, unless the person turned them off, and those that the person adds."""
        more = [word.strip() for word in self.get("more_words").split(",")]
        own = [word for word in more if word]
        if self.has("keep_all_words"):
            return own
        return [*BLANK_WORDS, *own] if own else None

    @property
    def used(self) -> int:
        """The saved mapping that the columns come from; 0 for none."""
        given = self.get("saved_mapping")
        return int(given) if re.fullmatch("[0-9]{1,18}", given) else 0

    def chosen(self) -> Chosen:
        """What the cards show of it; what cannot be used says nothing there."""
        code = self.get("default_country").strip().upper()
        return Chosen(
            [target if target and is_target(target) else None for target in self.targets],
            self.rules,
            set(self.keep_words),
            self.answered,
            {target: text for target, text in self.constants if target and text},
            self.get("date_order") if self.get("date_order") in {"dmy", "mdy"} else None,
            code if code in countries.CODES else None,
            self.get("clear_token").strip() or None,
            self.blank_words,
        )

    # What it asks for ---------------------------------------------------------------------------

    def request(self) -> dict[str, Any]:
        """The fields of a `MappingRequest`. Raises Refusal."""
        values: dict[str, Any] = {
            "mapping": self.targets,
            "default_country": self.country(),
            "clear_token": self.get("clear_token").strip() or None,
            "date_order": self.get("date_order") or None,
            "drop_bad_cells": self.has("drop_bad_cells"),
            "blank_words": self.blank_words,
            "keep_words": self.keep_words,
            "constants": self._constants(),
            "tag": self.tag,
            "rules": self._rules(),
        }
        if keys := self.match_keys:
            values["match_keys"] = keys

        return values

    def name(self) -> str:
        """The name under which to keep the columns; "" for none. Raises Refusal."""
        name = self.get("save_as").strip()
        if len(name) > mappings.LONGEST_NAME or LINE_ENDS.search(name):
            raise Refusal(
                "bad_line", at="/save_as", what=gettext("a name"), limit=mappings.LONGEST_NAME
            )
        return " ".join(name.split())

    def country(self) -> str | None:
        """The country of phone numbers that name none. Raises Refusal."""
        code = self.get("default_country").strip().upper()
        if code and code not in countries.CODES:
            raise Refusal("unknown_country", at="/default_country", country=code[:SHOWN_CODE])
        return code or None

    def _constants(self) -> dict[str, str]:
        """The values for all rows, by field; lines of the form that are left as they came say
        nothing.
        """
        found: dict[str, str] = {}
        for target, text in self.constants:
            if text and not target:
                raise Refusal(
                    "constant_without_field", at="/constants", value=text[:SHOWN_CODE]
                )
            if target in found:
                raise Refusal("constant_twice", at="/constants", label=label_of(target))
            if target:
                found[target] = text

        return found

    def _rules(self) -> dict[str, str | None]:
        """The rules of the columns, by what they are for."""
        found: dict[str, str | None] = {}
        for target, rule in zip(self.targets, self.rules, strict=True):
            name = target and column_rules.ruled(target)
            if not name or rule is None:
                continue
            if rule and found.get(name, rule) != rule:
                label = gettext("the name") if name == column_rules.NAME else label_of(name)
                raise Refusal("rules_differ", at=f"/rules/{name}", label=label)
            if rule or name in column_rules.preset([name]):
                found[name] = rule or None

        if whole := self.values.get("rule-address"):
            found[column_rules.WHOLE_ADDRESS] = whole

        return found

    # How it changes -----------------------------------------------------------------------------

    def pressed(self) -> "ColumnsForm":
        """The form after what was pressed: `use` is "3:company", a target for a column; `done` is a
        question that is answered, and `change` one that is open again, with a target where it had
        another one before ("new-3 3:custom:Firm").
        """
        answered = self.answered | {*self.values.getlist("done")} - {""}
        change, _, target = self.get("change").partition(" ")
        found = re.fullmatch(r"([0-9]{1,6}):(.{0,120})", self.get("use") or target, re.DOTALL)
        values = MultiDict(self.values)
        if found and int(found[1]) < self.width:
            values[f"column-{int(found[1])}"] = found[2]
            if found[2] and not change:
                answered |= {f"new-{int(found[1])}", f"name-{int(found[1])}"}
        values.setlist("answered", sorted(answered - {change}))

        return ColumnsForm(values, self.width)

    def with_guesses(self, found: Mapping[str, Any]) -> "ColumnsForm":
        """The form with what `column_cards.guessed` found, where nothing was said."""
        values = MultiDict(self.values)
        for index, target in enumerate(found["targets"]):
            values[f"column-{index}"] = target or ""
        for name in ("date_order", "default_country"):
            if not values.get(name):
                values[name] = found.get(name, "")

        return ColumnsForm(values, self.width)

    def answered_all(self) -> "ColumnsForm":
        """The form with nothing left to ask: it was sent before."""
        values = MultiDict(self.values)
        values.setlist("answered", column_cards.keys_of(self.width))
        return ColumnsForm(values, self.width)

    def answering_none(self) -> "ColumnsForm":
        """The form with what another tab did accepted: it is sent again on purpose then."""
        values = MultiDict(self.values)
        values.poplist("seen")
        return ColumnsForm(values, self.width)

    def draft(self) -> dict[str, list[str]]:
        """What is kept of it."""
        return {
            name: [text.replace("\0", "") for text in texts]
            for name, texts in self.values.to_dict(flat=False).items()
            if name not in NOT_KEPT
        }


def of_draft(draft: Mapping[str, Sequence[str]], width: int) -> ColumnsForm:
    """The form as a person left it."""
    return ColumnsForm(
        MultiDict((name, text) for name, texts in draft.items() for text in texts), width
    )


def of_import(
    run: ContactImport,
    targets: Sequence[str | None],
    choices: Mapping[str, Any],
    saved: int | None = None,
) -> ColumnsForm:
    """The form as an import says it, with these targets and what goes with them
    (`mappings.KEPT`).
    """
    rules = choices.get("column_rules", {})
    fields: list[tuple[str, str]] = [
        *((f"column-{index}", target or "") for index, target in enumerate(targets)),
        *(
            (f"rule-{index}", rule)
            for index, rule in enumerate(column_rules.by_column(rules, targets))
        ),
        *(("match_keys", key) for key in run.match_keys),
        *(("keep_words", str(index)) for index in run.keep_words or []),
        ("date_order", run.date_order or ""),
        ("default_country", run.default_country or ""),
        ("clear_token", run.clear_token or ""),
        ("tag", choices.get("tag") or ""),
        ("rule-address", rules.get(column_rules.WHOLE_ADDRESS) or ""),
        ("saved_mapping", str(saved or "")),
    ]
    for target, text in choices.get("constants", {}).items():
        is_own = target.startswith(CUSTOM)
        fields += [
            ("constant_field", CUSTOM if is_own else target),
            ("constant_name", target.removeprefix(CUSTOM) if is_own else ""),
            ("constant_value", text),
        ]

    more = [word for word in run.blank_words or [] if word not in BLANK_WORDS]
    fields.append(("more_words", ", ".join(more)))
    if run.blank_words is not None and run.blank_words == more:
        fields.append(("keep_all_words", "on"))
    if run.drop_bad_cells or not run.mapping:
        fields.append(("drop_bad_cells", "on"))

    return ColumnsForm(MultiDict(fields), len(targets))


def mark_of(run: ContactImport) -> str:
    """By what a page knows which columns stood when it was shown; "" before any were chosen."""
    if not run.mapping:
        return ""
    chosen = [run.mapping, run.column_rules, run.constants, run.tag, run.date_order]
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]
