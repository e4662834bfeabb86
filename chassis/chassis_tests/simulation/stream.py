"""What the simulated services say and hear: notes under a key, some of which cannot be read, or not be taken (yet)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Handler, Transient
from doorstep_chassis.consumer.records import Decoded, Decoder, Message, Record
from doorstep_chassis.domain import Event, Stream
from doorstep_chassis.errors import DomainError
from doorstep_chassis.relay import Publication
from doorstep_chassis.store.model import Meta
from doorstep_chassis.work import Work
from doorstep_contracts.base import PublicEvent
from sqlalchemy import JSON, Column, MetaData, String, Table

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000aa")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOPIC = "simulation.notes.v1"

OLD, NEW = 1, 2
"""The two versions of the code: before and after the deploy."""

KINDS = {
    "ok": "everybody takes it",
    "dep": "refused by the old code",
    "bug": "the old code fails on it",
    "perm": "refused for ever",
    "ext": "waits while the surroundings are away",
    "bad": "its value cannot be read",
    "garb": "its envelope cannot be read",
    "oldnew": "its envelope cannot be read by the old code",
    "newver": "a version that the old code does not know",
    "other": "a type that nobody knows",
}

PERMANENT = {"perm", "bad", "garb"}
"""What no code of ours will ever take."""


class Noted(Event):
    TOPIC: ClassVar[str] = "simulation.noted"
    key: str
    number: int
    kind: str


class Heard(Event):
    TOPIC: ClassVar[str] = "simulation.heard"
    source: str
    sequence: int
    number: int


class Counted(Event):
    TOPIC: ClassVar[str] = "simulation.counted"
    number: int


class Shut(Event):
    """While a key is shut, nothing is heard under it."""

    TOPIC: ClassVar[str] = "simulation.shut"
    shut: bool


class PublicNoted(PublicEvent):
    TYPE: ClassVar[str] = "doorstep.simulation.Noted"
    KEY: ClassVar[str] = "key"
    key: str
    number: int
    kind: str


class PublicNotedAnew(PublicNoted):
    TYPE: ClassVar[str] = "doorstep.simulation.Noted"
    VERSION: ClassVar[int] = 2


class PublicOther(PublicNoted):
    TYPE: ClassVar[str] = "doorstep.simulation.Other"


@dataclass(frozen=True)
class Numbers:
    count: int = 0
    shut: bool = False


def evolve(state: Numbers, event: Noted | Heard | Counted | Shut) -> Numbers:
    return Numbers(state.count, event.shut) if isinstance(event, Shut) else Numbers(state.count + 1, state.shut)


NOTES: Stream[Numbers] = Stream("simulation.notes", Numbers(), evolve)
HEARD: Stream[Numbers] = Stream("simulation.heard", Numbers(), evolve)
TALLY: Stream[Numbers] = Stream("simulation.tally", Numbers(), evolve)

_METADATA = MetaData()
SEEN = Table("seen_v1", _METADATA, Column("key", String, primary_key=True), Column("seen", JSON, nullable=False))
TOTAL = Table("total_v1", _METADATA, Column("key", String, primary_key=True), Column("seen", JSON, nullable=False))


class NotHeard(DomainError):
    code = "simulation_not_heard"


@dataclass(slots=True)
class Surroundings:
    """What a handler depends on besides the event."""

    away: bool = False
    tally: bool = False


def _publish(event: Noted, meta: Meta) -> tuple[PublicEvent, ...]:
    cls = {"newver": PublicNotedAnew, "other": PublicOther}.get(event.kind, PublicNoted)
    return (cls(organisation_id=meta.organisation_id, key=event.key, number=event.number, kind=event.kind),)


PUBLICATION: Publication = {Noted: _publish}


def _judge(event: PublicNoted, code: int, around: Surroundings) -> None:
    if event.kind == "perm" or (event.kind == "dep" and code == OLD):
        raise NotHeard
    if event.kind == "bug" and code == OLD:
        raise KeyError(event.kind)
    if event.kind == "ext" and around.away:
        raise Transient


def reactions(code: int, around: Surroundings) -> Mapping[type, Handler]:
    """Each note is heard in its key's stream and, where the history says so, counted in one that all keys share."""

    def hear(work: Work, event: PublicNoted, message: Message) -> None:
        if around.tally:
            work.append(TALLY.at(ORGANISATION, "all"), Counted(number=event.number))
        _judge(event, code, around)
        heard = HEARD.at(ORGANISATION, event.key)
        work.expect_new(heard)
        if work.state(heard).shut:
            raise NotHeard
        work.append(heard, Heard(source=message.source, sequence=message.sequence, number=event.number))

    return {PublicNoted: hear, PublicNotedAnew: hear}


def view(code: int, around: Surroundings) -> Mapping[type, Handler]:
    """Each note is seen in its key's row and in one that all keys share."""

    def see(work: Work, event: PublicNoted, message: Message) -> None:
        said = [message.source, message.sequence, event.number]
        for table, key in ((TOTAL, "all"), (SEEN, event.key)):
            row = work.row(table, key)
            work.put(table, key, seen=[*(row["seen"] if row else ()), said])
        _judge(event, code, around)

    return {PublicNoted: see, PublicNotedAnew: see}


_READ_BY_OLD = EventDecoder({PublicNoted.ce_type: PublicNoted}, frozenset())
_READ_BY_NEW = EventDecoder({cls.ce_type: cls for cls in (PublicNoted, PublicNotedAnew)}, frozenset())
NEW_ENVELOPE = ("ce_specversion", b"1.1")


def _understand(record: Record) -> Decoded:
    if NEW_ENVELOPE in record.headers:
        headers = tuple(("ce_specversion", b"1.0") if each == NEW_ENVELOPE else each for each in record.headers)
        record = record._replace(headers=headers)
    return _READ_BY_NEW(record)


DECODERS: Mapping[int, Decoder] = {OLD: _READ_BY_OLD, NEW: _understand}


def garbled(
    kind: str, headers: tuple[tuple[str, Any], ...], value: bytes | None
) -> tuple[tuple[tuple[str, Any], ...], bytes | None]:
    """How a record of this kind looks on the wire."""
    if kind == "bad":
        return headers, (value or b"")[:-1]
    if kind == "garb":
        return tuple(each for each in headers if each[0] != "ce_id"), value
    if kind == "oldnew":
        return tuple(NEW_ENVELOPE if each[0] == "ce_specversion" else each for each in headers), value
    return headers, value
