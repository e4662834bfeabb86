"""The international form of a phone number as people type it, and when it is a doubt (DOMAIN.md rule 7)."""

import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from client_directory.domain.identity.errors import PhoneAmbiguous, PhoneInvalid

SHARED_PLAN = ("FR", "GP", "GF", "MQ", "RE", "YT")
"""Metropolitan France and its overseas departments: one plan of ten-digit numbers, several country codes."""

_OVERSEAS = {
    "0262": 262, "0263": 262, "0269": 262, "0639": 262, "0692": 262, "0693": 262,
    "0590": 590, "0690": 590, "0691": 590,
    "0594": 594, "0694": 594,
    "0596": 596, "0696": 596, "0697": 596,
}  # fmt: skip
"""Which ten-digit numbers of the shared plan are overseas (ARCEP); the library's tables for FR claim some of them too."""

_FICTION = "063998"
"""Kept for fiction by ARCEP, in metropolitan France; the library does not know it."""

_OWN_PLANS = {"975": "PM", "986": "WF", "987": "PF", "988": "NC", "98000": "MC"}
"""Postal codes and prefixes of places with a plan of their own."""

_SEPARATORS = frozenset("./·•_−．／\t")
"""Besides spaces, dashes, brackets and invisible marks. No comma: it is a pause before an extension."""
_PLUS = frozenset("+＋﹢")


def phone_key(typed: str, postal_code: str | None) -> str:
    """The number in its international form (E.164); a national form is read by the plans of the postal code's place.

    Errors: PhoneInvalid for what is not exactly one number, PhoneAmbiguous for more than one valid reading.
    """
    digits, international = _digits(typed)
    readings = _international(digits) if international else _national(digits, postal_code or "")
    if len(readings) > 1:
        raise PhoneAmbiguous(field="phone")
    if not readings:
        raise PhoneInvalid(field="phone")
    return readings.pop()


def _digits(typed: str) -> tuple[str, bool]:
    """The ASCII digits of what was typed, and whether they begin with a country code (`+` or `00`)."""
    digits, plus = "", False
    for sign in typed.strip():
        if (digit := unicodedata.decimal(sign, None)) is not None:
            digits += str(digit)
        elif sign in _PLUS and not digits and not plus:
            plus = True
        elif not _separates(sign):
            raise PhoneInvalid(field="phone")
    if not plus and digits.startswith("00"):
        return digits[2:], True
    return digits, plus


def _separates(sign: str) -> bool:
    return sign in _SEPARATORS or unicodedata.category(sign) in ("Zs", "Pd", "Ps", "Pe", "Cf")


def _international(digits: str) -> set[str]:
    number = _parsed("+" + digits, None)
    return set() if number is None or not _stands(number) else {_e164(number)}


def _national(digits: str, postal_code: str) -> set[str]:
    return _shared_plan(digits) | _own_plan(digits, postal_code)


def _shared_plan(digits: str) -> set[str]:
    if len(digits) != 10 or not digits.startswith("0"):
        return set()
    if digits.startswith(_FICTION):
        return {f"+33{digits[1:]}"}
    if digits[:4] in _OVERSEAS:
        return {f"+{_OVERSEAS[digits[:4]]}{digits[1:]}"}
    return {reading for region in SHARED_PLAN for reading in _valid_in(digits, region)}


def _own_plan(digits: str, postal_code: str) -> set[str]:
    region = _OWN_PLANS.get(postal_code) or _OWN_PLANS.get(postal_code[:3])
    return set() if region is None else _valid_in(digits, region)


def _valid_in(digits: str, region: str) -> set[str]:
    number = _parsed(digits, region)
    if number is None or not phonenumbers.is_valid_number_for_region(number, region):
        return set()
    return {_e164(number)}


def _stands(number: PhoneNumber) -> bool:
    """A valid number by the library's tables, or by the plan that is read here without them."""
    national = f"0{number.national_number}"
    if number.country_code in (33, *_OVERSEAS.values()) and len(national) == 10:
        own = 33 if national.startswith(_FICTION) else _OVERSEAS.get(national[:4], 33)
        if own != 33 or national.startswith(_FICTION):
            return number.country_code == own
    return phonenumbers.is_valid_number(number)


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
