"""Dates, phone numbers and addresses as programs and people write them at their oddest."""

import pytest

from webapp.checking import dates, emails, mapping, phones


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("23041985", "1985-04-23"),
        ("19850423", "1985-04-23"),
        ("20101985", "1985-10-20"),
        ("12.IV.1985", "1985-04-12"),
        ("12 xii 1985", "1985-12-12"),
        ("3/IX/85", "1985-09-03"),
        ("1985. 04. 23.", "1985-04-23"),
        ("1985.04.23.", "1985-04-23"),
        ("23. 04. 1985.", "1985-04-23"),
        ("Tue Apr 23 1985 00:00:00 GMT+0200 (Central European Summer Time)", "1985-04-23"),
        ("23 aprilie 1985", "1985-04-23"),
        ("23 квітня 1985", "1985-04-23"),
        ("23 Απριλίου 1985", "1985-04-23"),
        ("23. apríla 1985", "1985-04-23"),
    ],
)
def test_a_date_is_read(text, value):
    assert dates.read(text, None).value == value


@pytest.mark.parametrize("text", ["12.XV.1985", "99999999", "32011985", "12.IL.1985"])
def test_what_is_no_date_is_none(text):
    found = dates.read(text, None)
    assert (found.value, found.blank) == (None, False)


@pytest.mark.parametrize("text", ["0001-01-01", "01.01.0001", "1/1/0001 12:00:00 AM"])
def test_the_first_day_of_all_is_no_birthday(text):
    assert dates.read(text, None).blank


def test_a_month_of_a_year_is_no_day():
    assert dates.read("1985-04", None) == dates.INCOMPLETE


def test_eight_digits_take_part_in_the_order_of_their_column():
    assert dates.read("03041985", None).ambiguous
    assert dates.read("23041985", None).proves == "dmy"
    assert dates.read("03041985", "mdy").value == "1985-03-04"


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        ("1701234567", "+49", "+491701234567"),
        ("0170 1234567", "49", "+491701234567"),
        ("491701234567", "49", "+491701234567"),
        ("301234567.0", "49.0", "+49301234567"),
        ("(415) 555-0123", "+1", "+14155550123"),
        ("0612345678", "FR", "+33612345678"),
        ("06 1234567", "Italy (+39)", "+39061234567"),
        ("+33 6 12 34 56 78", "+49", "+33612345678"),
        ("170 1234567", "+999", None),
        ("170 1234567", "somewhere", None),
    ],
)
def test_a_number_beside_its_calling_code(text, code, key):
    assert phones.under(text, code).key == key


def test_what_is_no_number_keeps_both():
    assert phones.under("123", "+49") == phones.Number("+49 123", None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("1-800-FLOWERS", "+18003569377"),
        ("1 (888) GOT-JUNK", "+18884685865"),
        ("030 1234567 (Büro)", "+49301234567"),
        ("Mobil: 0170 1234567", "+491701234567"),
        ("0170 1234567 privat", None),
        ("https://wa.me/491701234567", "+491701234567"),
        ("call me", None),
        ("CALL-ANNA", None),
        ("1-800-flowers", None),
    ],
)
def test_words_in_and_around_a_number(text, key):
    assert phones.read(text, "US" if "-" in text else "DE").key == key


@pytest.mark.parametrize(
    ("text", "key", "name"),
    [
        ("work: eva@example.com; home: e@example.org", "eva@example.com", ""),
        ("Eva Moser eva@example.com", "eva@example.com", "Eva Moser"),
        ("eva@example.com (privat)", "eva@example.com", ""),
        ("[eva@example.com](mailto:eva@example.com)", "eva@example.com", ""),
        ("eva\uff20example.com", "eva@example.com", ""),
        ("\u2709 eva@example.com \u2713", "eva@example.com", ""),
        ("eva@example.com%20", "eva@example.com", ""),
        ("eva moser@example.com", None, ""),
    ],
)
def test_an_address_in_its_dress(text, key, name):
    found = emails.read(text)
    assert (found.key, found.name) == (key, name)


@pytest.mark.parametrize("text", ["EX:/o=First/cn=eva", "IMCEAEX-_O=First_cn=eva@example.com"])
def test_what_exchange_calls_a_mailbox_is_no_address(text):
    assert emails.read(text) == emails.Address(None, None, exchange=True)


@pytest.mark.parametrize(
    ("values", "target"),
    [(["+49", "+91"], "calling_code"), (["DE", "IN"], "country"), (["0049"], "calling_code")],
)
def test_a_country_code_is_told_by_its_values(values, target):
    sample = [[value, "1701234567", f"a{n}@example.com"] for n, value in enumerate(values)]
    suggested = mapping.suggest(["Country Code", "Phone", "E-mail"], sample)
    assert suggested == [target, "phone", "email"]
