"""Free text is bounded, has no control characters and never carries a card number or an IBAN (DOMAIN.md rule 24)."""

import re
import unicodedata

from client_directory.domain.identity.errors import CardNumberRefused, IbanRefused, TextInvalid, TextTooLong

_GAP = "[ .\u00a0\u202f-]"
_CARDS = (
    re.compile(f"(?<![0-9])[0-9](?:{_GAP}?[0-9]){{12,18}}(?![0-9])"),
    re.compile(f"(?<![0-9])(?:[0-9]{{4}}{_GAP}){{3}}[0-9]{{4}}(?![0-9])"),  # also with other digits around it
)
_IBAN = re.compile(f"(?=([A-Za-z]{{2}}[0-9]{{2}}(?:{_GAP}?[A-Za-z0-9]){{11,30}}))")

_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL FK", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
        21: "CH CR HR LI LV", 22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM TL SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG DJ", 25: "LY PT ST", 26: "IS TR", 27: "BI FR GR IT MC SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""How long the IBAN of each country is (SWIFT's registry)."""


def checked_text(text: str, *, field: str, longest: int) -> str:
    """The text, trimmed. Errors: TextInvalid, TextTooLong, CardNumberRefused, IbanRefused; none repeats the text."""
    text = text.strip()
    if len(text) > longest:
        raise TextTooLong(field=field)
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        raise TextInvalid(field=field)
    refuse_account_numbers(text, field=field)
    return text


def refuse_account_numbers(text: str, *, field: str) -> None:
    """CardNumberRefused or IbanRefused when the text holds one, grouped or not."""
    plain = "".join(str(unicodedata.decimal(sign, sign)) for sign in unicodedata.normalize("NFKC", text))
    if any(_luhn(_without_gaps(found)) for pattern in _CARDS for found in pattern.findall(plain)):
        raise CardNumberRefused(field=field)
    if any(_begins_with_iban(_without_gaps(found)) for found in _IBAN.findall(plain)):
        raise IbanRefused(field=field)


def _without_gaps(text: str) -> str:
    return re.sub(_GAP, "", text)


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _begins_with_iban(text: str) -> bool:
    length = _IBAN_LENGTHS.get(text[:2].upper())
    if length is None or len(text) < length:
        return False
    turned = text[4:length] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
