"""The clients of an organisation. Names stay sealed in here; they are opened when somebody who may see them reads."""

from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from sqlalchemy import Boolean, Column, DateTime, String, Table, Text, Uuid

from client_directory.domain.client.events import AddressSet, ClientConfirmedKnown, ClientCreated

_METADATA = view_metadata()
CLIENTS = Table(
    "clients_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("client_id", Uuid, primary_key=True),
    Column("known", Boolean, nullable=False),
    Column("postal_code", String, index=True),
    Column("details", Text, nullable=False),
    Column("address", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)


def _on_created(work: Work, event: ClientCreated, message: Message) -> None:
    _put(
        work,
        message,
        known=event.made_by == "operator",
        postal_code=event.postal_code,
        details=event.details,
        address=None,
        created_at=message.time,
    )


def _on_address_set(work: Work, event: AddressSet, message: Message) -> None:
    _put(work, message, postal_code=event.postal_code, address=event.address)


def _on_confirmed_known(work: Work, event: ClientConfirmedKnown, message: Message) -> None:
    _put(work, message, known=True)


def _put(work: Work, message: Message, **values: Any) -> None:
    assert message.meta is not None
    work.put(CLIENTS, message.meta.organisation_id, UUID(message.meta.key), **values)


CLIENTS_VIEW = View(
    "clients",
    1,
    _METADATA,
    {ClientCreated: _on_created, AddressSet: _on_address_set, ClientConfirmedKnown: _on_confirmed_known},
)
