"""A stack: parts, topics, databases and services as processes, and a run of pytest that names what it ran on."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from doorstep_local.kafka import Kafka
from doorstep_local.places import checkout, free_port
from doorstep_local.postgres import Postgres
from doorstep_local.process import ProcessCrashed
from doorstep_local.stack import ServiceSpec, Stack
from doorstep_local.topics import TopicDeclaration, apply

SERVICE = """
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash":
            print("the boiler burst", flush=True)
            os._exit(4)
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""


def service(name: str, port: int) -> ServiceSpec:
    return ServiceSpec(
        name,
        [sys.executable, "-c", SERVICE],
        environment={"PORT": str(port)},
        ready_url=f"http://127.0.0.1:{port}/readyz",
    )


@pytest.fixture
def stack(tmp_path: Path, kafka: Kafka, postgres: Postgres) -> Stack:
    return Stack(tmp_path, broker=kafka.bootstrap, postgres=postgres.url(), report=lambda line: None)


async def test_it_makes_topics_and_databases_that_are_missing(
    stack: Stack, kafka: Kafka, postgres: Postgres, topic_prefix: str
) -> None:
    declared = [TopicDeclaration(f"{topic_prefix}visits", 3)]

    with stack:
        for _ in range(2):
            stack.start(databases=["stack-visits"], topics=declared)

    assert postgres.has_database("stack-visits")
    assert await apply(kafka.bootstrap, declared) == ()
    postgres.drop_database("stack-visits")


def test_services_run_until_the_stack_ends(stack: Stack) -> None:
    # given
    ports = {"intake": free_port(), "dispatch": free_port()}

    # when
    with stack:
        stack.run([service(name, port) for name, port in ports.items()])
        stack.check()
        pids = [stack.service(name).pid for name in ports]

    # then
    assert len(set(pids)) == 2
    assert [stack.service(name).is_running for name in ports] == [False, False]


def test_the_crash_of_one_service_is_seen_with_its_last_words(stack: Stack) -> None:
    with stack:
        # given
        port = free_port()
        stack.run([service("intake", port), service("dispatch", free_port())])

        # when
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/crash")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()

        # then
        with pytest.raises(ProcessCrashed, match=r"intake exited with 4(.|\n)*the boiler burst"):
            stack.watch()


def test_a_part_alone_runs_in_the_foreground_until_it_is_interrupted() -> None:
    # given
    command = [sys.executable, "-u", "-m", "doorstep_local", "postgres"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        directory = Path(told[2].removeprefix("data and logs in ").removesuffix(" until Ctrl-C\n"))
        assert (directory / "postgres" / "data").is_dir()

        # when
        process.send_signal(signal.SIGINT)
        told.append(process.stdout.readline())

    # then
    assert told[0].startswith("PostgreSQL 18.")
    assert told[1].startswith("  postgresql://postgres:")
    assert told[3] == "stopped\n"
    assert process.returncode == 0
    assert not directory.exists()


async def test_a_run_on_servers_that_run_already_names_them(kafka: Kafka, postgres: Postgres) -> None:
    told = await pytest_in_a_process("tests/smoke", "--broker", kafka.bootstrap, "--postgres", postgres.url())

    assert told[-4:-1] == [
        f"1 test on the Kafka at {kafka.bootstrap}",
        f"1 test on PostgreSQL {postgres.version} at 127.0.0.1",
        f"0 tests on neither; Python {sys.version.split()[0]}",
    ]
    assert told[-1].startswith("1 passed in ")


async def test_a_run_without_need_of_a_server_starts_none(tmp_path: Path) -> None:
    (tmp_path / "test_pure.py").write_text("def test_pure() -> None:\n    assert 1 + 1 == 2\n")

    told = await pytest_in_a_process(str(tmp_path))

    assert told[-4:-1] == [
        "0 tests on Apache Kafka 4.4.0 (not started)",
        "0 tests on PostgreSQL 18 (not started)",
        f"1 test on neither; Python {sys.version.split()[0]}",
    ]


async def pytest_in_a_process(*words: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(checkout())),
        *("-c", str(checkout() / "pyproject.toml"), *words),
        cwd=checkout(),
        stdout=asyncio.subprocess.PIPE,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
    )
    output, _ = await process.communicate()
    return output.decode().splitlines()
