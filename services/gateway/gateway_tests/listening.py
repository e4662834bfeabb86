"""A gateway's streams on a real server and a real database, and somebody who listens."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from doorstep_chassis.auth import Role
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.http import create_app, serve
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Units
from doorstep_chassis.work import Work
from fastapi import FastAPI
from gateway.changes.door import event_routes
from gateway.changes.events import Changed
from gateway.changes.state import TOLD
from gateway.limits import RateLimits
from gateway.portals.session import Sessions
from gateway.settings import GatewaySettings
from starlette.middleware import Middleware

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
PERSON = UUID("00000000-0000-4000-8000-0000000000aa")
ISSUER = LocalIssuer()

Event = tuple[str, Any]
"""Its name and its data."""


def settings(**changed: Any) -> GatewaySettings:
    return GatewaySettings.model_construct(**changed)


@dataclass
class Gateway:
    """A process of the gateway, as far as streams go."""

    url: str
    store: PostgresStore
    context: Context
    stop: asyncio.Event
    sessions: Sessions

    async def change(self, *numbers: int, organisation: UUID = ORGANISATION, **values: Any) -> None:
        """Changes of requests with these numbers, one unit each."""
        for number in numbers:
            await append(self.context.units, number, organisation=organisation, **values)

    @asynccontextmanager
    async def listen(
        self, *, token: str | None = None, path: str = "/v1/events", cookie: str | None = None, **headers: str
    ) -> AsyncIterator["Listening"]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie is None:
            sent["Authorization"] = f"Bearer {token or bearer()}"
        else:
            sent["Cookie"] = f"doorstep_session={cookie}"
        timeout = httpx.Timeout(10)
        async with (
            httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=timeout) as http,
            http.stream("GET", path, headers=sent) as answer,
        ):
            yield Listening(answer)


@dataclass
class Listening:
    """What arrives, event by event."""

    answer: httpx.Response
    ids: list[str] = field(default_factory=list)
    """Of every block that had one."""
    comments: int = 0

    def __post_init__(self) -> None:
        self._lines = self.answer.aiter_lines()

    async def block(self) -> Mapping[str, str] | None:
        """The fields of the next block; None at the end of the stream."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line and fields:
                if "id" in fields:
                    self.ids.append(fields["id"])
                return fields
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            elif line:
                self.comments += 1
        return None

    async def event(self) -> Event | None:
        """The next event; blocks without data are none."""
        while (block := await self.block()) is not None:
            if "data" in block:
                return block["event"], json.loads(block["data"])
        return None

    async def events(self, number: int) -> list[Event]:
        """So many."""
        async with asyncio.timeout(15):
            found = [await self.event() for _ in range(number)]
        return [each for each in found if each is not None]

    async def opened(self) -> str:
        """The id that the stream begins with."""
        block = await self.block()
        assert block is not None
        return block["id"]


def bearer(role: Role = "operator", *, person: UUID = PERSON, lifetime: timedelta = timedelta(hours=1)) -> str:
    return ISSUER.token(sub=person, role=role, org=ORGANISATION, lifetime=lifetime)


def request(number: int) -> UUID:
    return UUID(int=number)


def hint(number: int, kind: str = "request") -> Event:
    return "changed", {"kind": kind, "request_id": str(request(number))}


async def append(units: Units, number: int, *, organisation: UUID = ORGANISATION, **values: Any) -> None:
    changed = Changed(request_id=request(number), source="test", fact=uuid4(), **{"kind": "request", **values})

    def decide(work: Work) -> None:
        work.append(TOLD.at(organisation, number), changed)

    await units.run("test", decide)


@asynccontextmanager
async def running(database: str, **changed: Any) -> AsyncIterator[Gateway]:
    """A process of the gateway on this database, until the end of the block."""
    await asyncio.to_thread(create_tables, database)
    clock, store, chosen = SystemClock(), PostgresStore(database), settings(**changed)
    context = Context(
        settings=chosen,
        store=store,
        units=Units(store, clock, "gateway"),
        clock=clock,
        keys=KeyRing(bytes(32), "test"),
        hmac_key=bytes(32),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await store.open()
        tail = asyncio.create_task(context.tail.run())
        yield
        tail.cancel()
        await asyncio.gather(tail, return_exceptions=True)
        await store.close()

    app = create_app("gateway", verifier=ISSUER.verifier(), lifespan=lifespan)
    app.user_middleware.append(Middleware(RateLimits, settings=chosen))
    app.include_router(event_routes(context))
    sessions = app.state.sessions = Sessions(store, clock)
    stop = app.state.stopping = asyncio.Event()
    bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app, "127.0.0.1", 0, stop=stop, on_bound=bound.set_result))
    try:
        yield Gateway(f"http://127.0.0.1:{await bound}", store, context, stop, sessions)
    finally:
        stop.set()
        await server
