"""What every route holds: strict JSON, no unknown member, its roles alone, what is another's as if absent, tags, conditions."""

from uuid import UUID

import httpx
import pytest
from doorstep_chassis.auth import Role
from doorstep_chassis.door_testing import RULES, Person, Route, Rule, Rules
from fastapi import FastAPI

from .door import Door
from .test_api import NEW, on_file
from .world import (
    CARD,
    ELSEWHERE,
    HOME,
    NOW,
    OPERATOR,
    ORGANISATION,
    OTHER_WORKER,
    PAUL,
    REQUEST,
    SECOND,
    WORKER,
    drafted,
    launched,
    visit_scheduled,
)

OPERATES = Person("operator", OPERATOR, ORGANISATION)
ELSEWHERES = Person("operator", OPERATOR, ELSEWHERE)
SERVED = Person("worker", WORKER, ORGANISATION)
STRANGERS = (Person("worker", OTHER_WORKER, ORGANISATION), Person("worker", WORKER, ELSEWHERE))
VALIDATE = {"action": "validate", "address": dict(HOME), "payment_method": dict(CARD)}
WORKERS: frozenset[Role] = frozenset({"worker"})


def routes(client_id: UUID, other: UUID) -> dict[str, Route]:
    asked = Person("client", client_id, ORGANISATION, REQUEST)
    clients = (
        Person("client", other, ORGANISATION, REQUEST),
        Person("client", client_id, ORGANISATION, SECOND),
        Person("client", client_id, ELSEWHERE, REQUEST),
    )
    return {
        "POST /clients": Route(who=OPERATES, body={**NEW, "email": "new@example.org"}),
        "GET /clients": Route(who=OPERATES, also=WORKERS),
        "GET /client-names": Route(
            who=OPERATES, strangers=(*STRANGERS, ELSEWHERES), query={"ids": str(client_id)}, also=WORKERS
        ),
        "GET /clients/{client_id}": Route(who=SERVED, strangers=(*STRANGERS, ELSEWHERES), also=frozenset({"operator"})),
        "GET /clients/{client_id}/contact": Route(
            who=Person("service", OPERATOR, ORGANISATION), query={"organisation_id": str(ORGANISATION)}
        ),
        "POST /clients/{client_id}/payment-methods": Route(who=OPERATES, strangers=(ELSEWHERES,), body=dict(CARD)),
        "GET /reviews": Route(who=OPERATES),
        "POST /reviews/{request_id}/decision": Route(
            who=OPERATES, strangers=(ELSEWHERES,), body={"link": str(client_id)}
        ),
        "GET /requests/{request_id}/validation": Route(
            who=asked, strangers=(*clients, ELSEWHERES), also=frozenset({"operator"})
        ),
        "POST /requests/{request_id}/validation": Route(
            who=asked, strangers=(*clients, ELSEWHERES), body=VALIDATE, also=frozenset({"operator"})
        ),
    }


@pytest.fixture
async def rules(door: Door) -> Rules:
    """A client whom one worker has served and who is asked about a request, and another client."""
    client_id = await on_file(door)
    other = await on_file(door, PAUL)
    await door.hear(
        visit_scheduled(1, client_id, ends=NOW),
        drafted(None, picked=client_id),
        launched(),
    )
    transport = door.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)

    def token(who: Person) -> str:
        org = None if who.role == "service" else who.org
        return door.issuer.token(sub=who.sub, role=who.role, org=org, request=who.request)

    ids = {"client_id": client_id, "ids": client_id, "request_id": REQUEST}
    return Rules(transport.app, door.client, token, routes(client_id, other), ids, door.store.head)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_door_keeps(rule: Rule, rules: Rules) -> None:
    await rule(rules)
