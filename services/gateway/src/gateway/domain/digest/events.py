"""The next time at which operators are told what waits."""

from datetime import datetime
from typing import ClassVar

from doorstep_chassis.domain import Event


class DigestPlanned(Event):
    """The next digest is due at seven in the morning of the organisation's time zone."""

    TOPIC: ClassVar[str] = "gateway.digest-planned"

    zone: str
    due: datetime
