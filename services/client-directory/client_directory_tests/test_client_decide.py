"""A client's file, the owners of an identifier, a foreign key, an organisation: their deciders, state by state."""

import pytest
from client_directory.domain.client.address import Address, read_address, same_address
from client_directory.domain.client.decide import (
    decide_add_payment_method,
    decide_confirm_known,
    decide_create,
    decide_set_address,
)
from client_directory.domain.client.errors import AddressIncomplete, ClientNotFound
from client_directory.domain.client.events import (
    AddressSet,
    ClientConfirmedKnown,
    ClientCreated,
    PaymentMethodAdded,
)
from client_directory.domain.client.payment import CardTerms
from client_directory.domain.client.state import CLIENT, NoFile, OnFile, PaymentMethod, SealedAddress
from client_directory.domain.contact_key.decide import decide_erase, decide_need, decide_seen
from client_directory.domain.contact_key.events import ContactKeyErased, ContactKeyNeeded, ContactKeySeen
from client_directory.domain.contact_key.state import CONTACT_KEY, ContactKey
from client_directory.domain.identifier.decide import decide_claim, decide_release
from client_directory.domain.identifier.errors import IdentifierTaken
from client_directory.domain.identifier.events import IdentifierClaimed, IdentifierReleased
from client_directory.domain.identifier.state import IDENTIFIER, Owners
from client_directory.domain.identity.errors import CardNumberRefused
from client_directory.domain.organisation.decide import decide_join
from client_directory.domain.organisation.events import OrganisationJoined
from client_directory.domain.organisation.state import ORGANISATION

from .world import ALSO_ON_FILE, HOME, METHOD, ON_FILE, REQUEST
from .world import ORGANISATION as ORGANISATION_ID

SEALED = "s1.00.AAAA"
HASH = "0" * 64
CREATED = ClientCreated(made_by="draft", details=SEALED, email=HASH, phone=None, postal_code="69003")
BY_OPERATOR = CREATED.model_copy(update={"made_by": "operator"})
TERMS = CardTerms(expiry_month="2027-12")
ADDED = PaymentMethodAdded(method_id=METHOD, terms=TERMS, details=SEALED)


class TestNoFile:
    def test_a_file_is_made(self) -> None:
        made = decide_create(NoFile(), made_by="draft", details=SEALED, email=HASH, phone=None, postal_code="69003")
        assert made == (CREATED,)

    def test_nothing_else_can_be_done(self) -> None:
        with pytest.raises(ClientNotFound):
            decide_set_address(NoFile(), SEALED, "69003", same=False)
        with pytest.raises(ClientNotFound):
            decide_add_payment_method(NoFile(), METHOD, TERMS, SEALED)
        with pytest.raises(ClientNotFound):
            decide_confirm_known(NoFile(), "client")

    def test_events_without_a_file_leave_none(self) -> None:
        assert CLIENT.fold([ADDED, ClientConfirmedKnown(by="client")]) == NoFile()


class TestOnFile:
    def test_it_is_not_made_again(self) -> None:
        state = CLIENT.fold([CREATED])
        assert decide_create(state, made_by="draft", details=SEALED, email=HASH, phone=None, postal_code=None) == ()

    def test_a_draft_makes_a_file_that_is_not_known(self) -> None:
        assert CLIENT.fold([CREATED]) == OnFile(
            known=False, details=SEALED, email=HASH, phone=None, postal_code="69003"
        )

    def test_an_operator_makes_a_file_that_is_known(self) -> None:
        state = CLIENT.fold([BY_OPERATOR])
        assert isinstance(state, OnFile)
        assert state.known
        assert decide_confirm_known(state, "client") == ()

    def test_who_validates_becomes_known(self) -> None:
        state = CLIENT.fold([CREATED])
        assert decide_confirm_known(state, "client") == (ClientConfirmedKnown(by="client"),)
        after = CLIENT.fold([CREATED, ClientConfirmedKnown(by="client")])
        assert decide_confirm_known(after, "client") == ()

    def test_an_address_and_the_same_again(self) -> None:
        state = CLIENT.fold([CREATED])
        moved = AddressSet(address=SEALED, postal_code="69002")
        assert decide_set_address(state, SEALED, "69002", same=False) == (moved,)
        after = CLIENT.fold([CREATED, moved])
        assert isinstance(after, OnFile)
        assert (after.address, after.postal_code) == (SealedAddress(SEALED, "69002"), "69002")
        assert decide_set_address(after, SEALED, "69002", same=True) == ()

    def test_a_payment_method_is_added_once(self) -> None:
        assert decide_add_payment_method(CLIENT.fold([CREATED]), METHOD, TERMS, SEALED) == (ADDED,)
        after = CLIENT.fold([CREATED, ADDED])
        assert isinstance(after, OnFile)
        assert after.payment_methods == (PaymentMethod(METHOD, TERMS, SEALED),)
        assert decide_add_payment_method(after, METHOD, TERMS, SEALED) == ()


class TestAnAddress:
    def test_is_the_same_without_case_accents_and_punctuation(self) -> None:
        home = Address(**HOME)
        for other in (
            {"line1": "12, RUE DE LA PAIX"},
            {"line1": "12 rue", "line2": "de la Paix"},
            {"locality": "LYÓN"},
            {"line2": " "},
        ):
            assert same_address(home, Address(**{**HOME, **other}))

    def test_differs_by_anything_else(self) -> None:
        home = Address(**HOME)
        for other in (
            {"line1": "14 rue de la Paix"},
            {"postal_code": "69002"},
            {"line2": "bât. B"},
            {"locality": "Bron"},
        ):
            assert not same_address(home, Address(**{**HOME, **other}))

    def test_is_trimmed_and_complete(self) -> None:
        assert Address(**{**HOME, "line1": " 12 rue de la Paix ", "line2": ""}).checked() == Address(**HOME)
        for field in ("line1", "locality"):
            with pytest.raises(AddressIncomplete) as refusal:
                Address(**{**HOME, field: "  "}).checked()
            assert refusal.value.field == f"address.{field}"

    def test_carries_no_card_number(self) -> None:
        with pytest.raises(CardNumberRefused):
            Address(**{**HOME, "line2": "4111 1111 1111 1111"}).checked()

    def test_that_is_none_is_none(self) -> None:
        assert read_address('{"line1": "12 rue"}') is None


class TestOwners:
    def test_nobody_yet(self) -> None:
        claimed = decide_claim(Owners(), ON_FILE, sharing=False, field="email")
        assert claimed == (IdentifierClaimed(client_id=ON_FILE, shared=False),)

    def test_one_owner_claims_again(self) -> None:
        assert decide_claim(Owners((ON_FILE,)), ON_FILE, sharing=False, field="email") == ()

    def test_another_may_not_claim(self) -> None:
        with pytest.raises(IdentifierTaken) as refusal:
            decide_claim(Owners((ON_FILE,)), ALSO_ON_FILE, sharing=False, field="email")
        assert refusal.value.field == "email"

    def test_another_shares_when_an_operator_says_so(self) -> None:
        shared = decide_claim(Owners((ON_FILE,)), ALSO_ON_FILE, sharing=True, field="email")
        assert shared == (IdentifierClaimed(client_id=ALSO_ON_FILE, shared=True),)
        first = IdentifierClaimed(client_id=ON_FILE, shared=False)
        assert IDENTIFIER.fold([first, *shared]) == Owners((ON_FILE, ALSO_ON_FILE))

    def test_what_is_released_is_free(self) -> None:
        released = decide_release(Owners((ON_FILE,)), ON_FILE)
        assert released == (IdentifierReleased(client_id=ON_FILE),)
        assert IDENTIFIER.fold([IdentifierClaimed(client_id=ON_FILE, shared=False), *released]) == Owners()
        assert decide_release(Owners(), ON_FILE) == ()


class TestAForeignKey:
    def test_unseen(self) -> None:
        needed = ContactKeyNeeded(organisation_id=ORGANISATION_ID, request_id=REQUEST)
        assert decide_seen(ContactKey()) == (ContactKeySeen(),)
        assert decide_need(ContactKey(), ORGANISATION_ID, REQUEST) == (needed,)
        assert decide_erase(ContactKey()) == (ContactKeyErased(),)
        assert CONTACT_KEY.fold([needed]) == ContactKey("unseen", ((ORGANISATION_ID, REQUEST),))

    def test_seen(self) -> None:
        seen = CONTACT_KEY.fold([ContactKeySeen()])
        needing = ContactKey("seen", ((ORGANISATION_ID, REQUEST),))
        assert decide_seen(seen) == ()
        assert decide_need(needing, ORGANISATION_ID, REQUEST) == ()
        assert decide_erase(seen) == (ContactKeyErased(),)

    def test_erased_for_ever(self) -> None:
        erased = CONTACT_KEY.fold([ContactKeySeen(), ContactKeyErased()])
        assert decide_seen(erased) == ()
        assert decide_need(erased, ORGANISATION_ID, REQUEST) == ()
        assert decide_erase(erased) == ()


class TestAnOrganisation:
    def test_is_noted_once(self) -> None:
        joined = OrganisationJoined(time_zone="Europe/Paris")
        assert decide_join(None, "Europe/Paris") == (joined,)
        assert decide_join(ORGANISATION.fold([joined]), "Europe/Paris") == ()
