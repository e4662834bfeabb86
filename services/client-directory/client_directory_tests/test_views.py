"""The read models: what they hold, and that a replay makes the same of the same log and topics."""

from datetime import timedelta
from typing import Any

from client_directory.views.clients import CLIENTS, CLIENTS_VIEW
from client_directory.views.reviews import REVIEWS_VIEW
from client_directory.views.served import SERVED, SERVED_VIEW
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.testing import Story
from doorstep_chassis.views import View, checksum
from sqlalchemy import Table

from .door import Door
from .world import (
    AWAY,
    HOME,
    MARIE,
    NOW,
    ON_FILE,
    ORGANISATION,
    OTHER_WORKER,
    PAUL,
    SECOND,
    WORKER,
    an_id,
    cancelled,
    drafted,
    given_client,
    key_issued,
    launched,
    put_on_file,
    visit_cancelled,
    visit_scheduled,
)


async def empty(store: PostgresStore, view: View) -> None:
    async with store.connection() as connection:
        for table in view.tables:
            await connection.execute(f"TRUNCATE {table.name}".encode())


async def rows(story: Story, table: Table, *keys: Any) -> list[Any]:
    return await story.run(lambda work: [work.row(table, ORGANISATION, key) for key in keys])


async def test_the_views_of_the_log_are_the_same_after_a_replay(door: Door) -> None:
    await door.units.run("given", lambda work: put_on_file(work, ON_FILE, MARIE, address=AWAY))
    doubtful = {**MARIE, "phone": PAUL["phone"]}
    await door.hear(key_issued(), drafted(doubtful), cancelled())
    await door.hear(key_issued(SECOND), drafted(doubtful, request_id=SECOND))
    await door.hear(
        key_issued(an_id(12)), drafted(PAUL | {"email": None, "phone": "+33 1 42 68 53 00"}, request_id=an_id(12))
    )
    await door.ask("POST", f"/reviews/{SECOND}/decision", {"new": True})
    await door.hear(launched(request_id=an_id(12)))
    await door.hear(key_issued(an_id(13)), drafted(doubtful | {"first_name": "Luc"}, request_id=an_id(13)))

    for view, count in ((CLIENTS_VIEW, 3), (REVIEWS_VIEW, 1)):
        first = await checksum(door.store, view)
        assert first.startswith(f"{count}:")
        await door.follow(view, f"{view.name}.on.top")
        assert await checksum(door.store, view) == first
        await empty(door.store, view)
        await door.follow(view, f"{view.name}.from.nothing")
        assert await checksum(door.store, view) == first


async def test_a_client_as_the_list_has_them() -> None:
    story = Story("client-directory", NOW)
    await given_client(story, address=None)
    await story.project(CLIENTS_VIEW, "clients")
    [before] = await rows(story, CLIENTS, ON_FILE)
    story.clock.advance(timedelta(days=1))
    await given_client(story, an_id(33), PAUL, address=HOME)
    await story.project(CLIENTS_VIEW, "clients")

    unchanged, paul = await rows(story, CLIENTS, ON_FILE, an_id(33))

    assert (before["known"], before["postal_code"], before["address"], before["created_at"]) == (True, None, None, NOW)
    assert unchanged == before
    assert (paul["postal_code"], paul["created_at"]) == ("69003", NOW + timedelta(days=1))
    assert paul["address"].startswith("s1.")


class Visits:
    """The view of served clients, told of visits in any order."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._records = Story("client-directory", NOW)

    async def told(self, consumer: str, *events: Any) -> None:
        engine = Engine(consumer, self._store, SERVED_VIEW.handlers, EventDecoder(), FixedClock(NOW).now)
        placed = []
        for offset, event in enumerate(events):
            record = self._records.record(event)
            placed.append(Record(record.partition, 1, offset, record.key, record.headers, record.value))
        await engine.assign(placed[0].partition, 1)
        await engine.handle({placed[0].partition: placed})


async def test_the_visits_are_the_same_in_every_order_and_after_a_replay(store: PostgresStore) -> None:
    scheduled = [visit_scheduled(60, ON_FILE), visit_scheduled(61, ON_FILE, worker_id=OTHER_WORKER)]
    orders = [[*scheduled, visit_cancelled(60, ON_FILE)], [visit_cancelled(60, ON_FILE), *scheduled]]
    sums = []
    for number, order in enumerate(orders):
        visits = Visits(store)
        await visits.told(f"first.{number}", *order)
        sums.append(await checksum(store, SERVED_VIEW))
        await visits.told(f"on.top.{number}", *order)
        sums.append(await checksum(store, SERVED_VIEW))
        await empty(store, SERVED_VIEW)

    assert sums == [sums[0]] * 4
    assert sums[0].startswith("2:")


async def test_a_visit_as_the_view_has_it(store: PostgresStore) -> None:
    await Visits(store).told("visits", visit_cancelled(60, ON_FILE), visit_scheduled(60, ON_FILE))

    assert await store.load_rows([(SERVED, (ORGANISATION, an_id(60)))]) == {
        (SERVED, (ORGANISATION, an_id(60))): {
            "organisation_id": ORGANISATION,
            "visit_id": an_id(60),
            "worker_id": WORKER,
            "client_id": ON_FILE,
            "ends_at": NOW,
            "cancelled": True,
        }
    }
