"""The description only grows: what of a proposed one breaks programs that were written to the released one."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from doorstep_contracts.compatibility import Side, shape_breaks

Json = Mapping[str, Any]


def breaks(released: Json, proposed: Json) -> tuple[str, ...]:
    """Each break in a sentence that starts with the operation."""
    return tuple(_Comparison(released, proposed).breaks())


class _Comparison:
    def __init__(self, released: Json, proposed: Json) -> None:
        self._released = released
        self._proposed = proposed

    def breaks(self) -> Iterator[str]:
        for path, operations in self._released["paths"].items():
            if path not in self._proposed["paths"]:
                yield f"{path}: the path is gone"
                continue
            for method, operation in operations.items():
                name, now = f"{method.upper()} {path}", self._proposed["paths"][path].get(method)
                if now is None:
                    yield f"{name}: the operation is gone"
                else:
                    yield from (f"{name}: {each}" for each in self._operation(operation, now))

    def _operation(self, old: Json, new: Json) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"was called {old['operationId']} and is called {new['operationId']} now"
        for role in old.get("x-doorstep-roles", ()):
            if role not in new.get("x-doorstep-roles", ()):
                yield f"is no longer for {role}"
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"no longer answers {status}"
            else:
                before, now = _found(answer, self._released), _found(new["responses"][status], self._proposed)
                yield from (f"{status} {each}" for each in self._answer(before, now))

    def _parameters(self, old: Json, new: Json) -> Iterator[str]:
        before, now = _parameters(old, self._released), _parameters(new, self._proposed)
        for place, each in before.items():
            if place not in now:
                yield f"the {_words(place)} is gone"
                continue
            if now[place]["required"] and not each["required"]:
                yield f"the {_words(place)} must be given now"
            yield from self._shapes(each["schema"], now[place]["schema"], "request", _words(place))
        for place, each in now.items():
            if place not in before and each["required"]:
                yield f"the {_words(place)} is new and must be given"

    def _body(self, old: Json, new: Json) -> Iterator[str]:
        before, now = old.get("requestBody"), new.get("requestBody")
        if now is not None and now.get("required") and not (before or {}).get("required"):
            yield "must have a body now"
        if before is None:
            return
        if now is None:
            yield "takes no body any more"
            return
        for media, content in before["content"].items():
            if media not in now["content"]:
                yield f"takes no {media} any more"
            else:
                yield from self._shapes(content["schema"], now["content"][media]["schema"], "request", "body")

    def _answer(self, old: Json, new: Json) -> Iterator[str]:
        for header in old.get("headers", {}):
            if header not in new.get("headers", {}):
                yield f"has no header {header} any more"
        for code in old.get("x-doorstep-codes", ()):
            if code not in new.get("x-doorstep-codes", ()):
                yield f"no longer says {code}"
        for media, content in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"is no {media} any more"
            else:
                yield from self._shapes(content["schema"], new["content"][media]["schema"], "answer", "body")

    def _shapes(self, old: Json, new: Json, side: Side, what: str) -> Iterator[str]:
        roots = [_root(each) for each in (self._released, self._proposed)]
        for each in shape_breaks(_node(old), _node(new), released=roots[0], proposed=roots[1], side=side):
            yield f"{what}{each}" if each.startswith(":") else f"{what} {each}"


Place = tuple[Literal["path", "query", "header"], str]


def _parameters(operation: Json, description: Json) -> dict[Place, Json]:
    found: dict[Place, Json] = {}
    for each in operation.get("parameters", ()):
        parameter = _found(each, description)
        found[parameter["in"], parameter["name"]] = parameter
    return found


def _found(node: Json, description: Json) -> Json:
    """The node itself, or the component that it refers to."""
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/", 3)
    component: Json = description["components"][kind][name]
    return component


def _words(place: Place) -> str:
    return f"{place[0]} parameter {place[1]}"


def _root(description: Json) -> dict[str, Any]:
    return {"$defs": {name: _node(each) for name, each in description["components"]["schemas"].items()}}


def _node(schema: Any) -> Any:
    """A schema as the comparison reads it: references into `$defs`, and alternatives all under one name."""
    if isinstance(schema, dict):
        found = {name: _node(each) for name, each in schema.items() if name != "discriminator"}
        if isinstance(found.get("$ref"), str):
            found["$ref"] = found["$ref"].replace("#/components/schemas/", "#/$defs/")
        if "oneOf" in found:
            found["anyOf"] = found.pop("oneOf")
        return found
    return [_node(each) for each in schema] if isinstance(schema, list) else schema
