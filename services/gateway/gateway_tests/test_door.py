"""What goes through the door: the person's own token, and answers that come back unchanged."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_chassis.views import create_view_tables
from fastapi import FastAPI
from gateway.api import routes
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from gateway.views.board import BOARD

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
REQUEST = UUID("00000000-0000-4000-8000-0000000000dd")
URLS: dict[Any, str] = {
    name: f"http://{name}.test" for name in ("request-intake", "client-directory", "dispatch", "scheduling")
}
DRAFT = {
    "performer": "self",
    "postal_code": "69003",
    "offer_id": "lyon:menage",
    "start": "2027-03-01T09:00",
    "client": {"picked": str(REQUEST)},
}

Answering = Callable[[httpx.Request], httpx.Response]


@dataclass
class Door:
    """The gateway before services that answer as a test wants."""

    http: httpx.AsyncClient
    issuer: LocalIssuer
    store: PostgresStore
    asked: list[httpx.Request] = field(default_factory=list)
    answering: Answering = lambda request: httpx.Response(200, json={})

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answering(request)

    def bearer(self, role: Role = "worker") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(sub=uuid4(), role=role, org=ORGANISATION)}"}

    async def draft(self, body: Any = None, **headers: str) -> httpx.Response:
        sent = {**self.bearer(), "Idempotency-Key": "k1", **headers}
        return await self.http.post("/v1/requests", json=DRAFT if body is None else body, headers=sent)

    async def launch(self, **headers: str) -> httpx.Response:
        sent = {**self.bearer(), "Idempotency-Key": "k1", **headers}
        return await self.http.post(f"/v1/requests/{REQUEST}/launch", json={"validation": "worker"}, headers=sent)

    async def put_row(self, **values: Any) -> None:
        names = ", ".join(("organisation_id", "request_id", *values))
        async with self.store.connection() as connection:
            await connection.execute(
                f"INSERT INTO board_requests_v2 ({names}) VALUES ({', '.join(['%s'] * (2 + len(values)))})".encode(),
                (ORGANISATION, REQUEST, *(json.dumps(v) if isinstance(v, list) else v for v in values.values())),
            )


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[Door]:
    store = PostgresStore(database)
    issuer, clock = LocalIssuer(), SystemClock()
    context = Context(
        settings=GatewaySettings.model_construct(),
        store=store,
        units=Units(store, clock, "gateway"),
        clock=clock,
        keys=KeyRing(bytes(32), "test"),
        hmac_key=bytes(32),
    )
    app = create_app("gateway", verifier=issuer.verifier())
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")
    made = Door(http, issuer, store)
    upstream = Upstream(URLS, timeout=1, transport=httpx.MockTransport(made.answer))
    app.include_router(routes(context, upstream))
    app.state.upstream = upstream
    async with http:
        yield made
    await upstream.close()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A door that needs no board."""
    async with opened("postgresql://127.0.0.1:1/none") as made:
        yield made


@pytest.fixture
async def board_door(database: str) -> AsyncIterator[Door]:
    """A door with its board."""
    async with opened(database) as made:
        await made.store.open()
        await create_view_tables(made.store, BOARD)
        yield made
        await made.store.close()


async def test_a_request_goes_on_with_the_persons_token_and_headers(door: Door) -> None:
    door.answering = lambda request: httpx.Response(201, json={"state": "draft"}, headers={"ETag": '"1"'})
    bearer = door.bearer()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    answer = await door.draft(
        **bearer, **{"X-Request-Id": "r-7", "Accept-Language": "fr", "If-Match": '"3"', "traceparent": traceparent}
    )

    (asked,) = door.asked
    assert (asked.method, str(asked.url)) == ("POST", "http://request-intake.test/requests")
    assert {name: asked.headers[name] for name in ("authorization", "idempotency-key", "x-request-id", "if-match")} == {
        "authorization": bearer["Authorization"],
        "idempotency-key": "k1",
        "x-request-id": "r-7",
        "if-match": '"3"',
    }
    assert (asked.headers["accept-language"], asked.headers["traceparent"]) == ("fr", traceparent)
    assert json.loads(asked.content) == DRAFT
    assert (answer.status_code, answer.json(), answer.headers["etag"], answer.headers["x-request-id"]) == (
        201,
        {"state": "draft"},
        '"1"',
        "r-7",
    )


async def test_other_headers_stay_at_the_door(door: Door) -> None:
    await door.draft(**{"Cookie": "session=1", "X-Forwarded-For": "1.2.3.4", "Origin": "http://evil.test"})
    assert not {"cookie", "x-forwarded-for", "origin"} & set(door.asked[0].headers)


async def test_a_problem_comes_back_unchanged(door: Door) -> None:
    problem = {"type": "urn:doorstep:problem:slot_in_past", "status": 422, "code": "slot_in_past", "field": "start"}
    door.answering = lambda request: httpx.Response(
        422, json=problem, headers={"content-type": "application/problem+json"}
    )
    answer = await door.draft()
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (
        422,
        problem,
        "application/problem+json",
    )


async def test_a_tag_stays_strong_whatever_compression_is_wished(door: Door) -> None:
    shown = json.dumps({"client_id": str(REQUEST), "filler": "x" * 5_000}).encode()
    headers = {
        "content-type": "application/json",
        "etag": '"9f"',
        "cache-control": "private, no-cache",
        "vary": "Authorization",
    }
    door.answering = lambda request: httpx.Response(200, content=shown, headers=headers)
    for wished in ("gzip", "br, gzip;q=0.5", "identity"):
        answer = await door.http.get(f"/v1/clients/{REQUEST}", headers={**door.bearer(), "Accept-Encoding": wished})
        assert (answer.headers["etag"], "content-encoding" in answer.headers, answer.content) == ('"9f"', False, shown)
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("private, no-cache", "Authorization")


async def test_who_has_it_already_is_told_so_by_the_service(door: Door) -> None:
    door.answering = lambda request: httpx.Response(304, headers={"etag": '"9f"'})
    answer = await door.http.get(f"/v1/clients/{REQUEST}", headers={**door.bearer(), "If-None-Match": '"9f"'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"9f"')
    assert door.asked[0].headers["if-none-match"] == '"9f"'


async def test_a_problem_in_another_language_says_which(door: Door) -> None:
    door.answering = lambda request: httpx.Response(
        404, json={}, headers={"content-language": "fr", "vary": "Accept-Language"}
    )
    answer = await door.http.get(f"/v1/clients/{REQUEST}", headers={**door.bearer(), "Accept-Language": "fr"})
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("fr", "Accept-Language")
    assert door.asked[0].headers["accept-language"] == "fr"


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
async def test_a_service_that_is_away_is_named(door: Door, failure: Exception) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure

    door.answering = fail
    answer = await door.draft()
    assert answer.status_code == 503
    assert (answer.json()["code"], answer.json()["service"]) == ("service_unavailable", "request-intake")
    assert answer.headers["retry-after"] == "1"


async def test_a_connection_that_was_closed_as_we_wrote_is_no_failure(door: Door) -> None:
    def close_first(request: httpx.Request) -> httpx.Response:
        if len(door.asked) == 1:
            raise httpx.RemoteProtocolError("closed")
        return httpx.Response(201, json={"request_id": str(REQUEST)})

    door.answering = close_first
    answer = await door.draft()
    assert (answer.status_code, [asked.headers["idempotency-key"] for asked in door.asked]) == (201, ["k1", "k1"])


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({**DRAFT, "extra": 1}, "invalid_body", 422),
        ({**DRAFT, "client": {"picked": str(REQUEST), "typed": {}}}, "invalid_body", 422),
        ({**DRAFT, "client": {"typed": {"first_name": "A", "nickname": "B"}}}, "invalid_body", 422),
        ({**DRAFT, "duration_minutes": "60"}, "invalid_body", 422),
        ({**DRAFT, "accept_overlap": "yes"}, "invalid_body", 422),
        ({**DRAFT, "performer": "nobody"}, "invalid_body", 422),
        ({**DRAFT, "start": "x" * 201}, "invalid_body", 422),
        ([], "invalid_body", 422),
    ],
)
async def test_a_body_of_another_shape_stays_at_the_door(door: Door, body: Any, code: str, status: int) -> None:
    answer = await door.draft(body)
    assert (answer.status_code, answer.json()["code"], door.asked) == (status, code, [])


async def test_what_is_no_json_stays_at_the_door(door: Door) -> None:
    sent = {**door.bearer(), "Idempotency-Key": "k1", "Content-Type": "application/json"}
    answer = await door.http.post("/v1/requests", content=b"{", headers=sent)
    assert (answer.status_code, answer.json()["code"], door.asked) == (400, "malformed_json", [])


async def test_who_does_not_say_who_they_are_stays_at_the_door(door: Door) -> None:
    nobody = await door.http.get(f"/v1/requests/{REQUEST}")
    forger = await door.http.get(
        f"/v1/requests/{REQUEST}",
        headers={"Authorization": f"Bearer {LocalIssuer().token(sub=uuid4(), role='operator', org=ORGANISATION)}"},
    )
    assert [(each.status_code, each.json()["code"]) for each in (nobody, forger)] == [
        (401, "token_missing"),
        (401, "token_invalid"),
    ]
    assert door.asked == []


async def test_a_post_needs_its_key(door: Door) -> None:
    answer = await door.http.post("/v1/requests", json=DRAFT, headers=door.bearer())
    assert (answer.status_code, answer.json()["code"], door.asked) == (400, "idempotency_key_missing", [])


async def test_an_id_that_is_none_stays_at_the_door(door: Door) -> None:
    answer = await door.http.get("/v1/requests/..%2f..%2foperations", headers=door.bearer())
    answers = [answer, await door.http.get("/v1/requests/7", headers=door.bearer())]
    assert [each.status_code for each in answers] == [404, 422]
    assert door.asked == []


SETTINGS = {"workers_may_create": True, "required_contact_fields": ["email"], "draft_lifetime_hours": 24}

ROUTES: list[tuple[str, str, str, Any]] = [
    ("GET", "/settings", "request-intake", None),
    ("PUT", "/settings", "request-intake", SETTINGS),
    ("GET", "/catalogue?postal_code=69003", "request-intake", None),
    ("GET", "/requests?state=draft&state=launched&limit=5", "request-intake", None),
    ("GET", f"/requests/{REQUEST}", "request-intake", None),
    ("POST", f"/requests/{REQUEST}/cancel", "request-intake", {"reason_code": "ill"}),
    ("POST", "/organisations", "request-intake", {"organisation_id": str(REQUEST), "slug": "x", "time_zone": "Europe/Paris"}),
    ("GET", "/clients?postal_code=69003&limit=5", "client-directory", None),
    ("GET", f"/clients/{REQUEST}", "client-directory", None),
    ("GET", "/reviews?limit=5", "client-directory", None),
    ("POST", f"/reviews/{REQUEST}/decision", "client-directory", {"new": True}),
    ("POST", f"/reviews/{REQUEST}/decision", "client-directory", {"link": str(REQUEST)}),
    ("GET", f"/requests/{REQUEST}/validation", "client-directory", None),
    ("POST", f"/requests/{REQUEST}/validation", "client-directory", {"action": "decline"}),
    ("POST", "/workers", "dispatch", {"worker_id": str(REQUEST), "services": ["menage"]}),
    ("GET", "/policy", "dispatch", None),
    ("PUT", "/policy", "dispatch", {"broadcast": True}),
    ("GET", "/calls", "dispatch", None),
    ("POST", f"/requests/{REQUEST}/applications", "dispatch", None),
    ("GET", f"/requests/{REQUEST}/broadcast", "dispatch", None),
    ("POST", f"/requests/{REQUEST}/selection", "dispatch", {"worker_id": str(REQUEST)}),
    ("GET", f"/calendar?worker_id={REQUEST}&from=2027-01-01T00%3A00%3A00Z&to=2027-01-02T00%3A00%3A00Z", "scheduling", None),
    ("GET", "/availability?start=2027-01-01T00%3A00%3A00Z&end=2027-01-02T00%3A00%3A00Z", "scheduling", None),
    ("GET", f"/visits?request_id={REQUEST}", "scheduling", None),
    ("GET", f"/visits/{REQUEST}", "scheduling", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "service", "body"), ROUTES)
async def test_each_route_leads_to_its_service(door: Door, method: str, path: str, service: str, body: Any) -> None:
    door.answering = lambda request: httpx.Response(203, json={"seen": request.url.path})

    answer = await door.http.request(
        method, f"/v1{path}", json=body, headers={**door.bearer("operator"), "Idempotency-Key": "k1"}
    )

    (asked,) = door.asked
    assert (asked.method, str(asked.url)) == (method, f"http://{service}.test{path}")
    assert (json.loads(asked.content) if asked.content else None) == body
    assert answer.status_code == 203


async def test_every_route_of_the_api_is_among_those(door: Door) -> None:
    transport = door.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    declared = {(method.upper(), path) for path, operations in app.openapi()["paths"].items() for method in operations}
    tried = {(method, "/v1" + path.partition("?")[0]) for method, path, _, _ in ROUTES}
    filled = {(method, _filled(path)) for method, path in declared}
    assert filled - tried == {
        ("GET", "/v1/board"),
        ("POST", "/v1/requests"),
        ("POST", f"/v1/requests/{REQUEST}/launch"),
        ("POST", "/v1/clients"),
        ("POST", f"/v1/clients/{REQUEST}/payment-methods"),
    }


def _filled(path: str) -> str:
    return "/".join(str(REQUEST) if part.startswith("{") else part for part in path.split("/"))


# Prefer: wait


def intake(*states: Mapping[str, Any]) -> Answering:
    """Accepts a launch, then shows the request in each of these states, the last one for ever."""
    left = list(states)

    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": str(REQUEST), "state": "launching"}, headers={"ETag": '"2"'})
        state = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(200, json={"request_id": str(REQUEST), "secret": "x", **state}, headers={"ETag": '"9"'})

    return answering


def gate(*missing: str) -> dict[str, Any]:
    return {"open": not missing, "missing": list(missing)}


LAUNCHING = {
    "state": "launching",
    "case": None,
    "client_gate": gate("verification"),
    "worker_gate": gate("verification"),
}
UNDECIDED = {"state": "launched", "case": 3, "client_gate": gate("validation"), "worker_gate": gate("slot")}
DECIDED = {"state": "launched", "case": 3, "client_gate": gate("validation"), "worker_gate": gate("applications")}
CONFIRMED = {"state": "confirmed", "case": 1, "client_gate": gate(), "worker_gate": gate()}


async def test_without_a_wish_to_wait_the_launch_answers_at_once(door: Door) -> None:
    door.answering = intake(LAUNCHING)
    answer = await door.launch()
    assert (answer.json(), answer.headers["etag"], len(door.asked)) == (
        {"request_id": str(REQUEST), "state": "launching"},
        '"2"',
        1,
    )


async def test_a_launch_that_waits_answers_with_the_state_reached(board_door: Door) -> None:
    board_door.answering = intake(LAUNCHING, UNDECIDED, CONFIRMED)
    answer = await board_door.launch(Prefer="wait=5")
    assert answer.json() == {"request_id": str(REQUEST), **CONFIRMED}
    assert (answer.headers["preference-applied"], answer.headers["etag"], len(board_door.asked)) == ("wait=5", '"9"', 4)


async def test_it_waits_until_both_gates_are_decided_by_their_owners(board_door: Door) -> None:
    board_door.answering = intake(DECIDED)
    await board_door.put_row(
        client_gate="shut", client_lacks=["address"], worker_gate="shut", worker_lacks=["applications"]
    )
    answer = await board_door.launch(Prefer="respond-async, wait=5")
    assert (answer.json(), len(board_door.asked)) == ({"request_id": str(REQUEST), **DECIDED}, 2)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"worker_gate": "shut", "worker_lacks": ["applications"]},
        {"client_gate": "open", "client_lacks": [], "worker_gate": "shut", "worker_lacks": ["applications"]},
        {"client_gate": "shut", "client_lacks": ["address"], "worker_gate": "shut", "worker_lacks": ["slot"]},
    ],
)
async def test_when_the_time_is_over_it_answers_with_what_there_is(board_door: Door, row: dict[str, Any]) -> None:
    board_door.answering = intake(UNDECIDED)
    await board_door.put_row(**row)
    answer = await board_door.launch(Prefer="wait=1")
    assert answer.json() == {"request_id": str(REQUEST), **UNDECIDED}
    assert len(board_door.asked) > 10


async def test_a_refused_launch_is_not_waited_for(board_door: Door) -> None:
    board_door.answering = lambda request: httpx.Response(409, json={"code": "request_ended"})
    answer = await board_door.launch(Prefer="wait=5")
    assert (answer.status_code, answer.json(), len(board_door.asked)) == (409, {"code": "request_ended"}, 1)


async def test_the_board_is_for_operators(board_door: Door) -> None:
    worker = await board_door.http.get("/v1/board", headers=board_door.bearer("worker"))
    operator = await board_door.http.get("/v1/board", headers=board_door.bearer("operator"))
    assert (worker.status_code, worker.json()["code"]) == (403, "wrong_role")
    assert operator.json() == {"requests": [], "next_cursor": None}


@pytest.mark.parametrize("day", ["0", "1800000000", "2027-3-1", "2027-03-01T00:00", "tomorrow", ""])
async def test_a_day_of_the_board_is_an_iso_date_and_no_number(door: Door, day: str) -> None:
    for parameter in ("from", "to"):
        answer = await door.http.get("/v1/board", params={parameter: day}, headers=door.bearer("operator"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


@pytest.mark.parametrize("name", ["If-None-Match", "Accept-Language", "If-Match"])
async def test_a_header_that_is_no_ascii_goes_on_as_it_came(door: Door, name: str) -> None:
    sent = httpx.Headers({**door.bearer(), name: '"é\x80"'}, encoding="latin-1")
    answer = await door.http.get("/v1/settings", headers=sent)
    (asked,) = door.asked
    assert (answer.status_code, dict(asked.headers.raw)[name.lower().encode()]) == (200, b'"\xe9\x80"')
