"""Who a worker or operator says somebody is, as typed, and the keys by which that can be compared."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from client_directory.domain.identity.email import email_key
from client_directory.domain.identity.errors import EmailInvalid, PhoneAmbiguous, PhoneInvalid
from client_directory.domain.identity.names import Name
from client_directory.domain.identity.phone import phone_key


class Contact(BaseModel):
    """Name, e-mail and phone in their original spelling; what was not given is absent or empty."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def name(self) -> Name:
        """First and last name."""
        return Name(self.first_name or "", self.last_name or "")


@dataclass(frozen=True, slots=True)
class Identity:
    """A contact made comparable; `doubts` names what could not be read for certain."""

    name: Name
    email: str | None
    phone: str | None
    doubts: tuple[str, ...] = ()


def read_contact(text: str) -> Contact | None:
    """The contact in JSON, or None when it is no contact."""
    try:
        return Contact.model_validate_json(text)
    except ValidationError:
        return None


def identity_of(contact: Contact, postal_code: str | None) -> Identity:
    """The keys of a contact; what is refused or ambiguous becomes a doubt, for an operator to settle."""
    email, phone, doubts = None, None, []
    if (contact.email or "").strip():
        try:
            email = email_key(contact.email or "")
        except EmailInvalid as refusal:
            doubts.append(refusal.code)
    if (contact.phone or "").strip():
        try:
            phone = phone_key(contact.phone or "", postal_code)
        except (PhoneInvalid, PhoneAmbiguous) as refusal:
            doubts.append(refusal.code)
    if email is None and phone is None and not doubts:
        doubts.append("contact_missing")
    return Identity(contact.name, email, phone, tuple(doubts))
