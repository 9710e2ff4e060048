"""Backups: one file in PostgreSQL's custom format that holds the whole database.

A backup is written beside its place, read to its end, and only then put there, so that a file of
that name is at every moment a whole backup: the earlier one or the new one.
"""

import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.admin import AdminError, postgres

# Without these a file is a dump of some other database, or of one without tables.
WANTED = ("alembic_version", "users", "contacts", "contact_imports")
TABLE = re.compile(r" TABLE DATA (\S+) (\S+) ")  # a line of the list of contents
MEGABYTE = 1_000_000


def write(url: str, file: Path) -> str:
    """Back up the database at `url` into `file`, readable by its owner only; what was done.

    Raises AdminError, and leaves an earlier file of that name as it is.
    """
    folder = file.parent
    if not folder.is_dir():
        raise AdminError(f"There is no folder {folder}. Make it first. Nothing was written.")

    with postgres.connect(url) as conn:
        program = postgres.dump_program(postgres.major(conn))

    beside = _private_file(file)

    try:
        _dump(program, url, beside, file)
        check(beside)
        _to_disk(beside)
        beside.replace(file)
        _to_disk(folder)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)

    return f"Kept in {file} ({file.stat().st_size / MEGABYTE:.1f} MB, readable by its owner only)."


@dataclass(frozen=True)
class Archive:
    """A whole backup: the pg_restore that reads it, and the schema that its tables are in."""

    file: Path
    program: Path
    schema: str


def check(file: Path) -> Archive:
    """Read a backup to its end. Raises AdminError for a broken one.

    Its list of contents stands at its beginning, so a file that broke off still has a good one.
    """
    if not file.is_file():
        raise AdminError(f"There is no file {file}.")

    problems = []

    for program in postgres.restore_programs():
        try:
            contents = postgres.run(program, "--list", str(file))
            postgres.run(program, "--file", os.devnull, str(file))
        except AdminError as problem:
            problems.append(str(problem))
            continue

        tables = {name: schema for schema, name in TABLE.findall(contents)}
        missing = [name for name in WANTED if name not in tables]
        if missing:
            raise AdminError(f"{file} is no backup of Rowcall: it has no table {missing[0]}.")

        return Archive(file, program, tables[WANTED[0]])

    raise AdminError(f"{file} is not a whole backup ({problems[0]}).")


def _private_file(file: Path) -> Path:
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{file.name[:100]}.", dir=file.parent)
    except OSError as problem:
        raise AdminError(f"{file.parent} cannot be written to ({problem.strerror}).") from None

    os.close(handle)
    return Path(beside)


def _dump(program: Path, url: str, beside: Path, file: Path) -> None:
    try:
        postgres.run(program, "--format", "custom", "--file", str(beside), url=url)
    except AdminError as problem:
        said = f"The backup broke off ({problem})."
        raise AdminError(f"{said} {file} is as it was." if file.exists() else said) from None


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
