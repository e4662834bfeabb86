"""The client's deadline: pending while they are asked, and judged by the gate itself once it has passed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
    LaunchSeen,
    RequestConfirmationSeen,
    RequestEndSeen,
)
from client_directory.domain.validation.state import VALIDATION
from client_directory.timers import CLIENT_ANSWER, ON_DUE, SCHEDULE
from doorstep_chassis.domain import Event
from doorstep_chassis.testing import Story
from doorstep_chassis.timers import TIMERS, timer_view

from .world import IN_72_H, NOW, ON_FILE, ORGANISATION, REQUEST, START

REF = VALIDATION.at(ORGANISATION, REQUEST)
LAUNCH = LaunchSeen(
    postal_code="69003",
    slot_start=START,
    zone="Europe/Paris",
    payment_method_required=False,
    validation="client",
    address_confirmed=False,
    address=None,
    address_key_id=None,
)
ASKED = ClientAsked(client_id=ON_FILE, missing=("validation",), deadline=IN_72_H)
EXPIRED = ClientAnswerExpired(client_id=ON_FILE, deadline=IN_72_H)


async def a_story(*events: Event) -> Story:
    story = Story("client-directory", NOW)
    await story.given(REF, LAUNCH, *events)
    return story


@pytest.mark.parametrize(
    ("events", "pending"),
    [
        ((), []),
        ((ASKED,), [IN_72_H]),
        ((ASKED, ClientGateShut(client_id=ON_FILE, missing=("validation", "address_outside_zone"))), []),
        ((ASKED, ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="client")), []),
        ((ASKED, ClientDeclined(client_id=ON_FILE, reason=None)), []),
        ((ASKED, EXPIRED), []),
        ((ASKED, RequestConfirmationSeen(client_id=ON_FILE)), []),
        ((ASKED, RequestEndSeen()), []),
    ],
)
async def test_when_the_deadline_is_pending(events: Sequence[Event], pending: list[object]) -> None:
    story = await a_story(*events)
    await story.project(timer_view(SCHEDULE))
    rows = await story.store.load_rows([(TIMERS, (CLIENT_ANSWER, ORGANISATION, str(REQUEST)))])
    assert [row["due"] for row in rows.values()] == pending


async def test_a_deadline_that_has_passed_counts_once() -> None:
    story = await a_story(ASKED)

    async def due() -> list[Event]:
        before = await story.store.head()
        await story.run(lambda work: ON_DUE[CLIENT_ANSWER](work, ORGANISATION, str(REQUEST)))
        return await story.added(before)

    story.clock.advance(IN_72_H - NOW)
    assert await due() == []
    story.clock.advance(timedelta(microseconds=1))
    assert await due() == [EXPIRED]
    assert await due() == []
