"""Somebody who has signed in at a browser, without the journey to the identity provider and back."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
from doorstep_chassis.auth import Principal, Role
from doorstep_chassis.clock import Clock
from doorstep_chassis.issuer import LocalIssuer
from gateway.portals.session import COOKIE, Session, Sessions

LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's side of a session: `http.get(path, cookies=...)`, and `csrf` for the forms it sends."""

    session: Session

    @property
    def cookies(self) -> dict[str, str]:
        return {COOKIE: self.session.secret}

    @property
    def csrf(self) -> str:
        return self.session.csrf

    def at(self, http: httpx.AsyncClient) -> httpx.AsyncClient:
        """Let this client be their browser from now on."""
        http.cookies.update(self.cookies)
        return http


async def sign_in(
    sessions: Sessions,
    issuer: LocalIssuer,
    clock: Clock,
    *,
    role: Role,
    person_id: UUID,
    organisation_id: UUID,
    name: str = "Camille Moreau",
) -> SignedIn:
    """A session for a person of this role, with a token that a verifier of `issuer` believes.

    `sessions` are `app.state.sessions`, or `Sessions(store, clock)` over a store with `create_portal_tables`.
    """
    token = issuer.token(sub=person_id, role=role, org=organisation_id, lifetime=LIFETIME)
    return SignedIn(
        await sessions.open(
            Principal(person_id, organisation_id, role), name=name, token=token, expires_at=clock.now() + LIFETIME
        )
    )
