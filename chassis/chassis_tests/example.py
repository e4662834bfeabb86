"""A tiny stream for the chassis' own tests: somebody notes numbers under a key, somebody else hears of each once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import Event, Stream
from doorstep_chassis.errors import DomainError
from doorstep_chassis.relay import Publication
from doorstep_chassis.store.model import Meta
from doorstep_chassis.work import Work
from doorstep_contracts.base import PublicEvent

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000aa")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Noted(Event):
    TOPIC: ClassVar[str] = "example.noted"
    key: str
    number: int
    refuse: bool = False


class Heard(Event):
    TOPIC: ClassVar[str] = "example.heard"
    key: str
    number: int


class PublicNoted(PublicEvent):
    TYPE: ClassVar[str] = "doorstep.example.Noted"
    KEY: ClassVar[str] = "key"
    key: str
    number: int
    refuse: bool = False


@dataclass(frozen=True)
class Numbers:
    numbers: tuple[int, ...] = ()


def evolve(state: Numbers, event: Noted | Heard) -> Numbers:
    return Numbers((*state.numbers, event.number))


NOTES: Stream[Numbers] = Stream("example.notes", Numbers(), evolve)
HEARD: Stream[Numbers] = Stream("example.heard", Numbers(), evolve)


class NotHeard(DomainError):
    code = "example_not_heard"


def note(work: Work, key: str, number: int, *, refuse: bool = False) -> None:
    work.append(NOTES.at(ORGANISATION, key), Noted(key=key, number=number, refuse=refuse))


def hear(work: Work, event: PublicNoted, message: Message) -> None:
    if event.refuse:
        raise NotHeard
    work.append(HEARD.at(ORGANISATION, event.key), Heard(key=event.key, number=event.number))


REACTIONS: Mapping[type, Handler] = {PublicNoted: hear}
CLASSES: Mapping[str, type[PublicEvent]] = {PublicNoted.ce_type: PublicNoted}


def publish_noted(event: Noted, meta: Meta) -> tuple[Any, ...]:
    return (PublicNoted(organisation_id=meta.organisation_id, key=event.key, number=event.number, refuse=event.refuse),)


PUBLICATION: Publication = {Noted: publish_noted}
