"""Whatever the order across topics, and however often each is told: the directory ends in the same place."""

from itertools import permutations
from typing import Any

import pytest
from client_directory.domain.client.events import ClientCreated
from client_directory.domain.contact_key.state import contact_key
from client_directory.domain.resolution.events import ReviewOpened
from client_directory.domain.resolution.state import RESOLUTION, Ended, Erased, InReview, ResolutionState, Resolved
from client_directory.domain.validation.events import ClientAsked, ClientGateShut, ClientValidated
from client_directory.domain.validation.state import VALIDATION, Asked, Launched, Open, Unlaunched, ValidationState
from client_directory.domain.validation.state import Ended as GateEnded
from doorstep_chassis.consumer.decoding import Tombstone
from doorstep_chassis.testing import Story
from doorstep_contracts.base import PublicEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from .world import (
    HOME,
    IN_72_H,
    MARIE,
    ON_FILE,
    ORGANISATION,
    PAUL,
    REQUEST,
    START,
    a_story,
    again,
    cancelled,
    confirmed,
    drafted,
    given_client,
    key_erased,
    key_issued,
    launched,
)

Fact = PublicEvent | Tombstone
PICKED: list[Fact] = [drafted(picked=ON_FILE), launched(confirmed=True)]
TYPED_KNOWN: list[Fact] = [key_issued(), drafted(MARIE), launched(address=HOME)]
TYPED_NEW: list[Fact] = [key_issued(), drafted(PAUL), launched(address=HOME)]
IN_DOUBT: list[Fact] = [key_issued(), drafted({**MARIE, "phone": PAUL["phone"]}), launched(address=HOME)]


async def told(facts: list[Fact]) -> Story:
    story = a_story()
    await given_client(story)
    for fact in facts:
        await story.deliver(again(story, fact))
    assert await story.parked() == []
    return story


async def states(story: Story) -> tuple[ResolutionState, ValidationState]:
    return await story.run(
        lambda work: (
            work.state(RESOLUTION.at(ORGANISATION, REQUEST)),
            work.state(VALIDATION.at(ORGANISATION, REQUEST)),
        )
    )


def said(events: list[Any], *kinds: type) -> int:
    return sum(isinstance(event, kinds) for event in events)


def every_order_twice(facts: list[Fact]) -> list[list[Fact]]:
    orders = [list(order) for order in permutations(facts)]
    return [first + second for first in orders for second in orders]


class TestEveryOrderAndEachToldTwice:
    async def test_of_a_picked_client(self) -> None:
        for facts in every_order_twice(PICKED):
            resolution, gate = await states(await told(facts))

            assert resolution == Resolved(ON_FILE, picked=True)
            assert isinstance(gate, Open)
            assert (gate.client_id, gate.valid_until, gate.validated_by) == (ON_FILE, START, "worker")

    async def test_of_a_known_client_typed(self) -> None:
        for facts in every_order_twice(TYPED_KNOWN):
            resolution, gate = await states(await told(facts))

            assert resolution == Resolved(ON_FILE, picked=False)
            assert isinstance(gate, Open)
            assert (gate.client_id, gate.valid_until, gate.validated_by) == (ON_FILE, START, "worker")

    async def test_of_a_new_client_typed(self) -> None:
        for facts in every_order_twice(TYPED_NEW):
            story = await told(facts)
            resolution, gate = await states(story)

            assert isinstance(resolution, Resolved)
            assert isinstance(gate, Asked)
            assert gate.client_id == resolution.client_id
            assert (gate.missing, gate.deadline) == (("validation", "address", "payment_method"), IN_72_H)
            assert said(await story.added(), ClientCreated) == 2  # with the one on file

    async def test_of_a_doubt(self) -> None:
        for facts in every_order_twice(IN_DOUBT):
            story = await told(facts)
            resolution, gate = await states(story)

            assert isinstance(resolution, InReview)
            assert (resolution.reasons, resolution.candidates) == (("identifier_conflict",), (ON_FILE,))
            assert isinstance(gate, Launched)
            assert said(await story.added(), ReviewOpened) == 1


WHOLE: list[Fact] = [*TYPED_NEW, confirmed(), cancelled()]


@settings(max_examples=200, deadline=None)
@given(st.permutations([*WHOLE, *TYPED_NEW]))
async def test_an_end_is_the_end_wherever_it_comes(facts: list[Fact]) -> None:
    story = await told(facts)
    resolution, gate = await states(story)
    since = await story.store.head()

    assert isinstance(resolution, Ended)
    assert isinstance(gate, GateEnded)
    assert said(await story.added(), ClientCreated) <= 2
    assert said(await story.added(), ClientAsked, ClientGateShut, ClientValidated) <= 1
    for fact in WHOLE:
        assert await story.deliver(again(story, fact)) == []
    assert await story.store.head() == since


@pytest.mark.parametrize("contact", [PAUL, {**MARIE, "phone": PAUL["phone"]}], ids=["new", "doubt"])
async def test_after_an_erasure_nothing_waits_and_nothing_can_be_read(contact: dict[str, Any]) -> None:
    told_of: list[Fact] = [key_issued(), drafted(contact), launched(address=HOME), key_erased()]
    for facts in permutations(told_of):
        story = await told(list(facts))
        resolution, gate = await states(story)

        assert isinstance(resolution, (Resolved, Erased))
        assert isinstance(gate, Asked if isinstance(resolution, Resolved) else (Launched, Unlaunched))
        assert await story.store.load_keys([REQUEST]) == {}
        key = await story.run(lambda work: work.state(contact_key(REQUEST)))
        assert key.status == "erased"
