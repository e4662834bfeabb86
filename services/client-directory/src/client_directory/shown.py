"""What a person sees: sealed fields opened at the moment of reading, each for whom it is meant."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work

from client_directory.commands import typed_address
from client_directory.domain.client.address import Address
from client_directory.domain.client.decide import on_file
from client_directory.domain.client.payment import CardTerms
from client_directory.domain.client.state import CLIENT, OnFile, PaymentMethod
from client_directory.domain.identity.contact import Contact, read_contact
from client_directory.domain.validation.errors import ValidationNotFound
from client_directory.domain.validation.state import (
    VALIDATION,
    Asked,
    Confirmed,
    Declined,
    Ended,
    Launched,
    Open,
    Shut,
    Unanswered,
    Unlaunched,
    ValidationState,
)
from client_directory.files import PaymentDetails, address_on_file, contact_on_file
from client_directory.vault import CONTACT, DETAILS, PAYMENT, Vault

Shown = dict[str, Any]
Keys = Mapping[UUID, WrappedKeyRow]

_STATES: Mapping[type, str] = {
    Asked: "asked",
    Shut: "shut",
    Open: "validated",
    Declined: "declined",
    Confirmed: "confirmed",
    Unanswered: "unanswered",
    Ended: "ended",
}


def state_name(state: ValidationState) -> str:
    """The gate's state as it is told outside."""
    return _STATES[type(state)]


def client_card(vault: Vault, keys: Keys, row: Mapping[str, Any], *, for_operator: bool) -> Shown:
    """A line of the list of clients; the name is null once it is erased."""
    contact = _contact(vault, keys.get(row["client_id"]), row["details"], DETAILS)
    card = {
        "client_id": str(row["client_id"]),
        "first_name": None if contact is None else contact.first_name,
        "last_name": None if contact is None else contact.last_name,
        "postal_code": row["postal_code"],
    }
    return card | {"known": row["known"]} if for_operator else card


def client_name(vault: Vault, keys: Keys, row: Mapping[str, Any]) -> Shown | None:
    """A client by name alone; None once it is erased."""
    contact = _contact(vault, keys.get(row["client_id"]), row["details"], DETAILS)
    if contact is None:
        return None
    return {"client_id": str(row["client_id"]), "first_name": contact.first_name, "last_name": contact.last_name}


def client_for_worker(work: Work, vault: Vault, organisation_id: UUID, client_id: UUID) -> Shown:
    """Name and address, which the worker who has served them confirms. Errors: ClientNotFound."""
    file = on_file(work.state(CLIENT.at(organisation_id, client_id)))
    contact = contact_on_file(work, vault, client_id, file) or Contact()
    return {
        "client_id": str(client_id),
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "postal_code": file.postal_code,
        "address": _address(address_on_file(work, vault, client_id, file)),
    }


def client_for_operator(work: Work, vault: Vault, organisation_id: UUID, client_id: UUID) -> Shown:
    """The whole file. Errors: ClientNotFound."""
    file = on_file(work.state(CLIENT.at(organisation_id, client_id)))
    return {"client_id": str(client_id), "known": file.known, **_own_details(work, vault, client_id, file)}


def client_contact(work: Work, vault: Vault, organisation_id: UUID, client_id: UUID) -> Shown:
    """Name and e-mail as on file; null once they are erased. Errors: ClientNotFound."""
    file = on_file(work.state(CLIENT.at(organisation_id, client_id)))
    contact = contact_on_file(work, vault, client_id, file) or Contact()
    return {
        "client_id": str(client_id),
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
    }


def validation_shown(work: Work, vault: Vault, organisation_id: UUID, request_id: UUID) -> Shown:
    """What is asked about a request, to its client or an operator: the client's own details and what is missing.

    Errors: ValidationNotFound before anything is.
    """
    state = work.state(VALIDATION.at(organisation_id, request_id))
    if isinstance(state, (Unlaunched, Launched)):
        raise ValidationNotFound
    shown: Shown = {"request_id": str(request_id), "state": state_name(state)}
    if isinstance(state, (Declined, Unanswered, Confirmed, Ended)):
        return shown
    launch = state.launch
    shown |= {
        "client_id": str(state.client_id),
        "postal_code": launch.postal_code,
        "slot_start": instant(launch.slot_start),
        "zone": launch.zone,
        "payment_method_required": launch.payment_method_required,
        "missing": list(state.missing) if isinstance(state, (Asked, Shut)) else [],
        "deadline": instant(state.deadline) if isinstance(state, Asked) else None,
        "valid_until": instant(state.valid_until) if isinstance(state, Open) else None,
    }
    file = work.state(CLIENT.at(organisation_id, state.client_id))
    if isinstance(file, OnFile):
        shown["client"] = _own_details(work, vault, state.client_id, file)
    shown["proposed_address"] = _address(typed_address(work, vault, launch))
    return shown


def review_shown(vault: Vault, keys: Keys, row: Mapping[str, Any], candidates: Mapping[UUID, OnFile]) -> Shown:
    """A doubt with what was typed and whom it may be."""
    contact = (
        None if row["contact"] is None else _contact(vault, keys.get(row["contact_key_id"]), row["contact"], CONTACT)
    )
    return {
        "request_id": str(row["request_id"]),
        "reasons": row["reasons"],
        "postal_code": row["postal_code"],
        "opened_at": instant(row["opened_at"]),
        "contact": None if contact is None else contact.model_dump(),
        "candidates": [
            {
                "client_id": str(client_id),
                "known": file.known,
                "postal_code": file.postal_code,
                **(_contact(vault, keys.get(client_id), file.details, DETAILS) or Contact()).model_dump(),
            }
            for client_id, file in candidates.items()
        ],
    }


def instant(value: datetime) -> str:
    """An instant in UTC as it is told outside."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _own_details(work: Work, vault: Vault, client_id: UUID, file: OnFile) -> Shown:
    contact = contact_on_file(work, vault, client_id, file) or Contact()
    return {
        **contact.model_dump(),
        "postal_code": file.postal_code,
        "address": _address(address_on_file(work, vault, client_id, file)),
        "payment_methods": [_payment_method(work, vault, client_id, method) for method in file.payment_methods],
    }


def _payment_method(work: Work, vault: Vault, client_id: UUID, method: PaymentMethod) -> Shown:
    """The last four digits of a card, the reference of a mandate; a token is nobody's to see."""
    text = vault.opened(work.key(client_id), method.details, PAYMENT)
    details = PaymentDetails() if text is None else PaymentDetails.model_validate_json(text)
    shown = {"method_id": str(method.method_id), **method.terms.model_dump(mode="json")}
    return shown | (
        {"last4": details.last4} if isinstance(method.terms, CardTerms) else {"reference": details.reference}
    )


def _address(address: Address | None) -> Shown | None:
    return None if address is None else address.model_dump()


def _contact(vault: Vault, key: WrappedKeyRow | None, sealed: str, context: str) -> Contact | None:
    text = vault.opened(key, sealed, context)
    return None if text is None else read_contact(text)
