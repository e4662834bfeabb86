"""What dispatch keeps of a request: all it needs to find a worker, and nothing about the client."""

from datetime import datetime

from doorstep_contracts.base import OfferTerms, Performer, PostalCode, Slot
from pydantic import BaseModel, ConfigDict

from dispatch.domain.ids import WorkerId


class Request(BaseModel):
    """A launched request: who made it and who is to do it, what, where, when and at which rate."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    created_by: WorkerId
    performer: Performer
    known: bool
    """Whether the client is known as DOMAIN.md means it."""
    postal_code: PostalCode
    offer: OfferTerms
    slot: Slot
    accept_overlap: bool

    def accepts_overlap(self, worker_id: WorkerId) -> bool:
        """Only the creator has seen their calendar, so only they can have accepted an overlap, and only for themselves."""
        return self.accept_overlap and self.performer == "self" and worker_id == self.created_by

    def begun(self, now: datetime) -> bool:
        """Whether the slot's start, the last instant at which anybody may be chosen, has passed."""
        return now > self.slot.start
