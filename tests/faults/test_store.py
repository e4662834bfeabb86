"""What PostgreSQL says when it ends a session is an outage, whichever of its many codes it says it with."""

import asyncio

import pytest
from doorstep_chassis.store.model import StoreUnavailable

from .stack import Stack


async def test_a_session_that_stood_still_in_a_transaction_is_an_outage_not_a_fault(stack: Stack) -> None:
    async def stand_still() -> None:
        async with stack.stores["writer"].connection() as connection:
            await connection.execute("SET idle_in_transaction_session_timeout = '50ms'")
            async with connection.transaction():
                await connection.execute("SELECT 1")
                await asyncio.sleep(0.5)
                await connection.execute("SELECT 1")

    with pytest.raises(StoreUnavailable):
        await stand_still()


async def test_a_server_that_takes_no_writes_is_an_outage_not_a_fault(stack: Stack) -> None:
    async def write() -> None:
        async with stack.stores["writer"].connection() as connection:
            await connection.execute("SET default_transaction_read_only = on")
            await connection.execute("UPDATE relay SET epoch = epoch + 1")

    with pytest.raises(StoreUnavailable):
        await write()
