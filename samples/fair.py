"""A messy export of 600 rows from a trade fair, and the book of contacts that it meets.

python samples/fair.py book > book.csv; python samples/fair.py > leads.csv

Of the 600 rows 450 are new people, 64 are in the book, 31 repeat an earlier row, 44 are to fix and
11 fit two contacts. Always the same bytes.
"""

import csv
import io
import random
import sys
import unicodedata
from collections.abc import Iterator

HEADER = [
    *("Full name", "E-mail address", "Telephone", "Firm", "Position", "Customer no.", "Town"),
    *("Country", "Date of birth", "Tags", "Newsletter?", "Lead source", "Remarks"),
    *("Badge scan", ""),
]
BOOK_HEADER = [
    *(
        "Customer ID",
        "Email",
        "First Name",
        "Last Name",
        "Phone",
        "Company",
        "City",
        "Country",
    ),
]
FIRST = [
    *("Núria", "Ioana", "Mateo", "Olu", "Marek", "Chloé", "Ruth", "Kemi", "Seán", "Renée"),
    *("Liam", "Priya", "Ella", "Tom", "Grace", "Jürgen", "Amélie", "Björn", "Inês", "Sofía"),
    *("Noor", "Hanna", "Pavel", "Zoë"),
]
LAST = [
    *("O'Brien", "Okafor", "Silva", "Brown", "Conti", "Jones", "Castaño", "Nuñez", "Taylor"),
    *("Šimek", "Nakamura", "Rossi", "Ferreira", "Müller", "García", "Dubois", "Ødegård"),
    *("van Dijk", "Schmidt", "Pereira", "Straße", "Meyer", "Novotny", "Sjöberg", "Haddad"),
]
PLACES = [
    ("New Brontë & Söhne", "bronte", "Zürich", "Schweiz", "+41 44 668 {:02} {:02}"),
    ("North Harbour Ltd", "harbour", "Leeds", "United Kingdom", "+44 113 49{:02} {:03}"),
    ("Café Zürich AG", "cafe", "Basel", "Schweiz", "061 206 {:02} {:02}"),
    ("Green Valley Dairy", "valley", "Cork", "Ireland", "+353 21 490 {:02}{:02}"),
    ("Acme Logistics", "acme", "Rotterdam", "Nederland", "+31 10 400 {:02}{:02}"),
    ("Lumière SARL", "lumiere", "Lyon", "France", "+33 4 78 42 {:02} {:02}"),
    ("Øresund Shipping", "oresund", "Malmö", "Sverige", "+46 40 6 25{:02}{:02}"),
    ("Kraków Metal", "krakow", "Kraków", "Polska", "+48 12 345 {:02} {:02}"),
    ("Studio Niño", "studio", "Sevilla", "España", "+34 95 422 {:02} {:02}"),
]
TITLES = ["Head of Purchasing", "Technician", "Buyer", "Owner", "Sales Manager", "Engineer"]
SOURCES = ["LinkedIn", "Stand A12", "Speaker dinner", "Newsletter sign-up", "Partner"]
# With what is to be expected of each: an address that a rule can suggest, or none.
BAD_EMAILS = [
    *("{0}@@{1}", "{0}(at){1}", "{0}@{2},example", "{0} at {1}", "{0}@@{1}"),
    *("{0}(at){1}", "{0} at {1}", "{0}[at]{1}", "{0}@{2}..example"),
    *["info"] * 4, *["jean@"] * 3, *["@lumiere.example"] * 3, *["see card"] * 3,
]  # fmt: skip
DAY_LAST = ["1985-23-04", "1979-30-11", "1991-14-02", "1968-19-07"]
BAD_BIRTHDAYS = [*DAY_LAST, *["31/02/1980"] * 5, *["00/00/1985"] * 3]
KINDS = [
    *["new"] * 449, *["known"] * 64, *["repeat"] * 31, *["two_people"] * 6, *["other_id"] * 5,
    *["email"] * 22, *["birthday"] * 12, *["blank"] * 10,
]  # fmt: skip
REMARKS = 25  # of the repeats bring one
IN_BOOK = 100  # contacts: 64 known, 12 + 5 that rows in conflict reach, and 19 others


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.lower().replace("ø", "o").replace("ß", "ss"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


def _name(number: int) -> tuple[str, str]:
    """First and last name: 600 different ones."""
    first, turn = number % len(FIRST), number // len(FIRST)
    return FIRST[first], LAST[(turn + 7 * first) % len(LAST)]


def _address(number: int) -> tuple[str, str]:
    """What stands before and behind the @."""
    first, last = _name(number)
    return f"{_plain(first)}.{_plain(last)}", f"{PLACES[number % len(PLACES)][1]}.example"


def _phone(number: int) -> str:
    pattern = PLACES[number % len(PLACES)][4]
    return pattern.format(number // 60, number % 60)


def _birthday(number: int) -> str:
    """Day first; a third could be read either way, a third is not known."""
    if number % 3 == 0:
        return ""

    day = 13 + number % 15 if number % 8 not in {5, 6, 7} else 1 + number % 12
    return f"{day:02}/{1 + number % 12:02}/{1955 + number % 45}"


def _row(number: int) -> dict[str, str]:
    """The person of this number as the file has them."""
    first, last = _name(number)
    company, _, town, country, _ = PLACES[number % len(PLACES)]
    values = [
        f"{last}, {first}", "@".join(_address(number)), _phone(number), company,
        TITLES[number % len(TITLES)], "", town, country, _birthday(number),
        "fair-2025; vip" if number % 7 == 0 else "fair-2025", ["Y", "N", "yes", ""][number % 4],
        SOURCES[number % len(SOURCES)], "", f"{7 * number % 16:X}F3A-{number:04}", "",
    ]  # fmt: skip
    return dict(zip(HEADER, values, strict=True))


def book() -> str:
    """The contacts that are there before, as CSV: few of their fields are filled."""
    rows = []
    for number in range(IN_BOOK):
        first, last = _name(number)
        company, _, town, country, _ = PLACES[number % len(PLACES)]
        rows.append(
            [_id(number), "@".join(_address(number)), first, last, "", company, town, country]
        )

    return _csv(BOOK_HEADER, rows, ",")


def _id(number: int) -> str:
    return f"K-{10_001 + number}"


def leads() -> str:
    """The 600 rows, with semicolons. To be encoded as cp1252, as such exports are."""
    chance = random.Random(18)
    kinds = KINDS[:]
    chance.shuffle(kinds)
    rows = list(_rows(["new", *kinds], chance))
    return _csv(HEADER, [list(row.values()) for row in rows], ";")


def _rows(kinds: list[str], chance: random.Random) -> Iterator[dict[str, str]]:
    known, new = iter(range(64)), iter(range(IN_BOOK, 1000))
    pairs, others = iter(range(64, 76)), iter(range(76, 81))
    emails, birthdays = iter(BAD_EMAILS), iter(BAD_BIRTHDAYS)
    first_rows: list[dict[str, str]] = []
    repeats = 0

    for kind in kinds:
        if kind == "known":
            row = _known(next(known))
        elif kind == "repeat":
            row = _repeated(first_rows.pop(chance.randrange(len(first_rows))), repeats)
            repeats += 1
        elif kind == "two_people":
            one = next(pairs)
            row = {**_row(one), "Customer no.": _id(next(pairs))}
        elif kind == "other_id":
            row = {**_row(number := next(others)), "Customer no.": f"K-9{number:04}"}
        else:
            number = next(new)
            row = _row(number)
            if kind == "email":
                local, domain = _address(number)
                row["E-mail address"] = next(emails).format(local, domain, domain[:-8])
            elif kind == "birthday":
                row["Date of birth"] = next(birthdays)
            elif kind == "blank":
                row |= {"Full name": "", "E-mail address": "", "Telephone": ""}
            else:
                first_rows.append(row)
        yield row


def _known(number: int) -> dict[str, str]:
    """By e-mail, by customer number, or by both; three carry another name."""
    row = _row(number)
    if number % 3:
        row["Customer no."] = _id(number)
    if number % 3 == 1:
        row["E-mail address"] = ""
    if number in {12, 30, 48}:
        row["Full name"] = ", ".join(reversed(_name(number + 300)))

    return row


def _repeated(first: dict[str, str], count: int) -> dict[str, str]:
    """25 bring a remark, 2 another firm, 4 nothing."""
    if count < REMARKS:
        return {**first, "Remarks": f"Ask for {FIRST[count % len(FIRST)]}"}
    return {**first, "Firm": "Messe Basel"} if count < REMARKS + 2 else dict(first)


def _csv(header: list[str], rows: list[list[str]], delimiter: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([header, *rows])
    return stream.getvalue()


if __name__ == "__main__":
    text = book() if sys.argv[1:] == ["book"] else leads()
    sys.stdout.buffer.write(text.encode("utf-8" if sys.argv[1:] else "cp1252"))
