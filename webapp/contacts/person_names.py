"""SQL of what a person is called, on a page or in a report."""

from webapp.vocabulary.fields import CALLED, NAMES


def full_name(value: str) -> str:
    """SQL: first and last name, null where there is neither; `value` is SQL of the field {name}."""
    return (
        f"NULLIF(concat_ws(' ', {', '.join(value.format(name=name) for name in NAMES)}), '')"
    )


def called(value: str, *otherwise: str) -> str:
    """SQL: the name, or else the address, the ID or the phone, or else what `otherwise` says."""
    fields = [value.format(name=name) for name in CALLED]
    return f"COALESCE({', '.join([full_name(value), *fields, *otherwise])})"
