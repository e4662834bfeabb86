"""What every route holds: strict JSON, no unknown member, its roles alone, what is another's as if absent, tags, conditions."""

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.door_testing import Person, Route, Rules
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


async def test_every_route_is_tried(rules: Rules) -> None:
    assert rules.declared() == set(rules.routes)


async def test_json_is_strict(rules: Rules) -> None:
    await rules.json_is_strict()


async def test_unknown_members_are_refused(rules: Rules) -> None:
    await rules.unknown_members_are_refused()


async def test_roles_are_judged(rules: Rules) -> None:
    await rules.roles_are_judged()


async def test_what_is_anothers_looks_absent(rules: Rules) -> None:
    await rules.what_is_anothers_looks_absent()


async def test_what_is_shown_has_its_tag(rules: Rules) -> None:
    await rules.what_is_shown_has_its_tag()


async def test_changes_are_conditional(rules: Rules) -> None:
    await rules.changes_are_conditional()
