"""Who holds one service: what a broadcast looks through, so that its cost grows with the candidates and nothing else."""

from dataclasses import dataclass
from typing import Union

from doorstep_chassis.domain import Stream

from dispatch.domain.ids import WorkerId
from dispatch.domain.roster.events import RosterEvent, WorkerListed
from dispatch.domain.worker.events import Profile


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What was last written, and all before it: to add one more copies nothing, however long the list."""

    event: RosterEvent
    before: Union["Entry", None]


Roster = Entry | None


def evolve(state: Roster, event: RosterEvent) -> Roster:
    """The list grows at its head."""
    return Entry(event, state)


def holders(state: Roster) -> dict[WorkerId, Profile]:
    """Everybody who holds the service now, in the order of their ids: the newest entry of each is the one that counts."""
    newest: dict[WorkerId, RosterEvent] = {}
    while state is not None:
        newest.setdefault(state.event.worker_id, state.event)
        state = state.before
    listed = [event for event in newest.values() if isinstance(event, WorkerListed)]
    return {event.worker_id: event.profile for event in sorted(listed, key=lambda event: event.worker_id)}


ROSTER: Stream[Roster] = Stream("dispatch.roster", None, evolve)
