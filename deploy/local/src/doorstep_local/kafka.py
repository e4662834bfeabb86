"""Apache Kafka 4.4 (KRaft) from its jars on a Java runtime: one node, or three that elect a leader."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from doorstep_local.jars import KAFKA_VERSION, Report, kafka_jars
from doorstep_local.java import Java, find_java
from doorstep_local.places import free_port, make_directory
from doorstep_local.process import ManagedProcess, ProcessCrashed

_HOST = "127.0.0.1"
_READY_SECONDS = 60
_STARTS = 5
_PORT_TAKEN = "Address already in use"
_STARTED = "Kafka Server started"

_LOG_SETTINGS = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = INFO
"""


@dataclass(frozen=True)
class _Node:
    """One combined broker and controller: its number from 1, its ports, and the process that is it."""

    number: int
    directory: Path
    port: int
    controller_port: int
    directory_id: str
    process: ManagedProcess

    @property
    def settings(self) -> Path:
        return self.directory / "server.properties"


class LocalKafka:
    """A broker of our own under `directory`, which must be new or empty when it first starts.

    Its ports stay the same when it starts again, and so does its data. With `nodes=3` each topic can have three copies
    and the loss of one node is survived. Methods that take a `node` act on that node (numbered from 1), or on all when
    it is None.
    """

    version = KAFKA_VERSION

    def __init__(self, directory: Path, nodes: int = 1, *, report: Report = print) -> None:
        if nodes not in {1, 3}:
            raise ValueError("a local Kafka has one node or three")
        self.directory = directory.resolve()
        self.size = nodes
        self._report = report
        self._nodes: tuple[_Node, ...] = ()
        self._java: Java | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` of every node, comma-separated, as clients take it."""
        if not self._nodes:
            raise RuntimeError("this Kafka was not started")
        return ",".join(f"{_HOST}:{node.port}" for node in self._nodes)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the nodes that run, in the order of their numbers."""
        return tuple(node.process.pid for node in self._nodes if node.process.is_running)

    @property
    def description(self) -> str:
        """What it is and what it runs on, with versions."""
        size = "one node" if self.size == 1 else f"{self.size} nodes"
        return f"Apache Kafka {self.version}, {size}, on {self._java}" if self._java else f"Apache Kafka {self.version}"

    def start(self) -> None:
        """Starts the nodes and waits until each serves; raises `ProcessCrashed` or `ProcessNotReady` with its log."""
        first_time = not self._nodes
        if first_time and self.directory.exists() and any(self.directory.iterdir()):
            raise FileExistsError(f"{self.directory} is not empty; a new broker does not take over another one's data")
        for attempt in range(1, _STARTS + 1):
            if first_time:
                self._lay_out()
            try:
                self._start_nodes()
            except ProcessCrashed as crash:
                self.kill()
                # Another program can take a port between our choice and the broker's start.
                if attempt == _STARTS or _PORT_TAKEN not in crash.last_lines:
                    raise
            except BaseException:
                self.kill()
                raise
            else:
                return

    def stop(self, node: int | None = None) -> None:
        """Stops cleanly; a node that has no quorum any more does not answer and is killed after a grace."""
        chosen = self._chosen(node)
        for each in chosen:
            each.process.ask_to_stop()
        for each in chosen:
            each.process.stop()

    def kill(self, node: int | None = None) -> None:
        """Ends it by SIGKILL."""
        for each in self._chosen(node):
            each.process.kill()

    def restart(self, node: int | None = None) -> None:
        """Starts again what was stopped, killed or still runs, on the same ports and data."""
        chosen = self._chosen(node)
        self.stop(node)
        self._start_nodes(chosen)

    def pause(self, node: int | None = None) -> None:
        """Freezes it by SIGSTOP: connections stay open and nothing answers."""
        for each in self._chosen(node):
            each.process.pause()

    def resume(self, node: int | None = None) -> None:
        """Lets it go on by SIGCONT."""
        for each in self._chosen(node):
            each.process.resume()

    def check(self) -> None:
        """Raises `ProcessCrashed` when a node ended by itself."""
        for node in self._nodes:
            node.process.check()

    def _chosen(self, node: int | None) -> Sequence[_Node]:
        return self._nodes if node is None else [self._nodes[node - 1]]

    def _lay_out(self) -> None:
        """Chooses ports, writes the settings and formats the data directories of a new cluster."""
        self._java = self._java or find_java()
        jars = kafka_jars(self._report)
        make_directory(self.directory)
        (self.directory / "log4j2.properties").write_text(_LOG_SETTINGS, encoding="utf-8")
        self._nodes = tuple(self._plan(number, self._java, jars) for number in range(1, self.size + 1))
        for node in self._nodes:
            node.settings.write_text(_properties(node, self._nodes), encoding="utf-8")
        self._format(self._java, jars)

    def _plan(self, number: int, java: Java, jars: Path) -> _Node:
        directory = self.directory / f"node-{number}"
        shutil.rmtree(directory, ignore_errors=True)  # of an earlier try, whose ports were taken
        make_directory(directory)
        command = [
            str(java.launcher),
            *("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            f"-Dlog4j2.configurationFile={self.directory / 'log4j2.properties'}",
            *("-cp", f"{jars}/*", "kafka.Kafka", str(directory / "server.properties")),
        ]
        process = ManagedProcess(f"kafka-{number}", command, directory=self.directory, grace=10)
        return _Node(number, directory, free_port(), free_port(), _uuid22(), process)

    def _format(self, java: Java, jars: Path) -> None:
        cluster = _uuid22()
        if self.size == 1:
            quorum = ["--standalone"]
        else:
            voters = (f"{n.number}@{_HOST}:{n.controller_port}:{n.directory_id}" for n in self._nodes)
            quorum = ["--initial-controllers", ",".join(voters)]

        def format_one(node: _Node) -> None:
            command = [str(java.launcher), "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
            command += ["-cp", f"{jars}/*", "kafka.tools.StorageTool", "format", *quorum]
            command += ["-t", cluster, "-c", str(node.settings)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                raise RuntimeError(f"Kafka could not format {node.directory}:\n{done.stdout}{done.stderr}")

        with ThreadPoolExecutor(self.size) as pool:
            list(pool.map(format_one, self._nodes))

    def _start_nodes(self, nodes: Sequence[_Node] | None = None) -> None:
        chosen = self._nodes if nodes is None else nodes
        for node in chosen:
            node.process.start()
        for node in chosen:
            node.process.wait_ready(_serves(node), timeout=_READY_SECONDS)


class ExternalKafka:
    """A broker that somebody else runs, named by its bootstrap servers; we neither start nor stop it."""

    version = "of its own"

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    @property
    def description(self) -> str:
        """What it is; a broker does not tell its version."""
        return f"the Kafka at {self.bootstrap}"

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing of ours to stop."""

    def check(self) -> None:
        """Nothing of ours to watch."""


Kafka = LocalKafka | ExternalKafka


def kafka_at(place: str, directory: Path, *, nodes: int = 1, report: Report = print) -> Kafka:
    """The broker that `--broker` names: `local`, or bootstrap servers."""
    return LocalKafka(directory, nodes, report=report) if place == "local" else ExternalKafka(place)


def _serves(node: _Node) -> Callable[[], bool]:
    """The log says so only after the node has joined the cluster; its port opens before that."""
    return lambda: _STARTED in node.process.output()


def _uuid22() -> str:
    """A random id as Kafka writes them; one that starts with a dash would be read as an option."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if not text.startswith("-") else _uuid22()


def _properties(node: _Node, nodes: Sequence[_Node]) -> str:
    copies = len(nodes)
    listeners = f"PLAINTEXT://{_HOST}:{node.port},CONTROLLER://{_HOST}:{node.controller_port}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.bootstrap.servers": ",".join(f"{_HOST}:{each.controller_port}" for each in nodes),
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": node.directory / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": min(copies, 2),
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": min(copies, 2),
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": min(copies, 2),
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 2,
        "group.initial.rebalance.delay.ms": 0,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
        "log.cleaner.dedupe.buffer.size": 16_777_216,
        # After SIGKILL a broker is let in again only when its old session has run out.
        "broker.session.timeout.ms": 3_000 if copies == 1 else 6_000,
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())
