"""Contacts as a workbook, which a process of its own writes: XlsxWriter would take twelve megabytes
of the web process, and the processor from everyone that it serves.
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from webapp.contacts.exporting import Selection, as_taken
from webapp.limits import MEBIBYTE, WORKBOOK_COLUMNS
from webapp.vocabulary.fields import FIELDS
from webapp.vocabulary.refusals import Refusal

logger = logging.getLogger(__name__)
WRITER = Path(__file__).with_name("workbook_process.py")
BLOCK_BYTES = MEBIBYTE // 16


def refuse_too_wide(selection: Selection) -> None:
    """Raises Refusal where a sheet has too few columns for the contacts' custom fields."""
    if len(selection.headings) > WORKBOOK_COLUMNS:
        raise Refusal("export_too_wide", limit=f"{WORKBOOK_COLUMNS:,}")


@cache
def template() -> bytes:
    """A workbook with a contact's fields as its columns and no rows, to be filled in."""
    header = _line([field.english for field in FIELDS])
    return subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-I", str(WRITER)], input=header, stdout=subprocess.PIPE, check=True
    ).stdout


def as_xlsx(session: Session, selection: Selection) -> Iterator[bytes]:
    """The contacts as a workbook of texts, with a further sheet where one is full.

    Nothing but empty pieces comes until all contacts are written. Raises CalledProcessError where
    there is no room for it, or its process was killed.
    """
    with tempfile.TemporaryFile() as workbook:
        with subprocess.Popen(  # noqa: S603 - a program of our own
            [sys.executable, "-I", str(WRITER)],
            stdin=subprocess.PIPE,
            stdout=workbook,
            stderr=subprocess.DEVNULL,  # It might quote a contact.
        ) as writer:
            try:
                yield from _fed(session, selection, writer)
            finally:
                writer.kill()  # One that has ended does not mind.

        workbook.seek(0)
        while block := workbook.read(BLOCK_BYTES):
            yield block


def _fed(
    session: Session, selection: Selection, writer: subprocess.Popen[bytes]
) -> Iterator[bytes]:
    """Give the writer a line of JSON for each row; an empty piece for each page of them."""
    rows = writer.stdin
    assert rows is not None  # noqa: S101 - as it was opened

    try:
        rows.write(_lines([[heading] for heading in selection.headings]))
        for page in selection.pages(session):
            yield b""
            rows.write(_lines(selection.texts(page)))

        rows.close()
    except BrokenPipeError:
        logger.warning("the writer of a workbook ended early")

    yield b""
    if failed := writer.wait():
        raise subprocess.CalledProcessError(failed, writer.args)


def _lines(columns: Sequence[Sequence[str]]) -> bytes:
    taken = [
        [text and as_taken(text) for text in texts] if any(texts) else texts
        for texts in columns
    ]
    return b"".join(map(_line, zip(*taken, strict=True)))


def _line(cells: Sequence[str]) -> bytes:
    return json.dumps(cells).encode() + b"\n"
