"""Header rows of real exports, with invented people, and the mapping that a person would
choose by hand.
"""

from collections.abc import Iterator

from tests.corpus.case import Case, numbered, written

GOOGLE_NEW = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,Name Prefix,"
    "Name Suffix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,"
    "Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,"
    "Phone 2 - Label,Phone 2 - Value,Address 1 - Label,Address 1 - Country,Address 1 - Street,"
    "Address 1 - Extended Address,Address 1 - City,Address 1 - Region,Address 1 - Postal Code,Address 1 - PO Box,"
    "Relation 1 - Label,Relation 1 - Value,Website 1 - Label,Website 1 - Value,Custom Field 1 - Label,"
    "Custom Field 1 - Value"
)
GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Additional Name Yomi,Family Name Yomi,"
    "Name Prefix,Name Suffix,Initials,Nickname,Short Name,Maiden Name,Birthday,Gender,Location,Billing Information,"
    "Directory Server,Mileage,Occupation,Hobby,Sensitivity,Priority,Subject,Notes,Language,Photo,Group Membership,"
    "E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,"
    "Phone 2 - Value,Address 1 - Type,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - PO Box,"
    "Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,Address 1 - Extended Address,Organization 1 - Type,"
    "Organization 1 - Name,Organization 1 - Yomi Name,Organization 1 - Title,Organization 1 - Department,"
    "Organization 1 - Symbol,Organization 1 - Location,Organization 1 - Job Description,Website 1 - Type,"
    "Website 1 - Value"
)
OUTLOOK_WEB = (
    "First Name,Middle Name,Last Name,Title,Suffix,Nickname,Given Yomi,Surname Yomi,E-mail Address,E-mail 2 Address,"
    "E-mail 3 Address,Home Phone,Home Phone 2,Business Phone,Business Phone 2,Mobile Phone,Car Phone,Other Phone,"
    "Primary Phone,Pager,Business Fax,Home Fax,Other Fax,Company Main Phone,Callback,Radio Phone,Telex,TTY/TDD Phone,"
    "IMAddress,Job Title,Department,Company,Office Location,Manager's Name,Assistant's Name,Assistant's Phone,"
    "Company Yomi,Business Street,Business City,Business State,Business Postal Code,Business Country/Region,"
    "Home Street,Home City,Home State,Home Postal Code,Home Country/Region,Other Street,Other City,Other State,"
    "Other Postal Code,Other Country/Region,Personal Web Page,Spouse,Schools,Hobby,Location,Web Page,Birthday,"
    "Anniversary,Notes"
)
OUTLOOK_DESKTOP = (
    "Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,Business Street 2,"
    "Business Street 3,Business City,Business State,Business Postal Code,Business Country/Region,Home Street,"
    "Home Street 2,Home Street 3,Home City,Home State,Home Postal Code,Home Country/Region,Other Street,Other Street 2,"
    "Other Street 3,Other City,Other State,Other Postal Code,Other Country/Region,Assistant's Phone,Business Fax,"
    "Business Phone,Business Phone 2,Callback,Car Phone,Company Main Phone,Home Fax,Home Phone,Home Phone 2,ISDN,"
    "Mobile Phone,Other Fax,Other Phone,Pager,Primary Phone,Radio Phone,TTY/TDD Phone,Telex,Account,Anniversary,"
    "Assistant's Name,Billing Information,Birthday,Business Address PO Box,Categories,Children,Directory Server,"
    "E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,E-mail 2 Type,E-mail 2 Display Name,"
    "E-mail 3 Address,E-mail 3 Type,E-mail 3 Display Name,Gender,Government ID Number,Hobby,Home Address PO Box,"
    "Initials,Internet Free Busy,Keywords,Language,Location,Manager's Name,Mileage,Notes,Office Location,"
    "Organizational ID Number,Other Address PO Box,Priority,Private,Profession,Referred By,Sensitivity,Spouse,User 1,"
    "User 2,User 3,User 4,Web Page"
)
OUTLOOK_GERMAN = (
    "Anrede,Vorname,Weitere Vornamen,Nachname,Suffix,Firma,Abteilung,Position,Straße geschäftlich,"
    "Straße geschäftlich 2,Straße geschäftlich 3,Ort geschäftlich,Region geschäftlich,Postleitzahl geschäftlich,"
    "Land/Region geschäftlich,Straße privat,Straße privat 2,Straße privat 3,Ort privat,Region privat,"
    "Postleitzahl privat,Land/Region privat,Telefon Assistent,Fax geschäftlich,Telefon geschäftlich,"
    "Telefon geschäftlich 2,Rückmeldung,Autotelefon,Telefon Firma,Fax privat,Telefon (privat),Telefon (privat 2),ISDN,"
    "Mobiltelefon,Pager,Haupttelefon,E-Mail-Adresse,E-Mail-Typ,E-Mail: Angezeigter Name,E-Mail 2: Adresse,Geburtstag,"
    "Kategorien,Notizen,Webseite"
)
THUNDERBIRD = (
    "First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,Work Phone,Home Phone,"
    "Fax Number,Pager Number,Mobile Number,Home Address,Home Address 2,Home City,Home State,Home ZipCode,Home Country,"
    "Work Address,Work Address 2,Work City,Work State,Work ZipCode,Work Country,Job Title,Department,Organization,"
    "Web Page 1,Web Page 2,Birth Year,Birth Month,Birth Day,Custom 1,Custom 2,Custom 3,Custom 4,Notes,"
)
LINKEDIN = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
MAILCHIMP = (
    "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
    "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Associated Company,Job Title,"
    "Lead Status,Marketing contact status,Create Date,Last Activity Date,Street Address,City,State/Region,Postal Code,"
    "Country/Region,Website URL,Date of birth"
)
SALESFORCE_REPORT = (
    "Salutation,First Name,Last Name,Title,Account Name,Mailing Street,Mailing City,Mailing State/Province,"
    "Mailing Zip/Postal Code,Mailing Country,Phone,Fax,Mobile,Email,Account Owner"
)
SALESFORCE_LOADER = (
    "ID,ISDELETED,ACCOUNTID,LASTNAME,FIRSTNAME,SALUTATION,NAME,OTHERSTREET,OTHERCITY,OTHERPOSTALCODE,OTHERCOUNTRY,"
    "MAILINGSTREET,MAILINGCITY,MAILINGSTATE,MAILINGPOSTALCODE,MAILINGCOUNTRY,PHONE,FAX,MOBILEPHONE,HOMEPHONE,"
    "ASSISTANTPHONE,EMAIL,TITLE,DEPARTMENT,ASSISTANTNAME,LEADSOURCE,BIRTHDATE,DESCRIPTION,OWNERID,CREATEDDATE"
)
ZOHO = (
    "Record Id,Contact Owner.id,Contact Owner,Lead Source,First Name,Last Name,Account Name.id,Account Name,Email,"
    "Title,Department,Phone,Home Phone,Other Phone,Fax,Mobile,Date of Birth,Assistant,Asst Phone,Created By.id,"
    "Created By,Created Time,Modified Time,Mailing Street,Other Street,Mailing City,Other City,Mailing State,"
    "Other State,Mailing Zip,Other Zip,Mailing Country,Other Country,Description,Email Opt Out,Secondary Email,Tag"
)


def export(
    name: str,
    header: str,
    people: list[dict[str, str]],
    fields: dict[str, str],
    **facts: object,
) -> Case:
    """An export: `people` by label, `fields` by label; every other column is expected as a
    custom field.
    """
    labels = header.split(",")
    rows = [[person.get(label, "") for label in labels] for person in people]
    for person in people:
        assert set(person) <= set(labels), set(person) - set(labels)
    assert set(fields) <= set(labels), set(fields) - set(labels)
    columns = [label or "Column AL" for label in labels]
    mapping = [fields.get(label, f"custom:{label}" if label else None) for label in labels]
    text = written([labels, *rows])
    codec = str(facts.pop("encoding", "utf-8"))
    preamble = str(facts.pop("preamble", ""))
    first = 1 + preamble.count("\n")
    return Case(
        f"export_{name}.csv",
        (preamble + text).encode(codec),
        numbered(rows, first + 1),
        header_row=first,
        encoding=codec,
        columns=columns,
        mapping=mapping,
        **facts,  # type: ignore[arg-type]
    )


def cases() -> Iterator[Case]:
    yield from google()
    yield from outlook()
    yield from others()
    yield from sales()
    yield from languages()
    yield from header_rows()


def google() -> Iterator[Case]:
    yield export(
        "google_new",
        GOOGLE_NEW,
        [
            {
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Organization Name": "Okafor & Co",
                "Organization Title": "Owner",
                "Birthday": "1985-04-23",
                "Labels": "* myContacts ::: Fair",
                "E-mail 1 - Label": "* Work",
                "E-mail 1 - Value": "anna@example.com",
                "E-mail 2 - Label": "Home",
                "E-mail 2 - Value": "anna@example.org",
                "Phone 1 - Label": "Mobile",
                "Phone 1 - Value": "+49 170 1234567",
                "Phone 2 - Label": "Work",
                "Phone 2 - Value": "+49 30 1234567",
                "Address 1 - Label": "Home",
                "Address 1 - Country": "DE",
                "Address 1 - Street": "Hauptstr. 1",
                "Address 1 - City": "Berlin",
                "Address 1 - Postal Code": "10115",
            },
            {"First Name": "Ben", "Middle Name": "J.", "E-mail 1 - Value": "ben@example.com"},
        ],
        {
            "E-mail 1 - Label": "email_label",
            "E-mail 2 - Label": "email_label",
            "E-mail 2 - Value": "email",
            "Phone 1 - Label": "phone_label",
            "Phone 2 - Label": "phone_label",
            "Phone 2 - Value": "phone",
            "Organization Department": "department",
            "Name Suffix": "suffix",
            "Middle Name": "middle_name",
            "Name Prefix": "prefix",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Organization Name": "company",
            "Organization Title": "job_title",
            "Birthday": "birthday",
            "Notes": "notes",
            "Labels": "tags",
            "E-mail 1 - Value": "email",
            "Phone 1 - Value": "phone",
            "Address 1 - Country": "country",
            "Address 1 - Street": "street",
            "Address 1 - City": "city",
            "Address 1 - Region": "region",
            "Address 1 - Postal Code": "postal_code",
            "Website 1 - Value": "website",
        },
    )
    yield export(
        "google_old",
        GOOGLE_OLD,
        [
            {
                "Name": "Anna Okafor",
                "Given Name": "Anna",
                "Family Name": "Okafor",
                "Group Membership": "* myContacts",
                "E-mail 1 - Type": "* ",
                "E-mail 1 - Value": "anna@example.com ::: anna@example.org",
                "Phone 1 - Type": "Mobile",
                "Phone 1 - Value": "+49 170 1234567 ::: +49 30 1234567",
                "Organization 1 - Name": "Okafor & Co",
                "Organization 1 - Title": "Owner",
            },
            {"Name": "Acme Hotline", "Phone 1 - Value": "+49 30 7654321"},
        ],
        {
            "E-mail 1 - Type": "email_label",
            "E-mail 2 - Type": "email_label",
            "E-mail 2 - Value": "email",
            "Phone 1 - Type": "phone_label",
            "Phone 2 - Type": "phone_label",
            "Phone 2 - Value": "phone",
            "Organization 1 - Department": "department",
            "Name Suffix": "suffix",
            "Additional Name": "middle_name",
            "Name Prefix": "prefix",
            "Name": "full_name",
            "Given Name": "first_name",
            "Family Name": "last_name",
            "Birthday": "birthday",
            "Notes": "notes",
            "Group Membership": "tags",
            "E-mail 1 - Value": "email",
            "Phone 1 - Value": "phone",
            "Address 1 - Street": "street",
            "Address 1 - City": "city",
            "Address 1 - Region": "region",
            "Address 1 - Postal Code": "postal_code",
            "Address 1 - Country": "country",
            "Organization 1 - Name": "company",
            "Organization 1 - Title": "job_title",
            "Website 1 - Value": "website",
        },
        encoding="utf-16",
        delimiter=",",
    )


def outlook() -> Iterator[Case]:
    yield export(
        "outlook_web",
        OUTLOOK_WEB,
        [
            {
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Title": "Dr.",
                "E-mail Address": "anna@example.com",
                "Mobile Phone": "+49 170 1234567",
                "Home City": "Berlin",
                "Home Street": "Hauptstr. 1",
                "Home Postal Code": "10115",
                "Company": "Okafor & Co",
            },
            {
                "First Name": "Ben",
                "E-mail Address": "ben@example.com",
                "Business Fax": "+49 30 999999",
            },
        ],
        {
            "E-mail 2 Address": "email",
            "E-mail 3 Address": "email",
            "Home Phone": "phone",
            "Home Phone 2": "phone",
            "Business Phone": "phone",
            "Business Phone 2": "phone",
            "Other Phone": "phone",
            "Primary Phone": "phone",
            "TTY/TDD Phone": "phone",
            "Department": "department",
            "Suffix": "suffix",
            "Middle Name": "middle_name",
            "Title": "prefix",
            "First Name": "first_name",
            "Last Name": "last_name",
            "E-mail Address": "email",
            "Mobile Phone": "phone",
            "Job Title": "job_title",
            "Company": "company",
            "Home Street": "street",
            "Home City": "city",
            "Home State": "region",
            "Home Postal Code": "postal_code",
            "Home Country/Region": "country",
            "Web Page": "website",
            "Birthday": "birthday",
            "Notes": "notes",
        },
        encoding="utf-8-sig",
    )
    fields = {
        "Business Phone 2": "phone",
        "Home Phone": "phone",
        "Home Phone 2": "phone",
        "Mobile Phone": "phone",
        "Other Phone": "phone",
        "Primary Phone": "phone",
        "TTY/TDD Phone": "phone",
        "E-mail 2 Address": "email",
        "E-mail 3 Address": "email",
        "Department": "department",
        "Suffix": "suffix",
        "Middle Name": "middle_name",
        "Title": "prefix",
        "First Name": "first_name",
        "Last Name": "last_name",
        "Company": "company",
        "Job Title": "job_title",
        "Business Street": "street",
        "Business City": "city",
        "Business State": "region",
        "Business Postal Code": "postal_code",
        "Business Country/Region": "country",
        "Business Phone": "phone",
        "Birthday": "birthday",
        "Categories": "tags",
        "E-mail Address": "email",
        "Notes": "notes",
        "Web Page": "website",
    }
    yield export(
        "outlook_desktop",
        OUTLOOK_DESKTOP,
        [
            {
                "Title": "Frau",
                "First Name": "Jürgen",
                "Last Name": "Groß",
                "Company": "Groß AG",
                "Business City": "Köln",
                "Business Street": "Domplatz 1\r\n2. Stock",
                "Business Phone": "+49 221 1234567",
                "Birthday": "0/0/00",
                "Mobile Phone": "+49 170 1234567",
                "E-mail Address": "juergen@example.com",
                "E-mail Type": "SMTP",
                "E-mail Display Name": "Jürgen Groß",
                "Priority": "Normal",
                "Private": "False",
                "Gender": "Unspecified",
            }
        ],
        fields,
        encoding="cp1252",
        certain=False,
    )
    yield export(
        "outlook_german",
        OUTLOOK_GERMAN,
        [
            {
                "Vorname": "Jürgen",
                "Nachname": "Groß",
                "Firma": "Groß AG",
                "Straße geschäftlich": "Domplatz 1",
                "Ort geschäftlich": "Köln",
                "Telefon (privat)": "0221 1234567",
                "Mobiltelefon": "0170 1234567",
                "E-Mail-Adresse": "juergen@example.com",
                "Geburtstag": "23.4.1985",
            }
        ],
        {
            "Telefon geschäftlich": "phone",
            "Telefon geschäftlich 2": "phone",
            "Telefon (privat 2)": "phone",
            "Mobiltelefon": "phone",
            "Haupttelefon": "phone",
            "E-Mail 2: Adresse": "email",
            "Abteilung": "department",
            "Suffix": "suffix",
            "Weitere Vornamen": "middle_name",
            "Anrede": "prefix",
            "Vorname": "first_name",
            "Nachname": "last_name",
            "Firma": "company",
            "Position": "job_title",
            "Straße geschäftlich": "street",
            "Ort geschäftlich": "city",
            "Region geschäftlich": "region",
            "Postleitzahl geschäftlich": "postal_code",
            "Land/Region geschäftlich": "country",
            "Telefon (privat)": "phone",
            "E-Mail-Adresse": "email",
            "Geburtstag": "birthday",
            "Kategorien": "tags",
            "Notizen": "notes",
            "Webseite": "website",
        },
        encoding="cp1252",
        certain=False,
    )


def others() -> Iterator[Case]:
    yield export(
        "thunderbird",
        THUNDERBIRD,
        [
            {
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Display Name": "Anna Okafor",
                "Primary Email": "anna@example.com",
                "Secondary Email": "anna@example.org",
                "Mobile Number": "+49 170 1234567",
                "Work City": "Berlin",
                "Work Country": "Germany",
                "Organization": "Okafor & Co",
                "Birth Year": "1985",
            },
            {
                "Display Name": "Ben Keller",
                "Primary Email": "ben@example.com",
                "Home Phone": "+49 30 1234567",
            },
        ],
        {
            "Secondary Email": "email",
            "Work Phone": "phone",
            "Mobile Number": "phone",
            "Department": "department",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Display Name": "full_name",
            "Primary Email": "email",
            "Home Phone": "phone",
            "Work Address": "street",
            "Work City": "city",
            "Work State": "region",
            "Work ZipCode": "postal_code",
            "Work Country": "country",
            "Job Title": "job_title",
            "Organization": "company",
            "Web Page 1": "website",
            "Notes": "notes",
        },
    )
    yield export(
        "linkedin",
        LINKEDIN,
        [
            {
                "First Name": "Anna",
                "Last Name": "Okafor",
                "URL": "https://www.linkedin.com/in/anna-okafor",
                "Email Address": "",
                "Company": "Okafor & Co",
                "Position": "Owner",
                "Connected On": "12 Mar 2023",
            },
            {
                "First Name": "Ben",
                "Last Name": "Keller",
                "URL": "https://www.linkedin.com/in/ben-keller",
                "Email Address": "ben@example.com",
                "Company": "Keller, Sons",
                "Connected On": "01 Feb 2022",
            },
        ],
        {
            "First Name": "first_name",
            "Last Name": "last_name",
            "URL": "website",
            "Email Address": "email",
            "Company": "company",
            "Position": "job_title",
        },
        preamble='Notes:\n"When exporting your connection data, you may notice that some of the email addresses are '
        'missing. You will only see email addresses for connections who have allowed it."\n\n',
    )
    yield export(
        "mailchimp",
        MAILCHIMP,
        [
            {
                "Email Address": "anna@example.com",
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Birthday": "05/14",
                "MEMBER_RATING": "2",
                "OPTIN_TIME": "2023-05-01 10:11:12",
                "OPTIN_IP": "192.0.2.7",
                "LATITUDE": "52.52",
                "LONGITUDE": "13.40",
                "CC": "DE",
                "REGION": "BE",
                "LEID": "514377",
                "EUID": "a1b2c3",
                "TAGS": '"Fair","VIP"',
            },
            {
                "Email Address": "ben@example.com",
                "Phone Number": "+49 30 1234567",
                "Birthday": "11/02",
            },
        ],
        {
            "Email Address": "email",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Address": "street",
            "Phone Number": "phone",
            "Birthday": "birthday",
            "REGION": "region",
            "NOTES": "notes",
            "TAGS": "tags",
        },
    )


def sales() -> Iterator[Case]:
    yield export(
        "hubspot",
        HUBSPOT,
        [
            {
                "Record ID": "1201",
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Email": "anna@example.com",
                "Mobile Phone Number": "+49 170 1234567",
                "Contact owner": "owner@example.net",
                "Create Date": "2023-05-01",
                "Associated Company": "Okafor & Co",
                "City": "Berlin",
                "State/Region": "BE",
            },
            {
                "Record ID": "1202",
                "Email": "ben@example.com",
                "Contact owner": "owner@example.net",
            },
        ],
        {
            "Phone Number": "phone",
            "Record ID": "external_id",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Email": "email",
            "Mobile Phone Number": "phone",
            "Associated Company": "company",
            "Job Title": "job_title",
            "Street Address": "street",
            "City": "city",
            "State/Region": "region",
            "Postal Code": "postal_code",
            "Country/Region": "country",
            "Website URL": "website",
            "Date of birth": "birthday",
        },
    )
    yield export(
        "salesforce_report",
        SALESFORCE_REPORT,
        [
            {
                "Salutation": "Ms.",
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Title": "Owner",
                "Account Name": "Okafor & Co",
                "Mailing Street": "Hauptstr. 1",
                "Mailing City": "Köln",
                "Phone": "+49 221 1234567",
                "Mobile": "+49 170 1234567",
                "Email": "anna@example.com",
                "Account Owner": "Sam Seller",
            }
        ],
        {
            "Mobile": "phone",
            "Salutation": "prefix",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Title": "job_title",
            "Account Name": "company",
            "Mailing Street": "street",
            "Mailing City": "city",
            "Mailing State/Province": "region",
            "Mailing Zip/Postal Code": "postal_code",
            "Mailing Country": "country",
            "Phone": "phone",
            "Email": "email",
        },
        encoding="iso8859-1",
        certain=True,
        choose={"encoding": "latin-1"},
    )
    yield export(
        "salesforce_data_loader",
        SALESFORCE_LOADER,
        [
            {
                "ID": "0035g00000AbCdEAAV",
                "ISDELETED": "false",
                "LASTNAME": "Okafor",
                "FIRSTNAME": "Anna",
                "NAME": "Anna Okafor",
                "OTHERCITY": "Bonn",
                "MAILINGCITY": "Berlin",
                "PHONE": "+49 30 1234567",
                "EMAIL": "anna@example.com",
                "TITLE": "Owner",
                "BIRTHDATE": "1985-04-23",
                "OWNERID": "0055g000001XyZ",
            }
        ],
        {
            "MOBILEPHONE": "phone",
            "HOMEPHONE": "phone",
            "DEPARTMENT": "department",
            "SALUTATION": "prefix",
            "ID": "external_id",
            "LASTNAME": "last_name",
            "FIRSTNAME": "first_name",
            "NAME": "full_name",
            "MAILINGSTREET": "street",
            "MAILINGCITY": "city",
            "MAILINGSTATE": "region",
            "MAILINGPOSTALCODE": "postal_code",
            "MAILINGCOUNTRY": "country",
            "PHONE": "phone",
            "EMAIL": "email",
            "TITLE": "job_title",
            "BIRTHDATE": "birthday",
            "DESCRIPTION": "notes",
        },
    )
    yield export(
        "zoho",
        ZOHO,
        [
            {
                "Record Id": "zcrm_5000001",
                "Contact Owner": "Sam Seller",
                "First Name": "Anna",
                "Last Name": "Okafor",
                "Account Name": "Okafor & Co",
                "Email": "anna@example.com",
                "Phone": "+49 30 1234567",
                "Date of Birth": "1985-04-23",
                "Mailing City": "Berlin",
                "Secondary Email": "anna@example.org",
                "Tag": "Fair",
            }
        ],
        {
            "Home Phone": "phone",
            "Other Phone": "phone",
            "Mobile": "phone",
            "Secondary Email": "email",
            "Department": "department",
            "Record Id": "external_id",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Account Name": "company",
            "Email": "email",
            "Title": "job_title",
            "Phone": "phone",
            "Date of Birth": "birthday",
            "Mailing Street": "street",
            "Mailing City": "city",
            "Mailing State": "region",
            "Mailing Zip": "postal_code",
            "Mailing Country": "country",
            "Description": "notes",
            "Tag": "tags",
        },
    )


FIELDS = (
    "external_id email first_name last_name phone company job_title street city postal_code country"
    " website birthday notes tags prefix middle_name suffix department"
)
LANGUAGES = {
    "english": "Customer ID|E-mail|Given name|Surname|Mobile|Employer|Role|Street address|Town|Postcode|Country"
    "|Homepage|Date of birth|Comments|Categories"
    "|Salutation"
    "|Middle name"
    "|Suffix"
    "|Department",
    "german": "Kundennummer|E-Mail-Adresse|Vorname|Nachname|Handy|Firma|Funktion|Straße|Ort|PLZ|Land|Webseite"
    "|Geburtsdatum|Bemerkungen|Schlagwörter"
    "|Anrede"
    "|Weitere Vornamen"
    "|Namenszusatz"
    "|Abteilung",
    "french": "Numéro client|Courriel|Prénom|Nom|Téléphone portable|Société|Fonction|Rue|Ville|Code postal|Pays"
    "|Site web|Date de naissance|Remarques|Étiquettes"
    "|Civilité"
    "|Deuxième prénom"
    "|Suffixe"
    "|Service",
    "spanish": "Número de cliente|Correo electrónico|Nombre|Apellidos|Teléfono móvil|Empresa|Puesto|Calle|Ciudad"
    "|Código postal|País|Sitio web|Fecha de nacimiento|Observaciones|Etiquetas"
    "|Tratamiento"
    "|Segundo nombre"
    "|Sufijo"
    "|Departamento",
    "portuguese": "Código do cliente|Endereço de e-mail|Primeiro nome|Sobrenome|Celular|Empresa|Cargo|Endereço|Cidade"
    "|CEP|País|Site|Data de nascimento|Observações|Categorias"
    "|Tratamento"
    "|Segundo nome"
    "|Sufixo"
    "|Departamento",
    "italian": "Codice cliente|Indirizzo e-mail|Nome|Cognome|Cellulare|Azienda|Ruolo|Via|Città|CAP|Paese|Sito web"
    "|Data di nascita|Note|Etichette"
    "|Titolo"
    "|Secondo nome"
    "|Suffisso"
    "|Reparto",
    "dutch": "Klantnummer|E-mailadres|Voornaam|Achternaam|Mobiel|Bedrijf|Functie|Straat|Plaats|Postcode|Land|Website"
    "|Geboortedatum|Opmerkingen|Categorieën"
    "|Aanhef"
    "|Tweede voornaam"
    "|Achtervoegsel"
    "|Afdeling",
}
ALONE = {
    "name_beside_vorname": ("Vorname;Name;E-Mail", ["first_name", "last_name", "email"]),
    "nom_beside_prenom": ("Nom;Prénom;E-mail", ["last_name", "first_name", "email"]),
    "nome_alone": ("Nome;Telefone;E-mail", ["full_name", "phone", "email"]),
    "nombre_alone": ("Nombre;Correo;Móvil", ["full_name", "email", "phone"]),
    "naam_alone": ("Naam;E-mailadres;Telefoon", ["full_name", "email", "phone"]),
    "full_name": ("Full Name;Work Email;Direct Phone", ["full_name", "email", "phone"]),
}


def languages() -> Iterator[Case]:
    row = [
        "C1",
        "a@example.com",
        "Ann",
        "Ash",
        "+49 30 1234567",
        "Acme",
        "Owner",
        "Street 1",
        "Berlin",
        "10115",
        "DE",
        "example.com",
        "1985-04-23",
        "none",
        "fair",
        "Dr.",
    ]
    for language, labels in LANGUAGES.items():
        columns = labels.split("|")
        yield Case(
            f"labels_{language}.csv",
            written([columns, row], delimiter=";").encode(),
            numbered([row]),
            delimiter=";",
            columns=columns,
            mapping=list(FIELDS.split()),
        )
    for name, (labels, mapping) in ALONE.items():
        columns, cells = labels.split(";"), ["Ann", "Ash", "Ann Ash"]
        yield Case(
            f"labels_{name}.csv",
            written([columns, cells], delimiter=";").encode(),
            numbered([cells]),
            delimiter=";",
            columns=columns,
            mapping=list(mapping),
        )


def header_rows() -> Iterator[Case]:
    """Files whose header is not their first row, or that have none."""
    people = [["Ann Ash", "ann@example.com"], ["Ben Bay", "ben@example.com"]]
    facts = [["Name", "Members 2024"], ["E-mail", "club@example.org"], ["As of", "01.02.2024"]]
    yield Case(
        "header_under_labelled_facts.csv",
        written([*facts, ["Name", "E-mail"], *people]).encode(),
        numbered(people, 5),
        header_row=4,
        columns=["Name", "E-mail"],
        mapping=["full_name", "email"],
    )
    report = [["Report:", "Contacts", ""], ["Date:", "2024-01-02", ""]]
    places = [["Ann", "Ash", "Rome"], ["Ben", "Bay", "Oslo"]]
    yield Case(
        "header_under_a_report.csv",
        written([*report, ["First name", "Last name", "Town"], *places]).encode(),
        numbered(places, 4),
        header_row=3,
        columns=["First name", "Last name", "Town"],
        mapping=["first_name", "last_name", "city"],
    )
    groups = ["Person", "", "Address", "", "Contact", ""]
    under = ["First name", "Last name", "Street", "City", "E-mail", "Phone"]
    cells = ["Ann", "Ash", "Via 1", "Rome", "ann@example.com", "+390612345678"]
    yield Case(
        "header_under_group_headings.csv",
        written([groups, under, cells]).encode(),
        numbered([cells], 3),
        header_row=2,
        columns=under,
        mapping=["first_name", "last_name", "street", "city", "email", "phone"],
    )
    merged, lower = ["Name", "Contact", "", "Address"], ["", "E-mail", "Phone", "City"]
    cells = ["Ann Ash", "ann@example.com", "+390612345678", "Rome"]
    yield Case(
        "header_over_two_rows.csv",
        written([merged, lower, cells]).encode(),
        numbered([cells], 3),
        header_row=2,
        columns=["Name", "E-mail", "Phone", "City"],
        mapping=["full_name", "email", "phone", "city"],
    )
    plain = [["Ann", "Ash", "Rome"], ["Ben", "Bay", "Oslo"], ["Cy", "Cox", "Rome"]]
    yield Case(
        "no_header_but_values_repeat.csv",
        written(plain).encode(),
        numbered(plain, 1),
        header_row=0,
        columns=["Column A", "Column B", "Column C"],
    )
