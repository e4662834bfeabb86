"""Refusals of an answer to the client gate."""

from doorstep_chassis.errors import Conflict, Invalid, NotFound


class ValidationNotFound(NotFound):
    """Nothing is asked about this request, or not of this person."""

    code = "validation_not_found"


class RequestConfirmed(Conflict):
    """The request is confirmed: it can be cancelled, no longer declined."""

    code = "request_confirmed"


class RequestDeclined(Conflict):
    """The client has declined the request."""

    code = "request_declined"


class AnswerTooLate(Conflict):
    """The instant up to which the client could answer has passed."""

    code = "answer_too_late"


class AddressMissing(Invalid):
    """No address of the client lies in the zone of the request: one is needed to validate it."""

    code = "address_missing"


class PaymentMethodMissing(Invalid):
    """The offer requires a payment method, and none of the client's is valid."""

    code = "payment_method_missing"
