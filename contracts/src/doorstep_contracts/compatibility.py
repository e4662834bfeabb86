"""Contracts only grow: what makes a schema break with the one that was released before it.

Records stay for ever, so a new schema must take every record the old one took; consumers are deployed one by one, so
it must not drop or stop requiring what they read. Wider values (another reason code, a longer text) are growth:
consumers go first, and a record that one of them cannot read yet is parked and redriven, never lost.
"""

from collections.abc import Iterator
from typing import Any, Literal

from doorstep_contracts.schemas import Schema

# Read by people, not by validators. `default` is compared apart, `$defs` through the references to them.
_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "examples", "default"})
_LOWER_BOUNDS = {
    "minimum": "values from {}",
    "minLength": "texts from {} characters",
    "minItems": "lists from {} items",
}
_UPPER_BOUNDS = {"maximum": "values to {}", "maxLength": "texts to {} characters", "maxItems": "lists to {} items"}
_COMPARED = frozenset(
    {
        *_LOWER_BOUNDS,
        *_UPPER_BOUNDS,
        *("$ref", "anyOf", "type", "properties", "required", "items", "enum", "const", "pattern", "format"),
        "x-doorstep-key",
    }
)


Side = Literal["record", "request", "answer"]
"""Who reads it: a record stays and is read by all, a request is read by us alone, an answer by others alone."""


def breaks(released: Schema, proposed: Schema) -> tuple[str, ...]:
    """What of the proposed schema breaks with the released one, each in a sentence that starts with the field."""
    return tuple(_Comparison(released, proposed).breaks())


def shape_breaks(old: Schema, new: Schema, *, released: Schema, proposed: Schema, side: Side) -> tuple[str, ...]:
    """The same for a part of a schema that is no event; `released` and `proposed` hold the `$defs` it refers to.

    A request may be given less, and null, from now on; an answer may always hold more.
    """
    return tuple(_Comparison(released, proposed, side).nodes(old, new, ""))


class _Comparison:
    def __init__(self, released: Schema, proposed: Schema, side: Side = "record") -> None:
        self._released = released
        self._proposed = proposed
        self._side = side

    def breaks(self) -> Iterator[str]:
        if self._released["x-doorstep-key"] != self._proposed["x-doorstep-key"]:
            yield (
                f"the key was {self._released['x-doorstep-key']} and is {self._proposed['x-doorstep-key']} now, "
                "which loses the order of what is already in the topic"
            )
        yield from self.nodes(self._released, self._proposed, "")

    def nodes(self, old: Schema, new: Schema, field: str) -> Iterator[str]:
        """The breaks of a node and of all within it."""
        olds, news = _variants(old, self._released), _variants(new, self._proposed)
        if self._side != "request" and _takes_null(news) and not _takes_null(olds):
            yield f"{field}: may be null now, which consumers that need it cannot read"
        for variant in olds:
            yield from self._narrowing(variant, news, field)

    def _narrowing(self, old: Schema, news: list[Schema], field: str) -> Iterator[str]:
        """How the new variants refuse what the old one took: by the nearest of the same type."""
        comparisons = [tuple(self._variant(old, new, field)) for new in news if new.get("type") == old.get("type")]
        if comparisons:
            yield from min(comparisons, key=len)
        else:
            yield f"{field}: no longer takes {old.get('type', 'every value')}"

    def _variant(self, old: Schema, new: Schema, field: str) -> Iterator[str]:
        for unknown in sorted((old.keys() | new.keys()) - _ANNOTATIONS - _COMPARED):
            if old.get(unknown) == new.get(unknown):
                continue
            yield f"{field}: this check cannot compare '{unknown}'; teach it to compatibility.py"
        yield from _values(old, new, field)
        yield from _bounds(old, new, field)
        for keyword in ("pattern", "format"):
            if keyword in new and new[keyword] != old.get(keyword):
                yield f"{field}: takes only the {keyword} {new[keyword]} now"
        if "items" in new:
            yield from self.nodes(old.get("items", {}), new["items"], f"{field}[]")
        if "properties" in old:
            yield from self._properties(old, new, field)

    def _properties(self, old: Schema, new: Schema, field: str) -> Iterator[str]:
        prefix = f"{field}." if field else ""
        fields: Schema = new.get("properties", {})
        required_before, required_now = set(old.get("required", ())), set(new.get("required", ()))
        for name, released in old["properties"].items():
            if name not in fields:
                yield f"{prefix}{name}: the field is gone, and consumers may read it"
                continue
            if name in required_before - required_now and self._side != "request":
                yield f"{prefix}{name}: may be absent now, and consumers may need it"
            elif name in required_now - required_before and self._side != "answer":
                yield f"{prefix}{name}: must be present now, and it is absent from records that exist"
            elif released.get("default") != fields[name].get("default"):
                yield f"{prefix}{name}: has another default now, which changes what records that exist mean"
            yield from self.nodes(released, fields[name], f"{prefix}{name}")
        new_ones = required_now - old["properties"].keys() if self._side != "answer" else set()
        for name in sorted(new_ones):
            yield f"{prefix}{name}: a new field must be optional, because records that exist do not have it"


def _variants(node: Schema, schema: Schema) -> list[Schema]:
    """What a node may be, with references followed."""
    if "$ref" in node:
        return _variants(schema["$defs"][node["$ref"].removeprefix("#/$defs/")], schema)
    if "anyOf" in node:
        return [variant for each in node["anyOf"] for variant in _variants(each, schema)]
    return [node]


def _takes_null(variants: list[Schema]) -> bool:
    return any(variant.get("type") == "null" for variant in variants)


def _values(old: Schema, new: Schema, field: str) -> Iterator[str]:
    before, now = _listed(old), _listed(new)
    if now is not None and before is None:
        yield f"{field}: takes only {', '.join(map(str, now))} now"
    elif now is not None and before is not None:
        for gone in (value for value in before if value not in now):
            yield f"{field}: no longer takes {gone}"


def _listed(node: Schema) -> list[Any] | None:
    return [node["const"]] if "const" in node else node.get("enum")


def _bounds(old: Schema, new: Schema, field: str) -> Iterator[str]:
    for keyword, words in _LOWER_BOUNDS.items():
        if keyword in new and (keyword not in old or new[keyword] > old[keyword]):
            yield f"{field}: takes only {words.format(new[keyword])} now"
    for keyword, words in _UPPER_BOUNDS.items():
        if keyword in new and (keyword not in old or new[keyword] < old[keyword]):
            yield f"{field}: takes only {words.format(new[keyword])} now"
