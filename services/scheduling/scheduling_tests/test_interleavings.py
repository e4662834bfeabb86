"""In whatever order selections, confirmations and ends are heard, and however often, a calendar stays sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from doorstep_chassis.testing import Story
from doorstep_contracts import dispatch
from doorstep_contracts.base import PublicEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduling.domain.hold.decide import hold_id_of, visit_id_of
from scheduling.domain.hold.state import Booked, Ended, Held
from scheduling.domain.ids import HoldId, RequestId, SelectionId, WorkerId
from scheduling.domain.slot import Slot, Week, weeks_of
from scheduling.domain.visit.state import Scheduled
from scheduling.reactions import REACTIONS

from .world import (
    COLLEAGUE,
    HOUR,
    WORKER,
    ZONE,
    an_id,
    cancelled,
    confirmed,
    declined,
    expired,
    hold_of,
    selected,
    visit_of,
    week_of,
)

SUNDAY_NOON = datetime(2026, 6, 7, 12, tzinfo=UTC)
WORKERS = (WORKER, COLLEAGUE)
REQUESTS = tuple(RequestId(an_id(10 + number)) for number in range(3))

Act = PublicEvent | timedelta
"""An event is heard, or time passes."""


@dataclass(frozen=True)
class Live:
    """A slot that is busy by what the holds and visits say."""

    worker_id: WorkerId
    slot: Slot
    overlap_accepted: bool


@st.composite
def slots(draw: st.DrawFn) -> Slot:
    """Close together around the edge of two weeks, so that many overlap or touch."""
    start = SUNDAY_NOON + draw(st.integers(0, 30)) * HOUR / 2
    return Slot(start=start, end=start + draw(st.sampled_from((0.5, 1, 3, 13, 100))) * HOUR, zone=ZONE)


@st.composite
def histories(draw: st.DrawFn) -> list[Act]:
    acts: list[Act] = []
    for number, request_id in enumerate(REQUESTS):
        for turn in range(draw(st.integers(1, 3))):
            selection_id = SelectionId(an_id(100 + 10 * number + turn))
            worker_id = draw(st.sampled_from(WORKERS))
            at = draw(slots())
            accept = draw(st.booleans())
            acts.append(
                selected(selection_id, request_id=request_id, worker_id=worker_id, at=at, accept_overlap=accept)
            )
            if draw(st.booleans()):
                acts.append(confirmed(selection_id, request_id=request_id, worker_id=worker_id, at=at))
        ends = (cancelled(request_id), declined(request_id), expired(request_id))
        acts.extend(draw(st.lists(st.sampled_from(ends), max_size=2)))
    acts.extend(draw(st.lists(st.sampled_from(acts), max_size=8)))
    acts.extend(draw(st.lists(st.sampled_from((HOUR / 2, 5 * HOUR)), max_size=3)))
    return draw(st.permutations(acts))


@settings(max_examples=150, deadline=None)
@given(histories())
async def test_a_calendar_stays_sound(history: list[Act]) -> None:
    story = Story("scheduling", SUNDAY_NOON, reactions=REACTIONS)
    selections = [act for act in history if isinstance(act, dispatch.WorkerSelected)]
    for act in history:
        if isinstance(act, timedelta):
            story.clock.advance(act)
        else:
            record = story.record(act)
            await story.deliver(record, record)
            await check(story, selections)
    assert await story.receive(*[act for act in history if isinstance(act, PublicEvent)]) == []
    assert await story.parked() == []


async def check(story: Story, selections: Sequence[dispatch.WorkerSelected]) -> None:
    live, ended = await what_is_live(story, selections)
    for one, other in combinations(live.values(), 2):
        if one.worker_id == other.worker_id and not (one.overlap_accepted or other.overlap_accepted):
            assert one.slot.end <= other.slot.start or other.slot.end <= one.slot.start
    for hold_id in ended & live.keys():
        assert live[hold_id].slot.start <= story.clock.now(), "only a visit that has started outlives its request"
    await check_calendars(story, live)


async def what_is_live(
    story: Story, selections: Sequence[dispatch.WorkerSelected]
) -> tuple[dict[HoldId, Live], set[HoldId]]:
    """Every slot held or visited, and the holds of the requests that ended."""
    accepted = {hold_id_of(SelectionId(each.selection_id)) for each in selections if each.accept_overlap}
    live: dict[HoldId, Live] = {}
    ended: set[HoldId] = set()
    states: dict[RequestId, Any] = {request_id: await hold_of(story, request_id) for request_id in REQUESTS}
    for state in states.values():
        if isinstance(state, Held | Booked):
            hold = state.hold
            live[hold.hold_id] = Live(hold.worker_id, hold.slot, hold.overlap_accepted and hold.hold_id in accepted)
        if isinstance(state, Held):
            assert state.hold.hold_id not in state.known.confirmed, "a hold that is confirmed is booked"
    for selection in selections:
        hold_id = hold_id_of(SelectionId(selection.selection_id))
        visit = await visit_of(story, visit_id_of(hold_id))
        if isinstance(visit, Scheduled):
            overlap_accepted = visit.visit.overlap_accepted and hold_id in accepted
            live[hold_id] = Live(visit.visit.worker_id, visit.visit.slot, overlap_accepted)
        if isinstance(states[RequestId(selection.request_id)], Ended):
            ended.add(hold_id)
    return live, ended


async def check_calendars(story: Story, live: dict[HoldId, Live]) -> None:
    """The calendars hold what is live in the weeks it touches, and nothing else."""
    for worker_id in WORKERS:
        for week in (Week("2026-W23"), Week("2026-W24")):
            busy = (await week_of(story, week, worker_id)).busy
            assert [each.slot.start for each in busy] == sorted(each.slot.start for each in busy)
            assert {each.hold_id: each.slot for each in busy} == {
                hold_id: each.slot
                for hold_id, each in live.items()
                if each.worker_id == worker_id and week in weeks_of(each.slot.start, each.slot.end)
            }
