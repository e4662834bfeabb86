"""Stored events as JSON: `{"meta": …, "data": …}`, the event's own name and version as the topic, upcasts on the way out."""

import json
from dataclasses import dataclass
from typing import Any, TypedDict

from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import resolve_topic
from pydantic import TypeAdapter
from pydantic_core import to_json

from ..domain import Event
from .model import Meta, NewEvent


class UnknownEvent(Exception):
    """The log holds an event that this code has no class, or no version, for."""


_META = TypeAdapter(Meta)


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one stored topic is read: with the envelope of its origin, or the fact alone."""

    both: Any
    fact: Any


def _codec(topic: str) -> _Codec:
    name, _, number = topic.partition("/")
    try:
        cls: type[Event] = resolve_topic(name)
        version = int(number)
    except Exception as problem:
        raise UnknownEvent(topic) from problem
    if version > cls.VERSION or version < 1:
        raise UnknownEvent(topic)
    if version == cls.VERSION:
        both = TypeAdapter(TypedDict("Both", {"meta": Meta, "data": cls}))  # type: ignore[operator, misc]
        fact = TypeAdapter(TypedDict("Fact", {"data": cls}))  # type: ignore[operator, misc]
        return _Codec(both.validator.validate_json, fact.validator.validate_json)

    def old(state: bytes) -> dict[str, Any]:
        whole = json.loads(state)
        return {
            "meta": _META.validate_python(whole["meta"]),
            "data": cls.from_version(version, to_json(whole["data"])),
        }

    return _Codec(old, old)


class EventMapper:
    """Turns events into stored bytes and back; a codec is built once for each topic."""

    def __init__(self) -> None:
        self._codecs: dict[str, _Codec] = {}
        self._meta: tuple[Meta | None, bytes] = (None, b"")

    def _codec(self, topic: str) -> _Codec:
        codec = self._codecs.get(topic)
        if codec is None:
            codec = self._codecs[topic] = _codec(topic)
        return codec

    def encode(self, new: NewEvent) -> tuple[str, bytes]:
        """The stored topic and state; events of one act share their meta, so its bytes are kept from one to the next."""
        meta, head = self._meta
        if new.meta is not meta:
            head = b'{"meta":' + _META.serializer.to_json(new.meta) + b',"data":'
            self._meta = (new.meta, head)
        event = new.event
        return event.stored_topic(), head + event.__pydantic_serializer__.to_json(event) + b"}"

    def event(self, topic: str, state: bytes) -> Event:
        """The event alone, as folding needs it."""
        event: Event = self._codec(topic).fact(state)["data"]
        return event

    def entry(self, topic: str, state: bytes) -> tuple[Event, Meta]:
        """The event with where it comes from, as readers of the log need it."""
        both = self._codec(topic).both(state)
        return both["data"], both["meta"]

    def to_stored_event(self, new: NewEvent) -> StoredEvent:
        """The library's own shape, for its recorder."""
        topic, state = self.encode(new)
        return StoredEvent(originator_id=new.stream_id, originator_version=new.version, topic=topic, state=state)
