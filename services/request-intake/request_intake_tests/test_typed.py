"""What a person may type about a client: free text, contacts, addresses; and that nothing of it comes back in an error."""

import json
from uuid import UUID

import pytest
from doorstep_chassis.errors import DomainError
from doorstep_chassis.privacy import KeyRing, SealBroken, open_sealed, subject_of
from request_intake.contact import (
    ADDRESS_CONTEXT,
    CONTACT_CONTEXT,
    AddressIncomplete,
    EmailInvalid,
    PhoneInvalid,
    TypedAddress,
    TypedContact,
)
from request_intake.texts import (
    TextHoldsCardNumber,
    TextHoldsControlCharacter,
    TextHoldsIban,
    TextTooLong,
    free_text,
)

KEYS = KeyRing(bytes(32), "test")
REQUEST = UUID(int=7)


def refused(text: str, field: str = "note") -> type[DomainError]:
    with pytest.raises(DomainError) as caught:
        free_text(text, field, 100)
    assert caught.value.field == field
    assert text.strip() not in repr((str(caught.value), caught.value.detail, dict(caught.value.details)))
    return type(caught.value)


class TestFreeText:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("  Zoé  ", "Zoé"),
            ("Jean-François d'Ormesson", "Jean-François d'Ormesson"),
            ("Nguyễn Văn Ánh", "Nguyễn Văn Ánh"),
            ("李小龍", "李小龍"),
            ("12 bis, avenue du 11 novembre 1918", "12 bis, avenue du 11 novembre 1918"),
            ("Bât. FR12 escalier B, 3e étage", "Bât. FR12 escalier B, 3e étage"),
            ("4111 1111 1111 1112", "4111 1111 1111 1112"),  # no card: its check digit is wrong
            ("FR77 3000 6000 0112 3456 7890 189", "FR77 3000 6000 0112 3456 7890 189"),  # no IBAN, likewise
            ("", ""),
        ],
    )
    def test_what_is_kept_as_typed(self, typed: str, kept: str) -> None:
        assert free_text(typed, "note", 100) == kept

    @pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"])
    def test_control_characters_and_lone_surrogates(self, character: str) -> None:
        assert refused(f"Zo{character}é") is TextHoldsControlCharacter

    def test_length(self) -> None:
        assert free_text("x" * 100, "note", 100) == "x" * 100
        assert refused("x" * 101) is TextTooLong

    @pytest.mark.parametrize(
        "text",
        [
            "4111111111111111",
            "carte 4111 1111 1111 1111 svp",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "4111 1111\u00a01111 1111",
            "4１11 1111 1111 1111",
            "٤١١١ ١١١١ ١١١١ ١١١١",
            "378282246310005",
            "5555555555554444 12/28 123",
            "69003 4111111111111111",
        ],
    )
    def test_a_card_number_is_refused_without_repeating_it(self, text: str) -> None:
        assert refused(text) is TextHoldsCardNumber

    @pytest.mark.parametrize(
        "text",
        [
            "FR7630006000011234567890189",
            "fr76 3000 6000 0112 3456 7890 189",
            "IBAN : FR76-3000-6000-0112-3456-7890-189, merci",
            "DE89 3704 0044 0532 0130 00",
            "MC58 1122 2000 0101 2345 6789 030",
        ],
    )
    def test_an_iban_is_refused_without_repeating_it(self, text: str) -> None:
        assert refused(text) is TextHoldsIban


def contact(**typed: str | None) -> TypedContact:
    fields = {"first_name": "Zoé", "last_name": "Martin", "email": "zoe@example.fr", "phone": "06 12 34 56 78"}
    return TypedContact.model_validate({**fields, **typed})


class TestContact:
    def test_it_is_kept_as_typed_without_surrounding_blanks(self) -> None:
        typed = contact(first_name=" Zoé ", email=" Zoe.M+tag@Example.FR ", phone=" +33 (0)6 12 34 56 78 ")
        assert typed.checked("69003") == TypedContact(
            first_name="Zoé", last_name="Martin", email="Zoe.M+tag@Example.FR", phone="+33 (0)6 12 34 56 78"
        )

    def test_what_is_blank_is_not_given(self) -> None:
        checked = contact(last_name=" \u00a0 ", email="", phone=None).checked("69003")
        assert checked == TypedContact(first_name="Zoé", last_name=None, email=None, phone=None)
        assert checked.fields == {"first_name"}

    @pytest.mark.parametrize(
        "email",
        ["zoe", "zoe@", "@example.fr", "zoe@example", "zoe example@example.fr", "zoe@exa\u200bmple.fr",
         "Zoé <zoe@example.fr>", "zoe@example.fr, leo@example.fr", "zoe@[192.0.2.1]", '"zoe m"@example.fr',
         "zoe@example..fr"],
    )  # fmt: skip
    def test_an_e_mail_that_is_none(self, email: str) -> None:
        with pytest.raises(EmailInvalid) as caught:
            contact(email=email).checked("69003")
        assert (str(caught.value), caught.value.field, caught.value.__cause__) == ("Email invalid", "email", None)

    @pytest.mark.parametrize("email", ["zoé@example.fr", "zoe@éxample.fr", "straße@example.fr", "a@demo.test"])
    def test_letters_of_every_kind(self, email: str) -> None:
        assert contact(email=email).checked("69003").email == email

    @pytest.mark.parametrize(
        ("phone", "postal_code"),
        [
            ("0612345678", "69003"),
            ("06.12.34.56.78", "69003"),
            ("06/12/34/56/78", "69003"),
            ("06\u202f12\u00a034\u200956 78", "69003"),
            ("06‑12–34-56-78", "69003"),
            ("\u200e06 12 34 56 78", "69003"),
            ("٠٦ ١٢ ٣٤ ٥٦ ٧٨", "69003"),
            ("＋３３ ６ １２ ３４ ５６ ７８", "69003"),
            ("+33 (0)6 12 34 56 78", "97400"),
            ("0033 6 12 34 56 78", "69003"),
            ("0692 12 34 56", "75011"),  # a number of Réunion, in Paris too
            ("06 12 34 56 78", "98000"),  # a ten-digit number is French in Monaco too
            ("93 10 12 34", "98000"),
            ("75 12 34", "98800"),
            ("+44 20 7946 0958", "69003"),
        ],
    )
    def test_a_phone_number_in_many_spellings(self, phone: str, postal_code: str) -> None:
        assert contact(phone=phone).checked(postal_code).phone == phone

    @pytest.mark.parametrize(
        ("phone", "postal_code"),
        [
            ("06 12 34 56", "69003"),
            ("93 10 12 34", "69003"),  # a number of Monaco, but not there
            ("06 12 34 56 78 / 07 12 34 56 78", "69003"),
            ("06 12 34 56 78 poste 12", "69003"),
            ("06 12 34 56 78 x12", "69003"),
            ("le soir", "69003"),
            ("+", "69003"),
            ("06+12345678", "69003"),
            ("0012345678", "69003"),
            ("+999 12345678", "69003"),
        ],
    )
    def test_what_is_not_one_number(self, phone: str, postal_code: str) -> None:
        with pytest.raises(PhoneInvalid) as caught:
            contact(phone=phone).checked(postal_code)
        assert (str(caught.value), caught.value.field, caught.value.__cause__) == ("Phone invalid", "phone", None)

    @pytest.mark.parametrize("field", ["first_name", "last_name", "email", "phone"])
    def test_no_field_takes_a_card_number(self, field: str) -> None:
        with pytest.raises(TextHoldsCardNumber):
            contact(**{field: "4111 1111 1111 1111"}).checked("69003")

    def test_its_text_form_shows_nothing(self) -> None:
        assert repr(contact()) == "TypedContact()"


class TestAddress:
    ADDRESS = TypedAddress(line1=" 12 rue des Lilas ", line2=" ", postal_code="69003", locality="Lyon ")

    def test_it_is_kept_as_typed_without_surrounding_blanks(self) -> None:
        assert self.ADDRESS.checked() == TypedAddress(
            line1="12 rue des Lilas", line2=None, postal_code="69003", locality="Lyon"
        )

    @pytest.mark.parametrize("field", ["line1", "locality"])
    def test_it_has_a_line_and_a_locality(self, field: str) -> None:
        with pytest.raises(AddressIncomplete) as caught:
            self.ADDRESS.model_copy(update={field: "  "}).checked()
        assert caught.value.field == f"address.{field}"

    def test_its_text_form_shows_nothing(self) -> None:
        assert repr(self.ADDRESS) == "TypedAddress()"


class TestSeals:
    def test_a_contact_opens_as_json_under_its_request_s_key_and_nowhere_else(self) -> None:
        key = KEYS.issue()
        token = contact(phone=None).sealed(key, REQUEST)
        assert subject_of(token) == REQUEST
        assert json.loads(open_sealed(key, token, context=CONTACT_CONTEXT)) == {
            "first_name": "Zoé",
            "last_name": "Martin",
            "email": "zoe@example.fr",
            "phone": None,
        }
        with pytest.raises(SealBroken):
            open_sealed(key, token, context=ADDRESS_CONTEXT)

    def test_an_address_opens_as_json_in_its_own_place(self) -> None:
        key = KEYS.issue()
        token = TestAddress.ADDRESS.checked().sealed(key, REQUEST)
        assert json.loads(open_sealed(key, token, context=ADDRESS_CONTEXT)) == {
            "line1": "12 rue des Lilas",
            "line2": None,
            "postal_code": "69003",
            "locality": "Lyon",
        }
