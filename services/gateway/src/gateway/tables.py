"""The gateway's tables that are no view: what is in them was not said in any topic, so no rebuild may touch them."""

from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.schema import LOCK_TABLES, UNLOCK_TABLES
from doorstep_chassis.views import make_declared
from sqlalchemy import MetaData

PORTAL = MetaData()


async def create_portal_tables(store: PostgresStore) -> None:
    """Make those that are not there yet."""
    async with store.connection() as connection:
        await connection.execute(LOCK_TABLES)
        try:
            await make_declared(connection, PORTAL.sorted_tables)
        finally:
            await connection.execute(UNLOCK_TABLES)
