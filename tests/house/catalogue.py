"""The catalogue of sentences for a translator, `make catalogue`: webapp/vocabulary/rowcall.pot.

It holds the texts that the code gives to `gettext`, `ngettext` and `Message`, and those of the
closed lists that are looked up by an item: the words of outcomes, the sentences of states.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.states import State

ROOT = Path(__file__).parent.parent.parent
CATALOGUE = ROOT / "webapp" / "vocabulary" / "rowcall.pot"
HEAD = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""
CALLS = {"gettext": 1, "ngettext": 2, "Message": 2}  # and how many texts each is given
LOOKED_UP = {"webapp/vocabulary/outcomes.py", "webapp/vocabulary/messages.py"}


def catalogue() -> str:
    """The whole file. Raises ValueError for a text that is not written out where it is looked
    up.
    """
    found: dict[tuple[str, ...], str] = {}
    for file in sorted(ROOT.glob("webapp/**/*.py")):
        for texts in _texts(file):
            found.setdefault(texts, str(file.relative_to(ROOT)))

    for outcome in Outcome:
        found.setdefault((outcome.one,), "webapp/vocabulary/outcomes.py")
        found.setdefault((outcome.label,), "webapp/vocabulary/outcomes.py")
    for state in State:
        found.setdefault((state.sentence,), "webapp/vocabulary/states.py")

    return "\n".join(
        [HEAD, *(_entry(texts, file) for texts, file in found.items() if texts[0])]
    )


def _texts(file: Path) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        count = CALLS.get(node.func.id)
        if count is None:
            continue

        texts = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
        if len(texts) == count:
            yield from (
                [tuple(texts)] if node.func.id == "ngettext" else [(one,) for one in texts]
            )
        elif not _of_an_item(node.args[0]) and str(file.relative_to(ROOT)) not in LOOKED_UP:
            raise ValueError(f"{file}:{node.lineno}: the text is not written out")


def _of_an_item(node: ast.expr) -> bool:
    """`State(…).sentence`, whose texts come from the list of states."""
    return isinstance(node, ast.Attribute) and node.attr == "sentence"


def _entry(texts: tuple[str, ...], file: str) -> str:
    lines = [f"#: {file}", f"msgid {json.dumps(texts[0], ensure_ascii=False)}"]
    if len(texts) == 1:
        return "\n".join([*lines, 'msgstr ""\n'])

    plural = f"msgid_plural {json.dumps(texts[1], ensure_ascii=False)}"
    return "\n".join([*lines, plural, 'msgstr[0] ""', 'msgstr[1] ""\n'])


if __name__ == "__main__":
    CATALOGUE.write_text(catalogue())
