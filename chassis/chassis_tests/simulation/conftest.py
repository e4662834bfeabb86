"""Commands that wait before they try again wait for the driver."""

from types import SimpleNamespace

import pytest
from doorstep_chassis import units

from .ports import pause


@pytest.fixture(autouse=True)
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """`asyncio.sleep` in `Units` is a step of the history."""

    async def sleep(seconds: float) -> None:
        await pause("pause")

    monkeypatch.setattr(units, "asyncio", SimpleNamespace(sleep=sleep))
