"""Whoever signs access tokens: one elliptic-curve key (ES256), its public half as the key set that verifiers read."""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from doorstep_chassis.auth import Role
from doorstep_chassis.clock import Clock


class Signer:
    """Signs tokens of one issuer for one audience, by the clock it is given."""

    def __init__(self, issuer: str, audience: str, *, key: ec.EllipticCurvePrivateKey, clock: Clock) -> None:
        self.issuer = issuer
        self.audience = audience
        self.key = key
        self._clock = clock
        public: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self._jwk = {**public, "use": "sig", "alg": "ES256", "kid": _thumbprint(public)}

    def jwks(self) -> dict[str, Any]:
        """The public half of the key, as the set that verifiers read."""
        return {"keys": [self._jwk]}

    def token(
        self,
        *,
        sub: UUID,
        role: Role,
        org: UUID | None = None,
        request: UUID | None = None,
        lifetime: timedelta,
    ) -> str:
        """An access token; only a service's may go without an organisation, only a client's may name a request."""
        further = {"org": org, "request": request}
        return self.sign(
            {"sub": str(sub), "role": role, **{name: str(value) for name, value in further.items() if value}},
            audience=self.audience,
            lifetime=lifetime,
        )

    def sign(self, claims: Mapping[str, Any], *, audience: str, lifetime: timedelta) -> str:
        """Claims as a token, with issuer, audience and both instants."""
        issued = int(self._clock.now().timestamp())
        standard = {"iss": self.issuer, "aud": audience, "iat": issued, "exp": issued + int(lifetime.total_seconds())}
        return jwt.encode(standard | dict(claims), self.key, algorithm="ES256", headers={"kid": self._jwk["kid"]})


def read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of a PEM file. Errors: SystemExit that names the file, since a process cannot start without."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise SystemExit(f"{file} holds no readable key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SystemExit(f"{file} holds no key on the curve P-256")
    return key


def make_key(file: Path) -> None:
    """Put a new key there, for its owner alone to read, unless there is one."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = file.with_suffix(f".{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123  a descriptor
        out.write(pem)
    draft.replace(file)  # the key is there whole or not at all


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638."""
    text = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
