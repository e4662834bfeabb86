"""How a view over the own log waits for its database."""

import asyncio

import pytest
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import follow
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Partition, Snapshot, StoreUnavailable
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.tail import LogTail
from structlog.testing import capture_logs

from . import example


class AwayForDays(MemoryStore):
    """A store that does not come back."""

    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        raise StoreUnavailable


async def test_the_pause_grows_to_five_seconds_and_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1_100:
            raise asyncio.CancelledError

    monkeypatch.setattr("doorstep_chassis.consumer.log_feed.asyncio.sleep", sleep)
    engine = Engine("example.view", AwayForDays(), {}, EventDecoder(example.CLASSES, frozenset()), lambda: example.NOW)
    with capture_logs(), pytest.raises(asyncio.CancelledError):
        await follow(engine, LogTail(PostgresStore("")), batch=1)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, *[5.0] * 1_095]
