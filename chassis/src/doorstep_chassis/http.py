"""What every service's HTTP door has: request ids, problems, health, metrics, strict bodies, idempotency keys."""

import asyncio
import hashlib
import hmac
import json
import re
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any
from uuid import uuid4

import structlog
import uvicorn
from fastapi import Depends, FastAPI, Header, Request, Response
from opentelemetry import trace
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep_chassis import metrics
from doorstep_chassis.auth import TokenVerifier
from doorstep_chassis.connections import BoundedRequests, GuardedConnection
from doorstep_chassis.errors import DomainError
from doorstep_chassis.problems import (
    BodyTooLarge,
    InvalidBody,
    UnhandledErrors,
    install_problem_handlers,
    problem_response,
)
from doorstep_chassis.strict_json import StrictJson
from doorstep_chassis.telemetry import span_from

MAX_BODY_BYTES = 256 * 1024
CHECK_SECONDS = 2.0
"""A health check that takes longer has failed."""
GRACE_SECONDS = 10
"""What requests under way get to finish in when the process is told to stop."""

Check = Callable[[], Awaitable[bool]]
"""A health check: False, an exception or no answer in time all mean that it failed."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

log = structlog.get_logger()


class Body(BaseModel):
    """A JSON body: unknown members are refused, it cannot be changed, and its errors do not repeat it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class IdempotencyKeyMissing(DomainError):
    """A POST names a key of its own, so that sending it again changes nothing."""

    code = "idempotency_key_missing"
    status = 400


class IdempotencyKeyInvalid(DomainError):
    """An idempotency key is one header of 1 to 200 visible ASCII characters."""

    code = "idempotency_key_invalid"
    status = 400


_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


async def idempotency_key(request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> str:
    """FastAPI dependency: the key under which this POST has its effect once."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        raise IdempotencyKeyMissing
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise IdempotencyKeyInvalid
    return keys[0]


IdempotencyKey = Annotated[str, Depends(idempotency_key)]


async def no_body(request: Request) -> None:
    """FastAPI dependency of a POST that says all by its path: it takes no body, or an empty object."""
    if await request.body() not in (b"", b"{}"):
        raise InvalidBody


NoBody = Annotated[None, Depends(no_body)]


def fingerprint(body: BaseModel | Mapping[str, Any], *, key: bytes | None = None) -> str:
    """By which two bodies under one idempotency key are told apart: SHA-256 over canonical JSON, in hex.

    Members that equal their default count as absent, so that a body means the same after an optional field is added.
    A body that holds personal data needs a `key`: a plain hash of a phone number is soon guessed.
    """
    shape = body.model_dump(mode="json", exclude_defaults=True) if isinstance(body, BaseModel) else body
    text = json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    content = text.encode("utf-8", "surrogatepass")  # JSON may hold lone surrogates: for the domain to refuse
    return hashlib.sha256(content).hexdigest() if key is None else hmac.digest(key, content, "sha256").hex()


def create_app(
    title: str,
    *,
    verifier: TokenVerifier | None = None,
    readiness: Mapping[str, Check] | None = None,
    liveness: Mapping[str, Check] | None = None,
    lifespan: Lifespan | None = None,
    version: str = "0.1.0",
    max_body_bytes: int = MAX_BODY_BYTES,
    docs_url: str | None = None,
) -> FastAPI:
    """A FastAPI app with everything that the doors of all services share; the routes are the service's own."""
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=docs_url,
        redoc_url=None,
        # FastAPI's own spans hold the query, and its logs the texts of exceptions
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.verifier = verifier
    install_problem_handlers(app)
    app.add_middleware(StrictJson)  # the last one added stands outermost
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes)
    app.add_middleware(BoundedRequests)
    app.add_middleware(UnhandledErrors)
    app.add_middleware(ObservedRequests)
    app.add_middleware(RequestIds)

    @app.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        return await _health(liveness or {})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        return await _health(readiness or {})

    @app.get("/metrics", include_in_schema=False)
    async def show_metrics() -> Response:
        content, media_type = metrics.exposition()
        return Response(content, media_type=media_type)

    return app


async def _health(checks: Mapping[str, Check]) -> Response:
    passed = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
    results = {name: "ok" if ok else "failed" for name, ok in zip(checks, passed, strict=True)}
    return JSONResponse(
        {"status": "ok" if all(passed) else "failed", "checks": results}, status_code=200 if all(passed) else 503
    )


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception as error:
        log.warning("check.failed", check=name, exc_info=error)
        return False


def route_template(scope: Scope) -> str:
    """The route of a request with its parameters unfilled, as a label that takes few values and holds no ids."""
    included = scope.get("fastapi", {}).get("effective_route_context")  # knows the prefixes of including routers
    return getattr(included or scope.get("route"), "path_format", "unmatched")


class RequestIds:
    """Every request has an id, the caller's when it is sane, else a new one: it is in the answer and in every log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, answer)


class ObservedRequests:
    """Measures each request, and traces it where traces are on, under its route's template."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, status, began = scope["method"], 500, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with span_from(Headers(scope=scope).get("traceparent"), method, kind=trace.SpanKind.SERVER):
            try:
                await self.app(scope, receive, watch)
            finally:
                route = route_template(scope)
                metrics.served(method, route, status, time.perf_counter() - began)
                span = trace.get_current_span()
                span.update_name(f"{method} {route}")
                span.set_attribute("http.response.status_code", status)


class BodyLimit:
    """Refuses a body that is longer than the limit, whether or not it says so beforehand."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self.max_bytes:
            await problem_response(BodyTooLarge(), scope)(scope, receive, send)
            return
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise HTTPException(413)  # the one kind of exception that FastAPI lets through from reading a body
            return message

        await self.app(scope, count, send)


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the process, which has more to stop than its HTTP door."""

    def __init__(self, config: uvicorn.Config, on_bound: Callable[[int], None] | None) -> None:
        super().__init__(config)
        self._on_bound = on_bound

    def capture_signals(self) -> AbstractAsyncContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        log.info("http.listening", host=self.config.host, port=port)
        if self._on_bound:
            self._on_bound(port)


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    stop: asyncio.Event | None = None,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Answer requests until `stop` is set (by SIGTERM or SIGINT when not given), then let those under way finish.

    With port 0 the system chooses one; `on_bound` and the log `http.listening` tell it.
    """
    stop = stop or stop_on_signals()
    server = _Server(
        uvicorn.Config(
            app,
            http=GuardedConnection,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        on_bound,
    )

    async def exit_on_stop() -> None:
        await stop.wait()
        server.should_exit = True

    watcher = asyncio.create_task(exit_on_stop())
    try:
        await server.serve()
    finally:
        watcher.cancel()


def stop_on_signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; a second one ends the process as it would any other."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        log.info("process.stopping", signal=number)
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    return stop
