"""Workers and operators who have signed in: what is personal stays sealed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import View, view_metadata
from doorstep_chassis.work import Work
from psycopg.rows import dict_row
from sqlalchemy import Column, String, Table, Uuid

from gateway.domain.person.events import PersonSeen

_METADATA = view_metadata()
PEOPLE = Table(
    "people_v1",
    _METADATA,
    Column("organisation_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("role", String, nullable=False),
    Column("details", String, nullable=False),
    Column("language", String, nullable=False),
)


def seen(work: Work, event: PersonSeen, message: Message) -> None:
    """As they last signed in."""
    meta = message.meta
    assert meta is not None
    work.put(
        PEOPLE, meta.organisation_id, UUID(meta.key), role=event.role, details=event.details, language=event.language
    )


PEOPLE_VIEW = View("people", 1, _METADATA, {PersonSeen: seen})


async def people_by_id(store: PostgresStore, organisation_id: UUID, ids: Sequence[UUID]) -> list[Mapping[str, Any]]:
    """The rows of these people, those that there are."""
    async with store.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            "SELECT * FROM people_v1 WHERE organisation_id = %s AND person_id = ANY(%s)", (organisation_id, list(ids))
        )
        return list(await cursor.fetchall())


async def operators_of(store: PostgresStore, organisation_id: UUID) -> list[UUID]:
    """The operators who have ever signed in."""
    async with store.connection() as connection:
        cursor = await connection.execute(
            "SELECT person_id FROM people_v1 WHERE organisation_id = %s AND role = 'operator' ORDER BY person_id",
            (organisation_id,),
        )
        return [row[0] for row in await cursor.fetchall()]
