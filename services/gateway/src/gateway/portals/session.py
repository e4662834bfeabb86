"""Who is at the browser: a session whose secret is in a cookie, and whose token nobody can read without that secret."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID, uuid5

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from doorstep_chassis.auth import Principal, Role
from doorstep_chassis.clock import Clock
from doorstep_chassis.errors import NotFound
from doorstep_chassis.privacy import DataKey, open_sealed, seal
from doorstep_chassis.store.postgres import PostgresStore
from fastapi import Depends, Request, Response
from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, LargeBinary, String, Table, Uuid

from gateway.tables import PORTAL

SESSIONS = Table(
    "portal_sessions",
    PORTAL,
    Column("session", LargeBinary, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("role", String, nullable=False),
    Column("sealed", String, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
"""By the hash of the cookie's secret; the access token and the name are sealed under a key made of the secret itself."""

COOKIE = "doorstep_session"

_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""No other host (`//host`, which browsers also read in `/\\host`), and nothing that would end a header."""

_NAMESPACE = UUID("5f6a1a52-43a5-5c0e-9d1c-8a3a52a6f2c4")


class SignInNeeded(Exception):
    """The page is for people who have signed in; the portals answer by leading there and back."""

    def __init__(self, back_to: str) -> None:
        super().__init__("sign in first")
        self.location = f"/login?next={quote(back_to, safe='')}"


def way_back(request: Request) -> str:
    """Where to go after signing in: to the page that was asked for, or to the start when something was sent."""
    if request.method != "GET":
        return "/"
    asked = str(request.url)
    if "hx-request" in request.headers:  # a part of a page: the page that it belongs to
        asked = request.headers.get("hx-current-url", "/")
    return local_path(urlunsplit(("", "", *urlsplit(asked)[2:4], "")))


def local_path(path: str) -> str:
    """A path of our own that one may be led to; anything else, another site's address above all, is the start."""
    return path if _LOCAL_PATH.fullmatch(path) else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person at a browser until `expires_at`. `secret` is the cookie's value, `csrf` what each form must repeat."""

    principal: Principal
    name: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    expires_at: datetime

    @property
    def csrf(self) -> str:
        """Bound to the session, worthless for any other."""
        return hmac.digest(self.secret.encode(), b"csrf", "sha256").hex()


class Sessions:
    """The sessions of all gateway processes, in the gateway's own database."""

    def __init__(self, store: PostgresStore, clock: Clock, *, secure: bool = False) -> None:
        self._store = store
        self._clock = clock
        self.secure = secure

    @property
    def cookie(self) -> str:
        """The name of the cookie; where there is TLS it is one that no other host and no plain connection can set."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE

    def give(self, answer: Response, session: Session) -> None:
        """Let the browser have the session, for as long as it lasts."""
        left = int((session.expires_at - self._clock.now()).total_seconds())
        answer.set_cookie(
            self.cookie, session.secret, max_age=left, path="/", httponly=True, samesite="lax", secure=self.secure
        )

    def take(self, answer: Response) -> None:
        """Let the browser forget it."""
        answer.delete_cookie(self.cookie, path="/", httponly=True, samesite="lax", secure=self.secure)

    async def open(self, principal: Principal, *, name: str, token: str, expires_at: datetime) -> Session:
        """A new session, whose secret the browser gets."""
        made = Session(
            principal=principal, name=name, token=token, secret=secrets.token_urlsafe(32), expires_at=expires_at
        )
        key, subject = _keyed(made.secret)
        async with self._store.connection() as connection:
            await connection.execute("DELETE FROM portal_sessions WHERE expires_at < %s", (self._clock.now(),))
            await connection.execute(
                "INSERT INTO portal_sessions VALUES (%s, %s, %s, %s, %s, %s)",
                (
                    _hash(made.secret),
                    principal.organisation_id,
                    principal.person_id,
                    principal.role,
                    seal(key, subject, f"{token}\n{name}", context="portal.session"),
                    expires_at,
                ),
            )
        return made

    async def find(self, secret: str) -> Session | None:
        """The session that a cookie names, unless it is over."""
        async with self._store.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute("SELECT * FROM portal_sessions WHERE session = %s", (_hash(secret),))
            row = await cursor.fetchone()
        if row is None or row["expires_at"] <= self._clock.now():
            return None
        key, _ = _keyed(secret)
        token, _, name = open_sealed(key, row["sealed"], context="portal.session").partition("\n")
        principal = Principal(row["person_id"], row["organisation_id"], row["role"])
        return Session(principal=principal, name=name, token=token, secret=secret, expires_at=row["expires_at"])

    async def close(self, session: Session) -> None:
        """End it, for every browser that has its cookie."""
        async with self._store.connection() as connection:
            await connection.execute("DELETE FROM portal_sessions WHERE session = %s", (_hash(session.secret),))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _keyed(secret: str) -> tuple[DataKey, UUID]:
    derived = HKDF(hashes.SHA256(), 32, None, b"doorstep portal session").derive(secret.encode())
    return DataKey(derived), uuid5(_NAMESPACE, _hash(secret).hex())


async def current(request: Request) -> Session | None:
    """FastAPI dependency: the session of this browser, if it has one. Found once a request."""
    if not hasattr(request.state, "session"):
        sessions: Sessions = request.app.state.sessions
        secret = request.cookies.get(sessions.cookie)
        request.state.session = None if secret is None else await sessions.find(secret)
    session: Session | None = request.state.session
    return session


def signed_in(*roles: Role) -> Callable[..., Awaitable[Session]]:
    """FastAPI dependency: who has signed in, with one of these roles; to another role the page looks absent."""

    async def visitor(request: Request, session: Annotated[Session | None, Depends(current)]) -> Session:
        if session is None:
            raise SignInNeeded(way_back(request))
        if session.principal.role not in roles:
            raise NotFound
        return session

    return visitor


Worker = Annotated[Session, Depends(signed_in("worker"))]
Operator = Annotated[Session, Depends(signed_in("operator"))]
Anyone = Annotated[Session, Depends(signed_in("worker", "operator"))]
