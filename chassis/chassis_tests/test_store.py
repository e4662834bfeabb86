"""What every store promises; the one in memory and PostgreSQL's pass the same tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from doorstep_chassis.consumer.decoding import LONGEST_SOURCE
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import (
    Close,
    DeadLetterMark,
    Partition,
    PositionConflict,
    Read,
    RowChange,
    Snapshot,
    StreamConflict,
    WrappedKeyRow,
)
from doorstep_chassis.store.port import Store
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_local.postgres import Postgres

from . import example
from .stores import CARDS, CONSUMER, NOTES, SOURCE, commit, empty, event, log, move, numbers, opened, parked

PERSON = UUID("00000000-0000-4000-8000-000000000001")


class StoreTests:
    """The tests of a store; each subclass says which."""

    # Streams and the log

    async def test_a_stream_reads_back_as_it_was_written(self, store: Store) -> None:
        await commit(store, events=[event("a", 1, 10), event("a", 2, 20)])
        await commit(store, events=[event("a", 3, 30)])
        assert await numbers(store, "a") == [10, 20, 30]
        assert await numbers(store, "b") == []

    async def test_a_version_is_taken_once(self, store: Store) -> None:
        await commit(store, events=[event("a", 1, 10)])
        with pytest.raises(StreamConflict):
            await commit(store, events=[event("a", 1, 11)])
        assert await numbers(store, "a") == [10]

    async def test_what_a_unit_rests_on_must_be_as_it_was_read(self, store: Store) -> None:
        await commit(store, events=[event("a", 1)])
        a, b, c = (example.NOTES.at(example.ORGANISATION, key).id for key in "abc")
        # given a unit that read both as they are: it is written
        await commit(store, events=[event("c", 1)], reads=[Read(a, 1), Read(b, 0)])
        # and of one that read another before somebody added to it, nothing is
        for stale in (Read(a, 0), Read(c, 0)):
            with pytest.raises(StreamConflict):
                await commit(store, events=[event("b", 1)], reads=[Read(b, 0), stale])
            with pytest.raises(StreamConflict):
                await commit(store, moves=[move(0, offset=1)], reads=[stale])
        assert (await numbers(store, "b"), await numbers(store, "c")) == ([], [1])
        assert (await store.snapshot(CONSUMER, NOTES)).version == 0

    async def test_two_streams_are_written_together_or_not_at_all(self, store: Store) -> None:
        await commit(store, events=[event("b", 1, 10)])
        with pytest.raises(StreamConflict):
            await commit(store, events=[event("a", 1), event("b", 1)])
        assert (await numbers(store, "a"), await numbers(store, "b")) == ([], [10])
        await commit(store, events=[event("a", 1, 11), event("b", 2, 12)])
        assert (await numbers(store, "a"), await numbers(store, "b")) == ([11], [10, 12])

    async def test_the_log_is_in_the_order_of_the_commits(self, store: Store) -> None:
        await commit(store, events=[event("b", 1), event("a", 1)])
        await commit(store, events=[event("b", 2)])
        entries = await store.log_after(0, 10)
        assert [(entry.position, entry.meta.key, entry.version) for entry in entries] == [
            (1, "b", 1),
            (2, "a", 1),
            (3, "b", 2),
        ]
        assert [entry.event for entry in entries] == [
            example.Noted(key="b", number=1),
            example.Noted(key="a", number=1),
            example.Noted(key="b", number=2),
        ]
        assert [entry.position for entry in await store.log_after(1, 1)] == [2]
        assert await store.log_after(3, 10) == []
        assert await store.head() == 3

    async def test_a_commit_says_where_its_events_stand(self, store: Store) -> None:
        first = await commit(store, events=[event("a", 1)])
        second = await commit(store, events=[event("a", 2), event("b", 1)])
        assert (first.previous_head, [entry.position for entry in first.entries]) == (0, [1])
        assert (second.previous_head, [entry.position for entry in second.entries]) == (1, [2, 3])
        assert [(entry.event, entry.meta) for entry in second.entries] == [
            (entry.event, entry.meta) for entry in await store.log_after(1, 10)
        ]

    # Positions (delivery rules 1, 2 and 7)

    async def test_a_position_starts_at_nothing(self, store: Store) -> None:
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(0, 0, 0, {}, [])

    async def test_each_move_raises_the_version(self, store: Store) -> None:
        await commit(store, moves=[move(0, offset=3, tracking={SOURCE: 7})])
        await commit(store, moves=[move(1, offset=5, tracking={"/other": 1})])
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(2, 5, 1, {SOURCE: 7, "/other": 1}, [])

    @pytest.mark.parametrize("version", [0, 1, 3])
    async def test_a_move_from_another_version_is_refused(self, store: Store, version: int) -> None:
        await commit(store, moves=[move(0, offset=3)])
        await commit(store, moves=[move(1, offset=4)])
        with pytest.raises(PositionConflict):
            await commit(store, events=[event("a", 1)], moves=[move(version, offset=9, tracking={SOURCE: 9})])
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(2, 4, 1, {}, [])
        assert await store.head() == 0

    async def test_of_many_first_moves_one_is_first(self, store: Store) -> None:
        outcomes = await asyncio.gather(
            *[commit(store, moves=[move(0, offset=number)]) for number in range(1, 6)], return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed"] + ["PositionConflict"] * 4
        assert (await store.snapshot(CONSUMER, NOTES)).version == 1

    async def test_a_unit_of_another_generation_is_refused(self, store: Store) -> None:
        await commit(store, moves=[move(0, offset=3, generation=2)])
        for generation in (1, 3):
            with pytest.raises(PositionConflict):
                await commit(store, moves=[move(1, offset=4, generation=generation)])
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(1, 3, 2, {}, [])

    async def test_offset_and_tracking_only_move_forward(self, store: Store) -> None:
        await commit(store, moves=[move(0, offset=3, tracking={SOURCE: 7})])
        await commit(store, moves=[move(1, offset=2, tracking={SOURCE: 6})])
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(2, 3, 1, {SOURCE: 7}, [])

    async def test_the_longest_source_has_its_own_sequence(self, store: Store) -> None:
        source = "😀" * LONGEST_SOURCE
        await commit(store, moves=[move(0, offset=1, tracking={source: 1})])
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(1, 1, 1, {source: 1}, [])

    async def test_consumers_and_partitions_keep_their_own_positions(self, store: Store) -> None:
        other = Partition("notes.v1", 11)
        await commit(
            store,
            moves=[
                move(0, offset=1, tracking={SOURCE: 1}),
                move(0, offset=2, partition=other, tracking={SOURCE: 2}),
                move(0, offset=3, consumer="example.view", tracking={SOURCE: 3}),
            ],
        )
        with pytest.raises(PositionConflict):
            await commit(store, moves=[move(1, offset=9), move(0, offset=9, partition=other)])
        assert [
            await store.snapshot(CONSUMER, NOTES),
            await store.snapshot(CONSUMER, other),
            await store.snapshot("example.view", NOTES),
            await store.snapshot(CONSUMER, Partition("notes.v1", 1)),
        ] == [
            Snapshot(1, 1, 1, {SOURCE: 1}, []),
            Snapshot(1, 2, 1, {SOURCE: 2}, []),
            Snapshot(1, 3, 1, {SOURCE: 3}, []),
            Snapshot(0, 0, 0, {}, []),
        ]

    async def test_a_snapshot_is_of_one_instant(self, store: Store) -> None:
        """Version, next offset, T and the letters are written together and must be seen together."""

        async def write() -> None:
            for number in range(40):
                await commit(
                    store,
                    moves=[move(number, offset=number + 1, tracking={SOURCE: number + 1})],
                    parked=[parked(number)],
                )

        writing = asyncio.create_task(write())
        while not writing.done():
            snapshot = await store.snapshot(CONSUMER, NOTES)
            assert snapshot.next_offset == snapshot.tracking.get(SOURCE, 0) == len(snapshot.marks) == snapshot.version
            await asyncio.sleep(0)
        await writing
        assert (await store.snapshot(CONSUMER, NOTES)).version == 40

    # Dead letters (delivery rules 3 to 5)

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"key": None, "block_key": None},
            {"value": None},
            {"headers": ()},
            {"headers": (("ce_id", None), ("ce_id", b"\xff\x00"), ("é", b""))},
            {"headers": (("\0", b"1"),)},
            {"key": b"\xff\x00", "value": b"\x00", "block_key": "\\xff\\x00"},
            {"source": None, "sequence": None, "subject": None, "tracking": {SOURCE: 4, "/other": 2**62}},
            {"sequence": 2**63 - 1, "subject": "é ' \" \\ {}"},
        ],
        ids=lambda changes: ",".join(changes) or "plain",
    )
    async def test_a_letter_keeps_the_untouched_bytes(self, store: Store, changes: dict[str, Any]) -> None:
        await commit(store, moves=[move(0, offset=5)], parked=[parked(4, **changes)])
        (letter,) = await store.open_letters(CONSUMER)
        assert (letter.parked, letter.state, letter.attempts) == (parked(4, **changes), "open", 0)

    async def test_a_place_is_parked_once(self, store: Store) -> None:
        await commit(store, parked=[parked(4)])
        await commit(store, parked=[parked(4, value=b"other")])
        others = [
            parked(5),
            parked(4, generation=2),
            parked(4, partition=Partition("notes.v1", 1)),
            parked(4, partition=Partition("more.v1", 0)),
            parked(4, consumer="example.view"),
        ]
        await commit(store, parked=others)
        assert [letter.parked for letter in await store.letters()] == [parked(4), *others]

    async def test_letters_are_told_by_consumer_topic_and_state(self, store: Store) -> None:
        more = Partition("more.v1", 0)
        await commit(
            store, parked=[parked(4), parked(4, partition=more), parked(4, consumer="example.view"), parked(5)]
        )
        first, *_ = await store.letters()
        await commit(store, closes=[Close(first.id, "applied")])
        assert [letter.parked for letter in await store.open_letters(CONSUMER)] == [
            parked(4, partition=more),
            parked(5),
        ]
        assert [letter.parked for letter in await store.open_letters(CONSUMER, "notes.v1")] == [parked(5)]
        assert [letter.parked for letter in await store.letters(state="applied")] == [parked(4)]
        assert [letter.parked for letter in await store.letters(consumer="example.view", topic="notes.v1")] == [
            parked(4, consumer="example.view")
        ]

    async def test_a_letter_is_closed_once(self, store: Store) -> None:
        await commit(store, moves=[move(0)], parked=[parked(4), parked(5)])
        one, two = [letter.id for letter in await store.open_letters(CONSUMER)]
        await commit(store, closes=[Close(one, "applied")])
        with pytest.raises(PositionConflict):
            await commit(
                store, events=[event("a", 1)], moves=[move(1)], closes=[Close(two, "applied"), Close(one, "discarded")]
            )
        assert [(each.id, each.state, each.attempts) for each in await store.letters()] == [
            (one, "applied", 1),
            (two, "open", 0),
        ]
        assert ((await store.snapshot(CONSUMER, NOTES)).version, await store.head()) == (1, 0)

    async def test_attempts_are_counted(self, store: Store) -> None:
        await commit(store, parked=[parked(4)])
        (letter,) = await store.open_letters(CONSUMER)
        await commit(store, closes=[Close(letter.id, "open")])
        await commit(store, closes=[Close(letter.id, "open")])
        await commit(store, closes=[Close(letter.id, "discarded")])
        assert await store.letters() == [replace(letter, state="discarded", attempts=3)]

    async def test_a_snapshot_shows_open_and_closed_letters(self, store: Store) -> None:
        unreadable = parked(5, source=None, sequence=None, subject=None, tracking={})
        await commit(store, moves=[move(0, offset=6)], parked=[parked(4), unreadable])
        first, _ = await store.open_letters(CONSUMER)
        await commit(store, closes=[Close(first.id, "discarded")])
        assert await store.snapshot(CONSUMER, NOTES) == Snapshot(
            1,
            6,
            1,
            {},
            [
                DeadLetterMark(b"digest 4", False, SOURCE, 5, "k", "k"),
                DeadLetterMark(b"digest 5", True, None, None, None, "k"),
            ],
        )

    # Keys

    async def test_a_key_is_kept_replaced_and_forgotten(self, store: Store) -> None:
        other = UUID(int=2)
        await commit(store, keys=[WrappedKeyRow(PERSON, "one", "kek-1"), WrappedKeyRow(other, "two", "kek-1")])
        await commit(store, keys=[WrappedKeyRow(PERSON, "three", "kek-2")])
        assert await store.load_keys([PERSON, other, UUID(int=3)]) == {
            PERSON: WrappedKeyRow(PERSON, "three", "kek-2"),
            other: WrappedKeyRow(other, "two", "kek-1"),
        }
        await commit(store, keys=[WrappedKeyRow(PERSON, None)])
        assert await store.load_keys([PERSON, other]) == {other: WrappedKeyRow(other, "two", "kek-1")}

    async def test_of_several_changes_to_a_key_the_last_holds(self, store: Store) -> None:
        kept, gone = WrappedKeyRow(PERSON, "one", "kek-1"), WrappedKeyRow(PERSON, None)
        await commit(store, keys=[kept, gone])
        assert await store.load_keys([PERSON]) == {}
        await commit(store, keys=[gone, replace(kept, wrapped="two"), replace(kept, wrapped="three")])
        assert await store.load_keys([PERSON]) == {PERSON: replace(kept, wrapped="three")}

    # Rows

    async def test_a_row_is_written_changed_and_taken_away(self, store: Store) -> None:
        at = (CARDS, (example.ORGANISATION, "k"))
        row = {"organisation_id": example.ORGANISATION, "key": "k", **dict.fromkeys(("at", "open", "owner", "order"))}
        assert await store.load_rows([at]) == {}
        await commit(store, rows=[RowChange(*at, {**row, "total": 1, "data": [1]}, None)])
        first = (await store.load_rows([at]))[at]
        assert first == {**row, "total": 1, "data": [1]}
        await commit(store, rows=[RowChange(*at, {**row, "total": 2, "data": None}, first)])
        second = (await store.load_rows([at]))[at]
        assert second == {**row, "total": 2, "data": None}
        await commit(store, rows=[RowChange(*at, None, second)])
        assert await store.load_rows([at]) == {}

    async def test_a_row_that_was_changed_since_it_was_read_is_refused(self, store: Store) -> None:
        at = (CARDS, (example.ORGANISATION, "k"))
        row = {"organisation_id": example.ORGANISATION, "key": "k"}
        await commit(store, rows=[RowChange(*at, {**row, "total": 1}, None)])
        before = (await store.load_rows([at]))[at]
        await commit(store, rows=[RowChange(*at, {**row, "total": 2}, before)])
        after = {**row, "total": 3}
        for change in (RowChange(*at, after, None), RowChange(*at, after, before), RowChange(*at, None, before)):
            with pytest.raises(StreamConflict):
                await commit(store, moves=[move(0)], rows=[change])
        assert (await store.load_rows([at]))[at]["total"] == 2
        assert (await store.snapshot(CONSUMER, NOTES)).version == 0

    async def test_a_row_that_is_gone_since_it_was_read_is_refused(self, store: Store) -> None:
        at = (CARDS, (example.ORGANISATION, "k"))
        row = {"organisation_id": example.ORGANISATION, "key": "k", "total": 1}
        await commit(store, rows=[RowChange(*at, row, None)])
        before = (await store.load_rows([at]))[at]
        await commit(store, rows=[RowChange(*at, None, before)])
        for values in (row, None):
            with pytest.raises(StreamConflict):
                await commit(store, rows=[RowChange(*at, values, before)])
        assert await store.load_rows([at]) == {}

    # The relay (delivery rule 6)

    async def test_only_the_newest_epoch_stores_a_position(self, store: Store) -> None:
        first, position = await store.take_relay()
        assert position == 0
        assert await store.store_relay_position(first, 5)
        second, position = await store.take_relay()
        assert (second > first, position) == (True, 5)
        assert not await store.store_relay_position(first, 9)
        assert await store.store_relay_position(second, 7)
        assert await store.store_relay_position(second, 6)
        assert (await store.take_relay())[1] == 7

    # Units

    @pytest.mark.parametrize("reason", ["stream", "position", "letter"])
    async def test_a_unit_is_written_whole_or_not_at_all(self, store: Store, reason: str) -> None:
        await commit(store, events=[event("a", 1, 10)], moves=[move(0, offset=1)], parked=[parked(0)])
        (letter,) = await store.open_letters(CONSUMER)
        await commit(store, closes=[Close(letter.id, "discarded")])
        before = (await store.snapshot(CONSUMER, NOTES), await store.letters(), await log(store))
        with pytest.raises((StreamConflict, PositionConflict)):
            await commit(
                store,
                events=[event("b", 1), event("a", 1 if reason == "stream" else 2)],
                moves=[move(0 if reason == "position" else 1, offset=9, tracking={SOURCE: 9})],
                parked=[parked(8)],
                keys=[WrappedKeyRow(PERSON, "one", "kek-1")],
                closes=[Close(letter.id, "applied")] if reason == "letter" else [],
            )
        assert (await store.snapshot(CONSUMER, NOTES), await store.letters(), await log(store)) == before
        assert await store.load_keys([PERSON]) == {}

    async def test_of_fifty_at_once_only_the_one_in_conflict_fails(self, store: Store) -> None:
        await commit(store, events=[event("25", 1, 99)])
        outcomes = await asyncio.gather(
            *[commit(store, events=[event(str(number), 1)]) for number in range(50)], return_exceptions=True
        )
        assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, StreamConflict)] == [25]
        assert sorted(await log(store)) == sorted([("25", 99), *((str(n), 1) for n in range(50) if n != 25)])
        positions = [entry.position for outcome in outcomes for entry in getattr(outcome, "entries", ())]
        assert positions == [
            entry.position
            for number in range(50)
            for entry in await store.log_after(0, 100)
            if entry.meta.key == str(number) != "25"
        ]


class TestMemoryStore(StoreTests):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    name = f"test_store_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


class TestPostgresStore(StoreTests):
    @pytest.fixture
    async def store(self, url: str) -> AsyncIterator[PostgresStore]:
        async with opened(url) as store:
            yield store
            await empty(store)
