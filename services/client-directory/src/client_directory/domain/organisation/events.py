"""What is known of an organisation; the stream's key is its id."""

from typing import ClassVar

from doorstep_chassis.domain import Event
from doorstep_contracts.base import ZoneName


class OrganisationJoined(Event):
    """An organisation was added, in this time zone."""

    TOPIC: ClassVar[str] = "directory.organisation-joined"

    time_zone: ZoneName
