"""Processes under fault: started, hurt and ended by id; and the one check that must hold after every fault."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.store.log import LogEntry
from doorstep_chassis.store.model import StoreUnavailable
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_local.process import ManagedProcess
from psycopg.conninfo import make_conninfo

from . import notes

SESSION_MS = 6_000
"""The shortest session that a broker allows by default."""

HOLDS_LOCK = (
    "datname = current_database() AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
)
"""The session of the instance that leads."""

READY_SECONDS = 40
SECONDS = 40
"""How long a condition may take to come true; nothing waits for it once it is true."""


LOOKING_ON = "looking on"
"""The application of the sessions that only tell what happened: they are not hurt."""

_LIBRARY = {"client", "conn", "fetcher", "group_coordinator", "sender"}


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = SECONDS) -> None:
    """Wait for a condition; one that asks a database which has just come back is asked again."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                with suppress(StoreUnavailable):  # the database that is asked may be the one that is hurt
                    if await condition():
                        return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:.0f} s: {what}") from None


class App:
    """One service as a process of its own."""

    def __init__(self, name: str, role: str, directory: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._role = role
        self._directory = directory
        self._environment = environment
        self._process: ManagedProcess | None = None
        self.url = ""

    async def start(self, failpoints: str = "", *, ready: bool = True) -> None:
        """Start it and wait until its door is open; `ready=False`: for one that is to die before."""
        self.launch(failpoints)
        if ready:
            await self.opened()

    def launch(self, failpoints: str = "") -> None:
        """Start it and do not wait."""
        self._process = ManagedProcess(
            self.name,
            [sys.executable, "-m", "faults.app", self._role],
            directory=self._directory,
            environment={**self._environment, "DOORSTEP_FAILPOINTS": failpoints},
        )
        self._process.start()

    async def opened(self) -> None:
        """Wait for the open door, and remember where it is."""
        await asyncio.to_thread(
            self.process.wait_ready, lambda: bool(self.logged("http.listening")), timeout=READY_SECONDS
        )
        port = self.logged("http.listening")[-1]["port"]
        self.url = f"http://127.0.0.1:{port}"

    @property
    def process(self) -> ManagedProcess:
        assert self._process is not None
        return self._process

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.is_running

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of this event in the log of this run."""
        lines = (line for line in self.process.output().splitlines() if line.startswith("{") and event in line)
        return [line for line in map(json.loads, lines) if line["event"] == event]

    async def says(self, event: str) -> None:
        """Wait until its log has a line of this event."""

        async def said() -> bool:
            return bool(self.logged(event))

        await until(said, f"{self.name} logs {event}")

    def told(self) -> Iterator[str]:
        """Its log over all its runs, with only the first lines of what libraries say over and over."""
        seen: Counter[str] = Counter()
        for line in self.process.log.read_text(encoding="utf-8").splitlines():
            where = str(json.loads(line).get("where")) if line.startswith("{") else ""
            seen[where] += where.partition(":")[0] in _LIBRARY
            if seen[where] <= 3:
                yield line

    async def died(self) -> int:
        """Wait for its end: its exit code, negative for the signal that ended it."""
        return await asyncio.to_thread(self.process.wait, SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    async def stop(self) -> None:
        """SIGTERM, and wait until it has ended by itself."""
        self.process.ask_to_stop()
        assert await self.died() == 0, f"{self.name} did not stop cleanly"

    async def health(self, check: str = "readyz") -> tuple[int, dict[str, Any]]:
        """What it says of itself."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            answer = await client.get(f"/{check}")
            return answer.status_code, answer.json()


class Load:
    """People at the doors: each notes one number after the other, now at one door and then at the next.

    Who is not answered asks again, at all doors and under the same key.
    """

    def __init__(
        self,
        doors: Sequence[App],
        *,
        people: int = 4,
        pause: float = 0.02,
        patience: float = SECONDS,
        timeout: float = 10,
    ) -> None:
        self.noted: Counter[str] = Counter()
        self.refused: Counter[int | str] = Counter()
        self.refusals: list[httpx.Response] = []
        self._doors = doors
        self._people = people
        self._pause = pause
        self._patience = patience
        self._timeout = timeout
        self._over = asyncio.Event()

    async def __aenter__(self) -> "Load":
        self._client = httpx.AsyncClient(timeout=self._timeout)
        self._tasks = [asyncio.create_task(self._note_on(f"key-{number}")) for number in range(self._people)]
        return self

    async def __aexit__(self, *problem: object) -> None:
        self._over.set()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await self._client.aclose()

    async def more(self, count: int) -> None:
        """Wait until so many more were noted from now on."""
        goal = self.noted.total() + count

        async def reached() -> bool:
            for task in self._tasks:
                if task.done():
                    task.result()
            return self.noted.total() >= goal

        await until(reached, f"{count} more notes")

    async def _note_on(self, key: str) -> None:
        while not self._over.is_set():
            await self.note(key, self.noted[key])
            self.noted[key] += 1
            await asyncio.sleep(self._pause)

    async def note(self, key: str, number: int) -> httpx.Response:
        """Note one number: the same request again and again until it is answered by 201."""
        request_key = uuid4().hex
        deadline = time.monotonic() + self._patience
        first = number % len(self._doors)
        while True:
            for door in (*self._doors[first:], *self._doors[:first]):
                try:
                    answer = await post(self._client, door, key, number, request_key)
                except httpx.TransportError as problem:
                    self.refused[type(problem).__name__] += 1
                    continue
                if answer.status_code == 201:
                    return answer
                self.refused[answer.status_code] += 1
                self.refusals.append(answer)
            assert time.monotonic() < deadline, f"nobody took {key} {number}: {self.refused}"
            await asyncio.sleep(0.05)


async def post(
    client: httpx.AsyncClient, door: App, key: str, number: int, request_key: str, **more: Any
) -> httpx.Response:
    """One try to note a number."""
    return await client.post(
        f"{door.url}/notes", json={"key": key, "number": number, **more}, headers={"Idempotency-Key": request_key}
    )


class Stack:
    """A writer's and a reader's database and the topic between them, and the processes on these."""

    def __init__(self, name: str, bootstrap: str, urls: Mapping[str, str], topic: str, directory: Path) -> None:
        self.bootstrap = bootstrap
        self.urls = urls
        self.topic = topic
        self.names = {role: f"{name}-{role}" for role in urls}
        self.consumer = f"{name}-reader.reactions"
        self.stores = {
            role: PostgresStore(make_conninfo(url, application_name=LOOKING_ON)) for role, url in urls.items()
        }
        self.apps: list[App] = []
        self._directory = directory
        self._issuer = LocalIssuer("http://127.0.0.1/issuer")
        self._keys = directory / "jwks.json"
        self._keys.write_text(json.dumps(self._issuer.jwks()), encoding="utf-8")

    def app(self, role: str, **settings: str) -> App:
        """A process of this role, not started; further settings as `DOORSTEP_<NAME>`."""
        name = f"{role}-{len(self.apps)}"
        secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        environment = {
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "FAULTS_TOPIC": self.topic,
            "PGAPPNAME": name,
            "DOORSTEP_ENVIRONMENT": "development",
            "DOORSTEP_SERVICE": self.names[role],
            "DOORSTEP_ISSUER": self._issuer.issuer,
            "DOORSTEP_AUDIENCE": self._issuer.audience,
            "DOORSTEP_JWKS": str(self._keys),
            "DOORSTEP_DOOR_ISSUER": "http://127.0.0.1/door",
            "DOORSTEP_DOOR_JWKS": str(self._keys),
            "DOORSTEP_KEK": secret,
            "DOORSTEP_KEK_ID": "k",
            "DOORSTEP_HMAC_KEY": secret,
            "DOORSTEP_DATABASE_URL": self.urls[role],
            "DOORSTEP_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "DOORSTEP_CONSUMER_SESSION_TIMEOUT_MS": str(SESSION_MS),
            **{f"DOORSTEP_{setting.upper()}": value for setting, value in settings.items()},
        }
        made = App(name, role, self._directory, environment)
        self.apps.append(made)
        return made

    def operator(self, app: App) -> httpx.AsyncClient:
        """Who may look into a process and mend it."""
        token = self._issuer.token(sub=uuid4(), role="service")
        return httpx.AsyncClient(
            base_url=f"{app.url}/operations", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    async def started(self, *roles: str) -> list[App]:
        """Processes of these roles, started together."""
        apps = [self.app(role) for role in roles]
        await asyncio.gather(*(app.start() for app in apps))
        return apps

    async def end(self) -> None:
        """Kill what runs and show its log, which pytest prints when the test failed."""
        for app in self.apps:
            if app._process is not None:
                print(f"--- {app.name}", *app.told(), sep="\n")
                app.kill()
        for store in self.stores.values():
            await store.close()

    # What happened

    async def log(self, role: str) -> list[LogEntry]:
        """A service's whole log."""
        return list(await self.stores[role].log_after(0, 1_000_000))

    async def noted(self) -> dict[str, list[int]]:
        """What the writer committed, by key, in order."""
        return _by_key(await self.log("writer"), notes.Noted)

    async def heard(self) -> dict[str, list[int]]:
        """What the reader did, by key, in order."""
        return _by_key(await self.log("reader"), notes.Heard)

    async def records(self) -> list[ConsumerRecord[bytes, bytes]]:
        """All that is in the topic, partition by partition."""
        async with self._reading() as (consumer, ends):
            found: list[ConsumerRecord[bytes, bytes]] = []
            left = {place: end for place, end in ends.items() if end}
            consumer.assign(list(left))
            while left:
                for place, records in (await consumer.getmany(timeout_ms=500)).items():
                    found.extend(records)
                    if records[-1].offset + 1 >= left[place]:
                        del left[place]
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def committed_lag(self) -> dict[int, int]:
        """By partition, how far the reader's offsets in Kafka are behind the end of the topic."""
        async with self._reading() as (_, ends):
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap.split(","))
            await admin.start()
            try:
                offsets = await admin.list_consumer_group_offsets(self.consumer)
            finally:
                await admin.close()
        return {
            place.partition: end - (offsets[place].offset if place in offsets else 0) for place, end in ends.items()
        }

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[tuple[Any, dict[TopicPartition, int]]]:
        servers = self.bootstrap.split(",")
        async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
            places = [TopicPartition(self.topic, number) for number in range(4)]
            yield consumer, await consumer.end_offsets(places)

    async def parked(self) -> list[str]:
        """The reasons of the open dead letters, oldest first."""
        return [letter.parked.reason for letter in await self.stores["reader"].open_letters(self.consumer)]

    async def caught_up(self) -> None:
        """Wait until the reader has done all that the writer committed, but for what it parked."""

        async def done() -> bool:
            noted, heard = await self.noted(), await self.heard()
            aside = await self.parked()
            return sum(map(len, heard.values())) + len(aside) >= sum(map(len, noted.values()))

        await until(done, "the reader catches up")

    async def check(self, parked: Sequence[str] = ()) -> None:
        """Every committed event published, every effect once and in order, nothing parked but this, no lag left."""
        await self.caught_up()
        source = f"/doorstep/{self.names['writer']}/main".encode()
        published = [record for record in await self.records() if dict(record.headers).get("ce_source") == source]
        self._check_published(published, await self.log("writer"))
        assert await self.parked() == list(parked)
        if not parked:
            assert await self.heard() == await self.noted()

        async def no_lag() -> bool:
            return not any((await self.committed_lag()).values())

        await until(no_lag, "the reader's offsets reach the end of the topic")

    @staticmethod
    def _check_published(records: Sequence[ConsumerRecord[bytes, bytes]], log: Sequence[LogEntry]) -> None:
        committed = [entry.position for entry in log if entry.topic == notes.Noted.stored_topic()]
        ids: dict[int, set[bytes]] = {}
        first: dict[bytes, list[int]] = {}
        for record in records:
            headers = dict(record.headers)
            sequence = int(headers["ce_sequence"] or b"")
            if sequence not in ids:
                first.setdefault(record.key or b"", []).append(sequence)
            ids.setdefault(sequence, set()).add(headers["ce_id"] or b"")
        assert sorted(ids) == committed
        assert {sequence: len(names) for sequence, names in ids.items() if len(names) > 1} == {}
        assert {key: numbers for key, numbers in first.items() if numbers != sorted(numbers)} == {}

    async def counted(self, writer: App) -> None:
        """Wait until the writer's own view has all that is in its log now."""
        noted = await self.noted()

        async def done() -> bool:
            async with httpx.AsyncClient(timeout=10) as client:
                counts = (await client.get(f"{writer.url}/counts")).json()
            return all(counts.get(key, 0) >= len(numbers) for key, numbers in noted.items())

        await until(done, "the writer's view has all of its log", 10)

    # Hurting the database

    async def terminate(self, role: str, where: str = "true", *arguments: object) -> int:
        """`pg_terminate_backend` on the sessions of a service's database that the condition names; how many."""
        async with await psycopg.AsyncConnection.connect(self.urls[role], autocommit=True) as connection:
            cursor = await connection.execute(
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                f" AND application_name <> '{LOOKING_ON}' AND {where}",
                arguments,
            )
            row = await cursor.fetchone()
            assert row is not None
            return int(row[0])


def _by_key(log: Sequence[LogEntry], kind: type[notes.Noted] | type[notes.Heard]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for entry in log:
        if entry.topic == kind.stored_topic():
            assert isinstance(entry.event, kind)
            found.setdefault(entry.event.key, []).append(entry.event.number)
    return found
