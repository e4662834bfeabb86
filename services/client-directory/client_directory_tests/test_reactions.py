"""What others say and what the directory makes of it: as it comes, delivered twice, late, and in the other order."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from client_directory.domain.client.events import ClientCreated
from client_directory.domain.contact_key.events import ContactKeyErased, ContactKeyNeeded, ContactKeySeen
from client_directory.domain.identifier.events import IdentifierClaimed
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
    ClientAsked,
    ClientGateShut,
    ClientValidated,
    LaunchSeen,
    RequestConfirmationSeen,
)
from client_directory.domain.validation.events import RequestEndSeen as ValidationEnded
from doorstep_chassis.domain import Event
from doorstep_chassis.relay import KeyNotice
from doorstep_chassis.testing import Story
from doorstep_contracts import directory, intake
from doorstep_contracts.base import PublicEvent

from .world import (
    AWAY,
    ELSEWHERE,
    FREE_OFFER,
    HOME,
    IN_72_H,
    MARIE,
    MARIES_EMAIL,
    MARIES_PHONE,
    NOW,
    OLD_CARD,
    ON_FILE,
    ORGANISATION,
    PAUL,
    REQUEST,
    SECOND,
    SLOT,
    START,
    a_story,
    again,
    cancelled,
    confirmed,
    declined,
    drafted,
    expired,
    given_client,
    in_clear,
    key_erased,
    key_issued,
    launched,
    organisation_added,
    revealed,
)

KEY_SEEN = ContactKeySeen()
NEEDED = ContactKeyNeeded(organisation_id=ORGANISATION, request_id=REQUEST)


def seen(event: intake.RequestDrafted) -> DraftSeen:
    return DraftSeen(
        postal_code=event.postal_code,
        picked_client_id=event.picked_client_id,
        contact=event.contact,
        contact_key_id=event.contact_key_id,
    )


def live(event: intake.RequestLaunched) -> LaunchSeen:
    return LaunchSeen(
        postal_code=event.postal_code,
        slot_start=event.slot.start,
        zone=event.slot.zone,
        payment_method_required=event.offer.payment_method_required,
        validation=event.validation,
        address_confirmed=event.address_confirmed,
        address=event.address,
        address_key_id=event.address_key_id,
    )


def review(event: intake.RequestDrafted, *reasons: str, candidates: tuple[UUID, ...] = ()) -> ReviewOpened:
    return ReviewOpened(
        reasons=reasons,
        candidates=candidates,
        contact=event.contact,
        contact_key_id=event.contact_key_id,
        postal_code=event.postal_code,
    )


def made(client_id: UUID, contact: dict[str, Any]) -> list[Event]:
    """A new client with the identifiers of Marie."""
    sealed = f"s1.{client_id.hex}.AAAA"
    file = ClientCreated(made_by="draft", details=sealed, email=MARIES_EMAIL, phone=MARIES_PHONE, postal_code="69003")
    return [
        IdentifierClaimed(client_id=client_id, shared=False),
        IdentifierClaimed(client_id=client_id, shared=False),
        in_clear(file, json.dumps(contact, separators=(",", ":"))),
        ClientResolved(client_id=client_id, known=False, by="new"),
    ]


async def new_client(story: Story, added: list[Event]) -> UUID:
    return next(event.client_id for event in added if isinstance(event, ClientResolved))


class TestADraftWithTypedDetails:
    async def test_makes_a_new_client_with_their_claims_when_nobody_is_on_file(self) -> None:
        story, draft = a_story(), drafted(MARIE)

        added = await story.receive(key_issued(), draft)

        client_id = await new_client(story, added)
        assert await revealed(story.store, added) == [KEY_SEEN, seen(draft), *made(client_id, MARIE)]
        assert client_id in await story.store.load_keys([client_id])

    async def test_waits_for_its_key(self) -> None:
        story, draft = a_story(), drafted(MARIE)

        assert await story.receive(draft) == [seen(draft), NEEDED]
        added = await story.receive(key_issued())

        client_id = await new_client(story, added)
        assert await revealed(story.store, added) == [KEY_SEEN, *made(client_id, MARIE)]

    async def test_belongs_to_the_client_on_file_who_certainly_matches(self) -> None:
        story, draft = a_story(), drafted({**MARIE, "email": " Marie@EXAMPLE.org", "phone": "+33 (0)6 12 34 56 78"})
        await given_client(story)

        assert await story.receive(key_issued(), draft) == [
            KEY_SEEN,
            seen(draft),
            ClientResolved(client_id=ON_FILE, known=True, by="match"),
        ]

    async def test_typed_twice_is_one_client_who_is_not_known(self) -> None:
        story, second = a_story(), drafted(MARIE, request_id=SECOND)
        client_id = await new_client(story, await story.receive(key_issued(), drafted(MARIE)))

        assert await story.receive(key_issued(SECOND), second) == [
            KEY_SEEN,
            seen(second),
            ClientResolved(client_id=client_id, known=False, by="match"),
        ]

    async def test_waits_for_an_operator_when_it_is_a_doubt(self) -> None:
        story, draft = a_story(), drafted({**MARIE, "phone": PAUL["phone"]})
        await given_client(story)

        assert await story.receive(key_issued(), draft) == [
            KEY_SEEN,
            seen(draft),
            NEEDED,
            review(draft, "identifier_conflict", candidates=(ON_FILE,)),
        ]

    async def test_is_a_doubt_when_the_phone_can_be_read_in_two_ways(self) -> None:
        story, draft = a_story(), drafted(MARIE, postal_code="98000")

        assert await story.receive(key_issued(), draft) == [
            KEY_SEEN,
            seen(draft),
            NEEDED,
            review(draft, "phone_ambiguous"),
        ]

    async def test_is_a_doubt_when_it_is_no_contact(self) -> None:
        story, draft = a_story(), drafted({"email": ["not", "a", "text"]})

        assert await story.receive(key_issued(), draft) == [
            KEY_SEEN,
            seen(draft),
            NEEDED,
            review(draft, "contact_unreadable"),
        ]

    async def test_is_parked_when_its_seal_is_broken(self) -> None:
        story = a_story()
        foreign = drafted(MARIE, request_id=SECOND).contact

        assert await story.receive(key_issued(), drafted(MARIE).model_copy(update={"contact": foreign})) == [KEY_SEEN]
        assert await story.parked() == ["seal_broken"]

    async def test_is_of_no_interest_once_the_request_has_ended(self) -> None:
        story = a_story()
        assert await story.receive(cancelled()) == [ResolutionEnded(), ValidationEnded()]

        assert await story.receive(key_issued(), drafted(MARIE)) == [KEY_SEEN]

    async def test_ends_in_nothing_when_its_key_was_erased_first(self) -> None:
        story, draft = a_story(), drafted(MARIE)
        assert await story.deliver(again(story, key_erased())) == [ContactKeyErased()]

        assert await story.receive(draft) == [seen(draft), ContactErased()]


class TestADraftWithAPickedClient:
    async def test_is_theirs_at_once(self) -> None:
        story, draft = a_story(), drafted(picked=ON_FILE)
        await given_client(story)

        assert await story.receive(draft) == [seen(draft), ClientResolved(client_id=ON_FILE, known=True, by="pick")]

    async def test_is_a_doubt_when_the_organisation_has_no_such_client(self) -> None:
        story, draft = a_story(), drafted(picked=ON_FILE)
        await given_client(story, organisation_id=ELSEWHERE)

        assert await story.receive(draft) == [seen(draft), review(draft, "picked_client_unknown")]


class TestAnErasedContact:
    async def test_closes_the_review_that_shows_it(self) -> None:
        story = a_story()
        await given_client(story, contact=PAUL)
        await story.receive(key_issued(), drafted({**MARIE, "phone": PAUL["phone"]}))

        assert await story.deliver(again(story, key_erased())) == [ContactKeyErased(), ContactErased()]
        assert await story.store.load_keys([REQUEST]) == {}

    async def test_ends_a_draft_that_waits_for_it(self) -> None:
        story = a_story()
        await story.receive(drafted(MARIE))

        assert await story.deliver(again(story, key_erased())) == [ContactKeyErased(), ContactErased()]

    async def test_leaves_a_client_who_is_certain(self) -> None:
        story = a_story()
        await story.receive(key_issued(), drafted(MARIE))

        assert await story.deliver(again(story, key_erased())) == [ContactKeyErased()]
        assert await story.store.load_keys([REQUEST]) == {}

    async def test_does_not_come_back(self) -> None:
        story = a_story()
        await story.deliver(again(story, key_erased()))

        assert await story.receive(key_issued()) == []
        assert await story.store.load_keys([REQUEST]) == {}

    async def test_told_again_changes_nothing(self) -> None:
        story = a_story()
        await story.deliver(again(story, key_erased()))

        assert await story.deliver(again(story, key_erased())) == []


class TestALaunch:
    """Cases 1, 2 and 3 of rule 9, at the client gate."""

    async def given_picked(self, **client: Any) -> Story:
        story = a_story()
        await given_client(story, **client)
        await story.receive(drafted(picked=ON_FILE))
        return story

    async def given_typed(self, contact: dict[str, Any] = MARIE, **client: Any) -> Story:
        story = a_story()
        await given_client(story, **client)
        await story.receive(key_issued(), drafted(contact))
        return story

    async def test_of_a_known_client_with_all_that_is_needed_opens_the_gate(self) -> None:
        story, launch = await self.given_picked(), launched(confirmed=True)

        assert await story.receive(launch) == [
            live(launch),
            ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="worker"),
        ]

    async def test_without_a_valid_payment_method_asks_the_client_all_the_same(self) -> None:
        story, launch = await self.given_picked(card=OLD_CARD), launched(confirmed=True)

        assert await story.receive(launch) == [
            live(launch),
            ClientAsked(client_id=ON_FILE, missing=("validation", "payment_method"), deadline=IN_72_H),
        ]

    async def test_needs_no_payment_method_where_the_offer_requires_none(self) -> None:
        story, launch = await self.given_picked(card=None), launched(confirmed=True, offer=FREE_OFFER)

        assert await story.receive(launch) == [
            live(launch),
            ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="worker"),
        ]

    async def test_left_to_the_client_asks_them(self) -> None:
        story, launch = await self.given_picked(), launched("client")

        assert await story.receive(launch) == [
            live(launch),
            ClientAsked(client_id=ON_FILE, missing=("validation",), deadline=IN_72_H),
        ]

    async def test_with_the_typed_address_of_the_file_opens_the_gate(self) -> None:
        story = await self.given_typed()
        launch = launched(address={**HOME, "line1": "12, RUE DE LA PAIX"})

        assert await story.receive(launch) == [
            live(launch),
            ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="worker"),
        ]

    async def test_with_another_typed_address_asks_the_client(self) -> None:
        story, launch = await self.given_typed(), launched(address={**HOME, "line1": "14 rue de la Paix"})

        assert await story.receive(launch) == [
            live(launch),
            ClientAsked(client_id=ON_FILE, missing=("validation", "address"), deadline=IN_72_H),
        ]

    async def test_of_a_new_client_always_asks_them(self) -> None:
        story = a_story()
        client_id = await new_client(story, await story.receive(key_issued(), drafted(MARIE)))
        launch = launched(address=HOME)

        assert await story.receive(launch) == [
            live(launch),
            ClientAsked(client_id=client_id, missing=("validation", "address", "payment_method"), deadline=IN_72_H),
        ]

    async def test_outside_the_zone_waits_for_an_operator(self) -> None:
        story, launch = await self.given_picked(address=AWAY), launched(confirmed=True)

        assert await story.receive(launch) == [
            live(launch),
            ClientGateShut(client_id=ON_FILE, missing=("validation", "address_outside_zone")),
        ]

    async def test_of_a_client_without_an_email_waits_for_an_operator(self) -> None:
        story = a_story()
        await given_client(story, contact={**MARIE, "email": None})
        launch = launched("client")

        assert await story.receive(drafted(picked=ON_FILE), launch) == [
            seen(drafted(picked=ON_FILE)),
            ClientResolved(client_id=ON_FILE, known=True, by="pick"),
            live(launch),
            ClientGateShut(client_id=ON_FILE, missing=("validation", "contact")),
        ]

    async def test_asks_nobody_later_than_the_slot(self) -> None:
        story = await self.given_picked()
        soon = launched("client", slot=SLOT.model_copy(update={"start": NOW + timedelta(hours=5)}))

        assert await story.receive(soon) == [
            live(soon),
            ClientAsked(client_id=ON_FILE, missing=("validation",), deadline=NOW + timedelta(hours=5)),
        ]

    async def test_heard_of_after_the_slot_began_asks_nobody(self) -> None:
        story, launch = await self.given_picked(), launched("client")
        story.clock.advance(timedelta(days=10))

        assert await story.receive(launch) == [
            live(launch),
            ClientGateShut(client_id=ON_FILE, missing=("validation",)),
        ]

    async def test_before_the_client_is_resolved_waits_for_that(self) -> None:
        story, draft, launch = a_story(), drafted(picked=ON_FILE), launched(confirmed=True)
        await given_client(story)

        assert await story.receive(launch) == [live(launch), LaunchWaits()]
        assert await story.receive(draft) == [
            seen(draft),
            ClientResolved(client_id=ON_FILE, known=True, by="pick"),
            ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="worker"),
        ]

    async def test_with_an_address_waits_for_its_key(self) -> None:
        story, launch = await self.given_picked(), launched(address=HOME)

        assert await story.receive(launch) == [live(launch), NEEDED]
        assert await story.receive(key_issued()) == [
            KEY_SEEN,
            ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="worker"),
        ]

    async def test_with_an_address_that_is_erased_asks_the_client(self) -> None:
        story, launch = await self.given_picked(), launched(address=HOME)
        await story.receive(launch)

        assert await story.deliver(again(story, key_erased())) == [
            ContactKeyErased(),
            ClientAsked(client_id=ON_FILE, missing=("validation",), deadline=IN_72_H),
        ]

    async def test_after_the_end_asks_nobody(self) -> None:
        story = await self.given_picked()
        await story.receive(cancelled())

        assert await story.receive(launched("client")) == []


class TestTheEndOfARequest:
    @pytest.mark.parametrize("end", [cancelled, declined, expired])
    async def test_closes_its_review_and_its_gate(self, end: Callable[[], PublicEvent]) -> None:
        story = a_story()
        await given_client(story)
        await story.receive(drafted(picked=ON_FILE), launched("client"))

        assert await story.receive(end()) == [ResolutionEnded(), ValidationEnded()]

    async def test_is_noted_before_anything_else_of_it(self) -> None:
        story = a_story()
        await given_client(story)
        assert await story.receive(cancelled()) == [ResolutionEnded(), ValidationEnded()]

        assert await story.receive(drafted(picked=ON_FILE), launched(confirmed=True), confirmed()) == []

    async def test_confirmation_closes_the_question_alone(self) -> None:
        story = a_story()
        await given_client(story)
        await story.receive(drafted(picked=ON_FILE), launched(confirmed=True))

        assert await story.receive(confirmed()) == [RequestConfirmationSeen(client_id=ON_FILE)]
        assert await story.receive(cancelled()) == [ResolutionEnded(), ValidationEnded()]


class TestAnOrganisation:
    async def test_is_noted_with_its_time_zone(self) -> None:
        assert await a_story().receive(organisation_added()) == [OrganisationJoined(time_zone="Europe/Paris")]


TWICE: list[tuple[str, Callable[[], list[Any]]]] = [
    ("organisation", lambda: [organisation_added()]),
    ("draft, picked", lambda: [drafted(picked=ON_FILE)]),
    ("draft, typed", lambda: [key_issued(), drafted(PAUL)]),
    ("draft, in doubt", lambda: [key_issued(), drafted({**MARIE, "phone": PAUL["phone"]})]),
    ("draft, waiting", lambda: [drafted(PAUL)]),
    ("key", lambda: [drafted(PAUL), key_issued()]),
    ("launch", lambda: [drafted(picked=ON_FILE), launched("client")]),
    ("launch, waiting", lambda: [drafted(picked=ON_FILE), launched(address=HOME)]),
    ("confirmation", lambda: [drafted(picked=ON_FILE), launched(confirmed=True), confirmed()]),
    ("end", lambda: [drafted(picked=ON_FILE), launched("client"), cancelled()]),
]


class TestDeliveredTwice:
    @pytest.mark.parametrize(("what", "events"), TWICE, ids=[what for what, _ in TWICE])
    async def test_the_same_record_changes_nothing(self, what: str, events: Callable[[], list[Any]]) -> None:
        story = a_story()
        await given_client(story)
        records = [story.record(event) for event in events()]
        assert await story.deliver(*records) != []

        assert await story.deliver(*records) == []
        assert await story.parked() == []

    @pytest.mark.parametrize(("what", "events"), TWICE, ids=[what for what, _ in TWICE])
    async def test_the_same_fact_changes_nothing(self, what: str, events: Callable[[], list[Any]]) -> None:
        story = a_story()
        await given_client(story)
        facts = events()
        await story.receive(*facts)

        assert await story.receive(*facts) == []
        assert await story.parked() == []


class TestWhatIsPublished:
    async def test_of_a_new_client_and_their_request(self) -> None:
        story = a_story()
        client_id = await new_client(story, await story.receive(key_issued(), drafted(MARIE), launched(address=HOME)))

        assert await story.published() == [
            KeyNotice(directory.DataKeyIssued, ORGANISATION, client_id),
            directory.ClientResolved(
                organisation_id=ORGANISATION, request_id=REQUEST, client_id=client_id, known=False
            ),
            directory.ClientValidationRequested(
                organisation_id=ORGANISATION,
                request_id=REQUEST,
                client_id=client_id,
                missing=("validation", "address", "payment_method"),
                deadline=IN_72_H,
            ),
        ]

    async def test_of_a_doubt(self) -> None:
        story = a_story()
        await given_client(story)
        await story.receive(key_issued(), drafted({**MARIE, "phone": PAUL["phone"]}))

        assert await story.published() == [
            KeyNotice(directory.DataKeyIssued, ORGANISATION, ON_FILE),
            directory.ClientReviewOpened(
                organisation_id=ORGANISATION, request_id=REQUEST, reasons=("identifier_conflict",)
            ),
        ]

    async def test_of_a_gate_that_opens(self) -> None:
        story = a_story()
        await given_client(story)
        await story.receive(drafted(picked=ON_FILE), launched(confirmed=True))

        assert (await story.published())[1:] == [
            directory.ClientResolved(organisation_id=ORGANISATION, request_id=REQUEST, client_id=ON_FILE, known=True),
            directory.ClientValidated(
                organisation_id=ORGANISATION,
                request_id=REQUEST,
                client_id=ON_FILE,
                valid_until=START,
                validated_by="worker",
            ),
        ]

    async def test_of_a_gate_that_stays_shut(self) -> None:
        story = a_story()
        await given_client(story, address=AWAY)
        await story.receive(drafted(picked=ON_FILE), launched(confirmed=True))

        assert (await story.published())[2:] == [
            directory.ClientGateShut(
                organisation_id=ORGANISATION,
                request_id=REQUEST,
                client_id=ON_FILE,
                missing=("validation", "address_outside_zone"),
            )
        ]
