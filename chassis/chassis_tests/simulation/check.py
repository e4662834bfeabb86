"""The invariants, judged on what the stores hold after every commit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doorstep_chassis.store.model import DeadLetter, Partition

from .ports import Genuine, Sent, at_once
from .processes import CONSUMERS
from .stream import SEEN, TOPIC, TOTAL, Counted, Heard

if TYPE_CHECKING:
    from .history import History

Place = tuple[str, int]
"""Source and sequence: which note it is."""


class Broken(AssertionError):
    """An invariant that does not hold."""


@dataclass(slots=True)
class _Effects:
    """What one consumer has done, in its order."""

    done: dict[Place, None] = field(default_factory=dict)
    by_key: dict[str, int] = field(default_factory=dict)


class Checker:
    """Watches the stores of one history.

    `twice`: every note's effect once. `order`: per source and subject in log order. `both`: never applied and open in
    the dead letters. `neither`: nothing at or below T that is not applied, discarded or open. `parked twice`: no two
    dead letters of the same bytes. `skipped`: the relay's position and topic without a gap. The ending adds `never` and
    `blocked`.
    """

    def __init__(self, history: "History") -> None:
        self._history = history
        self._effects = {consumer: _Effects() for consumer in CONSUMERS}
        self._log = self._heard = self._counted = 0

    # Letters

    def sent(self, letter: DeadLetter) -> Sent:
        """The record that a letter keeps."""
        parked = letter.parked
        return self._history.broker.log(parked.generation, parked.partition.number)[parked.offset]

    def genuine(self, letter: DeadLetter) -> Genuine | None:
        """The note that a letter keeps, unless it is forged."""
        return self.sent(letter).genuine

    def discardable(self, letter: DeadLetter) -> bool:
        """Whether an operator may give it up."""
        genuine = self.genuine(letter)
        return genuine is None or self._history.plan.discardable(genuine.kind)

    def replaceable(self, letter: DeadLetter, letters: Iterable[DeadLetter]) -> bool:
        """Whether it may be given up, at the latest because another one keeps the same note in other bytes."""
        genuine = self.genuine(letter)
        return self.discardable(letter) or any(
            each.parked.digest != letter.parked.digest and self.genuine(each) is genuine for each in letters
        )

    def letters(self, consumer: str) -> list[DeadLetter]:
        """All letters of a consumer."""
        every = at_once(self._history.reader.inner.letters())
        return [letter for letter in every if letter.parked.consumer == consumer]

    def done(self, consumer: str) -> Iterable[Place]:
        """What has been applied."""
        return self._effects[consumer].done

    def discarded(self, letters: Iterable[DeadLetter]) -> set[Place]:
        """The notes that an operator has given up."""
        return {
            (genuine.source, genuine.sequence)
            for letter in letters
            if letter.state == "discarded" and (genuine := self.genuine(letter)) is not None
        }

    def fates(self) -> Counter[str]:
        """Why letters were parked, and what became of them."""
        letters = [letter for consumer in CONSUMERS for letter in self.letters(consumer)]
        return Counter(letter.parked.reason for letter in letters) + Counter(letter.state for letter in letters)

    # After a commit of the reader

    def reader(self) -> None:
        """Judge both consumers."""
        reactions, view = CONSUMERS
        letters = {consumer: self.letters(consumer) for consumer in CONSUMERS}
        for entry in at_once(self._history.reader.inner.log_after(self._log, 1000)):
            self._log = entry.position
            if isinstance(event := entry.event, Heard):
                self._heard += 1
                self._effect(reactions, letters[reactions], event.source, event.sequence, event.number)
            elif isinstance(event, Counted):
                self._counted += 1
        if self._history.plan.tally and self._heard != self._counted:
            raise Broken(f"half a unit: {self._heard} heard, {self._counted} counted")
        self._view(view, letters[view])
        for consumer in CONSUMERS:
            self._settled(consumer, letters[consumer])

    def _view(self, consumer: str, letters: list[DeadLetter]) -> None:
        subjects = self._history.plan.subjects
        rows = at_once(self._history.reader.inner.load_rows([(TOTAL, ("all",)), *((SEEN, (key,)) for key in subjects)]))
        effects = self._effects[consumer]
        total = 0
        for key in subjects:
            row = rows.get((SEEN, (key,)))
            seen = row["seen"] if row is not None else []
            total += len(seen)
            for said in seen[effects.by_key.get(key, 0) :]:
                self._effect(consumer, letters, *said)
            if len(seen) < effects.by_key.get(key, 0):
                raise Broken(f"lost: the view no longer shows all it showed under {key}")
            effects.by_key[key] = len(seen)
        whole = rows.get((TOTAL, ("all",)))
        if total != (0 if whole is None else len(whole["seen"])):
            raise Broken("lost: the view's total does not show what its keys show")

    def _effect(self, consumer: str, letters: list[DeadLetter], source: str, sequence: int, number: int) -> None:
        at = (source, sequence)
        note = self._history.known.get(at)
        if note is None or note.number != number:
            raise Broken(f"forged: {number} was applied by {consumer}")
        effects = self._effects[consumer].done
        if at in effects:
            raise Broken(f"twice: {number} was applied twice by {consumer}")
        effects[at] = None
        given_up = self.discarded(letters)
        for other in self._history.known.values():
            if (other.source, other.subject) == (source, note.subject) and other.sequence < sequence:
                earlier = (source, other.sequence)
                if other.kind != "other" and earlier not in effects and earlier not in given_up:
                    raise Broken(f"order: {number} was applied by {consumer} before {other.number}")

    def _settled(self, consumer: str, letters: list[DeadLetter]) -> None:
        done, given_up = self._effects[consumer].done, self.discarded(letters)
        waiting: set[Place] = set()
        redriven = {self.genuine(letter) for letter in letters if letter.state == "applied"}
        bytes_of: set[tuple[Partition, bytes]] = set()
        for letter in letters:
            same = (letter.parked.partition, letter.parked.digest)
            if same in bytes_of:
                raise Broken(f"parked twice: the bytes of letter {letter.id} of {consumer}")
            bytes_of.add(same)
            if letter.state != "open" or (genuine := self.genuine(letter)) is None:
                continue
            at = (genuine.source, genuine.sequence)
            waiting.add(at)
            tracking = letter.parked.tracking
            known_to_be_done = tracking is not None and (
                genuine.sequence <= tracking.get(genuine.source, 0) or genuine in redriven
            )
            if at in done and not known_to_be_done:
                raise Broken(f"both: {genuine.number} is applied and open for {consumer}")
        for number in range(self._history.broker.partitions):
            tracked = self._history.reader.inner._tracking.get((consumer, Partition(TOPIC, number)), {})
            for at, genuine in self._history.known.items():
                if (
                    genuine.sequence <= tracked.get(genuine.source, 0)
                    and self._history.broker.partition_of(genuine.subject.encode()) == number
                    and genuine.kind != "other"
                    and at not in done
                    and at not in given_up
                    and at not in waiting
                ):
                    raise Broken(f"neither: {genuine.number} is below T for {consumer}, not applied and not open")

    # After a change of a writer

    def writers(self) -> None:
        """Judge the relays: what lies at or below the stored position is in the topic of today."""
        there = self.in_topic()
        for at, genuine in self._history.known.items():
            _, position = self._history.writers[genuine.source].inner._relay
            if genuine.sequence <= position and at not in there:
                raise Broken(f"skipped: {genuine.number} is below the relay's position and not in the topic")

    def in_topic(self) -> set[Place]:
        """The notes that the topic of today has received."""
        broker = self._history.broker
        return {
            (sent.genuine.source, sent.genuine.sequence)
            for number in range(broker.partitions)
            for sent in broker.log(broker.generation, number)
            if sent.genuine is not None
        }
