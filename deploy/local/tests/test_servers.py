"""The servers of a stack: two of them never meet, and each comes back from a kill with its port and its data."""

import time
from pathlib import Path

import psutil
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from doorstep_local.kafka import Kafka, LocalKafka
from doorstep_local.places import free_port, is_taken
from doorstep_local.postgres import ExternalPostgres, LocalPostgres, Postgres
from doorstep_local.process import ProcessCrashed
from doorstep_local.pytest_plugin import KafkaMaker, PostgresMaker
from doorstep_local.topics import TopicDeclaration, apply


async def send(bootstrap: str, topic: str, value: bytes) -> int:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap.split(","), acks="all", enable_idempotence=True, request_timeout_ms=30_000
    ) as producer:
        return int((await producer.send_and_wait(topic, value)).offset)


async def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap.split(","), auto_offset_reset="earliest", group_id=None
    ) as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def wait_for_a_crash(server: LocalPostgres) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        server.check()
        time.sleep(0.05)


async def test_two_brokers_side_by_side_do_not_meet(kafka: Kafka, make_kafka: KafkaMaker) -> None:
    # given two brokers, each with a topic of the same name
    other = make_kafka()
    for bootstrap in (kafka.bootstrap, other.bootstrap):
        await apply(bootstrap, [TopicDeclaration("side-by-side", 1)])

    # when each gets a record
    await send(kafka.bootstrap, "side-by-side", b"ours")
    await send(other.bootstrap, "side-by-side", b"theirs")

    # then each has its own at its first offset
    assert await read(kafka.bootstrap, "side-by-side", 1) == [b"ours"]
    assert await read(other.bootstrap, "side-by-side", 1) == [b"theirs"]


def test_two_databases_side_by_side_do_not_meet(postgres: Postgres, make_postgres: PostgresMaker) -> None:
    # given
    other = make_postgres()
    password = other.url().split("@")[0]
    address = postgres.url().split("@")[1]

    # when the one's password is shown to the other
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{password}@{address}")

    # then it opens its own alone
    assert rows(other.url(), "SELECT 1") == [(1,)]


async def test_a_killed_broker_comes_back_with_its_port_and_its_records(make_kafka: KafkaMaker) -> None:
    # given
    kafka = make_kafka()
    bootstrap = kafka.bootstrap
    await apply(bootstrap, [TopicDeclaration("visits", 1)])
    await send(bootstrap, "visits", b"before")

    # when
    kafka.kill()
    kafka.restart()
    await send(bootstrap, "visits", b"after")

    # then
    assert kafka.bootstrap == bootstrap
    assert await read(bootstrap, "visits", 2) == [b"before", b"after"]


def test_a_killed_postgres_comes_back_with_its_port_and_what_was_committed(make_postgres: PostgresMaker) -> None:
    # given
    postgres = make_postgres()
    url = postgres.create_database("visits")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE visits (id int)")
        connection.execute("INSERT INTO visits VALUES (7)")

    # when
    postgres.kill()
    postgres.restart()

    # then
    assert postgres.url("visits") == url
    assert rows(url, "SELECT id FROM visits") == [(7,)]


def test_a_commit_waits_for_the_disk(postgres: Postgres) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes", "max_connections")

    settings = [rows(postgres.url(), f"SHOW {name}")[0][0] for name in names]

    assert settings == ["on", "on", "on", "200"]


def test_databases_are_made_and_dropped_whoever_is_connected(postgres: Postgres) -> None:
    # given
    url = postgres.create_database("short-lived")
    connected = psycopg.connect(url)
    assert postgres.has_database("short-lived")

    # when
    postgres.drop_database("short-lived")

    # then
    assert not postgres.has_database("short-lived")
    with pytest.raises(psycopg.OperationalError):
        connected.execute("SELECT 1")
    postgres.drop_database("short-lived")


def test_a_server_named_by_a_url_keeps_its_parameters_for_every_database() -> None:
    server = ExternalPostgres("postgresql://somebody@db.example:5433/first?sslmode=require")

    assert server.url("second") == "postgresql://somebody@db.example:5433/second?sslmode=require"


def test_a_crashed_server_is_seen(make_postgres: PostgresMaker) -> None:
    postgres = make_postgres()
    postgres.check()

    psutil.Process(postgres.pid).kill()

    with pytest.raises(ProcessCrashed, match="postgres was killed by SIGKILL"):
        wait_for_a_crash(postgres)


def test_a_new_broker_does_not_take_over_a_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()

    with pytest.raises(FileExistsError):
        LocalKafka(tmp_path).start()


def test_a_free_port_lies_below_those_the_kernel_gives_to_clients() -> None:
    port = free_port()

    assert 15_000 <= port < 32_768
    assert not is_taken(port)


@pytest.mark.slow
async def test_three_nodes_survive_the_loss_of_one(make_kafka: KafkaMaker) -> None:
    # given
    kafka = make_kafka(nodes=3)
    await apply(kafka.bootstrap, [TopicDeclaration("visits", 3)])
    await send(kafka.bootstrap, "visits", b"before")

    # when
    kafka.kill(node=1)
    await send(kafka.bootstrap, "visits", b"during")
    kafka.restart(node=1)
    await send(kafka.bootstrap, "visits", b"after")

    # then
    assert len(kafka.pids) == 3
    assert sorted(value or b"" for value in await read(kafka.bootstrap, "visits", 3)) == [
        b"after",
        b"before",
        b"during",
    ]
