"""Many acts on one request at the same moment, on real PostgreSQL: each is decided on what the others left."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from dispatch.commands import apply, end, register_worker, select
from dispatch.domain.award.errors import ApplicationsClosed, SelectionPending
from dispatch.domain.award.events import (
    ApplicationReceived,
    AwardEnded,
    AwardEvent,
    BroadcastClosed,
    WorkerSelected,
)
from dispatch.domain.ids import WorkerId
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.domain import Event
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_chassis.work import Work

from .world import AWARD_OF_REQUEST, CLEANER, NOW, ORGANISATION, REQUEST, an_id, opened, shut, started

RACERS = [WorkerId(an_id(200 + number)) for number in range(8)]


async def begin(store: PostgresStore, *events: AwardEvent) -> Units:
    units = Units(store, FixedClock(NOW), "dispatch")

    def prepare(work: Work) -> None:
        for worker_id in RACERS:
            register_worker(work, ORGANISATION, worker_id, CLEANER)
        work.append(AWARD_OF_REQUEST, *events)

    await units.run("given", prepare)
    return units


async def stream(store: PostgresStore) -> Sequence[Event]:
    return (await store.load([AWARD_OF_REQUEST.id]))[AWARD_OF_REQUEST.id].events


async def test_of_racing_applicants_the_first_alone_is_chosen(store: PostgresStore) -> None:
    call = (started(), opened(*RACERS, award="first_come"), shut("applications"))
    units = await begin(store, *call)

    async def race(worker_id: WorkerId) -> None:
        await units.run("apply", lambda work: apply(work, ORGANISATION, REQUEST, worker_id))

    await asyncio.gather(*map(race, RACERS))
    added = (await stream(store))[len(call) :]
    first, choice, *others = added
    assert isinstance(first, ApplicationReceived)
    assert isinstance(choice, WorkerSelected)
    assert choice.worker_id == first.worker_id
    assert {type(event) for event in others} == {ApplicationReceived}
    applicants: list[UUID] = [event.worker_id for event in added if isinstance(event, ApplicationReceived)]
    assert sorted(applicants) == RACERS


async def test_of_racing_operators_one_chooses(store: PostgresStore) -> None:
    units = await begin(store, started(), shut("operator"))

    async def race(worker_id: WorkerId) -> None:
        await units.run("select", lambda work: select(work, ORGANISATION, REQUEST, worker_id))

    outcomes = await asyncio.gather(*map(race, RACERS), return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [SelectionPending] * (len(RACERS) - 1)
    assert [type(event) for event in await stream(store)][2:] == [WorkerSelected]


async def test_an_end_among_racing_applicants_ends(store: PostgresStore) -> None:
    units = await begin(store, started(), opened(*RACERS), shut("applications"))

    async def race(worker_id: WorkerId) -> None:
        await units.run("apply", lambda work: apply(work, ORGANISATION, REQUEST, worker_id))

    ending = units.run("end", lambda work: end(work, ORGANISATION, REQUEST, "cancelled"))
    outcomes = await asyncio.gather(*map(race, RACERS[:4]), ending, *map(race, RACERS[4:]), return_exceptions=True)
    assert {type(each) for each in outcomes if each is not None} <= {ApplicationsClosed}
    assert (await stream(store))[-2:] == (BroadcastClosed(reason="request_ended"), AwardEnded(how="cancelled"))
