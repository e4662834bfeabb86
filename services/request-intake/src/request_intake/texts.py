"""What a person typed freely: bounded, without control characters, and never a card number or an IBAN. Pure.

No refusal repeats what was typed.
"""

import re
import unicodedata

from doorstep_chassis.errors import Invalid


class TextHoldsControlCharacter(Invalid):
    """Text holds no NUL, lone surrogates, line breaks or other control characters."""

    code = "text_holds_control_character"


class TextTooLong(Invalid):
    """Text is bounded in length: `maximum` characters."""

    code = "text_too_long"


class TextHoldsCardNumber(Invalid):
    """The number of a payment card belongs to the payment service, never into a text."""

    code = "text_holds_card_number"


class TextHoldsIban(Invalid):
    """The number of a bank account belongs to the payment service, never into a text."""

    code = "text_holds_iban"


_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_SEPARATOR = r"[\s.\-‐-―_/]"
_DIGITS = re.compile(rf"\d(?:{_SEPARATOR}{{0,2}}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(rf"(?<![A-Z0-9])[A-Z]{{2}}\d\d(?:{_SEPARATOR}{{0,2}}[A-Z0-9]){{11,30}}")
_CARD_LENGTHS = range(13, 20)
# fmt: off
_IBAN_LENGTHS = {  # ISO 13616, the countries of SEPA and the neighbours of France's territories
    "AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24,
    "VA": 22,
}
# fmt: on


def free_text(value: str, field: str, maximum: int) -> str:
    """The text without surrounding blanks, as typed otherwise.

    Errors: TextTooLong, TextHoldsControlCharacter, TextHoldsCardNumber, TextHoldsIban.
    """
    text = value.strip()
    if len(text) > maximum:
        raise TextTooLong(field=field, details={"maximum": maximum})
    if any(unicodedata.category(character) in _CONTROL for character in text):
        raise TextHoldsControlCharacter(field=field)
    plain = unicodedata.normalize("NFKC", text).upper()
    if _holds_iban(plain):
        raise TextHoldsIban(field=field)
    if _holds_card_number(plain):
        raise TextHoldsCardNumber(field=field)
    return text


def _holds_card_number(text: str) -> bool:
    """Groups of digits that stand together may come to a card number, from the start of one to the end of another."""
    for run in _DIGITS.finditer(text):
        groups = ["".join(str(unicodedata.decimal(digit)) for digit in group) for group in _GROUP.findall(run[0])]
        for first in range(len(groups)):
            number = ""
            for group in groups[first:]:
                number += group
                if _is_card_number(number):
                    return True
    return False


def _is_card_number(digits: str) -> bool:
    """A number of an issuer that starts as cards do, with the check digit of ISO 7812 (Luhn)."""
    if len(digits) not in _CARD_LENGTHS or digits[0] not in "23456":
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled if doubled < 10 else doubled - 9
    return total % 10 == 0


def _holds_iban(text: str) -> bool:
    for found in _IBAN.finditer(text):
        compact = "".join(each for each in found[0] if each.isalnum())
        length = _IBAN_LENGTHS.get(compact[:2])
        if length is not None and len(compact) >= length and _has_iban_check_digits(compact[:length]):
            return True
    return False


def _has_iban_check_digits(iban: str) -> bool:
    """The check of ISO 7064: letters count from A = 10, the first four characters go to the end."""
    return int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1
