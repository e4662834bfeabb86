"""Facts about how an organisation finds workers. Stream: dispatch.policy, one an organisation."""

from typing import ClassVar, Literal

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Version

Award = Literal["operator_picks", "first_come", "best_ranked"]
"""How a broadcast is won."""


class PolicySet(Event):
    """From this version on broadcasts are on or off, won in this way, and take applications for so many hours."""

    TOPIC: ClassVar[str] = "dispatch.policy-set"

    version: Version
    broadcast: bool
    award: Award
    application_deadline_hours: int


PolicyEvent = PolicySet
