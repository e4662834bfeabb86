"""One sample of every public event: the examples that are committed, and data for anybody's tests.

Together they tell of one request in Saint-Denis de La Réunion; the ids are invented, the sealed texts hold nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from doorstep_contracts import directory, dispatch, intake, scheduling
from doorstep_contracts.base import OfferTerms, PublicEvent, Slot


def _id(number: int) -> UUID:
    return UUID(f"00000000-0000-4000-8000-{number:012d}")


ORGANISATION = _id(1)
REQUEST = _id(2)
WORKER = _id(3)
COLLEAGUE = _id(4)
CLIENT = _id(5)
SELECTION = _id(6)
HOLD = _id(7)
VISIT = _id(8)
CONTACT_KEY = _id(9)
ADDRESS_KEY = _id(10)

SLOT = Slot(start=datetime(2026, 6, 1, 5, tzinfo=UTC), end=datetime(2026, 6, 1, 7, tzinfo=UTC), zone="Indian/Reunion")
OFFER = OfferTerms(
    offer_id="reunion:menage",
    service="menage",
    zone="reunion",
    rate_cents=2_450,
    currency="EUR",
    catalogue_version=1,
    payment_method_required=True,
)
SEALED = "s1.00000000-0000-4000-8000-000000000009.bm90aGluZyBpcyBzZWFsZWQgaGVyZQ"
WRAPPED = "bm8ga2V5IGlzIHdyYXBwZWQgaGVyZQ"

_INTAKE: tuple[PublicEvent, ...] = (
    intake.OrganisationAdded(organisation_id=ORGANISATION, slug="demo", time_zone="Indian/Reunion"),
    intake.RequestSettingsChanged(
        organisation_id=ORGANISATION,
        version=2,
        workers_may_create=True,
        required_contact_fields=("first_name", "last_name", "email", "phone"),
        draft_lifetime_hours=168,
    ),
    intake.DataKeyIssued(organisation_id=ORGANISATION, subject_id=CONTACT_KEY, wrapped=WRAPPED, kek="2026-01"),
    intake.RequestDrafted(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        created_by=WORKER,
        performer="other",
        postal_code="97400",
        offer=OFFER,
        slot=SLOT,
        accept_overlap=False,
        contact=SEALED,
        contact_key_id=CONTACT_KEY,
        expires_at=datetime(2026, 5, 27, 8, tzinfo=UTC),
    ),
    intake.RequestLaunched(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        created_by=WORKER,
        client_id=CLIENT,
        known=True,
        performer="other",
        postal_code="97400",
        offer=OFFER,
        slot=SLOT,
        accept_overlap=False,
        validation="worker",
        address_confirmed=False,
        address=SEALED,
        address_key_id=ADDRESS_KEY,
        launched_at=datetime(2026, 5, 20, 8, 5, tzinfo=UTC),
    ),
    intake.RequestConfirmed(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        client_id=CLIENT,
        worker_id=COLLEAGUE,
        hold_id=HOLD,
        postal_code="97400",
        slot=SLOT,
        offer=OFFER,
        confirmed_at=datetime(2026, 5, 20, 9, tzinfo=UTC),
    ),
    intake.RequestCancelled(
        organisation_id=ORGANISATION, request_id=REQUEST, by="operator", reason_code="asked_by_client"
    ),
    intake.RequestDeclined(organisation_id=ORGANISATION, request_id=REQUEST, reason=SEALED),
    intake.RequestExpired(organisation_id=ORGANISATION, request_id=REQUEST, rule="slot_start", deadline=SLOT.start),
)

_DIRECTORY: tuple[PublicEvent, ...] = (
    directory.DataKeyIssued(organisation_id=ORGANISATION, subject_id=CLIENT, wrapped=WRAPPED, kek="2026-01"),
    directory.ClientResolved(organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, known=True),
    directory.ClientReviewOpened(
        organisation_id=ORGANISATION, request_id=REQUEST, reasons=("email_equal_phone_conflicts",)
    ),
    directory.ClientValidationRequested(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        client_id=CLIENT,
        missing=("validation", "address", "payment_method"),
        deadline=datetime(2026, 5, 23, 8, 5, tzinfo=UTC),
    ),
    directory.ClientValidated(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        client_id=CLIENT,
        valid_until=datetime(2026, 9, 30, 20, tzinfo=UTC),
        validated_by="client",
    ),
    directory.ClientGateShut(
        organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, missing=("payment_method",)
    ),
    directory.ClientDeclined(organisation_id=ORGANISATION, request_id=REQUEST, client_id=CLIENT, reason=SEALED),
    directory.ClientAnswerExpired(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        client_id=CLIENT,
        deadline=datetime(2026, 9, 24, 8, tzinfo=UTC),
    ),
)

_DISPATCH: tuple[PublicEvent, ...] = (
    dispatch.WorkerRegistered(
        organisation_id=ORGANISATION,
        worker_id=COLLEAGUE,
        active=True,
        services=("menage", "jardinage"),
        postal_codes=("97400",),
        postal_prefixes=("974",),
    ),
    dispatch.BroadcastOpened(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        eligible=3,
        slot=SLOT,
        service="menage",
        postal_code="97400",
        offer=OFFER,
        policy_version=1,
        deadline=datetime(2026, 5, 21, 8, 5, tzinfo=UTC),
    ),
    dispatch.ApplicationReceived(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        worker_id=COLLEAGUE,
        applied_at=datetime(2026, 5, 20, 8, 30, tzinfo=UTC),
    ),
    dispatch.WorkerSelected(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        worker_id=COLLEAGUE,
        selection_id=SELECTION,
        slot=SLOT,
        accept_overlap=False,
        by="operator",
    ),
    dispatch.WorkerAssigned(organisation_id=ORGANISATION, request_id=REQUEST, worker_id=COLLEAGUE, hold_id=HOLD),
    dispatch.WorkerGateShut(organisation_id=ORGANISATION, request_id=REQUEST, missing=("applications",)),
    dispatch.BroadcastClosed(organisation_id=ORGANISATION, request_id=REQUEST, reason="assigned"),
)

_SCHEDULING: tuple[PublicEvent, ...] = (
    scheduling.SlotHeld(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        worker_id=COLLEAGUE,
        selection_id=SELECTION,
        hold_id=HOLD,
        slot=SLOT,
        overlap_accepted=False,
    ),
    scheduling.SlotRefused(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        worker_id=COLLEAGUE,
        selection_id=SELECTION,
        reason="overlap",
        conflict=SLOT,
    ),
    scheduling.SlotReleased(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        worker_id=COLLEAGUE,
        hold_id=HOLD,
        reason="request_ended",
    ),
    scheduling.VisitScheduled(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        visit_id=VISIT,
        worker_id=COLLEAGUE,
        client_id=CLIENT,
        slot=SLOT,
        service=OFFER.service,
        postal_code="97400",
        rate_cents=OFFER.rate_cents,
        currency=OFFER.currency,
        offer_id=OFFER.offer_id,
        catalogue_version=OFFER.catalogue_version,
    ),
    scheduling.VisitCancelled(
        organisation_id=ORGANISATION,
        chain_id=REQUEST,
        request_id=REQUEST,
        visit_id=VISIT,
        worker_id=COLLEAGUE,
        client_id=CLIENT,
        by="operator",
        reason_code="asked_by_client",
    ),
)

SAMPLES: Mapping[str, PublicEvent] = MappingProxyType(
    {event.ce_type: event for event in (*_INTAKE, *_DIRECTORY, *_DISPATCH, *_SCHEDULING)}
)
"""A sample of every public event by its `ce_type`."""
