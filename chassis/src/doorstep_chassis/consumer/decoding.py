"""How bytes from Kafka become messages: the envelope, then the event by its type. Never raises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from doorstep_contracts.base import PublicEvent
from doorstep_contracts.envelope import Envelope, EnvelopeError, parse
from doorstep_contracts.registry import EVENT_CLASSES, load_topics
from pydantic import ValidationError

from doorstep_chassis.consumer.records import Decoded, Message, Record, Refused, Unknown, Unreadable

LONGEST_SOURCE = 255
"""Characters. T is stored under the source's name, and PostgreSQL's index takes no entry above 2,704 bytes."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A null record in a compacted topic: what stood under this key is erased."""

    topic: str
    key: str


class EventDecoder:
    """Decodes records of the known topics.

    An unknown field is fine, an unknown type is none of our business, an unknown version of a known type is refused:
    its meaning cannot be guessed.
    """

    def __init__(
        self,
        classes: Mapping[str, type[PublicEvent]] = EVENT_CLASSES,
        compacted: frozenset[str] | None = None,
    ) -> None:
        self._validate: dict[str, Callable[[bytes], Any]] = {
            name: cls.__pydantic_validator__.validate_json for name, cls in classes.items()
        }
        self._types = {cls.TYPE for cls in classes.values()}
        self._compacted = (
            frozenset(name for name, topic in load_topics().items() if topic.compaction is not None)
            if compacted is None
            else compacted
        )

    def __call__(self, record: Record) -> Decoded:
        """Understand one record."""
        try:
            envelope = parse(record.headers, record.key)
        except EnvelopeError as problem:
            return Unreadable(problem.code)
        if len(envelope.source) > LONGEST_SOURCE:
            return Unreadable("source_too_long")
        validate = self._validate.get(envelope.type)
        if validate is None:
            if envelope.type.rpartition(".v")[0] in self._types:
                return _refused(envelope, "unknown_version")
            return Unknown(envelope.source, envelope.sequence, envelope.subject)
        if not record.value:
            if record.partition.topic in self._compacted:
                return _message(envelope, Tombstone(record.partition.topic, envelope.subject))
            return _refused(envelope, "no_value")
        try:
            event = validate(record.value)
        except ValidationError as problem:
            return _refused(envelope, _what(problem))
        except ValueError:
            return _refused(envelope, "unreadable_value")
        if event.subject != envelope.subject:
            return _refused(envelope, "subject_is_not_key")
        return _message(envelope, event)


def _message(envelope: Envelope, event: Any) -> Message:
    return Message(
        envelope.source,
        envelope.sequence,
        envelope.subject,
        envelope.id,
        envelope.correlation_id,
        envelope.traceparent,
        envelope.time,
        event,
    )


def _refused(envelope: Envelope, reason: str) -> Refused:
    return Refused(envelope.source, envelope.sequence, envelope.subject, reason)


def _what(problem: ValidationError) -> str:
    """The first error's kind and place; never the input."""
    first = problem.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "invalid_json"
    place = ".".join(str(part) for part in first["loc"])
    return f"invalid_schema:{first['type']}:{place}"[:200]
