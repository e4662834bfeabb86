"""What may be written into a client's file."""

from typing import Literal
from uuid import UUID

from client_directory.domain.client.errors import ClientNotFound
from client_directory.domain.client.events import (
    AddressSet,
    ClientConfirmedKnown,
    ClientCreated,
    PaymentMethodAdded,
)
from client_directory.domain.client.payment import Terms
from client_directory.domain.client.state import ClientState, NoFile, OnFile


def decide_create(
    state: ClientState,
    *,
    made_by: Literal["operator", "draft"],
    details: str,
    email: str | None,
    phone: str | None,
    postal_code: str | None,
) -> tuple[ClientCreated, ...]:
    """A file is made once."""
    if isinstance(state, OnFile):
        return ()
    return (ClientCreated(made_by=made_by, details=details, email=email, phone=phone, postal_code=postal_code),)


def decide_set_address(state: ClientState, address: str, postal_code: str, *, same: bool) -> tuple[AddressSet, ...]:
    """The last word on an address counts; `same`: it is the one on file already. Errors: ClientNotFound."""
    on_file(state)
    return () if same else (AddressSet(address=address, postal_code=postal_code),)


def decide_add_payment_method(
    state: ClientState, method_id: UUID, terms: Terms, details: str
) -> tuple[PaymentMethodAdded, ...]:
    """A client may have several ways to pay, and each is added once. Errors: ClientNotFound."""
    if any(method.method_id == method_id for method in on_file(state).payment_methods):
        return ()
    return (PaymentMethodAdded(method_id=method_id, terms=terms, details=details),)


def decide_confirm_known(state: ClientState, by: Literal["client", "operator"]) -> tuple[ClientConfirmedKnown, ...]:
    """Who is known stays known. Errors: ClientNotFound."""
    return () if on_file(state).known else (ClientConfirmedKnown(by=by),)


def on_file(state: ClientState) -> OnFile:
    """The file. Errors: ClientNotFound."""
    if isinstance(state, NoFile):
        raise ClientNotFound
    return state
