"""What dispatch says in public. What is not named here stays private: verdicts, refusals, rosters, policies."""

from uuid import UUID

from doorstep_chassis.relay import Publication
from doorstep_chassis.store.model import Meta
from doorstep_contracts import dispatch as public

from dispatch.domain.award.events import (
    ApplicationReceived,
    BroadcastClosed,
    BroadcastOpened,
    WorkerAssigned,
    WorkerGateShut,
    WorkerSelected,
)
from dispatch.domain.worker.events import WorkerChanged, WorkerRegistered


def worker(event: WorkerRegistered | WorkerChanged, meta: Meta) -> tuple[public.WorkerRegistered]:
    """The register as it stands is told anew with each change."""
    profile = event.profile
    return (
        public.WorkerRegistered(
            organisation_id=meta.organisation_id,
            worker_id=event.worker_id,
            active=profile.active,
            services=profile.services,
            postal_codes=profile.postal_codes,
            postal_prefixes=profile.postal_prefixes,
        ),
    )


def broadcast_opened(event: BroadcastOpened, meta: Meta) -> tuple[public.BroadcastOpened]:
    """How many were called is public, who and why is not."""
    return (
        public.BroadcastOpened(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            eligible=sum(verdict.eligible for verdict in event.verdicts),
            slot=event.slot,
            service=event.offer.service,
            postal_code=event.postal_code,
            offer=event.offer,
            policy_version=event.policy_version,
            deadline=event.deadline,
        ),
    )


def application_received(event: ApplicationReceived, meta: Meta) -> tuple[public.ApplicationReceived]:
    """An application is told as it came."""
    return (
        public.ApplicationReceived(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            worker_id=event.worker_id,
            applied_at=event.applied_at,
        ),
    )


def broadcast_closed(event: BroadcastClosed, meta: Meta) -> tuple[public.BroadcastClosed]:
    """A closed call is told with the reason."""
    return (
        public.BroadcastClosed(organisation_id=meta.organisation_id, request_id=UUID(meta.key), reason=event.reason),
    )


def worker_selected(event: WorkerSelected, meta: Meta) -> tuple[public.WorkerSelected]:
    """A choice asks scheduling for the slot."""
    return (
        public.WorkerSelected(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            worker_id=event.worker_id,
            selection_id=event.selection_id,
            slot=event.slot,
            accept_overlap=event.accept_overlap,
            by=event.by,
        ),
    )


def worker_assigned(event: WorkerAssigned, meta: Meta) -> tuple[public.WorkerAssigned]:
    """The worker gate is open."""
    return (
        public.WorkerAssigned(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            worker_id=event.worker_id,
            hold_id=event.hold_id,
        ),
    )


def worker_gate_shut(event: WorkerGateShut, meta: Meta) -> tuple[public.WorkerGateShut]:
    """The worker gate is not open, and lacks this."""
    return (
        public.WorkerGateShut(organisation_id=meta.organisation_id, request_id=UUID(meta.key), missing=event.missing),
    )


PUBLICATION: Publication = {
    WorkerRegistered: worker,
    WorkerChanged: worker,
    BroadcastOpened: broadcast_opened,
    ApplicationReceived: application_received,
    BroadcastClosed: broadcast_closed,
    WorkerSelected: worker_selected,
    WorkerAssigned: worker_assigned,
    WorkerGateShut: worker_gate_shut,
}
