"""The routes that `doorstep` calls, over a store with dead letters, a view and a log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import Event, Stream
from doorstep_chassis.errors import DomainError
from doorstep_chassis.feeds import LogFeed
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.operations_api import Operated, Part, ViewPart, operations_router
from doorstep_chassis.relay import Publication
from doorstep_chassis.store.model import Meta
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Units
from doorstep_chassis.views import View, create_view_tables, view_metadata
from doorstep_chassis.work import Work
from doorstep_contracts.directory import ClientReviewOpened
from sqlalchemy import Column, Integer, Table, Uuid

SOURCE = "/doorstep/example/main"
ORGANISATION = UUID("00000000-0000-4000-8000-0000000000bb")
REQUEST, OTHER = UUID(int=1), UUID(int=2)
METADATA = view_metadata()
DOUBTS = Table("doubts_v1", METADATA, Column("request_id", Uuid, primary_key=True), Column("doubts", Integer))


class Doubted(Event):
    TOPIC = "operations-test.doubted"
    request_id: UUID
    secret: str = "Jeanne Moulin"


class Overwhelmed(DomainError):
    code = "operations_test_overwhelmed"


DOUBT: Stream[int] = Stream("operations-test.doubt", 0, lambda state, event: state + 1)


def publish(event: Doubted, meta: Meta) -> tuple[Any, ...]:
    return (ClientReviewOpened(organisation_id=meta.organisation_id, request_id=event.request_id, reasons=("name",)),)


PUBLICATION: Publication = {Doubted: publish}


@dataclass
class Desk:
    """A service as an operator meets it. `patience` is how many doubts its view takes."""

    store: PostgresStore
    http: httpx.AsyncClient
    issuer: LocalIssuer
    patience: int = 100

    def count(self, work: Work, event: Doubted, message: Message) -> None:
        row = work.row(DOUBTS, event.request_id)
        doubts = 1 + (0 if row is None else row["doubts"])
        if doubts > self.patience:
            raise Overwhelmed
        work.put(DOUBTS, event.request_id, doubts=doubts)

    def token(self, role: Role = "service") -> dict[str, str]:
        org = None if role == "service" else ORGANISATION
        return {"Authorization": f"Bearer {self.issuer.token(sub=uuid4(), role=role, org=org)}"}

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.http.get(path, params=query, headers=self.token())
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str) -> tuple[int, Any]:
        answer = await self.http.post(path, headers=self.token())
        return answer.status_code, answer.json()

    async def doubt(self, *requests: UUID) -> None:
        for request in requests:

            def doubt(work: Work, at: UUID = request) -> None:
                work.append(DOUBT.at(ORGANISATION, at), Doubted(request_id=at))

            await Units(self.store, SystemClock(), "example").run("doubt", doubt)

    async def project(self) -> None:
        engine = Engine(
            "example.view.doubts@1", self.store, {Doubted: self.count}, log_decoder(SOURCE), SystemClock().now
        )
        await engine.assign(LOG, 1)
        await engine.handle({LOG: [log_record(entry) for entry in await self.store.log_after(0, 100)]})


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    await asyncio.to_thread(create_tables, database)
    store = PostgresStore(database)
    await store.open()
    issuer = LocalIssuer()
    app = create_app("example", verifier=issuer.verifier())
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://example.test")
    desk = Desk(store, http, issuer)
    view = View("doubts", 1, METADATA, {Doubted: desk.count})
    await create_view_tables(store, view)
    decode = log_decoder(SOURCE)
    app.include_router(
        operations_router(
            Operated(
                service="example",
                source=SOURCE,
                store=store,
                database_url=database,
                now=SystemClock().now,
                publication=PUBLICATION,
                parts={"example.view.doubts@1": Part(view.handlers, decode)},
                views={"doubts": ViewPart(view, decode, LogFeed(store))},
            )
        )
    )
    async with http:
        yield desk
    await store.close()


async def test_every_route_is_for_services_alone(desk: Desk) -> None:
    answers = [
        await desk.http.request(method, f"/operations/{path}", headers=desk.token(role))
        for role in ("worker", "client", "operator")
        for method, path in [
            ("GET", "dead-letters"),
            ("GET", "dead-letters/1"),
            ("POST", "dead-letters/1/redrive"),
            ("POST", "dead-letters/1/discard"),
            ("GET", "views"),
            ("POST", "views/doubts/rebuild"),
            ("GET", "log"),
        ]
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "wrong_role")] * 21


async def test_a_dead_letter_is_shown_without_what_is_in_it(desk: Desk) -> None:
    desk.patience = 0
    await desk.doubt(REQUEST)
    await desk.project()

    (letter,) = await desk.get("/operations/dead-letters", state="open")

    assert (letter["service"], letter["consumer"], letter["reason"], letter["state"], letter["sequence"]) == (
        "example",
        "example.view.doubts@1",
        "operations_test_overwhelmed",
        "open",
        1,
    )
    assert letter == await desk.get(f"/operations/dead-letters/{letter['id']}")
    assert "Moulin" not in str(letter)


async def test_letters_are_redriven_oldest_first_once_the_fault_is_mended(desk: Desk) -> None:
    desk.patience = 0
    await desk.doubt(REQUEST, REQUEST)
    await desk.project()
    first, second = [letter["id"] for letter in await desk.get("/operations/dead-letters")]

    refused = await desk.post(f"/operations/dead-letters/{first}/redrive")
    desk.patience = 5
    too_early = await desk.post(f"/operations/dead-letters/{second}/redrive")
    settled = [await desk.post(f"/operations/dead-letters/{each}/redrive") for each in (first, second)]
    again = await desk.post(f"/operations/dead-letters/{first}/redrive")

    assert (refused[0], refused[1]["code"]) == (409, "dead_letter_still_refused")
    assert (too_early[0], too_early[1]["code"]) == (409, "older_dead_letter_open")
    assert settled == [(200, {"id": first, "state": "applied"}), (200, {"id": second, "state": "applied"})]
    assert (again[0], again[1]["code"]) == (409, "dead_letter_closed")
    assert (await desk.get("/operations/views"))[0]["rows"] == 1


async def test_a_discarded_letter_has_no_effect(desk: Desk) -> None:
    desk.patience = 0
    await desk.doubt(REQUEST)
    await desk.project()
    (letter,) = await desk.get("/operations/dead-letters")

    assert await desk.post(f"/operations/dead-letters/{letter['id']}/discard") == (
        200,
        {"id": letter["id"], "state": "discarded"},
    )
    assert await desk.get("/operations/dead-letters", state="open") == []
    assert (await desk.get("/operations/views"))[0]["rows"] == 0


async def test_an_unknown_letter_or_view_is_not_found(desk: Desk) -> None:
    answers = [
        await desk.post("/operations/dead-letters/7/redrive"),
        await desk.post("/operations/dead-letters/7/discard"),
        await desk.post("/operations/views/none/rebuild"),
    ]
    assert [(status, body["code"]) for status, body in answers] == [
        (404, "dead_letter_unknown"),
        (404, "dead_letter_unknown"),
        (404, "view_unknown"),
    ]


async def test_a_view_is_rebuilt_and_keeps_its_checksum(desk: Desk) -> None:
    await desk.doubt(REQUEST, OTHER, REQUEST)
    await desk.project()
    (view,) = await desk.get("/operations/views")

    status, body = await desk.post("/operations/views/doubts/rebuild")

    assert (view["fed_by"], view["rows"], view["open_letters"]) == (["log"], 2, 0)
    assert (status, body) == (
        200,
        {
            "service": "example",
            "name": "doubts",
            "records": 3,
            "before": view["checksum"],
            "after": view["checksum"],
            "same": True,
            "applied_letters": 0,
        },
    )


async def test_the_log_tells_what_names_a_subject_and_what_was_said_in_public(desk: Desk) -> None:
    await desk.doubt(OTHER, REQUEST)

    events = await desk.get("/operations/log", mentions=[str(REQUEST)])

    assert [
        (each["service"], each["position"], each["event"], each["stream"], each["key"], each["public"], each["topics"])
        for each in events
    ] == [
        (
            "example",
            2,
            "Doubted",
            "operations-test.doubt",
            str(REQUEST),
            ["doorstep.directory.ClientReviewOpened.v1"],
            ["directory.clients.v1"],
        )
    ]
    assert "Moulin" not in str(events)
    assert await desk.get("/operations/log", correlation=[events[0]["correlation_id"]]) == events
