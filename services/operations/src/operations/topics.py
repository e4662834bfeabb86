"""`doorstep topics`: the topics of the broker against those of the contracts."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import typer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from doorstep_contracts.registry import Topic, load_topics
from pydantic import BaseModel

from operations.console import AsJson, Away, DryRun, Exit, Refused, show
from operations.system import System

app = typer.Typer(no_args_is_help=True, help="Topics: made from contracts/topics.yaml, never by the broker on its own.")

COLUMNS = ("topic", "difference", "declared", "found", "done")

SEEN_SECONDS = 10.0

_EXISTS = 36
_BROKERS_DEFAULT = -1


class Difference(BaseModel):
    """Where a topic is not as declared. Partitions are never changed here: keys would change places."""

    topic: str
    difference: str
    declared: str
    found: str
    remedy: Literal["create", "configure", "none"]
    done: bool = False


@app.command()
def diff(as_json: AsJson = False) -> None:
    """Show where the broker differs from the contracts; exit code 1 when it does."""
    found = asyncio.run(_differences(System().stack.bootstrap))
    _show(found, as_json=as_json)
    raise typer.Exit(Exit.PROBLEMS if found else Exit.OK)


@app.command()
def apply(as_json: AsJson = False, dry_run: DryRun = False) -> None:
    """Make missing topics and set settings that differ; exit code 1 when something is left that cannot be mended."""
    bootstrap = System().stack.bootstrap
    found = asyncio.run(_differences(bootstrap))
    if not dry_run:
        found = asyncio.run(_mend(bootstrap, found))
    _show(found, as_json=as_json)
    left = any(each.remedy == "none" or not (each.done or dry_run) for each in found)
    raise typer.Exit(Exit.PROBLEMS if left else Exit.OK)


def _show(found: Sequence[Difference], *, as_json: bool) -> None:
    show([each.model_dump() for each in found], COLUMNS, as_json=as_json, empty="all topics are as declared")


async def _differences(bootstrap: str) -> list[Difference]:
    async with _admin(bootstrap) as admin:
        declared = load_topics()
        there = set(await admin.list_topics()) & set(declared)
        partitions = {
            each["topic"]: len(each["partitions"])
            for each in (await admin.describe_topics(sorted(there)) if there else ())
        }
        settings = await _settings(admin, sorted(there))
    found: list[Difference] = []
    for name, topic in declared.items():
        if name not in there:
            found.append(Difference(topic=name, difference="missing", declared="there", found="-", remedy="create"))
            continue
        if partitions[name] != topic.partitions:
            found.append(
                Difference(
                    topic=name,
                    difference="partitions",
                    declared=str(topic.partitions),
                    found=str(partitions[name]),
                    remedy="none",
                )
            )
        found.extend(
            Difference(
                topic=name, difference=key, declared=value, found=settings[name].get(key, "-"), remedy="configure"
            )
            for key, value in topic.config.items()
            if settings[name].get(key) != value
        )
    return found


async def _settings(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _code, _reason, _kind, name, entries in answer.resources
    }


async def _mend(bootstrap: str, found: Sequence[Difference]) -> list[Difference]:
    declared = load_topics()
    missing = [declared[each.topic] for each in found if each.remedy == "create"]
    differing = [declared[name] for name in dict.fromkeys(each.topic for each in found if each.remedy == "configure")]
    async with _admin(bootstrap) as admin:
        if missing:
            _check((await admin.create_topics([_new(topic) for topic in missing])).topic_errors)
        if differing:
            # Not incremental: what is left out would go back to its default, so all that is declared is sent.
            resources = [
                ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=dict(topic.config)) for topic in differing
            ]
            for answer in await admin.alter_configs(resources):
                _check([(name, code, reason) for code, reason, _kind, name in answer.resources])
    left = await _until_seen(bootstrap)
    return [each.model_copy(update={"done": each not in left}) for each in found]


async def _until_seen(bootstrap: str) -> list[Difference]:
    """What still differs once brokers have heard of the change, which takes them a moment."""
    deadline = time.monotonic() + SEEN_SECONDS
    while True:
        left = await _differences(bootstrap)
        if all(each.remedy == "none" for each in left) or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.05)


def _new(topic: Topic) -> NewTopic:
    # The empty assignment is aiokafka's condition for leaving the number of copies to the broker.
    return NewTopic(topic.name, topic.partitions, _BROKERS_DEFAULT, {}, dict(topic.config))


def _check(errors: Sequence[tuple[str, int, Any]]) -> None:
    """The client does not raise: each topic says for itself."""
    for name, code, reason in errors:
        if code not in {0, _EXISTS}:
            raise Refused(f"kafka_error_{code}", f"{name}: {reason or 'refused by the broker'}")


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    try:
        await admin.start()
    except Exception as problem:
        raise Away(f"no broker at {bootstrap}") from problem
    try:
        yield admin
    finally:
        await admin.close()
