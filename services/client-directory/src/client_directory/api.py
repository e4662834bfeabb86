"""The HTTP routes of the directory. What is not there, and what is not this person's, are the same 404."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

from doorstep_chassis.answering import Answering
from doorstep_chassis.auth import Principal, require
from doorstep_chassis.http import IdempotencyKey
from doorstep_chassis.paging import Listing
from doorstep_chassis.service import Context
from doorstep_chassis.units import Answer
from doorstep_chassis.work import Work
from doorstep_contracts.base import PostalCode
from fastapi import APIRouter, Depends, Query, Request, Response

from client_directory import commands
from client_directory.bodies import ClientBody, LinkBody, NewBody, PaymentMethodBody, ValidationBody
from client_directory.commands import Given
from client_directory.domain.client.decide import on_file
from client_directory.domain.client.errors import ClientNotFound
from client_directory.domain.client.state import CLIENT
from client_directory.domain.validation.decide import asked_of
from client_directory.domain.validation.errors import ValidationNotFound
from client_directory.domain.validation.state import VALIDATION, Asked, Open, Shut, ValidationState
from client_directory.files import add_payment_method
from client_directory.shown import (
    Shown,
    client_card,
    client_contact,
    client_for_operator,
    client_for_worker,
    client_name,
    instant,
    review_shown,
    state_name,
    validation_shown,
)
from client_directory.vault import Vault
from client_directory.views.reading import clients_page, has_served, named_clients, reviews_page

Operator = Annotated[Principal, Depends(require("operator"))]
WorkerOrOperator = Annotated[Principal, Depends(require("worker", "operator"))]
ServiceItself = Annotated[Principal, Depends(require("service"))]
ClientOrOperator = Annotated[Principal, Depends(require("client", "operator"))]
Limit = Annotated[int, Query(ge=1, le=100)]

MOST_NAMES = 100
"""How many clients one question may name."""


def routes(context: Context) -> APIRouter:
    """The routes on a service's store, clock and keys."""
    router, vault = APIRouter(), Vault(context.keys, context.hmac_key)
    answering = Answering(context.units, context.hmac_key)
    for part in (_clients, _reviews, _validations):
        router.include_router(part(context, vault, answering))
    return router


def _clients(context: Context, vault: Vault, answering: Answering) -> APIRouter:
    router = APIRouter()

    @router.post("/clients", status_code=201)
    async def create_client(request: Request, body: ClientBody, who: Operator, key: IdempotencyKey) -> Response:
        client_id, method_id, data_key = uuid4(), uuid4(), vault.issue()
        contact = body.contact()
        identity = body.identity(contact)

        def create(work: Work) -> Answer:
            commands.create_client(
                work,
                vault,
                who.organisation_id,
                client_id,
                data_key,
                contact,
                identity,
                address=None if body.address is None else body.address.address(),
                payment_method=None if body.payment_method is None else body.payment_method.given(method_id),
                sharing=body.share_identifiers,
            )
            return Answer(status=201, body={"client_id": str(client_id), "known": True})

        return await answering.once(request, who, key, body, "create_client", create)

    @router.post("/clients/{client_id}/payment-methods", status_code=201)
    async def add_method(
        request: Request, client_id: UUID, body: PaymentMethodBody, who: Operator, key: IdempotencyKey
    ) -> Response:
        method_id = uuid4()

        def add(work: Work) -> Answer:
            add_payment_method(work, vault, who.organisation_id, client_id, body.given(method_id))
            return Answer(status=201, body={"client_id": str(client_id), "method_id": str(method_id)})

        return await answering.once(
            request,
            who,
            key,
            body,
            "add_payment_method",
            add,
            show=lambda work: client_for_operator(work, vault, who.organisation_id, client_id),
        )

    @router.get("/clients")
    async def list_clients(
        who: WorkerOrOperator, postal_code: PostalCode | None = None, limit: Limit = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        served_by = who.person_id if who.role == "worker" else None
        page = await clients_page(
            context.store,
            Listing(context.hmac_key, "clients", who.organisation_id, postal_code=postal_code, served_by=served_by),
            who.organisation_id,
            postal_code=postal_code,
            served_by=served_by,
            now=context.clock.now(),
            cursor=cursor,
            limit=limit,
        )
        keys = await context.store.load_keys([row["client_id"] for row in page.rows])
        operator = who.role == "operator"
        return {
            "clients": [client_card(vault, keys, row, for_operator=operator) for row in page.rows],
            "next_cursor": page.next_cursor,
        }

    @router.get("/clients/{client_id}/contact")
    async def read_contact(request: Request, client_id: UUID, organisation_id: UUID, who: ServiceItself) -> Response:
        """Where mail reaches the client: for a service, which acts for no organisation and so names it."""
        return await answering.shown(
            request, "read_contact", lambda work: client_contact(work, vault, organisation_id, client_id)
        )

    @router.get("/client-names")
    async def read_names(
        who: WorkerOrOperator, ids: Annotated[list[UUID], Query(min_length=1, max_length=MOST_NAMES)]
    ) -> dict[str, Any]:
        """Names for lists that are kept elsewhere: those that are erased, or not for this person to see, are left out."""
        rows = await named_clients(
            context.store, who.organisation_id, ids, visited_by=who.person_id if who.role == "worker" else None
        )
        keys = await context.store.load_keys([row["client_id"] for row in rows])
        named = (client_name(vault, keys, row) for row in rows)
        return {"names": [each for each in named if each is not None]}

    @router.get("/clients/{client_id}")
    async def read_client(request: Request, client_id: UUID, who: WorkerOrOperator) -> Response:
        show = client_for_operator
        if who.role == "worker":
            if not await has_served(context.store, who.organisation_id, who.person_id, client_id, context.clock.now()):
                raise ClientNotFound
            show = client_for_worker
        return await answering.shown(
            request, "read_client", lambda work: show(work, vault, who.organisation_id, client_id)
        )

    return router


def _reviews(context: Context, vault: Vault, answering: Answering) -> APIRouter:
    router = APIRouter()

    @router.get("/reviews")
    async def list_reviews(who: Operator, limit: Limit = 50, cursor: str | None = None) -> dict[str, Any]:
        page = await reviews_page(
            context.store,
            Listing(context.hmac_key, "reviews", who.organisation_id),
            who.organisation_id,
            cursor=cursor,
            limit=limit,
        )
        named = {row["request_id"]: [UUID(each) for each in row["candidates"]] for row in page.rows}
        subjects = {client_id for candidates in named.values() for client_id in candidates}
        subjects |= {row["contact_key_id"] for row in page.rows if row["contact_key_id"] is not None}
        keys = await context.store.load_keys(subjects)

        def files(work: Work, candidates: list[UUID]) -> dict[UUID, Any]:
            return {each: on_file(work.state(CLIENT.at(who.organisation_id, each))) for each in candidates}

        def show(work: Work) -> list[dict[str, Any]]:
            return [review_shown(vault, keys, row, files(work, named[row["request_id"]])) for row in page.rows]

        return {"reviews": await context.units.run("read_reviews", show), "next_cursor": page.next_cursor}

    @router.post("/reviews/{request_id}/decision")
    async def decide_review(
        request: Request, request_id: UUID, body: LinkBody | NewBody, who: Operator, key: IdempotencyKey
    ) -> Response:
        new_client_id, data_key = uuid4(), vault.issue()

        def decide(work: Work) -> Answer:
            if isinstance(body, LinkBody):
                client_id = body.link
                commands.link_review(work, vault, who.organisation_id, request_id, client_id)
            else:
                client_id = new_client_id
                commands.decide_somebody_new(work, vault, who.organisation_id, request_id, client_id, data_key)
            return Answer(body={"request_id": str(request_id), "client_id": str(client_id)})

        return await answering.once(request, who, key, body, "decide_review", decide, correlation_id=str(request_id))

    return router


def _validations(context: Context, vault: Vault, answering: Answering) -> APIRouter:
    router = APIRouter()

    def shown(who: Principal, request_id: UUID) -> Callable[[Work], Shown]:
        """What is asked about the request, where it is this person's to see."""

        def show(work: Work) -> Shown:
            _refuse_others(work, who, request_id)
            return validation_shown(work, vault, who.organisation_id, request_id)

        return show

    @router.get("/requests/{request_id}/validation")
    async def read_validation(request: Request, request_id: UUID, who: ClientOrOperator) -> Response:
        return await answering.shown(request, "read_validation", shown(who, request_id))

    @router.post("/requests/{request_id}/validation")
    async def answer_validation(
        request: Request, request_id: UUID, body: ValidationBody, who: ClientOrOperator, key: IdempotencyKey
    ) -> Response:
        method_id = uuid4()

        def answer(work: Work) -> Answer:
            _refuse_others(work, who, request_id)
            by: Any = who.role
            if body.action == "decline":
                state = commands.decline(work, vault, who.organisation_id, request_id, by, body.checked_reason())
            else:
                given = Given(
                    None if body.address is None else body.address.address(),
                    None if body.payment_method is None else body.payment_method.given(method_id),
                )
                state = commands.validate(work, vault, who.organisation_id, request_id, by, given)
            return Answer(body=_gate(request_id, state))

        return await answering.once(
            request,
            who,
            key,
            body,
            "answer_validation",
            answer,
            show=shown(who, request_id),
            correlation_id=str(request_id),
        )

    return router


def _refuse_others(work: Work, who: Principal, request_id: UUID) -> None:
    """A client's token is for one request, and they are the one who is asked. Errors: ValidationNotFound."""
    if who.role == "client":
        client_id = asked_of(work.state(VALIDATION.at(who.organisation_id, request_id)))
        if (who.request_id, who.person_id) != (request_id, client_id):
            raise ValidationNotFound


def _gate(request_id: UUID, state: ValidationState) -> dict[str, Any]:
    """Ids and states only: it is remembered under its idempotency key."""
    return {
        "request_id": str(request_id),
        "state": state_name(state),
        "missing": list(state.missing) if isinstance(state, (Asked, Shut)) else [],
        "valid_until": instant(state.valid_until) if isinstance(state, Open) else None,
    }
