"""What counts as a trace of a person in a file: a whole file is deleted for it, so it must be
theirs and no chance.
"""

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from tests.harness.imports import table
from webapp.models import Contact
from webapp.retention import erasure, person_search
from webapp.retention.person_search import Sought

OTHERS = [
    "joann@example.com",
    "jo.ann@example.com",
    "jo-ann@example.com",
    "ann@example.com.au",
]


def known_by(key: str) -> Sought:
    return Sought.of(mails=[], ids=[], phones=[key])


BERLIN, BOSTON, BUDAPEST, SHORT = "+49301234567", "+16175550199", "+3612345678", "+491234"
THEIRS = [
    (BERLIN, "+49 30 1234567"),
    (BERLIN, "0049 (0)30 / 1234567"),
    (BERLIN, "030\u00a0123-45 67"),
    (BERLIN, "(030) 1234567"),
    (BERLIN, "493 012 345 67"),
    (BERLIN, "301234567"),
    (BERLIN, "ask 030 1234567 in the evening"),
    (BERLIN, "030 7654321, 030 1234567"),
    (BERLIN, "030 7654321 030 1234567"),
    (BERLIN, "030 1234567-12"),
    ("+49301234567;ext=12", "030 1234567"),
    (BOSTON, "(617) 555-0199"),
    (BOSTON, "1-617-555-0199"),
    (BOSTON, "011 1 617 555 0199"),
    (BUDAPEST, "06 1 234 5678"),
    ("+493012345678", "1234 5678"),
    (SHORT, "1234"),
    (SHORT, " +49 1234 "),
    (SHORT, "01234"),
]
NOT_THEIRS = [
    (BERLIN, ["4930", "1234567"]),
    (BERLIN, ["030", "1234567"]),
    (BERLIN, ["9301234567"]),
    (BERLIN, ["12345301234567"]),
    (BERLIN, ["99 301234567"]),
    (BERLIN, ["3012345678"]),
    (BERLIN, ["301234567.5"]),
    (BERLIN, ["301.234.567,50"]),
    (BERLIN, ["040 1234567"]),
    (BERLIN, ["+41 30 1234567"]),
    ("+493012345678", ["order 12345678"]),
    (SHORT, ["4930", "12", "34"]),
    (SHORT, ["no 1234"]),
    (SHORT, ["991234"]),
    (SHORT, ["1234.00"]),
    (SHORT, ["12345"]),
]


@pytest.mark.parametrize(("key", "cell"), THEIRS)
def test_a_number_is_found_however_it_is_written(key, cell):
    assert known_by(key).is_in(["7", cell, "1"])
    assert known_by(key).is_in(["7", f"{cell}\0", "1"])


@pytest.mark.parametrize(("key", "cells"), NOT_THEIRS)
def test_digits_that_only_look_like_it_are_left(key, cells):
    assert not known_by(key).is_in([*cells, "1"])
    assert not known_by(key).is_in(["1", *cells])


def test_a_file_of_numbers_outlives_the_erasure_of_somebody_with_a_short_phone(
    importer, session
):
    importer.run(
        "ID,Email,Phone\n1,zebedee@example.com,+49 30 1234567\n2,ben@example.com,+43 1110\n"
    )
    readings = importer.upload(
        "Meter,Before,After\n4930,1234567,30\n43,11,10\n11,10,991110\n"
    ).id
    for whom in session.scalars(select(Contact)).all():
        assert whom.phone_key
        assert readings not in {found.id for found in erasure.erase(session, whom.id).imports}
    session.commit()
    assert importer.check(table("7,eve@example.com,Eve,,,,")).state == "ready"


def by_mail() -> Sought:
    return Sought.of(mails=["Ann@example.com"], ids=[], phones=[])


AROUND = ["{}", "<{}>", "mailto:{}.", "a;{},b", "連絡先{}"]


@pytest.mark.parametrize("cell", [around.format("ANN@Example.com") for around in AROUND])
def test_an_address_is_found_within_other_text(cell):
    assert by_mail().is_in(["7", cell])


@pytest.mark.parametrize("address", OTHERS)
def test_an_address_within_another_is_somebody_elses(address):
    assert not by_mail().is_in(["7", address])


def test_somebody_whose_address_ends_like_theirs_stays(importer, session):
    others = importer.run(
        table(*(f"{n},{mail},Other,,,," for n, mail in enumerate(OTHERS, 10)))
    )
    unchecked = importer.upload(
        table(*(f"{n},{mail},Other,,,," for n, mail in enumerate(OTHERS, 20)))
    )
    named = importer.run(table('30,bob@example.com,Bob,,"Bob, see ann@example.com",,'))
    importer.run(table("1,ann@example.com,Ann,,,,"))
    ann = session.scalars(select(Contact).where(Contact.external_id == "1")).one()
    assert {other.import_id for other in erasure.traces(session, ann.id).others} == {named.id}
    erasure.erase(session, ann.id)
    session.commit()
    session.expire_all()
    assert not others.file_gone
    assert not unchecked.file_gone
    assert session.query(Contact).count() == len(OTHERS) + 1


@pytest.mark.parametrize(
    ("target", "whole"), [("first_name", True), ("email_label", False), (None, False)]
)
def test_of_a_column_of_labels_not_every_cell_is_kept(target, whole):
    """A label of one's own, such as a name, is kept as `other`: the file is read for it."""
    run = SimpleNamespace(
        header_row=1, head={}, columns=["A", "B"], mapping=["email", target], state="completed"
    )
    assert person_search._rows_say_all(run) is whole
