"""What each stored event says in public, and that everything else stays private."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.relay import KeyNotice
from doorstep_chassis.store.model import Meta
from doorstep_contracts import intake, samples
from doorstep_contracts.base import PublicEvent
from doorstep_contracts.registry import load_topics, topic_of
from doorstep_contracts.samples import CLIENT, ORGANISATION, REQUEST
from request_intake.domain.organisation.events import OrganisationEvent
from request_intake.domain.request.events import RequestEvent
from request_intake.publication import PUBLICATION

from .samples import (
    CANCELLED,
    CONFIRMED,
    DECLINED,
    DRAFTED,
    EXPIRED,
    KEY_ISSUED,
    LAUNCHED,
    ORGANISATION_ADDED,
    SETTINGS_CHANGED,
)


def said(event: Event) -> list[PublicEvent | KeyNotice]:
    about_organisation = isinstance(event, get_args(OrganisationEvent))
    meta = Meta(
        organisation_id=ORGANISATION,
        stream="intake.organisation" if about_organisation else "intake.request",
        key=str(ORGANISATION if about_organisation else REQUEST),
        time=datetime(2026, 5, 20, 8, tzinfo=UTC),
        correlation_id="test",
        causation_id="test",
    )
    return list(PUBLICATION[type(event)](event, meta))


def sample(cls: type[PublicEvent]) -> PublicEvent:
    (found,) = [event for event in samples.SAMPLES.values() if type(event) is cls]
    return found


@pytest.mark.parametrize(
    ("stored", "public"),
    [
        (ORGANISATION_ADDED, intake.OrganisationAdded),
        (CONFIRMED, intake.RequestConfirmed),
        (CANCELLED, intake.RequestCancelled),
        (DECLINED, intake.RequestDeclined),
        (EXPIRED, intake.RequestExpired),
    ],
)
def test_what_is_said_in_the_words_of_the_contracts(stored: Event, public: type[PublicEvent]) -> None:
    assert said(stored) == [sample(public)]


def test_settings_are_said_with_their_version() -> None:
    assert said(SETTINGS_CHANGED) == [sample(intake.RequestSettingsChanged).model_copy(update={"version": 1})]


def test_a_typed_contact_names_its_key_which_is_the_request_s() -> None:
    drafted = sample(intake.RequestDrafted).model_copy(update={"contact_key_id": REQUEST})
    assert said(DRAFTED) == [drafted]


def test_a_picked_client_needs_no_key() -> None:
    picked = DRAFTED.model_copy(update={"contact": None, "picked_client_id": CLIENT})
    changed = {"contact": None, "contact_key_id": None, "picked_client_id": CLIENT}
    assert said(picked) == [sample(intake.RequestDrafted).model_copy(update=changed)]


def test_a_launch_says_the_typed_address_under_the_request_s_key_if_there_is_one() -> None:
    assert said(LAUNCHED) == [sample(intake.RequestLaunched).model_copy(update={"address_key_id": REQUEST})]
    without = sample(intake.RequestLaunched).model_copy(update={"address": None, "address_key_id": None})
    assert said(LAUNCHED.model_copy(update={"address": None})) == [without]


def test_a_key_is_said_as_it_stands_when_it_is_sent() -> None:
    assert said(KEY_ISSUED) == [KeyNotice(intake.DataKeyIssued, ORGANISATION, REQUEST)]


def test_who_the_client_is_and_how_the_gates_move_stays_private() -> None:
    private = {*get_args(OrganisationEvent), *get_args(RequestEvent)} - set(PUBLICATION)
    assert {cls.__name__ for cls in private} == {
        "LaunchRequested",
        "ClientReviewOpened",
        "ClientResolved",
        "ClientGateOpened",
        "ClientGateShut",
        "WorkerGateOpened",
        "WorkerGateShut",
    }


def test_every_event_of_the_topics_that_intake_owns_is_said_by_some_stored_one() -> None:
    declared = {
        event.type for topic in load_topics().values() if topic.owner == "request-intake" for event in topic.events
    }
    spoken = set()
    for event in (
        ORGANISATION_ADDED, SETTINGS_CHANGED, KEY_ISSUED, DRAFTED, LAUNCHED, CONFIRMED, CANCELLED, DECLINED, EXPIRED,
    ):  # fmt: skip
        for each in said(event):
            cls = each.event if isinstance(each, KeyNotice) else type(each)
            assert topic_of(cls).owner == "request-intake"
            spoken.add(cls.TYPE)
    assert spoken == declared
