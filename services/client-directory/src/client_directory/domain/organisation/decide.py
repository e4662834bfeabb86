"""What is noted of an organisation."""

from client_directory.domain.organisation.events import OrganisationJoined
from client_directory.domain.organisation.state import OrganisationState


def decide_join(state: OrganisationState, time_zone: str) -> tuple[OrganisationJoined, ...]:
    """Noted once, and again when it is said otherwise."""
    return () if state == time_zone else (OrganisationJoined(time_zone=time_zone),)
