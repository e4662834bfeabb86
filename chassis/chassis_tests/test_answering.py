"""What every route answers: strong tags, conditions judged where the change is made, and acts that happen once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from doorstep_chassis.answering import Answering
from doorstep_chassis.auth import Principal
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.conditional import etag_of
from doorstep_chassis.errors import Conflict, NotFound
from doorstep_chassis.http import Body, IdempotencyKey, create_app
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Unit
from doorstep_chassis.units import Answer, Units
from doorstep_chassis.work import Work
from fastapi import FastAPI, Request, Response

from . import example

KEY = bytes(range(32))
REF = example.NOTES.at(example.ORGANISATION, "n")


class Full(Conflict):
    code = "test_full"


class Number(Body):
    number: int


class Slow(MemoryStore):
    """A store whose commits can be held up."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.open.set()
        self.begun = 0

    async def commit(self, unit: Unit) -> Any:
        self.begun += 1
        await self.open.wait()
        return await super().commit(unit)

    async def holds(self, number: int) -> None:
        """Wait until so many more commits are held up."""
        self.open.clear()
        until = self.begun + number
        async with asyncio.timeout(5):
            while self.begun < until:
                await asyncio.sleep(0)


def show(work: Work) -> dict[str, Any]:
    if not work.state(REF).numbers:
        raise NotFound
    return {"sum": work.state(REF).numbers}


def the_app(store: MemoryStore) -> FastAPI:
    app = create_app("test")
    answering = Answering(Units(store, FixedClock(example.NOW), "test"), KEY)

    def who_is(request: Request) -> Principal:
        return Principal(UUID(request.headers["x-person"]), example.ORGANISATION, request.headers["x-role"])  # type: ignore[arg-type]

    def add(work: Work, number: int) -> None:
        if number == 99:
            raise Full
        if number:
            example.note(work, "n", number)

    @app.get("/sum")
    async def read(request: Request) -> Response:
        return await answering.shown(request, "read", show)

    @app.put("/sum")
    async def put(request: Request, body: Number) -> Response:
        return await answering.changed(request, "put", lambda work: add(work, body.number), show=show)

    @app.post("/sum/{part}")
    async def post(request: Request, part: str, body: Number, key: IdempotencyKey) -> Response:
        def decide(work: Work) -> Answer:
            add(work, body.number)
            return Answer(status=201, body={"sum": list(work.state(REF).numbers)}, etag=answering.tag(work, show))

        shown = None if part == "nothing" else show
        return await answering.once(request, who_is(request), key, body, "post", decide, show=shown)

    return app


class Door:
    def __init__(self) -> None:
        self.store = Slow()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(the_app(self.store)), base_url="http://test")

    async def get(self, **headers: str) -> httpx.Response:
        return await self.http.get("/sum", headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def put(self, number: int, if_match: str | None) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        return await self.http.put("/sum", json={"number": number}, headers=headers)

    async def post(
        self,
        number: int,
        *,
        key: str | None = None,
        person: int = 1,
        role: str = "worker",
        part: str = "more",
        if_match: str | None = None,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid4()), "x-person": str(UUID(int=person)), "x-role": role}
        if if_match is not None:
            headers["If-Match"] = if_match
        return await self.http.post(f"/sum/{part}", json={"number": number}, headers=headers)

    async def tag(self) -> str:
        return (await self.get()).headers["etag"]


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    await door.post(1, key="first")
    yield door
    await door.http.aclose()


class TestTags:
    async def test_a_get_has_the_strong_tag_of_what_it_shows(self, door: Door) -> None:
        answer = await door.get()
        assert answer.json() == {"sum": [1]}
        assert answer.headers["etag"] == etag_of(answer.content, KEY)
        assert answer.headers["etag"].startswith('"')
        assert answer.headers["cache-control"] == "private, no-cache"

    async def test_other_content_has_another_tag_and_the_same_the_same(self, door: Door) -> None:
        before = await door.tag()
        assert await door.tag() == before
        await door.post(2)
        assert await door.tag() != before

    def test_nobody_makes_it_without_the_key(self) -> None:
        assert etag_of(b"{}", KEY) != etag_of(b"{}", bytes(32))

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '"x",W/{} , "y"', "*", '"a,b", {}'])
    async def test_who_has_it_already_is_told_so(self, door: Door, form: str) -> None:
        tag = await door.tag()
        answer = await door.get(if_none_match=form.format(tag))
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)

    @pytest.mark.parametrize("form", ['"x"', "", "nonsense", '"'])
    async def test_who_has_another_gets_this_one(self, door: Door, form: str) -> None:
        assert (await door.get(if_none_match=form)).json() == {"sum": [1]}

    async def test_what_is_not_there_has_none(self) -> None:
        answer = await Door().get(if_none_match="*")
        assert (told(answer), "etag" in answer.headers) == ((404, "not_found"), False)


class TestPut:
    async def test_a_change_says_what_it_was_decided_on(self, door: Door) -> None:
        answer = await door.put(2, await door.tag())
        assert (answer.status_code, answer.json()) == (200, {"sum": [1, 2]})
        assert answer.headers["etag"] == await door.tag()

    async def test_without_it_nothing_changes(self, door: Door) -> None:
        assert told(await door.put(2, None)) == (428, "precondition_required")
        assert (await door.get()).json() == {"sum": [1]}

    async def test_what_has_changed_since_is_not_changed(self, door: Door) -> None:
        old = await door.tag()
        await door.post(2)
        answer = await door.put(3, old)
        assert (told(answer), answer.json()["field"]) == ((412, "precondition_failed"), "If-Match")
        assert (await door.get()).json() == {"sum": [1, 2]}

    async def test_any_version_will_do_for_who_says_so(self, door: Door) -> None:
        assert (await door.put(2, "*")).json() == {"sum": [1, 2]}

    async def test_one_of_several_will_do(self, door: Door) -> None:
        assert (await door.put(2, f'"x", {await door.tag()}')).status_code == 200

    async def test_a_weak_tag_is_never_the_same(self, door: Door) -> None:
        assert told(await door.put(2, f"W/{await door.tag()}")) == (412, "precondition_failed")

    @pytest.mark.parametrize("wrong", ["", "1", '"', 'x"1"', '"a" "b"', "*, *", '"a",'])
    async def test_what_names_no_tag_is_refused(self, door: Door, wrong: str) -> None:
        assert told(await door.put(2, wrong)) == (400, "if_match_invalid")

    async def test_it_is_refused_as_not_there_before_it_is_as_changed(self) -> None:
        assert told(await Door().put(2, '"x"')) == (404, "not_found")

    async def test_of_two_at_once_on_the_same_one_is_made(self, door: Door) -> None:
        # Given two that have judged the tag before either is written
        store = door.store
        tag = await door.tag()
        both = [asyncio.create_task(door.put(number, tag)) for number in (2, 3)]
        await store.holds(2)
        # When both are let go
        store.open.set()
        answers = await asyncio.gather(*both)
        # Then the second sees the first
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        made = next(answer for answer in answers if answer.status_code == 200)
        assert (await door.get()).json() == made.json()


class TestPost:
    async def test_a_condition_is_honoured_when_given(self, door: Door) -> None:
        old = await door.tag()
        assert (await door.post(2, if_match=old)).status_code == 201
        assert told(await door.post(3, if_match=old)) == (412, "precondition_failed")
        assert (await door.get()).json() == {"sum": [1, 2]}

    async def test_a_condition_on_what_has_no_tag_never_holds(self, door: Door) -> None:
        for condition in ('"x"', "*"):
            assert told(await door.post(2, part="nothing", if_match=condition)) == (412, "precondition_failed")

    async def test_sent_again_it_is_answered_again_though_the_tag_has_changed(self, door: Door) -> None:
        tag = await door.tag()
        first = await door.post(2, key="k", if_match=tag)
        again = await door.post(2, key="k", if_match=tag)
        assert (again.status_code, again.json(), again.headers["etag"]) == (201, {"sum": [1, 2]}, first.headers["etag"])
        assert again.headers["etag"] == await door.tag()


class TestIdempotency:
    async def test_the_same_again_is_answered_the_same_and_done_once(self, door: Door) -> None:
        answers = [await door.post(2, key="k") for _ in range(3)]
        assert {(answer.status_code, answer.text, answer.headers["etag"]) for answer in answers} == {
            (201, '{"sum":[1,2]}', answers[0].headers["etag"])
        }
        assert (await door.get()).json() == {"sum": [1, 2]}

    async def test_another_body_is_refused(self, door: Door) -> None:
        await door.post(2, key="k")
        answer = await door.post(3, key="k")
        assert (told(answer), answer.json()["field"]) == ((422, "idempotency_key_reused"), "Idempotency-Key")

    async def test_a_key_belongs_to_its_caller_role_and_route(self, door: Door) -> None:
        await door.post(2, key="k")
        for number, other in enumerate(({"person": 2}, {"role": "operator"}, {"part": "less"}), start=3):
            assert (await door.post(number, key="k", **other)).status_code == 201  # type: ignore[arg-type]
        assert (await door.get()).json() == {"sum": [1, 2, 3, 4, 5]}

    async def test_a_refusal_is_tried_anew_even_with_another_body(self, door: Door) -> None:
        assert told(await door.post(99, key="k")) == (409, "test_full")
        assert told(await door.post(99, key="k")) == (409, "test_full")
        assert (await door.post(2, key="k")).status_code == 201

    async def test_what_changed_nothing_is_not_remembered(self, door: Door) -> None:
        assert (await door.post(0, key="k")).json() == {"sum": [1]}
        await door.post(2)
        assert (await door.post(0, key="k")).json() == {"sum": [1, 2]}

    @pytest.mark.parametrize("number", [2, 3])
    async def test_while_the_first_is_in_flight_the_second_is_told_to_come_back(self, door: Door, number: int) -> None:
        store = door.store
        first = asyncio.create_task(door.post(2, key="k"))
        await store.holds(1)
        second = await door.post(number, key="k")
        assert (told(second), second.headers["retry-after"]) == ((409, "idempotency_key_in_flight"), "1")
        store.open.set()
        assert (await first).json() == {"sum": [1, 2]}
        assert (await door.post(2, key="k")).json() == {"sum": [1, 2]}

    async def test_another_key_is_not_in_its_way(self, door: Door) -> None:
        answers = await asyncio.gather(*(door.post(number, key=f"k{number}") for number in (2, 3)))
        assert [answer.status_code for answer in answers] == [201, 201]

    async def test_the_refused_one_is_out_of_flight(self, door: Door) -> None:
        await door.post(99, key="k")
        assert (await door.post(2, key="k")).status_code == 201
