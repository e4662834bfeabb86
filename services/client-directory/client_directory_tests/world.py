"""The people, places and instants that the tests of the directory speak of, and what others say about them."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from client_directory import commands
from client_directory.bodies import ClientBody
from client_directory.domain.client.events import AddressSet, ClientCreated, PaymentMethodAdded
from client_directory.domain.client.state import CLIENT
from client_directory.domain.contact_key.state import contact_key
from client_directory.domain.resolution.state import RESOLUTION
from client_directory.domain.validation.events import ClientDeclined
from client_directory.domain.validation.state import VALIDATION
from client_directory.publication import PUBLICATION
from client_directory.reactions import KEYS_TOPIC, reactions
from client_directory.vault import ADDRESS, CONTACT, DETAILS, PAYMENT, REASON, TYPED_ADDRESS, Vault
from doorstep_chassis.consumer.decoding import Tombstone
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.domain import Event
from doorstep_chassis.privacy import DataKey, KeyRing, open_sealed, seal, subject_of
from doorstep_chassis.store.port import Store
from doorstep_chassis.testing import Story
from doorstep_chassis.work import Work
from doorstep_contracts import intake, scheduling
from doorstep_contracts.base import OfferTerms, Slot

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = NOW + timedelta(days=10)
SLOT = Slot(start=START, end=START + timedelta(hours=2), zone="Europe/Paris")
IN_72_H = NOW + timedelta(hours=72)
OFFER = OfferTerms(
    offer_id="lyon:menage",
    service="menage",
    zone="lyon",
    rate_cents=2590,
    catalogue_version=1,
    payment_method_required=True,
)
FREE_OFFER = OFFER.model_copy(update={"payment_method_required": False})


def an_id(number: int) -> UUID:
    return UUID(int=0x4000_8000_0000_0000_0000 + number)


ORGANISATION, ELSEWHERE = an_id(1), an_id(2)
REQUEST, SECOND = an_id(10), an_id(11)
WORKER, OTHER_WORKER, OPERATOR = an_id(20), an_id(21), an_id(22)
ON_FILE, ALSO_ON_FILE, NEW_CLIENT = an_id(30), an_id(31), an_id(32)
METHOD = an_id(40)

KEK = bytes(range(32))
VAULT = Vault(KeyRing(KEK, "test"), b"hash" * 8)
CONTACT_KEY = DataKey(b"c" * 32)
CLIENT_KEY = DataKey(b"f" * 32)

MARIE = {"first_name": "Marie", "last_name": "Dupont", "email": "marie@example.org", "phone": "06 12 34 56 78"}
PAUL = {"first_name": "Paul", "last_name": "Dupont", "email": "paul@example.org", "phone": "06 98 76 54 32"}
HOME = {"line1": "12 rue de la Paix", "line2": None, "postal_code": "69003", "locality": "Lyon"}
AWAY = {"line1": "3 place Bellecour", "line2": None, "postal_code": "69002", "locality": "Lyon"}
CARD = {"kind": "card", "token": "tok_4242", "last4": "4242", "expiry_month": "2027-12"}
OLD_CARD = {**CARD, "expiry_month": "2026-02"}

RESOLUTION_OF_REQUEST = RESOLUTION.at(ORGANISATION, REQUEST)
VALIDATION_OF_REQUEST = VALIDATION.at(ORGANISATION, REQUEST)
KEY_OF_REQUEST = contact_key(REQUEST)
FILE = CLIENT.at(ORGANISATION, ON_FILE)


def hashed(kind: Any, key: str) -> str:
    return VAULT.hashed(ORGANISATION, kind, key)


MARIES_EMAIL, MARIES_PHONE = hashed("email", "marie@example.org"), hashed("phone", "+33612345678")


# What intake says


def sealed_contact(contact: Mapping[str, Any], request_id: UUID = REQUEST) -> str:
    return seal(CONTACT_KEY, request_id, json.dumps(contact), context=CONTACT)


def drafted(
    contact: Mapping[str, Any] | None = None,
    *,
    picked: UUID | None = None,
    request_id: UUID = REQUEST,
    postal_code: str = "69003",
) -> intake.RequestDrafted:
    return intake.RequestDrafted(
        organisation_id=ORGANISATION,
        request_id=request_id,
        created_by=WORKER,
        performer="self",
        postal_code=postal_code,
        offer=OFFER,
        slot=SLOT,
        accept_overlap=False,
        picked_client_id=picked,
        contact=None if contact is None else sealed_contact(contact, request_id),
        contact_key_id=None if contact is None else request_id,
        expires_at=NOW + timedelta(days=7),
    )


def key_issued(request_id: UUID = REQUEST) -> intake.DataKeyIssued:
    row = VAULT.wrapped(request_id, CONTACT_KEY)
    return intake.DataKeyIssued(
        organisation_id=ORGANISATION, subject_id=request_id, wrapped=row.wrapped or "", kek=row.kek_id
    )


def key_erased(request_id: UUID = REQUEST) -> Tombstone:
    return Tombstone(KEYS_TOPIC, str(request_id))


def launched(
    validation: Any = "worker",
    *,
    confirmed: bool = False,
    address: Mapping[str, Any] | None = None,
    offer: OfferTerms = OFFER,
    slot: Slot = SLOT,
    request_id: UUID = REQUEST,
) -> intake.RequestLaunched:
    sealed = None if address is None else seal(CONTACT_KEY, request_id, json.dumps(address), context=TYPED_ADDRESS)
    return intake.RequestLaunched(
        organisation_id=ORGANISATION,
        request_id=request_id,
        created_by=WORKER,
        client_id=ON_FILE,
        known=True,
        performer="self",
        postal_code="69003",
        offer=offer,
        slot=slot,
        accept_overlap=False,
        validation=validation,
        address_confirmed=confirmed,
        address=sealed,
        address_key_id=None if address is None else request_id,
        launched_at=NOW,
    )


def confirmed(client_id: UUID = ON_FILE) -> intake.RequestConfirmed:
    return intake.RequestConfirmed(
        organisation_id=ORGANISATION,
        request_id=REQUEST,
        client_id=client_id,
        worker_id=WORKER,
        hold_id=an_id(50),
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


def organisation_added(time_zone: str = "Europe/Paris") -> intake.OrganisationAdded:
    return intake.OrganisationAdded(organisation_id=ORGANISATION, slug="maison", time_zone=time_zone)


# What scheduling says


def visit_scheduled(visit: int, client_id: UUID, *, worker_id: UUID = WORKER, ends: datetime = NOW) -> Any:
    return scheduling.VisitScheduled(
        organisation_id=ORGANISATION,
        chain_id=an_id(visit),
        request_id=an_id(visit),
        visit_id=an_id(visit),
        worker_id=worker_id,
        client_id=client_id,
        slot=Slot(start=ends - timedelta(hours=2), end=ends, zone="Europe/Paris"),
        service="menage",
        postal_code="69003",
        rate_cents=2590,
        currency="EUR",
        offer_id="lyon:menage",
        catalogue_version=1,
    )


def visit_cancelled(visit: int, client_id: UUID, *, worker_id: UUID = WORKER) -> Any:
    return scheduling.VisitCancelled(
        organisation_id=ORGANISATION,
        chain_id=an_id(visit),
        request_id=an_id(visit),
        visit_id=an_id(visit),
        worker_id=worker_id,
        client_id=client_id,
        by="operator",
    )


# The directory


def a_story(now: datetime = NOW) -> Story:
    return Story("client-directory", now, reactions=reactions(VAULT), publication=PUBLICATION)


def put_on_file(
    work: Work,
    client_id: UUID = ON_FILE,
    contact: Mapping[str, Any] = MARIE,
    *,
    organisation_id: UUID = ORGANISATION,
    address: Mapping[str, Any] | None = HOME,
    card: Mapping[str, Any] | None = CARD,
    sharing: bool = False,
) -> None:
    """What an operator does; the client is known from then on."""
    body = ClientBody.model_validate({**contact, "address": address, "payment_method": card})
    typed = body.contact()
    commands.create_client(
        work,
        VAULT,
        organisation_id,
        client_id,
        CLIENT_KEY,
        typed,
        body.identity(typed),
        address=None if body.address is None else body.address.address(),
        payment_method=None if body.payment_method is None else body.payment_method.given(METHOD),
        sharing=sharing,
    )


async def given_client(
    story: Story, client_id: UUID = ON_FILE, contact: Mapping[str, Any] = MARIE, **more: Any
) -> None:
    await story.run(lambda work: put_on_file(work, client_id, contact, **more))


_SEALED: Mapping[type[Event], tuple[str, str]] = {
    ClientCreated: ("details", DETAILS),
    AddressSet: ("address", ADDRESS),
    PaymentMethodAdded: ("details", PAYMENT),
    ClientDeclined: ("reason", REASON),
}


async def revealed(store: Store, events: Iterable[Event]) -> list[Event]:
    """The events with what they seal in clear, as the one thing that two runs do not share is how it was sealed."""
    return [await _revealed(store, event) for event in events]


async def _revealed(store: Store, event: Event) -> Event:
    field, context = _SEALED.get(type(event), ("", ""))
    token = getattr(event, field, None)
    if token is None:
        return event
    subject = subject_of(token)
    key = VAULT.unwrapped((await store.load_keys([subject])).get(subject))
    return event.model_copy(update={field: open_sealed(key, token, context=context)})


def in_clear(event: Event, text: str) -> Event:
    """The event that `revealed` makes of one whose sealed field holds the text."""
    return event.model_copy(update={_SEALED[type(event)][0]: text})


def again(story: Story, event: Any) -> Record:
    """The same fact, told once more under a new sequence."""
    return story.record(event, cls=intake.DataKeyIssued)
