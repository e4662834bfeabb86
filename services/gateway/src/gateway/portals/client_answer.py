"""What a client sends from their page: an address, a way to pay, their word; judged here only as far as the services do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from starlette.datastructures import FormData

from gateway.portals.client_matter import Matter
from gateway.portals.forms import text_of

ADDRESS_FIELDS = ("line1", "line2", "postal_code", "locality")
KEPT_FIELDS = ("where", *ADDRESS_FIELDS, "pay", "mandate", "signed_on", "outside", "reason")
"""What a page that is shown again keeps as it was typed."""


@dataclass(frozen=True, slots=True)
class TrialCard:
    """A card of the test provider of development: a choice becomes a token, and no number is ever typed."""

    name: str
    brand: str
    last4: str
    month: str

    @property
    def expires(self) -> str:
        """As it stands on a card: 12/2027."""
        year, month = self.month.split("-")
        return f"{month}/{year}"

    def as_body(self) -> dict[str, str]:
        """The card as the directory takes it."""
        token = f"tok_trial_{self.name}"
        return {"kind": "card", "token": token, "last4": self.last4, "expiry_month": self.month}


def trial_cards(now: datetime) -> Sequence[TrialCard]:
    """Two cards that are good, and one that is no more, to try a refusal with."""
    return (
        TrialCard("visa", "Visa", "4242", f"{now.year + 1}-12"),
        TrialCard("mastercard", "Mastercard", "4444", f"{now.year + 2}-06"),
        TrialCard("lapsed", "Visa", "0069", f"{now.year - 1}-12"),
    )


@dataclass
class Answer:
    """What was sent: `values` as typed, `errors` by field as codes, `body` for the directory where there are none."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


def addresses(matter: Matter) -> Mapping[str, Mapping[str, Any]]:
    """The addresses to choose from: `noted` by the worker, and `file`; one where they are the same."""
    noted, on_file = matter.details.get("proposed_address"), matter.details.get("client", {}).get("address")
    found = {"noted": noted, "file": on_file if on_file != noted else None}
    return {name: address for name, address in found.items() if address is not None}


def first_values(matter: Matter) -> dict[str, str]:
    """The page as it is first shown: what is already known is already chosen."""
    choices = addresses(matter)
    return {
        **dict.fromkeys(KEPT_FIELDS, ""),
        "where": next(iter(choices), "other"),
        "postal_code": matter.postal_code,
    }


def read_validation(form: FormData, matter: Matter, cards: Sequence[TrialCard]) -> Answer:
    """A client's yes with what was asked for."""
    answer = Answer({name: text_of(form, name) for name in KEPT_FIELDS})
    answer.body = {"action": "validate", "address": _address(answer, matter)}
    if "payment_method" in matter.missing:
        answer.body["payment_method"] = _payment(answer, cards)
    return answer


def read_decline(form: FormData) -> Answer:
    """A client's no, with their reason if they give one."""
    answer = Answer({name: text_of(form, name) for name in KEPT_FIELDS})
    answer.body = {"action": "decline", "reason": answer.values["reason"] or None}
    return answer


def _address(answer: Answer, matter: Matter) -> Mapping[str, Any]:
    """The one that was chosen, or typed. One outside the place of the price has to be meant."""
    values, choices = answer.values, addresses(matter)
    chosen: Mapping[str, Any]
    if values["where"] in choices:
        chosen = choices[values["where"]]
    else:
        values["where"] = "other"
        chosen = {name: values[name] or None for name in ADDRESS_FIELDS}
        for name in ("line1", "locality"):
            if not chosen[name]:
                answer.errors[name] = "missing"
        code = values["postal_code"]
        if len(code) != 5 or not (code.isascii() and code.isdigit()):
            answer.errors["postal_code"] = "postal_code_malformed"
    if not answer.errors and chosen["postal_code"] != matter.postal_code and values["outside"] != "yes":
        answer.errors["outside"] = "address_outside_zone"
    return chosen


def _payment(answer: Answer, cards: Sequence[TrialCard]) -> Mapping[str, Any] | None:
    values = answer.values
    for card in cards:
        if values["pay"] == card.name:
            return card.as_body()
    if values["pay"] != "mandate":
        answer.errors["pay"] = "payment_method_missing"
        return None
    if not values["mandate"]:
        answer.errors["mandate"] = "missing"
    try:
        signed_on = date.fromisoformat(values["signed_on"])
    except ValueError:
        answer.errors["signed_on"] = "date_malformed"
        return None
    return {"kind": "sepa", "reference": values["mandate"], "signed_on": signed_on.isoformat()}


FIELDS_AT_FAULT = {
    "address.line1": "line1",
    "address.line2": "line2",
    "address.locality": "locality",
    "address.postal_code": "postal_code",
    "address": "line1",
    "payment_method": "pay",
    "payment_method.token": "pay",
    "payment_method.reference": "mandate",
    "reason": "reason",
}
"""A field as the directory names it, and where it stands on the page."""


def blame(answer: Answer, code: str, field_name: str | None) -> bool:
    """Note what the directory refused at the field at fault; False when it is about no field."""
    name = FIELDS_AT_FAULT.get(field_name or "")
    if name is None:
        return False
    if name in ADDRESS_FIELDS:
        answer.values["where"] = "other"
    answer.errors[name] = code
    return True
