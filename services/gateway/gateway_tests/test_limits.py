"""Floods, guesses and oversized requests are refused with a time to come back, and cost a bounded amount of memory."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Annotated, Any
from uuid import uuid4

import httpx
import pytest
from doorstep_chassis.errors import NotFound, Unauthorised
from doorstep_chassis.http import Body, IdempotencyKey, create_app
from fastapi import APIRouter, Depends, FastAPI, Query
from gateway.limits import MOST_KEYS, Meter, RateLimits, Rule, TooManyRequests, address_of, per_person
from gateway.settings import Networks
from pydantic import TypeAdapter, ValidationError
from starlette.middleware import Middleware

from .listening import ISSUER, bearer, settings


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> float:
        return self.seconds


RULE = Rule("reads", 6)
"""One each ten seconds, six at once."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> Meter:
    return Meter(clock.now)


# Counting


def refused(meter: Meter, key: str = "a") -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        meter.take(RULE, key)
    return caught.value


def test_the_whole_allowance_may_be_spent_at_once_and_comes_back_bit_by_bit(meter: Meter, clock: Clock) -> None:
    assert [meter.take(RULE, "a").remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    assert refused(meter).headers == {
        "Retry-After": "10",
        "RateLimit": '"reads";r=0;t=60',
        "RateLimit-Policy": '"reads";q=6;w=60',
    }
    clock.seconds += 9.5
    assert refused(meter).headers["Retry-After"] == "1"
    clock.seconds += 0.5
    assert meter.take(RULE, "a").remaining == 0
    clock.seconds += 60
    assert meter.take(RULE, "a").remaining == 5


def test_whoever_waits_as_long_as_they_were_told_is_let_in(meter: Meter, clock: Clock) -> None:
    rule = Rule("writes", 7)  # an interval that no float holds
    for _ in range(200):
        try:
            meter.take(rule, "a")
        except TooManyRequests as problem:
            clock.seconds += int(problem.headers["Retry-After"])
            meter.take(rule, "a")


def test_a_refusal_costs_nothing(meter: Meter, clock: Clock) -> None:
    for _ in range(6):
        meter.take(RULE, "a")
    for _ in range(50):
        refused(meter)
    clock.seconds += 10
    meter.take(RULE, "a")


def test_persons_and_rules_do_not_share(meter: Meter) -> None:
    for _ in range(6):
        meter.take(RULE, "a")
    refused(meter)
    assert meter.take(RULE, "b").remaining == 5
    assert meter.take(Rule("writes", 6), "a").remaining == 5


def test_looking_spends_nothing_and_refuses_like_spending(meter: Meter) -> None:
    assert meter.look(RULE, "a").remaining == meter.look(RULE, "a").remaining == 6
    for _ in range(6):
        meter.take(RULE, "a")
    with pytest.raises(TooManyRequests):
        meter.look(RULE, "a")


def test_a_flood_of_addresses_takes_bounded_memory_and_forgets_the_silent_first(clock: Clock) -> None:
    meter = Meter(clock.now, most_keys=100)
    tracemalloc.start()
    for number in range(50_000):
        meter.take(RULE, f"10.0.{number >> 8}.{number & 255}")
        meter.take(Rule("writes", 100_000), "busy")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(meter) == 100
    assert meter.take(Rule("writes", 100_000), "busy").remaining == 49_999
    assert held < 100_000


def test_what_has_its_whole_allowance_again_is_forgotten(meter: Meter, clock: Clock) -> None:
    for number in range(1_000):
        meter.take(RULE, str(number))
    assert len(meter) == 1_000 < MOST_KEYS
    clock.seconds += 60
    meter.take(RULE, "a")
    assert len(meter) == 1


# Addresses


def scope(client: str, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return {"type": "http", "client": (client, 1), "headers": headers}


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # nobody whom we believe
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.6, 198.51.100.1"], "198.51.100.1"),  # what the caller put in front is not believed
        ("10.0.0.1", ["192.0.2.6", "198.51.100.1, 10.2.2.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.2.2.2"], "10.2.2.2"),
        ("10.0.0.1", ["rubbish"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("fd00::1", ["2001:db8:1:2::7"], "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("unix", [], "None"),
    ],
)
def test_an_address_is_the_sockets_unless_a_proxy_of_ours_says_otherwise(
    client: str, forwarded: list[str], expected: str
) -> None:
    assert address_of(scope(client, *forwarded), PROXIES) == expected


def test_proxies_are_networks_listed_with_commas() -> None:
    read = TypeAdapter(Networks).validate_python
    assert read("10.0.0.0/8, fd00::/8") == PROXIES
    with pytest.raises(ValidationError):
        read("10.0.0.1/8")


# At the door


class Said(Body):
    text: str


def app(**changed: Any) -> FastAPI:
    made = create_app("gateway", verifier=ISSUER.verifier())
    made.user_middleware.append(Middleware(RateLimits, settings=settings(**changed)))
    api = APIRouter(prefix="/v1", dependencies=[Depends(per_person)])

    @api.get("/things")
    async def things(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> dict[str, int]:
        return {"limit": limit}

    @api.post("/things")
    async def say(body: Said, key: IdempotencyKey) -> dict[str, int]:
        return {"length": len(body.text)}

    @made.get("/portal/{token}")
    async def portal(token: str) -> dict[str, str]:
        if token != "good":
            raise NotFound
        return {}

    @made.post("/login")
    async def login(body: Said) -> dict[str, str]:
        raise Unauthorised

    made.include_router(api)
    return made


@asynccontextmanager
async def opened(*, address: str = "203.0.113.9", **changed: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(**changed), client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
        yield http


def sent(**headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer(person=uuid4())}", "Idempotency-Key": "k1", **headers}


async def statuses(number: int, ask: Any) -> list[int]:
    return [(await ask()).status_code for _ in range(number)]


async def test_a_person_who_floods_is_told_when_to_come_back_and_nobody_else_is() -> None:
    async with opened(reads_a_minute=3, writes_a_minute=2) as http:
        mine, theirs = sent(), sent()
        first = await http.get("/v1/things", headers=mine)
        assert (first.status_code, first.headers["ratelimit"], first.headers["ratelimit-policy"]) == (
            200,
            '"reads";r=2;t=20',
            '"reads";q=3;w=60',
        )
        assert await statuses(4, lambda: http.get("/v1/things", headers=mine)) == [200, 200, 429, 429]
        refusal = await http.get("/v1/things", headers=mine)
        assert (refusal.json()["code"], refusal.json()["limit"]) == ("too_many_requests", "reads")
        assert 1 <= int(refusal.headers["retry-after"]) <= 20
        assert refusal.headers["ratelimit"].startswith('"reads";r=0;t=')
        assert refusal.headers["x-request-id"]
        # what one may change is counted apart, and so is everybody else
        body = {"text": "a"}
        assert await statuses(3, lambda: http.post("/v1/things", json=body, headers=mine)) == [200, 200, 429]
        assert await statuses(2, lambda: http.get("/v1/things", headers=theirs)) == [200, 200]


async def test_a_new_token_is_no_new_allowance() -> None:
    person = uuid4()
    async with opened(reads_a_minute=2) as http:

        async def ask() -> httpx.Response:
            return await http.get("/v1/things", headers={"Authorization": f"Bearer {bearer(person=person)}"})

        assert await statuses(3, ask) == [200, 200, 429]


async def test_bad_tokens_are_counted_by_address_and_hurt_no_good_one_there() -> None:
    async with opened(failures_a_minute=3) as http:
        bad = {"Authorization": "Bearer x"}
        assert await statuses(5, lambda: http.get("/v1/things", headers=bad)) == [401, 401, 401, 429, 429]
        refusal = await http.get("/v1/things")
        assert (refusal.status_code, refusal.json()["code"], refusal.json()["limit"]) == (
            429,
            "too_many_requests",
            "failures",
        )
        assert int(refusal.headers["retry-after"]) > 0
        assert (await http.get("/v1/things", headers=sent())).status_code == 200


async def test_guessing_links_shuts_them_for_that_address_the_right_one_too() -> None:
    async with opened(failures_a_minute=3) as http:
        assert await statuses(1, lambda: http.get("/portal/good")) == [200]
        assert await statuses(4, lambda: http.get(f"/portal/{uuid4()}")) == [404, 404, 404, 429]
        refusal = await http.get("/portal/good")
        assert (refusal.status_code, refusal.json()["limit"]) == (429, "failures")
        assert int(refusal.headers["retry-after"]) > 0


async def test_signing_in_is_tried_some_times_a_minute() -> None:
    async with opened(entries_a_minute=4, failures_a_minute=2) as http:
        assert await statuses(3, lambda: http.post("/login", json={"text": "a"})) == [401, 401, 429]
    async with opened(entries_a_minute=2) as http:
        assert await statuses(3, lambda: http.get("/portal/good")) == [200, 200, 429]


async def test_another_address_is_not_shut_out() -> None:
    made = app(failures_a_minute=1, trusted_proxies=(ip_network("10.0.0.0/8"),))
    transport = httpx.ASGITransport(made, client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:

        async def ask(address: str) -> int:
            return (await http.get("/portal/bad", headers={"X-Forwarded-For": address})).status_code

        assert [await ask("198.51.100.1"), await ask("198.51.100.1"), await ask("198.51.100.2")] == [404, 429, 404]


async def test_health_is_never_refused() -> None:
    async with opened(failures_a_minute=1, visits_a_minute=1, entries_a_minute=1) as http:
        assert await statuses(50, lambda: http.get("/livez")) == [200] * 50


# Too much at once


async def test_a_body_of_ten_megabytes_is_refused_whether_announced_or_not() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        for _ in range(160):
            yield b"a" * 65_536

    async with opened() as http:
        long = await http.post("/v1/things", json={"text": "a" * 10_000_000}, headers=sent())
        json_type = {"Content-Type": "application/json"}
        unannounced = await http.post("/v1/things", content=pieces(), headers=sent(**json_type))
    assert [(each.status_code, each.json()["code"]) for each in (long, unannounced)] == [(413, "body_too_large")] * 2


async def test_a_page_of_a_million_is_refused() -> None:
    async with opened() as http:
        answer = await http.get("/v1/things?limit=1000000", headers=sent())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


async def test_long_headers_and_urls_are_refused() -> None:
    async with opened() as http:
        headers = await http.get("/v1/things", headers=sent(x="y" * 40_000))
        url = await http.get(f"/v1/things?limit={'1' * 10_000}", headers=sent())
    assert [(each.status_code, each.json()["code"]) for each in (headers, url)] == [
        (431, "headers_too_large"),
        (414, "url_too_long"),
    ]


async def test_a_flood_at_once_is_answered_whole() -> None:
    async with opened(reads_a_minute=20) as http:
        mine = sent()
        answers = await asyncio.gather(*(http.get("/v1/things", headers=mine) for _ in range(200)))
    counted = [each.status_code for each in answers]
    assert (counted.count(200), counted.count(429)) == (20, 180)
    assert all(int(each.headers["retry-after"]) >= 1 for each in answers if each.status_code == 429)
