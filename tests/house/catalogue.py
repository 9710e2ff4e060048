"""The catalogue of sentences for a translator, `make catalogue`: webapp/vocabulary/rowcall.pot,
and its texts in the file of each language.

Babel finds the texts: in the templates those of `_` and `trans`, in the code those that are given
to `gettext` and its kin, and to the items of closed lists.
"""

from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract, extract_python
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent.parent
CATALOGUE = ROOT / "webapp" / "vocabulary" / "rowcall.pot"
LANGUAGES = CATALOGUE.parent / "languages"
HEAD = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
ITEMS = {"Message", "Texts"}  # each text that these are given is a message
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_noop": None,
    "ngettext_noop": (1, 2),
    **dict.fromkeys(ITEMS),
}
VOCABULARY = {**KEYWORDS, "Field": (2,)}  # elsewhere a Field is pydantic's
JINJA = {
    "trimmed": "true",
    "newstyle_gettext": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "silent": "false",
}
NOTES = ("Translators:",)  # a comment above a text that begins with this goes along with it


def catalogue() -> str:
    """The whole file."""
    found = Catalog(charset="utf-8")
    for file in sorted(ROOT.glob("webapp/**/*.py")):
        _add(found, file, _python)
    for file in sorted(ROOT.glob("templates/**/*.[ht]*")):
        _add(found, file, "jinja2.ext:babel_extract", JINJA)

    written = BytesIO()
    write_po(written, found, omit_header=True, include_lineno=False, width=100)

    return HEAD + written.getvalue().decode()


def _add(
    found: Catalog, file: Path, method: Any, options: dict[str, str] | None = None
) -> None:
    place = str(file.relative_to(ROOT))
    keywords = VOCABULARY if "/vocabulary/" in place else KEYWORDS
    with file.open("rb") as source:
        for _, text, notes, context in extract(method, source, keywords, NOTES, options, True):
            found.add(text, locations=[(place, 0)], auto_comments=notes, context=context)


def _python(
    source: IO[bytes],
    keywords: Mapping[str, Any],
    notes: Collection[str],
    options: Mapping[str, Any],
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """As Babel does, and each text of an item as a message of its own."""
    for line, name, texts, said in extract_python(source, keywords, notes, dict(options)):
        if name not in ITEMS:
            yield line, name, texts, said
            continue

        for text in filter(None, texts if isinstance(texts, tuple) else (texts,)):
            yield line, "gettext", text, said


def translated(language: Path) -> str:
    """A language's file with the texts of today: what is new has no translation yet, what is gone
    is left out. Its head, and the comments before it, stay.
    """
    text = language.read_text(encoding="utf-8")
    head = text[: text.index("\n\n") + 2]
    old = read_po(text.splitlines(keepends=True))
    new = read_po(catalogue().splitlines(keepends=True))

    for message in new:
        kept = old.get(message.id[0] if message.pluralizable else message.id, message.context)
        plain = isinstance(message.id, str)
        if kept and message.id and isinstance(kept.id, str) == plain:
            message.string = kept.string
        message.locations = []

    written = BytesIO()
    write_po(written, new, omit_header=True, no_location=True, sort_output=True, width=100)

    return head + written.getvalue().decode()


if __name__ == "__main__":
    CATALOGUE.write_text(catalogue())
    for file in sorted(LANGUAGES.glob("*.po")):
        file.write_text(translated(file), encoding="utf-8")
