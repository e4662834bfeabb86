"""Refusals about identifiers."""

from doorstep_chassis.errors import Conflict


class IdentifierTaken(Conflict):
    """The e-mail or phone belongs to another client, and nobody said that they share it."""

    code = "identifier_taken"
