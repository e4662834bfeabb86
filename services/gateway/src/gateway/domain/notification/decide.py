"""Exactly once in effect: a notification begins once, and ends once. What is satisfied already yields no event."""

from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.notification.events import (
    Audience,
    NotificationDropped,
    NotificationPostponed,
    NotificationQueued,
    NotificationSent,
    RecipientsFound,
)
from gateway.domain.notification.state import Absent, NotificationState, Queued

FIRST_PAUSE = timedelta(seconds=30)
MOMENT = timedelta(milliseconds=200)
"""The first pause where what is missing is milliseconds away."""
LONGEST_PAUSE = timedelta(hours=1)


def decide_queue(
    state: NotificationState,
    *,
    kind: str,
    audience: Audience,
    recipient_id: UUID,
    request_id: UUID | None,
    until: datetime | None,
) -> tuple[NotificationQueued, ...]:
    """Somebody is to be told, once."""
    if not isinstance(state, Absent):
        return ()
    return (
        NotificationQueued(kind=kind, audience=audience, recipient_id=recipient_id, request_id=request_id, until=until),
    )


def decide_sent(state: NotificationState) -> tuple[NotificationSent, ...]:
    """A mail server took it."""
    return (NotificationSent(),) if isinstance(state, Queued) else ()


def decide_postpone(
    state: NotificationState, code: str, *, now: datetime, first: timedelta = FIRST_PAUSE
) -> tuple[NotificationPostponed, ...]:
    """It is tried again, after a pause twice as long each time."""
    if not isinstance(state, Queued):
        return ()
    pause = min(LONGEST_PAUSE, first * 2 ** min(state.attempts, 10))
    return (NotificationPostponed(code=code, again_at=now + pause),)


def decide_drop(state: NotificationState, reason: str) -> tuple[NotificationDropped, ...]:
    """It will not be sent."""
    return (NotificationDropped(reason=reason),) if isinstance(state, Queued) else ()


def decide_found(state: NotificationState, count: int) -> tuple[RecipientsFound, ...]:
    """Its audience is known now."""
    return (RecipientsFound(count=count),) if isinstance(state, Queued) else ()
