"""The HTTP routes: what is whose, and every refusal by its code."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.settings import ServiceSettings
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Units
from doorstep_chassis.views import create_view_tables
from doorstep_contracts.base import PublicEvent
from pydantic import SecretStr
from scheduling.api import routes
from scheduling.reactions import REACTIONS
from scheduling.views.calendar import CALENDAR_VIEW
from scheduling.views.visits import VISITS_VIEW

from .world import (
    CLIENT,
    COLLEAGUE,
    NOW,
    ORGANISATION,
    OTHER_REQUEST,
    REQUEST,
    SECOND,
    SLOT,
    STRANGERS,
    VISIT_1,
    WORKER,
    ZONE,
    a_story,
    an_id,
    cancelled,
    confirmed,
    selected,
    slot,
)

OPERATOR = an_id(60)
KEY = base64.b64encode(bytes(32)).decode()
JUNE = {"worker_id": str(WORKER), "from": "2026-06-01T00:00:00Z", "to": "2026-06-30T00:00:00Z"}
SPAN = {"start": SLOT.start.isoformat(), "end": SLOT.end.isoformat()}
VISIT = {
    "visit_id": str(VISIT_1),
    "chain_id": str(REQUEST),
    "request_id": str(REQUEST),
    "worker_id": str(WORKER),
    "client_id": str(CLIENT),
    "status": "scheduled",
    "start": "2026-06-01T08:00:00Z",
    "end": "2026-06-01T10:00:00Z",
    "zone": ZONE,
    "service": "menage",
    "postal_code": "75011",
    "rate_cents": 2_450,
    "currency": "EUR",
    "offer_id": "paris:menage",
    "catalogue_version": 3,
}


@dataclass
class Door:
    """The service's door, its issuer, and its ear for what others say."""

    client: httpx.AsyncClient
    issuer: LocalIssuer
    store: PostgresStore

    async def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        role: Role = "worker",
        sub: UUID = WORKER,
        org: UUID = ORGANISATION,
    ) -> httpx.Response:
        token = self.issuer.token(sub=sub, role=role, org=org)
        return await self.client.get(path, params=query, headers={"Authorization": f"Bearer {token}"})

    async def hear(self, *events: PublicEvent) -> None:
        """The reactions hear these events; the views follow."""
        story = a_story()  # only makes the records
        reactions = Engine("scheduling.reactions", self.store, REACTIONS, EventDecoder(), lambda: NOW)
        for offset, event in enumerate(events):
            made = story.record(event)
            if not reactions.has(made.partition):
                await reactions.assign(made.partition, 1)
            record = Record(made.partition, 1, offset, made.key, made.headers, made.value)
            await reactions.handle({made.partition: [record]})
        entries = await self.store.log_after(0, 10_000)
        for view in (CALENDAR_VIEW, VISITS_VIEW):
            engine = Engine(view.name, self.store, view.handlers, log_decoder("/test"), lambda: NOW)
            await engine.assign(LOG, 1)
            await engine.handle({LOG: [log_record(entry) for entry in entries]})
        assert list(await self.store.letters()) == []


@pytest.fixture
async def door(database: str) -> AsyncIterator[Door]:
    await asyncio.to_thread(create_tables, database)
    store, clock = PostgresStore(database), FixedClock(NOW)
    await store.open()
    for view in (CALENDAR_VIEW, VISITS_VIEW):
        await create_view_tables(store, view)
    issuer = LocalIssuer(clock=clock)
    settings = ServiceSettings(
        environment="development",
        service="scheduling",
        database_url=SecretStr(database),
        kafka_bootstrap_servers=("127.0.0.1:1",),
        issuer=issuer.issuer,
        audience=issuer.audience,
        jwks="http://issuer.test/jwks.json",
        door_issuer="http://door.test",
        door_jwks="unused",
        kek=SecretStr(KEY),
        kek_id="test",
        hmac_key=SecretStr(KEY),
    )
    context = Context(
        settings=settings,
        store=store,
        units=Units(store, clock, "scheduling"),
        clock=clock,
        keys=KeyRing(settings.kek_bytes(), settings.kek_id),
        hmac_key=settings.hmac_key_bytes(),
    )
    app = create_app("scheduling", verifier=issuer.verifier())
    app.include_router(routes(context))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scheduling.test") as client:
        yield Door(client, issuer, store)
    await store.close()


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


class TestCalendar:
    async def test_a_worker_reads_their_own(self, door: Door) -> None:
        await door.hear(selected(), confirmed(), selected(SECOND, request_id=OTHER_REQUEST, accept_overlap=True))
        response = await door.get("/calendar", JUNE)
        span = {"start": "2026-06-01T08:00:00Z", "end": "2026-06-01T10:00:00Z", "zone": ZONE}
        visit = {"kind": "visit", "request_id": str(REQUEST), "visit_id": str(VISIT_1), "overlap_accepted": False}
        hold = {"kind": "hold", "request_id": str(OTHER_REQUEST), "visit_id": None, "overlap_accepted": True}
        assert response.status_code == 200
        found: dict[str, Any] = response.json()
        found["entries"].sort(key=lambda entry: entry["request_id"])
        assert found == {"worker_id": str(WORKER), "entries": [{**span, **visit}, {**span, **hold}]}

    async def test_an_operator_reads_anybodys(self, door: Door) -> None:
        await door.hear(selected())
        response = await door.get("/calendar", JUNE, role="operator", sub=OPERATOR)
        assert [entry["kind"] for entry in response.json()["entries"]] == ["hold"]

    async def test_a_worker_finds_nobody_elses(self, door: Door) -> None:
        await door.hear(selected())
        response = await door.get("/calendar", JUNE, sub=COLLEAGUE)
        assert refusal(response) == (404, "not_found")

    async def test_an_operator_of_another_organisation_finds_nothing(self, door: Door) -> None:
        await door.hear(selected())
        response = await door.get("/calendar", JUNE, role="operator", sub=OPERATOR, org=STRANGERS)
        assert response.json() == {"worker_id": str(WORKER), "entries": []}

    async def test_a_client_has_none(self, door: Door) -> None:
        response = await door.get("/calendar", JUNE, role="client", sub=CLIENT)
        assert refusal(response) == (403, "wrong_role")

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            pytest.param("2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z", id="empty"),
            pytest.param("2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z", id="backwards"),
            pytest.param("2026-06-01T00:00:00Z", "2026-09-01T00:00:01Z", id="too long"),
        ],
    )
    async def test_its_range_goes_forward_and_is_not_too_long(self, door: Door, start: str, end: str) -> None:
        response = await door.get("/calendar", {**JUNE, "from": start, "to": end})
        assert refusal(response) == (422, "calendar_range_invalid")

    @pytest.mark.parametrize("start", ["2026-06-01T00:00:00", "tomorrow", "0001-01-01T00:00:00+14:00"])
    async def test_its_range_is_of_instants(self, door: Door, start: str) -> None:
        response = await door.get("/calendar", {**JUNE, "from": start})
        assert refusal(response) == (422, "invalid_parameter")


class TestAvailability:
    async def test_a_free_slot_is_free(self, door: Door) -> None:
        response = await door.get("/availability", SPAN)
        assert response.json() == {"free": True, "reason": None, "conflict": None}

    async def test_a_busy_slot_names_what_is_in_the_way(self, door: Door) -> None:
        await door.hear(selected(at=slot("2026-06-07T23:00")))
        response = await door.get("/availability", {"start": "2026-06-08T00:30:00Z", "end": "2026-06-08T02:00:00Z"})
        assert response.json() == {
            "free": False,
            "reason": "overlap",
            "conflict": {"start": "2026-06-07T23:00:00Z", "end": "2026-06-08T01:00:00Z", "zone": ZONE},
        }

    async def test_it_is_decided_on_the_calendar_itself(self, door: Door) -> None:
        await door.hear(selected())
        async with door.store.connection() as connection:
            await connection.execute("TRUNCATE calendar_entries_v1")
        response = await door.get("/availability", SPAN)
        assert response.json()["free"] is False

    async def test_a_slot_that_begins_as_another_ends_is_free(self, door: Door) -> None:
        await door.hear(selected())
        response = await door.get(
            "/availability", {"start": "2026-06-01T12:00:00+02:00", "end": "2026-06-01T13:00:00+02:00"}
        )
        assert response.json()["free"] is True

    async def test_a_slot_in_the_past_is_not_free(self, door: Door) -> None:
        response = await door.get("/availability", {"start": "2026-05-20T07:59:59Z", "end": "2026-05-20T09:00:00Z"})
        assert response.json() == {"free": False, "reason": "slot_in_past", "conflict": None}

    async def test_a_colleague_is_free_when_this_one_is_not(self, door: Door) -> None:
        await door.hear(selected())
        assert (await door.get("/availability", SPAN, sub=COLLEAGUE)).json()["free"] is True

    async def test_it_is_asked_by_workers(self, door: Door) -> None:
        assert refusal(await door.get("/availability", SPAN, role="operator")) == (403, "wrong_role")

    @pytest.mark.parametrize(
        ("start", "end", "code"),
        [
            ("2026-06-01T08:00:00Z", "2026-06-01T08:00:00Z", "slot_ends_before_it_starts"),
            ("2026-06-01T08:00:00Z", "2026-06-08T08:00:01Z", "slot_too_long"),
            ("2026-06-01T08:00:00", "2026-06-01T10:00:00", "invalid_parameter"),
            ("9999-12-31T08:00:00Z", "9999-12-31T10:00:00Z", "invalid_parameter"),
        ],
    )
    async def test_a_slot_that_cannot_be_is_refused(self, door: Door, start: str, end: str, code: str) -> None:
        assert refusal(await door.get("/availability", {"start": start, "end": end})) == (422, code)

    async def test_asking_writes_nothing(self, door: Door) -> None:
        await door.get("/availability", SPAN)
        assert await door.store.head() == 0


class TestVisits:
    async def test_a_worker_sees_their_own(self, door: Door) -> None:
        await door.hear(selected(), confirmed())
        assert (await door.get(f"/visits/{VISIT_1}")).json() == VISIT
        assert (await door.get("/visits", {"request_id": str(REQUEST)})).json() == {"visits": [VISIT]}

    async def test_an_operator_sees_what_became_of_them(self, door: Door) -> None:
        await door.hear(selected(), confirmed(), cancelled())
        gone = {**VISIT, "status": "cancelled"}
        as_operator: dict[str, Any] = {"role": "operator", "sub": OPERATOR}
        assert (await door.get(f"/visits/{VISIT_1}", **as_operator)).json() == gone
        assert (await door.get("/visits", {"request_id": str(REQUEST)}, **as_operator)).json() == {"visits": [gone]}

    async def test_what_is_absent_and_what_is_anothers_look_alike(self, door: Door) -> None:
        await door.hear(selected(), confirmed())
        absent = await door.get(f"/visits/{an_id(99)}")
        anothers = await door.get(f"/visits/{VISIT_1}", sub=COLLEAGUE)
        elsewhere = await door.get(f"/visits/{VISIT_1}", role="operator", sub=OPERATOR, org=STRANGERS)
        assert [refusal(each) for each in (absent, anothers, elsewhere)] == [(404, "not_found")] * 3
        bodies = [{**each.json(), "request_id": None} for each in (absent, anothers, elsewhere)]
        assert bodies[0] == bodies[1] == bodies[2]

    async def test_a_list_leaves_out_what_is_anothers(self, door: Door) -> None:
        await door.hear(selected(), confirmed())
        query = {"request_id": str(REQUEST)}
        assert (await door.get("/visits", query, sub=COLLEAGUE)).json() == {"visits": []}
        elsewhere = await door.get("/visits", query, role="operator", sub=OPERATOR, org=STRANGERS)
        assert elsewhere.json() == {"visits": []}

    async def test_a_client_reads_them_elsewhere(self, door: Door) -> None:
        await door.hear(selected(), confirmed())
        assert refusal(await door.get(f"/visits/{VISIT_1}", role="client", sub=CLIENT)) == (403, "wrong_role")

    async def test_an_id_is_a_uuid(self, door: Door) -> None:
        assert refusal(await door.get("/visits/one")) == (422, "invalid_parameter")


@pytest.mark.parametrize("path", ["/calendar", "/availability", "/visits", f"/visits/{VISIT_1}"])
async def test_nobody_reads_without_a_token(door: Door, path: str) -> None:
    assert refusal(await door.client.get(path)) == (401, "token_missing")
