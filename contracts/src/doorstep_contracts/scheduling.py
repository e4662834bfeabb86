"""What scheduling says: slots held, refused and released, and visits."""

from typing import ClassVar, Literal
from uuid import UUID

from doorstep_contracts.base import Cents, Code, Currency, PostalCode, PublicEvent, Slot, Version


class ChainEvent(PublicEvent):
    """An event about one chain of visits; the chain that starts at a request's visit bears the request's id."""

    KEY: ClassVar[str] = "chain_id"

    chain_id: UUID
    request_id: UUID


class SlotHeld(ChainEvent):
    """A worker's calendar holds the slot for the request."""

    TYPE: ClassVar[str] = "doorstep.scheduling.SlotHeld"

    worker_id: UUID
    selection_id: UUID
    hold_id: UUID
    slot: Slot
    overlap_accepted: bool


class SlotRefused(ChainEvent):
    """A worker's calendar cannot hold the slot; `conflict` is the busy slot in the way."""

    TYPE: ClassVar[str] = "doorstep.scheduling.SlotRefused"

    worker_id: UUID
    selection_id: UUID
    reason: Literal["overlap", "slot_in_past", "request_ended"]
    conflict: Slot | None = None


class SlotReleased(ChainEvent):
    """A held slot is free again."""

    TYPE: ClassVar[str] = "doorstep.scheduling.SlotReleased"

    worker_id: UUID
    hold_id: UUID
    reason: Literal["request_ended", "unassigned"]


class VisitScheduled(ChainEvent):
    """A visit stands in a worker's calendar, at the rate its request was quoted."""

    TYPE: ClassVar[str] = "doorstep.scheduling.VisitScheduled"

    visit_id: UUID
    worker_id: UUID
    client_id: UUID
    slot: Slot
    service: Code
    postal_code: PostalCode
    rate_cents: Cents
    currency: Currency
    offer_id: Code
    catalogue_version: Version


class VisitCancelled(ChainEvent):
    """A visit that had not started will not take place."""

    TYPE: ClassVar[str] = "doorstep.scheduling.VisitCancelled"

    visit_id: UUID
    worker_id: UUID
    client_id: UUID
    by: Literal["worker", "operator", "client", "deadline"]
    reason_code: Code | None = None
