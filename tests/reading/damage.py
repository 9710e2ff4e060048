"""Kinds of damage that programs and people do to a text file with contacts.

Each takes the table, its first row the names, and a random generator, and gives bytes. A kind
for workbooks stands beside its own format.
"""

import codecs
import csv
import html
import io
from collections.abc import Callable
from random import Random

Table = list[list[str]]
Damage = Callable[[Table, Random], bytes]


def plain(table: Table, *, delimiter: str = ",", end: str = "\r\n", quoting: int = 0) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(
        table
    )
    return stream.getvalue()


def _lines(table: Table) -> list[str]:
    return [plain([row]) for row in table]


def _at(lines: list[str], chance: Random, change: Callable[[str], str]) -> bytes:
    """One line below the names changed."""
    at = chance.randrange(1, len(lines))
    return "".join(change(line) if n == at else line for n, line in enumerate(lines)).encode()


def _each(table: Table, between: str, cell: Callable[[str], str], end: str = "\r\n") -> str:
    return "".join(between.join(map(cell, row)) + end for row in table)


def _doubled(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _slashed(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flat(table: Table) -> Table:
    return [[" ".join(cell.split()) for cell in row] for row in table]


def _in_columns(table: Table) -> bytes:
    flat = _flat(table)
    widths = [max(map(len, column)) + 3 for column in zip(*flat, strict=True)]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "\n"
        for row in flat
    ).encode()


def _ruled(table: Table) -> bytes:
    rule = "-" * 60 + "\n"
    rows = "".join("|" + "|".join(row).replace("\n", " ") + "|\n" for row in _flat(table))
    return (rule + rows + rule).encode()


def _two_encodings(table: Table) -> bytes:
    return b"".join(
        line.encode("cp1252", "replace") if n % 2 else line.encode()
        for n, line in enumerate(_lines(table))
    )


KINDS: dict[str, Damage] = {
    "backslashes": lambda t, _: _each(t, ",", _slashed).encode(),
    "single quotes": lambda t, _: _each(
        t, ",", lambda c: "'" + c.replace("'", "''") + "'"
    ).encode(),
    "curly quotes": lambda t, _: _each(_flat(t), ",", lambda c: f"“{c}”").encode(),
    "german quotes": lambda t, _: _each(_flat(t), ";", lambda c: f"„{c}“").encode(),
    "blanks before quotes": lambda t, _: _each(t, ", ", _doubled).encode(),
    "blanks around quotes": lambda t, _: _each(t, " , ", _doubled).encode(),
    "whole lines quoted": lambda t, _: "".join(
        _doubled(line.rstrip("\r\n")) + "\r\n" for line in _lines(t)
    ).encode(),
    "carets": lambda t, _: plain(t, delimiter="^").encode(),
    "tildes": lambda t, _: plain(t, delimiter="~").encode(),
    "pipes": lambda t, _: plain(t, delimiter="|").encode(),
    "semicolons": lambda t, _: plain(t, delimiter=";").encode(),
    "fixed columns": lambda t, _: _in_columns(t),
    "rules": lambda t, _: _ruled(t),
    "bare line feeds in cells": lambda t, _: _each(
        t, "\t", lambda c: c.replace("\t", " ").replace('"', "”"), "\r\n"
    ).encode(),
    "bare returns for lines": lambda t, _: plain(t, end="\r", quoting=csv.QUOTE_ALL).encode(),
    "vertical tabs": lambda t, _: plain(
        [[c.replace("\n", "\x0b") for c in row] for row in t]
    ).encode(),
    "a quote lost at the end": lambda t, r: _at(
        [plain([row], quoting=csv.QUOTE_ALL) for row in t],
        r,
        lambda x: x.rstrip('"\r\n') + "\r\n",
    ),
    "a quote lost in the line": lambda t, r: _at(
        [plain([row], quoting=csv.QUOTE_ALL) for row in t],
        r,
        lambda x: x.replace('","', '",', 1),
    ),
    "a quote too many": lambda t, r: _at(
        [plain([row], quoting=csv.QUOTE_ALL) for row in t],
        r,
        lambda x: x[:-3] + ' "so" said' + x[-3:],
    ),
    "a delimiter too many": lambda t, r: _at(_lines(t), r, lambda x: x.replace(",", ",x,", 1)),
    "an empty line": lambda t, r: _at(_lines(t), r, lambda x: "\r\n" + x),
    "a line cut off in quotes": lambda t, r: _at(
        [plain([row], quoting=csv.QUOTE_ALL) for row in t],
        r,
        lambda x: x[: x.index("@") + 3] + "\r\n",
    ),
    "bytes lost": lambda t, _: plain(t).encode().replace(b"\xc3", b"", 1),
    "misread": lambda t, _: plain(t).encode().decode("latin-1").encode(),
    "replaced": lambda t, _: plain(t).encode().decode("ascii", "replace").encode(),
    "entities": lambda t, _: plain([[html.escape(c) for c in row] for row in t]).encode(
        "ascii", "xmlcharrefreplace"
    ),
    "tags": lambda t, _: plain(
        [t[0], *([*row[:-1], f"<p>{row[-1]}</p>"] for row in t[1:])]
    ).encode(),
    "two encodings": lambda t, _: _two_encodings(t),
    "cp1252": lambda t, _: plain(t).encode("cp1252", "replace"),
    "mac": lambda t, _: plain(t, end="\r", quoting=csv.QUOTE_ALL).encode(
        "mac-roman", "replace"
    ),
    "mainframe": lambda t, _: plain(t, end="\n").encode("cp037", "replace"),
    "utf-16 without a mark": lambda t, _: plain(t).encode("utf-16-le"),
    "two marks": lambda t, _: codecs.BOM_UTF8 * 2 + plain(t).encode(),
    "zeros at the end": lambda t, _: plain(t).encode() + b"\0" * 3,
    "the end of a DOS file": lambda t, _: plain(t).encode() + b"\x1a",
    "next lines in cells": lambda t, _: plain(
        [[c.replace("\n", "\x85") for c in row] for row in t]
    ).encode(),
    "formulas around texts": lambda t, _: plain(
        [t[0], *([f'="{c}"' if '"' not in c else c for c in row] for row in t[1:])]
    ).encode(),
    "a line that names the delimiter": lambda t, _: (
        b"sep=;\r\n" + plain(t, delimiter=";").encode()
    ),
    "delimiters at the end of each line": lambda t, _: _each(
        t, ",", _doubled, ",,,\r\n"
    ).encode(),
    "the names again in the middle": lambda t, _: plain([*t[:3], t[0], *t[3:]]).encode(),
    "signs without width": lambda t, _: plain(
        [[c.replace("@", "\u200b@\u2060") for c in row] for row in t]
    ).encode(),
    "a page's heading in the middle": lambda t, r: _at(
        _lines(t), r, lambda x: "Members of the club,,,\r\nPage 2,,,\r\n" + x
    ),
}
