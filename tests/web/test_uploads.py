"""What is too much, or named to do harm, at the door (checklist items 1 to 4, 9 to 11, 16 to
19).
"""

import csv
import hashlib
import io
import re
import tempfile
import tracemalloc
from pathlib import Path

import psycopg
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.harness.imports import table
from tests.harness.web import Page
from tests.web.test_pages import bring, check
from webapp import folding
from webapp.app import create_app
from webapp.limits import MEBIBYTE, PASTED_BYTES
from webapp.models import Contact, ContactImport, ImportFileChunk
from webapp.web import receiving

# Werkzeug leaves the closing of a refused body's temporary file to Python.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning"
)
LIMIT_MB = 2
PEOPLE = b"Email,Name\nann@example.com,Ann Ash\n"


@pytest.fixture
def app(settings, tmp_path, monkeypatch):
    """An app with a small limit, whose temporary files lie where a test can count them."""
    (tmp_path / "uploads").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "uploads"))
    small = settings.model_copy(update={"max_upload_mb": LIMIT_MB, "uploads_per_minute": 12})
    made = create_app(small)
    yield made
    from webapp.web.extensions import db  # noqa: PLC0415

    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def nothing_stays(session, tmp_path):
    """After the test, neither the database nor the disk has anything of an upload."""
    yield
    assert session.query(ContactImport).count() == session.query(ImportFileChunk).count() == 0
    assert list((tmp_path / "uploads").iterdir()) == []


def post_file(
    browser, data: bytes, status: int, name: str = "people.csv", content_type: str = "text/csv"
):
    sent = {"file": (io.BytesIO(data), name, content_type)}
    return browser.post("/imports/new", sent, at="/imports/new", status=status)


@pytest.mark.usefixtures("nothing_stays")
def test_a_file_past_the_limit(owner):
    for size in (LIMIT_MB * MEBIBYTE + 1, LIMIT_MB * MEBIBYTE + 2 * MEBIBYTE):
        page = post_file(owner, PEOPLE + b"x" * (size - len(PEOPLE)), 413)
        assert "Split it" in page.text
        assert "<main" in page.text


class Sending(io.RawIOBase):
    """A multipart body as it comes in, `look` being called once half of a MiB more than one is
    there.
    """

    def __init__(self, owner, size: int | None, look=lambda: None) -> None:
        super().__init__()
        token = Page(owner.client.get("/imports/new").text).tokens[0]
        field = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        file = '--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\nEmail\r\n'
        self.rest, self.size, self.look = (field + file).encode(), size, look
        self.given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.given > 1.5 * MEBIBYTE:
            self.look, look = lambda: None, self.look
            look()
        if not self.rest and self.size is not None and self.given >= self.size:
            self.rest, self.size = b"\r\n--x--\r\n", float("inf")
        part = (self.rest or b"a@example.com\r\n" * 4000)[: len(buffer)]
        if self.size == float("inf") and not self.rest:
            return 0
        self.rest = self.rest[len(part) :]
        buffer[: len(part)] = part
        self.given += len(part)
        return len(part)


def send(owner, body: io.RawIOBase):
    """Send a body without a Content-Length; the status and the page."""
    environ = EnvironBuilder(path="/imports/new", method="POST").get_environ() | {
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "HTTP_COOKIE": f"rowcall={owner.client.get_cookie('rowcall').value}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
    }
    environ.pop("CONTENT_LENGTH", None)
    page, status, _ = run_wsgi_app(owner.client.application, environ, buffered=True)
    return int(status[:3]), b"".join(page).decode()


@pytest.mark.usefixtures("nothing_stays")
def test_a_body_that_does_not_end(owner):
    body = Sending(owner, None)
    tracemalloc.start()
    status, page = send(owner, body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, "Split it" in page) == (413, True)
    assert LIMIT_MB * MEBIBYTE < body.given <= (LIMIT_MB + 2) * MEBIBYTE
    assert peak < 20 * MEBIBYTE


def test_the_bytes_are_stored_while_they_come_in(owner, session, conn, tmp_path):
    """Uploads that break off leave nothing and take no place from those after them."""
    size = "SELECT pg_total_relation_size('contact_import_files') AS bytes"
    seen = []

    def look() -> None:
        seen.append(
            (conn.execute(size).fetchone()["bytes"], list((tmp_path / "uploads").iterdir()))
        )
        conn.rollback()

    def break_off() -> None:
        raise OSError("the sender is gone")

    for _ in range(receiving.RECEIVED_AT_ONCE + 1):
        assert send(owner, Sending(owner, 2 * MEBIBYTE, break_off))[0] >= 400
        assert session.query(ImportFileChunk).count() == 0
    before = conn.execute(size).fetchone()["bytes"]
    conn.rollback()
    status, _ = send(owner, Sending(owner, int(1.8 * MEBIBYTE), look))
    assert status == 302
    ((stored, temporary),) = seen
    assert temporary == []
    assert stored >= before + MEBIBYTE // 2
    kept = session.query(ContactImport).one()
    chunks = [
        chunk.content
        for chunk in session.query(ImportFileChunk).order_by(ImportFileChunk.position)
    ]
    assert kept.size_bytes == sum(map(len, chunks)) > 1.7 * MEBIBYTE
    assert kept.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()


KINDS = [
    (b"MZ\x90\0" + b"\0" * 60, "people.csv", "This is a program"),
    (b"<!DOCTYPE html><table><tr><td>Email", "people.csv", "This is a web page"),
    (b"%PDF-1.7\n", "people.xlsx", "This is a PDF"),
    (PEOPLE, "people.json", "This is a JSON file"),
    (PEOPLE, "people.numbers", "This is a Numbers file"),
    (PEOPLE, "people.csv.exe", "We cannot read .exe files"),
    (PEOPLE, "people", "Save the table as .csv"),
]


@pytest.mark.usefixtures("nothing_stays")
def test_what_it_is_counts_and_not_what_it_says(owner):
    for data, name, words in KINDS:
        assert words in post_file(owner, data, 422, name, "text/csv").text, name


HOSTILE = {
    "../../etc/passwd.csv": "passwd.csv",
    "..\\..\\boot.csv": "boot.csv",
    "a\0b.csv": "ab.csv",
    "CON.csv": "CON.csv",
    "n" * 300 + ".csv": "nnn",
    "gpj.\u202evsc.csv": "gpj.",
    "<img src=x>.csv": "&lt;img src=x&gt;.csv",
    "{{7*7}}.csv": "{{7*7}}.csv",
    "=HYPERLINK(1).csv": "=HYPERLINK(1).csv",
}


def test_a_hostile_name_is_only_shown(owner, session, tmp_path):
    for name, shown in HOSTILE.items():
        import_id = post_named(owner, name).location.split("/")[2]
        page = owner.get(f"/imports/{import_id}/columns").text
        assert shown in page, name
        assert "<img src=x" not in page
        kept = session.get_one(ContactImport, import_id).filename
        assert not set(kept) & set("\0\r\n/\\\u202e")
        assert len(kept) <= 200
        assert kept.endswith(".csv")
    assert list((tmp_path / "uploads").iterdir()) == []
    owner.get("/imports")


def post_named(browser, name: str):
    """Upload a file under a name as it stands on the wire, which the test client would tidy up."""
    token = Page(browser.client.get("/imports/new").text).tokens[0]
    body = (
        f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{PEOPLE.decode()}\r\n--x--\r\n'
    )
    answer = browser.client.post(
        "/imports/new", data=body.encode(), content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 302, (name, answer.text)
    return answer


def test_one_upload_too_many_is_told_so(owner):
    for _ in range(12):
        post_file(owner, PEOPLE, 302)
    late = post_file(owner, PEOPLE, 429)
    assert "Wait a minute" in late.text
    assert ">Try again</a>" in late.text
    assert late.headers["Retry-After"]


def test_forms_are_bounded(owner):
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="p%d"\r\n\r\n1\r\n' % n
        for n in range(1001)
    ]
    long = (
        b'--x\r\nContent-Disposition: form-data; name="p"\r\n\r\n'
        + b"x" * (PASTED_BYTES + 1)
        + b"\r\n"
    )
    for body in (b"".join(parts) + b"--x--\r\n", long + b"--x--\r\n"):
        answer = owner.client.post(
            "/imports/new", data=body, content_type="multipart/form-data; boundary=x"
        )
        assert answer.status_code == 413
    body = "csrf_token=" + "x" * 600_000
    for path in ("/imports/new", "/imports/sample", "/sign-out"):
        answer = owner.client.post(
            path, data=body, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 413, path


@pytest.mark.usefixtures("nothing_stays")
def test_a_long_field_beside_a_file(owner):
    late = owner.client.post(
        "/imports/new",
        data={"file": (io.BytesIO(PEOPLE), "a.csv"), "p": "x" * (PASTED_BYTES + 1)},
    )
    assert (late.status_code, "<main" in late.text) == (413, True)


def test_the_longest_labels_fit(owner, session):
    """256 columns, each kept as a custom field with a name of 100 characters that take 12
    bytes each in a form.
    """
    labels = [f"{n:03}" + "\N{WINKING FACE}" * 97 for n in range(255)]
    import_id = bring(
        owner, ",".join(["Email", *labels]).encode() + b"\n" + b"x," * 255 + b"x\n"
    )
    page = Page(owner.get(f"/imports/{import_id}/columns").text)
    assert sum(field.get("name", "").startswith("column-") for field in page.fields) == 256
    chosen = {f"column-{n}": f"custom:{label}" for n, label in enumerate(labels, 1)} | {
        "column-0": "email"
    }
    owner.post(f"/imports/{import_id}/columns", chosen)
    session.expire_all()
    assert session.get_one(ContactImport, import_id).mapping == [
        "email",
        *[f"custom:{label}" for label in labels],
    ]


SQL = "x'); DROP TABLE contacts; --"
MARKUP = "<img src=x onerror=alert(1)>"


def test_markup_in_a_file_stays_text(owner, importer):
    import_id = bring(owner, f'Email,Name,"{MARKUP}"\n"{MARKUP}",Ann,"{MARKUP}"\n'.encode())
    for path in ("columns", "problems", "review", "reading?delimiter=,"):
        if path == "problems":
            check(owner, importer, import_id)
        page = owner.get(f"/imports/{import_id}/{path}").text
        assert MARKUP not in page, path
    refused = owner.post(
        f"/imports/{import_id}/columns", {"column-0": MARKUP}, status=422
    ).text
    assert MARKUP not in refused


def test_sql_in_a_file_is_a_label_and_a_value(owner, importer, session):
    import_id = bring(
        owner, f'Email,"{SQL}"\nann@example.com,"{SQL}"\n'.encode(), f"{SQL}.csv"
    )
    check(owner, importer, import_id)
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "update"})
    importer.work(import_id)
    session.expire_all()
    assert session.query(Contact).one().custom == {SQL: SQL}
    assert session.get_one(ContactImport, import_id).filename == f"{SQL}.csv"


@pytest.fixture
def statements(servers, database_url):
    """Call it for what the server's log has since: the text of every statement, and that of
    all parameters.
    """
    name = database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(servers["ADMINISTRATOR_URL"], autocommit=True) as conn:
        folder = Path(conn.execute("SHOW data_directory").fetchone()[0]).parent
        # Of connections from now on, with the parameters that Rowcall keeps out of the log.
        for setting in (
            "log_statement = 'all'",
            "log_error_verbosity = 'default'",
            "log_parameter_max_length = -1",
        ):
            conn.execute(f"ALTER DATABASE {name} SET {setting}")
    log = folder / "postgres.log"
    begin = log.stat().st_size

    def since() -> tuple[str, str]:
        text = log.read_bytes()[begin:].decode()
        entries = re.split(
            r"^(?=\S)", text, flags=re.MULTILINE
        )  # Further lines of an entry are indented.
        parameters = [
            entry
            for entry in entries
            if re.search(r"DETAIL: +parameters:", entry[:100], re.IGNORECASE)
        ]
        return "".join(entry for entry in entries if entry not in set(parameters)), "".join(
            parameters
        )

    return since


def test_what_a_file_holds_is_never_part_of_a_statement(statements, owner, importer, session):
    """Headers, cells, the file's name, a mapping's, a correction and searches reach the
    database as parameters.
    """
    marks = [f"x{n}'); DROP TABLE contacts; --" for n in range(6)]
    header, cell, filename, saved, corrected, sought = marks
    data = f'Email,Name,"{header}"\nann@example.com,"{cell}","{cell}"\nnobody,"{cell}",\n'.encode()
    import_id = bring(owner, data, f"{filename}.csv")
    chosen = {
        "column-0": "email",
        "column-1": "full_name",
        "column-2": f"custom:{header}",
        "save_as": saved,
    }
    owner.post(f"/imports/{import_id}/columns", chosen)
    importer.work(import_id)
    owner.post(
        f"/imports/{import_id}/problems/3", {"cell-0": "ben@example.com", "cell-1": corrected}
    )
    importer.work(import_id)
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "merge"})
    importer.work(import_id)
    for path in ("/imports", f"/imports/{import_id}/rows", "/contacts"):
        owner.get(f"{path}?q={sought}")
    owner.get(f"/imports/{import_id}/report.csv")
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    session.expire_all()
    assert session.get_one(ContactImport, import_id).state == "rolled_back"
    said, parameters = statements()
    assert said.count("contact_import_rows") > 5
    for mark in marks:
        name = mark.partition("'")[0]
        searched = folding.pattern(f"{name}'").replace("'", "''")  # a search takes either case
        written = (f"{name}''); DROP", f"{name}'); DROP", searched)
        assert any(form in parameters for form in written), mark
        assert f"{name}'" not in said, mark


ROUND = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben at example.com,=1+1,,+49,a|b,",
    '3,cid@example,"@SUM(A1)",,-5,,"two\nlines"',
    "4,dan@example.com,Dan,,,,",
)


def test_rejected_rows_are_corrected_and_uploaded_again(owner, importer, session):
    """The list is recognised, its reasons are no columns, and the quotes before formulas come
    off.
    """
    first = bring(owner, ROUND.encode())
    check(owner, importer, first)
    owner.post(f"/imports/{first}/execute", {"duplicate_strategy": "skip"})
    importer.work(first)
    rejected = owner.get(f"/imports/{first}/rejected.csv").data
    lines = list(csv.reader(io.StringIO(rejected.decode("utf-8-sig"), newline="")))
    assert [line[0] for line in lines] == ["Rowcall row", "3", "4"]
    assert lines[0][2:] == ROUND.splitlines()[0].split(",")
    assert "Write the e-mail with an @" in lines[1][1]
    assert (lines[1][4], lines[2][4], lines[2][6], lines[2][8]) == (
        "'=1+1",
        "'@SUM(A1)",
        "'-5",
        "two\nlines",
    )
    corrected = rejected.replace(b"ben at ex", b"ben@ex").replace(
        b"cid@example,", b"cid@example.com,"
    )
    second = bring(owner, corrected, "rejected.csv")
    kept = session.get_one(ContactImport, second)
    assert kept.suggested_mapping[:3] == [None, None, "external_id"]
    check(owner, importer, second)
    owner.post(f"/imports/{second}/execute", {"duplicate_strategy": "skip"})
    importer.work(second)
    session.expire_all()
    assert (kept.created, kept.total) == (2, 2)
    people = {found.external_id: found for found in session.query(Contact)}
    assert (people["2"].first_name, people["2"].company, people["2"].tags) == (
        "=1+1",
        "+49",
        ["a", "b"],
    )
    assert (people["3"].first_name, people["3"].company, people["3"].custom["Shoe size"]) == (
        "@SUM(A1)", "-5", "two\nlines",
    )  # fmt: skip
    assert not any("Rowcall" in key for found in people.values() for key in found.custom)
