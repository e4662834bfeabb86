"""Who is in the register, and as what."""

from typing import assert_never

from dispatch.domain.ids import WorkerId
from dispatch.domain.worker.events import Profile, WorkerChanged, WorkerEvent, WorkerRegistered
from dispatch.domain.worker.state import Registered, Unregistered, Worker


def decide_register(state: Worker, worker_id: WorkerId, profile: Profile) -> tuple[WorkerEvent, ...]:
    """A worker is registered once; after that only what differs is a change."""
    match state:
        case Unregistered():
            return (WorkerRegistered(worker_id=worker_id, profile=profile),)
        case Registered(profile=known):
            return () if known == profile else (WorkerChanged(worker_id=worker_id, profile=profile),)
        case _:
            assert_never(state)
