"""What the services are asked when a mail is about to go: addresses and called workers, never kept here."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

from gateway.portals.texts import Language
from gateway.upstream import ServiceName, Upstream

_FRESH_SECONDS = 60.0
_MOST_CATALOGUES = 500
"""Of as many postal codes at most what is offered is remembered for a minute: a name of a service is not personal."""


class ServiceTokens(Protocol):
    """Signs for what the gateway does of its own accord."""

    def service(self) -> str: ...


class AnsweredOtherwise(Exception):
    """A service refused what it should answer; only its status is told."""

    def __init__(self, service: ServiceName, status: int) -> None:
        super().__init__(f"{service} answered {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a person is reached; `email` is None where there is none."""

    name: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: Language


class Services:
    """The services, asked in the gateway's own name. Errors: ServiceUnavailable, AnsweredOtherwise."""

    def __init__(self, upstream: Upstream, tokens: ServiceTokens) -> None:
        self._upstream = upstream
        self._tokens = tokens
        self._catalogues: dict[str, tuple[float, Any]] = {}

    async def client(self, organisation_id: UUID, client_id: UUID) -> Contact | None:
        """What is on the client's file; None once there is no file any more."""
        found = await self._get("client-directory", f"/clients/{client_id}/contact", organisation_id=organisation_id)
        if found is None:
            return None
        return Contact(found["first_name"], found["email"], found.get("language") or "fr")

    async def called(self, organisation_id: UUID, request_id: UUID) -> list[UUID]:
        """The workers whom the request's broadcast called."""
        found = await self._get("dispatch", f"/requests/{request_id}/called", organisation_id=organisation_id)
        return [] if found is None else [UUID(each) for each in found["worker_ids"]]

    async def service_label(self, postal_code: str, service: str, language: Language) -> str:
        """The service as the catalogue calls it; its code where the catalogue does not know it any more."""
        found = await self._catalogue(postal_code)
        offers = [] if found is None else found["offers"]
        return next((str(each[f"label_{language}"]) for each in offers if each["service"] == service), service)

    async def _catalogue(self, postal_code: str) -> Any:
        """What is offered there, as it was at most a minute ago."""
        read_at, found = self._catalogues.get(postal_code, (float("-inf"), None))
        if monotonic() - read_at > _FRESH_SECONDS:
            found = await self._get("request-intake", "/catalogue", postal_code=postal_code)
            if len(self._catalogues) >= _MOST_CATALOGUES:
                self._catalogues.clear()
            self._catalogues[postal_code] = monotonic(), found
        return found

    async def _get(self, service: ServiceName, path: str, **query: Any) -> Any:
        headers = {"authorization": f"Bearer {self._tokens.service()}"}
        answer = await self._upstream.ask(service, "GET", path, headers=headers, query=query)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise AnsweredOtherwise(service, answer.status_code)
        return answer.json()
