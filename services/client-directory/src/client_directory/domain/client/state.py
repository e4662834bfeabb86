"""A client's file as it stands."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from doorstep_chassis.domain import Stream

from client_directory.domain.client.events import (
    AddressSet,
    ClientConfirmedKnown,
    ClientCreated,
    PaymentMethodAdded,
)
from client_directory.domain.client.payment import Terms


@dataclass(frozen=True, slots=True)
class NoFile:
    """There is no such client in this organisation."""


@dataclass(frozen=True, slots=True)
class SealedAddress:
    """An address that can be read with the client's key, and its postal code."""

    sealed: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay: until when it is good is in the terms, the rest is sealed."""

    method_id: UUID
    terms: Terms
    details: str


@dataclass(frozen=True, slots=True)
class OnFile:
    """A client; `known` once an operator made the file or the client validated something."""

    known: bool
    details: str
    email: str | None
    phone: str | None
    postal_code: str | None
    address: SealedAddress | None = None
    payment_methods: tuple[PaymentMethod, ...] = ()


ClientState = NoFile | OnFile
ClientEvent = ClientCreated | AddressSet | PaymentMethodAdded | ClientConfirmedKnown


def evolve(state: ClientState, event: ClientEvent) -> ClientState:
    """The file after the event."""
    if isinstance(event, ClientCreated):
        return OnFile(
            known=event.made_by == "operator",
            details=event.details,
            email=event.email,
            phone=event.phone,
            postal_code=event.postal_code,
        )
    if isinstance(state, NoFile):
        return state
    match event:
        case AddressSet():
            return replace(
                state, address=SealedAddress(event.address, event.postal_code), postal_code=event.postal_code
            )
        case PaymentMethodAdded():
            method = PaymentMethod(event.method_id, event.terms, event.details)
            return replace(state, payment_methods=(*state.payment_methods, method))
        case ClientConfirmedKnown():
            return replace(state, known=True)
        case _:
            assert_never(event)


CLIENT: Stream[ClientState] = Stream("directory.client", NoFile(), evolve)
