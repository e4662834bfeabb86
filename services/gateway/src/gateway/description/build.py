"""Puts the description together: paths, parameters and bodies as the routes say them, the rest from the tables here."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, get_args

from fastapi import FastAPI
from pydantic import TypeAdapter

from gateway.description import conventions as shared
from gateway.description.codes import REFUSALS, Problem
from gateway.description.examples import ANSWERS, BODIES
from gateway.description.operations import ANYBODY, OPERATIONS, Operation

Json = dict[str, Any]

PROBLEM = "application/problem+json"
SCHEMAS = "#/components/schemas/"

_TOKEN = ("token_missing", "token_invalid", "token_expired")
_AWAY = ("unavailable", "keys_unavailable", "too_many_conflicts")
_ACT = ("idempotency_key_missing", "idempotency_key_invalid", "idempotency_key_in_flight", "idempotency_key_reused")
_BODY = ("malformed_json", "too_deep", "body_too_large", "body_too_slow", "unsupported_media_type", "invalid_body")
_OWN = frozenset({"board", "events"})
"""Tags of what the gateway answers by itself: no other service can be away."""


_EDGE = ("too_many_requests", "url_too_long", "headers_too_large")
_CONDITION = ("if_match_invalid", "precondition_failed")
_ALIKE: Mapping[int, tuple[str, ...]] = {
    401: _TOKEN,
    408: ("body_too_slow",),
    412: ("precondition_failed",),
    413: ("body_too_large",),
    414: ("url_too_long",),
    415: ("unsupported_media_type",),
    428: ("precondition_required",),
    429: ("too_many_requests",),
    431: ("headers_too_large",),
}
"""What is refused alike nearly everywhere: said once."""


class Undescribed(Exception):
    """A route has no row in `operations.py`."""


def describe(app: FastAPI, *, issuer: str | None = None) -> None:
    """Let the app describe itself so; `issuer`: the provider that tokens come from."""
    said = app.openapi
    made: Json = {}

    def openapi() -> Json:
        if not made:
            made.update(description(said()))
            if issuer is not None:
                oidc = made["components"]["securitySchemes"]["oidc"]
                oidc["openIdConnectUrl"] = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        return made

    app.openapi = openapi  # type: ignore[method-assign]


def description(said: Json) -> Json:
    """The description, from what FastAPI says of the routes. Errors: Undescribed."""
    said = deepcopy(said)
    paths: Json = {}
    for path, operations in said["paths"].items():
        for method, operation in operations.items():
            name = _name(operation["operationId"], path, method)
            if name not in OPERATIONS:
                raise Undescribed(f"{method.upper()} {path} ({name}) has no row in operations.py")
            paths.setdefault(path, {})[method] = _operation(name, OPERATIONS[name], method, operation)
    components: Json = {
        "schemas": said.get("components", {}).get("schemas", {}) | _answer_schemas(),
        "parameters": dict(shared.PARAMETERS),
        "headers": dict(shared.HEADERS),
        "responses": {f"Refused{status}": _refusal(status, codes) for status, codes in _ALIKE.items()},
        "examples": {code: _problem_example(code) for code in REFUSALS},
        "securitySchemes": deepcopy(shared.SECURITY),
    }
    used = {tag for operations in paths.values() for operation in operations.values() for tag in operation["tags"]}
    made = {
        "openapi": "3.1.0",
        "info": shared.INFO,
        "servers": [{"url": "/"}],
        "tags": [tag for tag in shared.TAGS if tag["name"] in used],
        "security": [{"bearer": []}, {"oidc": []}],
        "paths": paths,
        "components": components,
    }
    _prune(made)
    untitled: Json = _untitled(made)
    return untitled


def refusals_of(operation: Operation, method: str, *, tag: str, parameters: bool) -> Iterator[str]:
    """Every code that an operation may refuse with: its own first."""
    yield from operation.refusals
    if operation.roles != ANYBODY:
        yield "wrong_role"
    if method in ("post", "put"):
        yield from (*_BODY, "cross_site")
    if method == "post":
        yield from _ACT
    if method == "put":
        yield "precondition_required"
    if method == "put" or operation.conditional:
        yield from _CONDITION
    if parameters:
        yield "invalid_parameter"
    yield from (*_TOKEN, *_EDGE, *_AWAY)
    if tag not in _OWN:
        yield "service_unavailable"


def _name(operation_id: str, path: str, method: str) -> str:
    """The name of the route's function, which FastAPI puts before its path and method."""
    return operation_id.removesuffix(re.sub(r"\W", "_", path) + f"_{method}")


def _operation(name: str, row: Operation, method: str, said: Json) -> Json:
    given = [_parameter(each) for each in said.get("parameters", []) if each["in"] != "header"]
    codes = list(refusals_of(row, method, tag=said["tags"][0], parameters=bool(given)))
    own = "".join(f"\n- `{code}` ({REFUSALS[code].status}): {REFUSALS[code].meaning}" for code in row.refusals)
    made: Json = {
        "operationId": name,
        "summary": row.summary,
        "description": f"{said['description']}\n\n**For:** {', '.join(row.roles)}."
        + (f"\n\n**Refusals of its own:**\n{own}" if own else ""),
        "tags": said["tags"],
        "x-doorstep-roles": list(row.roles),
        "parameters": [*given, *({"$ref": f"#/components/parameters/{each}"} for each in _headers(name, row, method))],
        "responses": {str(row.status): _answer(name, row)},
    }
    if "requestBody" in said:
        made["requestBody"] = said["requestBody"]
        content = made["requestBody"]["content"]["application/json"]
        content["examples"] = _examples(BODIES[name])
    if row.tagged and method == "get":
        made["responses"]["304"] = {
            "description": shared.STATUS_WORDS[304],
            "headers": _header_refs("X-Request-Id", "ETag"),
        }
    for status, alike in _by_status(codes).items():
        made["responses"][str(status)] = (
            {"$ref": f"#/components/responses/Refused{status}"}
            if tuple(alike) == _ALIKE.get(status)
            else _refusal(status, alike)
        )
    return made


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in codes:
        found.setdefault(REFUSALS[code].status, []).append(code)
    return dict(sorted(found.items()))


def _headers(name: str, row: Operation, method: str) -> Iterator[str]:
    if method == "post":
        yield "IdempotencyKey"
    if method == "put":
        yield "IfMatchRequired"
    if row.conditional:
        yield "IfMatch"
    if row.tagged and method == "get":
        yield "IfNoneMatch"
    if name == "launch_request":
        yield "Prefer"
    if row.media == "text/event-stream":
        yield "LastEventId"
    yield from ("AcceptLanguage", "XRequestId")


def _parameter(said: Json) -> Json:
    """A parameter as sent: what is left out has no value, so none is ever null."""
    schema = said["schema"]
    kinds = [each for each in schema.pop("anyOf", []) if each != {"type": "null"}]
    if kinds:
        schema |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if said["name"] in shared.INSTANTS and schema.get("type") == "string" and "format" not in schema:
        schema["format"] = "date-time"
    told = shared.QUERY[said["name"]]
    return {**{name: said[name] for name in ("name", "in", "required")}, **told, "schema": schema}


def _answer(name: str, row: Operation) -> Json:
    headers = (*shared.EVERY_ANSWER, *(("ETag",) if row.tagged else ()))
    if name == "launch_request":
        headers = (*headers, "Preference-Applied")
    if row.media != "application/json":
        content: Json = {"schema": {"type": "string"}, "example": ANSWERS[name]}
    else:
        schema = TypeAdapter(row.answer).json_schema(mode="serialization", ref_template=SCHEMAS + "{model}")
        schema.pop("$defs", None)
        if "properties" in schema:
            schema = {"$ref": SCHEMAS + row.answer.__name__}
        content = {"schema": schema, "examples": _examples(ANSWERS[name])}
    return {"description": _words(row), "headers": _header_refs(*headers), "content": {row.media: content}}


def _words(row: Operation) -> str:
    """What the models of the answer say of themselves."""
    models = get_args(row.answer) or (row.answer,)
    return " Or: ".join(" ".join(each.__doc__.split()) for each in models if each is not None) or row.summary


def _refusal(status: int, codes: Sequence[str]) -> Json:
    headers = (*shared.EVERY_ANSWER, *shared.BY_STATUS.get(status, ()), "Content-Language")
    return {
        "description": f"{shared.STATUS_WORDS[status]}: {', '.join(f'`{code}`' for code in codes)}",
        "headers": _header_refs(*headers),
        "content": {
            PROBLEM: {
                "schema": {"$ref": f"{SCHEMAS}Problem"},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
        "x-doorstep-codes": list(codes),
    }


def _header_refs(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _examples(examples: Mapping[str, Any]) -> Json:
    return {_key(words): {"summary": words, "value": value} for words, value in examples.items()}


def _key(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _problem_example(code: str) -> Json:
    status, title, meaning = REFUSALS[code]
    value = {"type": f"urn:doorstep:problem:{code}", "title": title, "status": status, "code": code, "detail": meaning}
    return {"summary": meaning, "value": {**value, "request_id": "order-4711"}}


def _answer_schemas() -> Json:
    adapters = [
        (name, "serialization", TypeAdapter(row.answer)) for name, row in OPERATIONS.items() if row.answer is not None
    ]
    _, schemas = TypeAdapter.json_schemas(
        [*adapters, ("problem", "serialization", TypeAdapter(Problem))],  # type: ignore[list-item]
        ref_template=SCHEMAS + "{model}",
    )
    found: Json = schemas["$defs"]
    return found


def _prune(made: Json) -> None:
    """Only what is referred to stays among the components."""
    components = made["components"]
    kept: set[tuple[str, str]] = set()
    waiting = [made["paths"]]
    while waiting:
        for kind, name in _references(waiting.pop()):
            if (kind, name) not in kept:
                kept.add((kind, name))
                waiting.append(components[kind][name])
    for kind in set(components) - {"securitySchemes"}:
        components[kind] = {name: each for name, each in sorted(components[kind].items()) if (kind, name) in kept}


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            _, _, kind, name = node["$ref"].split("/", 3)
            yield kind, name
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def _untitled(node: Any, *, named: bool = False) -> Any:
    """Without the titles that pydantic makes from names; `named`: the members of this node are names, no keywords."""
    if isinstance(node, dict):
        return {
            name: _untitled(each, named=name in ("properties", "schemas", "examples"))
            for name, each in node.items()
            if named or name != "title" or not isinstance(each, str) or "version" in node
        }
    return [_untitled(each) for each in node] if isinstance(node, list) else node
