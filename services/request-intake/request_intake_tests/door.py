"""The service's door for tests: routes on a real store, tokens of a local issuer, and an ear for what others say."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from doorstep_chassis.auth import Role
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.domain import Event
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing, WrappedKey
from doorstep_chassis.service import Context
from doorstep_chassis.settings import ServiceSettings
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.testing import Story
from doorstep_chassis.units import Units
from doorstep_chassis.views import View, create_view_tables
from doorstep_contracts.base import PublicEvent
from doorstep_contracts.samples import ORGANISATION, WORKER
from pydantic import SecretStr
from request_intake.main import SERVICE
from request_intake.reactions import REACTIONS
from request_intake.views.requests import REQUESTS_VIEW

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
OPERATOR = UUID(int=60)
SERVICE_ITSELF = UUID(int=61)
_KEY = base64.b64encode(bytes(32)).decode()

TYPED = {"first_name": "Zoé", "last_name": "Martin", "email": "zoe.martin@example.fr", "phone": "06 12 34 56 78"}
DRAFT: Mapping[str, Any] = {
    "performer": "self",
    "postal_code": "97400",
    "offer_id": "reunion:menage",
    "start": "2026-06-01T09:00",
    "duration_minutes": 120,
    "accept_overlap": False,
    "client": {"typed": TYPED},
}
ADDRESS = {"line1": "12 rue des Lilas", "postal_code": "97400", "locality": "Saint-Denis"}
LAUNCH: Mapping[str, Any] = {"validation": "worker", "address_confirmed": False, "address": ADDRESS}


@dataclass
class Door:
    """What a test does at the door, as a worker of the organisation unless it says otherwise."""

    http: httpx.AsyncClient
    issuer: LocalIssuer
    clock: FixedClock
    context: Context
    _story: Story = field(default_factory=lambda: Story("others", NOW))
    _heard: int = 0

    @property
    def store(self) -> PostgresStore:
        return self.context.store

    def bearer(
        self, role: Role = "worker", sub: UUID = WORKER, org: UUID = ORGANISATION, request: UUID | None = None
    ) -> dict[str, str]:
        """The header that says who is asking."""
        token = self.issuer.token(sub=sub, role=role, org=None if role == "service" else org, request=request)
        return {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, *, query: Mapping[str, Any] | None = None, **who: Any) -> httpx.Response:
        return await self.http.get(path, params=query, headers=self.bearer(**who))

    async def post(
        self, path: str, body: Any, *, key: str | None = None, if_match: str | None = None, **who: Any
    ) -> httpx.Response:
        """A POST under a fresh idempotency key unless one is given."""
        headers = {"Idempotency-Key": key or uuid4().hex, **self.bearer(**who)}
        if if_match is not None:
            headers["If-Match"] = if_match
        return await self.http.post(path, json=body, headers=headers)

    async def put(self, path: str, body: Any, *, if_match: str | None = None, **who: Any) -> httpx.Response:
        """A change of what stands now, unless another version is named."""
        if if_match is None:
            if_match = (await self.get(path, **who)).headers["etag"]
        return await self.http.put(path, json=body, headers={**self.bearer(**who), "If-Match": if_match})

    async def add_organisation(self, *, workers_may_create: bool = True, org: UUID = ORGANISATION) -> httpx.Response:
        body = {
            "organisation_id": str(org),
            "slug": "demo",
            "time_zone": "Indian/Reunion",
            "workers_may_create": workers_may_create,
        }
        return await self.post("/organisations", body, role="service", sub=SERVICE_ITSELF)

    async def draft(self, **changed: Any) -> UUID:
        """A draft of this worker."""
        response = await self.post("/requests", {**DRAFT, **changed})
        assert response.status_code == 201, response.text
        return UUID(response.json()["request_id"])

    async def launched(self, *facts: PublicEvent, **changed: Any) -> UUID:
        """A draft that was launched."""
        request_id = await self.draft(**changed)
        response = await self.post(f"/requests/{request_id}/launch", {**LAUNCH, "address": None})
        assert response.status_code == 200, response.text
        return request_id

    async def hear(self, *events: PublicEvent) -> None:
        """The reactions hear what others say."""
        reactions = Engine("request-intake.reactions", self.store, REACTIONS, EventDecoder(), self.clock.now)
        for event in events:
            made = self._story.record(event)
            if not reactions.has(made.partition):
                await reactions.assign(made.partition, 1)
            self._heard += 1
            await reactions.handle(
                {made.partition: [Record(made.partition, 1, self._heard, made.key, made.headers, made.value)]}
            )
        assert await self.store.letters() == []

    async def project(self, view: View = REQUESTS_VIEW) -> None:
        """The view follows the log to its end."""
        await project(self.store, view, view.consumer("request-intake"))

    async def written(self) -> list[Event]:
        """Every event of the log, answers to commands left out."""
        entries = await self.store.log_after(0, 10_000)
        return [entry.event for entry in entries if not entry.topic.startswith("chassis.")]

    async def wrapped_key(self, request_id: UUID) -> WrappedKey:
        row = (await self.store.load_keys([request_id]))[request_id]
        assert row.wrapped is not None
        return WrappedKey(row.subject_id, row.wrapped, row.kek_id)


async def project(store: PostgresStore, view: View, consumer: str, *, batch: int = 1_000) -> None:
    """A consumer runs the view over the log, from where it stands."""
    engine = Engine(consumer, store, view.handlers, log_decoder("/doorstep/test"), lambda: NOW)
    position = max(0, await engine.assign(LOG, 1) - 1)
    while entries := await store.log_after(position, batch):
        await engine.handle({LOG: [log_record(entry) for entry in entries]})
        position = entries[-1].position
    assert await store.letters() == []


@asynccontextmanager
async def open_store(database: str) -> AsyncIterator[PostgresStore]:
    """A store with the tables of intake's view."""
    await asyncio.to_thread(create_tables, database)
    store = PostgresStore(database)
    await store.open()
    await create_view_tables(store, REQUESTS_VIEW)
    yield store
    await store.close()


async def empty(store: PostgresStore) -> None:
    """As if nothing had happened: much quicker than a new database."""
    async with store.connection() as connection:
        await connection.execute(
            "TRUNCATE stored_events, notification_tracking, positions, dead_letters, data_keys, requests_v1"
        )


@asynccontextmanager
async def open_door(store: PostgresStore) -> AsyncIterator[Door]:
    """A door on a store."""
    clock = FixedClock(NOW)
    issuer = LocalIssuer(clock=clock)
    settings = ServiceSettings(
        environment="development",
        service="request-intake",
        database_url=SecretStr("postgresql://127.0.0.1:1/nowhere"),
        kafka_bootstrap_servers=("127.0.0.1:1",),
        issuer=issuer.issuer,
        audience=issuer.audience,
        jwks="http://issuer.test/jwks.json",
        door_issuer="http://door.test",
        door_jwks="unused",
        kek=SecretStr(_KEY),
        kek_id="test",
        hmac_key=SecretStr(_KEY),
    )
    context = Context(
        settings=settings,
        store=store,
        units=Units(store, clock, "request-intake"),
        clock=clock,
        keys=KeyRing(settings.kek_bytes(), settings.kek_id),
        hmac_key=settings.hmac_key_bytes(),
    )
    app = create_app("request-intake", verifier=issuer.verifier())
    app.include_router(SERVICE.routes(context))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake.test") as http:
        yield Door(http, issuer, clock, context)
