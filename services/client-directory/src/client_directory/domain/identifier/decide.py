"""Who may own an identifier."""

from uuid import UUID

from client_directory.domain.identifier.errors import IdentifierTaken
from client_directory.domain.identifier.events import IdentifierClaimed, IdentifierReleased
from client_directory.domain.identifier.state import Owners


def decide_claim(state: Owners, client_id: UUID, *, sharing: bool, field: str) -> tuple[IdentifierClaimed, ...]:
    """An identifier has one owner, or several once an operator has said so. Errors: IdentifierTaken."""
    if client_id in state.client_ids:
        return ()
    if state.client_ids and not sharing:
        raise IdentifierTaken(field=field)
    return (IdentifierClaimed(client_id=client_id, shared=bool(state.client_ids)),)


def decide_release(state: Owners, client_id: UUID) -> tuple[IdentifierReleased, ...]:
    """What is released can be claimed by somebody new."""
    return (IdentifierReleased(client_id=client_id),) if client_id in state.client_ids else ()
