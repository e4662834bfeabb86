"""The local issuer: access tokens for demo people, without a password, in development only.

`python -m doorstep_chassis.issuer` is a process of its own; tests use LocalIssuer directly.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from pydantic import Field, TypeAdapter, ValidationError

from doorstep_chassis.auth import ROLES, Role, StaticKeys, TokenVerifier, TrustedIssuer
from doorstep_chassis.clock import Clock, SystemClock
from doorstep_chassis.errors import NotFound, Unavailable
from doorstep_chassis.http import Body, create_app, serve
from doorstep_chassis.logging import configure_logging
from doorstep_chassis.settings import ProcessSettings, load_settings
from doorstep_chassis.signing import Signer, make_key, read_key

PERSON_LIFETIME = timedelta(hours=12)


class PersonUnknown(NotFound):
    """No demo person has this login."""

    code = "person_unknown"


class PeopleUnreadable(Unavailable):
    """The file of demo people is missing or broken."""

    code = "people_unreadable"


class Person(Body):
    """A demo person (or service) as the people file lists them."""

    person: Annotated[str, Field(min_length=1)]
    sub: UUID
    org: UUID | None = None
    role: Role
    name: str = ""


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


class PeopleFile:
    """The demo people, read again whenever the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._people: dict[str, Person] = {}

    def find(self, person: str) -> Person:
        """The person with this login; PersonUnknown or PeopleUnreadable otherwise."""
        try:
            stat = self._file.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._people = {entry.person: entry for entry in _PEOPLE.validate_json(self._file.read_bytes())}
                self._seen = seen
        except (OSError, ValidationError):
            raise PeopleUnreadable from None
        if person not in self._people:
            raise PersonUnknown
        return self._people[person]


_PEOPLE = TypeAdapter(list[Person])


class TokenWanted(Body):
    person: str


class TokenIssued(Body):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105  a kind of token, no token
    expires_in: int


def create_issuer_app(issuer: LocalIssuer, people: PeopleFile) -> FastAPI:
    """The issuer's HTTP door: discovery, keys, tokens for people."""
    app = create_app("Doorstep local issuer", verifier=issuer.verifier())

    @app.get("/.well-known/openid-configuration")
    async def discover() -> dict[str, Any]:
        return {
            "issuer": issuer.issuer,
            "jwks_uri": f"{issuer.issuer}/jwks.json",
            "token_endpoint": f"{issuer.issuer}/token",
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }

    @app.get("/jwks.json")
    async def keys() -> dict[str, Any]:
        return issuer.jwks()

    @app.post("/token")
    async def token(wanted: TokenWanted) -> TokenIssued:
        person = people.find(wanted.person)
        signed = issuer.token(sub=person.sub, role=person.role, org=person.org)
        return TokenIssued(access_token=signed, expires_in=int(PERSON_LIFETIME.total_seconds()))

    return app


class IssuerSettings(ProcessSettings):
    """What the issuer needs to know: besides the usual, where it keeps its key and finds its people."""

    service: str = "issuer"
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
    app = create_issuer_app(issuer, PeopleFile(settings.issuer_people_file))
    uvloop.run(serve(app, settings.http_host, settings.http_port))


if __name__ == "__main__":
    main()
