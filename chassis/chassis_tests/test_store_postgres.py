"""What only PostgreSQL can get wrong: two processes on one database, lost answers, rows of every type, gaps in the log."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from doorstep_chassis.store.mapper import UnknownEvent
from doorstep_chassis.store.model import Read, RowChange, StreamConflict, WrappedKeyRow
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.views import create_view_tables

from . import example
from .stores import CARDS, MARKS, VIEW, commit, event, log, numbers, opened


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with opened(database) as store:
        yield store


@pytest.fixture
async def other(store: PostgresStore, database: str) -> AsyncIterator[PostgresStore]:
    """The same database, as another process sees it."""
    other = PostgresStore(database)
    await other.open()
    yield other
    await other.close()


# Tables


async def test_processes_that_start_at_once_make_the_tables_together(database: str) -> None:
    # given an empty database, when several make its tables, again and again
    for _ in range(3):
        await asyncio.gather(*(asyncio.to_thread(create_tables, database) for _ in range(4)))
    # then they are there, and so with those of a view
    stores = [PostgresStore(database) for _ in range(4)]
    for each in stores:
        await each.open()
    for _ in range(3):
        await asyncio.gather(*(create_view_tables(each, VIEW) for each in stores))
    assert await stores[0].head() == 0
    assert await stores[0].load_rows([(CARDS, (example.ORGANISATION, "absent"))]) == {}
    for each in stores:
        await each.close()


# Rows


def card(key: str, **values: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(("total", "at", "open", "owner", "data", "order")),
        "organisation_id": example.ORGANISATION,
        "key": key,
        **values,
    }


async def test_rows_of_every_type_read_back_as_they_were_written(store: PostgresStore) -> None:
    rows = [
        card("nothing"),
        card("numbers", total=-(2**63), open=False),
        card("times", at=datetime(2026, 3, 29, 1, 30, 0, 123456, UTC), open=True),
        card("ids", owner=example.ORGANISATION, total=0),
        card("objects", data={"é": [1, 2.5, None, True, {"nested": 'quoted " \\'}]}),
        card("lists", data=[]),
        card("texts", data="text", order="select; -- é {} %s"),
    ]
    await commit(store, rows=[RowChange(CARDS, (row["organisation_id"], row["key"]), row, None) for row in rows])
    asked = [(CARDS, (row["organisation_id"], row["key"])) for row in rows]
    assert await store.load_rows([*asked, (CARDS, (example.ORGANISATION, "absent"))]) == dict(
        zip(asked, rows, strict=True)
    )


async def test_an_instant_is_the_same_in_every_zone(store: PostgresStore) -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=timezone(timedelta(hours=4)))
    await commit(store, rows=[RowChange(CARDS, (example.ORGANISATION, "k"), card("k", at=at), None)])
    ((_, row),) = (await store.load_rows([(CARDS, (example.ORGANISATION, "k"))])).items()
    assert row["at"] == datetime(2026, 3, 2, 6, tzinfo=UTC)


async def test_a_table_of_keys_alone_takes_and_loses_rows(store: PostgresStore) -> None:
    one, two = (MARKS, ("one",)), (MARKS, ("two",))
    await commit(store, rows=[RowChange(*at, {"key": at[1][0]}, None) for at in (one, two)])
    found = await store.load_rows([one, two])
    assert found == {one: {"key": "one"}, two: {"key": "two"}}
    await commit(store, rows=[RowChange(*one, {"key": "one"}, found[one]), RowChange(*two, None, found[two])])
    assert await store.load_rows([one, two]) == {one: {"key": "one"}}


async def test_many_rows_are_written_changed_and_taken_away_at_once(store: PostgresStore) -> None:
    keys = [(CARDS, (example.ORGANISATION, f"{number}")) for number in range(500)]
    await commit(store, rows=[RowChange(*at, card(at[1][1], total=0), None) for at in keys])
    before = await store.load_rows(keys)
    await commit(
        store,
        rows=[
            RowChange(*at, None if number % 3 == 0 else card(at[1][1], total=number), before[at])
            for number, at in enumerate(keys)
        ],
    )
    assert await store.load_rows(keys) == {
        at: card(at[1][1], total=number) for number, at in enumerate(keys) if number % 3
    }


async def test_two_processes_that_add_to_one_row_lose_nothing(store: PostgresStore, other: PostgresStore) -> None:
    at = (CARDS, (example.ORGANISATION, "k"))
    conflicts = 0

    async def add(through: PostgresStore) -> None:
        nonlocal conflicts
        while True:
            before = (await through.load_rows([at])).get(at)
            total = 1 if before is None else before["total"] + 1
            try:
                await commit(through, rows=[RowChange(*at, card("k", total=total), before)])
            except StreamConflict:
                conflicts += 1
            else:
                return

    await asyncio.gather(*[add(each) for each in (store, other) * 10])
    assert (await store.load_rows([at]))[at]["total"] == 20
    assert conflicts > 0


async def test_a_view_that_breaks_its_own_constraint_is_no_conflict(store: PostgresStore) -> None:
    """Deciding again would not help, for ever."""
    async with store.connection() as connection:
        await connection.execute("CREATE UNIQUE INDEX ON cards_v1 (total)")
    await commit(store, rows=[RowChange(CARDS, (example.ORGANISATION, "a"), card("a", total=1), None)])
    with pytest.raises(psycopg.errors.UniqueViolation):
        await commit(store, rows=[RowChange(CARDS, (example.ORGANISATION, "b"), card("b", total=1), None)])


# Groups


async def test_units_that_wait_share_transactions(store: PostgresStore) -> None:
    await asyncio.gather(*[commit(store, events=[event(str(number), 1)]) for number in range(50)])
    async with store.connection() as connection:
        cursor = await connection.execute("SELECT DISTINCT xmin::text FROM stored_events")
        assert len(await cursor.fetchall()) == 2


async def test_a_unit_that_cannot_be_written_fails_alone(store: PostgresStore) -> None:
    faulty = example.Noted.model_construct(key="lone surrogate \ud800", number=1)
    outcomes = await asyncio.gather(
        commit(store, events=[event("first", 1)]),
        *[commit(store, events=[event(str(number), 1)]) for number in range(3)],
        commit(store, events=[event("faulty", 1)._replace(event=faulty)]),
        commit(store, keys=[WrappedKeyRow(example.ORGANISATION, "a zero \0", "kek-1")]),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        *["Committed"] * 4,
        "PydanticSerializationError",
        "UntranslatableCharacter",
    ]
    assert sorted(await log(store)) == [("0", 1), ("1", 1), ("2", 1), ("first", 1)]


async def test_a_stream_that_cannot_be_read_hides_no_other(store: PostgresStore) -> None:
    await asyncio.gather(*[commit(store, events=[event(key, 1)]) for key in ("a", "b")])
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE stored_events SET topic = 'nobody.knows/1' WHERE originator_id = %s",
            (example.NOTES.at(example.ORGANISATION, "a").id,),
        )
    outcomes = await asyncio.gather(*[numbers(store, key) for key in ("c", "a", "b")], return_exceptions=True)
    assert (outcomes[0], type(outcomes[1]), outcomes[2]) == ([], UnknownEvent, [1])


async def test_of_two_units_that_wait_and_rest_on_each_other_one_is_refused(store: PostgresStore) -> None:
    a, b = (event(key, 1) for key in "ab")
    outcomes = await asyncio.gather(
        commit(store, events=[event("first", 1)]),
        commit(store, events=[a], reads=[Read(b.stream_id, 0)]),
        commit(store, events=[b], reads=[Read(a.stream_id, 0)]),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == ["Committed", "Committed", "StreamConflict"]
    assert sorted(await log(store)) == [("a", 1), ("first", 1)]
