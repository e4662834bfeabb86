"""The operators' console, page by page."""

from collections.abc import AsyncIterator

import pytest

from .console_world import Console, opened


@pytest.fixture
async def console(database: str) -> AsyncIterator[Console]:
    """An operator at the console."""
    async with opened(database) as made:
        await made.sign_in()
        yield made


async def test_smoke(console: Console) -> None:
    await console.put()
    answer = await console.get("/console")
    assert answer.status_code == 200, answer.text
    print(answer.text)
