"""What an identifier's stream says; its key is the kind and the keyed hash."""

from typing import ClassVar
from uuid import UUID

from doorstep_chassis.domain import Event


class IdentifierClaimed(Event):
    """The identifier belongs to this client; `shared` when an operator said that others may own it too."""

    TOPIC: ClassVar[str] = "directory.identifier-claimed"

    client_id: UUID
    shared: bool


class IdentifierReleased(Event):
    """The identifier no longer belongs to this client."""

    TOPIC: ClassVar[str] = "directory.identifier-released"

    client_id: UUID
