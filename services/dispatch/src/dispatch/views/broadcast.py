"""What an operator sees of the search for a worker: every verdict, every application, every refusal.

It is read from the award's own stream, so an operator reads their own writes.
"""

from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from doorstep_contracts.dispatch import WorkerGateLack
from pydantic import BaseModel

from dispatch.domain.award.state import (
    Assigned,
    Broadcasting,
    Dossier,
    Ended,
    Selecting,
    ShutSlotRefused,
    Started,
    WaitingOperator,
)
from dispatch.domain.eligibility import Verdict

Standing = Literal["waiting_operator", "broadcasting", "selecting", "slot_refused", "assigned", "confirmed", "ended"]
ApplicationStanding = Literal["applied", "selected", "refused", "assigned", "not_chosen", "ended"]


class ConsideredWorker(BaseModel):
    """A worker was considered, and all that stood against them."""

    worker_id: UUID
    eligible: bool
    reasons: tuple[str, ...]


class AppliedWorker(BaseModel):
    """An application: in which order it came, and what became of it."""

    worker_id: UUID
    applied_at: datetime
    state: ApplicationStanding


class RefusedWorker(BaseModel):
    """A worker was chosen, or next in turn, and why it came to nothing."""

    worker_id: UUID
    reasons: tuple[str, ...]


class OpenCall(BaseModel):
    """The call: under which version of the policy, how it is won, until when, and why it is closed, if it is."""

    policy_version: int
    award: str
    deadline: datetime
    closed: str | None


class Broadcast(BaseModel):
    """The search for a request's worker; `missing` is what its worker gate lacks, nothing once it is open or ended."""

    request_id: UUID
    state: Standing
    missing: tuple[WorkerGateLack, ...]
    service: str
    postal_code: str
    start: datetime
    end: datetime
    zone: str
    rate_cents: int
    currency: str
    created_by: UUID
    performer: str
    worker_id: UUID | None
    """Who is chosen or assigned."""
    call: OpenCall | None
    verdicts: list[ConsideredWorker]
    applications: list[AppliedWorker]
    refusals: list[RefusedWorker]


def broadcast(request_id: UUID, state: Started) -> Broadcast:
    """The award as it stands."""
    dossier = state.dossier
    request, call = dossier.request, dossier.call
    standing, missing = _standing(state)
    return Broadcast(
        request_id=request_id,
        state=standing,
        missing=missing,
        service=request.offer.service,
        postal_code=request.postal_code,
        start=request.slot.start,
        end=request.slot.end,
        zone=request.slot.zone,
        rate_cents=request.offer.rate_cents,
        currency=request.offer.currency,
        created_by=request.created_by,
        performer=request.performer,
        worker_id=chosen(state),
        call=None
        if call is None
        else OpenCall(policy_version=call.policy_version, award=call.award, deadline=call.deadline, closed=call.closed),
        verdicts=[
            ConsideredWorker(worker_id=each.worker_id, eligible=each.eligible, reasons=each.reasons)
            for each in _verdicts(dossier)
        ],
        applications=[
            AppliedWorker(
                worker_id=each.worker_id, applied_at=each.applied_at, state=_application(state, each.worker_id)
            )
            for each in dossier.applications
        ],
        refusals=[RefusedWorker(worker_id=each.worker_id, reasons=each.reasons) for each in dossier.setbacks],
    )


def standing(state: Started) -> Standing:
    """The state of an award in one word."""
    return _standing(state)[0]


def chosen(state: Started) -> UUID | None:
    """Who is chosen or assigned."""
    match state:
        case Selecting():
            return state.selection.worker_id
        case Assigned():
            return state.worker_id
        case _:
            return None


def called(state: Started) -> list[UUID]:
    """The workers whom the open call went to; nobody once it is closed."""
    return [each.worker_id for each in state.dossier.verdicts if each.eligible] if state.dossier.open else []


def _standing(state: Started) -> tuple[Standing, tuple[WorkerGateLack, ...]]:
    match state:
        case WaitingOperator():
            return "waiting_operator", (state.lack,)
        case Broadcasting():
            return "broadcasting", (state.lack,)
        case Selecting():
            return "selecting", ("slot",)
        case ShutSlotRefused():
            return "slot_refused", ("slot_refused",)
        case Assigned():
            return ("confirmed" if state.confirmed else "assigned"), ()
        case Ended():
            return "ended", ()
        case _:
            assert_never(state)


def _verdicts(dossier: Dossier) -> tuple[Verdict, ...]:
    """The creator's own verdict stands first, unless the call considered them too."""
    creator = dossier.creator
    if creator is None or any(each.worker_id == creator.worker_id for each in dossier.verdicts):
        return dossier.verdicts
    return creator, *dossier.verdicts


def _application(state: Started, worker_id: UUID) -> ApplicationStanding:
    if worker_id == chosen(state):
        return "selected" if isinstance(state, Selecting) else "assigned"
    if any(each.worker_id == worker_id for each in state.dossier.setbacks):
        return "refused"
    if isinstance(state, Assigned):
        return "not_chosen"
    return "ended" if isinstance(state, Ended) else "applied"
