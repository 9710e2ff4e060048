"""What a person chose for an import, in words: how the file was read, which column was what, how it
was to run.
"""

from webapp.models import ContactImport
from webapp.reading.encodings import FAMILIAR
from webapp.reports.wording import DELIMITERS, counted, rows_word
from webapp.vocabulary.fields import label_of

LISTED = 60  # columns
LONGEST = 60  # characters of a column's name
DATES = {"dmy": "day first", "mdy": "month first", None: "as their column shows"}


def choices(run: ContactImport) -> list[tuple[str, str]]:
    """Each choice with what it is called."""
    said = [
        ("File read as", _read_as(run)),
        (
            "Columns",
            _columns(
                [f"{name} → {label_of(target)}" for name, target in _mapped(run) if target]
            ),
        ),
        ("Left aside", _columns([name for name, target in _mapped(run) if not target])),
        ("Dates like 03/04", DATES.get(run.date_order) or ""),
        ("Country of phones", run.default_country or "none given"),
        ("Empties a field", run.clear_token or "nothing"),
        (
            "Batches asked for",
            rows_word(run.batch_size) + " each" if run.batch_size else "as large as runs well",
        ),
    ]

    return [(name, words) for name, words in said if words]


def _read_as(run: ContactImport) -> str:
    if run.format == "csv":
        delimiter = DELIMITERS.get(run.delimiter or "", run.delimiter or "").lower()
        how = f"{FAMILIAR.get(run.encoding or '', run.encoding or '')}, {delimiter} between columns"
    else:
        how = f"Excel workbook, sheet {run.sheet}"

    names = f"column names in row {run.header_row:,}" if run.header_row else "no column names"

    return f"{how}, {names}"


def _mapped(run: ContactImport) -> list[tuple[str, str | None]]:
    """The name of each column and its target."""
    return [
        (_short(name), target)
        for name, target in zip(run.columns, run.mapping or [], strict=False)
    ]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _columns(said: list[str]) -> str:
    more = len(said) - LISTED
    return "; ".join(said[:LISTED]) + (
        f" and {counted(more, 'column')} more" if more > 0 else ""
    )
