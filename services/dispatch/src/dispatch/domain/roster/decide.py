"""Who is listed under a service."""

from dispatch.domain.ids import WorkerId
from dispatch.domain.roster.events import RosterEvent, WorkerDelisted, WorkerListed
from dispatch.domain.roster.state import Roster, holders
from dispatch.domain.worker.events import Profile


def decide_list(state: Roster, service: str, worker_id: WorkerId, profile: Profile) -> tuple[RosterEvent, ...]:
    """A worker stands, as they are, on the roster of each service they hold, and on no other."""
    listed = holders(state).get(worker_id)
    if service in profile.services:
        return () if listed == profile else (WorkerListed(worker_id=worker_id, profile=profile),)
    return () if listed is None else (WorkerDelisted(worker_id=worker_id),)
