"""Tokens that the gateway signs itself: for the client whom a link names, and for its own work. Services believe no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from doorstep_chassis.clock import Clock
from doorstep_chassis.domain import derived_id
from doorstep_chassis.signing import Signer, read_key
from fastapi import APIRouter, FastAPI, Response

LIFETIME = timedelta(minutes=5)
"""Each is made for one use at once."""

GATEWAY_ID = derived_id("service", "gateway")


class OwnTokens:
    """Signs with the key of a PEM file, in the name of the public door."""

    def __init__(self, key: Path, *, issuer: str, audience: str, clock: Clock) -> None:
        self._signer = Signer(issuer, audience, key=read_key(key), clock=clock)

    def client(self, organisation_id: UUID, client_id: UUID, request_id: UUID) -> str:
        """For a client, about one request alone."""
        return self._signer.token(
            sub=client_id, role="client", org=organisation_id, request=request_id, lifetime=LIFETIME
        )

    def service(self) -> str:
        """For what the gateway does of its own accord."""
        return self._signer.token(sub=GATEWAY_ID, role="service", lifetime=LIFETIME)

    def jwks(self) -> dict[str, Any]:
        """The key set by which services judge these tokens."""
        return self._signer.jwks()


def own_token_routes(tokens: OwnTokens) -> APIRouter:
    """The key set, for services; `app.state.own_tokens`, for the portals."""

    @asynccontextmanager
    async def at_hand(app: FastAPI) -> AsyncIterator[None]:
        app.state.own_tokens = tokens
        yield

    router = APIRouter(lifespan=at_hand, include_in_schema=False)

    @router.get("/.well-known/jwks.json")
    async def keys(response: Response) -> dict[str, Any]:
        response.headers["Cache-Control"] = "public, max-age=300"
        return tokens.jwks()

    return router
