"""What a worker types about a client: a contact and an address, checked here and sealed before anything else sees them."""

import unicodedata
from collections.abc import Callable
from uuid import UUID

import phonenumbers
from doorstep_chassis.errors import Invalid
from doorstep_chassis.privacy import DataKey, seal
from doorstep_contracts.intake import ContactField
from email_validator import EmailNotValidError, validate_email
from pydantic import BaseModel, ConfigDict

from request_intake.domain.organisation.state import CONTACT_FIELDS
from request_intake.texts import free_text

CONTACT_CONTEXT = "intake.contact"
ADDRESS_CONTEXT = "intake.address"


class EmailInvalid(Invalid):
    """An e-mail address has the form of one."""

    code = "email_invalid"


class PhoneInvalid(Invalid):
    """A phone number is one number of a plan that exists."""

    code = "phone_invalid"


class AddressIncomplete(Invalid):
    """An address has a first line and a locality."""

    code = "address_incomplete"


class _Typed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def __repr_args__(self) -> tuple[()]:
        """Nothing: a text form of it may end up in a log."""
        return ()


class TypedContact(_Typed):
    """A client as typed; what is left empty is None once it is checked."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None

    def checked(self, postal_code: str) -> "TypedContact":
        """The contact without surrounding blanks, for a place of this postal code.

        Errors: those of free_text; EmailInvalid, PhoneInvalid.
        """
        return TypedContact(
            first_name=_given(self.first_name, lambda text: free_text(text, "first_name", 100)),
            last_name=_given(self.last_name, lambda text: free_text(text, "last_name", 100)),
            email=_given(self.email, _email),
            phone=_given(self.phone, lambda text: _phone(text, postal_code)),
        )

    @property
    def fields(self) -> frozenset[ContactField]:
        """The fields that are given."""
        return frozenset(name for name in CONTACT_FIELDS if getattr(self, name) is not None)

    def sealed(self, key: DataKey, request_id: UUID) -> str:
        """The contact as one sealed JSON object, under the request's key."""
        return seal(key, request_id, self.model_dump_json(), context=CONTACT_CONTEXT)


class TypedAddress(_Typed):
    """An address as typed; whether its postal code exists is the catalogue's to say."""

    line1: str
    line2: str | None = None
    postal_code: str
    locality: str

    def checked(self) -> "TypedAddress":
        """The address without surrounding blanks.

        Errors: those of free_text; AddressIncomplete.
        """
        checked = TypedAddress(
            line1=free_text(self.line1, "address.line1", 120),
            line2=_given(self.line2, lambda text: free_text(text, "address.line2", 120)),
            postal_code=self.postal_code,
            locality=free_text(self.locality, "address.locality", 100),
        )
        if not checked.line1 or not checked.locality:
            raise AddressIncomplete(field="address.locality" if checked.line1 else "address.line1")
        return checked

    def sealed(self, key: DataKey, request_id: UUID) -> str:
        """The address as one sealed JSON object, under the request's key."""
        return seal(key, request_id, self.model_dump_json(), context=ADDRESS_CONTEXT)


def _given(value: str | None, check: Callable[[str], str]) -> str | None:
    return check(value) if value is not None and value.strip() else None


def _email(value: str) -> str:
    text = free_text(value, "email", 254)
    try:
        # Whether the domain exists is for the mail to find out: demo people live under .test.
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise EmailInvalid(field="email") from None  # its text quotes the address
    return text


# The plans that share the ten-digit national form, whatever the postal code; the others are read where they are used.
_SHARED_PLAN = ("FR", "RE", "YT", "GP", "MQ", "GF")
_OWN_PLANS = {"98000": "MC", "975": "PM", "986": "WF", "987": "PF", "988": "NC"}
_PHONE_SEPARATORS = frozenset({"Zs", "Cf", "Pd"})


def _phone(value: str, postal_code: str) -> str:
    """The number as typed, if it can be read as one number of one plan at least."""
    text = free_text(value, "phone", 40)
    dialled = _dialled(text)
    if dialled is None or not any(_is_number(dialled, region) for region in _regions(dialled, postal_code)):
        raise PhoneInvalid(field="phone")
    return text


def _dialled(text: str) -> str | None:
    """What one would dial: a plus sign at most and digits; None where there is anything else, such as words."""
    dialled = ""
    for character in unicodedata.normalize("NFKC", text):
        if character.isdecimal():
            dialled += str(unicodedata.decimal(character))
        elif character == "+" and not dialled:
            dialled = "+"
        elif character not in "./()" and unicodedata.category(character) not in _PHONE_SEPARATORS:
            return None
    return dialled


def _regions(dialled: str, postal_code: str) -> tuple[str, ...]:
    if dialled.startswith(("+", "00")) or (len(dialled) == 10 and dialled.startswith("0")):
        return _SHARED_PLAN
    return tuple(region for prefix, region in _OWN_PLANS.items() if postal_code.startswith(prefix))


def _is_number(dialled: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(dialled, region))
    except phonenumbers.NumberParseException:
        return False
