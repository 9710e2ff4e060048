"""Phone numbers: the E.164 form of a number as people write it."""

from functools import lru_cache

LONGEST = 64

COUNTRIES = {
    "AT": "austria osterreich autriche",
    "AU": "australia australien",
    "BE": "belgium belgien belgique belgie",
    "BR": "brazil brasilien brasil bresil",
    "CA": "canada kanada",
    "CH": "switzerland schweiz suisse svizzera",
    "CZ": "czechia tschechien",
    "DE": "germany deutschland allemagne alemania germania duitsland",
    "DK": "denmark danemark danmark",
    "ES": "spain spanien espana espagne spagna spanje",
    "FI": "finland finnland suomi",
    "FR": "france frankreich francia frankrijk",
    "GB": "uk england scotland wales britain grossbritannien",
    "GR": "greece griechenland",
    "HU": "hungary ungarn",
    "IE": "ireland irland irlande",
    "IN": "india indien inde",
    "IT": "italy italien italia italie",
    "JP": "japan",
    "LU": "luxembourg luxemburg",
    "MX": "mexico mexiko mexique",
    "NL": "netherlands niederlande nederland holland",
    "NO": "norway norwegen norge",
    "NZ": "neuseeland",
    "PL": "poland polen polska",
    "PT": "portugal",
    "SE": "sweden schweden sverige",
    "TR": "turkey turkei turkiye",
    "US": "usa",
}
REGIONS = {name: region for region, names in COUNTRIES.items() for name in names.split()} | {
    "united states": "US",
    "united states of america": "US",
    "vereinigte staaten": "US",
    "united kingdom": "GB",
    "great britain": "GB",
    "new zealand": "NZ",
    "czech republic": "CZ",
}


@lru_cache(maxsize=1000)
def region_of(country: str | None) -> str | None:
    """The ISO code of a country given as a code or a name, None where it is not known."""
    from webapp.intake.fields import normalised  # noqa: PLC0415 - keeps this module's imports flat

    plain = normalised(country or "")
    return plain.upper() if len(plain) == 2 and plain != "uk" else REGIONS.get(plain)  # noqa: PLR2004


@lru_cache(maxsize=10_000)
def key_of(text: str, region: str | None) -> str | None:
    """The number as E.164 (`+4930123456`), or None where it is no possible number in the region."""
    import phonenumbers  # noqa: PLC0415 - 20 MB of tables, needed only where a column holds phones

    if len(text) > LONGEST:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
