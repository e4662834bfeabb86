"""Where somebody lives, and when two spellings are one address."""

from doorstep_contracts.base import PostalCode
from pydantic import BaseModel, ConfigDict, ValidationError

from client_directory.domain.client.errors import AddressIncomplete
from client_directory.domain.identity.free_text import checked_text
from client_directory.domain.identity.names import words

_LONGEST = 200


class Address(BaseModel):
    """A French postal address as typed."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    line1: str
    line2: str | None = None
    postal_code: PostalCode
    locality: str

    def checked(self) -> "Address":
        """The address trimmed. Errors: AddressIncomplete, those of rule 24."""
        checked = Address(
            line1=checked_text(self.line1, field="address.line1", longest=_LONGEST),
            line2=checked_text(self.line2 or "", field="address.line2", longest=_LONGEST) or None,
            postal_code=self.postal_code,
            locality=checked_text(self.locality, field="address.locality", longest=_LONGEST),
        )
        if not checked.line1 or not checked.locality:
            raise AddressIncomplete(field="address.locality" if checked.line1 else "address.line1")
        return checked


def read_address(text: str) -> Address | None:
    """The address in JSON, or None when it is no address."""
    try:
        return Address.model_validate_json(text)
    except ValidationError:
        return None


def same_address(one: Address, other: Address) -> bool:
    """Equal without case, accents and punctuation; abbreviations are not guessed."""
    return _folded(one) == _folded(other)


def _folded(address: Address) -> tuple[object, ...]:
    return (
        address.postal_code,
        words(address.line1) + words(address.line2 or ""),
        words(address.locality),
    )
