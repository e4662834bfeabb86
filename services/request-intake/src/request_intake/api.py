"""The HTTP routes of intake. Who may ask is a matter of role here, and of whose request it is in the use cases."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from doorstep_chassis import units
from doorstep_chassis.auth import Principal, principal, require
from doorstep_chassis.errors import Invalid
from doorstep_chassis.http import Body, IdempotencyKey, fingerprint
from doorstep_chassis.service import Context
from doorstep_chassis.units import Answer
from doorstep_chassis.work import Work
from doorstep_contracts.base import Code, Performer, ZoneName
from doorstep_contracts.intake import ContactField
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from request_intake import commands
from request_intake.catalogue import Catalogue
from request_intake.contact import TypedAddress, TypedContact
from request_intake.domain.organisation.events import DraftLifetime
from request_intake.domain.organisation.state import RequestSettings
from request_intake.domain.request.events import Validation
from request_intake.domain.request.state import Existing
from request_intake.shown import StateName, card_of_row, instant, shown_card, shown_request, state_name
from request_intake.slots import is_time_zone
from request_intake.views.requests import list_requests

PAGE = 20
LONGEST_PAGE = 100


class CursorInvalid(Invalid):
    """A cursor is one that a list of requests gave."""

    code = "cursor_invalid"


class IfMatchInvalid(Invalid):
    """`If-Match` names one version, as an ETag gave it."""

    code = "if_match_invalid"


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


async def if_match(header: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    """FastAPI dependency: the version that a change is meant for, when it names one."""
    if header is None or header == "*":
        return None
    version = re.fullmatch(r'"([0-9]{1,18})"', header)
    if version is None:
        raise IfMatchInvalid(field="If-Match")
    return int(version[1])


Anyone = Annotated[Principal, Depends(principal)]
Operator = Annotated[Principal, Depends(require("operator"))]
Worker = Annotated[Principal, Depends(require("worker"))]
WorkerOrOperator = Annotated[Principal, Depends(require("worker", "operator"))]
ServiceItself = Annotated[Principal, Depends(require("service"))]
ExpectedVersion = Annotated[int | None, Depends(if_match)]


def routes(context: Context, catalogue: Catalogue) -> APIRouter:
    """The routes on a service's store, clock and keys."""
    router = APIRouter()

    def once(request: Request, organisation_id: UUID, caller: UUID, key: str, body: Body) -> units.IdempotencyKey:
        return units.IdempotencyKey(
            organisation_id=organisation_id,
            caller=str(caller),
            route=f"{request.method} {request.url.path}",
            key=key,
            fingerprint=fingerprint(body, key=context.hmac_key),
        )

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

        return _answered(
            await context.units.answer(
                "add_organisation", add, once(request, body.organisation_id, who.person_id, key, body)
            )
        )

    @router.get("/settings")
    async def read_settings(who: Anyone) -> Response:
        settings = await context.units.run(
            "read_settings", lambda work: commands.read_settings(work, who.organisation_id)
        )
        return _shown_settings(settings)

    @router.put("/settings")
    async def change_settings(body: SettingsBody, who: Operator, expected: ExpectedVersion) -> Response:
        settings = await context.units.run(
            "change_settings",
            lambda work: commands.change_settings(
                work,
                who.organisation_id,
                workers_may_create=body.workers_may_create,
                required_contact_fields=body.required_contact_fields,
                draft_lifetime_hours=body.draft_lifetime_hours,
                expected=expected,
            ),
        )
        return _shown_settings(settings)

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
            return _answer(state, request_id, status=201)

        return _answered(
            await context.units.answer(
                "draft_request",
                draft,
                once(request, who.organisation_id, who.person_id, key, body),
            )
        )

    @router.post("/requests/{request_id}/launch")
    async def launch_request(
        request: Request,
        request_id: UUID,
        body: LaunchBody,
        who: Worker,
        key: IdempotencyKey,
        expected: ExpectedVersion,
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
                expected=expected,
                catalogue=catalogue,
                keys=context.keys,
                key=data_key,
            )
            return _answer(state, request_id)

        return _answered(
            await context.units.answer(
                "launch_request",
                launch,
                once(request, who.organisation_id, who.person_id, key, body),
            )
        )

    @router.post("/requests/{request_id}/cancel")
    async def cancel_request(
        request: Request,
        request_id: UUID,
        body: CancelBody,
        who: WorkerOrOperator,
        key: IdempotencyKey,
        expected: ExpectedVersion,
    ) -> Response:
        def cancel(work: Work) -> Answer:
            state = commands.cancel_request(work, who, request_id, reason_code=body.reason_code, expected=expected)
            return _answer(state, request_id)

        return _answered(
            await context.units.answer(
                "cancel_request",
                cancel,
                once(request, who.organisation_id, who.person_id, key, body),
            )
        )

    @router.get("/requests/{request_id}")
    async def read_request(request_id: UUID, who: Anyone) -> Response:
        state = await context.units.run("read_request", lambda work: commands.read_request(work, who, request_id))
        shown = shown_request(state, request_id, who, context.clock.now())
        return JSONResponse(shown, headers={"ETag": _etag(state.revision)})

    @router.get("/requests")
    async def read_requests(
        who: WorkerOrOperator,
        state: Annotated[list[StateName] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        rows = await list_requests(
            context.store,
            who.organisation_id,
            created_by=who.person_id if who.role == "worker" else None,
            states=state or [],
            before=None if cursor is None else _point(cursor),
            limit=limit + 1,
        )
        now, page = context.clock.now(), rows[:limit]
        last = page[-1] if len(rows) > limit else None
        return {
            "requests": [shown_card(card_of_row(row), who, now) for row in page],
            "next_cursor": None if last is None else _cursor(last["drafted_at"], last["request_id"]),
        }

    return router


def _answer(state: Existing, request_id: UUID, status: int = 200) -> Answer:
    """Ids and states only: it is remembered under its idempotency key."""
    body = {"request_id": str(request_id), "state": state_name(state)}
    return Answer(status=status, body=body, etag=_etag(state.revision))


def _answered(answer: Answer) -> Response:
    headers = {} if answer.etag is None else {"ETag": answer.etag}
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)


def _shown_settings(settings: RequestSettings) -> Response:
    shown = {
        "version": settings.version,
        "workers_may_create": settings.workers_may_create,
        "required_contact_fields": list(settings.required_contact_fields),
        "draft_lifetime_hours": settings.draft_lifetime_hours,
    }
    return JSONResponse(shown, headers={"ETag": _etag(settings.version)})


def _etag(version: int) -> str:
    return f'"{version}"'


def _cursor(drafted_at: datetime, request_id: UUID) -> str:
    """Where the next page begins; opaque, so that it may change its make."""
    return urlsafe_b64encode(f"{instant(drafted_at)}|{request_id.hex}".encode()).rstrip(b"=").decode()


def _point(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        drafted_at, request_id = text.split("|")
        point = datetime.fromisoformat(drafted_at), UUID(hex=request_id)
        if point[0].utcoffset() is None:
            raise ValueError
    except (ValueError, binascii.Error):
        raise CursorInvalid(field="cursor") from None
    return point
