"""What stands before a name and behind it: titles, generations and credentials."""

import re

from webapp.checking.name_words import (
    AND,
    CREDENTIALS,
    GENERATIONS,
    IN_FAMILY_NAMES,
    OF_DOCTOR,
    RISKY_CREDENTIALS,
    RISKY_TITLES,
    TITLES,
    bare,
)

CAPITALS = re.compile(
    r"(?:Mc|Mac|O['\u2019]|[dDlL]['\u2019])?([^\W\d_]{2,}(?:['\u2019.-][^\W\d_]+)*)\.?"
)
CREDENTIAL_SHAPE = re.compile(r"[A-Z][A-Za-z]*(?:[.&/-]?[A-Z][A-Za-z]*)+[.\u2122\xae]?")
LEAST_CREDENTIAL = 3  # letters of one that is on no list: two are initials
OF_A_COLLEGE = "(FH)"  # stands behind an Austrian Mag. or Dipl.-Ing.
TWO_WORDS = 2


def split_titles(words: list[str], least: int) -> tuple[list[str], list[str]]:
    """Titles in front, and the words behind them, of which so many stay at least."""
    end = 0

    while end < len(words) - least:
        word, left = words[end], len(words) - end
        if (
            is_title(word) and (bare(word) not in RISKY_TITLES or left > TWO_WORDS or end)
        ) or (end and is_of_doctor(word)):
            end += 1
        elif end and bare(word) in AND and left > TWO_WORDS and is_title(words[end + 1]):
            end += 2  # Mr. and Mrs.
        else:
            break

    return words[:end], words[end:]


def is_title(word: str) -> bool:
    """Dr., Mrs., Dipl.-Ing."""
    plain = bare(word)
    return plain in TITLES or plain.startswith(("dipl-", "dr-", "univ-", "prof-"))


def are_titles(words: list[str]) -> bool:
    """Dr. med., Mrs., Dipl.-Ing.: such a piece stands before the name, wherever it was written."""
    return is_title(words[0]) and bare(words[0]) not in RISKY_TITLES and all(
        is_title(word) or is_of_doctor(word) for word in words
    )  # fmt: skip


def is_of_doctor(word: str) -> bool:
    """What stands behind a Dr.: med., rer. nat."""
    return word == OF_A_COLLEGE or (
        bare(word) in OF_DOCTOR and ("." in word or word.islower())
    )


def split_suffixes(words: list[str], least: int) -> tuple[list[str], list[str]]:
    """The words before what stands behind a name, of which so many stay at least, and that."""
    cut = len(words)
    in_capitals = all(map(is_capital, words))

    while cut > least:
        word = words[cut - 1]
        plain = bare(word)
        if plain in IN_FAMILY_NAMES or not (
            plain in GENERATIONS
            or (is_credential(word) and not (in_capitals and plain in RISKY_CREDENTIALS))
        ):
            break

        cut -= 1

    return words[:cut], words[cut:]


def is_credential(word: str) -> bool:
    """MBA, Ph.D., MSc; not Ma, which is a name."""
    plain = bare(word)
    return plain in GENERATIONS or (
        plain in CREDENTIALS and sum(map(str.isupper, word)) >= min(2, len(plain))
    )


def is_small_credential(word: str) -> bool:
    """Behind a comma, “mba” can be nothing else."""
    return word.islower() and bare(word) in CREDENTIALS - RISKY_CREDENTIALS


def is_risky(word: str) -> bool:
    """MA, DO: a credential that may be a name."""
    return bare(word) in RISKY_CREDENTIALS


def is_like_credential(word: str) -> bool:
    """Whether a word is written as credentials are: mostly in capitals."""
    letters, capitals = sum(map(str.isalpha, word)), sum(map(str.isupper, word))
    return (
        letters >= LEAST_CREDENTIAL
        and capitals * 2 >= letters
        and CREDENTIAL_SHAPE.fullmatch(word) is not None
    )


def is_capital(word: str) -> bool:
    """Whether a word is in capitals, but for the Mc of a McDONALD."""
    found = CAPITALS.fullmatch(word)
    return found is not None and found[1].replace("\xdf", "").isupper()
