"""The deadlines of a request: set, taken away, and judged by the request itself once they have passed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.testing import Story
from doorstep_chassis.timers import TIMERS, timer_view
from doorstep_contracts.samples import ORGANISATION, REQUEST, SLOT
from request_intake.domain.request.events import RequestExpired
from request_intake.domain.request.state import REQUEST as REQUESTS
from request_intake.timers import ON_DUE, SCHEDULE

from .samples import (
    CANCELLED,
    CLIENT_GATE_OPENED,
    CONFIRMED,
    DECLINED,
    DRAFTED,
    EXPIRED,
    LAUNCH_REQUESTED,
    LAUNCHED,
    LAUNCHED_AT,
    RESOLVED,
    WORKER_GATE_OPENED,
)

REF = REQUESTS.at(ORGANISATION, REQUEST)
LIVE = (DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED)
BOTH = {"draft_lifetime": DRAFTED.expires_at, "slot_start": SLOT.start}
UNTIL_START = DRAFTED.model_copy(update={"expires_at": SLOT.start})
TICK = timedelta(microseconds=1)


async def a_story(events: Sequence[Event]) -> Story:
    story = Story("request-intake", LAUNCHED_AT)
    await story.given(REF, *events)
    return story


@pytest.mark.parametrize(
    ("events", "pending"),
    [
        ((DRAFTED,), BOTH),
        ((UNTIL_START,), {"slot_start": SLOT.start}),
        ((DRAFTED, RESOLVED), BOTH),
        ((DRAFTED, LAUNCH_REQUESTED), {"slot_start": SLOT.start}),
        ((*LIVE, CLIENT_GATE_OPENED), {"slot_start": SLOT.start}),
        ((*LIVE, CLIENT_GATE_OPENED, WORKER_GATE_OPENED, CONFIRMED), {}),
        ((DRAFTED, CANCELLED), {}),
        ((DRAFTED, EXPIRED), {}),
        ((*LIVE, DECLINED), {}),
    ],
)
async def test_which_deadlines_are_pending(events: Sequence[Event], pending: dict[str, object]) -> None:
    story = await a_story(events)
    await story.project(timer_view(SCHEDULE))
    rows = await story.store.load_rows([(TIMERS, (kind, ORGANISATION, str(REQUEST))) for kind in ON_DUE])
    assert {row["kind"]: row["due"] for row in rows.values()} == pending


@pytest.mark.parametrize(
    ("events", "kind", "expired"),
    [
        ((DRAFTED,), "draft_lifetime", RequestExpired(rule="draft_lifetime", deadline=DRAFTED.expires_at)),
        ((UNTIL_START,), "slot_start", EXPIRED),
        ((DRAFTED, LAUNCH_REQUESTED), "slot_start", EXPIRED),
        (LIVE, "slot_start", EXPIRED),
    ],
)
async def test_a_deadline_that_has_passed_ends_the_request_once(
    events: Sequence[Event], kind: str, expired: RequestExpired
) -> None:
    story = await a_story(events)

    async def due() -> list[Event]:
        before = await story.store.head()
        await story.run(lambda work: ON_DUE[kind](work, ORGANISATION, str(REQUEST)))
        return await story.added(before)

    story.clock.advance(expired.deadline - LAUNCHED_AT)
    assert await due() == []
    story.clock.advance(TICK)
    assert await due() == [expired]
    assert await due() == []


async def test_a_timer_that_comes_late_for_a_confirmed_request_does_nothing() -> None:
    story = await a_story((*LIVE, CLIENT_GATE_OPENED, WORKER_GATE_OPENED, CONFIRMED))
    story.clock.advance(SLOT.start - LAUNCHED_AT + TICK)
    before = await story.store.head()
    await story.run(lambda work: ON_DUE["slot_start"](work, ORGANISATION, str(REQUEST)))
    assert await story.added(before) == []
