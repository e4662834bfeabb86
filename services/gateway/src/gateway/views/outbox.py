"""What is still to be sent, and when: a view of the own log, read by the one process that sends."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from sqlalchemy import Column, DateTime, Table, Uuid

from gateway.domain.notification.events import (
    NotificationDropped,
    NotificationPostponed,
    NotificationQueued,
    NotificationSent,
    RecipientsFound,
)

_METADATA = view_metadata()
OUTBOX = Table(
    "outbox_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("notification_id", Uuid, primary_key=True),
    Column("due", DateTime(timezone=True), nullable=False, index=True),
)


def queued(work: Work, event: NotificationQueued, message: Message) -> None:
    """It is due at once."""
    assert message.meta is not None
    work.put(OUTBOX, *_key(message), due=message.meta.time)


def postponed(work: Work, event: NotificationPostponed, message: Message) -> None:
    """It is due again later."""
    work.put(OUTBOX, *_key(message), due=event.again_at)


def done(work: Work, event: NotificationSent | NotificationDropped | RecipientsFound, message: Message) -> None:
    """Nothing is to be done any more."""
    work.delete(OUTBOX, *_key(message))


def _key(message: Message) -> tuple[UUID, UUID]:
    assert message.meta is not None
    return message.meta.organisation_id, UUID(message.meta.key)


def outbox(changed: Callable[[], None]) -> View:
    """The view; `changed` is called whenever it has moved."""
    handlers: dict[type, Handler] = {
        NotificationQueued: queued,
        NotificationPostponed: postponed,
        NotificationSent: done,
        NotificationDropped: done,
        RecipientsFound: done,
    }
    return View("outbox", 1, _METADATA, handlers, changed=changed)


# Reading


class Due(NamedTuple):
    """A notification and when it is due."""

    organisation_id: UUID
    notification_id: UUID
    at: datetime


_WAITING = (
    "(SELECT organisation_id, notification_id, due FROM outbox_v1 WHERE due <= %(now)s ORDER BY due LIMIT 1000)"
    " UNION ALL"
    " (SELECT organisation_id, notification_id, due FROM outbox_v1 WHERE due > %(now)s ORDER BY due LIMIT 1)"
)


async def waiting(store: PostgresStore, now: datetime) -> list[Due]:
    """All that is due, the oldest first, and the first that is not yet."""
    async with store.connection() as connection:
        cursor = await connection.execute(_WAITING, {"now": now})
        return [Due(*row) for row in await cursor.fetchall()]
