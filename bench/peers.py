"""What a person would use instead, on the same file, in the same database, into a table with
the same indexes.

Each is measured as its whole run but for the program's start. `make bench-peers` installs
them; one that is not there is left out.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg

from bench.files import contacts
from bench.house import ROOT, House

PYTHON = ROOT / ".venv-peers" / "bin" / "python"
# Rows that each is given: the slow ones take as long over a few thousand as the others over the
# whole file.
SLOW_ROWS = 1000
PEERS = {
    "django-import-export, default": ("django_import_export", SLOW_ROWS, ["default"]),
    "django-import-export, bulk": ("django_import_export", SLOW_ROWS, ["bulk"]),
    "SQLAlchemy ORM, a commit every 100": ("sqlalchemy_orm", SLOW_ROWS, []),
}
LOADERS = {
    "pgloader, 100 rows a batch": (20_000, "batch rows = 100,"),
    "pgloader, default": (None, ""),
}
FIELDS = {
    "external_id": "Customer ID", "email": "Email", "first_name": "First Name", "last_name": "Last Name",
    "phone": "Phone", "company": "Company", "job_title": "Job Title", "street": "Street", "city": "City",
    "postal_code": "Postal Code", "country": "Country",
}  # fmt: skip


def measure(house: House, folder: Path, rows: int) -> dict[str, tuple[int, float]]:
    """Of each peer that is installed: rows and seconds."""
    found = {}
    if PYTHON.exists():
        for name, (program, most, arguments) in PEERS.items():
            count = min(rows, most)
            table(house.conn)
            found[name] = (
                count,
                _python(house, program, [str(contacts(folder, rows)), str(count), *arguments]),
            )
    if shutil.which("pgloader"):
        for name, (most, setting) in LOADERS.items():
            count = min(rows, most or rows)
            found[name] = (count, _pgloader(house, contacts(folder, count), count, setting))
    house.conn.execute("DROP TABLE IF EXISTS peer")
    return found


def loaded(house: House, file: Path, rows: int) -> float | None:
    """Seconds that pgloader takes by its default for the file; None where it is not installed."""
    if not shutil.which("pgloader"):
        return None
    seconds = _pgloader(house, file, rows, "")
    house.conn.execute("DROP TABLE peer")
    return seconds


def read_workbook(file: Path) -> float | None:
    """Seconds that openpyxl takes to read all cells of the first sheet, row by row; None where it
    is not installed.
    """
    if not PYTHON.exists():
        return None
    program = ROOT / "bench" / "peer_programs" / "openpyxl_reading.py"
    ended = subprocess.run(
        [str(PYTHON), str(program), str(file)], check=True, capture_output=True, text=True
    )
    return float(ended.stdout)


def table(conn: psycopg.Connection[dict[str, object]], unique: str = "UNIQUE") -> None:
    """An empty table with the columns and indexes of `contacts`."""
    conn.execute(
        f"""DROP TABLE IF EXISTS peer;
            CREATE TABLE peer (LIKE contacts INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING STORAGE, PRIMARY KEY (id))
              WITH ({_storage(conn)});
            CREATE {unique} INDEX ON peer (email_key) WHERE email_key IS NOT NULL;
            CREATE {unique} INDEX ON peer (external_id) WHERE external_id IS NOT NULL;
            CREATE INDEX ON peer (phone_key) WHERE phone_key IS NOT NULL;
            CREATE INDEX ON peer (imported_from) WHERE imported_from IS NOT NULL"""
    )


def _storage(conn: psycopg.Connection[dict[str, object]]) -> str:
    """The storage options of `contacts`."""
    found = conn.execute(
        "SELECT reloptions FROM pg_class WHERE oid = 'contacts'::regclass"
    ).fetchone()
    return ", ".join(found["reloptions"] or ["fillfactor = 100"])


def _python(house: House, program: str, arguments: list[str]) -> float:
    command = [
        str(PYTHON),
        str(ROOT / "bench" / "peer_programs" / f"{program}.py"),
        *arguments,
    ]
    environment = {**os.environ, "DATABASE_URL": house.settings.database_url}
    ended = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    )
    return float(ended.stdout.split()[-1])


def _pgloader(house: House, file: Path, rows: int, setting: str) -> float:
    # It knows no duplicates: a unique index would only have it reject rows.
    table(house.conn, unique="")
    columns = ", ".join(FIELDS)
    script = file.with_suffix(".load")
    script.write_text(
        f"""LOAD CSV FROM '{file}' HAVING FIELDS ({columns}, tags_text, notes)
            INTO postgresql://rowcall:{house.servers.folder.password("rowcall")}@unix:{house.servers.folder.sockets}:5432/rowcall
            TARGET TABLE peer ({columns}, email_key text using (string-downcase email),
              phone_key text using (remove #\\Space phone), notes)
            WITH {setting} skip header = 1, fields terminated by ','
            SET search_path to 'public', client_encoding to 'utf8';"""
    )
    started = time.monotonic()
    subprocess.run(["pgloader", "--quiet", str(script)], check=True, capture_output=True)
    seconds = time.monotonic() - started
    loaded = house.conn.execute("SELECT count(*) AS n FROM peer").fetchone()["n"]
    assert loaded == rows, f"pgloader loaded {loaded} of {rows} rows"
    return seconds
