"""Rows 17, 18 and 20: what no service of ours would send, what a later one will, and what arrives in any order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from doorstep_chassis.clock import SystemClock
from doorstep_chassis.consumer.engine import Engine, Handler
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.consumer.redrive import Redriver
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Partition
from hypothesis import given, settings
from hypothesis import strategies as st

from . import notes
from .stack import App, Stack, until
from .topic import DECODER, Headers, Producer, headers, noted

KIND = notes.PublicNoted.ce_type
POISON: Mapping[str, tuple[Headers, bytes, str]] = {
    "raw": ([], b"\x00\xff not ours", "missing_header"),
    "null-header": (headers("null-header", 10, ce_type=None), noted("null-header", 0), "null_header"),
    "no-text": (headers("no-text", 20, ce_type=b"\xff\xfe"), noted("no-text", 0), "header_not_utf8"),
    "bad-json": (headers("bad-json", 30), b'{"key": ', "invalid_json"),
    "bad-schema": (
        headers("bad-schema", 40),
        noted("bad-schema", 0).replace(b'"number"', b'"numero"'),
        "invalid_schema:missing:number",
    ),
}
"""By its subject, or key: what stands in the topic, and the reason by which it is parked. Sequences go up by ten."""

BEHIND = "behind_parked_record"


async def read_to(stack: Stack, offset: int) -> None:
    """Wait until the reader has handled partition 0 up to this offset, as Kafka is told."""

    async def there() -> bool:
        return (await stack.committed_lag())[0] == 0

    assert len(await stack.records()) == offset
    await until(there, "the reader handles all of partition 0")


async def waiting(stack: Stack) -> dict[str, list[tuple[int, str]]]:
    """The open dead letters: id and reason, by whom they concern, oldest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for letter in await stack.stores["reader"].open_letters(stack.consumer):
        found.setdefault(letter.parked.subject or letter.parked.block_key or "", []).append(
            (letter.id, letter.parked.reason)
        )
    return found


async def settle(operator: httpx.AsyncClient, letter: int, act: str) -> tuple[int, str]:
    """What the service answers to an act on a dead letter: the status, and the state or the code of the refusal."""
    answer = await operator.post(f"/dead-letters/{letter}/{act}")
    body = answer.json()
    return answer.status_code, body["state"] if answer.status_code == 200 else body["code"]


async def test_poison_is_parked_once_and_only_its_own_subject_waits(stack: Stack, producer: Producer) -> None:
    """Row 17: raw bytes without headers, null or non-UTF-8 header, bad JSON, wrong schema."""
    (reader,) = await stack.started("reader")
    # given poison of each kind, each followed by good records of its own subject and of another
    await producer.send([], None, b"nobody's")
    for count, (subject, (said, value, _)) in enumerate(POISON.items()):
        await producer.send(said, subject.encode(), value)
        await producer.note(10 * count + 1, subject, 1)
        await producer.note(10 * count + 2, "other", count)
        end = await producer.note(10 * count + 3, subject, 2) + 1
    # when they are read, and once more by a process that starts anew
    await read_to(stack, end)
    reader.kill()
    await reader.start()
    await producer.note(80, "other", len(POISON))
    await read_to(stack, end + 1)
    # then each stands parked once, with what came behind it, and nothing else does
    parked = await waiting(stack)
    assert {whom: [reason for _, reason in letters] for whom, letters in parked.items()} == {
        "": ["missing_header"],
        **{subject: [reason, BEHIND, BEHIND] for subject, (_, _, reason) in POISON.items()},
    }
    assert await stack.heard() == {"other": [0, 1, 2, 3, 4, 5]}
    # and each goes on in order once the poison is discarded
    async with stack.operator(reader) as operator:
        for subject in POISON:
            (poison, _), (first, _), (second, _) = parked[subject]
            assert await settle(operator, poison, "redrive") == (409, "dead_letter_still_refused")
            assert await settle(operator, second, "redrive") == (409, "older_dead_letter_open")
            assert await settle(operator, poison, "discard") == (200, "discarded")
            assert await settle(operator, first, "redrive") == (200, "applied")
            assert await settle(operator, first, "redrive") == (409, "dead_letter_closed")
            assert await settle(operator, second, "redrive") == (200, "applied")
        assert await settle(operator, parked[""][0][0], "discard") == (200, "discarded")
    for count, subject in enumerate(POISON):
        await producer.note(90 + count, subject, 3)
    await read_to(stack, end + 1 + len(POISON))
    assert await stack.parked() == []
    assert await stack.heard() == {"other": [0, 1, 2, 3, 4, 5], **{subject: [1, 2, 3] for subject in POISON}}


async def test_what_was_refused_goes_on_in_order_once_the_reader_is_mended(stack: Stack, producer: Producer) -> None:
    """Row 17: a permanent refusal of the reaction, redriven by a newer version of the service."""
    await stack.started("reader")
    # given a refused note in the middle, and a subject that waits behind it
    for number in range(5):
        await producer.send(headers("k", 2 * number + 1), b"k", noted("k", number, unwelcome=number == 2))
        await producer.note(2 * number + 2, "other", number)
    await read_to(stack, 10)
    assert await stack.heard() == {"k": [0, 1], "other": [0, 1, 2, 3, 4]}
    assert await stack.parked() == ["faults_not_heard", BEHIND, BEHIND]
    # when a mended version takes them, while the subject is still spoken of
    mended: Mapping[type, Handler] = {notes.PublicNoted: notes.hear_all}
    redriver = Redriver(stack.consumer, stack.stores["reader"], mended, DECODER, SystemClock().now)
    letters = [letter for letter, _ in (await waiting(stack))["k"]]
    assert await redriver.redrive(letters[0]) == "applied"
    await producer.note(11, "k", 5)
    await read_to(stack, 11)
    assert await stack.parked() == [BEHIND, BEHIND, BEHIND]
    for letter, _ in (await waiting(stack))["k"]:
        assert await redriver.redrive(letter) == "applied"
    await producer.note(12, "k", 6)
    await read_to(stack, 12)
    # then all is heard in order
    assert await stack.heard() == {"k": [0, 1, 2, 3, 4, 5, 6], "other": [0, 1, 2, 3, 4]}
    assert await stack.parked() == []


async def counted(app: App, metric: str) -> list[str]:
    """The lines of one metric, as the process tells them."""
    async with httpx.AsyncClient(base_url=app.url) as client:
        return [line for line in (await client.get("/metrics")).text.splitlines() if line.startswith(metric)]


async def test_a_schema_from_the_future_is_read_skipped_or_parked(stack: Stack, producer: Producer) -> None:
    """Row 18: an unknown field is fine, an unknown type skipped with a count, an unknown version parked."""
    (reader,) = await stack.started("reader")
    later = KIND.replace(".v1", ".v2")
    # given an unknown field, an unknown type twice, and an unknown version, with good records between them
    await producer.send(headers("field", 1), b"field", noted("field", 1, mood="bright"))
    await producer.send(headers("type", 2, "doorstep.faults.Whispered.v1"), b"type", noted("type", 1))
    await producer.note(3, "type", 2)
    await producer.send(headers("type", 4, "doorstep.faults.Whispered.v2"), b"type", b"not even JSON")
    await producer.send(headers("version", 5, later), b"version", noted("version", 1))
    await producer.note(6, "version", 2)
    await producer.note(7, "field", 2)
    await producer.note(8, "type", 3)
    # when they are read
    await read_to(stack, 8)
    # then only the unknown version stands parked, with its subject behind it
    assert await waiting(stack) == {"version": [(1, "unknown_version"), (2, BEHIND)]}
    assert await stack.heard() == {"field": [1, 2], "type": [2, 3]}
    # and all of it is counted
    assert await counted(reader, "doorstep_unknown_type") == [
        f'doorstep_unknown_type_total{{consumer="{stack.consumer}"}} 2.0'
    ]
    assert sorted(await counted(reader, "doorstep_parked_total")) == [
        f'doorstep_parked_total{{consumer="{stack.consumer}",reason="{BEHIND}"}} 1.0',
        f'doorstep_parked_total{{consumer="{stack.consumer}",reason="unknown_version"}} 1.0',
    ]


PARTITIONS = 2


@dataclass
class Relays:
    """What two relays make of one log: each sends it in order, from any place whose records are all acknowledged on.

    A batch waits on the wire, partition by partition: the other relay's may land first, and that of a relay which has
    been restarted, or deposed, still lands.
    """

    log: list[str]
    """The subject of each event; its position is its sequence."""
    topic: list[list[Record]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    acknowledged: int = 0
    _cursors: list[int] = field(default_factory=lambda: [0, 0])
    _wires: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def send(self, relay: int, count: int) -> None:
        """Put its next events on the wire, unless its last ones are not acknowledged."""
        if not any(self._wire(relay, number) for number in range(PARTITIONS)):
            begin = self._cursors[relay]
            self._cursors[relay] = min(begin + count, len(self.log))
            for position in range(begin, self._cursors[relay]):
                self._wire(relay, self._home(position)).append(position)

    def land(self, relay: int, number: int, count: int) -> None:
        """Let what waits longest reach a partition."""
        wire = self._wire(relay, number)
        for position in wire[:count]:
            subject = self.log[position]
            said = tuple(headers(subject, position + 1))
            place = Partition("notes.v1", number)
            offset = len(self.topic[number])
            value = noted(subject, position)
            self.topic[number].append(Record(place, 1, offset, subject.encode(), said, value))
        del wire[:count]
        if not any(self._wire(relay, each) for each in range(PARTITIONS)):
            self.acknowledged = max(self.acknowledged, self._cursors[relay])

    def restart(self, relay: int, position: int) -> None:
        """Begin again at a stored position; what was on the wire lands first, or is lost with all behind it."""
        for number in range(PARTITIONS):
            self._wire(relay, number).clear()
        self._cursors[relay] = min(position, self.acknowledged)

    def finish(self) -> None:
        """The first relay sends the rest."""
        for relay in (1, 0):
            for number in range(PARTITIONS):
                self.land(relay, number, len(self.log))
        self.restart(0, self.acknowledged)
        self.send(0, len(self.log))
        for number in range(PARTITIONS):
            self.land(0, number, len(self.log))

    def _wire(self, relay: int, number: int) -> list[int]:
        return self._wires.setdefault((relay, number), [])

    def _home(self, position: int) -> int:
        return ord(self.log[position]) % PARTITIONS


RELAY, NUMBER, COUNT = st.integers(0, 1), st.integers(0, PARTITIONS - 1), st.integers(1, 6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), RELAY, COUNT),
        st.tuples(st.just("land"), RELAY, NUMBER, COUNT),
        st.tuples(st.just("restart"), RELAY, st.integers(0, 20)),
        st.tuples(st.just("read"), st.lists(COUNT, min_size=PARTITIONS, max_size=PARTITIONS)),
        st.tuples(st.just("save")),
        st.tuples(st.just("begin anew")),
    ),
    min_size=20,
    max_size=80,
)


async def read(at: Engine, topic: list[list[Record]], counts: list[int]) -> None:
    """Hand over so many records of each partition, from where the engine stands."""
    batches = {}
    for number, count in enumerate(counts):
        place = Partition("notes.v1", number)
        begin = at.position(place)
        if records := topic[number][begin : begin + count]:
            batches[place] = records
    if batches:
        await at.handle(batches)


async def begun(store: MemoryStore) -> Engine:
    """A reader that has just started on what is in its store."""
    made = Engine("reader.reactions", store, notes.REACTIONS, DECODER, SystemClock().now)
    for number in range(PARTITIONS):
        await made.assign(Partition("notes.v1", number), 1)
    return made


@settings(max_examples=200, deadline=None)
@given(log=st.lists(st.sampled_from("abc"), min_size=3, max_size=20), steps=STEPS)
async def test_whatever_two_relays_make_of_a_log_each_event_is_heard_once_and_in_order(
    log: list[str], steps: list[tuple[Any, ...]]
) -> None:
    """Row 20: duplicates, old records, any interleaving of two relays' output, any split into reads, restarts between."""
    relays, store = Relays(log), MemoryStore()
    engine = await begun(store)
    for name, *values in steps:
        match name:
            case "read":
                await read(engine, relays.topic, *values)
            case "save":
                await engine.save()
            case "begin anew":
                engine = await begun(store)
            case _:
                getattr(relays, name)(*values)
    relays.finish()
    await read(engine, relays.topic, [len(records) for records in relays.topic])
    heard: dict[str, list[int]] = {}
    for entry in await store.log_after(0, 1_000):
        assert isinstance(entry.event, notes.Heard)
        heard.setdefault(entry.event.key, []).append(entry.event.number)
    assert heard == {
        subject: [position for position, each in enumerate(log) if each == subject] for subject in set(log)
    }
    assert await store.letters() == []
