"""Events, streams and the fold: what a decider is made of. Pure: no I/O, no clock, no random."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar
from uuid import UUID, uuid5

from eventsourcing.utils import register_topic
from pydantic import BaseModel, ConfigDict

NAMESPACE = UUID("6f0d6b3e-1f0c-5c1e-9a53-d00257e9d001")
"""The root of every derived id: the same parts give the same id in every process, for ever."""


def derived_id(*parts: object) -> UUID:
    """An id that a redelivery makes again: the hash of what it was made for."""
    return uuid5(NAMESPACE, "|".join(str(part) for part in parts))


class Event(BaseModel):
    """A stored fact, in the past tense.

    `TOPIC` is its storage name, for ever; `VERSION` counts the shapes it has had. A changed shape raises `VERSION` and
    brings an entry in `UPCASTS`: from version n to n + 1, on the plain JSON object.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    TOPIC: ClassVar[str]
    VERSION: ClassVar[int] = 1
    UPCASTS: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "TOPIC" in cls.__dict__:
            register_topic(cls.TOPIC, cls)

    @classmethod
    def stored_topic(cls) -> str:
        """The name and version under which this shape is stored: `intake.request-drafted/1`."""
        return f"{cls.TOPIC}/{cls.VERSION}"

    @classmethod
    def from_version(cls, version: int, data: bytes) -> Self:
        """The event from JSON of an older shape, through every upcast up to today's."""
        shape: dict[str, Any] = json.loads(data)
        for step in range(version, cls.VERSION):
            shape = cls.UPCASTS[step](shape)
        return cls.model_validate_json(json.dumps(shape))


@lru_cache(maxsize=10_000)
def _stream_id(name: str, organisation_id: UUID, key: str) -> UUID:
    return derived_id(name, organisation_id, key)


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Stream(Generic[S]):
    """One kind of stream: its name, the state before its first event, and how an event changes it."""

    name: str
    initial: S
    evolve: Callable[[S, Any], S]

    def at(self, organisation_id: UUID, key: object) -> "Ref[S]":
        """One stream of this kind. The organisation is part of its id: another organisation's key finds nothing."""
        text = str(key)
        return Ref(self, organisation_id, text, _stream_id(self.name, organisation_id, text))

    def fold(self, events: Iterable[Event]) -> S:
        """The state after these events."""
        state = self.initial
        for event in events:
            state = self.evolve(state, event)
        return state


class Ref(NamedTuple, Generic[S]):
    """The address of one stream."""

    stream: Stream[S]
    organisation_id: UUID
    key: str
    id: UUID
