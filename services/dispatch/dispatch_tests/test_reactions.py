"""What follows from the events of others: exactly, once however often they come, and also when they come late."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from dispatch.commands import apply, close_applications, register_worker, select, set_policy
from dispatch.domain.award.events import (
    ApplicantPassed,
    AwardConfirmed,
    AwardEnded,
    BroadcastClosed,
    WorkerSelected,
)
from dispatch.domain.award.state import Ended, EndedBeforeLaunch
from dispatch.domain.eligibility import Verdict
from dispatch.domain.ids import SelectionId, WorkerId
from dispatch.domain.policy.events import Award
from dispatch.domain.request import Request
from dispatch.domain.worker.events import Profile
from dispatch.reactions import REACTIONS
from doorstep_chassis.domain import Event, derived_id
from doorstep_chassis.testing import Story
from doorstep_contracts.base import PublicEvent

from .world import (
    ANNE,
    AWARD_OF_REQUEST,
    BRUNO,
    CLEANER,
    CREATOR,
    DEADLINE,
    ELSEWHERE,
    NOW,
    ORGANISATION,
    OTHER,
    PLUMBER,
    REQUEST,
    RETIRED,
    S2,
    SELF_KNOWN,
    SELF_NEW,
    applied,
    assigned,
    cancelled,
    confirmed,
    declined,
    expired,
    failed,
    held,
    launched,
    opened,
    refused,
    selected,
    shut,
    started,
)


@pytest.fixture
async def story() -> Story:
    """Anne and the creator clean; broadcasts are off."""
    story = Story("dispatch", NOW, reactions=REACTIONS)
    await register(story, CREATOR, CLEANER)
    await register(story, ANNE, CLEANER)
    return story


async def register(story: Story, worker_id: WorkerId, profile: Profile) -> None:
    await story.run(lambda work: register_worker(work, ORGANISATION, worker_id, profile))


async def broadcasts(story: Story, award: Award = "operator_picks") -> None:
    await story.run(
        lambda work: set_policy(work, ORGANISATION, broadcast=True, award=award, application_deadline_hours=24)
    )


async def do(story: Story, decide: Any) -> Sequence[Event]:
    before = await story.store.head()
    await story.run(decide)
    return await story.added(before)


async def state_of(story: Story) -> Any:
    return await story.run(lambda work: work.state(AWARD_OF_REQUEST))


def selection(events: Sequence[Event]) -> SelectionId:
    (found,) = [event.selection_id for event in events if isinstance(event, WorkerSelected)]
    return found


async def twice(story: Story, event: PublicEvent) -> list[Event]:
    """What the event adds; delivered again, and told again under a new sequence, it adds nothing."""
    record = story.record(event)
    added = await story.deliver(record)
    assert await story.deliver(record) == []
    assert await story.receive(event) == []
    assert await story.parked() == []
    return added


class TestLaunched:
    async def test_self_known(self, story: Story) -> None:
        added = await twice(story, launched(SELF_KNOWN))
        assert added == [started(SELF_KNOWN), selected(CREATOR, "self", selection(added))]

    async def test_self_known_with_an_accepted_overlap(self, story: Story) -> None:
        request = SELF_KNOWN.model_copy(update={"accept_overlap": True})
        added = await story.receive(launched(request))
        assert added == [started(request), selected(CREATOR, "self", selection(added), accept_overlap=True)]

    async def test_self_new(self, story: Story) -> None:
        assert await twice(story, launched(SELF_NEW)) == [started(SELF_NEW), applied(CREATOR), shut("selection")]

    async def test_self_new_with_broadcasts(self, story: Story) -> None:
        await broadcasts(story)
        assert await twice(story, launched(SELF_NEW)) == [
            started(SELF_NEW),
            opened(CREATOR, ANNE),
            applied(CREATOR),
            shut("selection"),
        ]

    async def test_self_new_and_first_come(self, story: Story) -> None:
        await broadcasts(story, "first_come")
        added = await twice(story, launched(SELF_NEW))
        assert added == [started(SELF_NEW), applied(CREATOR), selected(CREATOR, "policy", selection(added))]

    async def test_other(self, story: Story) -> None:
        assert await twice(story, launched(OTHER)) == [started(), shut("operator")]

    async def test_other_with_broadcasts(self, story: Story) -> None:
        await broadcasts(story)
        await register(story, BRUNO, RETIRED)
        call = opened(ANNE).model_copy(
            update={
                "verdicts": (
                    Verdict(worker_id=CREATOR, reasons=("creator_asks_for_another",)),
                    Verdict(worker_id=ANNE, reasons=()),
                    Verdict(worker_id=BRUNO, reasons=("inactive",)),
                )
            }
        )
        assert await twice(story, launched(OTHER)) == [started(), call, shut("applications")]

    async def test_who_gave_the_service_up_is_not_considered(self, story: Story) -> None:
        await broadcasts(story)
        await register(story, BRUNO, CLEANER)
        await register(story, ANNE, PLUMBER)
        assert await story.receive(launched(SELF_NEW)) == [
            started(SELF_NEW),
            opened(CREATOR, BRUNO),
            applied(CREATOR),
            shut("selection"),
        ]

    async def test_another_organisation_calls_its_own_workers(self, story: Story) -> None:
        await broadcasts(story)
        assert await story.receive(launched(OTHER, organisation_id=ELSEWHERE)) == [started(), shut("operator")]

    @pytest.mark.parametrize("request_", [SELF_KNOWN, SELF_NEW, OTHER])
    async def test_after_the_end(self, story: Story, request_: Request) -> None:
        await broadcasts(story)
        assert await story.receive(cancelled()) == [AwardEnded(how="cancelled")]
        assert await story.receive(launched(request_)) == []
        assert await state_of(story) == EndedBeforeLaunch("cancelled")

    async def test_the_same_record_makes_the_same_selection(self, story: Story) -> None:
        again = Story("dispatch", NOW, reactions=REACTIONS)
        await register(again, CREATOR, CLEANER)
        record = story.record(launched(SELF_KNOWN))
        first, second = await story.deliver(record), await again.deliver(record)
        assert first == second
        assert selection(first) == derived_id(
            "dispatch.reactions", derived_id("/doorstep/intake/test", 1), "selection", 1
        )


class TestSlotHeld:
    async def test_assigns(self, story: Story) -> None:
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        assert await twice(story, held(CREATOR, chosen)) == [assigned(CREATOR, chosen)]

    async def test_assigns_and_closes_the_call(self, story: Story) -> None:
        await broadcasts(story, "first_come")
        await story.receive(launched(OTHER))
        chosen = selection(await do(story, lambda work: apply(work, ORGANISATION, REQUEST, ANNE)))
        assert await twice(story, held(ANNE, chosen)) == [assigned(ANNE, chosen), BroadcastClosed(reason="assigned")]

    async def test_before_anything_else_or_for_another_choice(self, story: Story) -> None:
        assert await story.receive(held(CREATOR, S2)) == []
        await story.receive(launched(SELF_KNOWN))
        assert await story.receive(held(CREATOR, S2)) == []

    async def test_after_the_end(self, story: Story) -> None:
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        await story.receive(cancelled())
        assert await story.receive(held(CREATOR, chosen)) == []


class TestSlotRefused:
    async def test_self(self, story: Story) -> None:
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        assert await twice(story, refused(CREATOR, chosen)) == [
            failed(CREATOR, selection_id=chosen),
            shut("slot_refused"),
        ]

    async def test_after_an_operators_choice(self, story: Story) -> None:
        await story.receive(launched(OTHER))
        chosen = selection(await do(story, lambda work: select(work, ORGANISATION, REQUEST, ANNE)))
        assert await twice(story, refused(ANNE, chosen)) == [failed(ANNE, selection_id=chosen), shut("operator")]

    async def test_makes_it_the_next_ones_turn_as_they_are_today(self, story: Story) -> None:
        chloe = WorkerId(derived_id("chloe"))
        await broadcasts(story, "first_come")
        await register(story, BRUNO, CLEANER)
        await register(story, chloe, CLEANER)
        await story.receive(launched(OTHER))
        chosen = selection(await do(story, lambda work: apply(work, ORGANISATION, REQUEST, ANNE)))
        assert await do(story, lambda work: apply(work, ORGANISATION, REQUEST, BRUNO)) == [applied(BRUNO)]
        assert await do(story, lambda work: apply(work, ORGANISATION, REQUEST, chloe)) == [applied(chloe)]
        await register(story, BRUNO, RETIRED)
        added = await twice(story, refused(ANNE, chosen))
        assert added == [
            failed(ANNE, selection_id=chosen),
            ApplicantPassed(worker_id=BRUNO, reasons=("inactive",)),
            selected(chloe, "policy", selection(added)),
        ]
        assert selection(added) != chosen

    async def test_for_an_end_that_has_not_been_heard_of_yet(self, story: Story) -> None:
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        assert await twice(story, refused(CREATOR, chosen, "request_ended")) == [
            failed(CREATOR, "request_ended", chosen),
            AwardEnded(how="ended_elsewhere"),
        ]
        assert await story.receive(cancelled()) == []

    async def test_before_anything_else_or_after_the_end(self, story: Story) -> None:
        assert await story.receive(refused(CREATOR, S2)) == []
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        await story.receive(cancelled())
        assert await story.receive(refused(CREATOR, chosen)) == []


class TestConfirmed:
    async def test_is_noted_on_the_assignment(self, story: Story) -> None:
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        await story.receive(held(CREATOR, chosen))
        assert await twice(story, confirmed()) == [AwardConfirmed()]

    async def test_without_an_assignment_means_nothing(self, story: Story) -> None:
        assert await story.receive(confirmed()) == []
        await story.receive(launched(SELF_KNOWN))
        assert await story.receive(confirmed()) == []


class TestEnds:
    @pytest.mark.parametrize(
        ("end", "how"), [(cancelled(), "cancelled"), (declined(), "declined"), (expired(), "expired")]
    )
    async def test_close_an_open_call(self, story: Story, end: PublicEvent, how: Any) -> None:
        await broadcasts(story)
        await story.receive(launched(OTHER))
        assert await twice(story, end) == [BroadcastClosed(reason="request_ended"), AwardEnded(how=how)]

    @pytest.mark.parametrize(
        ("end", "how"), [(cancelled(), "cancelled"), (declined(), "declined"), (expired(), "expired")]
    )
    async def test_before_the_launch(self, story: Story, end: PublicEvent, how: Any) -> None:
        assert await twice(story, end) == [AwardEnded(how=how)]

    async def test_after_an_assignment(self, story: Story) -> None:
        chosen = selection(await story.receive(launched(SELF_KNOWN)))
        await story.receive(held(CREATOR, chosen), confirmed())
        assert await twice(story, cancelled()) == [AwardEnded(how="cancelled")]
        assert isinstance(await state_of(story), Ended)


class TestDeadline:
    async def test_closes_the_call_once_it_has_passed(self, story: Story) -> None:
        await broadcasts(story)
        await story.receive(launched(OTHER))

        async def due() -> Sequence[Event]:
            return await do(story, lambda work: close_applications(work, ORGANISATION, str(REQUEST)))

        story.clock.advance(DEADLINE - NOW)
        assert await due() == []
        story.clock.advance(timedelta(microseconds=1))
        assert await due() == [BroadcastClosed(reason="deadline"), shut("operator")]
        assert await due() == []
