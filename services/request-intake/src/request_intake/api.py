"""The HTTP routes of intake. Who may ask is a matter of role here, and of whose request it is in the use cases."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

from doorstep_chassis.answering import Answering
from doorstep_chassis.auth import Principal, principal, require
from doorstep_chassis.errors import Invalid
from doorstep_chassis.http import Body, IdempotencyKey
from doorstep_chassis.paging import Listing
from doorstep_chassis.service import Context
from doorstep_chassis.units import Answer
from doorstep_chassis.work import Work
from doorstep_contracts.base import Code, Performer, ZoneName
from doorstep_contracts.intake import ContactField
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from request_intake import commands
from request_intake.catalogue import Catalogue
from request_intake.contact import TypedAddress, TypedContact
from request_intake.domain.organisation.events import DraftLifetime
from request_intake.domain.request.events import Validation
from request_intake.domain.request.state import Existing
from request_intake.shown import (
    Shown,
    StateName,
    card_of_row,
    shown_card,
    shown_request,
    shown_settings,
    state_name,
)
from request_intake.slots import is_time_zone
from request_intake.views.requests import list_requests

PAGE = 20
LONGEST_PAGE = 100


class TimeZoneUnknown(Invalid):
    """A time zone is named as the IANA database has it."""

    code = "time_zone_unknown"


class OrganisationBody(Body):
    organisation_id: UUID
    slug: Code
    time_zone: ZoneName
    workers_may_create: StrictBool = False


class SettingsBody(Body):
    workers_may_create: StrictBool
    required_contact_fields: frozenset[ContactField]
    draft_lifetime_hours: Annotated[DraftLifetime, Field(strict=True)]


class PickedClient(Body):
    picked: UUID


class TypedClient(Body):
    typed: TypedContact


class DraftBody(Body):
    performer: Performer
    postal_code: str
    offer_id: str
    start: str
    duration_minutes: StrictInt | None = None
    accept_overlap: StrictBool = False
    client: PickedClient | TypedClient

    def wish(self) -> commands.Wish:
        return commands.Wish(
            performer=self.performer,
            postal_code=self.postal_code,
            offer_id=self.offer_id,
            start=self.start,
            minutes=self.duration_minutes,
            accept_overlap=self.accept_overlap,
            client=self.client.picked if isinstance(self.client, PickedClient) else self.client.typed,
        )


class LaunchBody(Body):
    validation: Validation
    address_confirmed: StrictBool = False
    address: TypedAddress | None = None


# Words, so that nobody can put a number in it that is somebody's.
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$", max_length=40)]


class CancelBody(Body):
    reason_code: ReasonCode | None = None


Anyone = Annotated[Principal, Depends(principal)]
Operator = Annotated[Principal, Depends(require("operator"))]
Worker = Annotated[Principal, Depends(require("worker"))]
WorkerOrOperator = Annotated[Principal, Depends(require("worker", "operator"))]
ServiceItself = Annotated[Principal, Depends(require("service"))]


def routes(context: Context, catalogue: Catalogue) -> APIRouter:
    """The routes on a service's store, clock and keys."""
    router, answering = APIRouter(), Answering(context.units, context.hmac_key)

    def shown(who: Principal, request_id: UUID) -> Callable[[Work], Shown]:
        """The request as this person may see it."""
        return lambda work: shown_request(commands.read_request(work, who, request_id), request_id, who, work.now)

    def reached(work: Work, who: Principal, state: Existing, request_id: UUID, status: int = 200) -> Answer:
        """Ids and states only: it is remembered under its idempotency key."""
        body = {"request_id": str(request_id), "state": state_name(state)}
        return Answer(status=status, body=body, etag=answering.tag(work, shown(who, request_id)))

    @router.post("/organisations", status_code=201)
    async def add_organisation(
        request: Request, body: OrganisationBody, who: ServiceItself, key: IdempotencyKey
    ) -> Response:
        if not is_time_zone(body.time_zone):
            raise TimeZoneUnknown(field="time_zone")

        def add(work: Work) -> Answer:
            commands.add_organisation(
                work,
                body.organisation_id,
                slug=body.slug,
                time_zone=body.time_zone,
                workers_may_create=body.workers_may_create,
            )
            return Answer(status=201, body={"organisation_id": str(body.organisation_id)})

        return await answering.once(
            request, who, key, body, "add_organisation", add, organisation_id=body.organisation_id
        )

    @router.get("/settings")
    async def read_settings(request: Request, who: Anyone) -> Response:
        return await answering.shown(
            request, "read_settings", lambda work: shown_settings(commands.read_settings(work, who.organisation_id))
        )

    @router.put("/settings")
    async def change_settings(request: Request, body: SettingsBody, who: Operator) -> Response:
        return await answering.changed(
            request,
            "change_settings",
            lambda work: commands.change_settings(
                work,
                who.organisation_id,
                workers_may_create=body.workers_may_create,
                required_contact_fields=body.required_contact_fields,
                draft_lifetime_hours=body.draft_lifetime_hours,
            ),
            show=lambda work: shown_settings(commands.read_settings(work, who.organisation_id)),
        )

    @router.get("/catalogue")
    async def read_catalogue(postal_code: str, who: Anyone) -> dict[str, Any]:
        zone = catalogue.zone_of(postal_code)
        return {
            "postal_code": postal_code,
            "localities": list(catalogue.localities(postal_code)),
            "zone": {"id": zone.id, "label": zone.label, "time_zone": zone.time_zone},
            "catalogue_version": catalogue.version,
            "offers": [
                {
                    "offer_id": offer.id,
                    "service": service.id,
                    "label_fr": service.label_fr,
                    "label_en": service.label_en,
                    "rate_cents": offer.rate_cents,
                    "currency": offer.currency,
                    "duration_minutes": service.duration_minutes.model_dump(),
                    "payment_method_required": service.payment_method_required,
                }
                for offer, service in catalogue.offers_in(zone)
            ],
        }

    @router.post("/requests", status_code=201)
    async def draft_request(request: Request, body: DraftBody, who: Worker, key: IdempotencyKey) -> Response:
        request_id, data_key = uuid4(), context.keys.issue()

        def draft(work: Work) -> Answer:
            state = commands.draft_request(
                work, who, request_id, body.wish(), catalogue=catalogue, keys=context.keys, key=data_key
            )
            return reached(work, who, state, request_id, status=201)

        return await answering.once(request, who, key, body, "draft_request", draft)

    @router.post("/requests/{request_id}/launch")
    async def launch_request(
        request: Request, request_id: UUID, body: LaunchBody, who: Worker, key: IdempotencyKey
    ) -> Response:
        data_key = context.keys.issue()

        def launch(work: Work) -> Answer:
            state = commands.launch_request(
                work,
                who,
                request_id,
                validation=body.validation,
                address_confirmed=body.address_confirmed,
                address=body.address,
                catalogue=catalogue,
                keys=context.keys,
                key=data_key,
            )
            return reached(work, who, state, request_id)

        return await answering.once(request, who, key, body, "launch_request", launch, show=shown(who, request_id))

    @router.post("/requests/{request_id}/cancel")
    async def cancel_request(
        request: Request, request_id: UUID, body: CancelBody, who: WorkerOrOperator, key: IdempotencyKey
    ) -> Response:
        def cancel(work: Work) -> Answer:
            state = commands.cancel_request(work, who, request_id, reason_code=body.reason_code)
            return reached(work, who, state, request_id)

        return await answering.once(request, who, key, body, "cancel_request", cancel, show=shown(who, request_id))

    @router.get("/requests/{request_id}")
    async def read_request(request: Request, request_id: UUID, who: Anyone) -> Response:
        return await answering.shown(request, "read_request", shown(who, request_id))

    @router.get("/requests")
    async def read_requests(
        who: WorkerOrOperator,
        state: Annotated[list[StateName] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        created_by = who.person_id if who.role == "worker" else None
        states = sorted(set(state or []))
        listing = Listing(context.hmac_key, "requests", who.organisation_id, created_by=created_by, states=states)
        rows = await list_requests(
            context.store,
            who.organisation_id,
            created_by=created_by,
            states=states,
            before=listing.after(cursor),
            limit=limit + 1,
        )
        now, page = context.clock.now(), listing.page(rows, limit, at="drafted_at", id="request_id")
        return {
            "requests": [shown_card(card_of_row(row), who, now) for row in page.rows],
            "next_cursor": page.next_cursor,
        }

    return router
