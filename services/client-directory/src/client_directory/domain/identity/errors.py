"""Why details about a person are refused; what was typed is never repeated."""

from doorstep_chassis.errors import Invalid


class EmailInvalid(Invalid):
    """This is no e-mail address, or it hides characters that cannot be seen."""

    code = "email_invalid"


class PhoneInvalid(Invalid):
    """This is not one phone number that can be dialled."""

    code = "phone_invalid"


class PhoneAmbiguous(Invalid):
    """The national form can be read as the number of more than one plan: type the international form."""

    code = "phone_ambiguous"


class ContactMissing(Invalid):
    """A client can be reached by e-mail or by phone: at least one of them is needed."""

    code = "contact_missing"


class TextInvalid(Invalid):
    """The text holds control characters or lone surrogates."""

    code = "text_invalid"


class TextTooLong(Invalid):
    """The text is longer than it may be."""

    code = "text_too_long"


class CardNumberRefused(Invalid):
    """A full card number is never taken; give the token of the payment provider."""

    code = "card_number_refused"


class IbanRefused(Invalid):
    """A full IBAN is never taken; give the reference of the mandate."""

    code = "iban_refused"
