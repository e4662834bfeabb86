"""What every page of the portals holds: it is for who has signed in, in its role, and is changed by its own forms alone."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from fastapi import FastAPI
from gateway.portals.routes import portal_routes, stand_around
from gateway.settings import GatewaySettings
from gateway.upstream import ServiceName, Upstream

from .signed_in import sign_in

HOME, ISSUER = "http://door.test", "http://issuer.test"
ORGANISATION = UUID(int=9, version=4)
HTML = {"Accept": "text/html"}

OPEN = (
    "/static/",
    "/docs",
    "/language/",
    "/login",
    "/logout",
    "/portal",
    "/mail/",
    "/manifest.webmanifest",
    "/sw.js",
    "/offline",
)
"""What whoever has not signed in may see too; the client's pages and those that mails lead to judge by their links."""
OF_OPERATORS = ("/console",)
OF_WORKERS = ("/requests", "/calls", "/calendar", "/me")


KNOWS_NOTHING = httpx.MockTransport(lambda request: httpx.Response(404, json={"status": 404, "code": "not_found"}))


class Portals:
    """All pages as the gateway serves them, in front of services that know nothing."""

    def __init__(self, app: FastAPI, issuer: LocalIssuer, http: httpx.AsyncClient) -> None:
        self.app = app
        self.issuer = issuer
        self.http = http

    def pages(self, method: str) -> Iterator[str]:
        """Every path that takes this method, with an id in each of its places."""
        for path, methods in _routes(self.app.routes):
            if method in methods and not path.startswith(("/livez", "/readyz", "/metrics", "/openapi.json")):
                yield re.sub(r"{[^}]*}", str(uuid4()), path)

    async def somebody(self, role: Role) -> str:
        """Let the browser be a person's; what their forms repeat."""
        person = await sign_in(
            self.app.state.sessions,
            self.issuer,
            SystemClock(),
            role=role,
            person_id=uuid4(),
            organisation_id=ORGANISATION,
        )
        person.at(self.http)
        return person.csrf


def _routes(routes: Iterable[Any]) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        within = getattr(route, "original_router", None)  # a router that another one includes
        if within is not None:
            yield from _routes(within.routes)
        elif getattr(route, "methods", None):
            yield route.path, route.methods


@pytest.fixture
async def portals(database: str) -> AsyncIterator[Portals]:
    store, clock, issuer = PostgresStore(database), SystemClock(), LocalIssuer(ISSUER)
    context = Context(
        settings=GatewaySettings.model_construct(
            environment="development", issuer=ISSUER, door_issuer=HOME, jwks=f"{ISSUER}/jwks.json"
        ),
        store=store,
        units=Units(store, clock, "gateway"),
        clock=clock,
        keys=KeyRing(bytes(32), "test"),
        hmac_key=bytes(32),
    )
    app = create_app("gateway", verifier=issuer.verifier())
    app.include_router(portal_routes(context))
    stand_around(app, context)
    upstream = Upstream(dict.fromkeys(get_args(ServiceName), "http://service.test"), timeout=1, transport=KNOWS_NOTHING)
    app.state.upstream = upstream
    await store.open()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME, headers=HTML) as http,
    ):
        yield Portals(app, issuer, http)
    await upstream.close()
    await store.close()


async def test_whoever_has_not_signed_in_is_led_there(portals: Portals) -> None:
    closed = [path for path in portals.pages("GET") if not path.startswith(OPEN)]
    assert "/" in closed
    for path in closed:
        answer = await portals.http.get(path)
        assert (path, answer.status_code, answer.headers.get("location", "").partition("?")[0]) == (path, 303, "/login")


async def test_to_another_role_a_page_looks_absent(portals: Portals) -> None:
    others: dict[Role, tuple[str, ...]] = {"worker": OF_OPERATORS, "operator": OF_WORKERS}
    for role, paths in others.items():
        await portals.somebody(role)
        absent = await portals.http.get("/nowhere")
        for path in (each for each in portals.pages("GET") if each.startswith(paths)):
            shut = await portals.http.get(path)
            assert (path, shut.status_code, shut.text) == (path, 404, absent.text)


async def test_nothing_is_changed_from_another_sites_page(portals: Portals) -> None:
    sent = list(portals.pages("POST"))
    assert "/logout" in sent
    csrf = await portals.somebody("worker")
    for path in sent:
        answer = await portals.http.post(path, data={"csrf": csrf}, headers={"Sec-Fetch-Site": "cross-site"})
        assert (path, answer.status_code) == (path, 403)
        assert 'data-problem="cross_site"' in answer.text


async def test_nothing_is_changed_by_a_form_of_another_session(portals: Portals) -> None:
    await portals.somebody("operator")
    stolen = await portals.somebody("operator")
    for role in ("worker", "operator"):
        await portals.somebody(role)
        for path in (each for each in portals.pages("POST") if not each.startswith(("/portal", "/mail/"))):
            for csrf in ("", stolen, "é"):
                answer = await portals.http.post(path, data={"csrf": csrf}, headers={"Sec-Fetch-Site": "same-origin"})
                assert (path, answer.status_code in (403, 404)) == (path, True)
