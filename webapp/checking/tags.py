"""Several values in one cell."""

from functools import lru_cache

SEVERAL = ":::"  # Google joins the values of one label with this


@lru_cache(maxsize=500)
def split_tags(text: str) -> tuple[str, ...]:
    """The tags of a cell, each once; remembered, since a file's tags repeat."""
    for separator in (SEVERAL, ";", "|"):
        text = text.replace(separator, ",")

    # Mailchimp puts each tag into quotes, Google marks its own groups with an asterisk.
    parts = (part.strip().strip('"').removeprefix("* ").strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
