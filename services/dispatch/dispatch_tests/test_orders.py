"""Whatever arrives in whatever order, a request that has ended has no open call and gets no worker any more."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from dispatch.commands import apply, close_applications, register_worker, select, set_policy
from dispatch.domain.award.events import (
    AwardEnded,
    BroadcastClosed,
    BroadcastOpened,
    SelectionFailed,
    WorkerAssigned,
    WorkerGateShut,
    WorkerSelected,
)
from dispatch.domain.award.state import (
    Assigned,
    Broadcasting,
    Ended,
    EndedBeforeLaunch,
    Selecting,
    ShutSlotRefused,
    WaitingOperator,
)
from dispatch.domain.ids import SelectionId
from dispatch.domain.request import Request
from dispatch.reactions import REACTIONS
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.domain import Event
from doorstep_chassis.errors import Conflict, Forbidden, NotFound
from doorstep_chassis.testing import Story
from doorstep_chassis.work import Work
from hypothesis import given, settings
from hypothesis import strategies as st

from .world import (
    ANNE,
    AWARD_OF_REQUEST,
    BRUNO,
    CLEANER,
    CREATOR,
    DEADLINE,
    NOW,
    ORGANISATION,
    OTHER,
    REQUEST,
    SELF_KNOWN,
    SELF_NEW,
    cancelled,
    confirmed,
    declined,
    expired,
    held,
    launched,
    refused,
)

ENDS = {"cancelled": cancelled, "declined": declined, "expired": expired}


class Play:
    """A request's story in any order; scheduling's answers are to whatever has been chosen so far, or to nothing."""

    def __init__(self, about: Request, *, broadcast: bool, award: Any) -> None:
        self.about = about
        self.story = Story("dispatch", NOW, reactions=REACTIONS)
        self.broadcast, self.award = broadcast, award
        self.arrived: list[Record] = []
        self.ended = False

    async def begin(self) -> None:
        def prepare(work: Work) -> None:
            for worker_id in (CREATOR, ANNE, BRUNO):
                register_worker(work, ORGANISATION, worker_id, CLEANER)
            set_policy(work, ORGANISATION, broadcast=self.broadcast, award=self.award, application_deadline_hours=24)

        await self.story.run(prepare)

    async def step(self, step: str) -> None:
        with suppress(NotFound, Forbidden, Conflict):  # what people may not do changes nothing
            await self._step(step)

    async def _step(self, step: str) -> None:
        run = self.story.run
        match step.split():
            case ["launched"]:
                await self.arrives(launched(self.about))
            case ["held" | "refused" as answer, *reason]:
                for chosen in await self.choices():
                    make = held if answer == "held" else refused
                    await self.arrives(make(chosen.worker_id, SelectionId(chosen.selection_id), *reason))
            case ["confirmed"]:
                await self.arrives(confirmed())
            case ["again", which]:
                if self.arrived:
                    await self.story.deliver(self.arrived[int(which) % len(self.arrived)])
            case ["apply", who]:
                await run(lambda work: apply(work, ORGANISATION, REQUEST, {"anne": ANNE, "bruno": BRUNO}[who]))
            case ["select"]:
                await run(lambda work: select(work, ORGANISATION, REQUEST, BRUNO))
            case ["deadline"]:
                self.story.clock.advance(DEADLINE - NOW + DEADLINE.resolution)
                await run(lambda work: close_applications(work, ORGANISATION, str(REQUEST)))
            case [end]:
                self.ended = True
                await self.arrives(ENDS[end]())

    async def arrives(self, event: Any) -> None:
        record = self.story.record(event)
        self.arrived.append(record)
        await self.story.deliver(record)

    async def choices(self) -> list[WorkerSelected]:
        return [event for event in await self.story.added() if isinstance(event, WorkerSelected)]

    async def check(self) -> None:
        """What must hold after every step."""
        log = [event for event in await self.story.added() if event.TOPIC.startswith("dispatch.")]
        state = await self.story.run(lambda work: work.state(AWARD_OF_REQUEST))
        assert await self.story.parked() == []
        opened, closed = count(log, BroadcastOpened), count(log, BroadcastClosed)
        assert opened <= 1
        assert closed <= opened
        assert (opened > closed) == (isinstance(state, Broadcasting | Selecting) and state.dossier.open)
        assert count(log, WorkerAssigned) <= 1
        assert count(log, AwardEnded) <= 1
        ends = [index for index, event in enumerate(log) if isinstance(event, AwardEnded)]
        assert all(index == len(log) - 1 for index in ends)
        choices = [event.selection_id for event in log if isinstance(event, WorkerSelected)]
        answers = [event.selection_id for event in log if isinstance(event, WorkerAssigned | SelectionFailed)]
        assert len(set(choices)) == len(choices)
        assert answers == choices[: len(answers)]
        match state:
            case WaitingOperator() | Broadcasting():
                assert gate(log) == state.lack
            case ShutSlotRefused():
                assert gate(log) == "slot_refused"
            case Selecting():
                assert (len(choices), choices[-1]) == (len(answers) + 1, state.selection.selection_id)
            case Assigned():
                assert closed == opened
        assert isinstance(state, Ended | EndedBeforeLaunch) == (self.ended or bool(ends))


def count(log: Sequence[Event], kind: type[Event]) -> int:
    return sum(isinstance(event, kind) for event in log)


def gate(log: Sequence[Event]) -> str:
    """What the gate was last said to lack, if nobody has been chosen since."""
    (*_, last) = [event for event in log if isinstance(event, WorkerGateShut | WorkerSelected)]
    assert isinstance(last, WorkerGateShut)
    return last.missing[0]


async def play(about: Request, broadcast: bool, award: str, steps: Sequence[str]) -> Play:
    play = Play(about, broadcast=broadcast, award=award)
    await play.begin()
    for step in steps:
        await play.step(step)
        await play.check()
    return play


@pytest.mark.parametrize(
    ("about", "broadcast", "award", "steps"),
    [
        (SELF_KNOWN, False, "operator_picks", ("launched", "held", "refused", "confirmed", "cancelled")),
        (SELF_NEW, False, "operator_picks", ("launched", "select", "held", "declined", "expired")),
        (SELF_NEW, True, "first_come", ("launched", "refused", "apply anne", "cancelled", "select")),
        (OTHER, True, "operator_picks", ("launched", "apply anne", "select", "held", "deadline", "cancelled")),
        (OTHER, True, "first_come", ("launched", "apply anne", "apply bruno", "refused", "deadline", "expired")),
        (OTHER, True, "first_come", ("launched", "apply anne", "apply bruno", "refused request_ended", "declined")),
    ],
)
async def test_every_order_ends_well(about: Request, broadcast: bool, award: str, steps: tuple[str, ...]) -> None:
    for order in permutations(steps):
        await play(about, broadcast, award, order)


STEPS = (
    "launched",
    "held",
    "refused",
    "refused slot_in_past",
    "refused request_ended",
    "confirmed",
    "apply anne",
    "apply bruno",
    "select",
    "deadline",
    "again 0",
    "again 3",
    *ENDS,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([SELF_KNOWN, SELF_NEW, OTHER]),
    st.booleans(),
    st.sampled_from(["operator_picks", "first_come"]),
    st.sampled_from([[], ["launched"]]),
    st.lists(st.sampled_from(STEPS), max_size=14),
    st.sampled_from(sorted(ENDS)),
)
def test_any_history_ends_well(
    about: Request, broadcast: bool, award: str, first: list[str], then: list[str], end: str
) -> None:
    played = asyncio.run(play(about, broadcast, award, [*first, *then, end, "launched", "held"]))
    assert played.ended
