"""Who the client of a request is (DOMAIN.md rule 7)."""

from typing import assert_never
from uuid import UUID

from client_directory.domain.identity.match import Certain, Doubt, Match, Nobody
from client_directory.domain.resolution.errors import RequestEnded, ReviewDecided, ReviewNotFound
from client_directory.domain.resolution.events import (
    ClientResolved,
    ContactErased,
    DraftSeen,
    LaunchWaits,
    RequestEndSeen,
    ReviewOpened,
)
from client_directory.domain.resolution.state import (
    Draft,
    Drafted,
    Ended,
    Erased,
    InReview,
    ResolutionState,
    Resolved,
    Unseen,
)


def decide_draft_seen(state: ResolutionState, draft: Draft) -> tuple[DraftSeen, ...]:
    """A draft is looked at once; one whose end came first is not looked at."""
    if not isinstance(state, Unseen):
        return ()
    return (
        DraftSeen(
            postal_code=draft.postal_code,
            picked_client_id=draft.picked_client_id,
            contact=draft.contact,
            contact_key_id=draft.contact_key_id,
        ),
    )


def decide_picked(state: Drafted, client_id: UUID, *, known: bool | None) -> tuple[ClientResolved | ReviewOpened, ...]:
    """A client of the organisation was picked; `known=None`: it has no such client, and an operator must say who."""
    if known is None:
        return (_review(state.draft, Doubt(("picked_client_unknown",), ())),)
    return (ClientResolved(client_id=client_id, known=known, by="pick"),)


def decide_matched(
    state: Drafted, found: Match, *, known: bool, new_client_id: UUID
) -> tuple[ClientResolved | ReviewOpened, ...]:
    """A certain match attaches the request to the client on file, nobody makes a new one, a doubt is never guessed."""
    match found:
        case Certain():
            return (ClientResolved(client_id=found.client_id, known=known, by="match"),)
        case Nobody():
            return (ClientResolved(client_id=new_client_id, known=False, by="new"),)
        case Doubt():
            return (_review(state.draft, found),)
        case _:
            assert_never(found)


def decide_launch_waits(state: ResolutionState) -> tuple[LaunchWaits, ...]:
    """Written into this stream, so that a launch cannot pass the resolving unseen."""
    return () if isinstance(state, (Resolved, Ended, Erased)) else (LaunchWaits(),)


def decide_link(state: ResolutionState, client_id: UUID, *, known: bool) -> tuple[ClientResolved, ...]:
    """An operator says: it is this client. Errors: ReviewNotFound, ReviewDecided, RequestEnded."""
    if isinstance(state, Resolved) and state.client_id == client_id:
        return ()
    in_review(state)
    return (ClientResolved(client_id=client_id, known=known, by="operator"),)


def decide_somebody_new(state: ResolutionState, client_id: UUID) -> tuple[ClientResolved, ...]:
    """An operator says: it is somebody new, though identifiers are shared.

    Errors: ReviewNotFound, ReviewDecided, RequestEnded.
    """
    in_review(state)
    return (ClientResolved(client_id=client_id, known=False, by="operator"),)


def decide_contact_erased(state: ResolutionState) -> tuple[ContactErased, ...]:
    """Without the contact nobody can say any more who it was; a client who is certain stays."""
    return (ContactErased(),) if isinstance(state, (Drafted, InReview)) else ()


def decide_end(state: ResolutionState) -> tuple[RequestEndSeen, ...]:
    """A request ends once, also before anything else of it has arrived."""
    return () if isinstance(state, Ended) else (RequestEndSeen(),)


def in_review(state: ResolutionState) -> InReview:
    """The open review. Errors: ReviewNotFound, ReviewDecided, RequestEnded."""
    if isinstance(state, Ended):
        raise RequestEnded
    if isinstance(state, Resolved):
        raise ReviewDecided
    if not isinstance(state, InReview):
        raise ReviewNotFound
    return state


def _review(draft: Draft, doubt: Doubt) -> ReviewOpened:
    return ReviewOpened(
        reasons=doubt.reasons,
        candidates=doubt.candidates,
        contact=draft.contact,
        contact_key_id=draft.contact_key_id,
        postal_code=draft.postal_code,
    )
