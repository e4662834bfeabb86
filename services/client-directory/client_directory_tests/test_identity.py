"""DOMAIN.md rule 7, row by row: which spellings of an e-mail, a phone number and a name meet, and which never do."""

import pytest
from client_directory.domain.identity.contact import Contact, Identity, identity_of, read_contact
from client_directory.domain.identity.email import email_key
from client_directory.domain.identity.errors import (
    CardNumberRefused,
    EmailInvalid,
    IbanRefused,
    PhoneAmbiguous,
    PhoneInvalid,
    TextInvalid,
    TextTooLong,
)
from client_directory.domain.identity.free_text import checked_text, refuse_account_numbers
from client_directory.domain.identity.names import Name, compatible, same_first_name
from client_directory.domain.identity.phone import phone_key
from hypothesis import given
from hypothesis import strategies as st


class TestEmail:
    @pytest.mark.parametrize(
        ("typed", "key"),
        [
            ("marie@example.org", "marie@example.org"),
            ("  marie@example.org\t", "marie@example.org"),
            ("marie@example.org\u00a0", "marie@example.org"),
            ("Marie.DUPONT@Example.ORG", "marie.dupont@example.org"),
            ("marie.dupont@example.org", "marie.dupont@example.org"),
            ("mariedupont@example.org", "mariedupont@example.org"),  # dots are kept
            ("marie+home@example.org", "marie+home@example.org"),  # and tags
            ("e\u0301lise@example.org", "élise@example.org"),  # NFC
            ("Élise@example.org", "Élise@example.org"),  # no letter but an ASCII one is folded
            ("straße@example.org", "straße@example.org"),
            ("strasse@example.org", "strasse@example.org"),
            ("ſam@example.org", "ſam@example.org"),
            ("ﬁona@example.org", "ﬁona@example.org"),
            ("ısa@example.org", "ısa@example.org"),
            ("Isa@example.org", "isa@example.org"),
            ("a@münchen.example", "a@xn--mnchen-3ya.example"),
            ("a@MÜNCHEN.example", "a@xn--mnchen-3ya.example"),
            ("a@mu\u0308nchen.example", "a@xn--mnchen-3ya.example"),
            ("a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"),
            ("a@XN--MNCHEN-3YA.example", "a@xn--mnchen-3ya.example"),
            ("a@straße.example", "a@xn--strae-oqa.example"),  # IDNA 2008: not strasse
            ("a@例え.example", "a@xn--r8jz45g.example"),
            ("demo@doorstep.test", "demo@doorstep.test"),
        ],
    )
    def test_key(self, typed: str, key: str) -> None:
        assert email_key(typed) == key

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            " ",
            "marie",
            "@example.org",
            "marie@",
            "marie@localhost",
            "marie@@example.org",
            "marie@example..org",
            ".marie@example.org",
            "marie dupont@example.org",
            '"marie dupont"@example.org',
            "Marie <marie@example.org>",
            "mailto:marie@example.org",
            "marie@example.org, paul@example.org",
            "marie@[127.0.0.1]",
            "mar\u200bie@example.org",  # zero-width space
            "mar\u200die@example.org",  # zero-width joiner
            "mar\u00adie@example.org",  # soft hyphen
            "\ufeffmarie@example.org",  # byte order mark
            "marie\u202e@example.org",  # right-to-left override
            "marie\ufe0f@example.org",  # variation selector
            "mar\u034fie@example.org",  # grapheme joiner
            "mar\u3164ie@example.org",  # Hangul filler
            "mar\u2800ie@example.org",  # blank Braille
            "mar\x00ie@example.org",
            "mar\ud800ie@example.org",
            "a@ſite.example",  # IDNA would make an s of it
            "a@ﬁn.example",
            "a@İzmir.example",
            "a@exa_mple.org",
            "a@xn--zz.example",
        ],
    )
    def test_refused(self, typed: str) -> None:
        with pytest.raises(EmailInvalid) as refusal:
            email_key(typed)
        assert str(refusal.value) == "Email invalid"

    @given(st.emails())
    def test_a_key_is_its_own_key(self, typed: str) -> None:
        try:
            key = email_key(typed)
        except EmailInvalid:  # the strategy makes domains that are reserved, or no IDNA
            return
        assert email_key(key) == key
        assert email_key(f" {typed} ") == key


class TestPhone:
    @pytest.mark.parametrize(
        ("typed", "postal_code", "key"),
        [
            ("0612345678", "75001", "+33612345678"),
            ("06 12 34 56 78", "75001", "+33612345678"),
            ("06.12.34.56.78", "75001", "+33612345678"),
            ("06-12-34-56-78", "75001", "+33612345678"),
            ("06/12/34/56/78", "75001", "+33612345678"),
            ("06\u202f12\u00a034\u200956\u300078", "75001", "+33612345678"),
            ("06\u201112\u201334\u221256\u201078", "75001", "+33612345678"),
            ("(06) 12 34 56 78", "75001", "+33612345678"),
            ("\u202a06 12 34 56 78\u202c", "75001", "+33612345678"),
            ("\u200e0612345678\u200f", "75001", "+33612345678"),
            ("٠٦١٢٣٤٥٦٧٨", "75001", "+33612345678"),
            ("०६१२३४५६७८", "75001", "+33612345678"),
            ("０６１２３４５６７８", "75001", "+33612345678"),
            ("+33612345678", None, "+33612345678"),
            ("+33 6 12 34 56 78", "98000", "+33612345678"),
            ("+33 (0)6 12 34 56 78", "75001", "+33612345678"),
            ("+33(0)612345678", "97400", "+33612345678"),
            ("(+33) 6 12 34 56 78", "75001", "+33612345678"),
            ("＋33612345678", "75001", "+33612345678"),
            ("0033 6 12 34 56 78", "75001", "+33612345678"),
            ("01 42 68 53 00", "97400", "+33142685300"),
            ("0692 12 34 56", "97400", "+262692123456"),
            ("0692 12 34 56", "75001", "+262692123456"),  # Réunion, in Paris too
            ("+262 692 12 34 56", "75001", "+262692123456"),
            ("+262 (0)692 12 34 56", "75001", "+262692123456"),
            ("0262 12 34 56", "97400", "+262262123456"),
            ("0269 60 12 34", "97600", "+262269601234"),
            ("0639 12 34 56", "97600", "+262639123456"),
            ("0690 12 34 56", "97110", "+590690123456"),
            ("0590 12 34 56", "97110", "+590590123456"),
            ("0694 12 34 56", "97300", "+594694123456"),
            ("0696 12 34 56", "97200", "+596696123456"),
            ("0596 71 23 45", "97200", "+596596712345"),
            ("06 39 98 12 34", "75001", "+33639981234"),  # kept for fiction in metropolitan France
            ("+33 6 39 98 12 34", None, "+33639981234"),
            ("93 30 12 34", "98000", "+37793301234"),
            ("+377 93 30 12 34", "75001", "+37793301234"),
            ("41 12 34", "98800", "+687411234"),
            ("75 12 34", "98800", "+687751234"),
            ("87 21 23 45", "98714", "+68987212345"),
            ("72 12 34", "98600", "+681721234"),
            ("41 12 34", "97500", "+508411234"),
            ("0612345678", "98800", "+33612345678"),  # the shared plan is read everywhere
            ("+49 30 901820", "75001", "+4930901820"),
            ("+1 202 555 0143", "75001", "+12025550143"),
            ("+39 06 698 12345", "75001", "+390669812345"),
        ],
    )
    def test_key(self, typed: str, postal_code: str | None, key: str) -> None:
        assert phone_key(typed, postal_code) == key

    @pytest.mark.parametrize(
        ("typed", "postal_code"),
        [
            ("06 12 34 56 78", "98000"),  # +33 6… and +377 6…
            ("0692 12 34 56", "98000"),
            ("0800 123 456", "75001"),  # the same digits in several countries of the shared plan
        ],
    )
    def test_more_than_one_valid_reading_is_a_doubt(self, typed: str, postal_code: str) -> None:
        with pytest.raises(PhoneAmbiguous):
            phone_key(typed, postal_code)

    @pytest.mark.parametrize(
        ("typed", "postal_code"),
        [
            ("", "75001"),
            ("+", "75001"),
            ("06 12 34 56", "75001"),
            ("06 12 34 56 78 9", "75001"),
            ("612345678", "75001"),
            ("33612345678", "75001"),
            ("0000000000", "75001"),
            ("93 30 12 34", "75001"),  # Monaco's plan is read in Monaco
            ("41 12 34", "75001"),
            ("06 12 34 56 78 06 98 76 54 32", "75001"),
            ("06 12 34 56 78 / 06 98 76 54 32", "75001"),
            ("06 12 34 56 78 ou 06 98 76 54 32", "75001"),
            ("06 12 34 56 78, 06 98 76 54 32", "75001"),
            ("+33612345678 +33698765432", "75001"),
            ("41 12 34 / 41 12 35", "98800"),
            ("06 12 34 56 78 poste 12", "75001"),
            ("06 12 34 56 78 x12", "75001"),
            ("+33612345678;ext=12", "75001"),
            ("+33612345678,12", "75001"),
            ("+33612345678#12", "75001"),
            ("tel:+33612345678", "75001"),
            ("zero six", "75001"),
            ("06 12 34 56 7²", "75001"),
            ("06+12345678", "75001"),
            ("++33612345678", "75001"),
            ("+33 692 12 34 56", "75001"),  # a Réunion number has another country code
            ("+999 12 34 56 78", "75001"),
            ("06 12 34 56 78\n06 98 76 54 32", "75001"),
        ],
    )
    def test_refused(self, typed: str, postal_code: str) -> None:
        with pytest.raises(PhoneInvalid):
            phone_key(typed, postal_code)

    @given(
        st.integers(0, 99_999_999).map(lambda number: f"06{number:08}"),
        st.lists(st.sampled_from([" ", ".", "-", "\u00a0", "\u200e", "/", ""]), min_size=10, max_size=10),
    )
    def test_separators_never_change_the_key(self, digits: str, separators: list[str]) -> None:
        spaced = "".join(digit + separator for digit, separator in zip(digits, separators, strict=True))
        assert _outcome(spaced) == _outcome(digits)


def _outcome(typed: str) -> str:
    try:
        return phone_key(typed, "75001")
    except (PhoneInvalid, PhoneAmbiguous) as refusal:
        return refusal.code


class TestNames:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (("Marie", "Dupont"), ("marie", "DUPONT")),
            (("Marie", "Dupont"), ("Dupont", "Marie")),
            (("Élise", "Noël"), ("Elise", "Noel")),
            (("E\u0301lise", "Noël"), ("Élise", "Noe\u0308l")),
            (("Jean-Pierre", "Martin"), ("Jean Pierre", "Martin")),
            (("Jean-Pierre", "Martin"), ("Jean\u2011Pierre", "MARTIN")),
            (("Jean-Pierre", "Martin"), ("jeanpierre", "martin")),
            (("Anne", "d'Ormesson"), ("Anne", "D’Ormesson")),
            (("Anne", "d'Ormesson"), ("Anne", "dormesson")),
            (("Cœur", "Læticia"), ("Coeur", "Laeticia")),
            (("Zoé", "L'Œuvre"), ("ZOE", "l oeuvre")),
            (("Jürgen", "Groß"), ("JURGEN", "GROSS")),
            (("Søren", "Łukasz"), ("soren", "lukasz")),
            ((" Marie  Anne ", "Dupont"), ("Marie Anne", "Dupont ")),
            (("Marie", "Dupont Durand"), ("Marie Dupont", "Durand")),
            (("राम", "कुमार"), ("कुमार", "राम")),
        ],
    )
    def test_compatible(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        assert compatible(Name(*one), Name(*other))
        assert compatible(Name(*other), Name(*one))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (("Marie", "Dupont"), ("Paul", "Dupont")),
            (("Marie", "Dupont"), ("Marie", "Durand")),
            (("Marie", "Dupont"), ("Marie", "")),
            (("Marie", "Dupont"), ("Mari", "Dupont")),
            (("Marie", "Dupont"), ("M.", "Dupont")),
            (("", ""), ("", "")),
            (("-", "'"), ("", "")),
            (("राम", "कुमार"), ("रामा", "कुमार")),  # a vowel sign is a letter, not an accent
        ],
    )
    def test_not_compatible(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        assert not compatible(Name(*one), Name(*other))
        assert not compatible(Name(*other), Name(*one))

    def test_the_same_first_name(self) -> None:
        assert same_first_name(Name("Hélène", "Dupont"), Name("helene", "Durand"))
        assert not same_first_name(Name("Hélène", "Dupont"), Name("Anne", "Dupont"))
        assert not same_first_name(Name("", "Dupont"), Name("", "Durand"))


class TestFreeText:
    @pytest.mark.parametrize(
        "text",
        [
            "Digicode 1234, 3e étage",
            "06 12 34 56 78",
            "06 12 34 56 78 ou 06 98 76 54 32",
            "4111 1111 1111 1112",  # wrong check digit
            "RN12 lieu dit la plaine aux chênes",
            "FR76 3000 6000 0112 3456 7890 188",  # wrong check digits
        ],
    )
    def test_taken(self, text: str) -> None:
        assert checked_text(text, field="reason", longest=100) == text

    @pytest.mark.parametrize(
        ("text", "refusal"),
        [
            ("a\x00b", TextInvalid),
            ("a\nb", TextInvalid),
            ("a\x7fb", TextInvalid),
            ("a\ud800b", TextInvalid),
            ("a" * 101, TextTooLong),
            ("4111111111111111", CardNumberRefused),
            ("carte 4111 1111 1111 1111 merci", CardNumberRefused),
            ("0612345678 4111-1111-1111-1111", CardNumberRefused),
            ("４１１１ １１１１ １１１１ １１１１", CardNumberRefused),
            ("3782 822463 10005", CardNumberRefused),
            ("FR7630006000011234567890189", IbanRefused),
            ("IBAN : FR76 3000 6000 0112 3456 7890 189 (Crédit)", IbanRefused),
            ("fr14 2004 1010 0505 0001 3m02 606", IbanRefused),
            ("DE89370400440532013000", IbanRefused),
            ("MC58 1122 2000 0101 2345 6789 030", IbanRefused),
        ],
    )
    def test_refused_without_repeating_it(self, text: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal) as refused:
            checked_text(text, field="reason", longest=100)
        assert text not in str(refused.value)

    def test_a_token_is_no_card_number(self) -> None:
        refuse_account_numbers("tok_1Nq4xKLkdIwHu7ix", field="token")


class TestIdentity:
    def test_what_cannot_be_read_is_a_doubt(self) -> None:
        contact = Contact(first_name="Marie", last_name="Dupont", email="marie", phone="06 12 34 56 78")

        assert identity_of(contact, "98000") == Identity(
            Name("Marie", "Dupont"), None, None, ("email_invalid", "phone_ambiguous")
        )

    def test_absent_and_empty_fields_are_no_doubt(self) -> None:
        contact = Contact(first_name="Marie", last_name="Dupont", email=" ", phone="+33612345678")

        assert identity_of(contact, "75001") == Identity(Name("Marie", "Dupont"), None, "+33612345678")

    def test_neither_email_nor_phone_is_a_doubt(self) -> None:
        assert identity_of(Contact(first_name="Marie"), "75001") == Identity(
            Name("Marie", ""), None, None, ("contact_missing",)
        )

    def test_what_is_no_contact_is_none(self) -> None:
        assert read_contact('{"email": 1}') is None
        assert read_contact("[]") is None
        assert read_contact('{"email": "a@b.fr", "more": 1}') == Contact(email="a@b.fr")
