"""How dispatch is put together: what it listens to, and which deadline it keeps."""

from collections.abc import Mapping
from typing import Any

from dispatch.domain.award.events import AwardEvent, BroadcastClosed
from dispatch.main import SERVICE
from dispatch.reactions import REACTIONS
from dispatch.timers import ON_DUE, SCHEDULE
from doorstep_chassis.testing import Story
from doorstep_chassis.timers import TIMERS, timer_view
from doorstep_contracts.registry import load_topics

from .world import ANNE, AWARD_OF_REQUEST, DEADLINE, NOW, ORGANISATION, REQUEST, opened, shut, started


def test_it_listens_to_the_topics_that_name_it_and_no_others() -> None:
    named = [name for name, topic in load_topics().items() if f"{SERVICE.name}.reactions" in topic.consumers]
    assert SERVICE.topics_of(REACTIONS) == sorted(named)


async def timer(*events: AwardEvent) -> Mapping[str, Any] | None:
    story = Story("dispatch", NOW)
    await story.given(AWARD_OF_REQUEST, *events)
    await story.project(timer_view(SCHEDULE))
    return await story.run(lambda work: work.row(TIMERS, *ON_DUE, ORGANISATION, str(REQUEST)))


async def test_an_open_call_has_a_deadline_and_a_closed_one_has_none() -> None:
    call = (started(), opened(ANNE), shut("applications"))
    row = await timer(*call)
    assert row is not None
    assert row["due"] == DEADLINE
    assert await timer(*call, BroadcastClosed(reason="assigned")) is None
