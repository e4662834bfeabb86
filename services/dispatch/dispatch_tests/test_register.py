"""The register, and the rosters that follow it."""

import pytest
from dispatch.commands import register_worker
from dispatch.domain.ids import WorkerId
from dispatch.domain.roster.decide import decide_list
from dispatch.domain.roster.events import RosterEvent, WorkerDelisted, WorkerListed
from dispatch.domain.roster.state import ROSTER, holders
from dispatch.domain.worker.decide import decide_register
from dispatch.domain.worker.events import Profile, WorkerChanged, WorkerRegistered
from dispatch.domain.worker.state import WORKER
from doorstep_chassis.testing import Story

from .world import ANNE, BRUNO, CLEANER, NOW, ORGANISATION, PLUMBER, RETIRED, an_id


class TestUnregistered:
    def test_is_registered(self) -> None:
        assert decide_register(WORKER.fold([]), ANNE, CLEANER) == (WorkerRegistered(worker_id=ANNE, profile=CLEANER),)


class TestRegistered:
    registered = WORKER.fold([WorkerRegistered(worker_id=ANNE, profile=CLEANER)])

    def test_the_same_again_is_nothing(self) -> None:
        assert decide_register(self.registered, ANNE, CLEANER) == ()

    def test_in_which_order_places_are_told_makes_no_difference(self) -> None:
        told = Profile.of(active=True, services=["b", "a"], postal_codes=["69003", "01700"], postal_prefixes=["7", "6"])
        again = Profile.of(
            active=True, services=["a", "b", "a"], postal_codes=["01700", "69003"], postal_prefixes=["6", "7"]
        )
        state = WORKER.fold([WorkerRegistered(worker_id=ANNE, profile=told)])
        assert decide_register(state, ANNE, again) == ()

    def test_what_differs_is_a_change(self) -> None:
        assert decide_register(self.registered, ANNE, RETIRED) == (WorkerChanged(worker_id=ANNE, profile=RETIRED),)

    def test_a_change_back_is_a_change(self) -> None:
        state = WORKER.fold(
            [
                WorkerRegistered(worker_id=ANNE, profile=CLEANER),
                WorkerChanged(worker_id=ANNE, profile=RETIRED),
            ]
        )
        assert decide_register(state, ANNE, CLEANER) == (WorkerChanged(worker_id=ANNE, profile=CLEANER),)


class TestRoster:
    def test_a_holder_is_listed_once(self) -> None:
        listed = WorkerListed(worker_id=ANNE, profile=CLEANER)
        assert decide_list(ROSTER.fold([]), "menage", ANNE, CLEANER) == (listed,)
        assert decide_list(ROSTER.fold([listed]), "menage", ANNE, CLEANER) == ()

    def test_a_change_lists_anew(self) -> None:
        state = ROSTER.fold([WorkerListed(worker_id=ANNE, profile=CLEANER)])
        assert decide_list(state, "menage", ANNE, RETIRED) == (WorkerListed(worker_id=ANNE, profile=RETIRED),)

    def test_who_holds_the_service_no_longer_is_taken_off_once(self) -> None:
        listed, delisted = WorkerListed(worker_id=ANNE, profile=CLEANER), WorkerDelisted(worker_id=ANNE)
        assert decide_list(ROSTER.fold([listed]), "menage", ANNE, PLUMBER) == (delisted,)
        assert decide_list(ROSTER.fold([listed, delisted]), "menage", ANNE, PLUMBER) == ()

    def test_holders_are_as_they_were_listed_last_in_the_order_of_their_ids(self) -> None:
        state = ROSTER.fold(
            [
                WorkerListed(worker_id=BRUNO, profile=RETIRED),
                WorkerListed(worker_id=ANNE, profile=CLEANER),
                WorkerDelisted(worker_id=ANNE),
                WorkerListed(worker_id=BRUNO, profile=CLEANER),
                WorkerListed(worker_id=ANNE, profile=RETIRED),
            ]
        )
        assert list(holders(state).items()) == [(ANNE, RETIRED), (BRUNO, CLEANER)]

    def test_a_long_history_is_folded_and_let_go(self) -> None:
        events: list[RosterEvent] = [
            WorkerListed(worker_id=WorkerId(an_id(number % 7)), profile=CLEANER) for number in range(50_000)
        ]
        assert list(holders(ROSTER.fold(events))) == [an_id(number) for number in range(7)]


async def test_registration_and_rosters_are_one_unit() -> None:
    story = Story("dispatch", NOW)
    both = Profile.of(active=True, services=["menage", "garde"], postal_codes=[], postal_prefixes=["69"])
    await story.run(lambda work: register_worker(work, ORGANISATION, ANNE, both))
    assert await story.added() == [
        WorkerRegistered(worker_id=ANNE, profile=both),
        WorkerListed(worker_id=ANNE, profile=both),
        WorkerListed(worker_id=ANNE, profile=both),
    ]
    before = await story.store.head()
    await story.run(lambda work: register_worker(work, ORGANISATION, ANNE, both))
    assert await story.added(before) == []
    await story.run(lambda work: register_worker(work, ORGANISATION, ANNE, CLEANER))
    assert await story.added(before) == [
        WorkerChanged(worker_id=ANNE, profile=CLEANER),
        WorkerDelisted(worker_id=ANNE),
        WorkerListed(worker_id=ANNE, profile=CLEANER),
    ]


@pytest.mark.parametrize(
    ("postal_code", "serves"), [("69003", True), ("69100", True), ("01700", True), ("01701", False), ("06900", False)]
)
def test_a_place_is_served_by_its_code_or_by_a_prefix_of_it(postal_code: str, serves: bool) -> None:
    profile = Profile.of(active=True, services=[], postal_codes=["01700"], postal_prefixes=["69"])
    assert profile.serves(postal_code) is serves
