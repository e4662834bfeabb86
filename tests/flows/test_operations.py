"""The doorstep command on the running system."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from doorstep_contracts import directory
from doorstep_contracts.base import PublicEvent
from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode, load_topics, topic_of
from doorstep_local.services import Doorstep
from operations.main import app
from typer.testing import CliRunner

from .scene import Scene


@dataclass(frozen=True)
class Told:
    """What the command said, and its exit code."""

    code: int
    json: Any


Command = Callable[..., Told]


@pytest.fixture
def doorstep_command(doorstep: Doorstep, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("DOORSTEP_STACK", str(doorstep.stack.directory / "stack.json"))

    def run(*words: str) -> Told:
        result = CliRunner().invoke(app, [*words, "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Told(result.exit_code, json.loads(result.stdout) if result.stdout else None)

    return run


def confirmed(scene: Scene) -> str:
    scene.known(scene.contact())
    request = scene.draft(scene.contact())
    assert scene.launch(request)["state"] == "confirmed"
    scene.until(lambda: len(scene.visits(request)), 1)
    return request


def test_all_topics_are_as_declared(doorstep_command: Command) -> None:
    assert doorstep_command("topics", "diff") == Told(0, [])


def test_every_declared_consumer_catches_up(scene: Scene, doorstep_command: Command) -> None:
    confirmed(scene)
    scene.until(lambda: [row for row in doorstep_command("lag").json if row["behind"]], [])

    rows = doorstep_command("lag", "--max", "0")

    read = {(row["consumer"].partition("@")[0], row["topic"]) for row in rows.json}
    assert rows.code == 0
    assert read >= {(consumer, topic.name) for topic in load_topics().values() for consumer in topic.consumers}
    assert {row["consumer"] for row in rows.json if row["consumer"].endswith(".relay")} == {
        f"{service}.relay" for service in ("request-intake", "client-directory", "dispatch", "scheduling")
    }


def test_a_stream_is_shown_across_services_without_personal_data(scene: Scene, doorstep_command: Command) -> None:
    request = confirmed(scene)

    shown = doorstep_command("streams", "show", request)

    assert shown.code == 0
    services = {"request-intake", "client-directory", "dispatch", "scheduling", "gateway"}
    assert {row["service"] for row in shown.json} == services
    public = [kind.split(".")[-2] for row in shown.json for kind in row["public"]]
    assert set(public) >= {"RequestDrafted", "ClientResolved", "WorkerAssigned", "SlotHeld", "VisitScheduled"}
    assert [row["time"] for row in shown.json] == sorted(row["time"] for row in shown.json)
    assert not any(text in json.dumps(shown.json) for text in scene.contact().values())


def test_a_subject_that_nothing_names_is_a_problem(doorstep_command: Command) -> None:
    assert doorstep_command("streams", "show", str(uuid4())) == Told(1, [])


def test_every_view_rebuilt_is_the_same(scene: Scene, doorstep_command: Command) -> None:
    request = confirmed(scene)
    scene.quiet()
    scene.until(lambda: [row for row in doorstep_command("lag").json if row["behind"]], [])
    views = doorstep_command("views", "status").json
    assert {f"{view['service']}/{view['name']}" for view in views} >= {"gateway/board", "request-intake/timers"}

    rebuilt = [doorstep_command("views", "rebuild", f"{view['service']}/{view['name']}") for view in views]

    assert [(told.code, told.json["same"]) for told in rebuilt] == [(0, True)] * len(views)
    assert [told.json["after"] for told in rebuilt] == [view["checksum"] for view in views]
    assert confirmed_again(scene) != request


def confirmed_again(scene: Scene) -> str:
    """The live views go on after the swap."""
    request = scene.draft(scene.contact(), start=scene.monday(14))
    assert scene.launch(request)["state"] == "confirmed"
    scene.until(
        lambda: [card["state"] for card in scene.operator.get("/board").body["requests"]], ["confirmed", "confirmed"]
    )
    scene.until(lambda: len(scene.calendar(scene.camille)), 2)
    return request


def send(bootstrap: str, event: PublicEvent, *, source: str, sequence: int, value: bytes | None = None) -> None:
    """Put a record into the event's topic, as the relay of `source` would."""
    envelope = Envelope(
        id=str(uuid4()),
        source=source,
        type=type(event).ce_type,
        time=datetime.now(UTC),
        subject=event.subject,
        dataschema=type(event).dataschema,
        sequence=sequence,
        correlation_id=str(uuid4()),
        causation_id=str(uuid4()),
    )

    async def produce() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap.split(","))
        await producer.start()
        await producer.send_and_wait(
            topic_of(type(event)).name,
            encode(event) if value is None else value,
            key=envelope.key,
            headers=to_headers(envelope),
        )
        await producer.stop()

    asyncio.run(produce())


def test_what_cannot_be_handled_is_parked_shown_kept_and_discarded(
    scene: Scene, doorstep: Doorstep, doorstep_command: Command
) -> None:
    # The client of a request that intake has never heard of, from a source of its own.
    stray = directory.ClientResolved(
        organisation_id=scene.organisation_id, request_id=uuid4(), client_id=uuid4(), known=True
    )
    send(doorstep.stack.bootstrap, stray, source=f"/doorstep/test/{uuid4()}", sequence=1)

    def listed() -> list[Any]:
        rows = doorstep_command("dead-letters", "list", "--service", "request-intake").json
        return [row for row in rows if row["subject"] == str(stray.request_id)]

    scene.until(lambda: [row["reason"] for row in listed()], ["request_not_found"])
    (row,) = listed()
    letter = row["letter"]

    assert doorstep_command("dead-letters", "list").code == 1
    assert doorstep_command("dead-letters", "show", letter).json == row
    assert (row["consumer"], row["event_type"]) == ("request-intake.reactions", directory.ClientResolved.ce_type)

    planned = doorstep_command("dead-letters", "redrive", letter, "--dry-run")
    assert (planned.code, [each["state"] for each in planned.json]) == (0, ["would be redriven"])
    redriven = doorstep_command("dead-letters", "redrive", letter)
    assert (redriven.code, redriven.json[0]["state"]) == (1, "open")
    assert "request_not_found" in redriven.json[0]["refusal"]
    assert doorstep_command("dead-letters", "show", letter).json["attempts"] == 1

    assert doorstep_command("dead-letters", "discard", letter) == Told(
        0, [{"letter": letter, "state": "discarded", "refusal": None}]
    )
    assert listed() == []
    assert doorstep_command("dead-letters", "show", letter).json["state"] == "discarded"


def test_what_cannot_even_be_read_is_parked_by_every_reader(
    scene: Scene, doorstep: Doorstep, doorstep_command: Command
) -> None:
    event = directory.ClientResolved(
        organisation_id=scene.organisation_id, request_id=uuid4(), client_id=uuid4(), known=True
    )
    send(doorstep.stack.bootstrap, event, source=f"/doorstep/test/{uuid4()}", sequence=1, value=b"{Jeanne Moulin")

    def listed() -> list[Any]:
        rows = doorstep_command("dead-letters", "list").json
        return [row for row in rows if row["subject"] == str(event.request_id)]

    readers = ("gateway.reactions", "gateway.view.board@2", "gateway.view.history@1", "request-intake.reactions")
    scene.until(
        lambda: sorted((row["consumer"], row["reason"]) for row in listed()),
        [(reader, "invalid_json") for reader in readers],
    )
    assert "Moulin" not in json.dumps(listed())
    told = doorstep_command("dead-letters", "discard", *(row["letter"] for row in listed()))
    assert (told.code, [row["state"] for row in told.json]) == (0, ["discarded"] * len(readers))


def test_an_organisation_is_added_once_with_an_operator_who_may_act(
    doorstep: Doorstep, scene: Scene, doorstep_command: Command
) -> None:
    slug = f"added-{uuid4().hex[:8]}"
    words = ("organisations", "add", slug, "--operator", f"{slug}-odile", "--workers-may-create")

    first, second = doorstep_command(*words), doorstep_command(*words)

    assert (first.code, second.code, first.json) == (0, 0, second.json)
    settings = scene.door.person(f"{slug}-odile").get("/settings")
    assert (settings.status, settings.body["workers_may_create"]) == (200, True)
    taken = doorstep_command("organisations", "add", slug, "--operator", "x", "--time-zone", "Indian/Reunion")
    assert taken.code == 1
