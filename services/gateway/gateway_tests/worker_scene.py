"""A worker at the portal, before services that answer as the tests want."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs
from uuid import UUID

import httpx
from doorstep_chassis.auth import Principal
from doorstep_chassis.http import create_app
from doorstep_chassis.service import Context
from gateway.portals.session import COOKIE, Session, Sessions
from gateway.portals.worker import worker_routes
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
CAMILLE = UUID("00000000-0000-4000-8000-0000000000ca")
REQUEST = "00000000-0000-4000-8000-0000000000dd"
JEANNE = "00000000-0000-4000-8000-00000000001e"
NOW = datetime(2027, 2, 20, 9, 0, tzinfo=UTC)
SECRET = "camille-at-her-phone"

SETTINGS = {
    "version": 1,
    "workers_may_create": True,
    "required_contact_fields": ["first_name", "last_name", "email", "phone"],
    "draft_lifetime_hours": 168,
}
OFFER = {
    "offer_id": "lyon:menage",
    "service": "menage",
    "label_fr": "Ménage",
    "label_en": "Cleaning",
    "rate_cents": 2590,
    "currency": "EUR",
    "duration_minutes": {"default": 120, "min": 60, "max": 240, "step": 30},
    "payment_method_required": True,
}
CATALOGUE = {
    "postal_code": "69003",
    "localities": ["Lyon"],
    "zone": {"id": "lyon", "label": "Lyon et sa métropole", "time_zone": "Europe/Paris"},
    "catalogue_version": 1,
    "offers": [OFFER],
}
FREE = {"free": True, "reason": None, "conflict": None}
BUSY = {
    "free": False,
    "reason": "overlap",
    "conflict": {"start": "2027-03-01T09:00:00Z", "end": "2027-03-01T10:00:00Z", "zone": "Europe/Paris"},
}
CLIENT = {"client_id": JEANNE, "first_name": "Jeanne", "last_name": "Moulin", "postal_code": "69003"}
FILE = {
    **CLIENT,
    "address": {"line1": "12 rue de la Part-Dieu", "line2": None, "postal_code": "69003", "locality": "Lyon"},
}


def card(**changed: Any) -> dict[str, Any]:
    """A request as intake shows it to its creator."""
    return {
        "request_id": REQUEST,
        "state": "draft",
        "case": None,
        "created_by": str(CAMILLE),
        "performer": "self",
        "postal_code": "69003",
        "offer_id": "lyon:menage",
        "service": "menage",
        "slot": {
            "start": "2027-03-01T08:00:00Z",
            "end": "2027-03-01T10:00:00Z",
            "zone": "Europe/Paris",
            "local_start": "2027-03-01T09:00:00+01:00",
        },
        "client_gate": None,
        "worker_gate": None,
        "offer": {"offer_id": "lyon:menage", "service": "menage", "rate_cents": 2590, "currency": "EUR"},
        "accept_overlap": False,
        "validation": None,
        "expires_at": "2027-02-27T09:00:00Z",
        "end": None,
        "picked_client_id": None,
        **changed,
    }


LAUNCHED = {
    "state": "launched",
    "case": 2,
    "client_gate": {"open": False, "missing": ["validation", "payment_method"]},
    "worker_gate": {"open": True, "missing": []},
}

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


def answer(content: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=content)


def refusal(status: int, code: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "status": status, **more})


class FixedClock:
    def now(self) -> datetime:
        return NOW


class NoBoard:
    """A board that has heard of nothing yet."""

    def __init__(self) -> None:
        self.listeners: list[Any] = []

    async def load_rows(self, at: Any) -> Mapping[Any, Any]:
        return {}


class OnePersonsSession:
    """Knows one cookie."""

    cookie = COOKIE

    def __init__(self, role: Any = "worker") -> None:
        self.session = Session(
            principal=Principal(CAMILLE, ORGANISATION, role),
            name="Camille Moreau",
            token="token",
            secret=SECRET,
            expires_at=NOW + timedelta(hours=1),
        )

    async def find(self, secret: str) -> Session | None:
        return self.session if secret == SECRET else None


@dataclass
class Portal:
    """The worker's browser. `says` holds an answer for each `METHOD service/path`; the rest is not found."""

    http: httpx.AsyncClient
    csrf: str
    says: dict[str, Answer] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        service = request.url.host.removesuffix(".test")
        found = self.says.get(f"{request.method} {service}{request.url.path}", refusal(404, "not_found"))
        return found(request) if callable(found) else found

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)

    async def post(self, path: str, fields: Mapping[str, str], **headers: str) -> httpx.Response:
        return await self.http.post(path, data={"csrf": self.csrf, **fields}, headers=headers)

    def sent(self, method: str, path: str) -> list[tuple[Any, str]]:
        """The bodies and keys that a service was sent."""
        return [
            (json.loads(each.content) if each.content else None, each.headers.get("idempotency-key", ""))
            for each in self.asked
            if each.method == method and each.url.path == path
        ]

    def queries(self, path: str) -> list[dict[str, list[str]]]:
        """What a service was asked, by its query."""
        return [parse_qs(each.url.query.decode()) for each in self.asked if each.url.path == path]


@asynccontextmanager
async def at_the_portal(role: Any = "worker") -> AsyncIterator[Portal]:
    """Camille signed in, with the usual settings, catalogue and an empty calendar."""
    context = Context(
        settings=GatewaySettings.model_construct(),
        store=cast("Any", NoBoard()),
        units=cast("Any", None),
        clock=FixedClock(),
        keys=cast("Any", None),
        hmac_key=bytes(32),
    )
    app = create_app("gateway")
    app.include_router(worker_routes(context, patience=0.05))
    sessions = OnePersonsSession(role)
    app.state.sessions = cast("Sessions", sessions)
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://portal.test", cookies={COOKIE: SECRET}
    )
    made = Portal(http, sessions.session.csrf)
    made.says |= {
        "GET request-intake/settings": answer(SETTINGS),
        "GET request-intake/catalogue": answer(CATALOGUE),
        "GET scheduling/availability": answer(FREE),
        "GET client-directory/clients": answer({"clients": [], "next_cursor": None}),
    }
    urls: dict[Any, str] = {
        name: f"http://{name}.test" for name in ("request-intake", "client-directory", "dispatch", "scheduling")
    }
    upstream = Upstream(urls, timeout=1, transport=httpx.MockTransport(made.answer))
    app.state.upstream = upstream
    async with http:
        yield made
    await upstream.close()


def text(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    body = re.sub(r"(?s)<(head|script|svg)\b.*?</\1>", " ", page.text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's wizard form."""
    form = re.search(r"(?s)<form[^>]*data-wizard.*?</form>", page.text)
    assert form is not None
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[0]))
