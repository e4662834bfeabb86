"""What intake needs to know of its surroundings."""

from doorstep_chassis.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """The settings that every service has; intake adds none."""

    service: str = "request-intake"
