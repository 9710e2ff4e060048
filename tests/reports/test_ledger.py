"""What the ledger says of a row: every fact is filled in, and contacts go by their names."""

import re

import pytest
from sqlalchemy import text

from tests.web.test_pages import run
from webapp.models import Contact
from webapp.reports import exports, ledger
from webapp.vocabulary import messages
from webapp.vocabulary.outcomes import Outcome

BOOK = b"ID,Email,First name,Last name,Birthday,Notes\n1,ann@example.com,Ann,Ash,,\n2,ben@example.com,,,,\n"
TROUBLE = f"""ID,Email,First name,Last name,Birthday,Notes
1,ben@example.com,,,,
,nobody,,,,
,a@b@c,,,,
,cid@example.com,Cid,,03/04/1990,
,dan@example.com,Dan,,someday,
,,,,,hello
,eve@example.com,{"x" * 300},,,
,fay@example.com,Fay,,,,further
,gil@example.com,Gil,,,
,gil@example.com,,Gray,,
3,ann@example.com,,,,
,"ivy@example.com,Ivy,,,
""".encode()
CODES = {
    *(
        "two_contacts",
        "email_no_at",
        "email_invalid",
        "date_ambiguous",
        "no_identity",
        "too_long",
        "joins_row",
    ),
    *("date_unreadable", "stronger_key_differs", "unclosed_quote", "too_many_cells"),
}
OF_ROWS = [
    code
    for code in messages.MESSAGES
    if code in CODES or re.match("undecod|damaged|cell_|row_|form", code)
]


def is_whole(words: str) -> None:
    assert not re.search(r"…|[{}]|\bNone\b|each date|  ", words), words


def test_every_fact_is_filled_in(owner, importer, session):
    run(owner, importer, BOOK)
    import_id = run(owner, importer, TROUBLE, "update")
    page = owner.get(f"/imports/{import_id}/rows").text
    shown = re.findall(r'<li id="row-\d+".*?</li>', page, re.DOTALL)
    reasons = [" ".join(re.sub("<[^>]*>", " ", one).split()) for one in shown]
    assert len(reasons) == 12
    rows = ledger.rows(session, import_id)
    assert {row.code for row in rows} & CODES >= CODES
    for words in (*reasons, *[row.sentence or "" for row in rows]):
        is_whole(words)
    assert "Say whether the day or the month comes first in 03/04/1990." in page
    assert "Shorten the first name to at most 200 characters." in page
    for chunk in (
        *exports.report_csv(session, import_id),
        *exports.rejected_csv(session, import_id),
    ):
        is_whole(chunk.decode("utf-8-sig"))
    for code in CODES:
        narrowed = owner.get(f"/imports/{import_id}/rows?code={code}").text.partition("<main")[
            2
        ]
        is_whole(" ".join(narrowed.split()))


@pytest.mark.parametrize("code", OF_ROWS)
def test_every_code_of_a_row_is_a_whole_sentence(code):
    problem = {
        "code": code,
        "column": 3,
        "field": "birthday",
        "value": "03/04/1990",
        "severity": "error",
    }
    is_whole(ledger.Row(7, Outcome.INVALID, None, code, None, [], problems=[problem]).sentence)


def test_a_warning_takes_no_reason_away():
    """A row that failed, and of which the check had found something to look at, still says why
    it failed.
    """
    warning = {
        "code": "phone_unreadable",
        "column": 1,
        "field": "phone",
        "value": "x",
        "severity": "warning",
    }
    said = ledger.Row(
        7, Outcome.CONFLICT, None, "two_contacts", None, [], problems=[warning]
    ).sentence
    assert said == messages.instruction("two_contacts")


def test_contacts_go_by_name_or_address(owner, importer, session):
    first = run(owner, importer, BOOK)
    page = owner.get(f"/imports/{first}/rows").text
    ann, ben = session.query(Contact).order_by(Contact.id)
    assert f'href="/contacts/{ann.id}">Open Ann Ash</a>' in page
    assert f'href="/contacts/{ben.id}">Open ben@example.com</a>' in page
    second = run(owner, importer, TROUBLE)
    listed = owner.get(f"/imports/{second}/rows?outcome=conflict").text
    assert (
        f'<a href="/contacts/{ann.id}">Ann Ash</a>, <a href="/contacts/{ben.id}">ben@example.com</a>'
        in " ".join(listed.split())
    )
    ann.first_name = ann.last_name = ann.email = ann.email_key = None
    session.commit()
    assert _link_to(ann, owner.get(f"/imports/{first}/rows").text) == "Open 1", "her ID"
    ann.external_id = None
    session.commit()
    assert _link_to(ann, owner.get(f"/imports/{first}/rows").text) == "Open Ann Ash"
    session.execute(text("DELETE FROM contact_import_rows"))
    session.commit()
    assert _link_to(ann, owner.get(f"/imports/{first}/rows").text) == f"Open contact {ann.id}"


def _link_to(contact: Contact, page: str) -> str:
    return re.search(rf'href="/contacts/{contact.id}">(.*?)</a>', page)[1]
