"""What is stored stays readable: one golden file for every version of every stored event."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from client_directory.domain.client.events import (
    AddressSet,
    ClientConfirmedKnown,
    ClientCreated,
    PaymentMethodAdded,
)
from client_directory.domain.client.payment import CardTerms, SepaTerms
from client_directory.domain.contact_key.events import ContactKeyErased, ContactKeyNeeded, ContactKeySeen
from client_directory.domain.identifier.events import IdentifierClaimed, IdentifierReleased
from client_directory.domain.organisation.events import OrganisationJoined
from client_directory.domain.resolution.events import (
    ClientResolved,
    ContactErased,
    DraftSeen,
    LaunchWaits,
    ReviewOpened,
)
from client_directory.domain.resolution.events import RequestEndSeen as ResolutionEnded
from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
    LaunchSeen,
    RequestConfirmationSeen,
)
from client_directory.domain.validation.events import RequestEndSeen as ValidationEnded
from doorstep_chassis.domain import Event
from doorstep_chassis.store.mapper import codec

from .world import ALSO_ON_FILE, IN_72_H, METHOD, ON_FILE, ORGANISATION, REQUEST, START

GOLDEN = Path(__file__).parent / "golden"
SEALED = f"s1.{ON_FILE.hex}.AAECAwQFBgcICQoLDA0ODw"
TYPED = f"s1.{REQUEST.hex}.AAECAwQFBgcICQoLDA0ODw"
HASH = "00ff" * 16

EVENTS: list[Event] = [
    ClientCreated(made_by="draft", details=SEALED, email=HASH, phone=None, postal_code="69003"),
    AddressSet(address=SEALED, postal_code="01700"),
    PaymentMethodAdded(method_id=METHOD, terms=CardTerms(expiry_month="2027-12"), details=SEALED),
    ClientConfirmedKnown(by="client"),
    IdentifierClaimed(client_id=ON_FILE, shared=True),
    IdentifierReleased(client_id=ON_FILE),
    ContactKeySeen(),
    ContactKeyNeeded(organisation_id=ORGANISATION, request_id=REQUEST),
    ContactKeyErased(),
    OrganisationJoined(time_zone="Indian/Reunion"),
    DraftSeen(postal_code="69003", picked_client_id=None, contact=TYPED, contact_key_id=REQUEST),
    ClientResolved(client_id=ON_FILE, known=True, by="match"),
    ReviewOpened(
        reasons=("name_differs", "identifier_conflict"),
        candidates=(ON_FILE, ALSO_ON_FILE),
        contact=TYPED,
        contact_key_id=REQUEST,
        postal_code="69003",
    ),
    LaunchWaits(),
    ContactErased(),
    ResolutionEnded(),
    LaunchSeen(
        postal_code="69003",
        slot_start=START,
        zone="Europe/Paris",
        payment_method_required=True,
        validation="worker",
        address_confirmed=False,
        address=TYPED,
        address_key_id=REQUEST,
    ),
    ClientAsked(client_id=ON_FILE, missing=("validation", "address", "payment_method"), deadline=IN_72_H),
    ClientGateShut(client_id=ON_FILE, missing=("validation", "contact", "address_outside_zone")),
    ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="operator"),
    ClientDeclined(client_id=ON_FILE, reason=SEALED),
    ClientAnswerExpired(client_id=ON_FILE, deadline=IN_72_H),
    RequestConfirmationSeen(client_id=ON_FILE),
    ValidationEnded(),
]

SEPA = PaymentMethodAdded(
    method_id=METHOD,
    terms=SepaTerms(signed_on=date(2025, 7, 10), last_collection_due=date(2026, 1, 5), one_off=True),
    details=SEALED,
)


def golden(event: Event, variant: str = "") -> Path:
    return GOLDEN / f"{event.TOPIC}{variant}.v{event.VERSION}.json"


def read(event: Event, file: Path) -> Event:
    data = json.loads(file.read_text(encoding="utf-8"))
    fact: Event = codec(event.stored_topic()).fact(json.dumps({"data": data}).encode())["data"]
    return fact


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_a_golden_file_is_read_as_the_event_it_was(event: Event) -> None:
    assert read(event, golden(event)) == event
    assert json.loads(golden(event).read_text(encoding="utf-8")) == event.model_dump(mode="json")


def test_a_mandate_is_read_as_it_was() -> None:
    assert read(SEPA, golden(SEPA, ".sepa")) == SEPA


def test_every_stored_event_has_a_golden_file() -> None:
    stored = {cls for cls in Event.__subclasses__() if cls.__module__.startswith("client_directory.")}
    assert {type(event) for event in EVENTS} == stored
    assert len(EVENTS) == len({event.TOPIC for event in EVENTS}) == len(stored)


def test_a_fresh_process_knows_every_stored_event() -> None:
    topics = sorted({event.stored_topic() for event in EVENTS})
    program = (
        "import sys, client_directory.main; from doorstep_chassis.store.mapper import codec;"
        " [codec(topic) for topic in sys.argv[1:]]"
    )
    done = subprocess.run([sys.executable, "-c", program, *topics], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
