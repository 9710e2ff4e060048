"""Labels are broken into words: which field each names, and which name none."""

import pytest

from webapp.reading.labels import bare, date_order, named, says_otherwise
from webapp.vocabulary.aliases import FURTHER
from webapp.vocabulary.fields import TARGETS

# label → field; nothing behind the arrow where no field may be suggested.
LABELS = """
Email → email
EMAIL_ADDRESS → email
emailAddress → email
Email2 → email
E-mail 2 Address → email
Work Email → email
Straße (privat) → street
Fax →
Business Fax →
E-mail Type → email_label
Phone 1 - Label → phone_label
Assistant's Phone →
Birth Day →
Home →
Address Line 1 → street
address1 → street
billing_address_1 → street
Person - Name → full_name
Person - Email - Work → email
Person - Phone - Work → phone
Person - Label → tags
Person - Owner →
Person - ID → external_id
Person - Organization → company
Name / First Name → first_name
Name / Last Name → last_name
Emails / Primary Email → email
Phones / Primary Phone Calling Code → calling_code
Phones / Primary Phone Number → phone
Company / Name → company
Default Address City → city
Default Address Address1 → street
Default Address Country Code → calling_code
Default Address Province Code → region
Default Address Zip → postal_code
Default Address Phone → phone
Default Address Company → company
First Name (required) → first_name
Birthday (DD/MM/YYYY) → birthday
City / Ville → city
First name / Vorname → first_name
E-mail* → email
Contact Number → phone
What is your e-mail address? → email
What is your name? → full_name
Which city do you live in? → city
Your phone number, please → phone
Wie lautet Ihre E-Mail-Adresse? → email
Quel est votre nom ? → last_name
Förnamn → first_name
E-post → email
Företag → company
Postort → city
Email ID (Email IDs) → email
Is Primary (Email IDs) →
Name, Vorname → full_name_family_first
Name/Vorname → full_name_family_first
Nachname/Vorname → full_name_family_first
Vor- und Nachname → full_name
First and Last Name → full_name
Hausnr. → house_number
Handy-Nr. → phone
Geb.-Dat. → birthday
Mitgliedsnr. → external_id
Kd.-Nr. → external_id
First → first_name
Last → last_name
Sales Rep Email →
Secretary phone →
Emergency contact name →
Account Manager →
Owner Email →
contact.email → email
properties.firstname → first_name
cf_email → email
user_email → email
user_id → external_id
username →
User Name →
user_first_name → first_name
customerFirstName → first_name
Customer Name → full_name
Deal - Title →
Organization - Name → company
City, State →
State/Province → region
Country/Region → country
ZIP/Postal Code → postal_code
Telefon/Fax →
Phone (Fax) →
Phone (WhatsApp) → phone
Name (First) → first_name
Name (Last) → last_name
Address (City) → city
Address (Street Address) → street
Address (ZIP / Postal Code) → postal_code
Name (Company) →
E-mail (further) →
Phone (further) →
名前 → full_name
お名前 → full_name
会社電話 → phone
郵便番号 (自宅) → postal_code
メールアドレス → email
氏名（必須） → full_name
姓 → last_name
电子邮件地址 → email
手机号码 → phone
이메일 → email
휴대폰 번호 → phone
Имя → first_name
Фамилия → last_name
Рабочий телефон → phone
Электронная почта → email
İş Telefonu 2 → phone
E-posta Adresi → email
Soyadı → last_name
Doğum tarihi → birthday
Numer telefonu → phone
Imię i nazwisko → full_name
Křestní jméno → first_name
PSČ → postal_code
Sähköposti → email
Puhelinnumero → phone
Fødselsdato → birthday
Tlf. nr. → phone
Postnr. → postal_code
Rue (bureau) → street
Ville (bureau) → city
Téléphone (bureau) → phone
Tél. mobile → phone
Adresse de messagerie → email
Calle del trabajo → street
País o región del trabajo → country
Dirección de correo electrónico 2 → email
Nombre del director →
Via (uff.) → street
CAP (ab.) → postal_code
Nome assistente →
Rua da empresa →
Contact 2 Email →
Contact1Forename → first_name
Email Opt Out →
Mobile Phone Number → phone
Mailing Address 1: City → city
Address 1: Street 1 → street
Address 1 - Street → street
Address 2 - City → city
Address 1 - Formatted →
Organization 1 - Title → job_title
E-mail 1 - Value → email
Additional Name → middle_name
Given Name Yomi →
Maiden Name →
Nickname →
Ticket Type →
Event Name →
Company Phone →
Company City → city
Company Website → website
Account Name → company
Account Owner →
Account Name.id →
Contact Owner.id →
Record ID - Contact → external_id
Full name * → full_name
Ihr Name (Pflichtfeld) → full_name
E-Mail-Adresse (wird nicht veröffentlicht) → email
Geschlecht →
PLZ/Ort →
PLZ Ort →
Straße / Nr. → street
Straße/Hausnummer → street
Firmenname → company
Privatadresse → street
Telefon geschäftlich → phone
Email Marketing →
Accepts Email Marketing →
Do you want to receive e-mail? →
May we contact you by phone? →
Name of customer → full_name
Phone No. → phone
Tel. (Büro) → phone
Country Code → calling_code
First Name: → first_name
FIRST NAME → first_name
Firstname → first_name
FNAME → first_name
Email Address 1 → email
Emails → email
Phone numbers → phone
Ad → first_name
Spouse Name →
Parent/Guardian Email →
LinkedIn URL →
Profile URL → website
Photo →
Zip/Postal → postal_code
Town/City → city
Suburb →
Mobile (private) → phone
Secondary Email → email
Date of birth → birthday
DOB → birthday
Birth Date → birthday
Postal address → street
Membership number → external_id
Position held →
Home Phone 2 → phone
Address Line 2 → street
Apartment →
"""
CASES = [
    tuple(part.strip() for part in line.split("→")) for line in LABELS.split("\n") if line
]


@pytest.mark.parametrize(("label", "target"), CASES, ids=[label for label, _ in CASES])
def test_a_label_names_its_field(label, target):
    found = named(label)
    assert (found.target if found else "") == target


@pytest.mark.parametrize("language", FURTHER)
def test_labels_of_further_languages_name_their_fields(language):
    for target, aliases in language.items():
        assert target in TARGETS
        for alias in aliases.split("|"):
            found = named(alias.strip())
            assert found is not None, alias
            assert target in {found.target, found.otherwise} or found.rank < 100, alias


def test_what_is_said_beside_the_name_sets_values_apart():
    assert named("Business Street 2").line == 2
    assert named("Business Street 2").qualifier == "business"
    assert named("Address 2 - City").qualifier == "2"
    assert named("Straße (privat)").qualifier == "privat"
    assert named("First").half
    assert not named("Name (First)").half
    assert named("Customer Email").rank > named("Email").rank


@pytest.mark.parametrize(
    "label",
    ["Assistant's Phone", "OWNERID", "Notfallkontakt", "Fax", "Company Phone", "緊急連絡先"],
)
def test_values_under_another_persons_label_are_not_the_contacts(label):
    assert says_otherwise(label)


@pytest.mark.parametrize("label", ["Phone", "Company", "Reach me at", "Shoe", ""])
def test_values_under_other_labels_may_be(label):
    assert not says_otherwise(label)


def test_bare_labels():
    assert bare("Nombre (obligatorio) *") == "nombre"
    assert bare("Name of customer") == "name of"


@pytest.mark.parametrize(
    "label", ["contact " * 40, "a/" * 100, "(" * 200, "é" * 5_000, "1" * 300]
)
def test_odd_labels_cost_nothing(label):
    named(label)


@pytest.mark.parametrize(
    ("label", "order"),
    [
        ("Birthday (DD/MM/YYYY)", "dmy"),
        ("Date of birth mm/dd/yy", "mdy"),
        ("Geburtsdatum [TT.MM.JJJJ]", "dmy"),
        ("Date de naissance (jj/mm/aaaa)", "dmy"),
        ("Data di nascita gg/mm/aaaa", "dmy"),
        ("Birthday MM-DD", "mdy"),
        ("Birthday (YYYY-MM-DD)", None),
        ("Geburtstag (JJ-MM-TT)", None),
        ("Birthday", None),
        ("d/a", None),
    ],
)
def test_a_label_names_the_order_of_day_and_month(label, order):
    assert date_order(label) == order
