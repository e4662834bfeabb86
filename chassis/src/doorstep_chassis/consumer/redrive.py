"""What an operator does with a dead letter: redrive or discard it, in the order of its subject (delivery rule 5)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from doorstep_chassis.consumer.engine import Handler, Transient, cause_of, reason_of
from doorstep_chassis.consumer.records import Decoder, Message, Record, Refused, Unknown, Unreadable
from doorstep_chassis.errors import DomainError
from doorstep_chassis.store.model import Close, DeadLetter, Move, Snapshot, StoreUnavailable
from doorstep_chassis.store.port import Store
from doorstep_chassis.work import Work, attempt

Identity = tuple[str, int, str]
"""Source, sequence and subject."""


class NotOldest(DomainError):
    """An older dead letter of the same subject is open: it goes first."""

    code = "older_dead_letter_open"
    title = "An older dead letter of the same subject is open"


class StillRefused(DomainError):
    """The record cannot be handled today either."""

    code = "dead_letter_still_refused"
    title = "The record still cannot be handled"


class AlreadyClosed(DomainError):
    """The dead letter is not open."""

    code = "dead_letter_closed"
    title = "The dead letter is closed"


class Redriver:
    """Redrives and discards one consumer's dead letters, a letter a transaction, each raising the position's version."""

    def __init__(
        self,
        name: str,
        store: Store,
        handlers: Mapping[type, Handler],
        decode: Decoder,
        now: Callable[[], datetime],
    ) -> None:
        self.name = name
        self.store = store
        self._handlers = handlers
        self._decode = decode
        self._now = now

    async def redrive(self, letter_id: int) -> str:
        """Handle the record now: `applied`, or `duplicate` when it turns out to have been handled before.

        Errors: NotOldest, StillRefused, AlreadyClosed; StoreConflict when the consumer moved meanwhile: try again.
        """
        snapshot, letter, opened = await self._oldest(letter_id)
        decoded = self._decode(_record(letter))
        if isinstance(decoded, (Unreadable, Refused)):
            await self._count(letter)
            raise StillRefused(decoded.reason)
        work = Work()
        state = "applied"
        tracking: dict[str, int] = {}
        if await self._handled_before(letter, decoded):
            state = "duplicate"
        else:
            tracking[decoded.source] = decoded.sequence
            await self._apply(work, letter, decoded)
        unit = work.unit([self._move(letter, snapshot, tracking)])
        unit.closes = [
            Close(letter.id, state),
            *(Close(each.id, "duplicate") for each in self._copies(opened, letter, decoded)),
        ]
        await self.store.commit(unit)
        return state

    async def discard(self, letter_id: int) -> None:
        """Close the record, and the same bytes parked again, without effect. T stays where it is."""
        snapshot, letter, opened = await self._oldest(letter_id)
        unit = Work().unit([self._move(letter, snapshot, {})])
        same = [each for each in opened if each.id != letter.id and each.parked.digest == letter.parked.digest]
        unit.closes = [Close(letter.id, "discarded"), *(Close(each.id, "discarded") for each in same)]
        await self.store.commit(unit)

    async def _oldest(self, letter_id: int) -> tuple[Snapshot, DeadLetter, list[DeadLetter]]:
        """The letter, and what is open beside it. The version is read first: whatever is parked after it is a conflict."""
        partition = _named(letter_id, await self.store.open_letters(self.name)).parked.partition
        snapshot = await self.store.snapshot(self.name, partition)
        opened = [
            each
            for each in await self.store.open_letters(self.name, partition.topic)
            if each.parked.partition == partition
        ]
        letter = _named(letter_id, opened)
        for each in opened:
            if each.id == letter.id or _blocks(letter) is None:
                break
            if _blocks(each) == _blocks(letter) and not _same_place(each, letter):
                raise NotOldest(f"dead letter {each.id} goes first")
        return snapshot, letter, opened

    async def _handled_before(self, letter: DeadLetter, decoded: Message | Unknown) -> bool:
        """Whether a record parked without a readable sequence is one that had, or has since, its effect (rule 4)."""
        parked = letter.parked
        if parked.tracking is None:
            return False
        if decoded.sequence <= parked.tracking.get(decoded.source, 0):
            return True
        applied = await self.store.letters(consumer=self.name, topic=parked.partition.topic, state="applied")
        return any(
            each.parked.partition == parked.partition and self._identity(each) == _identity(decoded) for each in applied
        )

    async def _apply(self, work: Work, letter: DeadLetter, decoded: Message | Unknown) -> None:
        handler = self._handlers.get(type(decoded.event)) if isinstance(decoded, Message) else None
        if handler is None or not isinstance(decoded, Message):
            return
        message = decoded
        try:
            await attempt(
                work,
                self.store,
                cause_of(self.name, message, self._now()),
                lambda w: handler(w, message.event, message),
            )
        except (Transient, StoreUnavailable):
            raise
        except Exception as problem:
            await self._count(letter)
            raise StillRefused(reason_of(problem)) from problem

    async def _count(self, letter: DeadLetter) -> None:
        unit = Work().unit()
        unit.closes = [Close(letter.id, "open")]
        await self.store.commit(unit)

    def _move(self, letter: DeadLetter, snapshot: Snapshot, tracking: Mapping[str, int]) -> Move:
        return Move(self.name, letter.parked.partition, snapshot.generation, snapshot.version, 0, tracking)

    def _copies(self, opened: list[DeadLetter], letter: DeadLetter, decoded: Message | Unknown) -> list[DeadLetter]:
        """Open rows of the same bytes, or of the same source, sequence and subject."""
        return [
            each
            for each in opened
            if each.id != letter.id
            and (each.parked.digest == letter.parked.digest or self._identity(each) == _identity(decoded))
        ]

    def _identity(self, letter: DeadLetter) -> Identity | None:
        """Which record it is: as it was read when it was parked, else as it reads today."""
        parked = letter.parked
        if parked.source is not None and parked.sequence is not None and parked.subject is not None:
            return parked.source, parked.sequence, parked.subject
        decoded = self._decode(_record(letter))
        return None if isinstance(decoded, Unreadable) else _identity(decoded)


def _named(letter_id: int, opened: Sequence[DeadLetter]) -> DeadLetter:
    for letter in opened:
        if letter.id == letter_id:
            return letter
    raise AlreadyClosed(f"dead letter {letter_id} is not open")


def _record(letter: DeadLetter) -> Record:
    parked = letter.parked
    return Record(parked.partition, parked.generation, parked.offset, parked.key, parked.headers, parked.value)


def _identity(decoded: Message | Unknown | Refused) -> Identity:
    return decoded.source, decoded.sequence, decoded.subject


def _blocks(letter: DeadLetter) -> str | None:
    return letter.parked.subject or letter.parked.block_key


def _same_place(one: DeadLetter, other: DeadLetter) -> bool:
    return (one.parked.source, one.parked.sequence) == (other.parked.source, other.parked.sequence) != (None, None)
