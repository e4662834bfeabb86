"""What operators look for on the board: groups, filters, words, and two orders that pages keep."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from doorstep_chassis.paging import CursorInvalid
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import create_view_tables
from gateway.views.board import BOARD
from gateway.views.listing import (
    Wish,
    group_sizes,
    recent_clients,
    request_row,
    requests_page,
    rows_of,
    workers_of,
)

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
KEY = bytes(32)
ORGANISATION = UUID(int=7)
WORKER, CLIENT = UUID(int=70), UUID(int=71)


def an_id(number: int) -> UUID:
    return UUID(f"0000000{number}-0000-4000-8000-000000000000")


class Board:
    def __init__(self, store: PostgresStore) -> None:
        self.store = store

    async def put(self, number: int, **values: Any) -> None:
        row = {
            "organisation_id": ORGANISATION,
            "request_id": an_id(number),
            "state": "launched",
            "created_at": NOW - timedelta(hours=number),
            "service": "menage",
            "postal_code": "69003",
            "starts_at": NOW + timedelta(days=5),
            "ends_at": NOW + timedelta(days=5, hours=2),
            "zone": "Europe/Paris",
            **values,
        }
        sent = [json.dumps(value) if isinstance(value, list) else value for value in row.values()]
        async with self.store.connection() as connection:
            await connection.execute(
                f"INSERT INTO board_requests_v2 ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})".encode(),
                sent,
            )

    async def seen(self, **wish: Any) -> list[int]:
        page = await requests_page(self.store, ORGANISATION, Wish(now=NOW, **wish), key=KEY, limit=50, cursor=None)
        return [int(str(row["request_id"])[7]) for row in page.rows]


@pytest.fixture
async def board(database: str) -> AsyncIterator[Board]:
    store = PostgresStore(database)
    await store.open()
    await create_view_tables(store, BOARD)
    yield Board(store)
    await store.close()


async def test_groups_part_the_board_without_rest(board: Board) -> None:
    past = {"starts_at": NOW - timedelta(hours=3), "ends_at": NOW}
    await board.put(1, state="draft", client_lacks=["review"])
    await board.put(2, state="draft")
    await board.put(3)
    await board.put(4, state="confirmed")
    await board.put(5, state="confirmed", **past)
    for number, state in ((6, "cancelled"), (7, "declined"), (8, "expired")):
        await board.put(number, state=state, client_lacks=["review"])

    found = {group: await board.seen(group=group) for group in ("review", "draft", "launched", "confirmed", "ended")}

    assert found == {"review": [1], "draft": [2], "launched": [3], "confirmed": [4], "ended": [5, 6, 7, 8]}
    assert await group_sizes(board.store, ORGANISATION, Wish(now=NOW, group="draft")) == {
        "review": 1,
        "launched": 1,
        "confirmed": 1,
        "draft": 1,
        "ended": 4,
    }


async def test_filters_hold_together(board: Board) -> None:
    await board.put(1, client_lacks=["validation", "address"], worker_lacks=[], worker_id=WORKER)
    await board.put(2, client_lacks=["validation"], worker_lacks=["selection"])
    await board.put(3, client_lacks=[], worker_lacks=["selection"], starts_at=NOW + timedelta(days=9))

    assert await board.seen(lacks=["validation"]) == [1, 2]
    assert await board.seen(lacks=["selection"]) == [2, 3]
    assert await board.seen(lacks=["address", "selection"]) == [1, 2, 3]
    assert await board.seen(worker_id=WORKER, lacks=["validation"]) == [1]
    assert await board.seen(state="draft", lacks=["validation"]) == []
    assert await board.seen(first_day=date(2026, 5, 26)) == [3]
    assert await board.seen(last_day=date(2026, 5, 25), lacks=["selection"]) == [2]
    sizes = await group_sizes(board.store, ORGANISATION, Wish(now=NOW, lacks=["selection"]))
    assert sizes == {"review": 0, "launched": 2, "confirmed": 0, "draft": 0, "ended": 0}


async def test_days_are_those_of_the_place(board: Board) -> None:
    late = datetime(2026, 5, 25, 21, 30, tzinfo=UTC)
    await board.put(1, starts_at=late, zone="Europe/Paris")
    await board.put(2, starts_at=late, zone="Indian/Reunion")
    assert await board.seen(last_day=date(2026, 5, 25)) == [1]
    assert await board.seen(first_day=date(2026, 5, 26)) == [2]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("69003", [1, 2]),
        ("974", [3]),
        ("jard", [2]),
        ("JARDINAGE", [2]),
        ("#00000003", [3]),
        ("00000003-0000", [3]),
        ("000", []),
        ("%", []),
        ("_", []),
        ("marie", []),
        ("  ", [1, 2, 3]),
    ],
)
async def test_words_find_ids_postal_codes_and_services(board: Board, words: str, found: list[int]) -> None:
    await board.put(1)
    await board.put(2, service="jardinage")
    await board.put(3, postal_code="97400")
    assert await board.seen(words=words.strip()) == found


async def test_clients_are_found_beside_words(board: Board) -> None:
    await board.put(1, client_id=CLIENT)
    await board.put(2, postal_code="97400")
    assert await board.seen(words="974", client_ids=[CLIENT]) == [1, 2]
    assert await board.seen(client_ids=[CLIENT]) == [1]


async def test_soonest_goes_by_the_first_deadline_that_still_counts(board: Board) -> None:
    await board.put(1, client_deadline=NOW + timedelta(hours=3), broadcast_deadline=NOW + timedelta(hours=9))
    await board.put(2, client_deadline=NOW + timedelta(hours=8), broadcast_deadline=NOW + timedelta(hours=1))
    await board.put(3, starts_at=NOW + timedelta(hours=2))
    await board.put(4, state="draft", expires_at=NOW + timedelta(minutes=5))
    await board.put(5, state="cancelled", client_deadline=NOW)

    assert await board.seen(order="soonest") == [4, 2, 3, 1, 5]
    assert await board.seen() == [1, 2, 3, 4, 5]
    row = await request_row(board.store, ORGANISATION, an_id(2))
    assert row is not None
    assert row["due"] == NOW + timedelta(hours=1)
    assert await request_row(board.store, UUID(int=8), an_id(2)) is None


@pytest.mark.parametrize("order", ["newest", "soonest"])
async def test_pages_go_on_among_rows_of_one_instant(board: Board, order: Any) -> None:
    for number in range(1, 8):
        await board.put(number, created_at=NOW)
    wish, seen, sizes, cursor = Wish(now=NOW, order=order), [], [], None
    while True:
        page = await requests_page(board.store, ORGANISATION, wish, key=KEY, limit=3, cursor=cursor)
        seen += [row["request_id"] for row in page.rows]
        sizes.append(len(page.rows))
        cursor = page.next_cursor
        if cursor is None:
            break
    ids = [an_id(number) for number in range(1, 8)]
    assert (sizes, seen) == ([3, 3, 1], ids if order == "soonest" else ids[::-1])


async def test_a_cursor_belongs_to_its_order(board: Board) -> None:
    await board.put(1)
    await board.put(2)
    page = await requests_page(board.store, ORGANISATION, Wish(now=NOW), key=KEY, limit=1, cursor=None)
    with pytest.raises(CursorInvalid):
        await requests_page(
            board.store, ORGANISATION, Wish(now=NOW, order="soonest"), key=KEY, limit=1, cursor=page.next_cursor
        )


async def test_what_lists_need_beside_rows(board: Board) -> None:
    await board.put(1, client_id=CLIENT)
    await board.put(2, client_id=UUID(int=72))
    await board.put(3, client_id=CLIENT)
    async with board.store.connection() as connection:
        for worker_id, active in ((1, False), (3, True), (2, True)):
            await connection.execute(
                "INSERT INTO board_workers_v2 VALUES (%s, %s, %s, '[]')", (ORGANISATION, UUID(int=worker_id), active)
            )

    assert await recent_clients(board.store, ORGANISATION, limit=5) == [CLIENT, UUID(int=72)]
    assert await recent_clients(board.store, ORGANISATION, limit=1) == [CLIENT]
    assert [row["worker_id"].int for row in await workers_of(board.store, ORGANISATION)] == [2, 3, 1]
    assert list(await rows_of(board.store, ORGANISATION, [an_id(2), an_id(9)])) == [an_id(2)]
