"""One sample of every stored event: the request of the contracts' samples.

The ids are invented, the sealed texts hold nothing.
"""

from datetime import UTC, datetime

from doorstep_chassis.domain import Event
from doorstep_contracts.samples import CLIENT, COLLEAGUE, HOLD, OFFER, REQUEST, SEALED, SLOT, WORKER
from request_intake.domain.organisation.events import OrganisationAdded, RequestSettingsChanged
from request_intake.domain.request.events import (
    ClientGateOpened,
    ClientGateShut,
    ClientResolved,
    ClientReviewOpened,
    DataKeyIssued,
    LaunchRequested,
    RequestCancelled,
    RequestConfirmed,
    RequestDeclined,
    RequestDrafted,
    RequestExpired,
    RequestLaunched,
    WorkerGateOpened,
    WorkerGateShut,
)

DRAFTED_AT = datetime(2026, 5, 20, 8, tzinfo=UTC)
LAUNCHED_AT = datetime(2026, 5, 20, 8, 5, tzinfo=UTC)
CONFIRMED_AT = datetime(2026, 5, 20, 9, tzinfo=UTC)

ORGANISATION_ADDED = OrganisationAdded(slug="demo", time_zone="Indian/Reunion")
SETTINGS_CHANGED = RequestSettingsChanged(
    version=1,
    workers_may_create=True,
    required_contact_fields=("first_name", "last_name", "email", "phone"),
    draft_lifetime_hours=168,
)
KEY_ISSUED = DataKeyIssued(subject_id=REQUEST)
DRAFTED = RequestDrafted(
    created_by=WORKER,
    performer="other",
    postal_code="97400",
    offer=OFFER,
    slot=SLOT,
    accept_overlap=False,
    contact=SEALED,
    expires_at=datetime(2026, 5, 27, 8, tzinfo=UTC),
)
LAUNCH_REQUESTED = LaunchRequested(validation="worker", address_confirmed=False, address=SEALED)
REVIEW_OPENED = ClientReviewOpened(reasons=("email_equal_phone_conflicts",))
RESOLVED = ClientResolved(client_id=CLIENT, known=True)
LAUNCHED = RequestLaunched(
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
    launched_at=LAUNCHED_AT,
)
CLIENT_GATE_OPENED = ClientGateOpened(valid_until=datetime(2026, 9, 30, 20, tzinfo=UTC), validated_by="client")
CLIENT_GATE_SHUT = ClientGateShut(
    missing=("validation", "address", "payment_method"), answer_due=datetime(2026, 5, 23, 8, 5, tzinfo=UTC)
)
WORKER_GATE_OPENED = WorkerGateOpened(worker_id=COLLEAGUE, hold_id=HOLD)
WORKER_GATE_SHUT = WorkerGateShut(missing=("operator",))
CONFIRMED = RequestConfirmed(
    client_id=CLIENT,
    worker_id=COLLEAGUE,
    hold_id=HOLD,
    postal_code="97400",
    slot=SLOT,
    offer=OFFER,
    confirmed_at=CONFIRMED_AT,
)
CANCELLED = RequestCancelled(by="operator", reason_code="asked_by_client")
DECLINED = RequestDeclined(reason=SEALED)
EXPIRED = RequestExpired(rule="slot_start", deadline=SLOT.start)

STORED: tuple[Event, ...] = (
    ORGANISATION_ADDED,
    SETTINGS_CHANGED,
    KEY_ISSUED,
    DRAFTED,
    LAUNCH_REQUESTED,
    REVIEW_OPENED,
    RESOLVED,
    LAUNCHED,
    CLIENT_GATE_OPENED,
    CLIENT_GATE_SHUT,
    WORKER_GATE_OPENED,
    WORKER_GATE_SHUT,
    CONFIRMED,
    CANCELLED,
    DECLINED,
    EXPIRED,
)
