"""A worker as the register has them."""

from dataclasses import dataclass

from doorstep_chassis.domain import Stream

from dispatch.domain.worker.events import Profile, WorkerEvent


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The register does not know this worker."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The register knows what this worker does, and where."""

    profile: Profile


Worker = Unregistered | Registered


def evolve(state: Worker, event: WorkerEvent) -> Worker:
    """The register holds what was last said of a worker."""
    return Registered(event.profile)


def profile_of(state: Worker) -> Profile | None:
    """The worker's profile, None when the register does not know them."""
    return state.profile if isinstance(state, Registered) else None


WORKER: Stream[Worker] = Stream("dispatch.worker", Unregistered(), evolve)
