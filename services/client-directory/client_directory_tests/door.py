"""The directory on real PostgreSQL: what it hears, what it shows, and its HTTP door, asked by anybody."""

from base64 import b64encode
from typing import Any
from uuid import UUID, uuid4

import httpx
from client_directory.api import routes
from client_directory.reactions import reactions
from client_directory.views.clients import CLIENTS_VIEW
from client_directory.views.reviews import REVIEWS_VIEW
from client_directory.views.served import SERVED_VIEW
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.settings import ServiceSettings
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.testing import Story
from doorstep_chassis.units import Units
from doorstep_chassis.views import View
from pydantic import SecretStr

from .world import KEK, NOW, OPERATOR, ORGANISATION, VAULT

VIEWS = (CLIENTS_VIEW, REVIEWS_VIEW, SERVED_VIEW)


class Door:
    """One instance of the directory, whose clock stands still until it is moved."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.issuer = LocalIssuer(clock=self.clock)
        self.units = Units(store, self.clock, "client-directory")
        self._records = Story("client-directory", NOW)
        self._offset = 0
        secret = SecretStr(b64encode(KEK).decode())
        settings = ServiceSettings(
            environment="development",
            service="client-directory",
            database_url=SecretStr("postgresql://unused"),
            kafka_bootstrap_servers=("127.0.0.1:1",),
            issuer=self.issuer.issuer,
            audience=self.issuer.audience,
            jwks="unused",
            door_issuer="http://door.test",
            door_jwks="unused",
            kek=secret,
            kek_id="test",
            hmac_key=secret,
        )
        context = Context(settings, store, self.units, self.clock, KeyRing(KEK, "test"), b"hash" * 8)
        app = create_app("Doorstep client-directory", verifier=self.issuer.verifier())
        app.include_router(routes(context))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://directory.test")

    async def hear(self, *events: Any) -> None:
        """Public events arrive, and every view follows."""
        for event in events:
            record = self._records.record(event)
            self._offset += 1
            placed = Record(record.partition, 1, self._offset, record.key, record.headers, record.value)
            for name, handlers in (("reactions", reactions(VAULT)), ("view.served", SERVED_VIEW.handlers)):
                engine = Engine(name, self.store, handlers, EventDecoder(), self.clock.now)
                await engine.assign(record.partition, 1)
                await engine.handle({record.partition: [placed]})
        assert await self.store.letters() == []
        await self.project()

    async def project(self) -> None:
        """The views of the own log catch up."""
        for view in VIEWS:
            if not view.topics:
                await self.follow(view, view.consumer("client-directory"))

    async def follow(self, view: View, consumer: str) -> None:
        """Run a view of the own log from where the consumer stands to the end."""
        engine = Engine(consumer, self.store, view.handlers, log_decoder("/doorstep/test"), self.clock.now)
        position = await engine.assign(LOG, 1)
        entries = await self.store.log_after(max(0, position - 1), 10_000)
        if entries:
            await engine.handle({LOG: [log_record(entry) for entry in entries]})

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Any = "operator",
        sub: UUID = OPERATOR,
        org: UUID = ORGANISATION,
        request: UUID | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Ask with a token of this person, and under a fresh idempotency key where none is named."""
        token = self.issuer.token(sub=sub, role=role, org=org, request=request)
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())
        answer = await self.client.request(method, path, json=body, headers=headers)
        await self.project()
        return answer

    async def close(self) -> None:
        """Let go."""
        await self.client.aclose()
