"""Topics are made from their declarations, never by the broker on its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_EXISTS = 36
_VISIBLE_SECONDS = 30
_BROKERS_DEFAULT = -1


@dataclass(frozen=True)
class TopicDeclaration:
    """A topic as it must be: its number of partitions and its settings (`retention.ms`, `cleanup.policy`, ...)."""

    name: str
    partitions: int
    configs: Mapping[str, str] = field(default_factory=dict)


class TopicRefused(Exception):
    """The broker did not make a topic."""

    code = "topic_refused"

    def __init__(self, name: str, error_code: int, reason: str | None) -> None:
        super().__init__(f"topic {name} was not made: {reason or 'no reason given'} (Kafka error {error_code})")
        self.name = name
        self.error_code = error_code


class TopicDiffers(Exception):
    """A topic exists with another number of partitions; records of one key would change places, so it is left alone."""

    code = "topic_differs"

    def __init__(self, name: str, expected: int, actual: int) -> None:
        super().__init__(f"topic {name} has {actual} partitions, its declaration says {expected}")
        self.name = name


class TopicNotVisible(Exception):
    """A topic was made but its partitions have no leader after a while."""

    code = "topic_not_visible"


async def apply(bootstrap: str, declarations: Sequence[TopicDeclaration]) -> tuple[str, ...]:
    """Makes the missing topics and returns their names; every topic has leaders when this returns.

    Raises `TopicRefused` or `TopicDiffers`. The client itself does not raise: each topic's error code is checked here.
    """
    if not declarations:
        return ()
    async with _admin(bootstrap) as admin:
        answer = await admin.create_topics(
            [
                # The empty assignment is aiokafka's condition for leaving the number of copies to the broker.
                NewTopic(each.name, each.partitions, _BROKERS_DEFAULT, {}, dict(each.configs))
                for each in declarations
            ]
        )
        made = []
        for name, error_code, reason in answer.topic_errors:
            if error_code == 0:
                made.append(name)
            elif error_code != _EXISTS:
                raise TopicRefused(name, error_code, reason)
        await _wait_until_led(admin, declarations)
    return tuple(made)


async def delete(bootstrap: str, names: Sequence[str]) -> None:
    """Deletes topics of a test; raises `TopicRefused` when one of them could not be."""
    async with _admin(bootstrap) as admin:
        answer = await admin.delete_topics(list(names))
        for name, error_code, *_ in answer.topic_error_codes:
            if error_code != 0:
                raise TopicRefused(name, error_code, "could not be deleted")


async def _wait_until_led(admin: AIOKafkaAdminClient, declarations: Sequence[TopicDeclaration]) -> None:
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while True:
        described = {topic["topic"]: topic for topic in await admin.describe_topics([d.name for d in declarations])}
        unled = [d.name for d in declarations if not _is_led(described.get(d.name))]
        if not unled:
            break
        if time.monotonic() > deadline:
            raise TopicNotVisible(f"no leader for {', '.join(unled)} after {_VISIBLE_SECONDS} s")
        await asyncio.sleep(0.02)
    for declared in declarations:
        actual = len(described[declared.name]["partitions"])
        if actual != declared.partitions:
            raise TopicDiffers(declared.name, declared.partitions, actual)


def _is_led(topic: Mapping[str, object] | None) -> bool:
    if topic is None or topic["error_code"] != 0:
        return False
    partitions = topic["partitions"]
    return isinstance(partitions, list) and all(p["error_code"] == 0 and p["leader"] >= 0 for p in partitions)


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
