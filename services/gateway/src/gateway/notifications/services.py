"""What the services are asked when a mail is about to go: addresses and called workers, never kept here."""

from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from doorstep_chassis.auth import NO_ORGANISATION

from gateway.portals.catalogues import Catalogues
from gateway.portals.texts import Language
from gateway.upstream import ServiceName, Upstream


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

    def __init__(self, upstream: Upstream, tokens: ServiceTokens, catalogues: Catalogues) -> None:
        self._upstream = upstream
        self._tokens = tokens
        self._catalogues = catalogues

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

        async def read() -> Any:
            return await self._get("request-intake", "/catalogue", postal_code=postal_code) or {}

        return (await self._catalogues.kept(NO_ORGANISATION, postal_code, read)).service(service, language)

    async def _get(self, service: ServiceName, path: str, **query: Any) -> Any:
        headers = {"authorization": f"Bearer {self._tokens.service()}"}
        answer = await self._upstream.ask(service, "GET", path, headers=headers, query=query)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise AnsweredOtherwise(service, answer.status_code)
        return answer.json()
