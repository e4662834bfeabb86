"""An organisation for the console's tests: services that answer as a test wants, and a board that says what they said."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import httpx
from doorstep_chassis.auth import Principal, Role
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing, seal
from doorstep_chassis.service import Context
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.units import Units
from doorstep_chassis.views import create_view_tables
from fastapi import FastAPI
from gateway.people import DETAILS, Details, subject_id
from gateway.portals.routes import portal_routes, stand_around
from gateway.portals.session import COOKIE, Session
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from gateway.views.board import BOARD
from gateway.views.history import HISTORY
from gateway.views.people import PEOPLE_VIEW

ISSUER, HOME = "http://issuer.test", "http://door.test"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
OPERATOR = UUID("00000000-0000-4000-8000-0000000000ee")
REQUEST = UUID("a1b2c3d4-0000-4000-8000-000000000001")
CREATOR = UUID("c0de0000-0000-4000-8000-000000000002")
COLLEAGUE = UUID("3f2a0000-0000-4000-8000-000000000003")
MARIE = UUID("00000000-0000-4000-8000-0000000000c1")
KEYS = KeyRing(bytes(32), "test")
LYON = {
    "localities": ["Lyon"],
    "offers": [{"service": "menage", "label_fr": "Ménage", "label_en": "Cleaning"}],
}

Answers = dict[tuple[str, str], tuple[int, Any] | Callable[[httpx.Request], httpx.Response]]


@dataclass
class Console:
    """The portals before services; `answers` holds what each says to a method and path, absent ones are a 404."""

    http: httpx.AsyncClient
    app: FastAPI
    store: PostgresStore
    clock: FixedClock
    answers: Answers = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    session: Session | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The services' side."""
        self.asked.append(request)
        found = self.answers.get((request.method, request.url.path), (404, {"code": "not_found"}))
        if callable(found):
            return found(request)
        return httpx.Response(found[0], json=found[1], headers={"ETag": '"7"'})

    async def sign_in(self, role: Role = "operator") -> Session:
        """A session of this role, whose cookie every request brings from now on."""
        principal = Principal(OPERATOR, ORGANISATION, role)
        self.session = await self.app.state.sessions.open(
            principal, name="Odile Perrin", token="t-1", expires_at=self.clock.now() + timedelta(hours=8)
        )
        self.http.cookies.set(COOKIE, self.session.secret)
        return self.session

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page in English, unless a header says otherwise."""
        return await self.http.get(path, headers={"Accept-Language": "en", **headers})

    async def post(self, path: str, fields: Mapping[str, Any], **headers: str) -> httpx.Response:
        """A form as our own page sends it."""
        assert self.session is not None
        sent = {"csrf": self.session.csrf, "key": "k-1", **fields}
        return await self.http.post(path, data=sent, headers={"Accept-Language": "en", **headers})

    async def insert(self, table: str, **values: Any) -> None:
        """A row of a view, as its topics would have made it."""
        row = {"organisation_id": ORGANISATION, **values}
        sent = [json.dumps(value) if isinstance(value, list | dict) else value for value in row.values()]
        async with self.store.connection() as connection:
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})".encode(), sent
            )

    async def put(self, request_id: UUID = REQUEST, **values: Any) -> None:
        """A launched request on the board, but for these values."""
        await self.insert(
            "board_requests_v2",
            **{
                "request_id": request_id,
                "state": "launched",
                "launched": True,
                "created_at": NOW - timedelta(hours=2),
                "created_by": CREATOR,
                "performer": "other",
                "postal_code": "69003",
                "service": "menage",
                "offer_id": "lyon:menage",
                "rate_cents": 2590,
                "starts_at": NOW + timedelta(days=3),
                "ends_at": NOW + timedelta(days=3, hours=2),
                "zone": "Europe/Paris",
                "client_id": MARIE,
                "client_known": True,
                **values,
            },
        )

    async def put_worker(self, worker_id: UUID, *services: str, active: bool = True) -> None:
        """A worker of the register."""
        await self.insert("board_workers_v2", worker_id=worker_id, active=active, services=list(services))

    async def tell(self, sequence: int, topic: str, kind: str, **facts: Any) -> None:
        """An event of the request's history."""
        await self.insert(
            "history_events_v1",
            event_id=f"e-{sequence}",
            request_id=REQUEST,
            topic=topic,
            sequence=sequence,
            type=f"doorstep.{kind}",
            time=NOW + timedelta(minutes=sequence),
            facts=facts,
        )

    async def put_person(self, person_id: UUID, name: str) -> None:
        """A worker who has signed in."""
        subject, keys = subject_id(ORGANISATION, person_id), KEYS
        key = keys.issue()
        wrapped = keys.wrap(subject, key)
        async with self.store.connection() as connection:
            await connection.execute(
                "INSERT INTO data_keys (subject_id, wrapped, kek_id) VALUES (%s, %s, %s)",
                (subject, wrapped.wrapped, wrapped.kek_id),
            )
        details = Details(name=name, email=None).model_dump_json()
        sealed = seal(key, subject, details, context=DETAILS)
        await self.insert("people_v1", person_id=person_id, role="worker", details=sealed, language="fr")

    def know(self, **names: str) -> None:
        """The directory's names, by the last two digits of the client's id."""

        def answer(request: httpx.Request) -> httpx.Response:
            ids = parse_qs(request.url.query.decode())["ids"]
            named = [
                {"client_id": each, "first_name": names[each[-2:]].split()[0], "last_name": names[each[-2:]].split()[1]}
                for each in ids
                if each[-2:] in names
            ]
            return httpx.Response(200, json={"names": named})

        self.answers["GET", "/client-names"] = answer

    def sent(self, method: str, path: str) -> Any:
        """The one body that was sent there."""
        (asked,) = [each for each in self.asked if (each.method, each.url.path) == (method, path)]
        return json.loads(asked.content)


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[Console]:
    """The console over a database of its own, nobody signed in."""
    store, clock, issuer = PostgresStore(database), FixedClock(NOW), LocalIssuer(ISSUER)
    create_tables(database)
    await store.open()
    for view in (BOARD, HISTORY, PEOPLE_VIEW):
        await create_view_tables(store, view)
    context = Context(
        settings=GatewaySettings.model_construct(
            environment="development", issuer=ISSUER, door_issuer=HOME, jwks=f"{ISSUER}/jwks.json"
        ),
        store=store,
        units=Units(store, clock, "gateway"),
        clock=clock,
        keys=KEYS,
        hmac_key=bytes(32),
    )
    app = create_app("gateway", verifier=issuer.verifier())
    app.include_router(portal_routes(context))
    stand_around(app, context)
    transport = httpx.ASGITransport(app)
    async with (
        httpx.AsyncClient(transport=transport, base_url=HOME) as http,
        app.router.lifespan_context(app),
    ):
        made = Console(http, app, store, clock)
        services: dict[Any, str] = {
            name: f"http://{name}.test" for name in ("request-intake", "client-directory", "dispatch", "scheduling")
        }
        app.state.upstream = Upstream(services, timeout=1, transport=httpx.MockTransport(made.answer))
        yield made
        await app.state.upstream.close()
    await store.close()
