"""Doorstep's own processes on a local stack: the issuer of tokens, and the services, one process each."""

import asyncio
import base64
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from doorstep_chassis.clock import ShiftedClock
from doorstep_chassis.signing import make_key
from doorstep_contracts.registry import load_topics
from gateway.own_tokens import OwnTokens
from operations.people import add_people
from operations.stack_file import ServiceAddress, StackFile
from pydantic import SecretStr

from doorstep_local.places import free_port, make_directory
from doorstep_local.stack import ServiceSpec, Stack
from doorstep_local.topics import TopicDeclaration

MODULES: Mapping[str, str] = {
    "request-intake": "request_intake",
    "client-directory": "client_directory",
    "dispatch": "dispatch",
    "scheduling": "scheduling",
    "gateway": "gateway",
}
"""Every service and its package; the gateway last, because it alone needs to know where the others are."""

AUDIENCE = "doorstep"
OPERATIONS = "doorstep"
"""The login of the command that operators of the system use; it speaks for a service."""

ONE_MACHINE_PLAYS_EVERYBODY: Mapping[str, str] = {
    f"DOORSTEP_{kind}_A_MINUTE": "100000" for kind in ("READS", "WRITES", "VISITS", "ENTRIES", "FAILURES")
}
"""Stories, tests and measurements ask, in the name of few and from one address, what a town asks in a day."""


class BrokerNotEmpty(Exception):
    """The broker holds records of an older stack, whose logs these new databases do not have.

    New logs begin at 1, and what stands below the sequence of a record that was handled counts as handled: nothing new
    would ever be taken.
    """

    code = "broker_not_empty"


def declared_topics() -> list[TopicDeclaration]:
    """The topics of the contracts, as they are to be made."""
    return [TopicDeclaration(topic.name, topic.partitions, topic.config) for topic in load_topics().values()]


class Doorstep:
    """All services of Doorstep on one stack, with an issuer, keys and a clock of their own.

    `environment` adds variables to single services, by name: `{"dispatch": {"DOORSTEP_FAILPOINTS": "…"}}`.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        database_prefix: str = "doorstep_",
        environment: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.stack = stack
        self._prefix = database_prefix
        self._environment = environment or {}
        self._directory = make_directory(stack.directory.resolve())
        self._ports = {name: free_port() for name in (*MODULES, "issuer", "mail", "smtp")}
        self.people_file = self._directory / "people.json"
        self.clock_file = self._directory / "clock"
        self._door_key = self._directory / "door-key.pem"

    @property
    def url(self) -> str:
        """The public door."""
        return self.url_of("gateway")

    @property
    def issuer(self) -> str:
        """The issuer of tokens."""
        return self.url_of("issuer")

    @property
    def mail(self) -> str:
        """Where every mail of this stack is shown."""
        return self.url_of("mail")

    def url_of(self, name: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def database(self, name: str) -> str:
        """The name of a service's database."""
        return self._prefix + MODULES[name]

    @property
    def file(self) -> StackFile:
        """Where everything is, for the `doorstep` command."""
        return StackFile(
            bootstrap=self.stack.bootstrap,
            services={
                name: ServiceAddress(
                    url=self.url_of(name), database_url=SecretStr(self.stack.postgres.url(self.database(name)))
                )
                for name in MODULES
            },
            issuer=self.issuer,
            login=OPERATIONS,
            people_file=self.people_file,
            clock_file=self.clock_file,
        )

    def own_tokens(self) -> OwnTokens:
        """What the gateway signs, for whoever plays a client without the e-mail that leads them in."""
        return OwnTokens(self._door_key, issuer=self.url, audience=AUDIENCE, clock=ShiftedClock(self.clock_file))

    def start(self) -> None:
        """Start the stack and every service on it, and write `stack.json` beside their logs.

        Errors: BrokerNotEmpty; ProcessCrashed with the end of a log.
        """
        make_key(self._door_key)
        self.people_file.write_text("[]", encoding="utf-8")
        self.add_people({OPERATIONS: {"sub": uuid4(), "role": "service"}})
        self.stack.start(databases=[self.database(name) for name in MODULES], topics=declared_topics())
        if any(_has_no_log(service.database_url.get_secret_value()) for service in self.file.services.values()):
            _require_empty(self.stack.bootstrap)
        self.stack.run(self.specs())
        self.file.write(self._directory / "stack.json")

    def specs(self) -> Sequence[ServiceSpec]:
        """The processes."""
        common = self._common()
        issuer = ServiceSpec(
            "issuer",
            (sys.executable, "-m", "doorstep_chassis.issuer"),
            {
                **common,
                "DOORSTEP_HTTP_PORT": str(self._ports["issuer"]),
                "DOORSTEP_ISSUER_DATA_DIR": str(self._directory / "issuer"),
                "DOORSTEP_ISSUER_PEOPLE_FILE": str(self.people_file),
            },
            f"{self.issuer}/readyz",
        )
        ports = ("--smtp-port", str(self._ports["smtp"]), "--http-port", str(self._ports["mail"]))
        mail = ServiceSpec(
            "mail", (sys.executable, "-m", "doorstep_local.mail", *ports), ready_url=f"{self.mail}/readyz"
        )
        return [issuer, mail, *(self._spec(name, common) for name in MODULES)]

    def _spec(self, name: str, common: Mapping[str, str]) -> ServiceSpec:
        return ServiceSpec(
            name,
            (sys.executable, "-m", f"{MODULES[name]}.main"),
            {
                **common,
                "DOORSTEP_SERVICE": name,
                "DOORSTEP_HTTP_PORT": str(self._ports[name]),
                "DOORSTEP_DATABASE_URL": self.stack.postgres.url(self.database(name)),
                **(ONE_MACHINE_PLAYS_EVERYBODY if name == "gateway" else {}),
                **self._environment.get(name, {}),
            },
            f"{self.url_of(name)}/readyz",
        )

    def _common(self) -> dict[str, str]:
        keys = self._keys()
        return {
            "DOORSTEP_ENVIRONMENT": "development",
            "DOORSTEP_ISSUER": self.issuer,
            "DOORSTEP_AUDIENCE": AUDIENCE,
            "DOORSTEP_DOOR_ISSUER": self.url,
            "DOORSTEP_DOOR_JWKS": f"{self.url}/.well-known/jwks.json",
            "DOORSTEP_DOOR_KEY": str(self._door_key),
            "DOORSTEP_KAFKA_BOOTSTRAP_SERVERS": self.stack.bootstrap,
            "DOORSTEP_CLOCK_FILE": str(self.clock_file),
            "DOORSTEP_KEK": keys["kek"],
            "DOORSTEP_KEK_ID": "local-1",
            "DOORSTEP_SMTP_HOST": "127.0.0.1",
            "DOORSTEP_SMTP_PORT": str(self._ports["smtp"]),
            "DOORSTEP_SMTP_TLS": "none",
            "DOORSTEP_MAIL_FROM": "bonjour@doorstep.example",
            # One arena: a service is one thread at work, and more of them only hold on to memory.
            "MALLOC_ARENA_MAX": "1",
            "DOORSTEP_HMAC_KEY": keys["hmac"],
            **{f"DOORSTEP_{MODULES[name].upper()}_URL": self.url_of(name) for name in MODULES if name != "gateway"},
        }

    def _keys(self) -> Mapping[str, str]:
        """Keys made for this stack, kept so that what it sealed can be read when it starts again."""
        file = self._directory / "keys.json"
        if not file.exists():
            file.touch(mode=0o600)
            made = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in ("kek", "hmac")}
            file.write_text(json.dumps(made), encoding="ascii")
        keys: dict[str, str] = json.loads(file.read_text("ascii"))
        return keys

    def add_people(self, people: Mapping[str, Mapping[str, UUID | str]]) -> None:
        """Let the issuer know these people, by login."""
        add_people(self.people_file, people)


def _has_no_log(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT to_regclass('stored_events') IS NULL").fetchone() == (True,)


def _require_empty(bootstrap: str) -> None:
    with ThreadPoolExecutor(1) as aside:  # the caller may have an event loop of its own in this thread
        held = aside.submit(asyncio.run, _topics_with_records(bootstrap)).result()
    if held:
        raise BrokerNotEmpty(
            f"the topics {', '.join(held)} hold records of an older stack; use an empty broker, or that stack's databases"
        )


async def _topics_with_records(bootstrap: str) -> list[str]:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","))
    await consumer.start()
    try:
        places = [
            TopicPartition(topic.name, number) for topic in load_topics().values() for number in range(topic.partitions)
        ]
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    return sorted({place.topic for place, end in ends.items() if end})


def write_pointer(doorstep: Doorstep, pointer: Path) -> None:
    """Let `doorstep` find this stack without being told: the newest one that runs is the one it means."""
    doorstep.file.write(make_directory(pointer.parent) / pointer.name)


def remove_pointer(doorstep: Doorstep, pointer: Path) -> None:
    """Take it away again, unless another stack has been started since."""
    if pointer.exists() and json.loads(pointer.read_text("utf-8"))["issuer"] == doorstep.issuer:
        pointer.unlink()
