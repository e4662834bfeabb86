"""What every route holds: strict JSON, no unknown member, its roles alone, what is another's as if absent, tags, conditions."""

import httpx
import pytest
from doorstep_chassis.door_testing import RULES, Person, Route, Rule, Rules
from fastapi import FastAPI

from .test_api import CALL, OPERATOR, Door
from .test_api import door as door
from .world import ANNE, BRUNO, CHLOE, ELSEWHERE, ORGANISATION, REQUEST

OPERATES = Person("operator", OPERATOR, ORGANISATION)
ELSEWHERES = Person("operator", OPERATOR, ELSEWHERE)
CALLED = Person("worker", ANNE, ORGANISATION)
WORKER = {
    "worker_id": str(BRUNO),
    "services": ["menage"],
    "postal_codes": [],
    "postal_prefixes": ["69"],
    "active": True,
    "organisation_id": None,
}

ROUTES = {
    "POST /workers": Route(who=OPERATES, body=WORKER, also=frozenset({"service"})),
    "GET /policy": Route(who=OPERATES),
    "PUT /policy": Route(
        who=OPERATES, body={"broadcast": True, "award": "first_come", "application_deadline_hours": 12}
    ),
    "GET /calls": Route(who=CALLED),
    "POST /requests/{request_id}/applications": Route(
        who=CALLED, strangers=(Person("worker", CHLOE, ORGANISATION), Person("worker", ANNE, ELSEWHERE))
    ),
    "GET /requests/{request_id}/broadcast": Route(who=OPERATES, strangers=(ELSEWHERES,)),
    "GET /requests/{request_id}/called": Route(
        who=Person("service", OPERATOR, ORGANISATION), query={"organisation_id": str(ORGANISATION)}
    ),
    "POST /requests/{request_id}/selection": Route(
        who=OPERATES, strangers=(ELSEWHERES,), body={"worker_id": str(ANNE)}
    ),
}


@pytest.fixture
async def rules(door: Door) -> Rules:
    """A call that went to some workers, in an organisation and not in another."""
    for worker_id, org in ((ANNE, ORGANISATION), (CHLOE, ORGANISATION), (ANNE, ELSEWHERE)):
        await door.register(worker_id, org=org)
    await door.given(*CALL)
    transport = door.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)

    def token(who: Person) -> str:
        return door.issuer.token(sub=who.sub, role=who.role, org=None if who.role == "service" else who.org)

    return Rules(transport.app, door.client, token, ROUTES, {"request_id": REQUEST}, door.store.head)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_door_keeps(rule: Rule, rules: Rules) -> None:
    await rule(rules)
