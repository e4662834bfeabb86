"""What happens to a visit."""

from typing import ClassVar, Literal

from doorstep_chassis.domain import Event
from pydantic import BaseModel, ConfigDict

from scheduling.domain.ids import ChainId, ClientId, HoldId, RequestId, VisitId, WorkerId
from scheduling.domain.slot import Slot

EndedBy = Literal["worker", "operator", "client", "deadline"]


class Hourly(BaseModel):
    """A rate an hour, in cents with tax, and the offer and catalogue version it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["hourly"] = "hourly"
    rate_cents: int
    currency: str
    offer_id: str
    catalogue_version: int


class VisitScheduled(Event):
    """A visit stands in a worker's calendar, on the terms its request was quoted."""

    TOPIC: ClassVar[str] = "scheduling.visit-scheduled"

    visit_id: VisitId
    chain_id: ChainId
    request_id: RequestId
    hold_id: HoldId
    worker_id: WorkerId
    client_id: ClientId
    slot: Slot
    service: str
    postal_code: str
    terms: Hourly
    overlap_accepted: bool


class VisitCancelled(Event):
    """The visit will not take place."""

    TOPIC: ClassVar[str] = "scheduling.visit-cancelled"

    visit_id: VisitId
    chain_id: ChainId
    request_id: RequestId
    hold_id: HoldId
    worker_id: WorkerId
    client_id: ClientId
    by: EndedBy
    reason_code: str | None


VisitEvent = VisitScheduled | VisitCancelled
