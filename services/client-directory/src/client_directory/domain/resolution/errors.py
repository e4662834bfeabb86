"""Refusals about reviews."""

from doorstep_chassis.errors import Conflict, NotFound


class ReviewNotFound(NotFound):
    """No doubt about this request's client waits for an operator."""

    code = "review_not_found"


class ReviewDecided(Conflict):
    """Somebody has already said otherwise who the client is."""

    code = "review_decided"


class RequestEnded(Conflict):
    """The request has ended: nothing about it can be changed."""

    code = "request_ended"


class ContactNotTyped(Conflict):
    """The client was picked, not typed: there is nobody new to make a file of."""

    code = "contact_not_typed"
