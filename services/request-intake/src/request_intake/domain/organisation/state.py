"""An organisation as its stream tells it."""

from dataclasses import dataclass, replace
from typing import assert_never, get_args

from doorstep_chassis.domain import Stream
from doorstep_contracts.intake import ContactField

from request_intake.domain.organisation.events import OrganisationAdded, OrganisationEvent, RequestSettingsChanged

CONTACT_FIELDS: tuple[ContactField, ...] = get_args(ContactField)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """What an organisation says about requests; the defaults are those of an organisation that has said nothing."""

    version: int = 0
    workers_may_create: bool = False
    required_contact_fields: tuple[ContactField, ...] = CONTACT_FIELDS
    draft_lifetime_hours: int = 168


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing has been said of this organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation that has joined."""

    slug: str
    time_zone: str
    settings: RequestSettings = RequestSettings()


OrganisationState = Unknown | Organisation


def evolve(state: OrganisationState, event: OrganisationEvent) -> OrganisationState:
    """The state after an event."""
    match event:
        case OrganisationAdded():
            return Organisation(slug=event.slug, time_zone=event.time_zone)
        case RequestSettingsChanged():
            settings = RequestSettings(
                version=event.version,
                workers_may_create=event.workers_may_create,
                required_contact_fields=event.required_contact_fields,
                draft_lifetime_hours=event.draft_lifetime_hours,
            )
            return state if isinstance(state, Unknown) else replace(state, settings=settings)
        case _:
            assert_never(event)


ORGANISATION: Stream[OrganisationState] = Stream("intake.organisation", Unknown(), evolve)
