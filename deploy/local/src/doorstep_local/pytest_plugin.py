"""Real Kafka and real PostgreSQL for tests: started when the first test asks, gone with all their data at the end."""

import os
import platform
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doorstep_local.jars import KAFKA_VERSION
from doorstep_local.kafka import Kafka, LocalKafka, kafka_at
from doorstep_local.places import make_directory, var
from doorstep_local.postgres import LocalPostgres, Postgres, postgres_at
from doorstep_local.topics import TopicDeclaration, apply

KafkaMaker = Callable[..., LocalKafka]
PostgresMaker = Callable[[], LocalPostgres]

_KAFKA_FIXTURES = {"kafka", "make_kafka"}
_POSTGRES_FIXTURES = {"postgres", "make_postgres"}
_RUN = pytest.StashKey["_Run"]()


class _Run:
    """What this run of pytest has started, and how many tests ran on it."""

    def __init__(self) -> None:
        self.kafka: list[str] = []
        self.postgres: list[str] = []
        self.on_kafka = 0
        self.on_postgres = 0
        self.on_neither = 0

    def count(self, fixtures: set[str]) -> None:
        on_kafka, on_postgres = bool(fixtures & _KAFKA_FIXTURES), bool(fixtures & _POSTGRES_FIXTURES)
        self.on_kafka += on_kafka
        self.on_postgres += on_postgres
        self.on_neither += not (on_kafka or on_postgres)

    def lines(self) -> list[str]:
        kafka = _enumeration(self.kafka) or f"Apache Kafka {KAFKA_VERSION} (not started)"
        postgres = _enumeration(self.postgres) or "PostgreSQL 18 (not started)"
        return [
            f"{_tests(self.on_kafka)} on {kafka}",
            f"{_tests(self.on_postgres)} on {postgres}",
            f"{_tests(self.on_neither)} on neither; Python {platform.python_version()}",
        ]


class Topics:
    """Makes topics whose names no other test uses."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap = bootstrap
        self.prefix = prefix

    def name(self, name: str) -> str:
        """The full name of this test's topic; nothing is made."""
        return f"{self.prefix}{name}"

    async def create(self, name: str, partitions: int = 1, **configs: str) -> str:
        """Makes a topic and returns its full name; `retention_ms="1000"` sets `retention.ms`."""
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        await apply(self._bootstrap, [TopicDeclaration(self.name(name), partitions, settings)])
        return self.name(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--broker` and `--postgres`: a server of our own, or one that runs already."""
    group = parser.getgroup("doorstep")
    group.addoption("--broker", default="local", metavar="local|HOST:PORT,...", help="the Kafka that tests run on")
    group.addoption("--postgres", default="local", metavar="local|URL", help="the PostgreSQL that tests run on")


def pytest_configure(config: pytest.Config) -> None:
    """Begins to count."""
    config.stash[_RUN] = _Run()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Counts the tests that ran, by what they ran on."""
    item.config.stash[_RUN].count(set(getattr(item, "fixturenames", ())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says on what the tests ran."""
    terminalreporter.section("parts")
    for line in config.stash[_RUN].lines():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def stack_directory() -> Iterator[Path]:
    """This run's own directory for the data of its servers, removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix=f"test-{os.getpid()}-", dir=make_directory(var())))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(stack_directory: Path, pytestconfig: pytest.Config) -> Iterator[Kafka]:
    """The Kafka of this run, shared by all tests; whoever breaks it takes `make_kafka` instead."""
    server = kafka_at(pytestconfig.getoption("--broker"), stack_directory / "kafka")
    server.start()
    pytestconfig.stash[_RUN].kafka.append(server.description)
    yield server
    if isinstance(server, LocalKafka):
        server.kill()


@pytest.fixture(scope="session")
def postgres(stack_directory: Path, pytestconfig: pytest.Config) -> Iterator[Postgres]:
    """The PostgreSQL of this run, shared by all tests; whoever breaks it takes `make_postgres` instead."""
    server = postgres_at(pytestconfig.getoption("--postgres"), stack_directory / "postgres")
    server.start()
    pytestconfig.stash[_RUN].postgres.append(server.description)
    yield server
    server.stop()


@pytest.fixture
def make_kafka(stack_directory: Path, pytestconfig: pytest.Config) -> Iterator[KafkaMaker]:
    """Starts a Kafka for one test alone, to be killed, paused and restarted: `make_kafka(nodes=3)`."""
    made: list[LocalKafka] = []

    def make(nodes: int = 1) -> LocalKafka:
        server = LocalKafka(stack_directory / f"kafka-{uuid.uuid4().hex[:8]}", nodes)
        made.append(server)
        server.start()
        pytestconfig.stash[_RUN].kafka.append(server.description)
        return server

    yield make
    for server in made:
        server.kill()
        shutil.rmtree(server.directory, ignore_errors=True)


@pytest.fixture
def make_postgres(stack_directory: Path, pytestconfig: pytest.Config) -> Iterator[PostgresMaker]:
    """Starts a PostgreSQL for one test alone, to be stopped, killed and restarted."""
    made: list[LocalPostgres] = []

    def make() -> LocalPostgres:
        server = LocalPostgres(stack_directory / f"postgres-{uuid.uuid4().hex[:8]}")
        made.append(server)
        server.start()
        pytestconfig.stash[_RUN].postgres.append(server.description)
        return server

    yield make
    for server in made:
        server.stop()
        shutil.rmtree(server.directory, ignore_errors=True)


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for names of topics and groups that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}."


@pytest.fixture
def topics(kafka: Kafka, topic_prefix: str) -> Topics:
    """Makes topics for one test: `await topics.create("visits", partitions=3)`."""
    return Topics(kafka.bootstrap, topic_prefix)


def _enumeration(descriptions: list[str]) -> str:
    return " and ".join(dict.fromkeys(descriptions))


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
