"""A client's file, opened and written: what stands between sealed events and what a decision or a person reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorstep_chassis.privacy import DataKey, seal
from doorstep_chassis.work import Work
from pydantic import BaseModel, ConfigDict

from client_directory.domain.client.address import Address, read_address, same_address
from client_directory.domain.client.decide import (
    decide_add_payment_method,
    decide_create,
    decide_set_address,
    on_file,
)
from client_directory.domain.client.payment import CardTerms, SepaTerms, valid_until
from client_directory.domain.client.state import CLIENT, OnFile
from client_directory.domain.identifier.decide import decide_claim
from client_directory.domain.identifier.state import Kind, identifier
from client_directory.domain.identity.contact import Contact, Identity, read_contact
from client_directory.domain.organisation.state import organisation
from client_directory.vault import ADDRESS, DETAILS, PAYMENT, Vault


class PaymentDetails(BaseModel):
    """What identifies a payment method: the provider's token and the card's last four digits, or a mandate's reference."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    token: str | None = None
    last4: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentMethodGiven:
    """A payment method as somebody gives it, with the id it gets."""

    method_id: UUID
    terms: CardTerms | SepaTerms
    details: PaymentDetails


def create_file(
    work: Work,
    vault: Vault,
    organisation_id: UUID,
    client_id: UUID,
    key: DataKey,
    contact: Contact,
    identity: Identity,
    *,
    made_by: Literal["operator", "draft"],
    postal_code: str | None,
    sharing: bool,
) -> None:
    """Make a client's file and claim their identifiers, in one transaction. Errors: IdentifierTaken."""
    hashes = hashes_of(vault, organisation_id, identity)
    for kind, hashed in hashes.items():
        owners = identifier(organisation_id, kind, hashed)
        work.append(owners, *decide_claim(work.state(owners), client_id, sharing=sharing, field=kind))
    file = CLIENT.at(organisation_id, client_id)
    work.append(
        file,
        *decide_create(
            work.state(file),
            made_by=made_by,
            details=seal(key, client_id, contact.model_dump_json(), context=DETAILS),
            email=hashes.get("email"),
            phone=hashes.get("phone"),
            postal_code=postal_code,
        ),
    )
    work.put_key(vault.wrapped(client_id, key))


def hashes_of(vault: Vault, organisation_id: UUID, identity: Identity) -> dict[Kind, str]:
    """The identifiers of somebody, hashed; in the order in which they are claimed."""
    keys: dict[Kind, str | None] = {"email": identity.email, "phone": identity.phone}
    return {kind: vault.hashed(organisation_id, kind, key) for kind, key in keys.items() if key is not None}


def contact_on_file(work: Work, vault: Vault, client_id: UUID, file: OnFile) -> Contact | None:
    """Name, e-mail and phone as typed; None once they are erased."""
    text = vault.opened(work.key(client_id), file.details, DETAILS)
    return None if text is None else read_contact(text)


def address_on_file(work: Work, vault: Vault, client_id: UUID, file: OnFile) -> Address | None:
    """The client's address; None when there is none, or it is erased."""
    if file.address is None:
        return None
    text = vault.opened(work.key(client_id), file.address.sealed, ADDRESS)
    return None if text is None else read_address(text)


def set_address(work: Work, vault: Vault, organisation_id: UUID, client_id: UUID, address: Address) -> None:
    """The client's address is this one from now on. Errors: ClientNotFound, those of rule 24, KeyErased."""
    ref = CLIENT.at(organisation_id, client_id)
    state = work.state(ref)
    address = address.checked()
    before = address_on_file(work, vault, client_id, on_file(state))
    sealed = vault.seal(work, client_id, address.model_dump_json(), ADDRESS)
    same = before is not None and same_address(before, address)
    work.append(ref, *decide_set_address(state, sealed, address.postal_code, same=same))


def add_payment_method(
    work: Work, vault: Vault, organisation_id: UUID, client_id: UUID, given: PaymentMethodGiven
) -> None:
    """The client can pay by this, too. Errors: ClientNotFound, KeyErased."""
    ref = CLIENT.at(organisation_id, client_id)
    state = work.state(ref)
    on_file(state)
    sealed = vault.seal(work, client_id, given.details.model_dump_json(exclude_none=True), PAYMENT)
    work.append(ref, *decide_add_payment_method(state, given.method_id, given.terms, sealed))


def payment_until(work: Work, organisation_id: UUID, file: OnFile, request_zone: str) -> datetime | None:
    """When the last of the client's payment methods ends; None without any.

    An organisation that has not been heard of yet is taken to live by the request's zone.
    """
    organisation_zone = request_zone
    if any(isinstance(method.terms, SepaTerms) for method in file.payment_methods):
        organisation_zone = work.state(organisation(organisation_id)) or request_zone
    ends = [
        valid_until(method.terms, request_zone=request_zone, organisation_zone=organisation_zone)
        for method in file.payment_methods
    ]
    return max((end for end in ends if end is not None), default=None)
