"""The gateway's own tokens speak for clients and for itself, for five minutes, and services find the key at the door."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.auth import (
    DOORS_ROLES,
    NO_ORGANISATION,
    Principal,
    RemoteKeys,
    TokenExpired,
    TokenVerifier,
    TrustedIssuer,
)
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.http import create_app
from doorstep_chassis.signing import make_key
from fastapi import FastAPI
from gateway.own_tokens import GATEWAY_ID, LIFETIME, OwnTokens, own_token_routes

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
CLIENT = UUID("00000000-0000-4000-8000-0000000000c1")
REQUEST = UUID("00000000-0000-4000-8000-0000000000dd")
DOOR = "https://door.test"


class Setting:
    """The gateway's key routes, and a service that reads the keys there."""

    def __init__(self, directory: Path) -> None:
        key = directory / "key.pem"
        make_key(key)
        self.clock = FixedClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        self.tokens = OwnTokens(key, issuer=DOOR, audience="doorstep", clock=self.clock)
        self.app: FastAPI = create_app("gateway")
        self.app.include_router(own_token_routes(self.tokens))
        keys = RemoteKeys(f"{DOOR}/.well-known/jwks.json", transport=httpx.ASGITransport(self.app))
        self.service = TokenVerifier(TrustedIssuer(DOOR, keys, DOORS_ROLES), audience="doorstep", clock=self.clock)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


async def test_a_clients_token_is_for_one_request(setting: Setting) -> None:
    token = setting.tokens.client(ORGANISATION, CLIENT, REQUEST)
    assert await setting.service.verify(token) == Principal(CLIENT, ORGANISATION, "client", REQUEST)


async def test_the_gateway_speaks_for_itself_and_no_organisation(setting: Setting) -> None:
    token = setting.tokens.service()
    assert await setting.service.verify(token) == Principal(GATEWAY_ID, NO_ORGANISATION, "service", None)


async def test_they_run_out_after_five_minutes(setting: Setting) -> None:
    tokens = [setting.tokens.service(), setting.tokens.client(ORGANISATION, CLIENT, REQUEST)]
    setting.clock.advance(LIFETIME)
    for token in tokens:
        await setting.service.verify(token)
    setting.clock.advance(timedelta(seconds=11))
    for token in tokens:
        with pytest.raises(TokenExpired):
            await setting.service.verify(token)


async def test_the_key_set_is_public_and_holds_no_private_part(setting: Setting) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(setting.app), base_url=DOOR) as http:
        answer = await http.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=300")
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x", "y"]


async def test_the_portals_find_them_in_the_app(setting: Setting) -> None:
    async with setting.app.router.lifespan_context(setting.app):
        assert setting.app.state.own_tokens is setting.tokens
