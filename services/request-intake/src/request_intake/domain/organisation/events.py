"""What an organisation's stream says: that it joined, and its request settings from version to version."""

from typing import Annotated, ClassVar

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Code, Version, ZoneName
from doorstep_contracts.intake import ContactField
from pydantic import Field

DraftLifetime = Annotated[int, Field(ge=1, le=8_760)]
"""Hours, at most a year."""


class OrganisationAdded(Event):
    """An organisation joined."""

    TOPIC: ClassVar[str] = "intake.organisation-added"

    slug: Code
    time_zone: ZoneName


class RequestSettingsChanged(Event):
    """The request settings as they stand from this version on."""

    TOPIC: ClassVar[str] = "intake.request-settings-changed"

    version: Version
    workers_may_create: bool
    required_contact_fields: tuple[ContactField, ...]
    draft_lifetime_hours: DraftLifetime


OrganisationEvent = OrganisationAdded | RequestSettingsChanged
