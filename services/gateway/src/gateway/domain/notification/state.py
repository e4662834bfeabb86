"""Where one notification stands."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from doorstep_chassis.domain import Stream, derived_id

from gateway.domain.notification.events import (
    Audience,
    NotificationDropped,
    NotificationEvent,
    NotificationPostponed,
    NotificationQueued,
    NotificationSent,
    RecipientsFound,
)


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody is to be told."""


@dataclass(frozen=True, slots=True)
class Queued:
    """It waits for its turn."""

    kind: str
    audience: Audience
    recipient_id: UUID
    request_id: UUID | None
    until: datetime | None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """Sent, dropped, or handed to each of its audience: final."""

    how: str


NotificationState = Absent | Queued | Done


def evolve(state: NotificationState, event: NotificationEvent) -> NotificationState:
    """The state after one more event."""
    match event:
        case NotificationQueued():
            return Queued(event.kind, event.audience, event.recipient_id, event.request_id, event.until)
        case NotificationPostponed():
            return replace(state, attempts=state.attempts + 1) if isinstance(state, Queued) else state
        case NotificationSent():
            return Done("sent")
        case NotificationDropped():
            return Done(event.reason)
        case RecipientsFound():
            return Done("recipients_found")
        case _:
            assert_never(event)


NOTIFICATION: Stream[NotificationState] = Stream("gateway.notification", Absent(), evolve)


def notification_id(cause: str, kind: str, recipient_id: UUID) -> UUID:
    """The same for the same cause, kind and recipient, however often the cause is heard of."""
    return derived_id("notification", cause, kind, recipient_id)
