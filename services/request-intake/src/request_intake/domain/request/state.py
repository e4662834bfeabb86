"""A request as its stream tells it: one frozen class a status, and the two gates as values."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from doorstep_chassis.domain import Stream
from doorstep_contracts.directory import ClientGateLack
from doorstep_contracts.dispatch import WorkerGateLack

from request_intake.domain.request.events import (
    ClientGateOpened,
    ClientGateShut,
    ClientResolved,
    ClientReviewOpened,
    LaunchRequested,
    RequestCancelled,
    RequestConfirmed,
    RequestDeclined,
    RequestDrafted,
    RequestEvent,
    RequestExpired,
    RequestLaunched,
    Rule,
    WorkerGateOpened,
    WorkerGateShut,
)

Case = Literal[1, 2, 3]
"""1: confirmed at once; 2: the client must bring a payment method; 3: a worker must be found, or the client is new."""

# Who the client is, as far as it is known


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The directory has not spoken yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InReview:
    """An operator must say who the client is."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The client is certain."""

    client_id: UUID
    known: bool


Client = Unresolved | InReview | Resolved

# The gates


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOpen:
    """Validated, and good as long as `valid_until` lies ahead."""

    valid_until: datetime
    validated_by: Literal["worker", "client", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientShut:
    """What the client gate lacks; `answer_due` when the client was asked."""

    missing: tuple[ClientGateLack, ...] = ("validation",)
    answer_due: datetime | None = None


ClientGate = ClientOpen | ClientShut


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOpen:
    """A worker is assigned and their slot is held."""

    worker_id: UUID
    hold_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerShut:
    """What the worker gate lacks: until dispatch says more, a slot that is held."""

    missing: tuple[WorkerGateLack, ...] = ("slot",)


WorkerGate = WorkerOpen | WorkerShut


def client_lacks(gate: ClientGate, now: datetime) -> tuple[ClientGateLack, ...]:
    """What the client gate lacks at an instant: a gate whose time has run out lacks a payment method."""
    match gate:
        case ClientShut():
            return gate.missing
        case ClientOpen():
            return () if gate.valid_until > now else ("payment_method",)
        case _:
            assert_never(gate)


def worker_lacks(gate: WorkerGate) -> tuple[WorkerGateLack, ...]:
    """What the worker gate lacks."""
    return gate.missing if isinstance(gate, WorkerShut) else ()


# The statuses


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Drafted, not launched."""

    drafted: RequestDrafted
    client: Client = Unresolved()


@dataclass(frozen=True, slots=True, kw_only=True)
class Launching:
    """Launched by its creator, while who the client is stays open: no mail, no hold, no broadcast."""

    drafted: RequestDrafted
    launch: LaunchRequested
    client: Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """Live: each gate stands open or shut."""

    drafted: RequestDrafted
    launched: RequestLaunched
    client_gate: ClientGate = ClientShut()
    worker_gate: WorkerGate = WorkerShut()
    payment_lacked: bool = False
    """Whether the client gate has ever lacked a payment method: what makes case 2 stays case 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """Both gates stood open at one instant."""

    was: Launched
    confirmed: RequestConfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Ended by its creator or an operator."""

    was: Draft | Launching | Launched | Confirmed
    by: Literal["worker", "operator"]
    reason_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Ended by its client."""

    was: Launched


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Ended by a deadline."""

    was: Draft | Launching | Launched
    rule: Rule
    deadline: datetime


Ended = Cancelled | Declined | Expired
Existing = Draft | Launching | Launched | Confirmed | Ended
RequestState = Absent | Existing


def drafted_of(state: Existing) -> RequestDrafted:
    """The draft that a request began as."""
    match state:
        case Draft() | Launching() | Launched():
            return state.drafted
        case Confirmed() | Cancelled() | Declined() | Expired():
            return drafted_of(state.was)
        case _:
            assert_never(state)


def launched_of(state: Existing) -> Launched | None:
    """The request as it was live, None when it never was."""
    match state:
        case Draft() | Launching():
            return None
        case Launched():
            return state
        case Confirmed() | Cancelled() | Declined() | Expired():
            return launched_of(state.was)
        case _:
            assert_never(state)


def case_of(state: Existing) -> Case | None:
    """Which of the three cases a request is; None before it is launched."""
    live = launched_of(state)
    if live is None:
        return None
    if live.launched.performer == "other" or not live.launched.known:
        return 3
    return 2 if live.payment_lacked else 1


def evolve(state: RequestState, event: RequestEvent) -> RequestState:
    """The state after an event."""
    match state, event:
        case Absent(), RequestDrafted():
            return Draft(drafted=event)
        case Draft() | Launching(), ClientResolved():
            return replace(state, client=Resolved(client_id=event.client_id, known=event.known))
        case Draft() | Launching(), ClientReviewOpened():
            return replace(state, client=InReview(reasons=event.reasons))
        case Draft(), LaunchRequested():
            return Launching(drafted=state.drafted, launch=event, client=state.client)
        case Launching(), RequestLaunched():
            return Launched(drafted=state.drafted, launched=event)
        case Launched(), ClientGateOpened():
            return replace(
                state, client_gate=ClientOpen(valid_until=event.valid_until, validated_by=event.validated_by)
            )
        case Launched(), ClientGateShut():
            return replace(
                state,
                client_gate=ClientShut(missing=event.missing, answer_due=event.answer_due),
                payment_lacked=state.payment_lacked or "payment_method" in event.missing,
            )
        case Launched(), WorkerGateOpened():
            return replace(state, worker_gate=WorkerOpen(worker_id=event.worker_id, hold_id=event.hold_id))
        case Launched(), WorkerGateShut():
            return replace(state, worker_gate=WorkerShut(missing=event.missing))
        case Launched(), RequestConfirmed():
            return Confirmed(was=state, confirmed=event)
        case Draft() | Launching() | Launched() | Confirmed(), RequestCancelled():
            return Cancelled(was=state, by=event.by, reason_code=event.reason_code)
        case Launched(), RequestDeclined():
            return Declined(was=state)
        case Draft() | Launching() | Launched(), RequestExpired():
            return Expired(was=state, rule=event.rule, deadline=event.deadline)
        case _:
            return state


REQUEST: Stream[RequestState] = Stream("intake.request", Absent(), evolve)
