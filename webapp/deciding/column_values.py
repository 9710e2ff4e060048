"""What a row and its contact come to, column by column: by each column's rule, and with the parts
of a name, or of an address, taken together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from webapp import folding, queries
from webapp.checking.names import PARTS
from webapp.db import Connection
from webapp.queries import fill
from webapp.vocabulary.fields import ADDRESS, CUSTOM, NAMES
from webapp.vocabulary.strategies import Rule

NAME, WHOLE_ADDRESS = "name", "address"
KEPT = {"tags": "COALESCE(c.tags, '{}')", "custom": "COALESCE(c.custom, '{}')"}
Values = Mapping[str, str]  # SQL by column

SQL = queries.load("column_rules")


def folded(text: str) -> str:
    """SQL that makes the letters of a text small, by the program's own list: lower() follows the
    language of the database.
    """
    capitals, small = folding.two_cases()
    return f"translate({text}, '{capitals}', '{small}')"


def rule_name(field: str, rules: Mapping[str, Rule]) -> str:
    """Under which name a field's rule stands, if it has one."""
    if field in PARTS:
        return NAME

    return WHOLE_ADDRESS if field in ADDRESS and WHOLE_ADDRESS in rules else field


def names(rule: Rule) -> Values:
    """The parts of a name under a rule that writes."""
    if rule is Rule.FILL:
        return {part: fill(SQL.lacking_name_part, field=part) for part in PARTS}

    return {
        part: fill(
            SQL.whole_name_title if part in {"prefix", "suffix"} else SQL.whole_name_part,
            field=part,
        )
        for part in PARTS
    }


def whole_address(rule: Rule) -> Values:
    """The parts of an address that is taken as one, under a rule that writes."""
    text = SQL.lacking_address_part if rule is Rule.FILL else SQL.whole_address_part
    return {part: fill(text, field=part) for part in ADDRESS}


def together(rules: Mapping[str, Rule]) -> Iterator[str]:
    """What is looked at for all parts of a name, or of an address, at once: under these rules, of
    which one is the name's.
    """
    if rules[NAME] is Rule.REPLACE:
        yield _looked_at(NAME, {"same_name": _alike(SQL.part_or_blank, NAMES)})
    elif rules[NAME] is Rule.FILL:
        yield _looked_at(NAME, {"same_names": _alike(SQL.part_of_both, PARTS)})

    if rules.get(WHOLE_ADDRESS, Rule.KEEP) is not Rule.KEEP:
        shared = _texts(SQL.part_of_both, "c", "j", ADDRESS)
        conditions = {
            "same_address": f"{shared} <> '' AND {_alike(SQL.part_of_both, ADDRESS)}",
            "row_has_address": f"COALESCE({_columns('j', ADDRESS)}) IS NOT NULL",
            "contact_has_address": f"COALESCE({_columns('c', ADDRESS)}) IS NOT NULL",
        }
        yield _looked_at(WHOLE_ADDRESS, conditions)


def _alike(part: str, fields: Sequence[str]) -> str:
    """Whether these fields of contact and row say the same, but for case."""
    one, other = _texts(part, "c", "j", fields), _texts(part, "j", "c", fields)
    return fill(
        SQL.alike, one=one, other=other, folded_one=folded(one), folded_other=folded(other)
    )


def _texts(part: str, side: str, other: str, fields: Sequence[str]) -> str:
    """Some fields of one side as one text."""
    sides = {"other": other} if "{{other}}" in part else {}
    texts = (fill(part, side=side, field=field, **sides) for field in fields)
    return fill(SQL.all_parts, parts=", ".join(texts))


def _looked_at(of: str, conditions: Mapping[str, str]) -> str:
    texts = (f"{condition} AS {name}" for name, condition in conditions.items())
    return fill(SQL.together, conditions=",\n".join(texts), of=f"of_{of}")


def _columns(side: str, fields: Iterable[str]) -> str:
    return ", ".join(f"{side}.{field}" for field in fields)


def kept(columns: Iterable[str]) -> Values:
    """Each column as the contact has it."""
    return {column: KEPT.get(column, f"c.{column}") for column in columns}


def unless_cleared(field: str, cleared: str, value: str) -> str:
    return fill(SQL.unless_cleared, field=field, cleared=cleared, value=value)


def custom(usual: Rule) -> str:
    """Custom fields of which some have rules of their own, told by `tell_labels`; `usual` is that
    of all others.
    """
    labels = {which: fill(SQL.labels, which=which) for which in ("kept", "filled", "replaced")}
    replaced = labels.pop("replaced")

    if usual is Rule.REPLACE:
        return fill(SQL.mostly_filled_custom, **labels)

    return fill(SQL.mostly_blank_custom, kept=labels["kept"], replaced=replaced)


def tell_labels(conn: Connection, rules: Iterable[tuple[str, Rule]]) -> None:
    """Let the decisions of this session know the custom fields that have rules of their own."""
    labels: dict[Rule, list[str]] = {rule: [] for rule in Rule}
    for name, rule in rules:
        if name.startswith(CUSTOM):
            labels[rule].append(name.removeprefix(CUSTOM))

    conn.execute(
        SQL.tell_labels,
        {
            "kept": labels[Rule.KEEP],
            "filled": labels[Rule.FILL],
            "replaced": labels[Rule.REPLACE],
        },
    )
