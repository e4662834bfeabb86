"""The key by which two spellings of one e-mail address meet (DOMAIN.md rule 7)."""

import string
import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from client_directory.domain.identity.errors import EmailInvalid

_ASCII_FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_UNSEEN_LETTERS = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Marks, letters and symbols that show nothing: joiners, Hangul fillers, blank Braille, variation selectors."""


def email_key(typed: str) -> str:
    """The address trimmed, in NFC, its domain in IDNA form, its ASCII letters in lower case, and nothing else folded.

    Errors: EmailInvalid, also for invisible characters.
    """
    text = typed.strip()
    if any(unicodedata.category(sign) in _UNSEEN_CATEGORIES or sign in _UNSEEN_LETTERS for sign in text):
        raise EmailInvalid(field="email")
    local, at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    if not at or "." not in domain:
        raise EmailInvalid(field="email")
    local, domain = local.translate(_ASCII_FOLDED), _idna_form(domain)
    try:
        # Whether mail arrives is not the question here; `.test` is for demos and tests.
        validate_email(f"{local}@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise EmailInvalid(field="email") from None  # its text quotes the address
    return f"{local}@{domain}"


def _idna_form(domain: str) -> str:
    """The A-labels of a domain; a letter that IDNA knows only through another one (ſ, ﬁ) is refused, not folded."""
    try:
        return idna.encode("".join(map(_lower, domain))).decode("ascii").translate(_ASCII_FOLDED)
    except UnicodeError:
        raise EmailInvalid(field="email") from None


def _lower(sign: str) -> str:
    """Domains know no case; but no letter becomes an ASCII one, or two, by losing its case."""
    lower = sign.lower()
    return lower if len(lower) == 1 and sign.isascii() == lower.isascii() else sign
