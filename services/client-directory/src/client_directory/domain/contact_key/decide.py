"""When a foreign key comes, is needed and goes."""

from uuid import UUID

from client_directory.domain.contact_key.events import ContactKeyErased, ContactKeyNeeded, ContactKeySeen
from client_directory.domain.contact_key.state import ContactKey


def decide_seen(state: ContactKey) -> tuple[ContactKeySeen, ...]:
    """A key is taken once; one that was erased is never taken again, however late its issue is told."""
    return (ContactKeySeen(),) if state.status == "unseen" else ()


def decide_need(state: ContactKey, organisation_id: UUID, request_id: UUID) -> tuple[ContactKeyNeeded, ...]:
    """Written into the key's own stream, so that it cannot pass the key's arrival or erasure unseen."""
    if state.status == "erased" or (organisation_id, request_id) in state.needed_by:
        return ()
    return (ContactKeyNeeded(organisation_id=organisation_id, request_id=request_id),)


def decide_erase(state: ContactKey) -> tuple[ContactKeyErased, ...]:
    """Erased is for ever."""
    return () if state.status == "erased" else (ContactKeyErased(),)
