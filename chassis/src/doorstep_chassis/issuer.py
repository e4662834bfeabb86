"""The local issuer: access tokens for demo people, without a password, in development only.

`python -m doorstep_chassis.issuer` is a process of its own; tests use LocalIssuer directly.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from doorstep_chassis.auth import ROLES, Role, StaticKeys, TokenVerifier, TrustedIssuer
from doorstep_chassis.clock import Clock, SystemClock
from doorstep_chassis.demo_people import PeopleFile
from doorstep_chassis.http import Body, create_app, serve
from doorstep_chassis.issuer_login import PERSON_LIFETIME, access_token, description, login_routes
from doorstep_chassis.logging import configure_logging
from doorstep_chassis.settings import ProcessSettings, load_settings
from doorstep_chassis.signing import Signer, make_key, read_key


class LocalIssuer(Signer):
    """Signs tokens for whoever is named, with a key pair of its own."""

    def __init__(
        self,
        issuer: str = "http://issuer.test",
        audience: str = "doorstep",
        *,
        key: ec.EllipticCurvePrivateKey | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        super().__init__(issuer, audience, key=key or ec.generate_private_key(ec.SECP256R1()), clock=self.clock)

    def verifier(self) -> TokenVerifier:
        """A verifier that believes this issuer, whatever role it speaks for."""
        trusted = TrustedIssuer(self.issuer, StaticKeys(self.jwks()), ROLES)
        return TokenVerifier(trusted, audience=self.audience, clock=self.clock)

    def token(
        self,
        *,
        sub: UUID,
        role: Role,
        org: UUID | None = None,
        request: UUID | None = None,
        lifetime: timedelta = PERSON_LIFETIME,
    ) -> str:
        """An access token; only a service's may go without an organisation, only a client's may name a request."""
        return super().token(sub=sub, role=role, org=org, request=request, lifetime=lifetime)


class TokenWanted(Body):
    person: str


def create_issuer_app(issuer: LocalIssuer, people: PeopleFile, *, portal: str = "http://door.test") -> FastAPI:
    """The issuer's HTTP door: discovery, keys, and tokens by each way; `portal` is where people come back to."""
    app = create_app("Doorstep local issuer")
    app.include_router(login_routes(issuer, people, issuer.clock, portal=portal))

    @app.get("/.well-known/openid-configuration")
    async def discover() -> dict[str, Any]:
        return description(issuer.issuer)

    @app.get("/jwks.json")
    async def keys() -> dict[str, Any]:
        return issuer.jwks()

    @app.post("/token")
    async def token(wanted: TokenWanted) -> dict[str, Any]:
        """The short way, for a terminal."""
        return access_token(issuer, people.find(wanted.person))

    return app


class IssuerSettings(ProcessSettings):
    """What the issuer needs to know: besides the usual, where it keeps its key and finds its people."""

    service: str = "issuer"
    door_issuer: str
    """The public address of the gateway, where its portals are."""
    issuer_data_dir: Path
    issuer_people_file: Path


def main() -> None:
    """Serve until told to stop; a production environment is refused."""
    settings = load_settings(IssuerSettings)
    if settings.environment == "production":
        raise SystemExit("the local issuer gives tokens without a password: it is for development only")
    configure_logging(settings.service, settings.log_level)
    key = settings.issuer_data_dir / "issuer-key.pem"
    make_key(key)
    issuer = LocalIssuer(settings.issuer, settings.audience, key=read_key(key), clock=settings.clock())
    app = create_issuer_app(issuer, PeopleFile(settings.issuer_people_file), portal=settings.door_issuer)
    uvloop.run(serve(app, settings.http_host, settings.http_port))


if __name__ == "__main__":
    main()
