"""The stream that the fault tests run on: a writer notes numbers under a key, a reader hears of each once, in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import Event, Stream
from doorstep_chassis.errors import DomainError
from doorstep_chassis.relay import Publication
from doorstep_chassis.store.model import Meta
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from doorstep_contracts.base import PublicEvent
from sqlalchemy import Column, Integer, String, Table

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000fa")


class Noted(Event):
    TOPIC: ClassVar[str] = "faults.noted"
    key: str
    number: int
    unwelcome: bool = False


class Heard(Event):
    TOPIC: ClassVar[str] = "faults.heard"
    key: str
    number: int


class PublicNoted(PublicEvent):
    TYPE: ClassVar[str] = "doorstep.faults.Noted"
    KEY: ClassVar[str] = "key"
    key: str
    number: int
    unwelcome: bool = False


@dataclass(frozen=True)
class Numbers:
    numbers: tuple[int, ...] = ()


def evolve(state: Numbers, event: Noted | Heard) -> Numbers:
    return Numbers((*state.numbers, event.number))


NOTES: Stream[Numbers] = Stream("faults.notes", Numbers(), evolve)
HEARD: Stream[Numbers] = Stream("faults.heard", Numbers(), evolve)


class NotHeard(DomainError):
    """The reader refuses an unwelcome note."""

    code = "faults_not_heard"


def note(work: Work, key: str, number: int, *, unwelcome: bool = False) -> int:
    """Note a number; answers how many the key has."""
    state = work.append(NOTES.at(ORGANISATION, key), Noted(key=key, number=number, unwelcome=unwelcome))
    return len(state.numbers)


def hear(work: Work, event: PublicNoted, message: Message) -> None:
    if event.unwelcome:
        raise NotHeard
    hear_all(work, event, message)


def hear_all(work: Work, event: PublicNoted, message: Message) -> None:
    """What a mended reader does: it takes what it refused before."""
    work.append(HEARD.at(ORGANISATION, event.key), Heard(key=event.key, number=event.number))


def publish_noted(event: Noted, meta: Meta) -> tuple[PublicNoted, ...]:
    return (
        PublicNoted(
            organisation_id=meta.organisation_id, key=event.key, number=event.number, unwelcome=event.unwelcome
        ),
    )


_METADATA = view_metadata()
COUNTS = Table(
    "counts_v1", _METADATA, Column("key", String, primary_key=True), Column("notes", Integer, nullable=False)
)


def count(work: Work, event: Noted, message: Message) -> None:
    row = work.row(COUNTS, event.key)
    work.put(COUNTS, event.key, notes=1 if row is None else row["notes"] + 1)


COUNTS_VIEW = View("counts", 1, _METADATA, {Noted: count})
"""How many notes each key has, from the writer's own log."""

REACTIONS: Mapping[type, Handler] = {PublicNoted: hear}
CLASSES: Mapping[str, type[PublicEvent]] = {PublicNoted.ce_type: PublicNoted}
PUBLICATION: Publication = {Noted: publish_noted}
