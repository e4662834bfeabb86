"""A connection gets little time and little memory for saying what it wants: slow ones must not use up the door."""

import asyncio
import contextlib
import socket
from asyncio.events import TimerHandle
from types import MappingProxyType
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from doorstep_chassis.errors import DomainError
from doorstep_chassis.problems import problem_response

MAX_URL_BYTES = 8 * 1024
MAX_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0
"""What a request's head may take to arrive, from the first byte or from the connection on."""
BODY_SECONDS = 20.0
"""What a request's body may take to arrive."""
UNREAD_SECONDS = 30
"""After how long without a sign that what was sent is taken a connection is given up."""
MAX_CONNECTIONS = 4_000
"""Connections at once; one more is closed at once."""

_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class UrlTooLong(DomainError):
    """The address is longer than any that the service has."""

    code = "url_too_long"
    status = 414
    title = "URL too long"


class HeadersTooLarge(DomainError):
    """The headers together are longer than the service reads."""

    code = "headers_too_large"
    status = 431


class GuardedConnection(HttpToolsProtocol):
    """HTTP by httptools, which by itself waits for ever for a head of any length."""

    head_seconds: ClassVar[float] = HEAD_SECONDS
    max_connections: ClassVar[int] = MAX_CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_due: TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.abort()
            return
        with contextlib.suppress(OSError, AttributeError):  # not every system, not every transport has it
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1_000
            )
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_due is None and self._at_rest():
            self._expect_head()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_due is not None and self._head_bytes > MAX_URL_BYTES + MAX_HEAD_BYTES:
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def _at_rest(self) -> bool:
        cycle: RequestResponseCycle | None = vars(self)["cycle"]  # the library declares it without its None
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_due = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _head_is_there(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


class BodyTooSlow(DomainError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = 408
    headers = MappingProxyType({"Connection": "close"})


class BoundedRequests:
    """Refuses a long URL or head, and a body that does not arrive in time, as problems."""

    def __init__(self, app: ASGIApp, body_seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_URL_BYTES:
            await problem_response(UrlTooLong(), scope)(scope, receive, send)
        elif sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
            await problem_response(HeadersTooLarge(), scope)(scope, receive, send)
        else:
            await self._in_time(scope, receive, send)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        due: float | None = asyncio.get_running_loop().time() + self.body_seconds
        late = started = False

        async def hurry() -> Message:
            nonlocal due, late
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError:
                late = True
                raise HTTPException(408) from None
            if message["type"] != "http.request" or not message.get("more_body", False):
                due = None  # what may still come is that the caller goes away
            return message

        async def watch(message: Message) -> None:
            nonlocal started
            if not late or started:
                started = True
                await send(message)

        try:
            await self.app(scope, hurry, watch)
        except HTTPException:
            if not late:
                raise
        if late and not started:
            await problem_response(BodyTooSlow(), scope)(scope, receive, send)
