"""The rules of an organisation and its request settings. Pure."""

from collections.abc import Collection

from doorstep_contracts.intake import ContactField

from request_intake.domain.organisation.errors import OrganisationExists, OrganisationUnknown, WorkersMayNotCreate
from request_intake.domain.organisation.events import OrganisationAdded, OrganisationEvent, RequestSettingsChanged
from request_intake.domain.organisation.state import (
    CONTACT_FIELDS,
    Organisation,
    OrganisationState,
    RequestSettings,
    Unknown,
)


def decide_add(
    state: OrganisationState, *, slug: str, time_zone: str, workers_may_create: bool
) -> tuple[OrganisationEvent, ...]:
    """An organisation joins once, with its first request settings."""
    match state:
        case Unknown():
            first = RequestSettings(version=1, workers_may_create=workers_may_create)
            return OrganisationAdded(slug=slug, time_zone=time_zone), _changed(first)
        case Organisation(slug=known_slug, time_zone=known_zone) if (known_slug, known_zone) == (slug, time_zone):
            return ()
        case _:
            raise OrganisationExists


def decide_settings(
    state: OrganisationState,
    *,
    workers_may_create: bool,
    required_contact_fields: Collection[ContactField],
    draft_lifetime_hours: int,
) -> tuple[OrganisationEvent, ...]:
    """An operator changes the request settings; the same settings again are no new version."""
    now = settings_of(state)
    wanted = RequestSettings(
        version=now.version,
        workers_may_create=workers_may_create,
        required_contact_fields=tuple(field for field in CONTACT_FIELDS if field in required_contact_fields),
        draft_lifetime_hours=draft_lifetime_hours,
    )
    return () if wanted == now else (_changed(wanted, version=now.version + 1),)


def settings_of(state: OrganisationState) -> RequestSettings:
    """The request settings of an organisation that has joined.

    Errors: OrganisationUnknown.
    """
    if isinstance(state, Unknown):
        raise OrganisationUnknown
    return state.settings


def require_permission(settings: RequestSettings) -> None:
    """Workers create requests only where the organisation lets them: asked when drafting, and again when launching.

    Errors: WorkersMayNotCreate.
    """
    if not settings.workers_may_create:
        raise WorkersMayNotCreate(rule="permission")


def _changed(settings: RequestSettings, version: int | None = None) -> RequestSettingsChanged:
    return RequestSettingsChanged(
        version=version or settings.version,
        workers_may_create=settings.workers_may_create,
        required_contact_fields=settings.required_contact_fields,
        draft_lifetime_hours=settings.draft_lifetime_hours,
    )
