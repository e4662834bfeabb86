"""Refusals about a client's file."""

from doorstep_chassis.errors import Invalid, NotFound


class ClientNotFound(NotFound):
    """There is no such client, or not for this person to see."""

    code = "client_not_found"


class AddressIncomplete(Invalid):
    """An address has a first line and a locality."""

    code = "address_incomplete"
