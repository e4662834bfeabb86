"""The client's pages before a directory and a catalogue that answer as a test wants."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.http import create_app
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.signing import make_key
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_chassis.views import create_view_tables
from fastapi import FastAPI
from gateway.links import Links
from gateway.own_tokens import OwnTokens
from gateway.portals.client import client_routes, csrf_of
from gateway.portals.problems import install_portal_problems
from gateway.settings import GatewaySettings
from gateway.tables import create_portal_tables
from gateway.upstream import Upstream
from gateway.views.board import BOARD, ORGANISATIONS, REQUESTS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
CLIENT = UUID("00000000-0000-4000-8000-0000000000c1")
REQUEST = UUID("00000000-0000-4000-8000-0000000000dd")
HOME = {"line1": "12 rue de la Part-Dieu", "line2": None, "postal_code": "69003", "locality": "Lyon"}
CARD = {"kind": "card", "token": "tok_trial_visa", "last4": "4242", "expiry_month": "2027-12"}
HTML = {"Accept": "text/html", "Accept-Language": "en"}

URLS: dict[Any, str] = {
    name: f"http://{name}.test" for name in ("request-intake", "client-directory", "dispatch", "scheduling")
}
PLACES = {"69003": "Lyon", "69500": "Bron", "75011": "Paris"}
ROW = {
    "state": "launched",
    "postal_code": "69003",
    "service": "menage",
    "rate_cents": 2590,
    "starts_at": START,
    "ends_at": START + timedelta(hours=2),
    "zone": "Europe/Paris",
}


def asked(*missing: str, **more: Any) -> dict[str, Any]:
    """What the directory shows of a request that it asks the client about."""
    return {
        "request_id": str(REQUEST),
        "state": "asked",
        "client_id": str(CLIENT),
        "postal_code": "69003",
        "slot_start": "2026-03-09T13:30:00Z",
        "zone": "Europe/Paris",
        "payment_method_required": True,
        "missing": ["validation", *missing],
        "deadline": "2026-03-05T09:00:00Z",
        "valid_until": None,
        "client": {
            "first_name": "Jeanne",
            "last_name": "Moulin",
            "email": "jeanne@exemple.test",
            "phone": None,
            "postal_code": "69003",
            "address": None,
            "payment_methods": [],
        },
        "proposed_address": None,
        **more,
    }


@dataclass
class Desk:
    """One client at a browser. The directory shows `details` (404 where there are none), or answers a `refusal` to a POST."""

    app: FastAPI
    http: httpx.AsyncClient
    clock: FixedClock
    links: Links
    store: PostgresStore
    details: Mapping[str, Any] = field(default_factory=asked)
    refusal: tuple[int, Mapping[str, Any]] | None = None
    answered: list[tuple[str, Any]] = field(default_factory=list)
    mailed: list[tuple[UUID, UUID, UUID]] = field(default_factory=list)

    def serve(self, request: httpx.Request) -> httpx.Response:
        """The services."""
        if request.url.path == "/catalogue":
            return _catalogue(request.url.params["postal_code"])
        assert request.url.path == f"/requests/{REQUEST}/validation"
        if request.method == "GET":
            return _answer(200, self.details) if self.details else _answer(404, {"code": "validation_not_found"})
        if self.refusal is not None:
            return _answer(*self.refusal)
        self.answered.append((request.headers["idempotency-key"], json.loads(request.content)))
        self.details = {"request_id": str(REQUEST), "state": "declined"}
        if self.answered[-1][1]["action"] == "validate":
            self.details = {**asked(), "state": "validated", "missing": [], "deadline": None}
        return _answer(200, {"request_id": str(REQUEST), "state": self.details["state"]})

    async def mail_link(self, *whom: UUID) -> None:
        """Remembers whom a link was to be mailed to."""
        self.mailed.append((whom[0], whom[1], whom[2]))

    async def link(self) -> str:
        """The path of a new link."""
        return (await self.links.issue(ORGANISATION, CLIENT, REQUEST)).removeprefix("http://door.test")

    async def send(self, path: str, *, to: str = "", **fields: str) -> httpx.Response:
        """A form of the page at this path."""
        token = path.removeprefix("/portal/")
        data = {"csrf": csrf_of(token), "key": "k1", **fields}
        return await self.http.post(f"{path}{to}", data=data, headers=HTML)

    async def look(self, path: str, **headers: str) -> httpx.Response:
        """The page."""
        return await self.http.get(path, headers={**HTML, **headers})

    async def set_row(self, **values: Any) -> None:
        """What the board says of the request."""
        names = ", ".join(f"{name} = %s" for name in values)
        async with self.store.connection() as connection:
            await connection.execute(f"UPDATE {REQUESTS.name} SET {names}".encode(), tuple(values.values()))

    async def standing(self, path: str) -> str:
        """How the link stands."""
        return (await self.links.find(path.removeprefix("/portal/"))).standing


def _answer(status: int, body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


def _catalogue(postal_code: str) -> httpx.Response:
    if postal_code not in PLACES:
        return _answer(422, {"code": "postal_code_unknown", "status": 422, "field": "postal_code"})
    offer = {"service": "menage", "label_fr": "Ménage", "label_en": "Cleaning", "currency": "EUR"}
    return _answer(200, {"offers": [offer], "localities": [PLACES[postal_code]]})


@asynccontextmanager
async def opened(
    database: str, directory: Path, *, environment: Literal["development", "production"] = "development"
) -> AsyncIterator[Desk]:
    """The pages of a gateway that knows of one request."""
    store, clock = PostgresStore(database), FixedClock(NOW)
    await store.open()
    await create_portal_tables(store)
    await create_view_tables(store, BOARD)
    key = directory / "door.pem"
    make_key(key)
    context = Context(
        settings=GatewaySettings.model_construct(environment=environment),
        store=store,
        units=Units(store, clock, "gateway"),
        clock=clock,
        keys=KeyRing(bytes(32), "test"),
        hmac_key=bytes(32),
    )
    app = create_app("gateway")
    install_portal_problems(app)
    app.include_router(client_routes(context))
    links = Links(store, clock, hmac_key=bytes(32), public_url="http://door.test")
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door.test")
    desk = Desk(app, http, clock, links, store)
    upstream = Upstream(URLS, timeout=1, transport=httpx.MockTransport(desk.serve))
    app.state.links = links
    app.state.upstream = upstream
    app.state.mail_link = desk.mail_link
    app.state.own_tokens = OwnTokens(key, issuer="http://door.test", audience="doorstep", clock=clock)
    async with store.connection() as connection:
        await connection.execute(
            f"INSERT INTO {ORGANISATIONS.name} (organisation_id, slug, time_zone)"
            " VALUES (%s, 'les-mains-vertes', 'Europe/Paris')".encode(),
            (ORGANISATION,),
        )
        names = ", ".join(("organisation_id", "request_id", *ROW))
        await connection.execute(
            f"INSERT INTO {REQUESTS.name} ({names}) VALUES ({', '.join(['%s'] * (2 + len(ROW)))})".encode(),
            (ORGANISATION, REQUEST, *ROW.values()),
        )
    async with http:
        yield desk
    await upstream.close()
    await store.close()
