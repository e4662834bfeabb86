"""A Doorstep of its own for the browser, because its tests move the clock; every test has an organisation of its own."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from doorstep_local.door import Door
from doorstep_local.postgres import Postgres
from doorstep_local.services import MODULES, Doorstep
from doorstep_local.stack import Stack
from playwright.async_api import Browser

from .chromium import chromium
from .town import Town


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take a stack and a browser of their own, so they belong to `make test-all` and `make browser`."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def doorstep(stack_directory: Path, postgres: Postgres) -> Iterator[Doorstep]:
    """All services, one process each, on a broker of their own."""
    stack = Stack(stack_directory / "browser", postgres=postgres.url(), report=lambda line: None)
    running = Doorstep(stack, database_prefix=f"browser_{uuid.uuid4().hex[:8]}_")
    with stack:
        running.start()
        yield running
        stack.check()
    for name in MODULES:
        postgres.drop_database(running.database(name))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with chromium() as opened:
        yield opened


@pytest.fixture
async def town(doorstep: Doorstep, browser: Browser) -> AsyncIterator[Town]:
    """An organisation with an operator and two workers, and a browser for each who comes."""
    door = Door(doorstep.url, doorstep.issuer, doorstep.own_tokens())
    made = Town.of(doorstep, door, browser)
    yield made
    await made.leave()
    door.close()
