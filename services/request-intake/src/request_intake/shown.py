"""What a person is shown of a request. What a worker typed about a client tells them nothing of what is on file.

A draft, and a request that is launching, look the same whoever the client turns out to be. Once it is launched, the
creator of a request with typed details learns its case and what follows from that: whatever else the client still has
to do is `validation` to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from doorstep_chassis.auth import Principal
from doorstep_contracts.base import Performer, Slot

from request_intake.domain.organisation.state import RequestSettings
from request_intake.domain.request.decide import deadline_of
from request_intake.domain.request.state import (
    Cancelled,
    Case,
    ClientGate,
    ClientOpen,
    ClientShut,
    Confirmed,
    Declined,
    Draft,
    Existing,
    Expired,
    InReview,
    Launched,
    Launching,
    Resolved,
    WorkerGate,
    WorkerOpen,
    WorkerShut,
    case_of,
    client_lacks,
    drafted_of,
    launched_of,
    worker_lacks,
)

StateName = Literal["draft", "launching", "launched", "confirmed", "cancelled", "declined", "expired"]
_STATE_NAMES: Mapping[type[Existing], StateName] = {
    Draft: "draft",
    Launching: "launching",
    Launched: "launched",
    Confirmed: "confirmed",
    Cancelled: "cancelled",
    Declined: "declined",
    Expired: "expired",
}

UNDER_VERIFICATION = ["verification"]
"""What both gates lack while a request is launching: « Lancée, vérification en cours »."""

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A request at a glance, with all that is known; `shown_card` says what of it a person sees."""

    request_id: UUID
    state: StateName
    case: Case | None
    created_by: UUID
    performer: Performer
    postal_code: str
    offer_id: str
    service: str
    slot: Slot
    typed: bool
    in_review: bool
    client_gate: ClientGate | None
    worker_gate: WorkerGate | None


def state_name(state: Existing) -> StateName:
    """The status as programs know it, such as `launching`."""
    return _STATE_NAMES[type(state)]


def card_of(state: Existing, request_id: UUID) -> Card:
    """The card of a request as its stream has it."""
    drafted, live = drafted_of(state), launched_of(state)
    return Card(
        request_id=request_id,
        state=state_name(state),
        case=case_of(state),
        created_by=drafted.created_by,
        performer=drafted.performer,
        postal_code=drafted.postal_code,
        offer_id=drafted.offer.offer_id,
        service=drafted.offer.service,
        slot=drafted.slot,
        typed=drafted.contact is not None,
        in_review=isinstance(state, Draft | Launching) and isinstance(state.client, InReview),
        client_gate=None if live is None else live.client_gate,
        worker_gate=None if live is None else live.worker_gate,
    )


def card_of_row(row: Mapping[str, Any]) -> Card:
    """The card of a request as the list has it."""
    client_gate: ClientGate | None = None
    worker_gate: WorkerGate | None = None
    if row["client_valid_until"] is not None:
        client_gate = ClientOpen(valid_until=row["client_valid_until"], validated_by=row["validated_by"])
    elif row["client_missing"] is not None:
        client_gate = ClientShut(missing=tuple(row["client_missing"]), answer_due=row["answer_due"])
    if row["worker_id"] is not None:
        worker_gate = WorkerOpen(worker_id=row["worker_id"], hold_id=row["hold_id"])
    elif row["worker_missing"] is not None:
        worker_gate = WorkerShut(missing=tuple(row["worker_missing"]))
    return Card(
        request_id=row["request_id"],
        state=row["state"],
        case=row["case_number"],
        created_by=row["created_by"],
        performer=row["performer"],
        postal_code=row["postal_code"],
        offer_id=row["offer_id"],
        service=row["service"],
        slot=Slot(start=row["slot_start"], end=row["slot_end"], zone=row["zone"]),
        typed=row["typed"],
        in_review=row["in_review"],
        client_gate=client_gate,
        worker_gate=worker_gate,
    )


def shown_card(card: Card, who: Principal, now: datetime) -> Shown:
    """A request in a list, as this person may see it."""
    return {
        "request_id": str(card.request_id),
        "state": card.state,
        "case": card.case,
        "created_by": str(card.created_by),
        "performer": card.performer,
        "postal_code": card.postal_code,
        "offer_id": card.offer_id,
        "service": card.service,
        "slot": {
            **card.slot.model_dump(mode="json"),
            "local_start": card.slot.start.astimezone(ZoneInfo(card.slot.zone)).isoformat(),
        },
        "client_gate": _client_gate(card, who, now),
        "worker_gate": _worker_gate(card, who),
    }


def shown_request(state: Existing, request_id: UUID, who: Principal, now: datetime) -> Shown:
    """A request in full, as this person may see it."""
    drafted, live = drafted_of(state), launched_of(state)
    shown = shown_card(card_of(state, request_id), who, now)
    shown |= {
        "offer": drafted.offer.model_dump(mode="json"),
        "accept_overlap": drafted.accept_overlap,
        "validation": _validation(state),
        "expires_at": None,
        "end": None,
    }
    if isinstance(state, Draft | Launching | Launched):
        shown["expires_at"] = instant(deadline_of(state)[1])
    if isinstance(state, Cancelled):
        shown["end"] = {"by": state.by, "reason_code": state.reason_code}
    if isinstance(state, Expired):
        shown["end"] = {"rule": state.rule, "deadline": instant(state.deadline)}
    if who.role != "client":
        shown["picked_client_id"] = None if drafted.picked_client_id is None else str(drafted.picked_client_id)
    if who.role == "operator":
        client = state.client if isinstance(state, Draft | Launching) else None
        known = client if isinstance(client, Resolved) else None if live is None else live.launched
        shown["client"] = None if known is None else {"client_id": str(known.client_id), "known": known.known}
        shown["review_reasons"] = list(client.reasons) if isinstance(client, InReview) else []
    return shown


def shown_settings(settings: RequestSettings) -> Shown:
    """The request settings of an organisation."""
    return {
        "version": settings.version,
        "workers_may_create": settings.workers_may_create,
        "required_contact_fields": list(settings.required_contact_fields),
        "draft_lifetime_hours": settings.draft_lifetime_hours,
    }


def instant(value: datetime) -> str:
    """An instant as JSON has it: UTC, ISO 8601."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _validation(state: Existing) -> str | None:
    if isinstance(state, Launching):
        return state.launch.validation
    live = launched_of(state)
    return None if live is None else live.launched.validation


def _client_gate(card: Card, who: Principal, now: datetime) -> Shown | None:
    if card.state == "launching":
        reviewed = card.in_review and who.role == "operator"
        return {"open": False, "missing": ["review"] if reviewed else UNDER_VERIFICATION}
    gate = card.client_gate
    if gate is None:
        return None
    # A gate that once was open with the other is done with its work: only a live request's may lapse.
    missing = client_lacks(gate, now) if card.state == "launched" or isinstance(gate, ClientShut) else ()
    if who.role == "worker" and card.typed:
        by_case = [lack for lack in missing if lack == "payment_method" and card.case == 2]
        return {"open": not missing, "missing": ["validation"] * (len(by_case) < len(missing)) + by_case}
    shown: Shown = {"open": not missing, "missing": list(missing)}
    if isinstance(gate, ClientOpen) and who.role != "worker":
        shown |= {"valid_until": instant(gate.valid_until), "validated_by": gate.validated_by}
    if isinstance(gate, ClientShut) and gate.answer_due is not None:
        shown["answer_due"] = instant(gate.answer_due)
    return shown


def _worker_gate(card: Card, who: Principal) -> Shown | None:
    if card.state == "launching":
        return {"open": False, "missing": UNDER_VERIFICATION}
    gate = card.worker_gate
    if gate is None:
        return None
    missing = worker_lacks(gate)
    shown: Shown = {"open": not missing, "missing": list(missing)}
    if isinstance(gate, WorkerOpen) and (who.role == "operator" or card.state == "confirmed"):
        shown["worker_id"] = str(gate.worker_id)
    return shown
