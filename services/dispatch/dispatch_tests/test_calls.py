"""The calls of a worker: theirs alone, and nothing in them betrays an award that is not out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from dispatch.domain.award.events import ApplicantPassed, AwardEnded, AwardEvent, BroadcastClosed
from dispatch.domain.award.state import AWARD
from dispatch.domain.ids import SelectionId, WorkerId
from dispatch.views.calls import CALLS, CALLS_VIEW, calls_of, seen_by
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.testing import Story
from doorstep_chassis.units import Units
from doorstep_chassis.views import checksum
from doorstep_chassis.work import Work

from .world import (
    ANNE,
    BRUNO,
    CHLOE,
    CREATOR,
    DEADLINE,
    ELSEWHERE,
    NOW,
    ORGANISATION,
    REQUEST,
    S2,
    SELF_NEW,
    SLOT,
    an_id,
    applied,
    assigned,
    failed,
    opened,
    selected,
    shut,
    started,
)

CALL = (started(), opened(ANNE, BRUNO, CHLOE, award="first_come"), shut("applications"))
AWARDED = (
    *CALL,
    applied(ANNE),
    selected(ANNE, "policy"),
    applied(BRUNO),
    applied(CHLOE),
    failed(ANNE),
    ApplicantPassed(worker_id=BRUNO, reasons=("inactive",)),
    selected(CHLOE, "policy", S2),
)
OUT = (*AWARDED, assigned(CHLOE, SelectionId(S2)), BroadcastClosed(reason="assigned"))


async def told(*events: AwardEvent) -> Story:
    story = Story("dispatch", NOW)
    await story.given(AWARD.at(ORGANISATION, REQUEST), *events)
    await story.project(CALLS_VIEW)
    return story


async def row(story: Story) -> Any:
    return await story.run(lambda work: work.row(CALLS, ORGANISATION, REQUEST))


async def standings(*events: AwardEvent) -> dict[WorkerId, tuple[str, list[str]]]:
    found = await row(await told(*events))
    seen = {worker_id: seen_by(worker_id, found) for worker_id in (ANNE, BRUNO, CHLOE)}
    return {worker_id: (call["state"], call["reasons"]) for worker_id, call in seen.items()}


async def test_a_call_is_one_row_without_a_word_about_the_client() -> None:
    assert await row(await told(*CALL)) == {
        "organisation_id": ORGANISATION,
        "request_id": REQUEST,
        "service": "menage",
        "postal_code": "69003",
        "starts_at": SLOT.start,
        "ends_at": SLOT.end,
        "zone": "Europe/Paris",
        "rate_cents": 2590,
        "currency": "EUR",
        "deadline": DEADLINE,
        "state": "open",
        "assigned_to": None,
        "called": [str(ANNE), str(BRUNO), str(CHLOE)],
        "applied": {},
        "setbacks": {},
    }


async def test_only_the_eligible_are_called() -> None:
    call = opened(ANNE, BRUNO)
    passed_over = call.verdicts[1].model_copy(update={"reasons": ("inactive",)})
    found = await row(await told(started(), call.model_copy(update={"verdicts": (call.verdicts[0], passed_over)})))
    assert found["called"] == [str(ANNE)]


async def test_a_creator_who_applied_without_a_call_sees_none() -> None:
    story = await told(
        started(SELF_NEW), applied(CREATOR), selected(CREATOR, "policy"), failed(CREATOR), AwardEnded(how="expired")
    )
    assert await row(story) is None
    assert (
        await row(await told(started(SELF_NEW), applied(CREATOR), selected(CREATOR, "policy"), assigned(CREATOR)))
        is None
    )


async def test_nothing_betrays_the_award_before_it_is_out() -> None:
    assert await standings(*AWARDED) == {ANNE: ("applied", []), BRUNO: ("applied", []), CHLOE: ("applied", [])}


async def test_once_it_is_out_the_losers_are_told_why() -> None:
    assert await standings(*OUT) == {
        ANNE: ("not_chosen", ["overlap"]),
        BRUNO: ("not_chosen", ["inactive"]),
        CHLOE: ("assigned", []),
    }
    assert await standings(*CALL, applied(ANNE), applied(BRUNO), selected(ANNE), assigned(ANNE)) == {
        ANNE: ("assigned", []),
        BRUNO: ("not_chosen", ["another_chosen"]),
        CHLOE: ("open", []),
    }


async def test_a_deadline_leaves_applicants_waiting_and_an_end_does_not() -> None:
    closed = (*CALL, applied(ANNE), BroadcastClosed(reason="deadline"))
    assert (await standings(*closed))[ANNE] == ("applied", [])
    assert (await standings(*closed, AwardEnded(how="cancelled")))[ANNE] == ("ended", [])


async def test_a_story_told_twice_gives_equal_rows() -> None:
    story = await told(*OUT)
    first = await row(story)
    await story.project(CALLS_VIEW, "test.view.again")
    assert await row(story) == first


# On PostgreSQL


async def project(store: PostgresStore, consumer: str) -> None:
    engine = Engine(consumer, store, CALLS_VIEW.handlers, log_decoder("/doorstep/test"), FixedClock(NOW).now)
    await engine.assign(LOG, 1)
    await engine.handle({LOG: [log_record(entry) for entry in await store.log_after(0, 10_000)]})


async def tell(
    store: PostgresStore, request_id: UUID, *events: AwardEvent, organisation_id: UUID = ORGANISATION
) -> None:
    def append(work: Work) -> None:
        work.append(AWARD.at(organisation_id, request_id), *events)

    await Units(store, FixedClock(NOW), "dispatch").run("given", append)


async def seen(store: PostgresStore, worker_id: UUID, **changes: Any) -> list[tuple[UUID, str]]:
    found = await calls_of(store, **{"organisation_id": ORGANISATION, "worker_id": worker_id, "now": NOW, **changes})
    return [(call["request_id"], call["state"]) for call in found]


async def test_a_worker_finds_what_is_open_for_them_and_what_they_applied_to(store: PostgresStore) -> None:
    later = opened(ANNE, deadline=DEADLINE + timedelta(hours=1)).model_copy(
        update={"slot": SLOT.model_copy(update={"start": SLOT.start + timedelta(hours=1)})}
    )
    await tell(store, an_id(101), started(), later)
    await tell(store, an_id(102), *CALL)
    await tell(store, an_id(103), *OUT)
    await tell(store, an_id(104), *CALL, BroadcastClosed(reason="deadline"))
    await tell(
        store, an_id(105), *CALL, applied(ANNE), BroadcastClosed(reason="request_ended"), AwardEnded(how="expired")
    )
    await tell(store, an_id(106), *CALL, organisation_id=ELSEWHERE)
    await project(store, "view")
    assert await seen(store, ANNE) == [
        (an_id(102), "open"),
        (an_id(103), "not_chosen"),
        (an_id(105), "ended"),
        (an_id(101), "open"),
    ]
    assert await seen(store, CREATOR) == []
    assert await seen(store, ANNE, organisation_id=ELSEWHERE) == [(an_id(106), "open")]
    after = DEADLINE + timedelta(microseconds=1)
    assert await seen(store, ANNE, now=after) == [
        (an_id(103), "not_chosen"),
        (an_id(105), "ended"),
        (an_id(101), "open"),
    ]
    assert await seen(store, ANNE, now=SLOT.end + timedelta(microseconds=1)) == []


async def test_replayed_twice_the_view_is_the_same(store: PostgresStore) -> None:
    await tell(store, an_id(101), *OUT)
    await tell(store, an_id(102), *CALL)
    await project(store, "view")
    first = await checksum(store, CALLS_VIEW)
    await project(store, "view.again")
    assert await checksum(store, CALLS_VIEW) == first
    async with store.connection() as connection:
        await connection.execute("TRUNCATE calls_v1")
    await project(store, "view.rebuilt")
    assert await checksum(store, CALLS_VIEW) == first
