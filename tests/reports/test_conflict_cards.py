"""A row in conflict beside its candidates: what is the same, which keys stay, what a choice
means.
"""

import pytest

from webapp.models import Contact, ImportRow
from webapp.reports import conflicts
from webapp.reports.conflicts import Candidate, Card
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.keys import KEY_FIELDS


def person(kind, **values):
    """A contact or a staged row of these values, with their keys."""
    keys = {KEY_FIELDS[name]: values[name] for name in KEY_FIELDS if values.get(name)}
    return kind(**{**keys, **values})


ROW = person(
    ImportRow,
    row=12,
    external_id="42",
    email="ann@example.com",
    first_name="Ann",
    last_name="Ash",
    company="Acme  GmbH",
    further_emails=[{"value": "Ann@Home.example", "key": "ann@home.example", "label": None}],
)
BEN = Candidate(
    3, None, ("external_id",), person(Contact, id=3, external_id="42", first_name="Ben")
)
ANN = Candidate(
    9,
    None,
    ("email",),
    person(
        Contact,
        id=9,
        email="a.ash@example.com",
        first_name="ann",
        last_name="Ash",
        company="acme gmbh",
        further_emails=[
            {"value": "ann@example.com", "key": "ann@example.com", "label": None},
            {"value": "ann@home.example", "key": "ann@home.example", "label": "home"},
        ],
    ),
)


def card(row=ROW, candidates=(BEN, ANN), choice=None, code="two_contacts") -> Card:
    taken = tuple(conflicts.taken(row, candidates))
    return Card(
        row=12,
        code=code,
        kind="two_contacts:email,external_id",
        who=row.called,
        choice=choice,
        is_settled=choice is not None,
        candidates=candidates,
        lines=tuple(conflicts.compared(row, candidates)),
        taken=taken,
        can_be_new=conflicts.names_a_person(row, taken),
    )


def test_of_several_addresses_one_is_enough_and_case_and_blanks_are_no_matter():
    told = {line.field: [cell.same for cell in line.cells] for line in card().lines}
    assert told == {
        "external_id": [True, None],
        "email": [None, True],
        "name": [False, True],
        "company": [None, True],
    }
    texts = {line.field: line.text for line in card().lines}
    assert texts["email"] == "ann@example.com, Ann@Home.example"
    assert texts["name"] == "Ann Ash"


def test_an_id_is_the_same_only_to_the_letter():
    other = Candidate(4, None, ("email",), person(Contact, id=4, external_id="k-1"))
    lines = conflicts.compared(person(ImportRow, row=2, external_id="K-1"), [other])
    assert [cell.same for line in lines for cell in line.cells] == [False]


def test_the_keys_of_others_stay_with_them():
    def left(chosen):
        return [(one.key, one.text, one.holder.contact_id) for one in card().left(chosen)]

    of_ann = [("email", "ann@example.com", 9), ("email", "Ann@Home.example", 9)]
    assert left(BEN) == of_ann
    assert left(ANN) == [("external_id", "42", 3)]
    assert left(None) == [("external_id", "42", 3), *of_ann]


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (None, 0),
        (Choice(Chosen.LEAVE_OUT), 0),
        (Choice(Chosen.NEW), 3),
        (Choice(Chosen.CONTACT, contact_id=9), 1),
        (Choice(Chosen.OWNER_OF, by="external_id"), 2),
    ],
)
def test_a_settled_row_says_what_stays(choice, kept):
    assert len(card(choice=choice).kept) == kept


@pytest.mark.parametrize(
    ("choice", "seen"),
    [
        (None, ""),
        (Choice(Chosen.LEAVE_OUT), "leave_out"),
        (Choice(Chosen.NEW), "new"),
        (Choice(Chosen.CONTACT, contact_id=9), "contact:9:"),
        (Choice(Chosen.OWNER_OF, by="email"), "owner_of:email"),
    ],
)
def test_what_was_seen_goes_through_the_form_and_back(app, choice, seen):
    from webapp.web.forms import queries, sent  # noqa: PLC0415 - the web's side of it

    assert card(choice=choice).seen == seen
    with app.test_request_context():
        assert sent.seen(queries.ChoiceForm(seen=seen)) == choice


def test_a_choice_of_what_is_no_candidate_any_more_names_none():
    assert card(choice=Choice(Chosen.CONTACT, contact_id=9)).chosen is ANN
    assert card(choice=Choice(Chosen.CONTACT, contact_id=77)).chosen is None


def test_a_rule_for_all_is_a_key_that_one_candidate_has():
    both = Candidate(4, None, ("email", "phone"), ANN.person)
    shared = Candidate(5, None, ("phone",), BEN.person)
    found = card(candidates=(both, shared))
    assert [found.rule_of(one) for one in found.candidates] == ["email", None]


def test_a_row_that_has_nothing_of_its_own_makes_no_contact():
    bare = {"row": 12, "external_id": "42", "email": "ann@example.com"}
    assert not card(person(ImportRow, **bare)).can_be_new
    assert card(person(ImportRow, **bare, last_name="Ash")).can_be_new
    assert card(person(ImportRow, **bare, phone="+491")).can_be_new
    assert card(person(ImportRow, **{**bare, "external_id": "43"})).can_be_new


def test_a_contact_from_an_earlier_row_and_one_that_is_gone_have_a_name_for_it():
    gone = Candidate(9, None, ("email",), None)
    assert (gone.is_gone, gone.name, gone.email) == (True, None, None)
    assert not list(conflicts.taken(ROW, [gone]))
