"""An organisation's time zone."""

from uuid import UUID

from doorstep_chassis.domain import Ref, Stream

from client_directory.domain.organisation.events import OrganisationJoined

OrganisationState = str | None
"""The name of the time zone, None before the organisation is heard of."""


def evolve(state: OrganisationState, event: OrganisationJoined) -> OrganisationState:
    """The time zone after the event."""
    return event.time_zone


ORGANISATION: Stream[OrganisationState] = Stream("directory.organisation", None, evolve)


def organisation(organisation_id: UUID) -> Ref[OrganisationState]:
    """The stream of one organisation."""
    return ORGANISATION.at(organisation_id, organisation_id)
