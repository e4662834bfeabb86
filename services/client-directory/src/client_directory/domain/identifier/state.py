"""The owners of one identifier, oldest first."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from doorstep_chassis.domain import Ref, Stream

from client_directory.domain.identifier.events import IdentifierClaimed, IdentifierReleased

Kind = Literal["email", "phone"]


@dataclass(frozen=True, slots=True)
class Owners:
    """Nobody, one client, or several who share it."""

    client_ids: tuple[UUID, ...] = ()


def evolve(state: Owners, event: IdentifierClaimed | IdentifierReleased) -> Owners:
    """The owners after the event."""
    others = tuple(each for each in state.client_ids if each != event.client_id)
    return Owners((*others, event.client_id) if isinstance(event, IdentifierClaimed) else others)


IDENTIFIER: Stream[Owners] = Stream("directory.identifier", Owners(), evolve)


def identifier(organisation_id: UUID, kind: Kind, keyed_hash: str) -> Ref[Owners]:
    """The stream of one identifier in one organisation."""
    return IDENTIFIER.at(organisation_id, f"{kind}:{keyed_hash}")
