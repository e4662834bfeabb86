"""The people, places and instants that the tests of dispatch speak of."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.domain.award.events import (
    ApplicationReceived,
    AwardStarted,
    BroadcastOpened,
    SelectionFailed,
    WorkerAssigned,
    WorkerGateShut,
    WorkerSelected,
)
from dispatch.domain.award.state import AWARD
from dispatch.domain.eligibility import Verdict
from dispatch.domain.ids import HoldId, RequestId, SelectionId, WorkerId
from dispatch.domain.request import Request
from dispatch.domain.worker.events import Profile
from doorstep_contracts import intake, scheduling
from doorstep_contracts.base import OfferTerms, Slot

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = NOW + timedelta(days=3)
SLOT = Slot(start=START, end=START + timedelta(hours=2), zone="Europe/Paris")
DEADLINE = NOW + timedelta(hours=24)
OFFER = OfferTerms(
    offer_id="lyon:menage",
    service="menage",
    zone="lyon",
    rate_cents=2590,
    catalogue_version=1,
    payment_method_required=True,
)


def an_id(number: int) -> UUID:
    return UUID(int=0x4000_8000_0000_0000_0000 + number)


ORGANISATION, ELSEWHERE = an_id(1), an_id(2)
REQUEST = RequestId(an_id(10))
AWARD_OF_REQUEST = AWARD.at(ORGANISATION, REQUEST)
CLIENT = an_id(11)
CREATOR, ANNE, BRUNO, CHLOE, DENIS = (WorkerId(an_id(20 + number)) for number in range(5))
S1, S2 = SelectionId(an_id(31)), SelectionId(an_id(32))
HOLD = HoldId(an_id(40))

CLEANER = Profile.of(active=True, services=["menage"], postal_codes=[], postal_prefixes=["69"])
RETIRED = Profile.of(active=False, services=["menage"], postal_codes=[], postal_prefixes=["69"])
PARISIAN = Profile.of(active=True, services=["menage"], postal_codes=[], postal_prefixes=["75"])
PLUMBER = Profile.of(active=True, services=["plomberie"], postal_codes=["69003"], postal_prefixes=[])


def request(**changes: Any) -> Request:
    return Request(
        **{
            "created_by": CREATOR,
            "performer": "other",
            "known": True,
            "postal_code": "69003",
            "offer": OFFER,
            "slot": SLOT,
            "accept_overlap": False,
            **changes,
        }
    )


OTHER = request()
SELF_KNOWN = request(performer="self")
SELF_NEW = request(performer="self", known=False)

ELIGIBLE = Verdict(worker_id=CREATOR, reasons=())


# Stored events, as they most often are


def started(about: Request = OTHER) -> AwardStarted:
    return AwardStarted(request=about, creator=None if about.performer == "other" else ELIGIBLE)


def opened(*workers: WorkerId, award: Any = "operator_picks", deadline: datetime = DEADLINE) -> BroadcastOpened:
    return BroadcastOpened(
        postal_code="69003",
        offer=OFFER,
        slot=SLOT,
        policy_version=1,
        award=award,
        deadline=deadline,
        verdicts=tuple(Verdict(worker_id=each, reasons=()) for each in workers),
    )


def applied(worker_id: WorkerId, at: datetime = NOW) -> ApplicationReceived:
    return ApplicationReceived(worker_id=worker_id, applied_at=at)


def selected(
    worker_id: WorkerId, by: Any = "operator", selection_id: SelectionId = S1, **changes: Any
) -> WorkerSelected:
    return WorkerSelected(
        **{
            "worker_id": worker_id,
            "selection_id": selection_id,
            "slot": SLOT,
            "accept_overlap": False,
            "by": by,
            **changes,
        }
    )


def failed(worker_id: WorkerId, reason: Any = "overlap", selection_id: SelectionId = S1) -> SelectionFailed:
    return SelectionFailed(worker_id=worker_id, selection_id=selection_id, reason=reason)


def assigned(worker_id: WorkerId, selection_id: SelectionId = S1) -> WorkerAssigned:
    return WorkerAssigned(worker_id=worker_id, selection_id=selection_id, hold_id=HOLD)


def shut(lack: Any) -> WorkerGateShut:
    return WorkerGateShut(missing=(lack,))


# Public events of others


def launched(about: Request = OTHER, **changes: Any) -> intake.RequestLaunched:
    return intake.RequestLaunched(
        **{
            "organisation_id": ORGANISATION,
            "request_id": REQUEST,
            "created_by": about.created_by,
            "client_id": CLIENT,
            "known": about.known,
            "performer": about.performer,
            "postal_code": about.postal_code,
            "offer": about.offer,
            "slot": about.slot,
            "accept_overlap": about.accept_overlap,
            "validation": "worker",
            "address_confirmed": True,
            "launched_at": NOW,
            **changes,
        }
    )


def held(worker_id: WorkerId, selection_id: SelectionId) -> scheduling.SlotHeld:
    return scheduling.SlotHeld(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        worker_id=worker_id,
        selection_id=selection_id,
        hold_id=HOLD,
        slot=SLOT,
        overlap_accepted=False,
    )


def refused(worker_id: WorkerId, selection_id: SelectionId, reason: Any = "overlap") -> scheduling.SlotRefused:
    return scheduling.SlotRefused(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        worker_id=worker_id,
        selection_id=selection_id,
        reason=reason,
    )


def confirmed() -> intake.RequestConfirmed:
    return intake.RequestConfirmed(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        client_id=CLIENT,
        worker_id=CREATOR,
        hold_id=HOLD,
        postal_code="69003",
        slot=SLOT,
        offer=OFFER,
        confirmed_at=NOW,
    )


def cancelled() -> intake.RequestCancelled:
    return intake.RequestCancelled(organisation_id=ORGANISATION, request_id=REQUEST, by="operator")


def declined() -> intake.RequestDeclined:
    return intake.RequestDeclined(organisation_id=ORGANISATION, request_id=REQUEST)


def expired() -> intake.RequestExpired:
    return intake.RequestExpired(
        organisation_id=ORGANISATION, request_id=REQUEST, rule="slot_start", deadline=SLOT.start
    )
