"""The link by which a client comes in without an account: signed, for one request, used once (DOMAIN.md rule 21).

A look never uses it up, only an answer does: mail scanners follow links too. What the database holds opens nothing: it
knows each link by its hash alone.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from doorstep_chassis.clock import Clock
from doorstep_chassis.store.postgres import PostgresStore
from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, LargeBinary, Table, Uuid

from gateway.tables import PORTAL

LIFETIME = timedelta(hours=48)
"""Shorter than the 72 hours that a client has to answer: who comes late still gets a new one in time."""
KEPT = timedelta(days=180)
"""How long after its end a link still says what became of the request."""
TAKEN = timedelta(seconds=30)
"""How long an answer may be under way before another may try: longer than any service takes."""
RENEWED_EVERY = timedelta(minutes=10)
"""How often at most one link brings a new one into somebody's mailbox."""

LINKS = Table(
    "portal_links",
    PORTAL,
    Column("link", LargeBinary, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("taken_until", DateTime(timezone=True)),
    Column("used_at", DateTime(timezone=True)),
    Column("replaced_at", DateTime(timezone=True)),
    Column("renewed_at", DateTime(timezone=True)),
    Index("portal_links_request", "organisation_id", "request_id"),
)

Standing = Literal["open", "taken", "used", "replaced", "expired"]
"""`taken`: an answer is under way. `replaced`: a newer link was made for the request."""

_SECRET, _SEAL = 24, 24


class LinkNotOpen(Exception):
    """The link takes no answer now."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing)
        self.standing = standing


class LinkForged(Exception):
    """We never made this link, or keep nothing of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whom a link lets in, and for which request; it takes an answer up to and including `expires_at`."""

    organisation_id: UUID
    client_id: UUID
    request_id: UUID
    expires_at: datetime
    standing: Standing


class Links:
    """The links of all gateway processes, in the gateway's own database; `public_url` is where clients reach us."""

    def __init__(self, store: PostgresStore, clock: Clock, *, hmac_key: bytes, public_url: str) -> None:
        self._store = store
        self._clock = clock
        self._key = hmac.digest(hmac_key, b"gateway.portal-link", "sha256")
        self._base = f"{public_url.rstrip('/')}/portal/"

    async def issue(
        self, organisation_id: UUID, client_id: UUID, request_id: UUID, *, expires_at: datetime | None = None
    ) -> str:
        """The address of a new link, good for 48 hours, or until `expires_at` if that is sooner; older ones die."""
        now = self._clock.now()
        until = now + LIFETIME if expires_at is None else min(now + LIFETIME, expires_at)
        token = self._signed(secrets.token_bytes(_SECRET))
        async with self._store.connection() as connection, connection.transaction():
            # Two that are made at once must see each other, or both would stay good.
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"link {request_id}",))
            await connection.execute("DELETE FROM portal_links WHERE expires_at < %s", (now - KEPT,))
            await connection.execute(
                "UPDATE portal_links SET replaced_at = %s"
                " WHERE organisation_id = %s AND request_id = %s AND replaced_at IS NULL AND used_at IS NULL",
                (now, organisation_id, request_id),
            )
            await connection.execute(
                "INSERT INTO portal_links (link, organisation_id, client_id, request_id, expires_at)"
                " VALUES (%s, %s, %s, %s, %s)",
                (_hash(token), organisation_id, client_id, request_id, until),
            )
        return self._base + token

    async def find(self, token: str) -> Link:
        """The link as it stands; a look changes nothing. Errors: LinkForged."""
        self._refuse_forged(token)
        async with self._store.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute("SELECT * FROM portal_links WHERE link = %s", (_hash(token),))
            row = await cursor.fetchone()
        if row is None:
            raise LinkForged
        return _read(row, self._clock.now())

    @asynccontextmanager
    async def answering(self, token: str) -> AsyncIterator[Link]:
        """Take the link for one answer: it is used up when the block ends well, and good again when it does not.

        Errors: LinkForged; LinkNotOpen, `taken` while another answer is under way.
        """
        self._refuse_forged(token)
        now = self._clock.now()
        async with self._store.connection() as connection:
            cursor = await connection.execute(
                "UPDATE portal_links SET taken_until = %(until)s"
                " WHERE link = %(link)s AND used_at IS NULL AND replaced_at IS NULL AND expires_at >= %(now)s"
                " AND (taken_until IS NULL OR taken_until <= %(now)s)",
                {"link": _hash(token), "now": now, "until": now + TAKEN},
            )
        link = await self.find(token)
        if not cursor.rowcount:
            raise LinkNotOpen(link.standing)
        try:
            yield link
        except BaseException:
            await self._end_answer(token, used_at=None)
            raise
        await self._end_answer(token, used_at=self._clock.now())

    async def renew(self, token: str) -> Link | None:
        """Whom to send a new link, for one that is good no more; None when none is due. Errors: LinkForged.

        One link does not fill a mailbox. Whether the request still asks anybody, the directory knows.
        """
        self._refuse_forged(token)
        now = self._clock.now()
        async with self._store.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(
                "UPDATE portal_links SET renewed_at = %(now)s WHERE link = %(link)s"
                " AND (used_at IS NOT NULL OR replaced_at IS NOT NULL OR expires_at < %(now)s)"
                " AND (renewed_at IS NULL OR renewed_at <= %(before)s) RETURNING *",
                {"link": _hash(token), "now": now, "before": now - RENEWED_EVERY},
            )
            row = await cursor.fetchone()
        return None if row is None else _read(row, now)

    async def _end_answer(self, token: str, *, used_at: datetime | None) -> None:
        async with self._store.connection() as connection:
            await connection.execute(
                "UPDATE portal_links SET used_at = coalesce(used_at, %s), taken_until = NULL WHERE link = %s",
                (used_at, _hash(token)),
            )

    def _signed(self, secret: bytes) -> str:
        return urlsafe_b64encode(secret + hmac.digest(self._key, secret, "sha256")[:_SEAL]).decode()

    def _refuse_forged(self, token: str) -> None:
        """The signature is judged before the database is asked. Errors: LinkForged."""
        try:
            secret = urlsafe_b64decode(token.encode("ascii"))[:_SECRET]
        except ValueError:
            raise LinkForged from None
        if not hmac.compare_digest(self._signed(secret).encode(), token.encode()):
            raise LinkForged


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _read(row: dict[str, Any], now: datetime) -> Link:
    standing: Standing = "open"
    if row["used_at"] is not None:
        standing = "used"
    elif row["replaced_at"] is not None:
        standing = "replaced"
    elif row["expires_at"] < now:
        standing = "expired"
    elif row["taken_until"] is not None and row["taken_until"] > now:
        standing = "taken"
    return Link(
        organisation_id=row["organisation_id"],
        client_id=row["client_id"],
        request_id=row["request_id"],
        expires_at=row["expires_at"],
        standing=standing,
    )
