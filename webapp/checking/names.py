"""A person's whole name, taken apart."""

PARTICLE_WORDS = "van von vom zu zum zur de der den del della di da do das dos du des la le ter ten bin ibn al el"
PARTICLES = frozenset(PARTICLE_WORDS.split())
SUFFIXES = frozenset(
    ("jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "phd", "ph.d.", "md", "m.d.")
)


def split_name(text: str) -> tuple[str, str]:
    """First and last name: “Last, First”, or the last word with the particles before it and a
    Jr. behind.
    """
    last, comma, first = (part.strip() for part in text.partition(","))
    if comma and first.lower() not in SUFFIXES:
        return first, last

    words = text.split()
    if len(words) == 1:
        return words[0], ""

    cut = len(words) - 1
    if cut > 1 and words[cut].lower() in SUFFIXES:
        cut -= 1

    while cut > 1 and words[cut - 1].lower() in PARTICLES:
        cut -= 1

    return " ".join(words[:cut]), " ".join(words[cut:])
