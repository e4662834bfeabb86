"""Callers that are slow or say too much get an end, and nobody else has to wait for it."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from doorstep_chassis.connections import MAX_HEAD_BYTES, MAX_URL_BYTES, BoundedRequests, GuardedConnection
from doorstep_chassis.http import Body, create_app, serve
from fastapi import FastAPI

BODY_SECONDS = 0.3
HEAD_SECONDS = 0.3


class Said(Body):
    text: str


def app() -> FastAPI:
    made = create_app("test")
    made.add_middleware(BoundedRequests, body_seconds=BODY_SECONDS)

    @made.post("/said")
    async def said(body: Said) -> dict[str, int]:
        return {"length": len(body.text)}

    return made


@asynccontextmanager
async def serving(application: FastAPI) -> AsyncIterator[int]:
    stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(application, "127.0.0.1", 0, stop=stop, on_bound=bound.set_result))
    try:
        yield await bound
    finally:
        stop.set()
        await server


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(GuardedConnection, "head_seconds", HEAD_SECONDS)
    async with serving(app()) as bound:
        yield bound


async def answer(port: int, *parts: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """Everything that comes back until the connection ends, and how long that took."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say() -> None:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)

    saying = asyncio.create_task(say())
    received = b""
    try:
        async with asyncio.timeout(10):
            while chunk := await reader.read(65_536):
                received += chunk
    except ConnectionResetError:
        pass
    took = time.monotonic() - began
    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
    writer.close()
    return received, took


def status(received: bytes) -> bytes:
    return received.partition(b"\r\n")[0].partition(b" ")[2]


POST = b"POST /said HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


async def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    received, took = await answer(port)
    assert received == b""
    assert HEAD_SECONDS <= took < 5


async def test_a_head_that_trickles_is_cut_off(port: int) -> None:
    trickle = [b"GET /livez HTTP/1.1\r\n", *[b"x-%d: y\r\n" % number for number in range(200)]]
    received, took = await answer(port, *trickle, pause=0.05)
    assert received == b""
    assert HEAD_SECONDS <= took < 5


async def test_so_is_one_that_trickles_after_a_good_request(port: int) -> None:
    trickle = [b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /", *[b"a"] * 200]
    received, took = await answer(port, *trickle, pause=0.05)
    assert status(received) == b"200 OK"
    assert received.count(b"HTTP/1.1") == 1
    assert took < 5


async def test_a_head_without_end_is_refused(port: int) -> None:
    received, _ = await answer(port, b"GET /livez HTTP/1.1\r\nx: ", b"y" * (MAX_URL_BYTES + MAX_HEAD_BYTES))
    assert status(received) == b"431 Request Header Fields Too Large"


async def test_long_headers_are_a_problem(port: int) -> None:
    long = b"x: " + b"y" * MAX_HEAD_BYTES + b"\r\n"
    received, _ = await answer(port, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + long + b"\r\n")
    assert status(received) == b"431 Request Header Fields Too Large"
    assert b'"code":"headers_too_large"' in received


async def test_a_long_url_is_a_problem(port: int) -> None:
    url = b"/livez?" + b"q" * MAX_URL_BYTES
    received, _ = await answer(port, b"GET " + url + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert status(received).startswith(b"414")
    assert b'"code":"url_too_long"' in received


async def test_a_body_that_does_not_come_is_given_up_and_the_connection_with_it(port: int) -> None:
    received, took = await answer(port, POST + b"content-length: 100\r\n\r\n", *[b"{"] * 3, pause=0.05)
    assert status(received).startswith(b"408")
    assert b'"code":"body_too_slow"' in received
    assert BODY_SECONDS <= took < 5


async def test_a_body_in_pieces_that_comes_in_time_is_taken(port: int) -> None:
    body = b'{"text": "abc"}'
    head = POST + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    received, _ = await answer(port, head, body[:5], body[5:], pause=0.02)
    assert status(received) == b"200 OK"
    assert received.endswith(b'{"length":3}')


async def test_beyond_the_most_connections_one_more_is_closed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedConnection, "max_connections", 2)
    async with serving(app()) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        received, took = await answer(port, b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (received, took < 1) == (b"", True)
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        received, _ = await answer(port, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert status(received) == b"200 OK"


async def test_many_slow_callers_at_once_hold_up_nobody_and_little_memory(port: int) -> None:
    opening = POST + b"content-length: 200000\r\n\r\n{"
    tracemalloc.start()
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    for number, (_, writer) in enumerate(held):
        writer.write(opening if number % 2 else b"GET /livez HTTP/1.1\r\nx: ")
    await asyncio.sleep(0.05)

    received, took = await answer(port, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (status(received), took < 1) == (b"200 OK", True)
    assert memory / len(held) < 100_000  # on both ends together

    async with asyncio.timeout(5):
        ends = [await reader.read() for reader, _ in held]
    assert [status(end) for end in ends] == [b"", b"408 Request Timeout"] * 100
    for _, writer in held:
        writer.close()
