"""What the directory needs to know about its surroundings."""

from doorstep_chassis.settings import ServiceSettings


class DirectorySettings(ServiceSettings):
    """The settings of every service; the directory has none of its own yet."""

    service: str = "client-directory"
