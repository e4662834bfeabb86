"""What the log of changes holds: ids and kinds, nothing personal."""

from typing import ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event
from pydantic import BaseModel, ConfigDict

Kind = Literal["request", "client", "worker", "calendar", "calls", "settings", "workers"]
"""What to look at again: a request itself, its client gate, its worker gate, a calendar, the open calls, the
organisation's settings, the register of workers."""


class People(BaseModel):
    """Whom a request concerns, as far as has been heard, and what its worker gate lacks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    creator: UUID | None = None
    client: UUID | None = None
    worker: UUID | None = None
    """The one who is assigned."""
    applicants: tuple[UUID, ...] = ()
    lacks: tuple[str, ...] | None = None
    """None until the worker gate has been heard of."""


class Changed(Event):
    """Something changed that people may want to look at again. Operators of the organisation hear of it always."""

    TOPIC: ClassVar[str] = "gateway.changed"

    kind: Kind
    request_id: UUID | None = None
    workers: tuple[UUID, ...] = ()
    """Workers whom it concerns."""
    client: UUID | None = None
    """The client whom it concerns."""
    everyone: bool = False
    """Whether all workers hear of it, without the request."""
    calls: bool = False
    """Whether all workers hear that the open calls are others than before."""

    people: People | None = None
    """As known from here on; None where it is about no request."""
    source: str
    """The topic that said it."""
    fact: UUID
    """Derived from what was said there: the same again, directly after, is no change."""
