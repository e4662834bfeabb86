"""The stream that the benchmark writes: a fact with a sealed field, and the public event it becomes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.domain import Event, Stream, derived_id
from doorstep_chassis.privacy import DataKey, seal
from doorstep_chassis.work import Work
from doorstep_contracts.dispatch import ApplicationReceived

ORGANISATION = UUID("00000000-0000-4000-8000-0000000000bb")
PERSON = derived_id("load", "person")
KEY = DataKey(bytes(range(32)))
INSTANT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class NoteTaken(Event):
    """Somebody noted something about a person."""

    TOPIC: ClassVar[str] = "load.note-taken"

    number: int
    note: str
    """Sealed."""


class ApplicationSeen(Event):
    """A consumer's own event on each application."""

    TOPIC: ClassVar[str] = "load.application-seen"

    worker_id: UUID
    note: str
    """Sealed."""


@dataclass(frozen=True, slots=True)
class Notes:
    """How many there are."""

    count: int = 0


def evolve(state: Notes, event: Event) -> Notes:
    """One more."""
    return Notes(state.count + 1)


NOTES: Stream[Notes] = Stream("load.notes", Notes(), evolve)
SEEN: Stream[Notes] = Stream("load.seen", Notes(), evolve)


def take_note(work: Work, stream: str, number: int) -> None:
    """The command: one event with one sealed field."""
    work.append(
        NOTES.at(ORGANISATION, stream),
        NoteTaken(number=number, note=seal(KEY, PERSON, f"note {number}", context="load.note")),
    )


def see_application(work: Work, event: ApplicationReceived, message: Message) -> None:
    """The reaction: look at the request's stream, decide, append one event with one sealed field."""
    ref = SEEN.at(event.organisation_id, event.request_id)
    if work.state(ref).count < 1_000_000:
        work.append(
            ref,
            ApplicationSeen(worker_id=event.worker_id, note=seal(KEY, PERSON, "seen at the door", context="load.note")),
        )


REACTIONS: dict[type, Handler] = {ApplicationReceived: see_application}


def application(number: int, requests: int) -> ApplicationReceived:
    """The n-th public event; there are `requests` subjects."""
    return ApplicationReceived(
        organisation_id=ORGANISATION,
        request_id=derived_id("load", "request", number % requests),
        worker_id=derived_id("load", "worker", number),
        applied_at=INSTANT,
    )


Figures = dict[str, Any]
