"""The bodies that the routes take, and what they mean to the use cases."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from doorstep_chassis.http import Body
from pydantic import Field, StringConstraints

from client_directory.domain.client.address import Address
from client_directory.domain.client.payment import CardTerms, SepaTerms
from client_directory.domain.identity.contact import Contact, Identity
from client_directory.domain.identity.email import email_key
from client_directory.domain.identity.errors import ContactMissing
from client_directory.domain.identity.free_text import checked_text
from client_directory.domain.identity.phone import phone_key
from client_directory.files import PaymentDetails, PaymentMethodGiven

_LONGEST_NAME = 100
_LONGEST_TOKEN = 200
_LONGEST_REASON = 1_000


class AddressBody(Body):
    """A postal address."""

    line1: str
    line2: str | None = None
    postal_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
    locality: str

    def address(self) -> Address:
        """The address as a use case takes it."""
        return Address(**self.model_dump())


class CardBody(Body):
    """A card as the payment provider names it: its token, its last four digits, its month; never its number."""

    kind: Literal["card"]
    token: str
    last4: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
    expiry_month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]

    def given(self, method_id: UUID) -> PaymentMethodGiven:
        """The card as a use case takes it. Errors: those of rule 24."""
        token = checked_text(self.token, field="payment_method.token", longest=_LONGEST_TOKEN)
        return PaymentMethodGiven(
            method_id, CardTerms(expiry_month=self.expiry_month), PaymentDetails(token=token, last4=self.last4)
        )


class SepaBody(Body):
    """A SEPA mandate by its reference; never an IBAN."""

    kind: Literal["sepa"]
    reference: str
    signed_on: date
    last_collection_due: date | None = None
    one_off: bool = False

    def given(self, method_id: UUID) -> PaymentMethodGiven:
        """The mandate as a use case takes it. Errors: those of rule 24."""
        reference = checked_text(self.reference, field="payment_method.reference", longest=_LONGEST_TOKEN)
        terms = SepaTerms(signed_on=self.signed_on, last_collection_due=self.last_collection_due, one_off=self.one_off)
        return PaymentMethodGiven(method_id, terms, PaymentDetails(reference=reference))


PaymentMethodBody = Annotated[CardBody | SepaBody, Field(discriminator="kind")]


class ClientBody(Body):
    """A client as an operator puts them on file."""

    first_name: Annotated[str, StringConstraints(min_length=1)]
    last_name: Annotated[str, StringConstraints(min_length=1)]
    email: str | None = None
    phone: str | None = None
    address: AddressBody | None = None
    payment_method: PaymentMethodBody | None = None
    share_identifiers: bool = False
    """The e-mail or phone may belong to another client too: a couple, a parent and a child."""

    def contact(self) -> Contact:
        """The contact as typed. Errors: those of rule 24."""
        return Contact(
            first_name=checked_text(self.first_name, field="first_name", longest=_LONGEST_NAME) or None,
            last_name=checked_text(self.last_name, field="last_name", longest=_LONGEST_NAME) or None,
            email=(self.email or "").strip() or None,
            phone=(self.phone or "").strip() or None,
        )

    def identity(self, contact: Contact) -> Identity:
        """The keys of the contact. Errors: EmailInvalid, PhoneInvalid, PhoneAmbiguous, ContactMissing."""
        if contact.email is None and contact.phone is None:
            raise ContactMissing
        postal_code = None if self.address is None else self.address.postal_code
        return Identity(
            contact.name,
            None if contact.email is None else email_key(contact.email),
            None if contact.phone is None else phone_key(contact.phone, postal_code),
        )


class LinkBody(Body):
    """The request is this client's."""

    link: UUID


class NewBody(Body):
    """The request is somebody new's."""

    new: Literal[True]


class ValidationBody(Body):
    """What a client, or an operator for them, answers."""

    action: Literal["validate", "decline"]
    address: AddressBody | None = None
    payment_method: PaymentMethodBody | None = None
    reason: str | None = None

    def checked_reason(self) -> str | None:
        """Why they decline, in their words. Errors: those of rule 24."""
        return checked_text(self.reason or "", field="reason", longest=_LONGEST_REASON) or None
