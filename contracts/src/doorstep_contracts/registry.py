"""Which topics there are, which events they carry, and how the bytes of one are written and read."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from doorstep_contracts import directory, dispatch, intake, scheduling
from doorstep_contracts.base import PublicEvent

MODULES = (intake, directory, dispatch, scheduling)

Service = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$")]
Consumer = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*\.(reactions|view\.[a-z_]+)$")]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventDeclaration(_Declared):
    """One version of one event type, and the version of the contracts that brought it."""

    type: str
    version: Annotated[int, Field(ge=1)]
    since: str

    @property
    def ce_type(self) -> str:
        """The type as it stands in `ce_type`."""
        return f"{self.type}.v{self.version}"


class Compaction(_Declared):
    """Only the last record of a key stays; older ones go within `max_lag_ms`, null ones after `delete_retention_ms`."""

    max_lag_ms: Annotated[int, Field(ge=1)]
    delete_retention_ms: Annotated[int, Field(ge=1)]


class Topic(_Declared):
    """A topic has one owner and one key, and either a retention or compaction."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z]+\.v[0-9]+(-g[0-9]+)?$")]
    description: str
    owner: Service
    key: str
    partitions: Annotated[int, Field(ge=1)]
    producers: tuple[Service, ...]
    consumers: tuple[Consumer, ...]
    retention_ms: Annotated[int, Field(ge=-1)] | None = None
    compaction: Compaction | None = None
    personal_data: Literal["none", "sealed"]
    events: tuple[EventDeclaration, ...]

    @model_validator(mode="after")
    def _kept_in_one_way(self) -> Self:
        if (self.retention_ms is None) == (self.compaction is None):
            raise ValueError("a topic has either retention_ms or compaction")
        return self

    @property
    def config(self) -> Mapping[str, str]:
        """The topic's settings in Kafka's own words."""
        if self.compaction is None:
            return {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
        return {
            "cleanup.policy": "compact",
            "max.compaction.lag.ms": str(self.compaction.max_lag_ms),
            "delete.retention.ms": str(self.compaction.delete_retention_ms),
        }


def parse_topics(text: str) -> Mapping[str, Topic]:
    """Topics by name, in the order of the file; refuses two of one name."""
    topics = TypeAdapter(tuple[Topic, ...]).validate_python(yaml.safe_load(text))
    by_name = {topic.name: topic for topic in topics}
    if len(by_name) < len(topics):
        raise ValueError("topics.yaml names a topic twice: give each topic one entry")
    return MappingProxyType(by_name)


@cache
def load_topics() -> Mapping[str, Topic]:
    """The topics of topics.yaml by name, in its order."""
    return parse_topics(files("doorstep_contracts").joinpath("topics.yaml").read_text("utf-8"))


def declared_classes() -> Iterator[type[PublicEvent]]:
    """Every public event class of these contracts, module by module."""
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, PublicEvent) and "TYPE" in vars(value):
                yield value


EVENT_CLASSES: Mapping[str, type[PublicEvent]] = MappingProxyType({cls.ce_type: cls for cls in declared_classes()})
"""Every public event class by its `ce_type`."""

# Bound once: the attribute look-ups of `model_validate_json` cost as much as the validation of a small event.
_DECODERS: Mapping[str, Callable[[bytes], PublicEvent]] = {
    ce_type: cls.__pydantic_validator__.validate_json for ce_type, cls in EVENT_CLASSES.items()
}


def event_class(ce_type: str) -> type[PublicEvent] | None:
    """The class of a `ce_type`; None for one that these contracts do not know."""
    return EVENT_CLASSES.get(ce_type)


def decoder(ce_type: str) -> Callable[[bytes], PublicEvent] | None:
    """Reads the JSON bytes of a `ce_type`, raising pydantic's ValidationError; None for an unknown one."""
    return _DECODERS.get(ce_type)


def encode(event: PublicEvent) -> bytes:
    """An event as the JSON bytes of its record."""
    return event.__pydantic_serializer__.to_json(event)


@cache
def _topics_by_type() -> Mapping[str, Topic]:
    return {event.ce_type: topic for topic in load_topics().values() for event in topic.events}


def topic_of(cls: type[PublicEvent]) -> Topic:
    """The one topic that carries the events of a class."""
    return _topics_by_type()[cls.ce_type]
