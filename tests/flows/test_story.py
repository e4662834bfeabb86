"""The story of the demo holds on the running system too."""

from uuid import uuid4

from doorstep_local.demo import seed
from doorstep_local.door import Door
from doorstep_local.services import Doorstep
from doorstep_local.story import Story
from operations.system import System


def test_every_expectation_of_the_story_holds(doorstep: Doorstep, door: Door) -> None:
    told: list[str] = []
    story = Story(door, System(doorstep.file), seed(doorstep, door, slug=f"story-{uuid4().hex[:8]}"), tell=told.append)

    assert (story.play(), story.failures) == (True, [])

    assert [line for line in told if line.startswith(("Case", "A double"))] == [
        "Case 1: Jeanne is known and her card is valid, so the request is confirmed at once.",
        "Case 2: Paul is known without a payment method, so he completes it on his portal.",
        "Case 3 with a broadcast: a colleague applies, the operator picks, Lucie validates.",
        "Case 3 without a broadcast: the operator assigns a colleague.",
        "A double booking: the worker's slot of case 1 is taken, so the second request waits.",
        "A double submission: the same draft under the same Idempotency-Key is one request.",
    ]


def test_a_story_that_does_not_hold_says_what_was_expected(doorstep: Doorstep, door: Door) -> None:
    cast = seed(doorstep, door, slug=f"story-{uuid4().hex[:8]}", logins=("olga", "carla", "dario"))
    story = Story(door, System(doorstep.file), cast, tell=lambda line: None)
    story._expect("the state", "launched", "confirmed")
    with story._chapter("case_1"):
        story._until("the visit", lambda: dict[str, str]()["gone"], None)
    assert story.failures == [
        "prepare: the state: expected 'confirmed', found 'launched'",
        "case_1: KeyError: 'gone'",
    ]
