"""The services behind the door: each request goes on with the person's own token, each answer comes back unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

import httpx
from doorstep_chassis.errors import Unavailable
from doorstep_chassis.problems import request_id_of
from doorstep_chassis.telemetry import current_traceparent
from fastapi import Depends, Request, Response
from pydantic import BaseModel

ServiceName = Literal["request-intake", "client-directory", "dispatch", "scheduling"]

_PASSED_ON = ("authorization", "idempotency-key", "if-match", "if-none-match", "accept-language", "traceparent")
_PASSED_BACK = (
    "etag",
    "location",
    "retry-after",
    "www-authenticate",
    "content-language",
    "vary",
    "cache-control",
    "link",
)
_KEEP_ALIVE_SECONDS = 4
"""Shorter than the services' own five, so that a request seldom meets a connection that is being closed."""


class ServiceUnavailable(Unavailable):
    """A service is away, or did not answer in time; whether it acted, the same Idempotency-Key tells."""

    code = "service_unavailable"


class Upstream:
    """Connections to the services, kept open."""

    def __init__(
        self,
        urls: Mapping[ServiceName, str],
        *,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._http = httpx.AsyncClient(
            timeout=timeout,
            transport=transport,
            limits=httpx.Limits(
                max_connections=200, max_keepalive_connections=100, keepalive_expiry=_KEEP_ALIVE_SECONDS
            ),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of every connection."""
        await self._http.aclose()

    async def ask(
        self,
        service: ServiceName,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
    ) -> httpx.Response:
        """One request. Errors: ServiceUnavailable, naming the service."""
        sent = httpx.Headers(headers, encoding="latin-1")  # as they came: a header may hold bytes that are no ASCII
        request = self._http.build_request(
            method, self._urls[service] + path, params=query or None, content=body, headers=sent
        )
        try:
            try:
                return await self._http.send(request)
            except httpx.RemoteProtocolError:
                # A kept connection was closed as we wrote. The Idempotency-Key makes asking once more harmless.
                return await self._http.send(request)
        except httpx.TransportError as problem:
            raise ServiceUnavailable(f"{service} does not answer", details={"service": service}) from problem


@dataclass(frozen=True, slots=True)
class Forward:
    """One request of a person on its way to a service."""

    upstream: Upstream
    headers: Mapping[str, str]

    async def __call__(
        self,
        service: ServiceName,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: BaseModel | None = None,
    ) -> Response:
        """The service's answer, problems too, as it is."""
        return passed_back(await self.ask(service, method, path, query=query, body=body))

    async def ask(
        self,
        service: ServiceName,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: BaseModel | None = None,
    ) -> httpx.Response:
        """The service's answer, to look into. A member of the query that is None is left out."""
        content = None if body is None else body.model_dump_json(exclude_unset=True).encode()
        return await self.upstream.ask(
            service,
            method,
            path,
            headers=self.headers if content is None else {**self.headers, "content-type": "application/json"},
            query={name: value for name, value in (query or {}).items() if value is not None},
            body=content,
        )


def passed_back(answer: httpx.Response) -> Response:
    """An answer of a service as an answer of ours."""
    headers = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
    return Response(answer.content, answer.status_code, headers=headers, media_type=answer.headers.get("content-type"))


def passed_on(request: Request) -> dict[str, str]:
    """The headers of a request that the service behind needs too."""
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    request_id, traceparent = request_id_of(request.scope), current_traceparent()
    if request_id is not None:
        headers["x-request-id"] = request_id
    if traceparent is not None:
        headers["traceparent"] = traceparent
    return headers


class _HasUpstream(Protocol):
    upstream: Upstream


async def forward(request: Request) -> Forward:
    """FastAPI dependency: this request on its way on."""
    state: _HasUpstream = request.app.state
    return Forward(state.upstream, passed_on(request))


Onward = Annotated[Forward, Depends(forward)]
