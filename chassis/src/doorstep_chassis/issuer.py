"""The local issuer: access tokens for demo people, without a password, in development only.

`python -m doorstep_chassis.issuer` is a process of its own; tests use LocalIssuer directly.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import jwt
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, FastAPI
from jwt.algorithms import ECAlgorithm
from pydantic import Field, TypeAdapter, ValidationError

from doorstep_chassis.auth import Principal, Role, StaticKeys, TokenVerifier, require
from doorstep_chassis.clock import Clock, SystemClock
from doorstep_chassis.errors import NotFound, Unavailable
from doorstep_chassis.http import Body, create_app, serve
from doorstep_chassis.logging import configure_logging
from doorstep_chassis.settings import ProcessSettings, load_settings

PERSON_LIFETIME = timedelta(hours=12)
CLIENT_LIFETIME = timedelta(days=7)


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


class LocalIssuer:
    """Signs tokens with a key pair of its own (ES256)."""

    def __init__(
        self,
        issuer: str = "http://issuer.test",
        audience: str = "doorstep",
        *,
        key: ec.EllipticCurvePrivateKey | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self._clock = clock or SystemClock()
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        public: dict[str, Any] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._jwk = {**public, "use": "sig", "alg": "ES256", "kid": _thumbprint(public)}

    def jwks(self) -> dict[str, Any]:
        """The public half of the key, as the set that verifiers read."""
        return {"keys": [self._jwk]}

    def verifier(self) -> TokenVerifier:
        """A verifier that believes this issuer."""
        return TokenVerifier(
            issuer=self.issuer, audience=self.audience, keys=StaticKeys(self.jwks()), clock=self._clock
        )

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
        issued = int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(sub),
            "role": role,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
        }
        if org is not None:
            claims["org"] = str(org)
        if request is not None:
            claims["request"] = str(request)
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._jwk["kid"]})


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


class ClientTokenWanted(Body):
    org: UUID
    client_id: UUID
    request_id: UUID


class TokenIssued(Body):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105  a kind of token, no token
    expires_in: int


def create_issuer_app(issuer: LocalIssuer, people: PeopleFile) -> FastAPI:
    """The issuer's HTTP door: discovery, keys, tokens for people, tokens for one request of a client."""
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

    @app.post("/client-token")
    async def client_token(
        wanted: ClientTokenWanted, who: Annotated[Principal, Depends(require("service"))]
    ) -> TokenIssued:
        signed = issuer.token(
            sub=wanted.client_id, role="client", org=wanted.org, request=wanted.request_id, lifetime=CLIENT_LIFETIME
        )
        return TokenIssued(access_token=signed, expires_in=int(CLIENT_LIFETIME.total_seconds()))

    return app


def load_key(data_dir: Path) -> ec.EllipticCurvePrivateKey:
    """The issuer's key, made on the first start and readable by its owner alone."""
    file = data_dir / "issuer-key.pem"
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = file.with_suffix(f".{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123  a descriptor
            out.write(pem)
        draft.replace(file)  # the key is there whole or not at all
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SystemExit(f"{file} holds no elliptic-curve key")
    return key


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
    issuer = LocalIssuer(
        settings.issuer, settings.audience, key=load_key(settings.issuer_data_dir), clock=settings.clock()
    )
    app = create_issuer_app(issuer, PeopleFile(settings.issuer_people_file))
    uvloop.run(serve(app, settings.http_host, settings.http_port))


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638."""
    text = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
