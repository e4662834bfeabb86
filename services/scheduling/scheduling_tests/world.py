"""The people, places and times that the tests tell of, and short ways to say what happens to them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from doorstep_chassis.testing import Story
from doorstep_contracts import dispatch, intake
from doorstep_contracts.base import OfferTerms
from doorstep_contracts.base import Slot as PublicSlot
from scheduling.domain.calendar.state import CALENDAR, CalendarWeek
from scheduling.domain.hold.decide import hold_id_of, visit_id_of
from scheduling.domain.hold.events import RequestConfirmed
from scheduling.domain.hold.state import HOLD
from scheduling.domain.ids import ClientId, HoldId, RequestId, SelectionId, VisitId, WorkerId
from scheduling.domain.slot import Slot, Week
from scheduling.domain.visit.events import Hourly
from scheduling.domain.visit.state import VISIT
from scheduling.publication import PUBLICATION
from scheduling.reactions import REACTIONS


def an_id(number: int) -> UUID:
    return UUID(f"00000000-0000-4000-8000-{number:012d}")


ORGANISATION = an_id(1)
STRANGERS = an_id(2)
REQUEST = RequestId(an_id(10))
OTHER_REQUEST = RequestId(an_id(11))
WORKER = WorkerId(an_id(20))
COLLEAGUE = WorkerId(an_id(21))
CLIENT = ClientId(an_id(30))
FIRST = SelectionId(an_id(40))
SECOND = SelectionId(an_id(41))
HOLD_1: HoldId = hold_id_of(FIRST)
HOLD_2: HoldId = hold_id_of(SECOND)
VISIT_1: VisitId = visit_id_of(HOLD_1)
VISIT_2: VisitId = visit_id_of(HOLD_2)

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
ZONE = "Europe/Paris"
HOUR = timedelta(hours=1)
WEEK = Week("2026-W23")
"""1 to 7 June 2026."""


def slot(start: str = "2026-06-01T08:00", hours: float = 2) -> Slot:
    """A slot by its start in UTC."""
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return Slot(start=begins, end=begins + hours * HOUR, zone=ZONE)


SLOT = slot()

TERMS = Hourly(rate_cents=2_450, currency="EUR", offer_id="paris:menage", catalogue_version=3)
CONFIRMED = RequestConfirmed(hold_id=HOLD_1, client_id=CLIENT, service="menage", postal_code="75011", terms=TERMS)
_OFFER = OfferTerms(
    offer_id="paris:menage",
    service="menage",
    zone="paris",
    rate_cents=2_450,
    currency="EUR",
    catalogue_version=3,
    payment_method_required=True,
)


def public(value: Slot) -> PublicSlot:
    return PublicSlot(start=value.start, end=value.end, zone=value.zone)


def selected(
    selection_id: SelectionId = FIRST,
    *,
    request_id: RequestId = REQUEST,
    worker_id: WorkerId = WORKER,
    at: Slot = SLOT,
    accept_overlap: bool = False,
    organisation_id: UUID = ORGANISATION,
) -> dispatch.WorkerSelected:
    return dispatch.WorkerSelected(
        organisation_id=organisation_id,
        request_id=request_id,
        worker_id=worker_id,
        selection_id=selection_id,
        slot=public(at),
        accept_overlap=accept_overlap,
        by="self",
    )


def confirmed(
    selection_id: SelectionId = FIRST,
    *,
    request_id: RequestId = REQUEST,
    worker_id: WorkerId = WORKER,
    at: Slot = SLOT,
) -> intake.RequestConfirmed:
    return intake.RequestConfirmed(
        organisation_id=ORGANISATION,
        request_id=request_id,
        client_id=CLIENT,
        worker_id=worker_id,
        hold_id=hold_id_of(selection_id),
        postal_code="75011",
        slot=public(at),
        offer=_OFFER,
        confirmed_at=NOW,
    )


def cancelled(request_id: RequestId = REQUEST) -> intake.RequestCancelled:
    return intake.RequestCancelled(
        organisation_id=ORGANISATION, request_id=request_id, by="operator", reason_code="asked_by_client"
    )


def declined(request_id: RequestId = REQUEST) -> intake.RequestDeclined:
    return intake.RequestDeclined(organisation_id=ORGANISATION, request_id=request_id)


def expired(request_id: RequestId = REQUEST) -> intake.RequestExpired:
    return intake.RequestExpired(
        organisation_id=ORGANISATION, request_id=request_id, rule="slot_start", deadline=SLOT.start
    )


def a_story() -> Story:
    return Story("scheduling", NOW, reactions=REACTIONS, publication=PUBLICATION)


async def week_of(story: Story, week: Week = WEEK, worker_id: WorkerId = WORKER) -> CalendarWeek:
    ref = CALENDAR.at(ORGANISATION, f"{worker_id}/{week}")
    return await story.run(lambda work: work.state(ref))


async def hold_of(story: Story, request_id: RequestId = REQUEST) -> Any:
    ref = HOLD.at(ORGANISATION, request_id)
    return await story.run(lambda work: work.state(ref))


async def visit_of(story: Story, visit_id: VisitId = VISIT_1) -> Any:
    ref = VISIT.at(ORGANISATION, visit_id)
    return await story.run(lambda work: work.state(ref))
