"""The public door: every route under `/v1`. The person's token goes on with each request; services judge it again."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import httpx
from doorstep_chassis.auth import Principal, principal, require
from doorstep_chassis.http import IdempotencyKey, NoBody
from doorstep_chassis.service import Context
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator

from gateway import bodies
from gateway.answers import Board, Reached, board_card
from gateway.limits import per_person
from gateway.upstream import Onward, Upstream, passed_back
from gateway.views.board import REQUESTS
from gateway.views.listing import Lack, Order, StateName, Wish, requests_page
from gateway.waiting import until_settled, wished_seconds

Anyone = Annotated[Principal, Depends(principal)]
Operator = Annotated[Principal, Depends(require("operator"))]
Prefer = Annotated[
    str | None,
    Header(description="`wait=N`: answer with the state reached within N seconds, 10 at most"),
]
Limit = Annotated[int, Query(ge=1, le=100)]


def _as_iso(value: object) -> object:
    """A day is written `2027-03-01`; pydantic alone would read a number as seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("not a day")
    return value


Day = Annotated[date, BeforeValidator(_as_iso)]


def routes(context: Context, upstream: Upstream) -> APIRouter:
    """The routes over the services that `upstream` reaches, and over the gateway's own board."""

    @asynccontextmanager
    async def connections(app: FastAPI) -> AsyncIterator[None]:
        app.state.upstream = upstream
        yield
        await upstream.close()

    router = APIRouter(prefix="/v1", lifespan=connections, dependencies=[Depends(per_person)])
    for part in (_intake(context), _directory(), _dispatch(context), _scheduling(), _board(context)):
        router.include_router(part)
    return router


def _intake(context: Context) -> APIRouter:
    router = APIRouter(tags=["requests"])

    @router.post("/organisations", status_code=201)
    async def add_organisation(body: bodies.NewOrganisation, onward: Onward, key: IdempotencyKey) -> Response:
        """Add an organisation; for services' own tokens."""
        return await onward("request-intake", "POST", "/organisations", body=body)

    @router.get("/settings")
    async def read_settings(onward: Onward) -> Response:
        """How the organisation takes requests."""
        return await onward("request-intake", "GET", "/settings")

    @router.put("/settings")
    async def change_settings(body: bodies.RequestSettings, onward: Onward) -> Response:
        """Change how the organisation takes requests."""
        return await onward("request-intake", "PUT", "/settings", body=body)

    @router.get("/catalogue")
    async def read_catalogue(postal_code: str, onward: Onward) -> Response:
        """What is offered at a postal code, and at what rate."""
        return await onward("request-intake", "GET", "/catalogue", query={"postal_code": postal_code})

    @router.post("/requests", status_code=201)
    async def draft_request(body: bodies.Draft, onward: Onward, key: IdempotencyKey) -> Response:
        """« Nouvelle demande »: draft a request. The same Idempotency-Key drafts it once."""
        return await onward("request-intake", "POST", "/requests", body=body)

    @router.get("/requests")
    async def list_requests(
        onward: Onward,
        state: Annotated[list[StateName] | None, Query()] = None,
        limit: Limit = 20,
        cursor: str | None = None,
    ) -> Response:
        """The worker's own requests, or all of the organisation's: the newest first."""
        query = {"state": state, "limit": limit, "cursor": cursor}
        return await onward("request-intake", "GET", "/requests", query=query)

    @router.get("/requests/{request_id}")
    async def read_request(request_id: UUID, onward: Onward) -> Response:
        """A request: its state, its case, both gates and what each still lacks."""
        return await onward("request-intake", "GET", f"/requests/{request_id}")

    @router.post("/requests/{request_id}/launch")
    async def launch_request(
        request_id: UUID,
        body: bodies.Launch,
        who: Anyone,
        onward: Onward,
        key: IdempotencyKey,
        prefer: Prefer = None,
    ) -> Response:
        """« Lancer la demande ». With `Prefer: wait=N` the answer is the state that the other services brought it to."""
        launched = await onward.ask("request-intake", "POST", f"/requests/{request_id}/launch", body=body)
        seconds = wished_seconds(prefer)
        if seconds is None or not launched.is_success:
            return passed_back(launched)

        async def look() -> httpx.Response:
            return await onward.ask("request-intake", "GET", f"/requests/{request_id}")

        async def row() -> Any:
            at = (REQUESTS, (who.organisation_id, request_id))
            return (await context.store.load_rows([at])).get(at)

        seen = await until_settled(look, row, seconds=seconds)
        if not seen.is_success:
            return passed_back(launched)
        reached = Reached.model_validate_json(seen.content)
        headers = {"Preference-Applied": f"wait={seconds:.0f}"}
        if "etag" in seen.headers:
            headers["ETag"] = seen.headers["etag"]
        return JSONResponse(reached.model_dump(mode="json"), headers=headers)

    @router.post("/requests/{request_id}/cancel")
    async def cancel_request(request_id: UUID, body: bodies.Cancel, onward: Onward, key: IdempotencyKey) -> Response:
        """End a request: its creator before confirmation, an operator always."""
        return await onward("request-intake", "POST", f"/requests/{request_id}/cancel", body=body)

    return router


def _directory() -> APIRouter:
    router = APIRouter(tags=["clients"])

    @router.post("/clients", status_code=201)
    async def add_client(body: bodies.NewClient, onward: Onward, key: IdempotencyKey) -> Response:
        """Put a client on file, who is known from then on."""
        return await onward("client-directory", "POST", "/clients", body=body)

    @router.get("/clients")
    async def list_clients(
        onward: Onward, postal_code: str | None = None, limit: Limit = 50, cursor: str | None = None
    ) -> Response:
        """The clients whom the worker has served, at a postal code; an operator sees all."""
        query = {"postal_code": postal_code, "limit": limit, "cursor": cursor}
        return await onward("client-directory", "GET", "/clients", query=query)

    @router.get("/clients/{client_id}")
    async def read_client(client_id: UUID, onward: Onward) -> Response:
        """A client's file, for a worker who has served them or an operator."""
        return await onward("client-directory", "GET", f"/clients/{client_id}")

    @router.post("/clients/{client_id}/payment-methods", status_code=201)
    async def add_payment_method(
        client_id: UUID, body: bodies.PaymentMethod, onward: Onward, key: IdempotencyKey
    ) -> Response:
        """Add a way for the client to pay."""
        return await onward("client-directory", "POST", f"/clients/{client_id}/payment-methods", body=body)

    @router.get("/reviews")
    async def list_reviews(onward: Onward, limit: Limit = 50, cursor: str | None = None) -> Response:
        """Doubts about who a client is, waiting for an operator."""
        return await onward("client-directory", "GET", "/reviews", query={"limit": limit, "cursor": cursor})

    @router.post("/reviews/{request_id}/decision")
    async def decide_review(
        request_id: UUID, body: bodies.ReviewLink | bodies.ReviewNew, onward: Onward, key: IdempotencyKey
    ) -> Response:
        """Say who the client is: one on file, or somebody new."""
        return await onward("client-directory", "POST", f"/reviews/{request_id}/decision", body=body)

    @router.get("/requests/{request_id}/validation")
    async def read_validation(request_id: UUID, onward: Onward) -> Response:
        """What the client is asked for, for the client of this request or an operator."""
        return await onward("client-directory", "GET", f"/requests/{request_id}/validation")

    @router.post("/requests/{request_id}/validation")
    async def validate_request(
        request_id: UUID, body: bodies.ValidationAct, onward: Onward, key: IdempotencyKey
    ) -> Response:
        """Complete and validate the request, or decline it."""
        return await onward("client-directory", "POST", f"/requests/{request_id}/validation", body=body)

    return router


def _dispatch(context: Context) -> APIRouter:
    router = APIRouter(tags=["workers"])

    @router.post("/workers", status_code=201)
    async def register_worker(body: bodies.Worker, onward: Onward, key: IdempotencyKey) -> Response:
        """Put a worker into the register, or change what it says of them."""
        return await onward("dispatch", "POST", "/workers", body=body)

    @router.get("/policy")
    async def read_policy(onward: Onward) -> Response:
        """How the organisation finds workers."""
        return await onward("dispatch", "GET", "/policy")

    @router.put("/policy")
    async def set_policy(body: bodies.Policy, onward: Onward) -> Response:
        """Change how the organisation finds workers; open calls keep the policy they have."""
        return await onward("dispatch", "PUT", "/policy", body=body)

    @router.get("/calls")
    async def list_calls(onward: Onward) -> Response:
        """What the worker is called for."""
        return await onward("dispatch", "GET", "/calls")

    @router.post("/requests/{request_id}/applications", status_code=201)
    async def apply(request_id: UUID, onward: Onward, key: IdempotencyKey, body: NoBody) -> Response:
        """« Postuler »."""
        return await onward("dispatch", "POST", f"/requests/{request_id}/applications")

    @router.get("/requests/{request_id}/broadcast")
    async def read_broadcast(request_id: UUID, onward: Onward) -> Response:
        """The search for a request's worker, with a verdict on everybody considered."""
        return await onward("dispatch", "GET", f"/requests/{request_id}/broadcast")

    @router.post("/requests/{request_id}/selection", status_code=202)
    async def select_worker(request_id: UUID, body: bodies.Selection, onward: Onward, key: IdempotencyKey) -> Response:
        """Pick an applicant, or assign a worker directly."""
        return await onward("dispatch", "POST", f"/requests/{request_id}/selection", body=body)

    return router


def _scheduling() -> APIRouter:
    router = APIRouter(tags=["calendar"])

    @router.get("/calendar")
    async def read_calendar(
        onward: Onward,
        worker_id: UUID,
        start: Annotated[str, Query(alias="from")],
        end: Annotated[str, Query(alias="to")],
    ) -> Response:
        """A worker's calendar between two instants: their own, or any for an operator."""
        return await onward("scheduling", "GET", "/calendar", query={"worker_id": worker_id, "from": start, "to": end})

    @router.get("/availability")
    async def read_availability(onward: Onward, start: str, end: str) -> Response:
        """Whether the worker who asks is free, as booking would judge it."""
        return await onward("scheduling", "GET", "/availability", query={"start": start, "end": end})

    @router.get("/visits")
    async def list_visits(onward: Onward, request_id: UUID) -> Response:
        """The visits of a request."""
        return await onward("scheduling", "GET", "/visits", query={"request_id": request_id})

    @router.get("/visits/{visit_id}")
    async def read_visit(visit_id: UUID, onward: Onward) -> Response:
        """A visit as it stands."""
        return await onward("scheduling", "GET", f"/visits/{visit_id}")

    return router


def _board(context: Context) -> APIRouter:
    router = APIRouter(tags=["board"])

    @router.get("/board")
    async def read_board(
        who: Operator,
        state: StateName | None = None,
        lacks: Lack | None = None,
        first_day: Annotated[Day | None, Query(alias="from")] = None,
        last_day: Annotated[Day | None, Query(alias="to")] = None,
        worker_id: UUID | None = None,
        order: Order = "newest",
        limit: Limit = 50,
        cursor: str | None = None,
    ) -> Board:
        """All requests of the organisation with both gates, slot, client, worker and visit: the newest first, or what is
        due soonest.

        Days are those of the slot's own place. The board follows the services by milliseconds; a request read by its id
        is always as it was just written.
        """
        wish = Wish(
            now=context.clock.now(),
            state=state,
            lacks=() if lacks is None else (lacks,),
            first_day=first_day,
            last_day=last_day,
            worker_id=worker_id,
            order=order,
        )
        page = await requests_page(
            context.store, who.organisation_id, wish, key=context.hmac_key, limit=limit, cursor=cursor
        )
        return Board(requests=[board_card(row) for row in page.rows], next_cursor=page.next_cursor)

    return router
