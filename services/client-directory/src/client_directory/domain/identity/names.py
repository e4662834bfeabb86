"""When two names may be one person's (DOMAIN.md rule 7): spelling and order do not matter, everything else does."""

import unicodedata
from dataclasses import dataclass

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i"})
"""Ligatures and struck letters, which Unicode does not take apart."""

_APOSTROPHES = "'’‘ʼʹ`´′＇"


@dataclass(frozen=True, slots=True)
class Name:
    """First and last name as typed; what was not given is empty."""

    first: str
    last: str

    @property
    def empty(self) -> bool:
        """Nothing that could be compared."""
        return not (words(self.first) or words(self.last))


def words(text: str) -> tuple[str, ...]:
    """The words of a name without case, accents, ligatures, apostrophes and hyphens."""
    text = "".join(" " if sign in _APOSTROPHES else sign for sign in text)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LETTERS)
    kept = "".join(_kept(sign) for sign in plain)
    return tuple(unicodedata.normalize("NFC", kept).split())


def _kept(sign: str) -> str:
    if "\u0300" <= sign <= "\u036f":
        return ""  # an accent; the vowel signs of other scripts are letters and stay
    category = unicodedata.category(sign)
    if category in ("Pd", "Zs", "Cc", "Po"):
        return " "
    return "" if category == "Cf" else sign


def compatible(one: Name, other: Name) -> bool:
    """The same words, whichever of them is the first name, and wherever a hyphen or apostrophe splits them."""
    if one.empty or other.empty:
        return False
    if sorted(words(one.first) + words(one.last)) == sorted(words(other.first) + words(other.last)):
        return True
    return sorted((_run(one.first), _run(one.last))) == sorted((_run(other.first), _run(other.last)))


def same_first_name(one: Name, other: Name) -> bool:
    """Equal first names; a surname changes by marriage."""
    return _run(one.first) != "" and _run(one.first) == _run(other.first)


def _run(text: str) -> str:
    return "".join(words(text))
