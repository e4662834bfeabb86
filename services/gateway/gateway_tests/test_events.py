"""Streams of events: no gap and nothing twice, over restarts and between processes; bounded in number, time and memory."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from doorstep_chassis.auth import Principal
from doorstep_chassis.units import Units
from gateway.changes import feed as feed_module
from gateway.changes import stream as stream_module
from gateway.portals.session import Session

from .listening import ORGANISATION, PERSON, Gateway, append, bearer, hint, request, running


@pytest.fixture
async def gateway(database: str) -> AsyncIterator[Gateway]:
    async with running(database) as made:
        yield made


async def test_a_stream_tells_what_changes_in_the_order_in_which_it_was_stored(gateway: Gateway) -> None:
    await gateway.change(1)
    async with gateway.listen() as heard:
        await heard.opened()
        await gateway.change(2, 3)
        await gateway.change(2, kind="worker")
        assert await heard.events(3) == [hint(2), hint(3), hint(2, "worker")]
        assert heard.answer.headers["content-type"].startswith("text/event-stream")
        assert heard.answer.headers["cache-control"] == "no-store"
        positions = [int(each.partition("-")[2]) for each in heard.ids]
        assert positions == sorted(set(positions))


async def test_everybody_hears_their_own_alone(gateway: Gateway) -> None:
    worker = uuid4()
    async with (
        gateway.listen(token=bearer("worker", person=worker)) as theirs,
        gateway.listen(token=bearer("worker")) as others,
        gateway.listen() as operators,
    ):
        for each in (theirs, others, operators):
            await each.opened()
        await gateway.change(1, organisation=UUID(int=5))
        await gateway.change(2, workers=(worker,))
        await gateway.change(3, calls=True)
        await gateway.change(4, everyone=True)
        assert await operators.events(3) == [hint(2), hint(3), hint(4)]
        assert await theirs.events(3) == [
            hint(2),
            ("changed", {"kind": "calls", "request_id": None}),
            ("changed", {"kind": "request", "request_id": None}),
        ]
        assert await others.events(2) == [
            ("changed", {"kind": "calls", "request_id": None}),
            ("changed", {"kind": "request", "request_id": None}),
        ]


async def test_a_stream_resumes_behind_its_last_event(gateway: Gateway) -> None:
    async with gateway.listen() as heard:
        await heard.opened()
        await gateway.change(1, 2)
        await heard.events(2)
    await gateway.change(3, 4)
    async with gateway.listen(Last_Event_ID=heard.ids[-1]) as again:
        assert await again.opened() == heard.ids[-1]
        await gateway.change(5)
        assert await again.events(3) == [hint(3), hint(4), hint(5)]


async def test_the_id_that_a_stream_opens_with_is_one_to_resume_from(gateway: Gateway) -> None:
    async with gateway.listen() as heard:
        opened = await heard.opened()
    await gateway.change(1)
    async with gateway.listen(Last_Event_ID=opened) as again:
        assert await again.events(1) == [hint(1)]


async def test_it_resumes_over_a_restart_without_gap_or_double(database: str) -> None:
    async with running(database) as first, first.listen() as heard:
        await heard.opened()
        await first.change(1, 2)
        assert await heard.events(2) == [hint(1), hint(2)]
        await first.change(3)
        last = heard.ids[-1]
    async with running(database) as second:
        await second.change(4)
        async with second.listen(Last_Event_ID=last) as again:
            await second.change(5)
            assert await again.events(3) == [hint(3), hint(4), hint(5)]


async def test_what_another_process_stores_is_heard_too(database: str) -> None:
    async with running(database) as one, running(database) as other, one.listen() as heard:
        await heard.opened()
        await other.change(1)
        await one.change(2)
        assert await heard.events(2) == [hint(1), hint(2)]
        async with other.listen(Last_Event_ID=heard.ids[0]) as there:  # the same log, the same ids
            assert await there.events(2) == [hint(1), hint(2)]


async def test_many_writers_in_two_processes_leave_no_gap(database: str) -> None:
    async with running(database) as one, running(database) as other, one.listen() as heard, other.listen() as there:
        await heard.opened()
        await there.opened()
        await asyncio.gather(
            *(each.change(*range(start, start + 10)) for each in (one, other) for start in range(0, 100, 10))
        )
        told = await heard.events(200)
        assert told == await there.events(200)
        assert heard.ids[1:] == there.ids[1:]
        assert sorted(data["request_id"] for _, data in told) == sorted(2 * [str(request(n)) for n in range(100)])


async def test_a_stream_from_before_what_is_in_memory_reads_the_log(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "KEPT", 5)
    monkeypatch.setattr(feed_module, "BATCH", 3)
    async with running(database) as gateway:
        async with gateway.listen() as heard:
            opened = await heard.opened()
        for number in range(30):
            await gateway.change(number)
        async with gateway.listen(Last_Event_ID=opened) as again:
            assert await again.events(30) == [hint(number) for number in range(30)]


# Ids that cannot be resumed


async def reset(gateway: Gateway, event_id: str) -> tuple[Any, Any]:
    """What comes first for this id, and then for a change."""
    async with gateway.listen(Last_Event_ID=event_id) as heard:
        first = (await heard.events(1))[0]
        await gateway.change(7)
        return first, (await heard.events(1))[0]


@pytest.mark.parametrize("event_id", ["000000000000-1", "nonsense", "1", "-", "000000000000-", "ffff-1e9"])
async def test_an_id_of_another_log_gets_a_reset_first(gateway: Gateway, event_id: str) -> None:
    assert await reset(gateway, event_id) == (("reset", {"reason": "other_epoch"}), hint(7))


async def test_an_id_beyond_the_head_gets_a_reset_first(gateway: Gateway) -> None:
    async with gateway.listen() as heard:
        epoch, _, position = (await heard.opened()).partition("-")
    beyond = f"{epoch}-{int(position) + 1}"
    assert await reset(gateway, beyond) == (("reset", {"reason": "beyond_head"}), hint(7))


async def test_an_id_too_far_behind_gets_a_reset_first(database: str) -> None:
    async with running(database, events_furthest=3) as gateway:
        async with gateway.listen() as heard:
            opened = await heard.opened()
        await gateway.change(1, 2, 3)
        async with gateway.listen(Last_Event_ID=opened) as near:
            assert await near.events(1) == [hint(1)]
        await gateway.change(4)
        assert await reset(gateway, opened) == (("reset", {"reason": "too_far_behind"}), hint(7))


async def test_another_database_is_another_epoch_and_a_restart_is_not(database: str) -> None:
    epochs = []
    for _ in range(2):
        async with running(database) as gateway, gateway.listen() as heard:
            epochs.append((await heard.opened()).partition("-")[0])
    async with running(database) as gateway, gateway.store.connection() as connection:
        await connection.execute("DELETE FROM change_log")
    async with running(database) as gateway, gateway.listen() as heard:
        epochs.append((await heard.opened()).partition("-")[0])
    assert epochs[0] == epochs[1] != epochs[2]


# How a stream ends, and what it costs


async def test_a_quiet_stream_says_that_it_lives_and_moves_its_place(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.3)
    async with gateway.listen() as heard:
        opened = await heard.opened()
        await gateway.change(1, organisation=UUID(int=5))  # none of theirs
        async with asyncio.timeout(5):
            while heard.ids[-1] == opened:
                await heard.block()
        assert heard.comments >= 1


async def test_a_stream_ends_with_its_token(gateway: Gateway) -> None:
    began = time.monotonic()
    async with gateway.listen(token=bearer(lifetime=timedelta(seconds=2))) as heard:
        await heard.opened()
        async with asyncio.timeout(10):
            assert await heard.event() is None
    assert time.monotonic() - began < 4


async def test_streams_end_when_the_process_stops_and_hold_nobody_up(database: str) -> None:
    async with running(database) as gateway, gateway.listen() as heard:
        await heard.opened()
        began = time.monotonic()
        gateway.stop.set()
        assert await heard.event() is None
    assert time.monotonic() - began < 5


async def test_one_person_may_have_some_streams_and_all_together_more(database: str) -> None:
    async with running(database, streams_per_person=1, streams_at_most=2) as gateway:
        async with gateway.listen() as first:
            await first.opened()
            async with gateway.listen() as second:
                await second.answer.aread()
                assert (second.answer.status_code, second.answer.json()["code"]) == (429, "too_many_streams")
                assert int(second.answer.headers["retry-after"]) > 0
            async with (
                gateway.listen(token=bearer(person=uuid4())) as another,
                gateway.listen(token=bearer(person=uuid4())) as third,
            ):
                await another.opened()
                await third.answer.aread()
                assert (third.answer.status_code, third.answer.json()["code"]) == (503, "streams_exhausted")
                assert int(third.answer.headers["retry-after"]) > 0
        await until_free(gateway)


async def until_free(gateway: Gateway) -> None:
    """The same person may listen again."""
    async with asyncio.timeout(10):
        while True:
            async with gateway.listen() as heard:
                if heard.answer.status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def test_a_reader_who_does_not_read_is_cut_off_and_nothing_is_kept_for_them(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "SEND_SECONDS", 0.5)
    async with running(database, streams_per_person=1) as gateway:
        port = int(gateway.url.rpartition(":")[2])
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", port))
        head = f"GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer()}\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(deaf, head.encode())
        async with asyncio.timeout(5):
            while (await code(gateway)) != 429:
                await asyncio.sleep(0.05)

        async def shout() -> None:
            units = Units(gateway.store, gateway.context.clock, "gateway")
            while True:
                await asyncio.gather(*(append(units, number) for number in range(500)))

        shouting = asyncio.create_task(shout())
        async with asyncio.timeout(60):
            while (await code(gateway)) != 200:
                await asyncio.sleep(0.2)
        shouting.cancel()
        await asyncio.gather(shouting, return_exceptions=True)
        deaf.close()


async def code(gateway: Gateway) -> int:
    async with gateway.listen() as heard:
        return heard.answer.status_code


@pytest.mark.parametrize(("token", "expected"), [(None, "token_missing"), ("x", "token_invalid")])
async def test_without_a_good_token_there_is_no_stream(gateway: Gateway, token: str | None, expected: str) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http:
        answer = await http.get("/v1/events", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, expected)


async def test_a_services_own_token_hears_nothing(gateway: Gateway) -> None:
    async with gateway.listen(token=bearer("service")) as heard:
        await heard.answer.aread()
        assert (heard.answer.status_code, heard.answer.json()["code"]) == (403, "wrong_role")


# In a browser


async def session(gateway: Gateway, *, seconds: float = 3_600) -> Session:
    return await gateway.sessions.open(
        Principal(PERSON, ORGANISATION, "operator"),
        name="Odile",
        token="not looked at",
        expires_at=gateway.context.clock.now() + timedelta(seconds=seconds),
    )


async def test_a_page_hears_from_a_little_before_it_was_drawn(gateway: Gateway) -> None:
    signed_in = await session(gateway)
    await gateway.change(1)
    async with gateway.listen(path="/events", cookie=signed_in.secret) as heard:
        await gateway.change(2)
        assert await heard.events(2) == [hint(1), hint(2)]
    async with gateway.listen(path="/events", cookie=signed_in.secret, Last_Event_ID=heard.ids[1]) as again:
        assert await again.events(1) == [hint(2)]


async def test_a_page_drawn_in_quiet_times_hears_what_comes(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.changes.door.LOOK_BACK", timedelta(0))
    await gateway.change(1)
    async with gateway.listen(path="/events", cookie=(await session(gateway)).secret) as heard:
        await heard.opened()
        await gateway.change(2)
        assert await heard.events(1) == [hint(2)]


async def test_a_page_can_notice_that_nothing_comes_any_more(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.2)
    async with gateway.listen(path="/events", cookie=(await session(gateway)).secret) as heard:
        opened = await heard.opened()
        assert await heard.block() == {"event": "alive", "data": "", "id": opened}


async def test_a_pages_stream_ends_with_its_session(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.2)
    signed_in, short = await session(gateway), await session(gateway, seconds=1)
    async with (
        gateway.listen(path="/events", cookie=signed_in.secret) as heard,
        gateway.listen(path="/events", cookie=short.secret) as other,
    ):
        await heard.opened()
        await other.opened()
        await gateway.sessions.close(signed_in)
        async with asyncio.timeout(5):
            for each in (heard, other):
                while (block := await each.block()) is not None:
                    assert block["event"] == "alive"


@pytest.mark.parametrize(
    ("cookie", "site", "expected"),
    [("", "same-origin", (401, "not_signed_in")), (None, "cross-site", (403, "cross_site"))],
)
async def test_a_stranger_or_another_site_hears_nothing(
    gateway: Gateway, cookie: str | None, site: str, expected: tuple[int, str]
) -> None:
    secret = (await session(gateway)).secret if cookie is None else cookie
    async with gateway.listen(path="/events", cookie=secret, Sec_Fetch_Site=site) as heard:
        await heard.answer.aread()
        assert (heard.answer.status_code, heard.answer.json()["code"]) == expected
