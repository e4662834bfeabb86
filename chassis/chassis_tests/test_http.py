"""Every service's HTTP door: problems that repeat nothing, request ids, limits, health, idempotency keys."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.errors import Conflict, Unavailable
from doorstep_chassis.http import (
    Body,
    Check,
    IdempotencyKey,
    create_app,
    fingerprint,
    serve,
)
from doorstep_chassis.problems import problem_body
from doorstep_chassis.store.model import StoreUnavailable
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client import REGISTRY
from pydantic import AwareDatetime, Field, field_validator

CANARY = "canary@example.org"
NO_OBJECT = "Input should be a valid dictionary or object to extract fields from"


class SlotRefused(Conflict):
    code = "test_slot_refused"
    title = "The slot is refused"


class Card(Body):
    kind: Literal["card"]
    month: Annotated[int, Field(ge=1, le=12)]


class Mandate(Body):
    kind: Literal["mandate"]
    signed: AwareDatetime


class Draft(Body):
    name: Annotated[str, Field(max_length=20)]
    worker: UUID | None = None
    payment: Annotated[Card | Mandate, Field(discriminator="kind")] | None = None
    notes: tuple[str, ...] = ()
    weight: float = 1.0

    @field_validator("name")
    @classmethod
    def _no_digits(cls, value: str) -> str:
        if any(character.isdigit() for character in value):
            raise ValueError(f"{value} holds digits")
        return value


def the_app(**options: Any) -> FastAPI:
    app = create_app("test", **options)
    router = APIRouter(prefix="/requests")

    @router.post("")
    async def draft(body: Draft, key: IdempotencyKey) -> dict[str, str]:
        return {"key": key, "fingerprint": fingerprint(body)}

    @router.get("/{request_id}")
    async def show(request_id: UUID, page: int = 1) -> str:
        return str(request_id)

    @router.post("/{request_id}/hold")
    async def hold(request_id: UUID) -> None:
        raise SlotRefused(
            "the slot overlaps a visit",
            field="/slot",
            rule="13",
            instant=datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=4))),
            details={"visits": 2, "status": "must not hide the standard member"},
        )

    @router.post("/{request_id}/fail")
    async def fail(request_id: UUID) -> None:
        raise RuntimeError(CANARY)

    @router.get("/{request_id}/half")
    async def half(request_id: UUID) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError(CANARY)

        return StreamingResponse(parts())

    @router.get("/{request_id}/away")
    async def away(request_id: UUID) -> None:
        raise Unavailable

    @router.get("/{request_id}/unread")
    async def unread(request_id: UUID) -> None:
        raise StoreUnavailable("connection to a host is lost")

    @router.get("/{request_id}/seen")
    async def seen(request_id: UUID, request: Request) -> str:
        return str(request.state.request_id)

    app.include_router(router, prefix="/v1")
    return app


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def call(method: str, path: str, *, app: FastAPI | None = None, **options: Any) -> httpx.Response:
    async with client_of(app or the_app()) as client:
        return await client.request(method, path, **options)


async def post_draft(**options: Any) -> httpx.Response:
    return await call("POST", "/v1/requests", headers={"Idempotency-Key": "k"}, **options)


def errors_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
    assert CANARY not in answer.text
    errors: list[dict[str, str]] = answer.json()["errors"]
    return errors


ONE = "/v1/requests/11111111-1111-4111-8111-111111111111"


class TestProblems:
    async def test_a_domain_error_is_a_problem_with_all_it_says(self) -> None:
        answer = await call("POST", f"{ONE}/hold", headers={"X-Request-Id": "r-1"})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "urn:doorstep:problem:test_slot_refused",
            "title": "The slot is refused",
            "status": 409,
            "code": "test_slot_refused",
            "detail": "the slot overlaps a visit",
            "rule": "13",
            "field": "/slot",
            "instant": "2026-03-01T10:00:00Z",
            "request_id": "r-1",
            "visits": 2,
        }

    async def test_what_an_error_does_not_say_is_left_out(self) -> None:
        assert problem_body(SlotRefused()) == {
            "type": "urn:doorstep:problem:test_slot_refused",
            "title": "The slot is refused",
            "status": 409,
            "code": "test_slot_refused",
        }

    async def test_what_is_away_says_when_to_come_back(self) -> None:
        answer = await call("GET", f"{ONE}/away")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    async def test_a_store_that_is_away_says_when_to_come_back_and_nothing_of_itself(self) -> None:
        answer = await call("GET", f"{ONE}/unread")
        assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "1", "unavailable")
        assert "lost" not in answer.text

    async def test_an_unexpected_error_says_nothing(self) -> None:
        answer = await call("POST", f"{ONE}/fail", headers={"X-Request-Id": "r-1"})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == "r-1"
        assert (answer.status_code, answer.json()) == (
            500,
            {
                "type": "urn:doorstep:problem:internal",
                "title": "Internal error",
                "status": 500,
                "code": "internal",
                "detail": "The service failed; nothing is said of how.",
                "request_id": "r-1",
            },
        )

    async def test_an_answer_that_breaks_half_way_is_cut(self) -> None:
        with pytest.raises(RuntimeError):
            await call("GET", f"{ONE}/half")

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/v1/nowhere", 404, "route_not_found"),
            ("DELETE", ONE, 405, "method_not_allowed"),
        ],
    )
    async def test_the_frameworks_refusals_are_problems_too(
        self, method: str, path: str, status: int, code: str
    ) -> None:
        answer = await call(method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_a_wrong_method_names_the_right_ones(self) -> None:
        assert (await call("DELETE", ONE)).headers["allow"] == "GET"

    async def test_a_wrong_parameter_is_named_and_not_repeated(self) -> None:
        answer = await call("GET", f"/v1/requests/{CANARY}?page={CANARY}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert answer.json()["errors"] == [
            {"in": "path", "parameter": "request_id", "message": "Input is not valid"},
            {
                "in": "query",
                "parameter": "page",
                "message": "Input should be a valid integer, unable to parse string as an integer",
            },
        ]
        assert CANARY not in answer.text


class TestBodies:
    async def test_every_fault_has_its_pointer(self) -> None:
        answer = await post_draft(json={"name": CANARY * 2, "notes": ["fine", 7], "payment": {"kind": "card"}})
        assert errors_of(answer) == [
            {"pointer": "/name", "message": "String should have at most 20 characters"},
            {"pointer": "/payment/month", "message": "Field required"},
            {"pointer": "/notes/1", "message": "Input should be a valid string"},
        ]

    @pytest.mark.parametrize(
        ("body", "pointer", "message"),
        [
            ({}, "/name", "Field required"),
            ({"name": "A", CANARY: 1}, "", "Extra inputs are not permitted"),
            ({"name": "A", "payment": {"kind": "card", "month": 1, CANARY: 1}}, "/payment",
             "Extra inputs are not permitted"),
            ({"name": "A", "payment": {"kind": CANARY}}, "/payment", "Input is not valid"),
            ({"name": "A", "payment": {"kind": "mandate", "signed": CANARY}}, "/payment/signed", "Input is not valid"),
            ({"name": "A", "payment": {"kind": "mandate", "signed": "2026-03-01T10:00:00"}}, "/payment/signed",
             "Input should have timezone info"),
            ({"name": "A", "worker": CANARY}, "/worker", "Input is not valid"),
            ({"name": "06 12 34 56 78"}, "/name", "Input is not valid"),
            ([CANARY], "", NO_OBJECT),
            (CANARY, "", NO_OBJECT),
        ],
    )  # fmt: skip
    async def test_a_fault_never_repeats_the_input(self, body: object, pointer: str, message: str) -> None:
        answer = await post_draft(json=body)
        assert errors_of(answer) == [{"pointer": pointer, "message": message}]
        assert "06 12" not in answer.text

    @pytest.mark.parametrize("text", ["{", "", "{'name': 1}", '{"name": "canary@example.org"', "nonsense"])
    async def test_what_is_no_json_is_malformed(self, text: str) -> None:
        answer = await post_draft(content=text, app=_as_json(the_app()))
        expected = (400, "malformed_json") if text else (422, "invalid_body")
        assert (answer.status_code, answer.json()["code"]) == expected
        assert CANARY not in answer.text

    async def test_a_body_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            Draft(name="A").name = "B"  # type: ignore[misc]


def _as_json(app: FastAPI) -> FastAPI:
    """The app behind a middleware that says JSON for whatever is sent."""

    class SaysJson:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            headers = [*scope.get("headers", []), (b"content-type", b"application/json")]
            await self.app({**scope, "headers": headers}, receive, send)

    app.add_middleware(SaysJson)
    return app


class TestBodyLimit:
    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_body_over_the_limit_is_refused(self, chunked: bool) -> None:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 50

        app = the_app(max_body_bytes=100)
        answer = await post_draft(content=parts() if chunked else b"x" * 150, app=_as_json(app))
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def test_a_body_that_says_so_beforehand_is_not_even_read(self) -> None:
        answer = await call("POST", f"{ONE}/hold", content=b"x" * 150, app=the_app(max_body_bytes=100))
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def test_a_body_at_the_limit_is_taken(self) -> None:
        body = json.dumps({"name": "A", "notes": ["x" * 100]}).encode()
        answer = await post_draft(content=body, app=_as_json(the_app(max_body_bytes=len(body))))
        assert answer.status_code == 200


class TestRequestIds:
    async def test_the_callers_id_is_kept_everywhere(self) -> None:
        answer = await call("GET", f"{ONE}/seen", headers={"X-Request-Id": "Abc-1._"})
        assert (answer.json(), answer.headers["x-request-id"]) == ("Abc-1._", "Abc-1._")

    @pytest.mark.parametrize("given", [None, "", "a b", CANARY, "x" * 65, "a\tb"])
    async def test_an_id_is_made_where_none_can_be_taken(self, given: str | None) -> None:
        answer = await call("GET", f"{ONE}/seen", headers={"X-Request-Id": given} if given is not None else {})
        made = answer.headers["x-request-id"]
        assert answer.json() == made
        assert UUID(hex=made).version == 4


class TestIdempotencyKey:
    @pytest.mark.parametrize("key", ["k", "x" * 200, '"quoted"', "!~"])
    async def test_a_key_is_taken_as_it_came(self, key: str) -> None:
        answer = await call("POST", "/v1/requests", json={"name": "A"}, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["key"]) == (200, key)

    async def test_a_post_needs_one(self) -> None:
        answer = await call("POST", "/v1/requests", json={"name": "A"})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")

    @pytest.mark.parametrize("keys", [[""], ["x" * 201], ["a b"], ["é"], ["a", "b"]])
    async def test_a_key_that_is_none_is_refused(self, keys: list[str]) -> None:
        headers = [(b"idempotency-key", key.encode()) for key in keys]
        answer = await call("POST", "/v1/requests", json={"name": "A"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")

    async def test_it_stands_in_the_description_of_the_api(self) -> None:
        described = (await call("GET", "/openapi.json")).json()["paths"]["/v1/requests"]["post"]["parameters"]
        assert [(parameter["in"], parameter["name"]) for parameter in described] == [("header", "idempotency-key")]


class TestFingerprint:
    def test_it_is_the_hash_of_canonical_json(self) -> None:
        assert fingerprint({"b": [1, None], "a": "é"}) == (
            "3d92f6368f93f3cb36a4e7a721098054dfbfd705e31fa50409f2d99e0727a08c"
        )

    def test_order_and_absent_defaults_do_not_count(self) -> None:
        assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        same = [Draft(name="A"), Draft(name="A", worker=None), Draft(notes=(), name="A", weight=1)]
        assert len({fingerprint(body) for body in same}) == 1

    def test_it_stays_the_same_when_a_body_gets_an_optional_field(self) -> None:
        class Old(Body):
            name: str

        class New(Old):
            worker: UUID | None = None

        assert fingerprint(Old(name="A")) == fingerprint(New(name="A"))

    def test_content_counts(self) -> None:
        bodies = [Draft(name="A"), Draft(name="B"), Draft(name="A", notes=("x",)), Draft(name="A", notes=("x", "y"))]
        assert len({fingerprint(body) for body in bodies}) == 4

    def test_a_body_with_a_lone_surrogate_has_one_too(self) -> None:
        assert fingerprint({"a": "\ud800"}) != fingerprint({"a": "\udfff"})

    def test_a_key_keeps_it_from_being_guessed(self) -> None:
        body = Draft(name="A")
        hashes = {fingerprint(body), fingerprint(body, key=b"k" * 32), fingerprint(body, key=b"l" * 32)}
        assert len(hashes) == 3
        assert fingerprint(body, key=b"k" * 32) in hashes


class TestHealth:
    async def yes(self) -> bool:
        return True

    async def no(self) -> bool:
        return False

    async def broken(self) -> bool:
        raise RuntimeError(CANARY)

    async def hanging(self) -> bool:
        await asyncio.sleep(3600)
        return True

    async def health(self, path: str, **checks: Mapping[str, Check]) -> tuple[int, Any]:
        answer = await call("GET", path, app=create_app("test", **checks))  # type: ignore[arg-type]
        return answer.status_code, answer.json()

    @pytest.mark.parametrize(("path", "kind"), [("/livez", "liveness"), ("/readyz", "readiness")])
    async def test_all_checks_pass(self, path: str, kind: str) -> None:
        assert await self.health(path, **{kind: {"database": self.yes}}) == (
            200,
            {"status": "ok", "checks": {"database": "ok"}},
        )

    @pytest.mark.parametrize(("path", "kind"), [("/livez", "liveness"), ("/readyz", "readiness")])
    async def test_the_checks_that_fail_are_named(self, path: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("doorstep_chassis.http.CHECK_SECONDS", 0.01)
        checks = {"database": self.yes, "broker": self.no, "lag": self.broken, "relay": self.hanging}
        assert await self.health(path, **{kind: checks}) == (
            503,
            {"status": "failed", "checks": {"database": "ok", "broker": "failed", "lag": "failed", "relay": "failed"}},
        )

    async def test_a_service_that_is_not_ready_may_live(self) -> None:
        assert await self.health("/livez", readiness={"database": self.no}) == (200, {"status": "ok", "checks": {}})


class TestMetrics:
    async def test_requests_are_counted_by_template_and_status(self) -> None:
        def counted(route: str, status: int) -> float:
            labels = {"method": "GET", "route": route, "status": str(status)}
            return REGISTRY.get_sample_value("doorstep_http_request_seconds_count", labels) or 0.0

        template = "/v1/requests/{request_id}"
        before = counted(template, 200), counted(template, 422), counted("unmatched", 404)
        async with client_of(the_app()) as client:
            for path in (ONE, ONE, f"/v1/requests/{CANARY}", f"/{CANARY}"):
                await client.get(path)
            shown = await client.get("/metrics")
        after = counted(template, 200), counted(template, 422), counted("unmatched", 404)
        assert tuple(now - then for now, then in zip(after, before, strict=True)) == (2, 1, 1)
        assert shown.headers["content-type"].startswith("text/plain")
        assert f'route="{template}",status="200"' in shown.text
        assert CANARY not in shown.text

    async def test_a_failure_is_counted_as_one(self) -> None:
        labels = {"method": "POST", "route": "/v1/requests/{request_id}/fail", "status": "500"}
        before = REGISTRY.get_sample_value("doorstep_http_request_seconds_count", labels) or 0.0
        await call("POST", f"{ONE}/fail")
        assert REGISTRY.get_sample_value("doorstep_http_request_seconds_count", labels) == before + 1


class TestServe:
    async def test_requests_under_way_finish_before_the_door_closes(self) -> None:
        stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
        lived: list[str] = []

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            lived.append("started")
            yield
            lived.append("stopped")

        app = create_app("test", lifespan=lifespan)

        @app.get("/slow")
        async def slow() -> str:
            stop.set()
            await asyncio.sleep(0.3)
            lived.append("answered")
            return "done"

        server = asyncio.create_task(serve(app, "127.0.0.1", 0, stop=stop, on_bound=bound.set_result))
        port = await bound
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/slow")
        await server
        assert (answer.status_code, answer.json()) == (200, "done")
        assert lived == ["started", "answered", "stopped"]
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as client:
                await client.get(f"http://127.0.0.1:{port}/slow")
