"""The delivery rules, each broken on purpose in the real code: what the simulation must notice."""

from dataclasses import dataclass, replace
from typing import Any

from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.records import Decoded, Record, Unreadable
from doorstep_chassis.consumer.redrive import Redriver, _named
from doorstep_chassis.relay import Relay
from doorstep_chassis.store.log import Committed
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import DeadLetter, Move, Partition, PositionConflict, Snapshot, Unit

from .plan import Parts

ANY_VERSION, NO_VERSION = -1, -2
"""A move that does not mind the version; one that does not raise it either."""


class LenientStore(MemoryStore):
    """Grants what a move of a broken rule asks for."""

    async def commit(self, unit: Unit) -> Committed:
        moves = [self.granted(unit, move) for move in unit.moves]
        committed = await super().commit(replace(unit, moves=moves))
        for move in unit.moves:
            if move.expected_version == NO_VERSION:
                version, offset, generation = self._positions[move.consumer, move.partition]
                self._positions[move.consumer, move.partition] = (version - 1, offset, generation)
        return committed

    def granted(self, unit: Unit, move: Move) -> Move:
        return self.as_it_stands(move) if move.expected_version < 0 else move

    def as_it_stands(self, move: Move) -> Move:
        version, _, _ = self._positions.get((move.consumer, move.partition), (0, 0, 0))
        return replace(move, expected_version=version)


class Unversioned(LenientStore):
    def granted(self, unit: Unit, move: Move) -> Move:
        return self.as_it_stands(move)


class ForwardOnly(Unversioned):
    async def commit(self, unit: Unit) -> Committed:
        for move in unit.moves:
            tracked = self._tracking.get((move.consumer, move.partition), {})
            if not unit.closes and any(number <= tracked.get(source, 0) for source, number in move.tracking.items()):
                raise PositionConflict
        return await super().commit(unit)


class UnversionedParking(LenientStore):
    def granted(self, unit: Unit, move: Move) -> Move:
        return self.as_it_stands(move) if unit.parked and not move.tracking else move


class ParkingRaisesT(Engine):
    def _park(self, read: Any, place: Any, record: Record, decoded: Decoded, reason: str) -> None:
        super()._park(read, place, record, decoded, reason)
        if not isinstance(decoded, Unreadable):
            place.tracking[decoded.source] = max(decoded.sequence, place.tracking.get(decoded.source, 0))
            read.touched[record.partition][decoded.source] = place.tracking[decoded.source]


class DoesNotReload(Engine):
    async def assign(self, partition: Partition, generation: int) -> int:
        held = self._places.get(partition)
        offset = await super().assign(partition, generation)
        if held is not None:
            place = self._places[partition]
            place.blocked, place.digests, place.open_idents = held.blocked, held.digests, held.open_idents
        return offset


class TwoInstants(Engine):
    async def assign(self, partition: Partition, generation: int) -> int:
        offset = await super().assign(partition, generation)
        later = await self.store.snapshot(self.name, partition)
        self._places[partition].version = later.version
        return offset


class ForgetsTheClosed(MemoryStore):
    async def snapshot(self, consumer: str, partition: Partition) -> Snapshot:
        whole = await super().snapshot(consumer, partition)
        return replace(whole, marks=[mark for mark in whole.marks if mark.open])


class SkipsCopies(Engine):
    def _decide(self, read: Any, place: Any, work: Any, record: Record, decoded: Decoded) -> Any:
        place.open_idents = set()
        return super()._decide(read, place, work, record, decoded)


class AppliesCopies(Engine):
    def _decide(self, read: Any, place: Any, work: Any, record: Record, decoded: Decoded) -> Any:
        if (
            not isinstance(decoded, Unreadable)
            and record.digest() not in place.digests
            and (decoded.source, decoded.sequence, decoded.subject) in place.open_idents
        ):
            place.tracking[decoded.source] = min(decoded.sequence - 1, place.tracking.get(decoded.source, 0))
            place.blocked = place.blocked - {decoded.subject}
        return super()._decide(read, place, work, record, decoded)


class UnreadableBlocksNobody(Engine):
    def _park(self, read: Any, place: Any, record: Record, decoded: Decoded, reason: str) -> None:
        blocked = set(place.blocked)
        super()._park(read, place, record, decoded, reason)
        if isinstance(decoded, Unreadable):
            place.blocked = blocked
            read.parked[-1] = replace(read.parked[-1], block_key=None)


class KeepsNoT(Engine):
    def _park(self, read: Any, place: Any, record: Record, decoded: Decoded, reason: str) -> None:
        super()._park(read, place, record, decoded, reason)
        if isinstance(decoded, Unreadable):
            read.parked[-1] = replace(read.parked[-1], tracking={})


class UnversionedRedriver(Redriver):
    def _move(self, *args: Any) -> Move:
        return replace(super()._move(*args), expected_version=ANY_VERSION)


class VersionLeftAlone(Redriver):
    def _move(self, *args: Any) -> Move:
        return replace(super()._move(*args), expected_version=NO_VERSION)


class DoesNotRaiseT(Redriver):
    def _move(self, *args: Any) -> Move:
        return replace(super()._move(*args), tracking={})


class AnyOrder(Redriver):
    async def _oldest(self, letter_id: int) -> tuple[Snapshot, DeadLetter, list[DeadLetter]]:
        partition = _named(letter_id, await self.store.open_letters(self.name)).parked.partition
        snapshot = await self.store.snapshot(self.name, partition)
        opened = [each for each in await self.store.open_letters(self.name) if each.parked.partition == partition]
        return snapshot, _named(letter_id, opened), opened


class LettersBeforeVersion(Redriver):
    async def _oldest(self, letter_id: int) -> tuple[Snapshot, DeadLetter, list[DeadLetter]]:
        _, letter, opened = await super()._oldest(letter_id)
        return await self.store.snapshot(self.name, letter.parked.partition), letter, opened


class LeavesCopiesOpen(Redriver):
    def _copies(self, *args: Any) -> list[DeadLetter]:
        return []


class RedrivesTwins(Redriver):
    """Copies are known by what was read of them when they were parked, and by nothing else."""

    async def _handled_before(self, letter: DeadLetter, decoded: Any) -> bool:
        tracking = letter.parked.tracking
        return tracking is not None and decoded.sequence <= tracking.get(decoded.source, 0)

    def _identity(self, letter: DeadLetter) -> Any:
        return letter.parked.source, letter.parked.sequence, letter.parked.subject


class NoEpoch(MemoryStore):
    async def store_relay_position(self, epoch: int, position: int) -> bool:
        return await super().store_relay_position(self._relay[0], position)


class MovesBeforeItIsSent(Relay):
    async def publish(self, entries: Any) -> None:
        self.cursor = entries[-1].position
        await super().publish(entries)


class WritesOverRows(MemoryStore):
    def _check(self, unit: Unit) -> None:
        super()._check(replace(unit, rows=[]))


class AnyGeneration(Engine):
    async def assign(self, partition: Partition, generation: int) -> int:
        snapshot = await self.store.snapshot(self.name, partition)
        return await super().assign(partition, snapshot.generation or generation)


def from_kafka(stored: int, committed: int) -> int:
    """Reading resumes where Kafka says."""
    return committed


@dataclass(frozen=True)
class Breakage:
    """One rule, broken in one way."""

    rule: int
    name: str
    parts: Parts


BREAKAGES = (
    Breakage(1, "the version is not checked", Parts(store=Unversioned)),
    Breakage(1, "T moves forward, and that is all", Parts(store=ForwardOnly)),
    Breakage(1, "parking does not name the version", Parts(store=UnversionedParking)),
    Breakage(1, "parking raises T", Parts(engine=ParkingRaisesT)),
    Breakage(1, "a view's row is written over", Parts(store=WritesOverRows)),
    Breakage(2, "the blocked set is not read again on a conflict", Parts(engine=DoesNotReload)),
    Breakage(2, "the version is read after what it stands for", Parts(engine=TwoInstants)),
    Breakage(2, "reading resumes where Kafka says", Parts(resume=from_kafka)),
    Breakage(3, "the bytes of closed letters are forgotten", Parts(store=ForgetsTheClosed)),
    Breakage(3, "copies of open letters are skipped", Parts(engine=SkipsCopies)),
    Breakage(3, "copies of open letters are applied", Parts(engine=AppliesCopies)),
    Breakage(4, "an unreadable record blocks nobody", Parts(engine=UnreadableBlocksNobody)),
    Breakage(4, "T is not kept with an unreadable record", Parts(engine=KeepsNoT)),
    Breakage(5, "redrive does not name the version", Parts(store=LenientStore, redriver=UnversionedRedriver)),
    Breakage(5, "redrive does not raise the version", Parts(store=LenientStore, redriver=VersionLeftAlone)),
    Breakage(5, "redrive does not raise T", Parts(redriver=DoesNotRaiseT)),
    Breakage(5, "redrive in any order", Parts(redriver=AnyOrder)),
    Breakage(5, "copies stay open", Parts(redriver=LeavesCopiesOpen)),
    Breakage(5, "unreadable copies are not known again", Parts(redriver=RedrivesTwins)),
    Breakage(5, "the letters are read before the version", Parts(redriver=LettersBeforeVersion)),
    Breakage(6, "the relay's position is stored under any epoch", Parts(store=NoEpoch)),
    Breakage(6, "the relay moves on before it is acknowledged", Parts(relay=MovesBeforeItIsSent)),
    Breakage(7, "records of any generation are taken", Parts(engine=AnyGeneration)),
)
