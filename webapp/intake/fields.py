"""The contact's fields: what a column of a file can be mapped to, its label, limit and the names it goes by.

Aliases stand in the order of how well they fit: where two columns fit one field, the earlier alias wins. They are
compared without case, accents and punctuation (see `normalised`); languages: English, German, French, Spanish,
Portuguese, Italian, Dutch.
"""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of a contact; `max_length` in characters. A multi-line one keeps its line ends and tabs."""

    name: str
    label: str
    max_length: int
    aliases: str  # separated by " | "
    multiline: bool = False


FIELDS = (
    Field(
        "external_id",
        "External ID",
        200,
        "external id | customer id | contact id | record id | client id | member id | member number"
        " | membership number | customer number | customer no | kundennummer | kunden nr | kundennr"
        " | mitgliedsnummer | mitglieds nr | numero client | numero de client | numero adherent | id cliente"
        " | numero cliente | numero de cliente | codigo cliente | codigo do cliente | codice cliente"
        " | klantnummer | lidnummer | relatienummer | user id | account number | id | uid",
    ),
    Field(
        "email",
        "E-mail",
        254,
        "email | e mail | email address | e mail address | emailadresse | e mail adresse | mail"
        " | mail address | mailadresse | emailid | adresse email | adresse e mail | adresse mail"
        " | adresse electronique | adresse de messagerie | courriel | mel | correo electronico | correo"
        " | direccion de correo electronico | direccion de correo | direccion de e mail | e mail direccion"
        " | correio eletronico | endereco de email | endereco de e mail | endereco de correio eletronico"
        " | posta elettronica | indirizzo email | indirizzo e mail | indirizzo di posta elettronica"
        " | indirizzo posta elettronica | e mailadres | emailadres | e mail adres",
    ),
    Field(
        "first_name",
        "First name",
        200,
        "first name | firstname | given name | forename | fname | name first | vorname | rufname | prenom"
        " | nombre | nombre de pila | primeiro nome | nome proprio | nome | nome di battesimo | voornaam"
        " | roepnaam",
    ),
    Field(
        "last_name",
        "Last name",
        200,
        "last name | lastname | surname | family name | lname | name last | nachname | familienname | zuname"
        " | nom | nom de famille | apellidos | apellido | primer apellido | sobrenome | apelido | ultimo nome"
        " | cognome | achternaam | familienaam",
    ),
    Field(
        "phone",
        "Phone",
        500,
        "phone | phone number | telephone | telephone number | tel | tel no | phone no | mobile"
        " | mobile phone | mobile number | mobile phone number | mobilephone | cell | cell phone"
        " | cell number | cellphone | telefon | telefonnummer | telefon nr | tel nr | handy | handynummer"
        " | mobil | mobilnummer | mobiltelefon | rufnummer | festnetz | haupttelefon | numero de telephone"
        " | telephone portable | telephone mobile | tel mobile | tel portable | portable | gsm | telefono"
        " | numero de telefono | telefono movil | telefono celular | movil | celular | telefone"
        " | numero de telefone | telemovel | telefone celular | telefone movel | numero di telefono"
        " | telefono cellulare | cellulare | telefoon | telefoonnummer | mobiele telefoon | mobiel"
        " | mobiel nummer",
    ),
    Field(
        "company",
        "Company",
        200,
        "company | company name | organization | organisation | organization name | organisation name"
        " | employer | account name | business name | associated company | firma | firmenname | unternehmen"
        " | arbeitgeber | entreprise | societe | nom de l entreprise | employeur | empresa"
        " | nombre de la empresa | compania | organizacion | nome da empresa | organizacao | azienda"
        " | societa | ditta | nome azienda | organizzazione | bedrijf | bedrijfsnaam | organisatie"
        " | werkgever",
    ),
    Field(
        "job_title",
        "Job title",
        200,
        "job title | jobtitle | organization title | position | title | role | occupation | profession"
        " | berufsbezeichnung | beruf | stellung | funktion | intitule du poste | titre du poste | poste"
        " | fonction | profession metier | titre | puesto | puesto de trabajo | cargo | funcao | profissao"
        " | qualifica | posizione | ruolo | mansione | posizione lavorativa | functietitel | functie | beroep",
    ),
    Field(
        "street",
        "Street",
        300,
        "street | street address | address street | address | address line | postal address | strasse"
        " | strasse und hausnummer | strasse nr | anschrift | adresse | rue | adresse postale | numero et rue"
        " | calle | direccion | direccion postal | domicilio | rua | endereco | morada | logradouro | via"
        " | indirizzo | straat | straat en huisnummer | adres",
        multiline=True,
    ),
    Field(
        "city",
        "City",
        200,
        "city | town | locality | address city | stadt | ort | wohnort | ville | commune | localite | ciudad"
        " | poblacion | localidad | municipio | cidade | localidade | municipio cidade | citta | comune"
        " | localita | stad | plaats | woonplaats",
    ),
    Field(
        "region",
        "Region",
        200,
        "state region | state province | state or province | region | state | province | county"
        " | address region | address state | bundesland | kanton | departement | etat | provincia | estado"
        " | region provincia | comunidad autonoma | distrito | regiao | uf | regione | provincie | regio",
    ),
    Field(
        "postal_code",
        "Postal code",
        32,
        "postal code | postcode | post code | zip | zip code | zipcode | zip postal code"
        " | address postal code | address zip | plz | postleitzahl | code postal | codigo postal | cp | cep"
        " | codice postale | cap | postnummer",
    ),
    Field(
        "country",
        "Country",
        100,
        "country | country region | address country | country name | land | land region | staat | pays"
        " | pays region | pais | pais region | pais o region | paese | paese area geografica | nazione"
        " | land regio | nation",
    ),
    Field(
        "website",
        "Website",
        500,
        "website | web site | website url | url | homepage | home page | web page | webpage | web address"
        " | webseite | webadresse | internetseite | internet | site web | site internet | page web"
        " | sitio web | pagina web | pagina da web | web | site | sito | sito web | sito internet | webpagina",
    ),
    Field(
        "birthday",
        "Birthday",
        10,
        "birthday | birth date | birthdate | date of birth | dob | geburtstag | geburtsdatum | geb datum"
        " | date de naissance | anniversaire | fecha de nacimiento | cumpleanos | data de nascimento"
        " | aniversario | data di nascita | compleanno | geboortedatum | verjaardag",
    ),
    Field(
        "notes",
        "Notes",
        10_000,
        "notes | note | comment | comments | description | remarks | notizen | notiz | bemerkung"
        " | bemerkungen | anmerkung | anmerkungen | kommentar | remarque | remarques | commentaire"
        " | commentaires | notas | nota | comentario | comentarios | observaciones | observacoes | descricao"
        " | descripcion | osservazioni | commenti | descrizione | opmerking | opmerkingen | notities"
        " | omschrijving",
        multiline=True,
    ),
)

SCALARS = tuple(field.name for field in FIELDS)
FULL_NAME = Field(
    "full_name",
    "Full name",
    400,
    "full name | fullname | name | display name | contact name | contact person | contact"
    " | vollstandiger name | vor und nachname | anzeigename | kontakt | ansprechpartner | nom complet"
    " | nom et prenom | prenom et nom | nom affiche | nombre completo | nombre y apellidos"
    " | nome completo | nome e cognome | nome visualizzato | volledige naam | naam | weergavenaam",
)
TAGS = Field(
    "tags",
    "Tags",
    2_000,
    "tags | tag | labels | label | groups | group | group membership | categories | category | segments"
    " | schlagworte | schlagworter | stichworte | gruppen | gruppe | kategorien | kategorie | etiquettes"
    " | groupes | categorie | categories libelles | etiquetas | grupos | categorias | categoria"
    " | etichette | gruppi | labels en categorieen | groepen | categorieen",
)
TARGETS = {field.name: field for field in (*FIELDS, FULL_NAME, TAGS)}
CUSTOM = "custom:"
LONGEST_CUSTOM_LABEL = 100
LONGEST_CUSTOM_VALUE = 10_000


def is_target(target: str) -> bool:
    """Whether a column may be mapped to this: a field of the list, or `custom:` and a label of 1 to 100 characters."""
    label = target.removeprefix(CUSTOM)
    named = 0 < len(label.strip()) <= LONGEST_CUSTOM_LABEL and label.isprintable()
    return target in TARGETS or (target != label and named)


def is_multiline(target: str) -> bool:
    """Whether the values of this field may have several lines; those of custom fields may."""
    return target not in TARGETS or TARGETS[target].multiline


def normalised(text: str) -> str:
    """Lower case, no accents, every run of punctuation one space."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").casefold())
    return re.sub(r"[\W_]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def label_of(target: str) -> str:
    """What a target is called on a page: a field's label, or the custom field's own."""
    return TARGETS[target].label if target in TARGETS else target.removeprefix(CUSTOM)
