"""What a person chose for an import, in words: how the file was read, which column was what, how it
was to run.
"""

from webapp.models import ContactImport
from webapp.reading.encodings import FAMILIAR
from webapp.reports.wording import DELIMITERS, number
from webapp.vocabulary.blank_words import BLANK_WORDS
from webapp.vocabulary.catalogue import gettext, gettext_noop, ngettext, within
from webapp.vocabulary.fields import TAGS, label_of

LISTED = 60  # columns
LONGEST = 60  # characters of a column's name
DATES = {
    "dmy": gettext_noop("day first"),
    "mdy": gettext_noop("month first"),
    None: gettext_noop("as their column shows"),
}
BAD_CELLS = {
    True: gettext_noop("left out, where the row has something else to go by"),
    False: gettext_noop("refuse their rows"),
}

RULED = {
    "replace": gettext_noop("replaced"),
    "fill": gettext_noop("only filled where blank"),
    "keep": gettext_noop("kept"),
    "unite": gettext_noop("added"),
    "none": gettext_noop("kept"),
}


def choices(run: ContactImport) -> list[tuple[str, str]]:
    """Each choice with what it is called."""
    taken = [f"{name} → {label_of(target)}" for name, target in _mapped(run) if target]
    left = [name for name, target in _mapped(run) if not target]
    dates = DATES.get(run.date_order, "")
    said = [
        (gettext("File read as"), _read_as(run)),
        (gettext("Columns"), _columns(taken)),
        (gettext("Left out"), _columns(left)),
        (gettext("Dates like 03/04"), gettext(dates)),
        (gettext("Country of phones"), run.default_country or gettext("none given")),
        (gettext("Clears a field"), run.clear_token or gettext("nothing")),
        (gettext("Bad e-mails and birthdays"), gettext(BAD_CELLS[bool(run.drop_bad_cells)])),
        (gettext("Placeholders"), _words(run)),
        (gettext("People you have"), _columns(rules(run))),
        (gettext("New people"), "" if run.create_new else gettext("skipped")),
        (gettext("In all rows"), "; ".join(of_all_rows(run))),
        (gettext("Batches asked for"), _batches(run.batch_size)),
    ]

    return [(name, words) for name, words in said if words]


def rules(run: ContactImport) -> list[str]:
    """The columns' own rules, each with what it is for."""
    return [
        f"{_ruled(name)}: {gettext(RULED[rule])}"
        for name, rule in run.column_rules.items()
        if rule
    ]


def _ruled(name: str) -> str:
    wholes = {"name": gettext("Name"), "address": gettext("Whole address")}
    return wholes.get(name) or _short(label_of(name))


def of_all_rows(run: ContactImport) -> list[str]:
    """What the person gave for all rows: each field with its value, and the tag."""
    given = {**run.constants, **({TAGS.name: run.tag} if run.tag else {})}
    return [f"{_short(label_of(target))}: {_short(text)}" for target, text in given.items()]


def _batches(size: int | None) -> str:
    if not size:
        return gettext("as large as runs well")
    return ngettext("{count} row each", "{count} rows each", size).format(count=number(size))


def _words(run: ContactImport) -> str:
    """Which words were read as blank, and in which columns they stayed."""
    own = [word for word in run.blank_words or [] if word not in BLANK_WORDS]
    usual = run.blank_words is None or len(own) < len(run.blank_words)
    said = [gettext("the usual ones are read as blank")] if usual else []
    if own:
        said.append(
            gettext("read as blank: {words}").format(words=", ".join(map(_short, own)))
        )
    if kept := [
        _short(run.columns[index])
        for index in run.keep_words or []
        if index < len(run.columns)
    ]:
        said.append(gettext("kept in: {columns}").format(columns=_columns(kept)))

    return "; ".join(said) or gettext("kept as they stand")


def _read_as(run: ContactImport) -> str:
    if run.format == "csv":
        encoding = FAMILIAR.get(run.encoding or "", run.encoding or "")
        delimiter = DELIMITERS.get(run.delimiter or "", run.delimiter or "")
        how = gettext("{encoding}, {delimiter} between columns").format(
            encoding=gettext(encoding), delimiter=within(gettext(delimiter))
        )
    else:
        how = gettext("Excel workbook, sheet {sheet}").format(sheet=run.sheet)

    if run.header_row:
        row = number(run.header_row)
        return gettext("{how}, column names in row {row}").format(how=how, row=row)

    return gettext("{how}, no column names").format(how=how)


def _mapped(run: ContactImport) -> list[tuple[str, str | None]]:
    """The name of each column and its target."""
    return [
        (_short(name), target)
        for name, target in zip(run.columns, run.mapping or [], strict=False)
    ]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _columns(said: list[str]) -> str:
    listed, more = "; ".join(said[:LISTED]), len(said) - LISTED
    if more <= 0:
        return listed

    text = ngettext(
        "{columns} and {count} column more", "{columns} and {count} columns more", more
    )
    return text.format(columns=listed, count=number(more))
