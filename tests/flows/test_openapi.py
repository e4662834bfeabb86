"""The running door does what its description says: no other status, code, header, content type or body; never a 5xx."""

import itertools
import json
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from doorstep_chassis.auth import ROLES
from doorstep_local.door import Door
from doorstep_local.services import Doorstep
from gateway.description.conventions import QUERY
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .described import World, codes, description, exact, operations, resolved
from .scene import Scene

DESCRIBED = description()
SCHEMA = schemathesis.openapi.from_dict(exact(description())).exclude(operation_id="hear_events")  # never ends
CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
TURNS: dict[str, "itertools.count[int]"] = {}


class OtherCode(Failure):
    """A refusal's code is none that its operation names."""


@pytest.fixture(scope="module")
def world(doorstep: Doorstep, door: Door) -> World:
    """Something of everything."""
    return World.of(Scene.of(doorstep, door))


def code_conformance(ctx: Any, response: Any, case: Any) -> None:
    """Every refusal is one that the operation names."""
    if response.status_code < 400:
        return
    told = response.json()
    if response.status_code == 405 and case.method != case.operation.method.upper():
        return  # another method of the path, tried on purpose
    named = codes(DESCRIBED, case.operation.definition.raw, response.status_code)
    if told["code"] not in named or told["status"] != response.status_code:
        raise OtherCode(
            operation=case.operation.label, title="Undocumented code", message=f"{told['code']}, not {named}"
        )


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_the_door_does_what_its_description_says(case: Any, world: World) -> None:
    turn = next(TURNS.setdefault(case.operation.label, itertools.count()))
    roles = case.operation.definition.raw["x-doorstep-roles"]
    role = sorted(world.people)[turn // 7 % 4] if turn % 7 == 6 else roles[turn % len(roles)]
    requests = [*world.requests.values()]
    for name, value in (case.path_parameters or {}).items():
        if turn % 5 < 4 and _is_id(value):
            case.path_parameters[name] = (
                requests[turn % len(requests)]
                if name == "request_id"
                else world.ids.get(value) or world.with_ids(_sample(name))
            )
    case.body = world.with_ids(case.body) if isinstance(case.body, dict) else case.body
    for name, value in (case.query or {}).items():
        if isinstance(value, str) and _is_id(value):
            case.query[name] = world.with_ids(_sample(name))
    headers = {"Authorization": f"Bearer {world.people[role].token}"}
    if "If-Match" in case.headers and turn % 3:
        case.headers["If-Match"] = "*"
    if "Idempotency-Key" in case.headers and turn % 3 and case.meta.generation.mode.is_positive:
        case.headers["Idempotency-Key"] = uuid4().hex
    response = case.call(base_url=world.scene.doorstep.url, headers=headers)
    case.validate_response(response, checks=[*CHECKS, code_conformance, negative_data_rejection])


def test_the_door_serves_its_description(doorstep: Doorstep, door: Door) -> None:
    served = httpx.get(f"{doorstep.url}/openapi.json", trust_env=False).json()
    oidc = served["components"]["securitySchemes"]["oidc"]
    assert oidc["openIdConnectUrl"] == f"{doorstep.issuer}/.well-known/openid-configuration"
    oidc["openIdConnectUrl"] = DESCRIBED["components"]["securitySchemes"]["oidc"]["openIdConnectUrl"]
    assert served == DESCRIBED


def test_who_has_another_role_is_refused(world: World) -> None:
    """FAULTS 31: every route, every role that it is not for, with examples that would be sound."""
    before, asked = world.scene.quiet(), 0
    for path, method, operation in operations(DESCRIBED):
        url, query = path.removeprefix("/v1"), {}
        for each in (resolved(DESCRIBED, each) for each in operation["parameters"]):
            if each["in"] == "path":
                url = url.replace("{" + each["name"] + "}", str(world.with_ids(each["example"])))
            elif each["in"] == "query" and each["required"]:
                query[each["name"]] = world.with_ids(each["example"])
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        bodies = [each["value"] for each in content["examples"].values()] if content else [None]
        for role, body in product(sorted(set(ROLES) - set(operation["x-doorstep-roles"])), bodies):
            headers = {"Idempotency-Key": uuid4().hex, "If-Match": "*"}
            answer = world.people[role].send(method, url, params=query, json=world.with_ids(body), headers=headers)
            assert (answer.status, answer.code) == (403, "wrong_role"), (method, path, role, body, answer)
            asked += 1
    assert asked > len(DESCRIBED["paths"])
    assert world.scene.written() == before


def test_what_is_anothers_looks_like_what_is_not_there(world: World, doorstep: Doorstep, door: Door) -> None:
    """FAULTS 30: every route with an id, asked by the same roles of another organisation: the same answer as to none."""
    other = Scene.of(doorstep, door)
    strangers = {
        "worker": other.camille.at,
        "operator": other.operator,
        "client": other.client(str(uuid4()), uuid4()),
    }
    before, asked = world.scene.quiet(), 0
    for path, method, operation in operations(DESCRIBED):
        given = [resolved(DESCRIBED, each) for each in operation["parameters"]]
        if not any("{" + each["name"] + "}" in path or _is_id(each.get("example")) for each in given):
            continue
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        body = next(iter(content["examples"].values()))["value"] if content else None
        for role, request in product(
            sorted(set(strangers) & set(operation["x-doorstep-roles"])), world.requests.values()
        ):
            answers = []
            for absent in (False, True):
                ids = {
                    each["name"]: _theirs(world, each, request, absent=absent)
                    for each in given
                    if each["in"] != "header"
                }
                answer = strangers[role].send(
                    method,
                    path.removeprefix("/v1").format(**ids),
                    params={
                        each["name"]: ids[each["name"]] for each in given if each["in"] == "query" and each["required"]
                    },
                    json=world.with_ids(body),
                    headers={"Idempotency-Key": uuid4().hex, "X-Request-Id": "same"},
                )
                told = json.dumps(answer.body)
                for each in ids.values():
                    told = told.replace(f'"{each}"', '"id"') if _is_id(each) else told
                answers.append((answer.status, told))
            assert answers[0] == answers[1], (method, path, role)
            assert answers[0][0] in ((404,) if "{" in path else (200, 404)), (method, path, role, answers)
            asked += 1
    assert asked > len(DESCRIBED["paths"])
    assert world.scene.written() == before


def _theirs(world: World, parameter: Any, request: str, *, absent: bool) -> Any:
    """What this world has in the place of a parameter, or an id that nothing has."""
    example = parameter.get("example")
    if not _is_id(example):
        return example
    if absent:
        return str(UUID(int=0xABCDEF))
    return request if parameter["name"] == "request_id" else world.with_ids(example)


def _is_id(value: Any) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def _sample(name: str) -> Any:
    return QUERY[name]["example"]
