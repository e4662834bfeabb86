"""Facts about who holds one service. Stream: dispatch.roster, keyed by the service."""

from typing import ClassVar

from doorstep_chassis.domain import Event

from dispatch.domain.ids import WorkerId
from dispatch.domain.worker.events import Profile


class WorkerListed(Event):
    """A worker holds the service, with this profile."""

    TOPIC: ClassVar[str] = "dispatch.worker-listed"

    worker_id: WorkerId
    profile: Profile


class WorkerDelisted(Event):
    """A worker holds the service no longer."""

    TOPIC: ClassVar[str] = "dispatch.worker-delisted"

    worker_id: WorkerId


RosterEvent = WorkerListed | WorkerDelisted
