"""Several values in one cell."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

from webapp.checking.blanks import usual_word
from webapp.checking.cleaning import AROUND, CONTROL
from webapp.folding import folded

SEVERAL = ":::"  # Google joins the values of one label with this


@lru_cache(maxsize=500)
def split_tags(text: str) -> tuple[str, ...]:
    """The tags of a cell, each once, in the case in which it comes first; remembered, since a
    file's tags repeat.
    """
    listed = _listed(text) if text.startswith("[") else None
    if listed is None:
        for separator in (SEVERAL, ";", "|", "\n"):
            text = text.replace(separator, ",")
        # Mailchimp puts each tag into quotes, Google marks its own groups with an asterisk.
        listed = [part.strip(AROUND).strip('"') for part in text.split(",")]

    parts = (part.strip(AROUND).removeprefix("* ").strip(AROUND) for part in listed)
    return united_tags(filter(None, parts))


def united_tags(*lists: Iterable[str]) -> tuple[str, ...]:
    """The tags of these lists, each once, in the case in which it comes first."""
    first: dict[str, str] = {}
    for tag in chain.from_iterable(lists):
        first.setdefault(folded(tag), tag)

    return tuple(first.values())


def _listed(text: str) -> list[str] | None:
    """The texts and numbers of a JSON array; None for what is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None

    plain = all(isinstance(each, str | int | float) for each in found)
    return [_one_line(str(each)) for each in found] if plain else None


def _one_line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())


def joined_tags(tags: Sequence[str]) -> str:
    """The tags as a cell from which they are read again: with commas, or as a JSON array where a
    tag itself holds what parts tags, or is a word for nothing and alone.
    """
    text = ", ".join(tags)
    comes_back = list(split_tags(text)) == list(tags) and usual_word([text]) is None

    return text if comes_back else json.dumps(tags, ensure_ascii=False)
