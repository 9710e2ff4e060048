"""Rules of columns: which there can be, and which columns have one unasked."""

import pytest

from webapp.checking import column_rules
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.strategies import Rule

TARGETS = ["email", "full_name", "city", "tags", "custom: Shoe size ", "custom:Opt-out", None]


@pytest.mark.parametrize(
    "label",
    [
        *(
            "Unsubscribed",
            "Opt-out",
            "E-mail Opt Out",
            "HasOptedOutOfEmail",
            "DO_NOT_CALL",
            "DNC",
        ),
        *("Do Not Contact?", "No mailings", "GDPR consent", "Einwilligung", "Keine Werbung"),
        *("Désabonné", "Ne pas contacter", "Dado de baja", "Não contactar", "Non contattare"),
        *("Toestemming", "Samtycke", "Kontakt ikke", "Suostumus", "Zgoda marketingowa"),
        *(
            "Odhlášen",
            "Leiratkozott",
            "İletişim kurmayın",  # noqa: RUF001
            "Не звонить",  # noqa: RUF001
            "配信停止",
            "수신거부",
        ),
    ],
)
def test_a_column_of_consent_is_known_in_any_language(label):
    assert column_rules.is_consent(label)


@pytest.mark.parametrize(
    "label",
    [
        *("Shoe size", "Option", "Adopting family", "Baja California", "Source", "Notes 2"),
        *(
            "Subscription plan",
            "Contact person",
            "Callback",
            "Consultant",
            "Marketing channel",
        ),
    ],
)
def test_other_columns_are_none(label):
    assert not column_rules.is_consent(label)


def test_rules_are_kept_with_those_that_are_preset():
    given = {"name": "fill", "tags": "none", "address": "keep", "custom:Shoe size": "replace"}
    kept = column_rules.checked(given, TARGETS)
    assert kept == {**given, "custom:Opt-out": "keep"}
    assert column_rules.own(kept, TARGETS) == given
    assert column_rules.checked(kept, TARGETS) == kept
    assert column_rules.by_column(kept, TARGETS) == [
        *("", "fill", "", "keep", "replace", "keep", ""),
    ]


def test_no_rule_is_a_rule_where_one_is_preset():
    kept = column_rules.checked({"custom:Opt-out": None}, TARGETS)
    assert kept == {"custom:Opt-out": None} == column_rules.own(kept, TARGETS)
    assert column_rules.decided(kept) == ()


def test_the_decision_knows_three_rules_and_a_tag_takes_none_away():
    decided = column_rules.decided({"tags": "none", "name": "replace", "city": None})
    assert decided == (("name", Rule.REPLACE), ("tags", Rule.KEEP))
    assert column_rules.decided({}, "fair") == (("tags", Rule.FILL),)
    assert column_rules.decided({"tags": "replace"}, "fair") == (("tags", Rule.REPLACE),)


def test_of_a_saved_mapping_the_rules_that_fit_are_taken():
    saved = {"phone": "keep", "name": "keep", "address": "fill", "custom:Else": "keep"}
    assert column_rules.fitting(saved, TARGETS) == {"name": "keep", "address": "fill"}
    assert column_rules.fitting(saved, ["phone"]) == {"phone": "keep"}


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"last_name": "keep"}, "rule_part_of_name"),
        ({"full_name": "keep"}, "rule_part_of_name"),
        ({"city": "keep", "address": "keep"}, "rule_part_of_address"),
        ({"phone": "keep"}, "rule_unknown_column"),
        ({"calling_code": "keep"}, "rule_unknown_column"),
        ({"email": "none"}, "rule_of_tags"),
    ],
)
def test_what_fits_no_column_is_refused(rules, code):
    with pytest.raises(Refusal) as refused:
        column_rules.checked(rules, TARGETS)
    assert refused.value.code == code
