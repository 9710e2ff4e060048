"""The words of a contact, as the search index keeps them, and those that a search looks for.

What a word is has its one home here, for both sides. Letters are compared without case and accents,
by the rules that Unicode has for no language in particular. A word begins where a text does, behind
a blank or a bracket, and within an address or a double name behind each of `. @ - _ + '`. A search
finds the contacts that have, for each of its words, one that begins with it.

- Of `jo.smith@example.com` the index keeps all of it, `smith@example.com`, `example.com` and `com`.
- Of a phone it keeps the international number, the one that is dialled at home, and the digits from
  the last one on, so that the last four or more of them are a beginning too.
- Chinese, Japanese and Korean have no blanks between words: each two signs that stand side by side
  are a word, and so is the last one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST = 64  # signs of a word that are kept and compared
MOST_WORDS = 2_000  # of a contact; twenty addresses in all their parts come to a few hundred
MOST_SOUGHT = 32  # words of a search; those behind them are left out
LAST_DIGITS = 4  # of a phone, from which on it is found by its end

SHORT = 2  # signs, up to which a beginning belongs to a great many words
BACKWARDS = (
    "#"  # stands before the digits of a phone from the last one on, and in no other word
)
SIGNS = ".@-_+'"  # join the parts of an address or a name
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2212"
_APOSTROPHES = "\u2019\u2018\u02bc`"
_PLAIN = {
    **dict.fromkeys("ßẞ", "ss"),
    **dict.fromkeys("æÆ", "ae"),
    **dict.fromkeys("œŒ", "oe"),
    **dict.fromkeys("øØ", "o"),
    **dict.fromkeys("łŁ", "l"),
    **dict.fromkeys("đĐðÐ", "d"),
    **dict.fromkeys("þÞ", "th"),
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{GREEK SMALL LETTER FINAL SIGMA}": "\N{GREEK SMALL LETTER SIGMA}",
    **dict.fromkeys(_HYPHENS, "-"),
    **dict.fromkeys(_APOSTROPHES, "'"),
}  # letters and signs that no decomposition makes plain
_FIRST_ACCENT, _LAST_ACCENT = 0x300, 0x36F

_WITHIN = re.compile(r"(?<=[.@\-_+'])[^.@\-_+']")  # where a word begins within another one
_PAIRED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_NUMBER = re.compile(r"[+(]*\d[\d().\-/]*")  # a phone, or what is typed of one between blanks
_KEY = re.compile(r"\+(\d+)(?:;ext=\d+)?")
_CALLING_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{1,3}"
)
_ZERO = (
    "20 27 31 32 33 40 41 43 44 46 49 51 53 54 55 57 58 60 61 62 63 64 66 81 82 84 86 90 91 92"
    " 93 94 95 98 211 212 213 218 231 232 233 234 243 249 250 251 252 254 255 256 260 261 262"
    " 263 264 265 291 353 355 358 359 370 373 374 377 380 381 382 383 385 386 387 389 421 423"
    " 508 590 591 593 594 595 596 598 686 850 855 856 880 886 961 962 963 964 966 967 970 971"
    " 972 976 977 994 995 996"
)
# What is dialled at home before the number, by calling code; elsewhere nothing is.
_AT_HOME = {
    **dict.fromkeys(_ZERO.split(), "0"),
    **dict.fromkeys(("7", "375", "993"), "8"),
    "36": "06",
}

Beginnings = tuple[str, ...]  # of words that a contact has, all of them
Wanted = list[Beginnings]  # one of them is enough


class _Letters(dict[int, str]):
    """What `str.translate` puts for a letter, found when it first occurs: blanks part words."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = found = self._plain(letter, code)
        return found

    def _plain(self, letter: str, code: int) -> str:
        if letter in _PLAIN:
            return _PLAIN[letter]
        if letter in SIGNS:
            return letter

        category = unicodedata.category(letter)
        if _FIRST_ACCENT <= code <= _LAST_ACCENT or category == "Cf":
            return ""

        return " " if category[0] in "PSZC" else letter.lower()


_LETTERS = _Letters()


def folded(text: str) -> str:
    """The text in small letters without accents, with blanks for what parts words."""
    if text.isascii():
        return text.translate(_LETTERS)

    plain = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    return unicodedata.normalize("NFC", plain)


def words_of(texts: str, phones: Iterable[str] = ()) -> list[str]:
    """The words of a contact, each once; `texts` are parted by line ends, phones are keys or what
    has none.
    """
    words: dict[str, None] = {}

    for piece in folded(texts).split():
        if piece.isascii() and piece.isalnum():
            words[piece[:LONGEST]] = None
        else:
            words.update(dict.fromkeys(_parts(piece)))

    for phone in phones:
        words.update(dict.fromkeys(_of_phone(phone)))

    kept = list(words)
    return kept[:MOST_WORDS]


def _parts(piece: str) -> Iterator[str]:
    """The words that begin within what stands between two blanks."""
    if not piece.isascii() and (paired := _PAIRED.findall(piece)):
        for run in paired:
            yield from (run[place : place + 2] for place in range(len(run)))
        for rest in _PAIRED.sub(" ", piece).split():
            yield from _parts(rest)
        return

    piece = piece.strip(SIGNS)
    if not piece:
        return

    yield piece[:LONGEST]
    for begin in _WITHIN.finditer(piece):
        yield piece[begin.start() :][:LONGEST]
    if "'" in piece:
        yield piece.replace("'", "")[:LONGEST]


def _of_phone(phone: str) -> Iterator[str]:
    if not (key := _KEY.fullmatch(phone)):
        digits = "".join(filter(str.isdecimal, folded(phone)))[:LONGEST]
        if len(digits) >= LAST_DIGITS:
            yield from (digits, BACKWARDS + digits[::-1])
        for piece in folded(phone).split():
            yield from _parts(piece)
        return

    digits = key[1][:LONGEST]
    code = _CALLING_CODE.match(digits)
    number = digits[code.end() :] if code else digits
    yield digits
    yield _AT_HOME.get(code[0] if code else "", "") + number
    yield BACKWARDS + digits[::-1]


def sought(text: str) -> list[Wanted]:
    """What a search looks for: all of it, and of each the one or the other.

    Empty where the text has no word.
    """
    wanted: list[Wanted] = []
    digits: list[str] = []

    for typed in [*text.replace("(0)", " ").split(), ""]:
        if _NUMBER.fullmatch(typed):
            digits.append(typed)
            continue
        if digits:
            wanted.append(_number(digits))
            digits = []
        wanted += [[(word,)] for word in _typed(typed)]

    return wanted[:MOST_SOUGHT]


def _typed(text: str) -> Iterator[str]:
    """The words of what stands between two blanks of a search."""
    for piece in folded(text).split():
        for run in _PAIRED.findall(piece):
            yield from (run[place : place + 2] for place in range(max(len(run) - 1, 1)))
        for rest in _PAIRED.sub(" ", piece).split():
            if word := rest.strip(SIGNS):
                yield word[:LONGEST]


def _number(typed: list[str]) -> Wanted:
    """Digits, a phone where blanks stand between them; by themselves also an ID with signs."""
    digits = re.sub(r"\D", "", "".join(typed))[:LONGEST]
    wanted: Wanted = [(digits,)]
    if len(typed) == 1:
        wanted.append(tuple(_typed(typed[0])))
    if digits.startswith("00"):
        wanted.append((digits.removeprefix("00"),))
    if len(digits) >= LAST_DIGITS:
        wanted.append((BACKWARDS + digits[::-1],))

    return list(dict.fromkeys(one for one in wanted if all(one)))


def looked_up(wanted: list[Wanted]) -> list[Wanted]:
    """Those by which an index finds contacts quickly: one or two signs begin so many words that
    they are rather looked for in what the others find. All, where there are no others.
    """
    long = [
        one for one in wanted if all(len(word) > SHORT for all_of in one for word in all_of)
    ]
    return long or wanted


def as_query(wanted: Iterable[Wanted]) -> str:
    """The text of a tsquery."""
    return " & ".join(
        "(" + " | ".join(" & ".join(map(_beginning, all_of)) for all_of in one_of) + ")"
        for one_of in wanted
    )


def _beginning(word: str) -> str:
    return f"'{word.replace(chr(39), chr(39) * 2)}':*"
