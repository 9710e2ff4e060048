"""The contact's fields: one item for each, with all that is known of it.

The tables, the API's schema, the pages, SQL, search and undo take their columns from this list.
So a new text field is an entry here and a migration that adds its column to `contacts` and
`contact_import_rows`. Its place in the list is its place on the contact's page, and in the choice
of what a column of a file is.

Aliases stand in the order of how well they fit: where two columns fit one field, the earlier alias
wins. A label that several fields claim goes to the one with the earlier alias, and to the next one
where another column fits the first better. Aliases are compared without case, accents and
punctuation (`reading.labels`); languages: English, German, French, Spanish, Portuguese, Italian,
Dutch; the columns of Google's and Outlook's exports are among them. Further languages stand in
`aliases`, and the words around a field's name in `label_words`.
"""

from dataclasses import dataclass
from operator import attrgetter

from webapp.vocabulary.catalogue import gettext, gettext_noop


@dataclass(frozen=True)
class Field:
    """One field of a contact, or what else a column of a file can be mapped to."""

    name: str  # the column's, and the API's
    english: str  # its label, as the catalogue has it
    max_length: int  # characters, as they stand in the file
    aliases: str  # separated by " | "

    multiline: bool = False  # its values keep their line ends and tabs
    lines: int = 1  # that the contact's page shows at least

    # A contact can have several, each with a label; of a row's the first is the main one.
    several: bool = False
    in_full_name: bool = False  # a full name is split into it, in the order of the list
    in_address: bool = False  # an address is taken whole: all its fields from the same one

    identifies: bool = False  # it says by itself whom a row means; a row needs one such field
    match_rank: int | None = (
        None  # among the keys that contacts are found by; 1 is the strongest
    )
    match_note: str = ""  # said beside the choice to match by it
    unique: bool = False  # no two contacts have the same
    has_key: bool = False  # it is compared by a column derived from it, `<name>_key`

    telling_rank: int | None = None  # how well it tells who a contact is; 1 is best
    list_rank: int | None = None  # its place beside the name in the list of contacts, from 1
    searchable: bool = False  # searches for contacts and for rows of a report look into it
    # Its property in a vCard, and its place in it where that has several parts.
    vcard: str = ""

    @property
    def label(self) -> str:
        """What a person reads for it."""
        return gettext(self.english)

    @property
    def key(self) -> str:
        """The column by which contacts are found that have the same value."""
        return f"{self.name}_key" if self.has_key else self.name


LONGEST_LABEL = (
    10_000  # characters of a cell that says which address it is; the rest is not read
)

FIELDS = (
    Field(
        "external_id",
        "External ID",
        200,
        "external id | customer id | contact id | record id | client id | member id"
        " | member number | membership number | customer number | customer no | kundennummer"
        " | kunden nr | kundennr | mitgliedsnummer | mitglieds nr | numero client"
        " | numero de client | numero adherent | id cliente | numero cliente | numero de cliente"
        " | codigo cliente | codigo do cliente | codice cliente | klantnummer | lidnummer"
        " | relatienummer | user id | account number | id | uid"
        " | client number | client no | user number | customer reference"
        " | customer ref | customer code | client code | crm id | debitorennummer"
        " | debitor nr | kunden id | kundennummer id | adressnummer | adress nr | personen nr"
        " | numero d adherent | code client | reference client | num client"
        " | numero de membre | id contacto | numero de socio | numero socio | codigo de cliente"
        " | matricula"
        " | id contatto | numero tessera | relatienr | klant id",
        identifies=True,
        match_rank=1,
        unique=True,
        telling_rank=3,
        searchable=True,
        vcard="UID",
    ),
    Field(
        "email",
        "E-mail",
        254,
        "email | e mail | email address | e mail address | emailadresse | e mail adresse | mail"
        " | mail address | mailadresse | emailid | adresse email | adresse e mail | adresse mail"
        " | adresse electronique | adresse de messagerie | courriel | mel | correo electronico"
        " | correo | direccion de correo electronico | direccion de correo | direccion de e mail"
        " | e mail direccion | correio eletronico | endereco de email | endereco de e mail"
        " | endereco de correio eletronico | posta elettronica | indirizzo email"
        " | indirizzo e mail | indirizzo di posta elettronica | indirizzo posta elettronica"
        " | e mailadres | emailadres | e mail adres"
        " | electronic mail | email address primary | emailid | mail id | e mail id"
        " | mail addresse | elektronische post | adresse courriel"
        " | adresse electronique email | couriel | correo e | email pessoal",
        identifies=True,
        match_rank=2,
        unique=True,
        has_key=True,
        several=True,
        telling_rank=1,
        list_rank=1,
        searchable=True,
        vcard="EMAIL",
    ),
    Field(
        "prefix",
        "Prefix",
        100,
        "prefix | name prefix | salutation | honorific | honorific prefix | name title"
        " | courtesy title | anrede | titel | akademischer titel | civilite | titre de civilite"
        " | prefixe du nom | tratamiento | titulo | titulo de cortesia | prefijo del nombre"
        " | tratamento | pronome de tratamento | prefixo | titolo | titolo di cortesia"
        " | appellativo | aanhef | aanspreektitel | titulatuur | title | titre"
        " | title prefix | form of address | titre honorifique | titel prefix"
        " | titel vor dem namen | vorangestellter titel | namenstitel | titre prefixe | trato"
        " | sr sra | pronome",
        searchable=True,
        vcard="N:4",
    ),
    Field(
        "first_name",
        "First name",
        200,
        "first name | firstname | given name | forename | fname | name first | vorname | rufname"
        " | prenom | nombre | nombre de pila | primeiro nome | nome proprio | nome"
        " | nome di battesimo | voornaam | roepnaam"
        " | christian name | given names | first names | forenames | f name | prenoms"
        " | vornamen | ruf name | nombres | nome de batismo | voornamen",
        identifies=True,
        in_full_name=True,
        searchable=True,
        vcard="N:2",
    ),
    Field(
        "middle_name",
        "Middle name",
        200,
        "middle name | middle names | middlename | additional name | additional names"
        " | name middle | mname | middle initial | weitere vornamen | weiterer vorname"
        " | zweiter vorname | zweitname | mittelname | deuxieme prenom | second prenom"
        " | autres prenoms | segundo nombre | nombre medio | otros nombres | segundo nome"
        " | nome do meio | nomes do meio | secondo nome | altri nomi | tweede naam"
        " | tweede voornaam | middelste naam | overige voornamen"
        " | middle | second given name | 2nd first name | zusatzname | 2 vorname",
        searchable=True,
        vcard="N:3",
    ),
    Field(
        "last_name",
        "Last name",
        200,
        "last name | lastname | surname | family name | lname | name last | nachname"
        " | familienname | zuname | nom | nom de famille | apellidos | apellido | primer apellido"
        " | sobrenome | apelido | ultimo nome | cognome | achternaam | familienaam"
        " | last names | surnames | l name | second name last | familien name | zu name"
        " | nom usuel | nom patronymique | apellido paterno | primer y segundo apellido"
        " | ultimo apellido | cognomi | achternamen",
        identifies=True,
        in_full_name=True,
        telling_rank=2,
        searchable=True,
        vcard="N:1",
    ),
    Field(
        "suffix",
        "Suffix",
        100,
        "suffix | name suffix | honorific suffix | generational suffix | namenssuffix"
        " | namenszusatz | suffixe | suffixe du nom | sufijo | sufijo del nombre | sufixo"
        " | sufixo do nome | suffisso | suffisso del nome | achtervoegsel | titel achter de naam",
        searchable=True,
        vcard="N:5",
    ),
    Field(
        "phone",
        "Phone",
        500,
        "phone | phone number | contact number | telephone | telephone number | tel | tel no"
        " | phone no | mobile | mobile phone | mobile number | mobile phone number | mobilephone | cell | cell phone"
        " | cell number | cellphone | telefon | telefonnummer | telefon nr | tel nr | handy"
        " | handynummer | mobil | mobilnummer | mobiltelefon | rufnummer | festnetz"
        " | haupttelefon | numero de telephone | telephone portable | telephone mobile"
        " | tel mobile | tel portable | portable | gsm | telefono | numero de telefono"
        " | telefono movil | telefono celular | movil | celular | telefone | numero de telefone"
        " | telemovel | telefone celular | telefone movel | numero di telefono"
        " | telefono cellulare | cellulare | telefoon | telefoonnummer | mobiele telefoon"
        " | mobiel | mobiel nummer"
        " | landline | telephone mobile number | contact phone number"
        " | cellular | cellular phone | telephone no | phone nr | mobile no"
        " | tel mobile | day phone | daytime phone | evening phone | direct phone"
        " | direct line | direct dial | mobilfunk | mobilfunknummer | mobilruf"
        " | telefonnummer mobil | telefon mobil | handy mobil | fon | festnetznummer | natel"
        " | tel cell | tel kom | telefon kom"
        " | telefonnummer festnetz | durchwahl | n de telephone | telephone fixe | tel fixe"
        " | numero de portable | numero de mobile | tel port | tel | telefono fijo"
        " | telefono contacto | numero de movil | numero de celular | cel | telefono cell"
        " | telefone fixo | celular whatsapp | cell | recapito telefonico | telefono fisso"
        " | numero cellulare | tel nummer | gsm nummer | vast telefoonnummer | 06 nummer",
        identifies=True,
        match_rank=3,
        match_note=gettext_noop("often shared"),
        has_key=True,
        several=True,
        telling_rank=4,
        list_rank=3,
        searchable=True,
        vcard="TEL",
    ),
    Field(
        "company",
        "Company",
        200,
        "company | company name | organization | organisation | organization name"
        " | organisation name | employer | account name | business name | associated company"
        " | firma | firmenname | unternehmen | arbeitgeber | entreprise | societe"
        " | nom de l entreprise | employeur | empresa | nombre de la empresa | compania"
        " | organizacion | nome da empresa | organizacao | azienda | societa | ditta"
        " | nome azienda | organizzazione | bedrijf | bedrijfsnaam | organisatie | werkgever"
        " | company organization | company or organization | organization company"
        " | company organisation | current company | related company | place of work | firm | workplace"
        " | business | firma name | firmenbezeichnung | firma organisation | institution"
        " | organisation firma | raison sociale | nom de la societe | nom de l organisation"
        " | organisme | etablissement | razon social | nombre de empresa"
        " | empresa organizacion | entidad | razao social | nome fantasia | ragione sociale"
        " | denominazione | nome societa | ente | naam bedrijf | bedrijf organisatie",
        list_rank=2,
        searchable=True,
        vcard="ORG:1",
    ),
    Field(
        "department",
        "Department",
        200,
        "department | dept | department name | organization department | organisation department"
        " | company department | division | abteilung | fachabteilung | unternehmensbereich"
        " | service departement | departement service | nom du service | service de l entreprise"
        " | departamento | departamento de la empresa | departamento da empresa | setor | reparto"
        " | dipartimento | divisione | afdeling | afdelingsnaam | service"
        " | work department | business unit | dienststelle | referat"
        " | departement",
        searchable=True,
        vcard="ORG:2",
    ),
    Field(
        "job_title",
        "Job title",
        200,
        "job title | jobtitle | organization title | position | title | role | occupation"
        " | profession | berufsbezeichnung | beruf | stellung | funktion | intitule du poste"
        " | titre du poste | poste | fonction | profession metier | titre | puesto"
        " | puesto de trabajo | cargo | funcao | profissao | qualifica | posizione | ruolo"
        " | mansione | posizione lavorativa | functietitel | functie | beroep"
        " | position title | current position | current title | job role | job position"
        " | designation | job | function | berufsbezeichnung titel | jobtitel | tatigkeit"
        " | titre professionnel | intitule de poste | metier | cargo puesto | ocupacion"
        " | puesto cargo | profesion | funcao cargo | professione | incarico | carica"
        " | functie omschrijving",
        vcard="TITLE",
    ),
    Field(
        "street",
        "Street",
        300,
        "street | street address | address street | address | address line | postal address"
        " | strasse | strasse und hausnummer | strasse nr | anschrift | adresse | rue"
        " | adresse postale | numero et rue | calle | direccion | direccion postal | domicilio"
        " | rua | endereco | morada | logradouro | via | indirizzo | straat"
        " | straat en huisnummer | adres"
        " | street address line | address line street | street line | street name"
        " | street name and number | street and house number | house number and street"
        " | strassenname"
        " | strasse und hausnr | strasse hausnummer | strasse hausnr | strasse und nummer"
        " | postanschrift | adresse postale rue | rue et numero | adresse ligne"
        " | ligne d adresse | voie | libelle voie | linea de direccion | calle y numero"
        " | direccion linea | domicilio calle | logradouro endereco | linha de endereco"
        " | endereco linha | indirizzo via | via e numero civico | indirizzo riga"
        " | adresregel | straatnaam",
        multiline=True,
        in_address=True,
        vcard="ADR:3",
    ),
    Field(
        "city",
        "City",
        200,
        "city | town | locality | address city | stadt | ort | wohnort | ville | commune"
        " | localite | ciudad | poblacion | localidad | municipio | cidade | localidade"
        " | municipio cidade | citta | comune | localita | stad | plaats | woonplaats"
        " | city town | town city | town or city | suburb city | city name | stadt ort"
        " | wohnort ort | gemeinde | city locality | ville commune | ciudad poblacion"
        " | ciudad localidad | nome da cidade | citta comune | woonplaats stad | plaatsnaam",
        in_address=True,
        vcard="ADR:4",
    ),
    Field(
        "region",
        "Region",
        200,
        "state region | state province | state or province | region | state | province | county"
        " | address region | address state | bundesland | kanton | departement | etat | provincia"
        " | estado | region provincia | comunidad autonoma | distrito | regiao | uf | regione"
        " | provincie | regio"
        " | province state | state county | county state | state code | province code"
        " | region code | state abbreviation | prov | kanton bundesland | bundesland kanton"
        " | region etat | etat province | departamento provincia | provincia estado"
        " | estado provincia | prov regione | provincia regione",
        in_address=True,
        vcard="ADR:5",
    ),
    Field(
        "postal_code",
        "Postal code",
        32,
        "postal code | postcode | post code | zip | zip code | zipcode | zip postal code"
        " | address postal code | address zip | plz | postleitzahl | code postal | codigo postal"
        " | cp | cep | codice postale | cap | postnummer"
        " | postal | postcode zip | zip or postal code | zip code postal code"
        " | plz postleitzahl | postleit zahl | cod postal | codigo postal cp"
        " | cap codice postale | postcode nummer",
        in_address=True,
        vcard="ADR:6",
    ),
    Field(
        "country",
        "Country",
        100,
        "country | country region | address country | country name | land | land region | staat"
        " | pays | pays region | pais | pais region | pais o region | paese"
        " | paese area geografica | nazione | land regio | nation"
        " | country code | country iso | iso country | country iso code"
        " | country of residence | country territory | landescode | landerkennzeichen | lkz"
        " | land code | code pays | pays code | codigo de pais | codigo pais | pais codigo"
        " | codice paese | landcode",
        in_address=True,
        vcard="ADR:7",
    ),
    Field(
        "website",
        "Website",
        500,
        "website | web site | website url | url | homepage | home page | web page | webpage"
        " | web address | webseite | webadresse | internetseite | internet | site web"
        " | site internet | page web | sitio web | pagina web | pagina da web | web | site | sito"
        " | sito web | sito internet | webpagina"
        " | company website | company url | homepage url | website address | web url"
        " | internetadresse | homepage adresse | adresse web | url du site | site web url"
        " | direccion web | enlace web | endereco web | indirizzo web | sito url | webadres",
        vcard="URL",
    ),
    Field(
        "birthday",
        "Birthday",
        64,  # it is kept as YYYY-MM-DD, or --MM-DD where the year is unknown
        "birthday | birth date | birthdate | date of birth | dob | geburtstag | geburtsdatum"
        " | geb datum | date de naissance | anniversaire | fecha de nacimiento | cumpleanos"
        " | data de nascimento | aniversario | data di nascita | compleanno | geboortedatum"
        " | verjaardag"
        " | birth | date birth | birthday date | bday | geb dat | geb tag | geboren"
        " | geboren am | geb am | geburts datum | geb | ne le | nee le | date naissance | ddn"
        " | fecha nacimiento | f nacimiento | nacimiento | dt nascimento | data nascimento"
        " | nascimento | dt nasc | nato il | nata il | data nascita | geb datum | geboren op"
        " | born | born on | d o b | naissance | fodd | fodt",
        vcard="BDAY",
    ),
    Field(
        "notes",
        "Notes",
        10_000,
        "notes | note | comment | comments | description | remarks | notizen | notiz | bemerkung"
        " | bemerkungen | anmerkung | anmerkungen | kommentar | remarque | remarques"
        " | commentaire | commentaires | notas | nota | comentario | comentarios | observaciones"
        " | observacoes | descricao | descripcion | osservazioni | commenti | descrizione"
        " | opmerking | opmerkingen | notities | omschrijving"
        " | additional notes | additional information | additional comments | message | memo"
        " | info | remark | contact notes | hinweis | hinweise | zusatzinformationen"
        " | nachricht | observations | observation | message commentaire | observacion"
        " | mensaje | anotacoes | anotacao | mensagem | messaggio | annotazioni | bericht"
        " | aantekeningen",
        multiline=True,
        lines=3,
        vcard="NOTE",
    ),
)


def ranked(rank: str) -> tuple[str, ...]:
    """The names of the fields that have such a rank, the first of them first."""
    having = [field for field in FIELDS if getattr(field, rank) is not None]
    return tuple(field.name for field in sorted(having, key=attrgetter(rank)))


SCALARS = tuple(
    field.name for field in FIELDS
)  # the text columns of contacts and of staged rows
NAMES = tuple(field.name for field in FIELDS if field.in_full_name)
# The parts of a name, in the order in which they are said.
WHOLE_NAME = ("prefix", "first_name", "middle_name", "last_name", "suffix")
ADDRESS = tuple(field.name for field in FIELDS if field.in_address)
SEARCHED = tuple(field.name for field in FIELDS if field.searchable)
SEVERAL = tuple(field.name for field in FIELDS if field.several)
# What a person may say of one of several e-mails or phones.
ADDRESS_LABELS = {
    "work": gettext_noop("work"),
    "home": gettext_noop("home"),
    "mobile": gettext_noop("mobile"),
    "other": gettext_noop("other"),
}
# What stands in the journal of several e-mails or phones, beside the main one.
BESIDE_ADDRESSES = {
    "further_emails": gettext_noop("Further e-mails"),
    "further_phones": gettext_noop("Further phones"),
}
LISTED = ranked("list_rank")
TELLING = ranked("telling_rank")
# What a contact without a name is called by.
CALLED = tuple(name for name in TELLING if name not in NAMES)
FULL_NAME = Field(
    "full_name",
    "Full name",
    400,
    "full name | fullname | name | display name | contact name | contact person | contact"
    " | vollstandiger name | vor und nachname | anzeigename | kontakt | ansprechpartner"
    " | first and last name | first name and last name | first last name | name surname"
    " | name and surname | contact full name | vor und zuname | vorname nachname"
    " | vorname und nachname | vor nachname | prenom nom"
    " | nom complet | prenom et nom | nom affiche | nombre completo"
    " | nombre y apellidos | nombre y apellido | nombre apellidos"
    " | nome e sobrenome | nominativo | voor en achternaam"
    " | nome completo | nome e cognome | nome visualizzato"
    " | volledige naam | naam | weergavenaam",
)
FULL_NAME_FAMILY_FIRST = Field(
    "full_name_family_first",
    "Full name (family name first)",
    400,
    "full name family name first | name vorname | nachname vorname"
    " | nachname und vorname | familienname vorname | zuname vorname"
    " | last name first name | last first | lastname firstname | surname first name"
    " | surname given name | surname and first name | nom prenom | nom et prenom | nom prenoms"
    " | nom et prenoms | noms et prenoms | apellidos y nombre | apellidos y nombres"
    " | apellido y nombre | apellidos nombre | apellido nombre | cognome e nome | cognome nome"
    " | naam voornaam | achternaam voornaam | efternamn fornamn | etternavn fornavn"
    " | efternavn fornavn | sukunimi etunimi | nazwisko i imie | nazwisko imie | prijmeni a jmeno"
    " | prijmeni jmeno | фио | ф и о | фамилия имя | фамилия имя отчество | фамилия и имя | nev"
    " | teljes nev | vezeteknev keresztnev | ho va ten | ho ten",
)
# A column of phones may stand beside one of their countries' codes.
CALLING_CODE = Field(
    "calling_code",
    "Calling code of the phone",
    40,
    "calling code of the phone | calling code | country calling code | phone calling code | phone country code"
    " | telephone country code | mobile country code | dialing code | dialling code | dial code"
    " | isd code | phone code | phone prefix | country code | country prefix | landervorwahl"
    " | landesvorwahl | vorwahl land | internationale vorwahl | indicatif | indicatif pays"
    " | indicatif telephonique | indicatif du pays | code pays | prefijo | prefijo internacional"
    " | prefijo pais | codigo de pais | codigo pais | codigo do pais | ddi | prefisso"
    " | prefisso internazionale | prefisso paese | landnummer | landcode | landencode",
)
TAGS = Field(
    "tags",
    "Tags",
    2_000,
    "tags | tag | labels | label | groups | group | group membership | categories | category"
    " | segments | schlagworte | schlagworter | stichworte | gruppen | gruppe | kategorien"
    " | kategorie | etiquettes | groupes | categorie | categories libelles | etiquetas"
    " | grupos | categorias | categoria | etichette | gruppi | labels en categorieen"
    " | groepen | categorieen",
)
HOUSE_NUMBER = Field(
    "house_number",
    "House number",
    20,
    "house number | house no | street number | street no | building number | hausnummer | haus nr"
    " | hnr | numero de rue | numero de voie | numero rue | numero de calle | numero exterior"
    " | numero civico | civico | huisnummer | huisnr",
)
# A column of addresses may stand beside one that says of each whether it is for work or at home.
EMAIL_LABEL = Field(
    "email_label",
    "E-mail label",
    LONGEST_LABEL,
    "e mail label | email label | mail label | e mail type | email type | e mail typ | email typ"
    " | type email | type e mail | type d e mail | tipo de email | tipo email | tipo e mail"
    " | tipo de correo | e mail bezeichnung | libelle e mail | etiqueta de correo | etichetta email",
)
PHONE_LABEL = Field(
    "phone_label",
    "Phone label",
    LONGEST_LABEL,
    "phone label | telephone label | phone type | telephone type | phone number type"
    " | telefon typ | telefontyp | type de telephone | type telephone | tipo de telefono"
    " | tipo telefono | tipo de telefone | tipo di telefono | tipo telefone"
    " | telefon bezeichnung | libelle telephone | etiqueta de telefono | etichetta telefono",
)
WHOLE_NAMES = (FULL_NAME, FULL_NAME_FAMILY_FIRST)
FULL_NAMES = frozenset(field.name for field in WHOLE_NAMES)
# What is joined to a field, or split into several, and has no column of its own.
BESIDE_FIELDS = (*WHOLE_NAMES, CALLING_CODE, EMAIL_LABEL, PHONE_LABEL, HOUSE_NUMBER, TAGS)
TARGETS = {field.name: field for field in (*FIELDS, *BESIDE_FIELDS)}
# Several columns may go to each of these.
REPEATABLE = frozenset({*SEVERAL, EMAIL_LABEL.name, PHONE_LABEL.name})
IDENTITY = frozenset(name for name, field in TARGETS.items() if field.identifies)
CUSTOM = "custom:"
LONGEST_CUSTOM_LABEL = 100
LONGEST_CUSTOM_VALUE = 10_000


def is_target(target: str) -> bool:
    """Whether a column may be mapped to this.

    That is a field of the list, or `custom:` and a label of 1 to 100 characters.
    """
    label = target.removeprefix(CUSTOM)
    named = 0 < len(label.strip()) <= LONGEST_CUSTOM_LABEL and label.isprintable()
    return target in TARGETS or (target != label and named)


def is_multiline(target: str) -> bool:
    """Whether the values of this field may have several lines; those of custom fields may."""
    return target not in TARGETS or TARGETS[target].multiline


def least_lines(target: str) -> int:
    """How many lines of a field the contact's page shows at least."""
    return TARGETS[target].lines if target in TARGETS else 1


def label_of(target: str) -> str:
    """What a target, or a field of the journal, is called on a page: a custom field as it calls
    itself, and `email:<key>` an e-mail.
    """
    if target.startswith(CUSTOM):
        return target.removeprefix(CUSTOM)
    if target in BESIDE_ADDRESSES:
        return gettext(BESIDE_ADDRESSES[target])

    kind, _, key = target.partition(":")
    name = kind if key and kind in SEVERAL else target
    return TARGETS[name].label if name in TARGETS else target
