"""The countries of ISO 3166: their two letters, and the names by which a cell may mean one."""

import re
from functools import cache, lru_cache

from webapp.checking import cldr
from webapp.reading.labels import normalised

# Written out: the list changes once in some years, and no library that we need has it.
CODES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - readable
)

LONGEST = 100  # characters of a name
# What people and programs write beside the names that the Unicode CLDR has in the languages of
# labels.
OTHER_NAMES = {
    # Some single letters, as on cars, stand in German lists.
    "AE": "uae | emirates | vae",
    "AT": "a",
    "BA": "bosnia | bosnien",
    "BE": "b",
    "BR": "brasil",
    "CD": "democratic republic of the congo | congo democratic republic of the | dr congo"
    " | congo kinshasa | zaire",
    "CG": "republic of the congo | congo brazzaville",
    "CH": "swiss | suisse | svizra",
    "CI": "ivory coast | elfenbeinkuste",
    "CN": "peoples republic of china | p r china | volksrepublik china",
    "CV": "cape verde | kap verde",
    "CZ": "czech republic | tschechische republik | republique tcheque | republica checa"
    " | repubblica ceca | cesko | ceska republika",
    "DE": "federal republic of germany | bundesrepublik deutschland | brd | d",
    "DK": "danmark",
    "EE": "eesti",
    "ES": "espana | e",
    "FI": "suomi",
    "FR": "f",
    "GB": "england | scotland | wales | northern ireland | great britain | britain | schottland"
    " | nordirland | grossbritannien | angleterre | ecosse | grande bretagne | gran bretana"
    " | inglaterra | gra bretanha | gran bretagna | inghilterra | engeland"
    " | groot brittannie",
    "GR": "hellas | ellada",
    "HK": "hong kong | hongkong",
    "HR": "hrvatska",
    "HU": "magyarorszag",
    "IE": "eire | republic of ireland",
    "IS": "island",
    "IT": "i",
    "KR": "korea | republic of korea | s korea",
    "KP": "democratic peoples republic of korea",
    "LA": "lao peoples democratic republic",
    "LT": "lietuva",
    "LU": "l",
    "LV": "latvija",
    "MK": "macedonia | mazedonien",
    "MM": "burma | birma",
    "MO": "macau | macao",
    "NL": "holland | hollande | holanda | olanda",
    "NO": "norge | noreg",
    "PL": "polska",
    "PS": "palestine | palastina",
    "RO": "rumania",
    "RS": "srbija",
    "RU": "russian federation | russische foderation",
    "SE": "sverige",
    "SI": "slovenija",
    "SK": "slovak republic | slowakische republik | slovensko",
    "SY": "syrian arab republic",
    "SZ": "swaziland",
    "TR": "turkey | turkei",
    "TW": "taiwan",
    "TZ": "united republic of tanzania",
    "UA": "ukraina",
    "US": "united states of america | america | amerika | vereinigte staaten von amerika"
    " | etats unis d amerique | estados unidos de america | eeuu | ee uu | eua | etats unis"
    " | stati uniti d america | verenigde staten van amerika | vs | the states",
    "VA": "vatican | holy see",
}
ARTICLES = re.compile(r"(?:the|die|der|le|la|les|l|el|los|las|o|a|os|as|il|lo|i|gli|de|het) ")
AND = re.compile(" (?:and|und|et|y|e|en) ")  # the CLDR has a sign for it


@lru_cache(maxsize=1000)
def code_of(text: str) -> str | None:
    """The two letters of the country that a cell names, None where we know none.

    It may be two or three letters, a name in one of the languages, or a short form: DE, DEU,
    Allemagne, U.S.A. What stands in parentheses or behind a comma is not needed ("Iran, Islamic
    Republic of", "DE - Deutschland").
    """
    text = text[:LONGEST]
    return _named(text) or _named(re.split(r"[,(/-]", text, maxsplit=1)[0])


@cache
def names_of(code: str) -> tuple[str, ...]:
    """What we know a country to be called, in small letters without accents; its letters too."""
    names = {name for name, found in _names().items() if found == code}
    letters = {three.lower() for three, found in cldr.names().codes.items() if found == code}
    return tuple(sorted({code.lower(), *names, *letters}))


def _named(text: str) -> str | None:
    plain = normalised(text)
    letters = plain.replace(" ", "")

    # "U.S.A." and "D.E." are letters with points between them.
    if re.fullmatch(r"[a-z](?: [a-z])+|[a-z]{2,3}", plain):
        code = _code(letters.upper())
        if code:
            return code

    spellings = (plain, letters, ARTICLES.sub("", plain, count=1), AND.sub(" ", plain))
    return next((found for name in spellings if (found := _names().get(name))), None)


def _code(letters: str) -> str | None:
    return letters if letters in CODES else cldr.names().codes.get(letters)


@cache
def _names() -> dict[str, str]:
    """Every name, without case, accents and punctuation, and its country's two letters."""
    others = {name: code for code, some in OTHER_NAMES.items() for name in some.split(" | ")}
    return cldr.names().countries | others
