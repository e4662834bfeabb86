"""What dispatch says: workers, broadcasts, applications and awards, and so the worker gate."""

from typing import ClassVar, Literal
from uuid import UUID

from doorstep_contracts.base import (
    Code,
    Count,
    Instant,
    OfferTerms,
    PostalCode,
    PostalPrefix,
    PublicEvent,
    RequestEvent,
    Slot,
    Version,
)

WorkerGateLack = Literal["operator", "applications", "selection", "slot_refused", "slot"]
"""What a worker gate may lack; `operator` means that an operator must act."""


class BroadcastOpened(RequestEvent):
    """An open call went to the eligible workers, under the policy of that version."""

    TYPE: ClassVar[str] = "doorstep.dispatch.BroadcastOpened"

    eligible: Count
    slot: Slot
    service: Code
    postal_code: PostalCode
    offer: OfferTerms
    policy_version: Version
    deadline: Instant


class ApplicationReceived(RequestEvent):
    """A worker would do it."""

    TYPE: ClassVar[str] = "doorstep.dispatch.ApplicationReceived"

    worker_id: UUID
    applied_at: Instant


class BroadcastClosed(RequestEvent):
    """An open call takes no more applications."""

    TYPE: ClassVar[str] = "doorstep.dispatch.BroadcastClosed"

    reason: Literal["assigned", "deadline", "request_ended", "operator"]


class WorkerSelected(RequestEvent):
    """A worker was chosen; they are assigned only once scheduling holds their slot."""

    TYPE: ClassVar[str] = "doorstep.dispatch.WorkerSelected"

    worker_id: UUID
    selection_id: UUID
    slot: Slot
    accept_overlap: bool
    by: Literal["self", "operator", "policy"]


class WorkerAssigned(RequestEvent):
    """The worker gate opened: one worker is chosen and their slot is held."""

    TYPE: ClassVar[str] = "doorstep.dispatch.WorkerAssigned"

    worker_id: UUID
    hold_id: UUID


class WorkerGateShut(RequestEvent):
    """The worker gate does not stand open, or no longer; `missing` says what it lacks."""

    TYPE: ClassVar[str] = "doorstep.dispatch.WorkerGateShut"

    missing: tuple[WorkerGateLack, ...]


class WorkerRegistered(PublicEvent):
    """A worker as the register has them from now on: what they do, and where."""

    TYPE: ClassVar[str] = "doorstep.dispatch.WorkerRegistered"
    KEY: ClassVar[str] = "worker_id"

    worker_id: UUID
    active: bool
    services: tuple[Code, ...]
    postal_codes: tuple[PostalCode, ...]
    postal_prefixes: tuple[PostalPrefix, ...]
