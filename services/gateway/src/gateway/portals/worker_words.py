"""Codes in plain words: states, what gates lack, why an application came to nothing, why something was refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.portals.texts import Texts, later

STATES: Mapping[str, tuple[str, str]] = {
    "draft": (later("Draft"), "off"),
    "launching": (later("Launched, being checked"), "wait"),
    "launched": (later("Launched"), "wait"),
    "confirmed": (later("Confirmed"), "good"),
    "cancelled": (later("Cancelled"), "off"),
    "declined": (later("Declined"), "bad"),
    "expired": (later("Expired"), "off"),
}
"""A request's states, and the kind of badge."""

CLIENT_LACKS: Mapping[str, str] = {
    "verification": later("being checked"),
    "validation": later("to be validated"),
    "address": later("address to be completed"),
    "payment_method": later("payment method to be completed"),
    "contact": later("no e-mail to reach them, an operator is taking care of it"),
    "review": later("being checked by an operator"),
    "address_outside_zone": later("address outside the zone, an operator is taking care of it"),
}

WORKER_LACKS: Mapping[str, str] = {
    "verification": later("being checked"),
    "operator": later("an operator is looking for somebody"),
    "applications": later("open call, nobody has applied yet"),
    "selection": later("a choice is being made among the applicants"),
    "slot_refused": later("the slot is not free in your calendar, an operator is taking care of it"),
    "slot": later("the slot is being held"),
}

CALL_STATES: Mapping[str, tuple[str, str]] = {
    "open": (later("Open"), "info"),
    "applied": (later("Application sent"), "wait"),
    "assigned": (later("You were chosen"), "good"),
    "not_chosen": (later("You were not chosen"), "off"),
    "ended": (later("Call ended"), "off"),
}

CALL_REASONS: Mapping[str, str] = {
    "another_chosen": later("Somebody else was chosen."),
    "overlap": later("Your calendar was no longer free at that time."),
    "slot_in_past": later("The slot had already begun."),
    "request_ended": later("The request had ended."),
    "inactive": later("You were not active at that time."),
    "not_registered": later("You were not in the register at that time."),
    "service_not_held": later("You do not offer this service."),
    "postal_code_not_served": later("You do not serve this postal code."),
    "creator_asks_for_another": later("You asked for somebody else to do it."),
    "not_called": later("This call did not go to you."),
}

_REFUSALS: Mapping[str, str] = {
    "workers_may_not_create": later("Your organisation does not let workers create requests."),
    "postal_code_malformed": later("A postal code has five digits."),
    "postal_code_unknown": later("This postal code does not exist."),
    "postal_code_not_covered": later("Nothing is offered at this postal code yet."),
    "service_not_offered": later("This service is not offered at this postal code."),
    "duration_not_offered": later("The service cannot take this long."),
    "start_malformed": later("Enter a date and a time."),
    "local_time_nonexistent": later("The clocks go forward that night: this time does not exist."),
    "local_time_ambiguous": later("The clocks go back that night: this time comes twice. Say which one you mean."),
    "offset_contradicts_zone": later("This is not a time of this place. Choose it again."),
    "slot_in_past": later("Choose a time to come."),
    "contact_field_missing": later("Your organisation asks for this."),
    "contact_unreachable": later("Enter an e-mail address or a phone number."),
    "email_invalid": later("This is not an e-mail address."),
    "phone_invalid": later("This is not a phone number."),
    "phone_ambiguous": later("Enter the number in its international form, with + and the country code."),
    "text_holds_control_character": later("This holds a character that cannot be printed."),
    "text_too_long": later("This is too long."),
    "text_holds_card_number": later("Never enter a card number here."),
    "text_holds_iban": later("Never enter an IBAN here."),
    "address_incomplete": later("Enter a street and a town."),
    "address_never_shown": later("Enter the address that you confirm."),
    "client_not_found": later("This client is not one of yours."),
    "deadline_passed": later("It is too late for this request."),
    "request_ended": later("This request has ended."),
    "request_confirmed": later("The request is confirmed: only an operator can cancel it now."),
    "visit_started": later("The visit has started."),
    "not_eligible": later("You cannot apply for this call."),
    "applications_closed": later("This call takes no more applications."),
    "idempotency_key_reused": later("This form was already sent with other content. Open it again."),
    "service_unavailable": later("A part of Doorstep does not answer at the moment. Try again shortly."),
    "unavailable": later("A part of Doorstep does not answer at the moment. Try again shortly."),
}

_OTHERWISE = later("This could not be accepted. Check what you entered.")

_FIELDS: Mapping[str, str] = {
    "address.line1": "line1",
    "address.line2": "line2",
    "address.postal_code": "address_postal_code",
    "address.locality": "locality",
    "address_confirmed": "line1",
}
_FIELD_OF_CODE: Mapping[str, str] = {
    "contact_unreachable": "email",
    "postal_code_malformed": "postal_code",
    "client_not_found": "client",
}


def refused_text(texts: Texts, code: str) -> str:
    """Why something was refused, by its code."""
    return texts.say(_REFUSALS.get(code, _OTHERWISE))


def refused_at(texts: Texts, problem: Mapping[str, Any]) -> dict[str, str]:
    """The field at fault, as forms name it (empty: the whole form), and the text to show there."""
    code = str(problem.get("code", "internal"))
    field = str(problem.get("field") or _FIELD_OF_CODE.get(code, "")).removeprefix("client.typed.")
    return {_FIELDS.get(field, field): refused_text(texts, code)}


def client_lacks(texts: Texts, missing: Sequence[str]) -> list[str]:
    """What the client gate lacks, in words."""
    return [texts.say(CLIENT_LACKS[lack]) for lack in missing if lack in CLIENT_LACKS]


def worker_lacks(texts: Texts, missing: Sequence[str]) -> list[str]:
    """What the worker gate lacks, in words."""
    return [texts.say(WORKER_LACKS[lack]) for lack in missing if lack in WORKER_LACKS]


def when(value: str) -> datetime:
    """An instant of an answer."""
    return datetime.fromisoformat(value)
