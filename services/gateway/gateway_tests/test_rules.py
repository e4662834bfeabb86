"""What every route of the public door holds before a service is asked: strict JSON, and no unknown member."""

import httpx
import pytest
from doorstep_chassis.door_testing import Person, Route, Rules
from fastapi import FastAPI

from .test_door import DRAFT, ORGANISATION, REQUEST, ROUTES, Door
from .test_door import door as door

SOMEBODY = Person("operator", REQUEST, ORGANISATION)
ADDRESS = {"line1": "12 rue des Lilas", "postal_code": "69003", "locality": "Lyon"}
CARD = {"kind": "card", "token": "tok", "last4": "4242", "expiry_month": "2030-01"}
MORE = {
    "POST /v1/requests": {**DRAFT, "client": {"typed": {"first_name": "A", "email": "a@example.org"}}},
    "POST /v1/requests/{request_id}/launch": {"validation": "worker", "address": ADDRESS},
    "POST /v1/clients": {"first_name": "A", "last_name": "B", "address": ADDRESS, "payment_method": CARD},
    "POST /v1/clients/{client_id}/payment-methods": CARD,
}


@pytest.fixture
def rules(door: Door) -> Rules:
    """Every route that takes a body, with one that is sound."""
    transport = door.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    bodies = {(method, f"/v1{path}"): body for method, path, _, body in ROUTES if method != "GET"}
    routes = {}
    for path, operations in app.openapi()["paths"].items():
        filled = "/".join(str(REQUEST) if part.startswith("{") else part for part in path.split("/"))
        for method in operations:
            name = f"{method.upper()} {path}"
            if name in MORE or method != "get":
                routes[name] = Route(who=SOMEBODY, body=MORE.get(name) or bodies[method.upper(), filled])

    async def head() -> int:
        return len(door.asked)

    def token(who: Person) -> str:
        return door.issuer.token(sub=who.sub, role=who.role, org=who.org)

    return Rules(app, door.http, token, routes, {"request_id": REQUEST, "client_id": REQUEST}, head)


async def test_json_is_strict(rules: Rules) -> None:
    await rules.json_is_strict()


async def test_unknown_members_are_refused(rules: Rules) -> None:
    await rules.unknown_members_are_refused()
