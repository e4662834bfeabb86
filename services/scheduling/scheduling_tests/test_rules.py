"""What every route holds: strict JSON, no unknown member, its roles alone, what is another's as if absent, tags, conditions."""

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.door_testing import RULES, Person, Route, Rule, Rules
from fastapi import FastAPI

from .test_api import JUNE, OPERATOR, SPAN, Door
from .test_api import door as door
from .world import COLLEAGUE, ORGANISATION, REQUEST, STRANGERS, VISIT_1, WORKER, confirmed, selected

MINE = Person("worker", WORKER, ORGANISATION)
COLLEAGUES = Person("worker", COLLEAGUE, ORGANISATION)
ELSEWHERE = (Person("worker", WORKER, STRANGERS), Person("operator", OPERATOR, STRANGERS))
OPERATORS: frozenset[Role] = frozenset({"operator"})

ROUTES = {
    "GET /calendar": Route(who=MINE, strangers=(COLLEAGUES,), query=JUNE, also=OPERATORS),
    "GET /availability": Route(who=MINE, query=SPAN),
    "GET /visits": Route(
        who=MINE, strangers=(COLLEAGUES, *ELSEWHERE), query={"request_id": str(REQUEST)}, also=OPERATORS
    ),
    "GET /visits/{visit_id}": Route(who=MINE, strangers=(COLLEAGUES, *ELSEWHERE), also=OPERATORS),
}


@pytest.fixture
async def rules(door: Door) -> Rules:
    """A visit in one worker's calendar."""
    await door.hear(selected(), confirmed())
    transport = door.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)

    def token(who: Person) -> str:
        return door.issuer.token(sub=who.sub, role=who.role, org=None if who.role == "service" else who.org)

    ids = {"worker_id": WORKER, "request_id": REQUEST, "visit_id": VISIT_1}
    return Rules(transport.app, door.client, token, ROUTES, ids, door.store.head)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_door_keeps(rule: Rule, rules: Rules) -> None:
    await rule(rules)
