"""The whole of Doorstep on this machine: a broker, a PostgreSQL, topics, databases, and the services as processes."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from doorstep_local.jars import Report
from doorstep_local.kafka import kafka_at
from doorstep_local.postgres import postgres_at
from doorstep_local.process import ManagedProcess
from doorstep_local.topics import TopicDeclaration, apply

_READY_SECONDS = 60
_WATCH_SECONDS = 0.5


@dataclass(frozen=True)
class ServiceSpec:
    """A service as a process: its name, its command, what is added to its environment, and where it says it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None


class Stack:
    """Everything that runs for one demo or one test, under one directory; two stacks never meet.

    `broker` and `postgres` are each `local` or the address of one that runs already. Use it as a context manager: what
    it started is stopped at its end, in the order services, PostgreSQL, broker.
    """

    def __init__(
        self,
        directory: Path,
        *,
        broker: str = "local",
        postgres: str = "local",
        nodes: int = 1,
        report: Report = print,
    ) -> None:
        self.directory = directory
        self.kafka = kafka_at(broker, directory / "kafka", nodes=nodes, report=report)
        self.postgres = postgres_at(postgres, directory / "postgres")
        self._services: dict[str, ManagedProcess] = {}
        self._report = report

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """The broker's bootstrap servers."""
        return self.kafka.bootstrap

    def start(self, *, databases: Sequence[str] = (), topics: Sequence[TopicDeclaration] = ()) -> None:
        """Starts broker and PostgreSQL, then makes the databases and topics that are missing; says what it uses."""
        self.start_kafka()
        self.start_postgres()
        for name in databases:
            if not self.postgres.has_database(name):
                self.postgres.create_database(name)
        with ThreadPoolExecutor(1) as aside:  # the caller may have an event loop of its own in this thread
            made = aside.submit(asyncio.run, apply(self.kafka.bootstrap, topics)).result()
        self._report(f"{len(databases)} databases, {len(topics)} topics ({len(made)} of them new)")

    def start_kafka(self) -> None:
        """Starts the broker alone."""
        self.kafka.start()
        self._report(f"{self.kafka.description}\n  bootstrap servers {self.kafka.bootstrap}")

    def start_postgres(self) -> None:
        """Starts PostgreSQL alone."""
        self.postgres.start()
        self._report(f"{self.postgres.description}\n  {self.postgres.url()}")

    def run(self, services: Sequence[ServiceSpec]) -> None:
        """Starts the services side by side and waits until each is ready; a crash is raised with the end of its log."""
        for spec in services:
            if spec.name in self._services:
                raise ValueError(f"the service {spec.name} runs already")
            self._services[spec.name] = ManagedProcess(
                spec.name, spec.command, directory=self.directory, environment=spec.environment
            )
        for spec in services:
            self._services[spec.name].start()
        for spec in services:
            self.wait_ready(spec)
            self._report(f"{spec.name}: process {self._services[spec.name].pid}, log {self._services[spec.name].log}")

    def wait_ready(self, spec: ServiceSpec, *, timeout: float = _READY_SECONDS) -> None:
        """Waits until the service answers 200 at its `ready_url`; one without is ready when it runs."""
        url = spec.ready_url
        self.service(spec.name).wait_ready(lambda: url is None or _answers(url), timeout=timeout)

    def service(self, name: str) -> ManagedProcess:
        """The process of a service, to be killed, paused or started again by who tests that."""
        return self._services[name]

    def check(self) -> None:
        """Raises `ProcessCrashed` when anything the stack started has ended by itself."""
        self.kafka.check()
        self.postgres.check()
        for service in self._services.values():
            service.check()

    def watch(self) -> None:
        """Checks for ever; ends by `ProcessCrashed`, or by the interrupt of who runs it."""
        while True:
            self.check()
            time.sleep(_WATCH_SECONDS)

    def stop(self) -> None:
        """Stops all that it started."""
        for service in self._services.values():
            service.ask_to_stop()
        for service in self._services.values():
            service.stop()
        self.postgres.stop()
        self.kafka.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
