"""The rules of a request: draft, launch, the two gates, and every end. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never
from uuid import UUID

from doorstep_contracts.base import OfferTerms, Performer, Slot
from doorstep_contracts.directory import ClientGateLack
from doorstep_contracts.dispatch import WorkerGateLack
from doorstep_contracts.intake import ContactField

from request_intake.domain.organisation.decide import require_permission
from request_intake.domain.organisation.state import RequestSettings
from request_intake.domain.request import errors
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
    Validation,
    WorkerGateOpened,
    WorkerGateShut,
)
from request_intake.domain.request.state import (
    Absent,
    Cancelled,
    ClientOpen,
    ClientShut,
    Confirmed,
    Declined,
    Draft,
    Expired,
    Launched,
    Launching,
    RequestState,
    Resolved,
    Unresolved,
    WorkerOpen,
    WorkerShut,
    client_lacks,
    evolve,
)

Events = tuple[RequestEvent, ...]


# The worker's acts


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a worker drafts: the client is picked by id, or typed: sealed, with the names of the fields given."""

    created_by: UUID
    performer: Performer
    postal_code: str
    offer: OfferTerms
    slot: Slot
    accept_overlap: bool
    picked_client_id: UUID | None = None
    contact: str | None = None
    contact_fields: frozenset[ContactField] = frozenset()


def decide_draft(state: RequestState, draft: DraftRequest, settings: RequestSettings, *, now: datetime) -> Events:
    """A permitted worker drafts a request for a slot to come; unlaunched, it expires with the draft lifetime.

    Errors: WorkersMayNotCreate, SlotInPast, ContactFieldMissing, ContactUnreachable.
    """
    if not isinstance(state, Absent):
        return ()
    require_permission(settings)
    if draft.slot.start <= now:
        raise errors.SlotInPast(field="start", instant=draft.slot.start)
    if draft.picked_client_id is None:
        require_contact(draft.contact_fields, settings.required_contact_fields)
    lifetime = timedelta(hours=settings.draft_lifetime_hours)
    return (
        RequestDrafted(
            created_by=draft.created_by,
            performer=draft.performer,
            postal_code=draft.postal_code,
            offer=draft.offer,
            slot=draft.slot,
            accept_overlap=draft.accept_overlap,
            picked_client_id=draft.picked_client_id,
            contact=draft.contact,
            expires_at=min(now + lifetime, draft.slot.start),
        ),
    )


def require_contact(given: Collection[ContactField], required: Collection[ContactField]) -> None:
    """A typed client has the fields that the organisation requires, and an e-mail or a phone always.

    Errors: ContactFieldMissing, ContactUnreachable.
    """
    for field in required:
        if field not in given:
            raise errors.ContactFieldMissing(field=field)
    if "email" not in given and "phone" not in given:
        raise errors.ContactUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """How a worker launches: who is to validate, and the address they confirm or type (sealed)."""

    validation: Validation
    address_confirmed: bool
    address: str | None = None


def decide_launch(state: RequestState, launch: LaunchRequest, settings: RequestSettings, *, now: datetime) -> Events:
    """A permitted worker launches their draft, which is live at once if its client is resolved, else as soon as it is.

    Errors: WorkersMayNotCreate, AddressNeverShown, DeadlinePassed, RequestEnded.
    """
    match state:
        case Absent():
            raise errors.RequestNotFound
        case Draft():
            require_permission(settings)
            _require_in_time(state, now)
            shown_or_typed = state.drafted.picked_client_id is not None or launch.address is not None
            if launch.address_confirmed and not shown_or_typed:
                raise errors.AddressNeverShown(field="address_confirmed")
            requested = LaunchRequested(
                validation=launch.validation, address_confirmed=launch.address_confirmed, address=launch.address
            )
            return requested, *_launched(evolve(state, requested), now)
        case Launching() | Launched() | Confirmed():
            return ()
        case Cancelled() | Declined() | Expired():
            raise errors.RequestEnded
        case _:
            assert_never(state)


def _launched(state: RequestState, now: datetime) -> Events:
    """Launch was requested and the client is resolved: the request is live."""
    if not isinstance(state, Launching) or not isinstance(state.client, Resolved):
        return ()
    drafted, launch = state.drafted, state.launch
    return (
        RequestLaunched(
            created_by=drafted.created_by,
            client_id=state.client.client_id,
            known=state.client.known,
            performer=drafted.performer,
            postal_code=drafted.postal_code,
            offer=drafted.offer,
            slot=drafted.slot,
            accept_overlap=drafted.accept_overlap,
            validation=launch.validation,
            address_confirmed=launch.address_confirmed,
            address=launch.address,
            launched_at=now,
        ),
    )


# What the directory says of the client


def decide_client_resolved(state: RequestState, *, client_id: UUID, known: bool, now: datetime) -> Events:
    """Who the client is becomes certain; a request that waits for it is launched."""
    match state:
        case Absent():
            raise errors.RequestNotFound
        case Draft() | Launching():
            if overdue := _overdue(state, now):
                return overdue
            if state.client == Resolved(client_id=client_id, known=known):
                return ()
            resolved = ClientResolved(client_id=client_id, known=known)
            return resolved, *_launched(evolve(state, resolved), now)
        case Launched() | Confirmed() | Cancelled() | Declined() | Expired():
            return ()
        case _:
            assert_never(state)


def decide_review_opened(state: RequestState, *, reasons: tuple[str, ...], now: datetime) -> Events:
    """A doubt about the client waits for an operator; one that is settled already stays settled."""
    match state:
        case Absent():
            raise errors.RequestNotFound
        case Draft() | Launching():
            if not isinstance(state.client, Unresolved):
                return ()
            return _overdue(state, now) or (ClientReviewOpened(reasons=reasons),)
        case Launched() | Confirmed() | Cancelled() | Declined() | Expired():
            return ()
        case _:
            assert_never(state)


def decide_client_validated(
    state: RequestState,
    *,
    valid_until: datetime,
    validated_by: Literal["worker", "client", "operator"],
    now: datetime,
) -> Events:
    """The client gate opens until an instant; one that has passed already opens nothing."""
    if valid_until <= now:
        return decide_client_gate_shut(state, missing=("payment_method",), now=now)
    live = _live(state)
    if live is None or live.client_gate == ClientOpen(valid_until=valid_until, validated_by=validated_by):
        return ()
    return _join(live, ClientGateOpened(valid_until=valid_until, validated_by=validated_by), now)


def decide_client_gate_shut(
    state: RequestState, *, missing: tuple[ClientGateLack, ...], answer_due: datetime | None = None, now: datetime
) -> Events:
    """The client gate shuts, or lacks something else than before."""
    live = _live(state)
    if live is None or live.client_gate == ClientShut(missing=missing, answer_due=answer_due):
        return ()
    return _join(live, ClientGateShut(missing=missing, answer_due=answer_due), now)


def decide_client_declined(state: RequestState, *, reason: str | None, now: datetime) -> Events:
    """The client ends a request that is not confirmed yet, also after an award."""
    live = _live(state)
    return () if live is None else _overdue(live, now) or (RequestDeclined(reason=reason),)


def decide_client_answer_expired(state: RequestState, *, deadline: datetime, now: datetime) -> Events:
    """The client let their deadline pass, as the directory judged: a request that is not confirmed ends by it."""
    live = _live(state)
    return () if live is None else _overdue(live, now) or (RequestExpired(rule="client_deadline", deadline=deadline),)


# What dispatch says of the worker


def decide_worker_assigned(state: RequestState, *, worker_id: UUID, hold_id: UUID, now: datetime) -> Events:
    """The worker gate opens: one worker is assigned, their slot held."""
    live = _live(state)
    if live is None or live.worker_gate == WorkerOpen(worker_id=worker_id, hold_id=hold_id):
        return ()
    return _join(live, WorkerGateOpened(worker_id=worker_id, hold_id=hold_id), now)


def decide_worker_gate_shut(state: RequestState, *, missing: tuple[WorkerGateLack, ...], now: datetime) -> Events:
    """The worker gate shuts, or lacks something else than before."""
    live = _live(state)
    if live is None or live.worker_gate == WorkerShut(missing=missing):
        return ()
    return _join(live, WorkerGateShut(missing=missing), now)


def decide_broadcast_opened(state: RequestState, *, now: datetime) -> Events:
    """A broadcast waits for applications, unless somebody has applied already."""
    return _waits_for(_live(state), "applications", now, unless="selection")


def decide_application_received(state: RequestState, *, now: datetime) -> Events:
    """With an applicant, it is a selection that the worker gate lacks."""
    return _waits_for(_live(state), "selection", now)


def decide_broadcast_ended(state: RequestState, *, now: datetime) -> Events:
    """A broadcast that ends without an applicant ends no request: it stays open for an operator."""
    return _waits_for(_live(state), "operator", now, unless="selection")


def _waits_for(
    live: Launched | None, lack: WorkerGateLack, now: datetime, *, unless: WorkerGateLack | None = None
) -> Events:
    """What a shut worker gate waits for moves on; an open one stays open."""
    if live is None or isinstance(live.worker_gate, WorkerOpen) or unless in live.worker_gate.missing:
        return ()
    return decide_worker_gate_shut(live, missing=(lack,), now=now)


def _live(state: RequestState) -> Launched | None:
    """The request whose gates may move; None once it is confirmed or ended, when what comes late changes nothing."""
    match state:
        case Absent():
            raise errors.RequestNotFound
        case Draft() | Launching():
            raise errors.NotLaunched
        case Launched():
            return state
        case Confirmed() | Cancelled() | Declined() | Expired():
            return None
        case _:
            assert_never(state)


def _join(
    state: Launched, fact: ClientGateOpened | ClientGateShut | WorkerGateOpened | WorkerGateShut, now: datetime
) -> Events:
    """Both gates open at one instant confirm the request; a client gate that has lapsed by then shuts."""
    if overdue := _overdue(state, now):
        return overdue
    after = evolve(state, fact)
    assert isinstance(after, Launched)
    client, worker = after.client_gate, after.worker_gate
    if not isinstance(client, ClientOpen) or not isinstance(worker, WorkerOpen):
        return (fact,)
    if missing := client_lacks(client, now):
        return fact, ClientGateShut(missing=missing)
    launched = after.launched
    return fact, RequestConfirmed(
        client_id=launched.client_id,
        worker_id=worker.worker_id,
        hold_id=worker.hold_id,
        postal_code=launched.postal_code,
        slot=launched.slot,
        offer=launched.offer,
        confirmed_at=now,
    )


# The ends


def decide_cancel(
    state: RequestState, *, by: Literal["worker", "operator"], reason_code: str | None, now: datetime
) -> Events:
    """The creator cancels before confirmation; an operator always, as long as a confirmed visit has not started.

    Errors: ConfirmedAlready, VisitStarted, DeadlinePassed, RequestEnded.
    """
    match state:
        case Absent():
            raise errors.RequestNotFound
        case Draft() | Launching() | Launched():
            _require_in_time(state, now)
        case Confirmed() if by == "worker":
            raise errors.ConfirmedAlready
        case Confirmed():
            if state.confirmed.slot.start <= now:
                raise errors.VisitStarted(instant=state.confirmed.slot.start)
        case Cancelled():
            return ()
        case Declined() | Expired():
            raise errors.RequestEnded
        case _:
            assert_never(state)
    return (RequestCancelled(by=by, reason_code=reason_code),)


def decide_expiry(state: RequestState, *, now: datetime) -> Events:
    """A draft ends with its lifetime, an unconfirmed request with the start of its slot."""
    return _overdue(state, now) if isinstance(state, Draft | Launching | Launched) else ()


def deadline_of(state: Draft | Launching | Launched) -> tuple[Rule, datetime]:
    """The last instant of an unconfirmed request, which still counts, and the rule that sets it."""
    start = state.drafted.slot.start
    if isinstance(state, Draft) and state.drafted.expires_at < start:
        return "draft_lifetime", state.drafted.expires_at
    return "slot_start", start


def _overdue(state: Draft | Launching | Launched, now: datetime) -> Events:
    """A deadline is judged by the instant of the act, whether or not its timer has run."""
    rule, deadline = deadline_of(state)
    return (RequestExpired(rule=rule, deadline=deadline),) if now > deadline else ()


def _require_in_time(state: Draft | Launching | Launched, now: datetime) -> None:
    rule, deadline = deadline_of(state)
    if now > deadline:
        raise errors.DeadlinePassed(rule=rule, instant=deadline)
