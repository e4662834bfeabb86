"""The processes of a history: each runs the chassis' own code on its own view of the store and the broker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doorstep_chassis.consumer.engine import Handler, PoisonLimit, Transient, WrongGeneration
from doorstep_chassis.consumer.redrive import AlreadyClosed, NotOldest, StillRefused
from doorstep_chassis.errors import Unavailable
from doorstep_chassis.relay import RelayDeposed
from doorstep_chassis.remembered import Remembered
from doorstep_chassis.store.model import Partition, StoreConflict, StoreUnavailable
from doorstep_chassis.units import Answer, IdempotencyKey, Units
from doorstep_chassis.work import Work

from .ports import BrokerAway, SimulatedPublisher
from .stream import (
    DECODERS,
    HEARD,
    NEW,
    NOTES,
    ORGANISATION,
    PUBLICATION,
    TOPIC,
    Noted,
    Shut,
    Surroundings,
    reactions,
    view,
)

if TYPE_CHECKING:
    from .history import History

CONSUMERS: Mapping[str, Callable[[int, Surroundings], Mapping[type, Handler]]] = {
    "reader.reactions": reactions,
    "reader.view.seen@1": view,
}
NEVER_STOP = PoisonLimit(share=2)
REMEMBERS = 2
"""Streams: fewer than there are keys."""


class Process:
    """Something that can die."""

    def __init__(self, history: "History", name: str) -> None:
        self.history = history
        self.name = name
        self.alive = True
        self.busy = 0


class RelayProcess(Process):
    """One instance of a source's relay. It believes in its lock until the store tells it otherwise."""

    def __init__(self, history: "History", source: str, code: int, name: str) -> None:
        super().__init__(history, name)
        self.source = source
        self.took = False
        self.publishing = self.storing = False
        plan, new = history.plan, code == NEW
        publisher = SimulatedPublisher(
            history.broker,
            history.rng,
            history.known,
            other_bytes=plan.other_bytes and new,
            mends=plan.mends and new,
        )
        self.generations = {TOPIC: history.broker.generation}
        self.relay = history.parts.relay(
            source,
            history.writers[source],
            publisher,
            PUBLICATION,
            topics=lambda cls: TOPIC,
            generations=self.generations,
        )

    async def take(self) -> None:
        try:
            await self.relay.take()
        except StoreUnavailable:
            return
        # The generation belongs to the epoch: whoever takes the lock writes to the topic of today.
        self.generations[TOPIC] = self.history.broker.generation
        self.took = True

    async def publish(self, most: int) -> None:
        self.publishing = True
        try:
            entries = await self.history.writers[self.source].log_after(self.relay.cursor, most)
            if entries:
                await self.relay.publish(entries)
        except (BrokerAway, StoreUnavailable):
            return
        finally:
            self.publishing = False

    async def store(self) -> None:
        self.storing = True
        try:
            await self.relay.store_position()
        except StoreUnavailable:
            return
        except RelayDeposed:
            self.history.meet("RelayDeposed")
            self.alive = False
        finally:
            self.storing = False


class Instance(Process):
    """One instance of a consumer: what the subscriber does around the engine."""

    def __init__(self, history: "History", consumer: str, name: str) -> None:
        super().__init__(history, f"{name} {consumer.split('.')[1]}")
        self.consumer = consumer
        self.code = history.rng.randint(1, history.code)
        self.generation = history.broker.generation
        self.at: dict[int, int] = {}
        """Where it reads on, by partition, of those that it holds, or believes to hold."""
        self.engine = history.parts.engine(
            consumer,
            history.reader,
            CONSUMERS[consumer](self.code, history.around),
            DECODERS[self.code],
            history.clock.now,
            remembered=Remembered(REMEMBERS),
            poison=NEVER_STOP,
        )

    def end_of(self, number: int) -> int:
        return len(self.history.broker.log(self.generation, number))

    async def take(self, number: int) -> None:
        partition = Partition(TOPIC, number)
        base = self.history.broker.base(self.generation, number)
        try:
            stored = await self.engine.assign(partition, self.generation)
        except StoreUnavailable:
            return
        except WrongGeneration:
            self._stop()
            return
        committed = self.history.offsets.get((self.consumer, self.generation, number), 0)
        offset = self.history.parts.resume(stored, max(base, committed))
        if offset < base:
            self.history.meet("behind the start of the topic")
            self.at.pop(number, None)
            self.engine.revoke(partition)
        else:
            self.at[number] = offset

    async def read(self, sizes: Mapping[int, int]) -> None:
        batches = {}
        for number, size in sizes.items():
            log, start = self.history.broker.log(self.generation, number), self.at[number]
            if start < self.history.broker.base(self.generation, number):
                self.history.meet("behind the start of the topic")
                self.leave(number)
            elif records := [sent.record for sent in log[start : start + size]]:
                batches[Partition(TOPIC, number)] = records
        if not batches:
            return
        try:
            going_on = await self.engine.handle(batches)
        except StoreUnavailable:
            return
        except Transient:
            self.history.meet("Transient")
            return
        except WrongGeneration:
            self._stop()
            return
        for partition, offset in going_on.items():
            self.at[partition.number] = offset

    def leave(self, number: int) -> None:
        del self.at[number]
        self.engine.revoke(Partition(TOPIC, number))

    def _stop(self) -> None:
        self.history.meet("WrongGeneration")
        for number in list(self.at):
            self.leave(number)


@dataclass(slots=True)
class Command:
    """A note that somebody wants to be taken: asked for under the same key until it is answered."""

    number: int
    source: str
    key: str
    kind: str
    answered: bool = False


class Client(Process):
    """Somebody at a service's door."""

    async def ask(self, command: Command) -> None:
        units = Units(self.history.writers[command.source], self.history.clock, "writer")
        key = IdempotencyKey(ORGANISATION, "client", "note", str(command.number), str(command.number))

        def note(work: Work) -> Answer:
            stream = NOTES.at(ORGANISATION, command.key)
            work.append(stream, Noted(key=command.key, number=command.number, kind=command.kind))
            return Answer(status=201)

        try:
            await units.answer("note", note, key)
        except Unavailable:
            return
        command.answered = True

    async def toggle(self, key: str, *, shut: bool) -> None:
        def set_to(work: Work) -> None:
            if work.state(stream).shut != shut:
                work.append(stream, Shut(shut=shut))

        stream = HEARD.at(ORGANISATION, key)
        try:
            await Units(self.history.reader, self.history.clock, "reader").run("shut", set_to)
        except Unavailable:
            return


class Operator(Process):
    """Somebody at the `dead-letters` command."""

    async def act(self, consumer: str, letter: int, *, discard: bool, code: int) -> None:
        history = self.history
        redriver = history.parts.redriver(
            consumer,
            history.reader,
            CONSUMERS[consumer](code, history.around),
            DECODERS[code],
            history.clock.now,
        )
        try:
            if discard:
                await redriver.discard(letter)
            else:
                await redriver.redrive(letter)
        except (NotOldest, StillRefused, AlreadyClosed, StoreConflict, StoreUnavailable, Transient) as refusal:
            self.said: str | None = type(refusal).__name__
            history.meet(self.said)
        else:
            self.said = None
