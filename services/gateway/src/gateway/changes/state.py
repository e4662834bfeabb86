"""What is known of one thing that changes: whom it concerns, and the last that each topic said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from doorstep_chassis.domain import Stream

from gateway.changes.events import Changed, People


@dataclass(frozen=True, slots=True)
class Told:
    """One request, worker or organisation, as its changes tell."""

    people: People = field(default_factory=People)
    said: Mapping[str, UUID] = field(default_factory=dict)


def evolve(state: Told, event: Changed) -> Told:
    """The state after a change."""
    return replace(state, people=event.people or state.people, said={**state.said, event.source: event.fact})


TOLD: Stream[Told] = Stream("gateway.changes", Told(), evolve)
