"""The gateway's tables that are no view: what is in them was not said in any topic, so no rebuild may touch them."""

from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.views import create_declared
from sqlalchemy import MetaData

PORTAL = MetaData()


async def create_portal_tables(store: PostgresStore) -> None:
    """Make those that are not there yet."""
    await create_declared(store, PORTAL.sorted_tables)
