"""The contact's fields: what a column of a file can be mapped to, its label, limit and the names it goes by.

Aliases are compared without case, accents and punctuation (see `normalised`); languages: English, German, French,
Spanish, Portuguese, Italian, Dutch.
"""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of a contact; `max_length` in characters."""

    name: str
    label: str
    max_length: int
    aliases: str  # separated by " | "


FIELDS = (
    Field(
        "external_id",
        "External ID",
        200,
        "external id | customer id | contact id | record id | client id | member id | member number | customer number"
        " | kundennummer | mitgliedsnummer | kunden nr | numero client | id cliente | codigo cliente | klantnummer"
        " | lidnummer | user id | id | uid | account number | customer no",
    ),
    Field(
        "email",
        "E-mail",
        254,
        "email | e mail | email address | e mail address | mail | email 1 | e mail 1 | e mail 1 value | email 1 value"
        " | primary email | primary email address | work email | emailadresse | e mail adresse | adresse email"
        " | adresse e mail | courriel | mel | correo | correo electronico | correio eletronico | endereco de email"
        " | posta elettronica | indirizzo email | e mailadres | emailadres | emailid",
    ),
    Field(
        "first_name",
        "First name",
        200,
        "first name | firstname | given name | forename | vorname | prenom | nombre | nombre de pila | primeiro nome"
        " | nome | voornaam | name first",
    ),
    Field(
        "last_name",
        "Last name",
        200,
        "last name | lastname | surname | family name | nachname | familienname | nom | nom de famille | apellido"
        " | apellidos | sobrenome | apelido | cognome | achternaam | name last",
    ),
    Field(
        "phone",
        "Phone",
        64,
        "phone | phone number | telephone | tel | telephone number | phone 1 | phone 1 value | primary phone"
        " | mobile | mobile phone | cell | cell phone | work phone | business phone | telefon | telefonnummer | handy"
        " | mobil | mobiltelefon | rufnummer | telefone | celular | telemovel | telefono | movil | cellulare"
        " | numero de telephone | portable | telefoon | telefoonnummer | mobiel",
    ),
    Field(
        "company",
        "Company",
        200,
        "company | company name | organization | organisation | organization name | organization 1 name | employer"
        " | account name | business name | firma | unternehmen | entreprise | societe | empresa | azienda | societa"
        " | bedrijf | organisatie",
    ),
    Field(
        "job_title",
        "Job title",
        200,
        "job title | title | position | role | organization title | organization 1 title | jobtitle | beruf"
        " | stellung | funktion | poste | fonction | intitule du poste | cargo | puesto | ruolo | qualifica"
        " | functie | functietitel",
    ),
    Field(
        "street",
        "Street",
        300,
        "street | street address | address | address 1 | address line 1 | mailing street | business street"
        " | home street | address 1 street | strasse | anschrift | adresse | rue | calle | direccion | domicilio"
        " | rua | endereco | morada | via | indirizzo | straat | adres",
    ),
    Field(
        "city",
        "City",
        200,
        "city | town | locality | mailing city | business city | home city | address 1 city | stadt | ort | ville"
        " | ciudad | localidad | cidade | localidade | citta | comune | stad | plaats | woonplaats",
    ),
    Field(
        "region",
        "Region",
        200,
        "region | state | province | state region | county | mailing state | business state | home state"
        " | address 1 region | bundesland | kanton | departement | provincia | estado | distrito | regione | provincie",
    ),
    Field(
        "postal_code",
        "Postal code",
        32,
        "postal code | postcode | zip | zip code | zip postal code | mailing zip postal code | business postal code"
        " | home postal code | address 1 postal code | plz | postleitzahl | code postal | codigo postal | cep | cap",
    ),
    Field(
        "country",
        "Country",
        100,
        "country | country region | mailing country | business country region | home country region"
        " | address 1 country | land | pays | pais | paese | nazione | nation",
    ),
    Field(
        "website",
        "Website",
        500,
        "website | web site | url | homepage | web page | website url | website 1 value | webseite | internetseite"
        " | site web | site internet | sitio web | pagina web | site | sito | sito web",
    ),
    Field(
        "birthday",
        "Birthday",
        10,
        "birthday | birth date | date of birth | dob | birthdate | geburtstag | geburtsdatum | date de naissance"
        " | anniversaire | fecha de nacimiento | cumpleanos | data de nascimento | aniversario | data di nascita"
        " | compleanno | geboortedatum | verjaardag",
    ),
    Field(
        "notes",
        "Notes",
        10_000,
        "notes | note | comment | comments | description | remarks | notizen | bemerkung | bemerkungen | anmerkung"
        " | kommentar | remarque | commentaire | notas | comentarios | observaciones | observacoes | opmerkingen",
    ),
)

SCALARS = tuple(field.name for field in FIELDS)
FULL_NAME = Field(
    "full_name",
    "Full name",
    400,
    "full name | name | display name | contact name | contact | vollstandiger name | nom complet | nombre completo"
    " | nome completo | volledige naam | naam",
)
TAGS = Field(
    "tags",
    "Tags",
    2_000,
    "tags | tag | labels | groups | group membership | categories | category | schlagworte | stichworte | gruppen"
    " | kategorien | etiquettes | categorie | etiquetas | categorias | etichette | labels en categorieen",
)
TARGETS = {field.name: field for field in (*FIELDS, FULL_NAME, TAGS)}
CUSTOM = "custom:"
LONGEST_CUSTOM_LABEL = 100
LONGEST_CUSTOM_VALUE = 10_000


def is_target(target: str) -> bool:
    """Whether a column may be mapped to this: a field of the list, or `custom:` and a label of 1 to 100 characters."""
    label = target.removeprefix(CUSTOM)
    return target in TARGETS or (target != label and 0 < len(label.strip()) <= LONGEST_CUSTOM_LABEL)


def normalised(text: str) -> str:
    """Lower case, no accents, every run of punctuation one space."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").casefold())
    return re.sub(r"[\W_]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def label_of(target: str) -> str:
    """What a target is called on a page: a field's label, or the custom field's own."""
    return TARGETS[target].label if target in TARGETS else target.removeprefix(CUSTOM)
