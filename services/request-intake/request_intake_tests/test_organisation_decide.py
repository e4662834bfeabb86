"""The rules of an organisation and its request settings."""

import pytest
from request_intake.domain.organisation.decide import decide_add, decide_settings, require_permission, settings_of
from request_intake.domain.organisation.errors import OrganisationExists, OrganisationUnknown, WorkersMayNotCreate
from request_intake.domain.organisation.events import OrganisationEvent, RequestSettingsChanged
from request_intake.domain.organisation.state import (
    CONTACT_FIELDS,
    ORGANISATION,
    Organisation,
    OrganisationState,
    RequestSettings,
    Unknown,
)

from .samples import ORGANISATION_ADDED, SETTINGS_CHANGED


def given(*events: OrganisationEvent) -> OrganisationState:
    return ORGANISATION.fold(events)


JOINED = given(ORGANISATION_ADDED, SETTINGS_CHANGED)


class TestUnknown:
    def test_it_joins_with_its_first_settings(self) -> None:
        events = decide_add(Unknown(), slug="demo", time_zone="Indian/Reunion", workers_may_create=True)
        assert events == (ORGANISATION_ADDED, SETTINGS_CHANGED)

    def test_nothing_can_be_read_or_changed(self) -> None:
        with pytest.raises(OrganisationUnknown):
            settings_of(Unknown())
        with pytest.raises(OrganisationUnknown):
            decide_settings(
                Unknown(), workers_may_create=True, required_contact_fields=CONTACT_FIELDS, draft_lifetime_hours=1
            )

    def test_settings_without_an_organisation_load_and_say_nothing(self) -> None:
        assert given(SETTINGS_CHANGED) == Unknown()


class TestJoined:
    def test_its_state(self) -> None:
        state = JOINED
        assert state == Organisation(
            slug="demo",
            time_zone="Indian/Reunion",
            settings=RequestSettings(version=1, workers_may_create=True),
        )

    def test_it_joins_once(self) -> None:
        assert decide_add(JOINED, slug="demo", time_zone="Indian/Reunion", workers_may_create=False) == ()

    @pytest.mark.parametrize(("slug", "zone"), [("other", "Indian/Reunion"), ("demo", "Europe/Paris")])
    def test_its_id_belongs_to_nobody_else(self, slug: str, zone: str) -> None:
        with pytest.raises(OrganisationExists):
            decide_add(JOINED, slug=slug, time_zone=zone, workers_may_create=True)

    def test_changed_settings_are_a_new_version_with_the_fields_in_their_order(self) -> None:
        assert decide_settings(
            JOINED,
            workers_may_create=False,
            required_contact_fields=("phone", "first_name", "phone"),
            draft_lifetime_hours=24,
        ) == (
            RequestSettingsChanged(
                version=2,
                workers_may_create=False,
                required_contact_fields=("first_name", "phone"),
                draft_lifetime_hours=24,
            ),
        )

    def test_the_same_settings_are_no_new_version(self) -> None:
        assert (
            decide_settings(
                JOINED,
                workers_may_create=True,
                required_contact_fields=("phone", "email", "last_name", "first_name"),
                draft_lifetime_hours=168,
            )
            == ()
        )


class TestPermission:
    def test_it_is_off_until_the_organisation_gives_it(self) -> None:
        with pytest.raises(WorkersMayNotCreate):
            require_permission(settings_of(given(ORGANISATION_ADDED)))

    def test_it_is_given(self) -> None:
        require_permission(settings_of(JOINED))
        assert settings_of(JOINED).workers_may_create
