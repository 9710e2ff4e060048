"""What speaks for two contacts being one person, and what against: the one table of weights.

A weight is evidence in bits: 1.0 doubles the odds, -1.0 halves them. They began as a logistic
regression over made-up books of the seeds 1 to 4, and were rounded; tests measure other seeds.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """A finding about a pair: its weight in bits, and why it has it."""

    weight: float
    why: str


LISTED_FROM = 5.2  # bits, from which on a pair is a possible duplicate
EVIDENCE = {
    "same_given": Evidence(1.5, "the same given name, which many others have too"),
    "short_form": Evidence(1.0, "a short form that the table of names knows"),
    "spelling_given": Evidence(1.6, "another spelling of the same sound"),
    "slip_given": Evidence(1.5, "one letter differs, as typing does it"),
    "initial": Evidence(
        3.0, "an initial is written for a person already known, seldom for a stranger"
    ),
    "missing_given": Evidence(0.0, "says nothing"),
    "other_middle": Evidence(-1.5, "father and son often differ by the middle name alone"),
    "other_given": Evidence(-8.0, "spouses, children and colleagues share all but this"),
    "same_family": Evidence(0.6, "families and namesakes share it"),
    "spelling_family": Evidence(2.9, "another spelling of one name is rarer than the name"),
    "slip_family": Evidence(3.0, "one letter differs, as typing does it"),
    "part_of_family": Evidence(2.0, "a double name after a wedding"),
    "missing_family": Evidence(0.0, "says nothing"),
    "other_family": Evidence(-3.3, "a wedding changes it; strangers differ by it"),
    "swapped": Evidence(6.5, "given and family name stand in each other's place"),
    "rare_name": Evidence(2.4, "no one else in the book has the name"),
    "usual_name": Evidence(2.0, "few others in the book have the name"),
    "frequent_name": Evidence(-1.9, "more than a few have it: namesakes"),
    "same_phone": Evidence(
        8.0, "two people at most have the number, and no firm is named beside it"
    ),
    "phone_of_firm": Evidence(4.5, "the number of a firm that both work for"),
    "phone_of_few": Evidence(3.4, "a household, or a small office"),
    "phone_of_many": Evidence(0.0, "a switchboard"),
    "slip_phone": Evidence(5.3, "one digit differs, or two changed places"),
    "other_phone": Evidence(-1.8, "people have several, and still more often are others"),
    "same_birthday": Evidence(7.2, "one of twenty thousand days"),
    "slip_birthday": Evidence(4.5, "day and month changed places, or one digit differs"),
    "other_birthday": Evidence(-11.0, "father and son; it never changes"),
    "slip_email": Evidence(3.0, "one letter of the whole address differs"),
    "same_local": Evidence(
        3.0, "the same sign at another provider, which is not made of the name alone"
    ),
    "name_in_local": Evidence(-0.6, "it is made of the name, which is compared already"),
    "other_email": Evidence(-0.8, "people have several"),
    "same_address": Evidence(4.3, "a household"),
    "address_of_firm": Evidence(0.5, "the house of a firm that both work for"),
    "address_of_many": Evidence(0.4, "an office building"),
    "slip_address": Evidence(4.4, "one letter of the street differs"),
    "other_address": Evidence(-0.4, "people move"),
    "same_city": Evidence(0.8, "towns are large"),
    "other_city": Evidence(-2.2, "people move, seldom from town to town"),
    "same_company": Evidence(4.6, "a namesake in the same firm is rare"),
    "colleague": Evidence(1.0, "of another family name: a colleague"),
    "slip_company": Evidence(2.8, "one letter of the firm differs"),
    "other_company": Evidence(-1.1, "people change firms"),
    "other_suffix": Evidence(-6.0, "Senior and Junior"),
    "other_prefix": Evidence(-4.0, "Mr and Mrs"),
}
