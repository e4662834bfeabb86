"""What the stored events of scheduling say in public, on `scheduling.visits.v1`. Calendars stay private."""

from collections.abc import Sequence
from uuid import UUID

from doorstep_chassis.relay import Publication
from doorstep_chassis.store.model import Meta
from doorstep_contracts import scheduling as public
from doorstep_contracts.base import Slot as PublicSlot

from scheduling.domain.hold.events import SlotHeld, SlotRefused, SlotReleased
from scheduling.domain.slot import Slot
from scheduling.domain.visit.events import VisitCancelled, VisitScheduled


def publish_slot_held(event: SlotHeld, meta: Meta) -> Sequence[public.SlotHeld]:
    request_id = UUID(meta.key)
    return (
        public.SlotHeld(
            organisation_id=meta.organisation_id,
            chain_id=request_id,
            request_id=request_id,
            worker_id=event.worker_id,
            selection_id=event.selection_id,
            hold_id=event.hold_id,
            slot=_slot(event.slot),
            overlap_accepted=event.overlap_accepted,
        ),
    )


def publish_slot_refused(event: SlotRefused, meta: Meta) -> Sequence[public.SlotRefused]:
    request_id = UUID(meta.key)
    return (
        public.SlotRefused(
            organisation_id=meta.organisation_id,
            chain_id=request_id,
            request_id=request_id,
            worker_id=event.worker_id,
            selection_id=event.selection_id,
            reason=event.reason,
            conflict=None if event.conflict is None else _slot(event.conflict),
        ),
    )


def publish_slot_released(event: SlotReleased, meta: Meta) -> Sequence[public.SlotReleased]:
    request_id = UUID(meta.key)
    return (
        public.SlotReleased(
            organisation_id=meta.organisation_id,
            chain_id=request_id,
            request_id=request_id,
            worker_id=event.worker_id,
            hold_id=event.hold_id,
            reason=event.reason,
        ),
    )


def publish_visit_scheduled(event: VisitScheduled, meta: Meta) -> Sequence[public.VisitScheduled]:
    return (
        public.VisitScheduled(
            organisation_id=meta.organisation_id,
            chain_id=event.chain_id,
            request_id=event.request_id,
            visit_id=event.visit_id,
            worker_id=event.worker_id,
            client_id=event.client_id,
            slot=_slot(event.slot),
            service=event.service,
            postal_code=event.postal_code,
            rate_cents=event.terms.rate_cents,
            currency=event.terms.currency,
            offer_id=event.terms.offer_id,
            catalogue_version=event.terms.catalogue_version,
        ),
    )


def publish_visit_cancelled(event: VisitCancelled, meta: Meta) -> Sequence[public.VisitCancelled]:
    return (
        public.VisitCancelled(
            organisation_id=meta.organisation_id,
            chain_id=event.chain_id,
            request_id=event.request_id,
            visit_id=event.visit_id,
            worker_id=event.worker_id,
            client_id=event.client_id,
            by=event.by,
            reason_code=event.reason_code,
        ),
    )


def _slot(slot: Slot) -> PublicSlot:
    return PublicSlot(start=slot.start, end=slot.end, zone=slot.zone)


PUBLICATION: Publication = {
    SlotHeld: publish_slot_held,
    SlotRefused: publish_slot_refused,
    SlotReleased: publish_slot_released,
    VisitScheduled: publish_visit_scheduled,
    VisitCancelled: publish_visit_cancelled,
}
