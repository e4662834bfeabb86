"""When the client gate opens, whom it asks otherwise, and what it lacks (DOMAIN.md rules 8 and 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from doorstep_contracts.directory import ClientGateLack

from client_directory.domain.client.address import Address, same_address
from client_directory.domain.resolution.errors import RequestEnded
from client_directory.domain.validation.errors import (
    AddressMissing,
    AnswerTooLate,
    PaymentMethodMissing,
    RequestConfirmed,
    RequestDeclined,
    ValidationNotFound,
)
from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
    LaunchSeen,
    RequestConfirmationSeen,
    RequestEndSeen,
)
from client_directory.domain.validation.state import (
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

CLIENT_ANSWERS_WITHIN = timedelta(hours=72)
By = Literal["client", "operator"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the client at the instant of the decision.

    `reachable`: there is an e-mail on file. `picked` from a list, not typed. `typed` is the worker's proposal of an
    address. `payment_until`: when the longest valid payment method ends, None without any.
    """

    client_id: UUID
    known: bool
    reachable: bool
    picked: bool
    on_file: Address | None
    typed: Address | None
    payment_until: datetime | None


def decide_launch_seen(state: ValidationState, launch: LaunchSeen) -> tuple[LaunchSeen, ...]:
    """A launch counts once, and not after the end."""
    return (launch,) if isinstance(state, Unlaunched) else ()


def decide_gate(
    state: ValidationState, facts: Facts, *, now: datetime
) -> tuple[ClientValidated | ClientAsked | ClientGateShut, ...]:
    """The worker's word opens the gate for a known client with all that is needed; else the client is asked.

    An address outside the zone, or a client without an e-mail, is for an operator; a slot that has begun, for nobody.
    """
    if not isinstance(state, Launched):
        return ()
    launch = state.launch
    lacks = _lacks(launch, facts, now)
    by_worker = launch.validation == "worker" and facts.known and _address_settled(launch, facts)
    if by_worker and not lacks and now < launch.slot_start:
        until = _holds_until(launch, facts)
        return (ClientValidated(client_id=facts.client_id, valid_until=until, validated_by="worker"),)
    missing: tuple[ClientGateLack, ...] = ("validation", *lacks)
    if not facts.reachable:
        missing = (*missing, "contact")
    if not facts.reachable or "address_outside_zone" in missing or now >= launch.slot_start:
        return (ClientGateShut(client_id=facts.client_id, missing=missing),)
    deadline = min(now + CLIENT_ANSWERS_WITHIN, launch.slot_start)
    return (ClientAsked(client_id=facts.client_id, missing=missing, deadline=deadline),)


def decide_validate(
    state: ValidationState, facts: Facts, by: By, *, address_given: bool, now: datetime
) -> tuple[ClientValidated | ClientGateShut, ...]:
    """The client, or an operator for them, validates; `facts` hold what they gave with it.

    An address given outside the zone leaves the gate shut for an operator.
    Errors: those of `answerable`, AddressMissing, PaymentMethodMissing.
    """
    if satisfied(state, now=now):
        return ()
    gate = answerable(state, by, now=now)
    if facts.on_file is None or not (address_given or _in_zone(gate.launch, facts.on_file)):
        raise AddressMissing(field="address")
    if not _in_zone(gate.launch, facts.on_file):
        shut = ClientGateShut(client_id=gate.client_id, missing=("validation", "address_outside_zone"))
        return () if isinstance(gate, Shut) and gate.missing == shut.missing else (shut,)
    if not _payable(gate.launch, facts, now):
        raise PaymentMethodMissing(field="payment_method")
    until = _holds_until(gate.launch, facts)
    return (ClientValidated(client_id=gate.client_id, valid_until=until, validated_by=by),)


def decide_decline(state: ValidationState, reason: str | None, by: By, *, now: datetime) -> tuple[ClientDeclined, ...]:
    """A client may decline until the request is confirmed, also after an award. Errors: those of `answerable`."""
    if isinstance(state, Declined):
        return ()
    return (ClientDeclined(client_id=answerable(state, by, now=now).client_id, reason=reason),)


def decide_unanswered(state: ValidationState, *, now: datetime) -> tuple[ClientAnswerExpired, ...]:
    """A client who was asked and lets the deadline pass ends the request; the slot's start ends it by itself.

    Nothing runs while an operator is waited for.
    """
    if not isinstance(state, Asked) or now <= state.deadline or state.deadline >= state.launch.slot_start:
        return ()
    return (ClientAnswerExpired(client_id=state.client_id, deadline=state.deadline),)


def decide_confirmed(state: ValidationState, client_id: UUID) -> tuple[RequestConfirmationSeen, ...]:
    """Confirmed once; what has ended stays so."""
    return () if isinstance(state, (Confirmed, Ended)) else (RequestConfirmationSeen(client_id=client_id),)


def decide_end(state: ValidationState) -> tuple[RequestEndSeen, ...]:
    """A request ends once, also before it is launched."""
    return () if isinstance(state, Ended) else (RequestEndSeen(),)


def answerable(state: ValidationState, by: By, *, now: datetime) -> Asked | Shut | Open:
    """The gate, if it takes an answer from them now; the client's deadline is inclusive.

    Errors: ValidationNotFound, RequestDeclined, RequestConfirmed, RequestEnded, AnswerTooLate.
    """
    if isinstance(state, (Unlaunched, Launched)):
        raise ValidationNotFound
    if isinstance(state, Ended):
        raise RequestEnded
    if isinstance(state, Confirmed):
        raise RequestConfirmed
    if isinstance(state, Declined):
        raise RequestDeclined
    if isinstance(state, Unanswered):
        raise AnswerTooLate(instant=state.deadline)
    if now >= state.launch.slot_start:
        raise RequestEnded(instant=state.launch.slot_start)
    if by == "client" and isinstance(state, Asked) and now > state.deadline:
        raise AnswerTooLate(instant=state.deadline)
    return state


def asked_of(state: ValidationState) -> UUID:
    """The client whom the gate concerns. Errors: ValidationNotFound while it concerns nobody."""
    if isinstance(state, (Unlaunched, Launched)) or state.client_id is None:
        raise ValidationNotFound
    return state.client_id


def satisfied(state: ValidationState, *, now: datetime) -> bool:
    """Whether there is nothing left to validate: confirmed, or the gate stands open at this instant."""
    return isinstance(state, Confirmed) or (isinstance(state, Open) and state.valid_until > now)


def _lacks(launch: LaunchSeen, facts: Facts, now: datetime) -> Sequence[ClientGateLack]:
    lacks: list[ClientGateLack] = []
    outside = _address_outside(launch, facts)
    if not outside and not _address_complete(launch, facts):
        lacks.append("address")
    if not _payable(launch, facts, now):
        lacks.append("payment_method")
    if outside:
        lacks.append("address_outside_zone")
    return lacks


def _address_outside(launch: LaunchSeen, facts: Facts) -> bool:
    """The address in question is the typed one, else the one shown to who picked the client.

    Who typed the details must not learn from the gate where a client on file lives.
    """
    address = facts.typed or (facts.on_file if facts.picked else None)
    return address is not None and not _in_zone(launch, address)


def _address_complete(launch: LaunchSeen, facts: Facts) -> bool:
    """An address on file in the zone, and no other one proposed."""
    on_file = facts.on_file
    if on_file is None or not _in_zone(launch, on_file):
        return False
    return facts.typed is None or same_address(facts.typed, on_file)


def _address_settled(launch: LaunchSeen, facts: Facts) -> bool:
    """Who was shown the address has confirmed it; who typed it typed the one on file."""
    if facts.typed is not None:
        return facts.on_file is not None and same_address(facts.typed, facts.on_file)
    return facts.picked and launch.address_confirmed and facts.on_file is not None


def _in_zone(launch: LaunchSeen, address: Address) -> bool:
    return address.postal_code == launch.postal_code


def _payable(launch: LaunchSeen, facts: Facts, now: datetime) -> bool:
    return not launch.payment_method_required or (facts.payment_until is not None and facts.payment_until > now)


def _holds_until(launch: LaunchSeen, facts: Facts) -> datetime:
    """Until the slot starts, or the payment method that it rests on ends."""
    if launch.payment_method_required and facts.payment_until is not None:
        return min(facts.payment_until, launch.slot_start)
    return launch.slot_start
