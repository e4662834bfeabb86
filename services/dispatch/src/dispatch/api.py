"""The HTTP routes of dispatch. Another organisation's request or worker is not there; what is not there is a 404."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from doorstep_chassis.answering import Answering
from doorstep_chassis.auth import Principal, require
from doorstep_chassis.errors import Invalid, NotFound
from doorstep_chassis.http import Body, IdempotencyKey, NoBody
from doorstep_chassis.service import Context
from doorstep_chassis.units import Answer
from doorstep_chassis.work import Work
from doorstep_contracts.base import Code, PostalCode, PostalPrefix
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from dispatch import commands
from dispatch.domain.award.state import AWARD, Absent, AwardState, EndedBeforeLaunch
from dispatch.domain.ids import RequestId, WorkerId
from dispatch.domain.policy.events import Award
from dispatch.domain.worker.events import Profile
from dispatch.views.broadcast import Broadcast, broadcast, called, standing
from dispatch.views.calls import calls_of

Operator = Annotated[Principal, Depends(require("operator"))]
Registrar = Annotated[Principal, Depends(require("operator", "service"))]
Worker = Annotated[Principal, Depends(require("worker"))]
ServiceItself = Annotated[Principal, Depends(require("service"))]


class OrganisationNotNamed(Invalid):
    """A service acts for no organisation of its own, so it names the one whose worker it registers."""

    code = "worker_organisation_not_named"


class WorkerBody(Body):
    """A worker as the register is to have them: by id alone, no name."""

    worker_id: UUID
    services: Annotated[tuple[Code, ...], Field(max_length=100)]
    postal_codes: Annotated[tuple[PostalCode, ...], Field(max_length=2_000)] = ()
    postal_prefixes: Annotated[tuple[PostalPrefix, ...], Field(max_length=500)] = ()
    active: bool = True
    organisation_id: UUID | None = None
    """For a service only: the worker's organisation."""


class PolicyBody(Body):
    """How the organisation is to find workers; what is left out is as it is by default."""

    broadcast: bool
    award: Award = "operator_picks"
    application_deadline_hours: Annotated[int, Field(ge=1, le=24 * 60)] = 24


class SelectionBody(Body):
    """Whom the operator chooses."""

    worker_id: UUID


class PolicyView(BaseModel):
    """The policy as it stands; version 0 is the one nobody has set."""

    version: int
    broadcast: bool
    award: Award
    application_deadline_hours: int


class Call(BaseModel):
    """A call as one worker sees it: open, applied, and once the award is out assigned, not_chosen (with why) or ended."""

    request_id: UUID
    service: str
    postal_code: str
    start: datetime
    end: datetime
    zone: str
    rate_cents: int
    currency: str
    deadline: datetime
    state: str
    reasons: list[str]


class Calls(BaseModel):
    """A worker's calls, the earliest slot first."""

    calls: list[Call]


class CalledWorkers(BaseModel):
    """Whom a request's call went to."""

    worker_ids: list[UUID]


def routes(context: Context) -> APIRouter:
    """The routes."""
    router, answering = APIRouter(), Answering(context.units, context.hmac_key)

    @router.post("/workers", status_code=201)
    async def register_worker(request: Request, who: Registrar, key: IdempotencyKey, body: WorkerBody) -> Response:
        """Put a worker into the register, or change what it says of them."""
        organisation_id = _organisation(who, body)
        profile = Profile.of(
            active=body.active,
            services=body.services,
            postal_codes=body.postal_codes,
            postal_prefixes=body.postal_prefixes,
        )

        def decide(work: Work) -> Answer:
            commands.register_worker(work, organisation_id, WorkerId(body.worker_id), profile)
            return Answer(status=201, body={"worker_id": str(body.worker_id)})

        return await answering.once(request, who, key, body, "register_worker", decide)

    @router.get("/policy", response_model=PolicyView)
    async def show_policy(request: Request, who: Operator) -> Response:
        """How the organisation finds workers."""
        return await answering.shown(request, "show_policy", lambda work: _policy_view(work, who))

    @router.put("/policy", response_model=PolicyView)
    async def set_policy(request: Request, who: Operator, body: PolicyBody) -> Response:
        """Change how the organisation finds workers; calls that are open keep the policy they have."""
        return await answering.changed(
            request,
            "set_policy",
            lambda work: commands.set_policy(
                work,
                who.organisation_id,
                broadcast=body.broadcast,
                award=body.award,
                application_deadline_hours=body.application_deadline_hours,
            ),
            show=lambda work: _policy_view(work, who),
        )

    @router.get("/calls")
    async def calls(who: Worker) -> Calls:
        """What the worker who asks is called for, and where their applications stand."""
        found = await calls_of(context.store, who.organisation_id, who.person_id, context.clock.now())
        return Calls(calls=[Call(**each) for each in found])

    @router.post("/requests/{request_id}/applications", status_code=201)
    async def apply(request: Request, request_id: UUID, who: Worker, key: IdempotencyKey, body: NoBody) -> Response:
        """Apply. The answer is the same for whoever applied, chosen or not."""

        def decide(work: Work) -> Answer:
            commands.apply(work, who.organisation_id, RequestId(request_id), WorkerId(who.person_id))
            return Answer(status=201, body={"request_id": str(request_id), "state": "applied"})

        return await answering.once(request, who, key, body, "apply", decide)

    @router.get("/requests/{request_id}/broadcast", response_model=Broadcast)
    async def show_broadcast(request: Request, request_id: UUID, who: Operator) -> Response:
        """Where the search for a request's worker stands, with a verdict on everybody considered."""
        return await answering.shown(request, "show_broadcast", lambda work: _broadcast(work, who, request_id))

    @router.get("/requests/{request_id}/called")
    async def show_called(request: Request, request_id: UUID, organisation_id: UUID, who: ServiceItself) -> Response:
        """Whom a request's call went to, while it is open: for a service, which names the organisation it asks about."""
        return await answering.shown(request, "show_called", lambda work: _called(work, organisation_id, request_id))

    @router.post("/requests/{request_id}/selection", status_code=202)
    async def select(
        request: Request, request_id: UUID, who: Operator, key: IdempotencyKey, body: SelectionBody
    ) -> Response:
        """Pick an applicant, or assign a worker directly; scheduling then holds their slot, or refuses it."""

        def decide(work: Work) -> Answer:
            state = commands.select(work, who.organisation_id, RequestId(request_id), WorkerId(body.worker_id))
            return Answer(status=202, body=_selection(request_id, body.worker_id, state))

        return await answering.once(
            request, who, key, body, "select", decide, show=lambda work: _broadcast(work, who, request_id)
        )

    return router


def _organisation(who: Principal, body: WorkerBody) -> UUID:
    if who.role == "service":
        if body.organisation_id is None:
            raise OrganisationNotNamed(field="organisation_id")
        return body.organisation_id
    if body.organisation_id not in (None, who.organisation_id):
        raise NotFound
    return who.organisation_id


def _policy_view(work: Work, who: Principal) -> PolicyView:
    policy = work.state(commands.policy_of(who.organisation_id))
    return PolicyView(
        version=policy.version,
        broadcast=policy.broadcast,
        award=policy.award,
        application_deadline_hours=policy.application_deadline_hours,
    )


def _broadcast(work: Work, who: Principal, request_id: UUID) -> Broadcast:
    state = work.state(AWARD.at(who.organisation_id, request_id))
    if isinstance(state, Absent | EndedBeforeLaunch):
        raise NotFound
    return broadcast(request_id, state)


def _called(work: Work, organisation_id: UUID, request_id: UUID) -> CalledWorkers:
    state = work.state(AWARD.at(organisation_id, request_id))
    if isinstance(state, Absent | EndedBeforeLaunch):
        raise NotFound
    return CalledWorkers(worker_ids=called(state))


def _selection(request_id: UUID, worker_id: UUID, state: AwardState) -> dict[str, Any]:
    assert not isinstance(state, Absent | EndedBeforeLaunch)  # the decision found it
    return {"request_id": str(request_id), "worker_id": str(worker_id), "state": standing(state)}
