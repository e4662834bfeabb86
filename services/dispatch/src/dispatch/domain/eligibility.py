"""Rule 11: who may do a request, and for each who may not, everything that stands against it."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dispatch.domain.ids import WorkerId
from dispatch.domain.request import Request
from dispatch.domain.worker.events import Profile

Reason = Literal["not_registered", "inactive", "service_not_held", "postal_code_not_served", "creator_asks_for_another"]
"""What stands against a worker."""


class Verdict(BaseModel):
    """A worker was considered; without reasons against them they are eligible."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    worker_id: WorkerId
    reasons: tuple[Reason, ...]

    @property
    def eligible(self) -> bool:
        """Nothing stands against this worker."""
        return not self.reasons


def judge(request: Request, worker_id: WorkerId, profile: Profile | None) -> Verdict:
    """Eligible = active, has the service, serves the postal code; the creator of a request for another is not called."""
    return Verdict(worker_id=worker_id, reasons=tuple(_reasons(request, worker_id, profile)))


def judge_all(request: Request, candidates: Mapping[WorkerId, Profile]) -> tuple[Verdict, ...]:
    """A verdict on every candidate, in their order."""
    return tuple(judge(request, worker_id, profile) for worker_id, profile in candidates.items())


def _reasons(request: Request, worker_id: WorkerId, profile: Profile | None) -> Iterator[Reason]:
    if request.performer == "other" and worker_id == request.created_by:
        yield "creator_asks_for_another"
    if profile is None:
        yield "not_registered"
        return
    if not profile.active:
        yield "inactive"
    if request.offer.service not in profile.services:
        yield "service_not_held"
    if not profile.serves(request.postal_code):
        yield "postal_code_not_served"
