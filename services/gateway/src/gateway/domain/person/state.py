"""What is known of a worker or operator."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from doorstep_chassis.domain import Stream

from gateway.domain.person.events import CallMailsSwitched, PersonEvent, PersonSeen


@dataclass(frozen=True, slots=True)
class Profile:
    """As they last signed in."""

    role: Literal["worker", "operator"]
    details: str
    language: Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class PersonState:
    """`profile` is None for somebody who has not signed in yet."""

    profile: Profile | None = None
    call_mails: bool = True


def evolve(state: PersonState, event: PersonEvent) -> PersonState:
    """The state after one more event."""
    match event:
        case PersonSeen():
            return replace(state, profile=Profile(event.role, event.details, event.language))
        case CallMailsSwitched():
            return replace(state, call_mails=event.on)
        case _:
            assert_never(event)


PERSON: Stream[PersonState] = Stream("gateway.person", PersonState(), evolve)
"""By the person's id."""
