"""What a page asks of the services, with the token of who looks at it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from doorstep_chassis.units import IdempotencyKeyInFlight
from fastapi import Depends, Request

from gateway.portals.session import Session, current
from gateway.portals.texts import chosen_language
from gateway.upstream import ServiceName, Upstream, passed_on

_IN_FLIGHT_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, *[1.6] * 6)
"""Together longer than a service may take to answer the first, as it is set by default."""


class Refused(Exception):
    """A service refused; `code` is its stable reason, `problem` the whole of it."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return str(self.problem.get("code", "internal"))


@dataclass(frozen=True, slots=True)
class Calls:
    """The services, asked on behalf of one person. Every refusal is raised as Refused; ServiceUnavailable too."""

    upstream: Upstream
    headers: Mapping[str, str]

    async def get(self, service: ServiceName, path: str, **query: Any) -> Any:
        """The JSON of an answer. A member of the query that is None is left out."""
        return _content(await self._ask(service, "GET", path, query=query))

    async def post(self, service: ServiceName, path: str, body: Any = None, *, key: str) -> Any:
        """POST under an idempotency key, as the form brought it; who clicks twice waits for the answer to the first."""
        for pause in _IN_FLIGHT_PAUSES:
            try:
                return _content(await self._ask(service, "POST", path, body=body, headers={"idempotency-key": key}))
            except Refused as refusal:
                if refusal.code != IdempotencyKeyInFlight.code:
                    raise
            await asyncio.sleep(pause)
        return _content(await self._ask(service, "POST", path, body=body, headers={"idempotency-key": key}))

    async def put(self, service: ServiceName, path: str, body: Any, *, etag: str | None = None) -> Any:
        """PUT; with the ETag that the form was filled from."""
        headers = {} if etag is None else {"if-match": etag}
        return _content(await self._ask(service, "PUT", path, body=body, headers=headers))

    async def ask(self, service: ServiceName, method: str, path: str, **query: Any) -> httpx.Response:
        """An answer as it came, refusals too."""
        return await self._ask(service, method, path, query=query)

    async def _ask(
        self,
        service: ServiceName,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        content = None if body is None else httpx.Request("POST", "http://body", json=body).content
        kind = {} if content is None else {"content-type": "application/json"}
        return await self.upstream.ask(
            service,
            method,
            path,
            headers={**self.headers, **kind, **(headers or {})},
            query={name: value for name, value in (query or {}).items() if value is not None},
            body=content,
        )


def _content(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    raise Refused(answer.status_code, problem if isinstance(problem, dict) else {})


def calls_with(request: Request, token: str) -> Calls:
    """The services, asked with this token."""
    kept = {name: value for name, value in passed_on(request).items() if name in ("x-request-id", "traceparent")}
    language = chosen_language(request)
    return Calls(request.app.state.upstream, {**kept, "authorization": f"Bearer {token}", "accept-language": language})


async def calls_of_session(request: Request, session: Annotated[Session | None, Depends(current)]) -> Calls:
    """FastAPI dependency; the page's visitor dependency has made sure that there is a session."""
    assert session is not None
    return calls_with(request, session.token)


OnBehalf = Annotated[Calls, Depends(calls_of_session)]
