"""Stored events as JSON: `{"meta": …, "data": …}`, the event's own name and version as the topic, upcasts on the way out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from eventsourcing.utils import resolve_topic
from pydantic import TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from doorstep_chassis.domain import Event
from doorstep_chassis.store.model import Meta, NewEvent


class UnknownEvent(Exception):
    """The log holds an event that this code has no class, or no version, for."""


_META = TypeAdapter(Meta)


@dataclass(frozen=True, slots=True)
class Codec:
    """How one stored topic is read: with the envelope of its origin, or the fact alone."""

    both: Callable[[bytes], Any]
    fact: Callable[[bytes], Any]


@cache
def codec(topic: str) -> Codec:
    """The codec of a stored topic. Errors: UnknownEvent."""
    name, _, number = topic.partition("/")
    try:
        cls: type[Event] = resolve_topic(name)
        version = int(number)
    except Exception as problem:
        raise UnknownEvent(topic) from problem
    if version > cls.VERSION or version < 1:
        raise UnknownEvent(topic)
    if version == cls.VERSION:
        both = TypeAdapter(TypedDict("Both", {"meta": Meta, "data": cls}))  # type: ignore[operator]
        fact = TypeAdapter(TypedDict("Fact", {"data": cls}))  # type: ignore[operator]
        return Codec(both.validator.validate_json, fact.validator.validate_json)

    def old(state: bytes) -> dict[str, Any]:
        whole = json.loads(state)
        return {
            "meta": _META.validate_python(whole["meta"]),
            "data": cls.from_version(version, to_json(whole["data"])),
        }

    return Codec(old, old)


def encode(new: NewEvent) -> tuple[str, bytes]:
    """The stored topic and state of an event."""
    event = new.event
    return (
        event.stored_topic(),
        b'{"meta":'
        + _META.serializer.to_json(new.meta)
        + b',"data":'
        + event.__pydantic_serializer__.to_json(event)
        + b"}",
    )


def decode_event(topic: str, state: bytes) -> Event:
    """The event alone, as folding needs it."""
    event: Event = codec(topic).fact(state)["data"]
    return event


def decode(topic: str, state: bytes) -> tuple[Event, Meta]:
    """The event with where it comes from, as readers of the log need it."""
    both = codec(topic).both(state)
    return both["data"], both["meta"]
