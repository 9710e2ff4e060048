"""The report on paper: rendered in a job, kept, bounded, deaf to what its cells ask for."""

import os
import re
import shutil
import subprocess
import sys
import zlib

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from tests.harness.web import as_read
from tests.reports import naughty
from webapp import jobs
from webapp.models import ContactImport, ImportDocument
from webapp.reports import choices, pdf, summary, wording

BURST = """
from rq.serializers import JSONSerializer
import worker
from webapp import jobs
from webapp.config import Settings

queue = jobs.queue(Settings().redis_url)
one = worker.ImportWorker(
    [queue], connection=queue.connection, serializer=JSONSerializer, work_horse_killed_handler=jobs.horse_died
)
one.sweeper = worker.Sweeper(Settings())
one.sweeper.keep_alive = lambda: None
one.work(burst=True)
"""


def insides(content: bytes) -> bytes:
    """The document with its streams unpacked, as far as they are."""
    found = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found)


@pytest.mark.usefixtures("pango")
def test_the_naughtiest_cells_on_paper(importer, session):
    with naughty.listener() as (address, calls):
        done = importer.run(naughty.table(address))
        document, page = pdf.render(session, done.id), pdf.page(session, done.id)
    assert document.startswith(b"%PDF-")
    assert "&lt;img src=" in page
    for tag in ("<img", "<script", "<link", "<object", "<style"):
        assert tag not in page
    whole = insides(document)
    assert b"/EmbeddedFile" not in whole
    assert b"/JavaScript" not in whole
    assert b"/Launch" not in whole
    assert not calls
    for tag in (
        b"/StructTreeRoot",
        b"/MarkInfo",
        b"pdfuaid:part",
        b"/Lang",
        b"/DisplayDocTitle true",
    ):
        assert tag in whole, tag


@pytest.mark.usefixtures("pango")
def test_a_report_is_as_long_as_it_may_be(importer, session):
    rows = [f"{n},nobody {n},A,B,,," for n in range(1500)]
    done = importer.run(table(*rows))
    page = pdf.page(session, done.id)
    assert page.count("<tr>") < pdf.LISTED + 20
    assert "1,500" in page
    assert done.ledger_digest in page
    assert "The first 200 of 1,500 rows" in page
    assert '<td class="n">201</td>' in page  # The first of them is row 2.
    assert '<td class="n">202</td>' not in page
    letter, a4 = (pdf.render(session, done.id, size) for size in ("Letter", "A4"))
    heads = re.findall(rb"<<[^<>]*/S /TH\b.*?>>", insides(a4), re.DOTALL)
    assert heads
    assert all(b"/Scope /Column" in head for head in heads)
    assert re.search(rb"/MediaBox \[0 0 612 792\]", insides(letter))
    assert re.search(rb"/MediaBox \[0 0 595\.2\d* 841\.\d+\]", insides(a4))


def test_who_when_and_what_was_chosen(importer, session):
    file = "ID;Email;Größe;Notes\n1;a@example.com;3;x\n2;nobody;;\n3;c@example.com;;"
    found = importer.check(file, mapping=["external_id", "email", "custom:Größe", None], default_country="DE",
                           date_order="dmy", clear_token="(none)")  # fmt: skip
    done = importer.execute(found.id, "merge", batch_size=1)
    page = as_read(" ".join(pdf.page(session, done.id).split()))
    said = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert said["Imported by"] == "someone@example.com"
    assert said["Started"] == wording.moment(done.started_at)
    assert said["Ended"].startswith(f"{wording.moment(done.completed_at)}, after ")
    assert said["People you had"] == "duplicates merged, recognised by External ID, E-mail"
    assert said["Batches"] == "3, of 1 row, 0 retried"
    chosen = {
        "File read as": "Unicode (UTF-8), semicolon between columns, column names in row 1",
        "Columns": "ID → External ID; Email → E-mail; Größe → Größe",
        "Left out": "Notes",
        "Dates like 03/04": "day first",
        "Country of phones": "DE",
        "Clears a field": "(none)",
        "Batches asked for": "1 row each",
    }
    assert {name: said.get(name) for name in chosen} == chosen
    chart = re.search(r'<svg class="chart".*?</svg>', page, re.DOTALL)[0]
    assert chart.count("<rect") == summary.BARS
    assert chart.count('height="60.0"') == 3  # three batches of a row each
    plain = importer.run(table("1,a@example.com,,,,,"), batch_size="auto")
    said = dict(choices.choices(plain))
    assert said["Batches asked for"] == "as large as runs well"
    assert "Left out" not in said


def test_a_workbook_is_called_one(importer, session):
    found = ContactImport(
        format="xlsx",
        sheet="Gäste",
        header_row=0,
        batch_size=0,
        columns=["n" * 99] * 70,
        mapping=["notes"] * 70,
        column_rules={},
        constants={},
    )
    said = dict(choices.choices(found))
    assert said["File read as"] == "Excel workbook, sheet Gäste, no column names"
    assert said["Columns"].startswith(f"{'n' * 59}… → Notes; ")
    assert said["Columns"].endswith(" and 10 columns more")


@pytest.mark.usefixtures("pango")
def test_pages_are_numbered_and_of_the_size_that_was_set(
    importer, session, owner, monkeypatch, tmp_path
):
    from tests.web.test_pages import run  # noqa: PLC0415

    monkeypatch.setenv("PAGE_SIZE", "Letter")
    rows = "".join(f"{n},nobody {n},A,B,,,\n" for n in range(60))
    import_id = run(owner, importer, table(rows.strip()).encode())
    owner.get(f"/imports/{import_id}/report.pdf", status=202)
    jobs.render_pdf(import_id)
    content = owner.get(f"/imports/{import_id}/report.pdf").data
    assert re.search(rb"/MediaBox \[0 0 612 792\]", insides(content))
    pages = int(
        re.search(rb"/Type /Pages.*?/Count (\d+)|/Count (\d+)", insides(content))[0].split()[
            -1
        ]
    )
    assert pages > 1
    style = wording.environment().get_template("pdf/report.css").render(page_size="Letter")
    assert 'content: "Page " counter(page) " of " counter(pages)' in style
    if (program := shutil.which("pdftotext")) is None:
        return  # apt-get install poppler-utils: then the pages themselves are read.
    (tmp_path / "report.pdf").write_bytes(content)
    read = subprocess.run(
        [program, "report.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    for number, page in enumerate(read.stdout.split("\f")[:pages], 1):
        assert f"Page {number} of {pages}" in page


@pytest.mark.usefixtures("pango")
def test_a_pdf_is_made_in_a_job_kept_and_made_anew_after_an_undo(
    importer, session, owner, settings
):
    from tests.web.test_pages import run  # noqa: PLC0415

    path = f"/imports/{(import_id := run(owner, importer))}/report.pdf"
    owner.get(path, status=202)
    assert session.get(ImportDocument, (import_id, "pdf")).state == "rendering"
    jobs.render_pdf(import_id)
    first = owner.get(path)
    assert first.mimetype == "application/pdf"
    assert owner.get(path).data == first.data
    owner.post(f"/imports/{import_id}/rollback", {})
    importer.work(import_id)
    owner.get(path, status=202)


@pytest.mark.usefixtures("pango")
def test_nothing_is_kept_of_what_is_forgotten_meanwhile(
    importer, session, owner, settings, monkeypatch
):
    from tests.web.test_pages import run  # noqa: PLC0415

    import_id = run(owner, importer)
    owner.get(f"/imports/{import_id}/report.pdf", status=202)
    render = pdf.render

    def rendered_slowly(*asked):
        content = render(*asked)
        session.execute(
            text("UPDATE contact_imports SET completed_at = completed_at - interval '99 days'")
        )
        session.commit()
        while jobs.forget(settings):
            pass
        return content

    monkeypatch.setattr(pdf, "render", rendered_slowly)
    jobs.render_pdf(import_id)
    session.expire_all()
    assert session.get_one(ContactImport, import_id).purged_at
    assert session.get(ImportDocument, (import_id, "pdf")) is None


def test_two_at_a_time(importer, session, owner):
    from tests.web.test_pages import run  # noqa: PLC0415

    made = [run(owner, importer) for _ in range(3)]
    assert [owner.client.get(f"/imports/{one}/report.pdf").status_code for one in made] == [
        202,
        202,
        429,
    ]
    refused = owner.client.get(f"/imports/{made[2]}/report.pdf")
    assert refused.headers["Retry-After"] == "5"
    assert owner.client.get(f"/api/imports/{made[2]}/report.pdf").status_code == 429
    session.execute(
        text("UPDATE contact_import_documents SET made_at = made_at - interval '2 minutes'")
    )
    session.commit()
    assert owner.client.get(f"/imports/{made[2]}/report.pdf").status_code == 202


@pytest.mark.usefixtures("pango")
def test_a_report_that_takes_too_long_or_too_much_leaves_the_csv(
    importer, session, owner, monkeypatch
):
    from tests.web.test_pages import run  # noqa: PLC0415

    for limit, value in (("PDF_SECONDS", "1"), ("PDF_MEMORY_MB", "150")):
        import_id = run(owner, importer)
        monkeypatch.setenv(limit, value)
        owner.get(f"/imports/{import_id}/report.pdf", status=202)
        if limit == "PDF_SECONDS":  # Held from outside, it takes longer than any limit.
            session.execute(text("LOCK TABLE contact_import_results IN ACCESS EXCLUSIVE MODE"))
        environment = {**os.environ, "PYTHONPATH": "."}
        subprocess.run([sys.executable, "-c", BURST], check=True, env=environment, timeout=100)
        session.rollback()
        monkeypatch.delenv(limit)
        kept = session.get(ImportDocument, (import_id, "pdf"), populate_existing=True)
        assert kept.state == "failed"
        assert "CSV" in owner.get(f"/imports/{import_id}/report.pdf", status=202).text
        assert b"invalid" in owner.get(f"/imports/{import_id}/report.csv").data
