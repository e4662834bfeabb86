"""What every route holds: strict JSON, no unknown member, its roles alone, what is another's as if absent, tags, conditions."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.door_testing import RULES, Person, Route, Rule, Rules
from doorstep_contracts.samples import CLIENT, ORGANISATION, WORKER
from fastapi import FastAPI

from .door import DRAFT, LAUNCH, OPERATOR, SERVICE_ITSELF, Door
from .test_api import OTHER_ORGANISATION, STRANGER, resolved

CREATOR = Person("worker", WORKER, ORGANISATION)
OPERATES = Person("operator", OPERATOR, ORGANISATION)
STRANGERS = (Person("worker", STRANGER, ORGANISATION), Person("worker", WORKER, OTHER_ORGANISATION))
OPERATOR_ELSEWHERE = Person("operator", OPERATOR, OTHER_ORGANISATION)
SETTINGS = {"workers_may_create": True, "required_contact_fields": ["email"], "draft_lifetime_hours": 24}
ADDED: dict[str, Any] = {
    "organisation_id": str(UUID(int=5)),
    "slug": "new",
    "time_zone": "Europe/Paris",
    "workers_may_create": False,
}


def routes(request_id: UUID, other: UUID) -> dict[str, Route]:
    clients = (
        Person("client", CLIENT, ORGANISATION, other),
        Person("client", STRANGER, ORGANISATION, request_id),
        Person("client", CLIENT, OTHER_ORGANISATION, request_id),
    )
    return {
        "POST /organisations": Route(who=Person("service", SERVICE_ITSELF, ORGANISATION), body=ADDED),
        "GET /settings": Route(who=CREATOR, also=frozenset({"operator", "client", "service"})),
        "PUT /settings": Route(who=OPERATES, body=SETTINGS),
        "GET /catalogue": Route(
            who=CREATOR, query={"postal_code": "97400"}, also=frozenset({"operator", "client", "service"})
        ),
        "POST /requests": Route(who=CREATOR, body=dict(DRAFT)),
        "GET /requests": Route(who=CREATOR, also=frozenset({"operator"})),
        "GET /requests/{request_id}": Route(
            who=CREATOR,
            strangers=(*STRANGERS, OPERATOR_ELSEWHERE, *clients),
            also=frozenset({"operator", "client", "service"}),
        ),
        "POST /requests/{request_id}/launch": Route(who=CREATOR, strangers=STRANGERS, body=dict(LAUNCH)),
        "POST /requests/{request_id}/cancel": Route(
            who=CREATOR, strangers=(*STRANGERS, OPERATOR_ELSEWHERE), body={}, also=frozenset({"operator"})
        ),
    }


@pytest.fixture
async def rules(door: Door) -> Rules:
    """A launched request of one worker, and another one."""
    request_id, other = await door.launched(), await door.launched()
    await door.hear(resolved(request_id), resolved(other))
    await door.project()
    transport = door.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)

    def token(who: Person) -> str:
        org = None if who.role == "service" else who.org
        return door.issuer.token(sub=who.sub, role=who.role, org=org, request=who.request)

    return Rules(
        transport.app, door.http, token, routes(request_id, other), {"request_id": request_id}, door.store.head
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_door_keeps(rule: Rule, rules: Rules) -> None:
    await rule(rules)
