"""Numbers as people and programs write them, and countries as a cell names them."""

import phonenumbers
import pytest

from tests.checking.test_validation import check, codes
from webapp.checking import countries, phones


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("555-0187", "US"),
        ("110", "DE"),
        ("911", "US"),
        ("116117", "DE"),
        ("000000000", "DE"),
        ("1111111", "FR"),
        ("555-555-5555", "US"),
        ("030 12", "DE"),
        ("4155550123", None),
    ],
)
def test_what_is_no_number_of_its_country_is_kept_without_a_key(text, region):
    row = check(phone=text, options={"default_country": region})
    assert (row.values["phone"], row.phone_key) == (text, None)
    assert (codes(row), row.status) == ([("phone_unreadable", "warning")], "valid")


def test_an_international_number_of_no_range_loses_its_blanks_and_has_no_key():
    assert phones.read("+44 7700 900123", None) == phones.Number("+447700900123", None)


@pytest.mark.parametrize(
    "text",
    [
        "4.91E+11",
        "4.91761E+11",
        "4,91761 e11",
        "4.91761*10^11",
        "4.91761 x 10^11",
        "4.91761×10¹¹",  # noqa: RUF001 - so does a word processor
        "+4.9E11",
        "########",
    ],
)
def test_a_shortened_number_is_named_and_left_out(text):
    row = check(phone=text, email="a@example.com")
    assert (row.values, row.phone_key) == ({"email": "a@example.com"}, None)
    assert codes(row) == [("phone_shortened", "warning")]
    assert row.problems[0].value == text


@pytest.mark.parametrize("text", ["4.9176123456E11", "+4.9176123456e+11", "491761234560.0"])
def test_a_power_with_all_its_digits_is_the_number(text):
    assert phones.read(text, "DE").key == "+491761234560"


@pytest.mark.parametrize(
    ("text", "region", "key"),
    [
        ("301234567.0", "DE", "+49301234567"),
        ("301234567,0", "DE", "+49301234567"),
        ("491701234567", "DE", "+491701234567"),
        ("491701234567", None, "+491701234567"),
        ("442079460011", "DE", "+442079460011"),
        ("0049 30 901899", "US", "+4930901899"),
        ("0049 30 901899", None, "+4930901899"),
        ("tel:+49-30-901899", None, "+4930901899"),
        ("tel:030 901899", "DE", "+4930901899"),
        ("(030) 90 18 99", "DE", "+4930901899"),
        ("11 96123 4567", "BR", "+5511961234567"),
        ("131 2345 6789", "CN", "+8613123456789"),
    ],
)
def test_other_ways_to_write_a_number(text, region, key):
    assert phones.read(text, region) == phones.Number(key, key)


@pytest.mark.parametrize(
    ("text", "key", "further"),
    [
        ("040 123456 / 654321", "+4940123456", ["+4940654321"]),
        ("040 123456 / 457 / 0458", "+4940123456", ["+4940123457", "+4940120458"]),
        ("030 1234567, 0170 1234567", "+49301234567", ["+491701234567"]),
        ("030 1234567;0170 1234567", "+49301234567", ["+491701234567"]),
        ("030 1234567 oder 0170 1234567", "+49301234567", ["+491701234567"]),
        ("030 1234567\n0170 1234567", "+49301234567", ["+491701234567"]),
        ("+49 30 1234567 +49 170 1234567", "+49301234567", ["+491701234567"]),
        ("01701234567/030123456", "+491701234567", ["+4930123456"]),
        ("030 1234567; 030 123 45 67; 0170 1234567", "+49301234567", ["+491701234567"]),
        ("030/1234567", "+49301234567", []),
        ("08151 / 123456", "+498151123456", []),
        ("030 1234567, ext 12", "+49301234567;ext=12", []),
        ("0170 1234567, evenings", None, []),
    ],
)
def test_of_several_numbers_in_a_cell_the_first_is_the_main_one(text, key, further):
    row = check(phone=text)
    assert (row.phone_key, row.custom) == (key, None)
    assert [found["key"] for found in row.further_phones or []] == further


def test_a_further_number_that_is_none_stays_as_it_is():
    row = check(phone="030 1234567; ask Ann 12; 0170 1234567")
    assert row.further_phones == [
        {"value": "ask Ann 12", "key": None, "label": None},
        {"value": "+491701234567", "key": "+491701234567", "label": None},
    ]
    assert [(found.code, found.value) for found in row.problems] == [
        ("phone_unreadable", "ask Ann 12")
    ]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("DE", "DE | de | DEU | Germany | Allemagne | Alemania | Alemanha | Germania | D"),
        ("NL", "The Netherlands | Niederlande | Pays-Bas | Países Bajos | Nederland | NLD"),
        ("US", "USA | U.S.A. | United States | Vereinigte Staaten | EE. UU. | Stati Uniti"),
        ("GB", "UK | U.K. | England | Great Britain | Royaume-Uni | Vereinigtes Königreich"),
        ("ZA", "South Africa | Südafrika | Afrique du Sud | ZAF"),
        ("IR", "Iran, Islamic Republic of | Iran (Islamic Republic of)"),
        ("CI", "Côte d'Ivoire | Ivory Coast | Elfenbeinküste"),
        ("BA", "Bosnia and Herzegovina | Bosnien und Herzegowina | Bosnia & Herzegovina"),
        ("CH", "CH-Schweiz | CH - Suisse | Svizzera"),
        ("NA", "NA | Namibia"),
        (None, "Atlantis | Bavaria | 49 | Northern Wastes | - | X"),
    ],
)
def test_a_country_goes_by_many_names(code, names):
    assert {name: countries.code_of(name) for name in names.split(" | ")} == dict.fromkeys(
        names.split(" | "), code
    )


def test_every_country_is_known_by_its_name_in_each_language():
    known = set(countries._names().values())
    assert known == countries.CODES


def test_a_country_that_we_do_not_know_is_not_the_usual_one():
    row = check(phone="030 1234567", country="Atlantis")
    assert (row.values["phone"], row.phone_key) == ("030 1234567", None)
    assert check(phone="+49 30 1234567", country="Atlantis").phone_key == "+49301234567"


def test_calling_codes_are_the_librarys():
    assert phones.calling_code_of("XX") == 0
    for region in phonenumbers.SUPPORTED_REGIONS:
        code = phonenumbers.country_code_for_region(region)
        assert phones.calling_code_of(region) == code > 0
