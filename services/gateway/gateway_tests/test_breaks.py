"""The description only grows: each way to break the released one is named, each way to grow it passes."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from gateway.description.breaks import breaks

Json = dict[str, Any]

PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}, "x-doorstep-codes": ["a_code"]}
RELEASED: Json = {
    "paths": {
        "/things/{id}": {
            "put": {
                "operationId": "change_thing",
                "x-doorstep-roles": ["worker", "operator"],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
                    {"name": "order", "in": "query", "required": False, "schema": {"enum": ["up", "down"]}},
                    {"$ref": "#/components/parameters/Key"},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}},
                },
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"$ref": "#/components/responses/Refused404"},
                },
            },
            "get": {"operationId": "read_thing", "responses": {}},
        }
    },
    "components": {
        "parameters": {"Key": {"name": "Key", "in": "header", "required": False, "schema": {"type": "string"}}},
        "responses": {"Refused404": PROBLEM},
        "schemas": {
            "Wish": {
                "type": "object",
                "additionalProperties": False,
                "required": ["colour"],
                "properties": {
                    "colour": {"type": "string", "enum": ["red", "blue"]},
                    "note": {"type": "string", "maxLength": 50},
                    "where": {"oneOf": [{"$ref": "#/components/schemas/Place"}, {"type": "integer"}]},
                },
            },
            "Place": {"type": "object", "properties": {"town": {"type": "string"}}},
            "Thing": {
                "type": "object",
                "required": ["id", "size"],
                "properties": {
                    "id": {"type": "string"},
                    "size": {"type": "integer"},
                    "left": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "state": {"type": "string", "enum": ["new", "old"]},
                },
            },
        },
    },
}


def told(change: Callable[[Json], object]) -> tuple[str, ...]:
    proposed = deepcopy(RELEASED)
    change(proposed)
    return breaks(RELEASED, proposed)


def put(made: Json) -> Json:
    found: Json = made["paths"]["/things/{id}"]["put"]
    return found


def schema(made: Json, name: str) -> Json:
    found: Json = made["components"]["schemas"][name]
    return found


def new_parameter(*, required: bool) -> Json:
    return {"name": "new", "in": "query", "required": required, "schema": {"type": "string"}}


PUT = "PUT /things/{id}: "
BREAKS: dict[str, tuple[Callable[[Json], object], str]] = {
    "a path that is gone": (lambda d: d["paths"].clear(), "/things/{id}: the path is gone"),
    "an operation that is gone": (lambda d: d["paths"]["/things/{id}"].pop("get"), "GET /things/{id}: the operation is gone"),
    "another name": (
        lambda d: put(d).update(operationId="alter_thing"),
        PUT + "was called change_thing and is called alter_thing now",
    ),
    "a role that may no longer": (lambda d: put(d)["x-doorstep-roles"].remove("worker"), PUT + "is no longer for worker"),
    "a parameter that is gone": (lambda d: put(d)["parameters"].pop(1), PUT + "the query parameter order is gone"),
    "a new parameter that must be given": (
        lambda d: put(d)["parameters"].append(new_parameter(required=True)),
        PUT + "the query parameter new is new and must be given",
    ),
    "a parameter that must be given now": (
        lambda d: d["components"]["parameters"]["Key"].update(required=True),
        PUT + "the header parameter Key must be given now",
    ),
    "a narrower parameter": (
        lambda d: put(d)["parameters"][1]["schema"]["enum"].remove("up"),
        PUT + "query parameter order: no longer takes up",
    ),
    "a parameter of another type": (
        lambda d: put(d)["parameters"][0].update(schema={"type": "integer"}),
        PUT + "path parameter id: no longer takes string",
    ),
    "no body any more": (lambda d: put(d).pop("requestBody"), PUT + "takes no body any more"),
    "another kind of body": (
        lambda d: put(d)["requestBody"]["content"].update({"text/csv": put(d)["requestBody"]["content"].pop("application/json")}),
        PUT + "takes no application/json any more",
    ),
    "a body where there was none": (
        lambda d: d["paths"]["/things/{id}"]["get"].update(requestBody={"required": True, "content": {}}),
        "GET /things/{id}: must have a body now",
    ),
    "a member that is no longer taken": (
        lambda d: schema(d, "Wish")["properties"].pop("note"),
        PUT + "body note: the field is gone, and consumers may read it",
    ),
    "a new member that must be given": (
        lambda d: (schema(d, "Wish")["properties"].update(new={"type": "string"}), schema(d, "Wish")["required"].append("new")),
        PUT + "body new: a new field must be optional, because records that exist do not have it",
    ),
    "a member that must be given now": (
        lambda d: schema(d, "Wish")["required"].append("note"),
        PUT + "body note: must be present now, and it is absent from records that exist",
    ),
    "a narrower member": (
        lambda d: schema(d, "Wish")["properties"]["note"].update(maxLength=20),
        PUT + "body note: takes only texts to 20 characters now",
    ),
    "a value that is no longer taken": (
        lambda d: schema(d, "Wish")["properties"]["colour"]["enum"].remove("blue"),
        PUT + "body colour: no longer takes blue",
    ),
    "an alternative that is gone": (
        lambda d: schema(d, "Wish")["properties"]["where"]["oneOf"].pop(),
        PUT + "body where: no longer takes integer",
    ),
    "a narrower member within": (
        lambda d: schema(d, "Place")["properties"]["town"].update(pattern="^[A-Z]"),
        PUT + "body where.town: takes only the pattern ^[A-Z] now",
    ),
    "a status that is gone": (lambda d: put(d)["responses"].pop("404"), PUT + "no longer answers 404"),
    "a code that is gone": (
        lambda d: d["components"]["responses"]["Refused404"].update({"x-doorstep-codes": ["another"]}),
        PUT + "404 no longer says a_code",
    ),
    "a header that is gone": (
        lambda d: put(d)["responses"]["200"]["headers"].clear(),
        PUT + "200 has no header ETag any more",
    ),
    "another kind of answer": (
        lambda d: put(d)["responses"]["200"].update(content={}),
        PUT + "200 is no application/json any more",
    ),
    "a member that is no longer answered": (
        lambda d: (schema(d, "Thing")["properties"].pop("size"), schema(d, "Thing")["required"].remove("size")),
        PUT + "200 body size: the field is gone, and consumers may read it",
    ),
    "a member that may be absent now": (
        lambda d: schema(d, "Thing")["required"].remove("size"),
        PUT + "200 body size: may be absent now, and consumers may need it",
    ),
    "a member that may be null now": (
        lambda d: schema(d, "Thing")["properties"].update(size={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        PUT + "200 body size: may be null now, which consumers that need it cannot read",
    ),
    "a member of another type": (
        lambda d: schema(d, "Thing")["properties"].update(size={"type": "string"}),
        PUT + "200 body size: no longer takes integer",
    ),
}  # fmt: skip

GROWTH: dict[str, Callable[[Json], object]] = {
    "nothing": lambda d: None,
    "a new path": lambda d: d["paths"].update({"/new": {"get": {"operationId": "new", "responses": {}}}}),
    "a new operation": lambda d: d["paths"]["/things/{id}"].update(post={"operationId": "new", "responses": {}}),
    "other words": lambda d: put(d).update(summary="Other", description="words", tags=["new"]),
    "another role that may": lambda d: put(d)["x-doorstep-roles"].append("client"),
    "a new optional parameter": lambda d: put(d)["parameters"].append(new_parameter(required=False)),
    "another value of a parameter": lambda d: put(d)["parameters"][1]["schema"]["enum"].append("sideways"),
    "a new optional member": lambda d: schema(d, "Wish")["properties"].update(new={"type": "string"}),
    "a member that may be left out now": lambda d: schema(d, "Wish")["required"].remove("colour"),
    "a member that may be null now": lambda d: schema(d, "Wish")["properties"].update(
        note={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a longer text": lambda d: schema(d, "Wish")["properties"]["note"].update(maxLength=90),
    "another value that is taken": lambda d: schema(d, "Wish")["properties"]["colour"]["enum"].append("green"),
    "another alternative": lambda d: schema(d, "Wish")["properties"]["where"]["oneOf"].append({"type": "string"}),
    "a new status": lambda d: put(d)["responses"].update({"409": {"$ref": "#/components/responses/Refused404"}}),
    "a new code": lambda d: d["components"]["responses"]["Refused404"].update(
        {"x-doorstep-codes": ["a_code", "b_code"]}
    ),
    "a new header": lambda d: put(d)["responses"]["200"]["headers"].update(Link={}),
    "a new member of an answer": lambda d: (
        schema(d, "Thing")["properties"].update(new={"type": "string"}),
        schema(d, "Thing")["required"].append("new"),
    ),
    "a member of an answer that is always there now": lambda d: schema(d, "Thing")["required"].append("left"),
    "another value that is answered": lambda d: schema(d, "Thing")["properties"]["state"]["enum"].append("gone"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_break_is_named(kind: str) -> None:
    change, expected = BREAKS[kind]
    assert told(change) == (expected,)


@pytest.mark.parametrize("kind", GROWTH)
def test_growth_passes(kind: str) -> None:
    assert told(GROWTH[kind]) == ()
