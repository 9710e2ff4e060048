"""What speaks for two contacts being one person, and what against: the one table of weights.

After Fellegi and Sunter: a weight is evidence in bits, 1.0 doubles the odds and -1.0 halves them. A
value that two share tells the more the rarer it is in the book: `per_bit` for each bit of
log2(contacts / contacts with the value). The prior falls with the number of contacts, since in a
larger book more others are alike by chance.

The weights are a logistic regression over the pairs that are compared in made-up books of 8,000
to 100,000 contacts, of the seeds 1 to 4, drawn towards plain guesses, and the prior of seed 9001;
tests measure other seeds.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """A finding about a pair: its weight in bits, why it has it, and what rarity adds to it."""

    weight: float
    why: str
    per_bit: float = 0.0

    def of(self, bits: float) -> float:
        """The evidence in bits, of a value that is so rare in the book."""
        return self.weight + self.per_bit * bits


LISTED_FROM = 0.0  # bits of log-odds: a pair is listed that is likelier one person than two
EVIDENCE = {
    "prior": Evidence(
        -2.0,
        "of n contacts, each has one other that it may be, and n that it is not; not all n count,"
        " since what two share is rarer in a larger book",
        per_bit=-0.7,
    ),
    "same_given": Evidence(3.7, "the rarer, the more it tells", per_bit=0.51),
    "short_form": Evidence(1.1, "a short form that the table of names knows", per_bit=0.58),
    "spelling_given": Evidence(0.8, "another spelling of the same sound", per_bit=0.51),
    "slip_given": Evidence(1.8, "one letter differs, as typing does it", per_bit=0.61),
    "initial": Evidence(
        4.7,
        "an initial is written for a person already known, seldom for a stranger",
        per_bit=0.82,
    ),
    "missing_given": Evidence(0.0, "says nothing"),
    "other_middle": Evidence(-1.5, "father and son often differ by the middle name alone"),
    "other_given": Evidence(-12.3, "spouses, children and colleagues share all but this"),
    "same_family": Evidence(
        -0.4, "families share it; the rarer, the more it tells", per_bit=0.37
    ),
    "spelling_family": Evidence(
        -0.6, "another spelling of one name is rarer than the name", per_bit=0.53
    ),
    "slip_family": Evidence(-1.0, "one letter differs, as typing does it", per_bit=0.49),
    "part_of_family": Evidence(0.1, "a double name after a wedding", per_bit=0.6),
    "missing_family": Evidence(0.0, "says nothing"),
    "other_family": Evidence(-0.8, "a wedding changes it; strangers differ by it"),
    "swapped": Evidence(
        1.9, "given and family name stand in each other's place", per_bit=0.61
    ),
    "same_phone": Evidence(
        10.1, "two people at most have the number, and no firm is named beside it"
    ),
    "phone_of_firm": Evidence(3.9, "the number of a firm that both work for"),
    "phone_of_few": Evidence(
        10.5, "a household, or a small office, whose given names part them"
    ),
    "phone_of_many": Evidence(0.6, "a switchboard"),
    "slip_phone": Evidence(6.1, "one digit differs, or two changed places"),
    "other_phone": Evidence(-2.3, "people have several, and still more often are others"),
    "same_birthday": Evidence(1.2, "one of twenty thousand days", per_bit=0.62),
    "slip_birthday": Evidence(5.6, "day and month changed places, or one digit differs"),
    "other_birthday": Evidence(-15.6, "father and son; it never changes"),
    "slip_email": Evidence(2.6, "one letter of the whole address differs"),
    "same_local": Evidence(
        1.3, "the same sign at another provider, which is not made of the name alone"
    ),
    "name_in_local": Evidence(
        1.9, "it is made of the name, and few who have the name have it"
    ),
    "other_email": Evidence(-1.4, "people have several"),
    "same_address": Evidence(0.2, "a household, or an office building", per_bit=0.53),
    "address_of_firm": Evidence(-2.7, "the house of a firm that both work for", per_bit=0.3),
    "slip_address": Evidence(7.6, "one letter of the street differs"),
    "other_address": Evidence(0.1, "people move"),
    "same_city": Evidence(-1.7, "towns are large, and families stay in them", per_bit=0.13),
    "other_city": Evidence(-5.2, "people move, seldom from town to town"),
    "same_company": Evidence(
        2.6, "a namesake in the same firm is rare, the more so in a small one", per_bit=0.93
    ),
    "colleague": Evidence(-1.2, "of another family name: a colleague", per_bit=0.54),
    "slip_company": Evidence(3.7, "one letter of the firm differs"),
    "other_company": Evidence(-1.9, "people change firms"),
    "other_suffix": Evidence(-6.1, "Senior and Junior"),
    "other_prefix": Evidence(-4.0, "Mr and Mrs"),
    "namesakes": Evidence(
        0.0, "each doubling of those who have the whole name", per_bit=-0.25
    ),
    "slip_city": Evidence(2.2, "one letter of the town differs"),
}
