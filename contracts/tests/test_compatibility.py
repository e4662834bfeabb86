"""Contracts only grow: each way to break a released schema is named, each way to grow it passes."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import pytest
from doorstep_contracts.base import Instant, PublicEvent, Slot, Value
from doorstep_contracts.compatibility import breaks
from doorstep_contracts.schemas import schema_of
from pydantic import AwareDatetime, Field, create_model

REQUIRED: Any = ...
BASE: dict[str, Any] = {"thing_id": (UUID, REQUIRED)}


def event(key: str = "thing_id", **fields: Any) -> type[PublicEvent]:
    class Bare(PublicEvent):
        TYPE: ClassVar[str] = "doorstep.test.ThingHappened"
        KEY: ClassVar[str] = key

    return create_model("ThingHappened", __base__=Bare, **(BASE | fields))


def told(before: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    return breaks(schema_of(event(**before)), schema_of(event(**now)))


class Narrow(Value):
    colour: Literal["red"]


class Wide(Value):
    colour: Literal["red", "blue"]
    size: int | None = None


GROWTH = {
    "nothing changed": ({"a": (int, REQUIRED)}, {"a": (int, REQUIRED)}),
    "a new optional field": ({}, {"a": (int | None, None)}),
    "a new field with a default": ({}, {"a": (int, 1)}),
    "another value": ({"a": (Literal["x"], REQUIRED)}, {"a": (Literal["x", "y"], REQUIRED)}),
    "any value": ({"a": (Literal["x", "y"], REQUIRED)}, {"a": (str, REQUIRED)}),
    "a longer text": (
        {"a": (Annotated[str, Field(max_length=5)], REQUIRED)},
        {"a": (Annotated[str, Field(max_length=9)], REQUIRED)},
    ),
    "a shorter text": (
        {"a": (Annotated[str, Field(min_length=5)], REQUIRED)},
        {"a": (Annotated[str, Field(min_length=2)], REQUIRED)},
    ),
    "a smaller number": (
        {"a": (Annotated[int, Field(ge=5)], REQUIRED)},
        {"a": (Annotated[int, Field(ge=0)], REQUIRED)},
    ),
    "any text": ({"a": (Annotated[str, Field(pattern="^x$")], REQUIRED)}, {"a": (str, REQUIRED)}),
    "a value that grew inside": ({"a": (Narrow, REQUIRED)}, {"a": (Wide, REQUIRED)}),
    "a list whose items grew": ({"a": (tuple[Narrow, ...], REQUIRED)}, {"a": (tuple[Wide, ...], REQUIRED)}),
    "another kind of a nullable value": ({"a": (int | None, None)}, {"a": (int | str | None, None)}),
    "a stricter model of one schema": ({"a": (AwareDatetime, REQUIRED)}, {"a": (Instant, REQUIRED)}),
}

BREAKS = {
    "a field is gone": (
        {"a": (int, REQUIRED)},
        {},
        ("a: the field is gone, and consumers may read it",),
    ),
    "an optional field is gone": (
        {"a": (int | None, None)},
        {},
        ("a: the field is gone, and consumers may read it",),
    ),
    "a field is renamed": (
        {"a": (int, REQUIRED)},
        {"b": (int, REQUIRED)},
        (
            "a: the field is gone, and consumers may read it",
            "b: a new field must be optional, because records that exist do not have it",
        ),
    ),
    "a new required field": (
        {},
        {"a": (int | None, REQUIRED)},
        ("a: a new field must be optional, because records that exist do not have it",),
    ),
    "a field must be present now": (
        {"a": (int, 1)},
        {"a": (int, REQUIRED)},
        ("a: must be present now, and it is absent from records that exist",),
    ),
    "a field may be absent now": (
        {"a": (int, REQUIRED)},
        {"a": (int, 1)},
        ("a: may be absent now, and consumers may need it",),
    ),
    "a field may be null now": (
        {"a": (int, REQUIRED)},
        {"a": (int | None, REQUIRED)},
        ("a: may be null now, which consumers that need it cannot read",),
    ),
    "a field may not be null now": (
        {"a": (int | None, REQUIRED)},
        {"a": (int, REQUIRED)},
        ("a: no longer takes null",),
    ),
    "another default": (
        {"a": (int, 1)},
        {"a": (int, 2)},
        ("a: has another default now, which changes what records that exist mean",),
    ),
    "another type": (
        {"a": (int, REQUIRED)},
        {"a": (str, REQUIRED)},
        ("a: no longer takes integer",),
    ),
    "a value is gone": (
        {"a": (Literal["x", "y", "z"], REQUIRED)},
        {"a": (Literal["y"], REQUIRED)},
        ("a: no longer takes x", "a: no longer takes z"),
    ),
    "only some values": (
        {"a": (str, REQUIRED)},
        {"a": (Literal["x", "y"], REQUIRED)},
        ("a: takes only x, y now",),
    ),
    "a shorter limit": (
        {"a": (Annotated[str, Field(max_length=9)], REQUIRED)},
        {"a": (Annotated[str, Field(max_length=5)], REQUIRED)},
        ("a: takes only texts to 5 characters now",),
    ),
    "a limit at all": (
        {"a": (str, REQUIRED)},
        {"a": (Annotated[str, Field(max_length=5, min_length=1)], REQUIRED)},
        ("a: takes only texts from 1 characters now", "a: takes only texts to 5 characters now"),
    ),
    "a narrower range": (
        {"a": (Annotated[int, Field(ge=0, le=9)], REQUIRED)},
        {"a": (Annotated[int, Field(ge=1, le=8)], REQUIRED)},
        ("a: takes only values from 1 now", "a: takes only values to 8 now"),
    ),
    "a shorter list": (
        {"a": (tuple[int, ...], REQUIRED)},
        {"a": (Annotated[tuple[int, ...], Field(min_length=1, max_length=3)], REQUIRED)},
        ("a: takes only lists from 1 items now", "a: takes only lists to 3 items now"),
    ),
    "another pattern": (
        {"a": (Annotated[str, Field(pattern="^x+$")], REQUIRED)},
        {"a": (Annotated[str, Field(pattern="^x$")], REQUIRED)},
        ("a: takes only the pattern ^x$ now",),
    ),
    "a format": (
        {"a": (str, REQUIRED)},
        {"a": (UUID, REQUIRED)},
        ("a: takes only the format uuid now",),
    ),
    "a value that broke inside": (
        {"a": (Wide, REQUIRED)},
        {"a": (Narrow, REQUIRED)},
        ("a.colour: no longer takes blue", "a.size: the field is gone, and consumers may read it"),
    ),
    "a list whose items broke": (
        {"a": (tuple[Wide, ...], REQUIRED)},
        {"a": (tuple[Narrow, ...], REQUIRED)},
        ("a[].colour: no longer takes blue", "a[].size: the field is gone, and consumers may read it"),
    ),
    "a nullable value that broke inside": (
        {"a": (Slot | None, None)},
        {"a": (Narrow | None, None)},
        (
            "a.start: the field is gone, and consumers may read it",
            "a.end: the field is gone, and consumers may read it",
            "a.zone: the field is gone, and consumers may read it",
            "a.colour: a new field must be optional, because records that exist do not have it",
        ),
    ),
    "a rule that cannot be compared": (
        {"a": (int, REQUIRED)},
        {"a": (Annotated[int, Field(multiple_of=5)], REQUIRED)},
        ("a: this check cannot compare 'multipleOf'; teach it to compatibility.py",),
    ),
    "another key": (
        {"other_id": (UUID, REQUIRED)},
        {"other_id": (UUID, REQUIRED), "key": "other_id"},
        ("the key was thing_id and is other_id now, which loses the order of what is already in the topic",),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now"), GROWTH.values(), ids=GROWTH.keys())
def test_growth_is_no_break(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert told(before, now) == ()


@pytest.mark.parametrize(("before", "now", "reasons"), BREAKS.values(), ids=BREAKS.keys())
def test_a_break_is_named(before: dict[str, Any], now: dict[str, Any], reasons: tuple[str, ...]) -> None:
    assert told(before, now) == reasons
