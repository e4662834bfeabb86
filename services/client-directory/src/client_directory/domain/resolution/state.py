"""How far it is known who the client of a request is."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from doorstep_chassis.domain import Stream

from client_directory.domain.resolution.events import (
    ClientResolved,
    ContactErased,
    DraftSeen,
    LaunchWaits,
    RequestEndSeen,
    ReviewOpened,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """Whom the worker picked, or what they typed."""

    postal_code: str
    picked_client_id: UUID | None
    contact: str | None
    contact_key_id: UUID | None


@dataclass(frozen=True, slots=True)
class Unseen:
    """The draft has not arrived."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """The draft is there; what was typed waits for its key."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class InReview:
    """An operator must decide."""

    draft: Draft
    reasons: tuple[str, ...]
    candidates: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The client is certain; `picked` from a list, not typed."""

    client_id: UUID
    picked: bool


@dataclass(frozen=True, slots=True)
class Erased:
    """What was typed is gone, and with it the question."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The request ended; who its client was, if that had become certain."""

    client_id: UUID | None


ResolutionState = Unseen | Drafted | InReview | Resolved | Erased | Ended
ResolutionEvent = DraftSeen | ClientResolved | ReviewOpened | LaunchWaits | ContactErased | RequestEndSeen


def evolve(state: ResolutionState, event: ResolutionEvent) -> ResolutionState:
    """What is known after the event."""
    match event:
        case DraftSeen():
            return Drafted(
                Draft(event.postal_code, event.picked_client_id, event.contact, event.contact_key_id),
            )
        case ReviewOpened():
            return InReview(state.draft, event.reasons, event.candidates) if isinstance(state, Drafted) else state
        case ClientResolved():
            return Resolved(event.client_id, event.by == "pick")
        case LaunchWaits():
            return state
        case ContactErased():
            return Erased()
        case RequestEndSeen():
            return Ended(state.client_id if isinstance(state, Resolved) else None)
        case _:
            assert_never(event)


RESOLUTION: Stream[ResolutionState] = Stream("directory.resolution", Unseen(), evolve)
