"""Who is asking: every service checks the person's access token itself and learns person, organisation and role."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Annotated, Any, Literal, Protocol, get_args
from uuid import UUID

import httpx
import jwt
import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt import PyJWK

from doorstep_chassis.clock import Clock
from doorstep_chassis.errors import Forbidden, Unauthorised, Unavailable

Role = Literal["worker", "client", "operator", "service"]
ROLES: frozenset[Role] = frozenset(get_args(Role))
PEOPLES_ROLES: frozenset[Role] = frozenset({"worker", "operator", "service"})
"""Whom the people's identity provider knows: staff, and programs with credentials of their own."""
DOORS_ROLES: frozenset[Role] = frozenset({"client", "service"})
"""Whom the public door may speak for: the client whom a link names, and itself."""

NO_ORGANISATION = UUID(int=0)
"""What a service's own token speaks for: no organisation, so that no organisation's streams are found under it."""

ALGORITHMS = frozenset({"ES256", "EdDSA", "RS256"})
"""Signatures by a key pair only: a verifier never holds anything that could sign."""

LEEWAY = timedelta(seconds=10)
"""How far the issuer's clock may be from ours."""

log = structlog.get_logger()

_CHALLENGE = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class TokenMissing(Unauthorised):
    """The request carries no access token."""

    code = "token_missing"


class TokenInvalid(Unauthorised):
    """The access token is not one that an issuer of ours made for us."""

    code = "token_invalid"
    headers = _CHALLENGE


class TokenExpired(Unauthorised):
    """The access token was good once."""

    code = "token_expired"
    headers = _CHALLENGE


class WrongRole(Forbidden):
    """The person's role may not do this."""

    code = "wrong_role"


class KeysUnavailable(Unavailable):
    """The issuer's keys cannot be read at the moment, so no token can be judged."""

    code = "keys_unavailable"


@dataclass(frozen=True, slots=True)
class Principal:
    """The person (or service) that a token speaks for; a client's token may be for one request alone."""

    person_id: UUID
    organisation_id: UUID
    role: Role
    request_id: UUID | None = None


class KeySource(Protocol):
    """Finds a key of the issuer by its id; None when the issuer has no such key."""

    async def find(self, kid: str) -> PyJWK | None: ...


class StaticKeys:
    """A key set that does not change while the process runs."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys = read_jwks(jwks)

    async def find(self, kid: str) -> PyJWK | None:
        return self._keys.get(kid)


class RemoteKeys:
    """The issuer's key set over HTTP, read again when it is `max_age` seconds old or a token names an unknown key.

    Never read twice within `pause` seconds. Keys once read stay good while the issuer is away.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age: float = 300.0,
        pause: float = 2.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._max_age = max_age
        self._pause = pause
        self._transport = transport
        self._keys: dict[str, PyJWK] | None = None
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, kid: str) -> PyJWK | None:
        known = (self._keys or {}).get(kid)
        fresh = monotonic() - self._read_at < self._max_age
        if known is None or not (fresh or self._reading.locked()):
            await self._refresh()
        if self._keys is None:
            raise KeysUnavailable
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        async with self._reading:
            now = monotonic()
            if now - self._tried_at < self._pause:
                return
            self._tried_at = now
            try:
                keys = read_jwks(await self._fetch())
            except (httpx.HTTPError, ValueError) as error:
                log.warning("jwks.unreadable", error_type=type(error).__qualname__)
                return
            self._keys, self._read_at = keys, monotonic()

    async def _fetch(self) -> Any:
        return await _json_at(self._url, self._transport)


class Discovery:
    """What an issuer says of itself (OpenID Connect Discovery)."""

    def __init__(self, issuer: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.issuer = issuer
        self._transport = transport

    async def describe(self) -> Mapping[str, Any]:
        """The description, read anew. Errors: httpx.HTTPError; ValueError when it is another's or leads out of TLS."""
        found = await self.read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(found, dict) or found.get("issuer") != self.issuer:
            raise ValueError("not the description of this issuer")
        leads_to = [each for name, each in found.items() if name == "jwks_uri" or name.endswith("_endpoint")]
        if self.issuer.startswith("https://") and not all(str(each).startswith("https://") for each in leads_to):
            raise ValueError("the description leads out of TLS")
        return found

    async def read(self, url: str) -> Any:
        """The JSON at an address of the issuer's."""
        return await _json_at(url, self._transport)


async def _json_at(url: str, transport: httpx.AsyncBaseTransport | None) -> Any:
    async with httpx.AsyncClient(timeout=5.0, transport=transport) as client:
        response = await client.get(url)
        response.raise_for_status()
        return response.json()


class DiscoveredKeys(RemoteKeys):
    """The key set that the issuer's own description leads to."""

    def __init__(self, discovery: Discovery) -> None:
        super().__init__(discovery.issuer)
        self._discovery = discovery

    async def _fetch(self) -> Any:
        found = await self._discovery.describe()
        return await self._discovery.read(str(found.get("jwks_uri")))


def key_source(jwks: str | None, issuer: str) -> KeySource:
    """The keys that settings name: the address of a key set, or a file that holds one, or else what the issuer says."""
    if jwks is None:
        return DiscoveredKeys(Discovery(issuer))
    if jwks.startswith(("http://", "https://")):
        return RemoteKeys(jwks)
    return StaticKeys(json.loads(Path(jwks).read_text(encoding="utf-8")))


def read_jwks(jwks: Any) -> dict[str, PyJWK]:
    """The keys of a set that may sign tokens for us, by id; others are left out. ValueError when it is no key set."""
    if not isinstance(jwks, Mapping) or not isinstance(jwks.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    keys: dict[str, PyJWK] = {}
    for entry in jwks["keys"]:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str):
            continue
        try:
            key = PyJWK(entry)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS:
            keys[entry["kid"]] = key
    return keys


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One that signs tokens for us, and the roles it may speak for."""

    name: str
    keys: KeySource
    roles: frozenset[Role]


class TokenVerifier:
    """Believes a token only when an issuer of ours signed it, for our audience and a role it may speak for.

    And only while it has not run out on our clock.
    """

    def __init__(self, *issuers: TrustedIssuer, audience: str, clock: Clock) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._audience = audience
        self._clock = clock

    async def verify(self, token: str) -> Principal:
        """Who the token speaks for; TokenInvalid, TokenExpired or KeysUnavailable otherwise."""
        unproved = _unproved(token)
        issuer = self._named_issuer(unproved["payload"])
        claims = await self._signed_claims(token, unproved["header"], issuer)
        now = self._clock.now()
        if _instant(claims["exp"]) <= (now - LEEWAY).timestamp():
            raise TokenExpired
        if "nbf" in claims and _instant(claims["nbf"]) > (now + LEEWAY).timestamp():
            raise TokenInvalid
        found = _principal(claims)
        if found.role not in issuer.roles:
            raise TokenInvalid
        return found

    def _named_issuer(self, claims: Mapping[str, Any]) -> TrustedIssuer:
        """Whose keys have to fit; that the token is theirs is yet to be proved."""
        name = claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise TokenInvalid
        return issuer

    async def _signed_claims(self, token: str, header: Mapping[str, Any], issuer: TrustedIssuer) -> dict[str, Any]:
        try:
            kid = header.get("kid")
            key = await issuer.keys.find(kid) if kid else None
            if key is None:
                raise TokenInvalid
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=issuer.name,
                # times are judged by the service's own clock, which a development stack may shift
                options={
                    "require": ["exp", "aud", "sub", "iss"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            raise TokenInvalid from None


def expires_at(token: str) -> datetime:
    """When a token that has been verified runs out."""
    return datetime.fromtimestamp(_unproved(token)["payload"]["exp"], UTC)


def _unproved(token: str) -> dict[str, Any]:
    """Header and claims as they stand, proved by nothing. Errors: TokenInvalid."""
    try:
        return jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise TokenInvalid from None


def _principal(claims: Mapping[str, Any]) -> Principal:
    role, request = claims.get("role"), claims.get("request")
    if not isinstance(role, str) or role not in ROLES or (request is not None and role != "client"):
        raise TokenInvalid
    try:
        return Principal(
            person_id=UUID(claims["sub"]),
            organisation_id=NO_ORGANISATION if role == "service" else UUID(claims["org"]),
            role=role,
            request_id=None if request is None else UUID(request),
        )
    except (KeyError, ValueError, AttributeError, TypeError):
        raise TokenInvalid from None


def _instant(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenInvalid
    return float(value)


_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT")


async def bearer_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """FastAPI dependency: the token as it came, to pass it on; TokenMissing when there is none."""
    if credentials is None:
        raise TokenMissing
    return credentials.credentials


async def principal(request: Request, token: Annotated[str, Depends(bearer_token)]) -> Principal:
    """FastAPI dependency: who is asking, whatever their role."""
    verifier: TokenVerifier = request.app.state.verifier
    return await verifier.verify(token)


def require(*roles: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """FastAPI dependency: who is asking, if they have one of these roles; else WrongRole."""

    async def with_role(who: Annotated[Principal, Depends(principal)]) -> Principal:
        if who.role not in roles:
            raise WrongRole
        return who

    return with_role
