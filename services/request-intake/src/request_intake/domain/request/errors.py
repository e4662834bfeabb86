"""Every refusal of a request's rules."""

from doorstep_chassis.errors import Conflict, Invalid, NotFound


class RequestNotFound(NotFound):
    """There is no such request, or it is not for this person to see."""

    code = "request_not_found"


class SlotInPast(Invalid):
    """A slot lies in the future."""

    code = "slot_in_past"


class ContactFieldMissing(Invalid):
    """The organisation requires this field of a typed client."""

    code = "contact_field_missing"


class ContactUnreachable(Invalid):
    """A typed client has an e-mail or a phone, whatever else is required."""

    code = "contact_unreachable"


class AddressNeverShown(Invalid):
    """Who typed the client was shown no address: they can confirm the one they type, and no other."""

    code = "address_never_shown"


class DeadlinePassed(Conflict):
    """The request's time has run out, by the rule and instant named."""

    code = "deadline_passed"


class RequestEnded(Conflict):
    """The request is cancelled, declined or expired, for good."""

    code = "request_ended"


class ConfirmedAlready(Conflict):
    """A confirmed request is an operator's to cancel."""

    code = "request_confirmed"


class VisitStarted(Conflict):
    """The visit has started, so it can no longer be cancelled."""

    code = "visit_started"


class NotLaunched(Conflict):
    """Somebody answers a launch that this log does not hold: it is kept for redrive, not dropped."""

    code = "request_not_launched"
