"""The open reviews, oldest first: doubts about a client that wait for an operator."""

from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from sqlalchemy import Column, DateTime, String, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from client_directory.domain.resolution.events import ClientResolved, ContactErased, RequestEndSeen, ReviewOpened

_METADATA = view_metadata()
REVIEWS = Table(
    "reviews_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("reasons", JSONB, nullable=False),
    Column("candidates", JSONB, nullable=False),
    Column("contact", Text),
    Column("contact_key_id", Uuid),
    Column("postal_code", String, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
)


def _on_opened(work: Work, event: ReviewOpened, message: Message) -> None:
    work.put(
        REVIEWS,
        *_key(message),
        reasons=list(event.reasons),
        candidates=[str(each) for each in event.candidates],
        contact=event.contact,
        contact_key_id=event.contact_key_id,
        postal_code=event.postal_code,
        opened_at=message.time,
    )


def _on_closed(work: Work, event: Any, message: Message) -> None:
    work.delete(REVIEWS, *_key(message))


def _key(message: Message) -> tuple[UUID, UUID]:
    assert message.meta is not None
    return message.meta.organisation_id, UUID(message.meta.key)


REVIEWS_VIEW = View(
    "reviews",
    1,
    _METADATA,
    {ReviewOpened: _on_opened, ClientResolved: _on_closed, ContactErased: _on_closed, RequestEndSeen: _on_closed},
)
