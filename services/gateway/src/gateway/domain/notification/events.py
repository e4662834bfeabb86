"""What happens to one notification. Recipients are ids alone: nothing personal stands in the gateway's log."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from doorstep_chassis.domain import Event
from pydantic import Field

Audience = Literal["client", "worker", "operator", "called", "operators"]
"""Whom it is for: one person, or those whom a broadcast called, or all operators, who are found when it is due."""


class NotificationQueued(Event):
    """Somebody is to be told; until when that is of use, where the cause says so."""

    TOPIC: ClassVar[str] = "gateway.notification-queued"

    kind: str
    audience: Audience
    recipient_id: UUID
    request_id: UUID | None = None
    until: datetime | None = None


class NotificationPostponed(Event):
    """It could not be handed over and is tried again."""

    TOPIC: ClassVar[str] = "gateway.notification-postponed"

    code: str
    again_at: datetime


class NotificationSent(Event):
    """A mail server took it."""

    TOPIC: ClassVar[str] = "gateway.notification-sent"


class NotificationDropped(Event):
    """It is not sent, and why."""

    TOPIC: ClassVar[str] = "gateway.notification-dropped"

    reason: str


class RecipientsFound(Event):
    """Each person of its audience has a notification of their own from now on."""

    TOPIC: ClassVar[str] = "gateway.recipients-found"

    count: Annotated[int, Field(ge=0)]


NotificationEvent = (
    NotificationQueued | NotificationPostponed | NotificationSent | NotificationDropped | RecipientsFound
)
